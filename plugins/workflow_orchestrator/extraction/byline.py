"""Reads the head of a paper that has no labels: its title, and the names that stand under it.

    Reading Dense Pages            the title: the largest lines of the first page, in its upper part
    Ada Muster¹, Jan Beispiel²     the names: rows of one style under it that hold nothing but names and signs
    ¹ Institute of Layout          what names an institution, an address or a day ends them

A row that holds anything but names ends the list, and a list of which the first row is not sure is none: a name that is no author's is
worse than one that a person adds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import pairwise

from workflow_orchestrator.documents import Word
from workflow_orchestrator.documents.model import around
from workflow_orchestrator.errors import FigureError
from workflow_orchestrator.extraction.flow import joined
from workflow_orchestrator.extraction.layout import DocumentLayout, PageLayout, Row
from workflow_orchestrator.extraction.quotes import Reader, value_of
from workflow_orchestrator.extraction.reading import Findings
from workflow_orchestrator.extraction.vocabulary import Vocabulary
from workflow_orchestrator.fields import FieldSpec
from workflow_orchestrator.values import Evidence, Origin

_ZONE = 0.5  # of the first page, from the top
_LARGER = 1.12  # than the next size of that part
_SAME = 0.97
_MOST_ROWS, _FEWEST_LETTERS = 4, 6  # of a title
_MOST_ABOVE = 40  # words over a title: who publishes it, and where
_MOST_NAMES, _MOST_NAME_ROWS, _MOST_NAME_WORDS = 200, 60, 30
_SMALL = 0.82
_GAP = 2.6  # of the size of the names: a wider gap ends them
_COMMAS, _JOINING = (",", ";"), ("and", "und", "et", "&", "·", "|")
_UPPER, _LOWER = "A-ZÀ-ÖØ-ÞŁŚŠŽČĆ", "a-zß-öø-ÿłńśšžčćęąěřůıș"
_CAPPED = rf"[{_UPPER}](?:[{_LOWER}]+|[{_LOWER}]*['’-]?[{_UPPER}][{_LOWER}]+)(?:['’-][{_UPPER}]?[{_LOWER}]+)*"
_PART = rf"(?:{_CAPPED}|[{_UPPER}]\.(?:-?[{_UPPER}]\.)*|[{_UPPER}])"
_PARTICLE = r"(?:van|von|vom|zu|zur|de|der|den|du|di|da|del|della|dos|le|la|ter|ten|bin|al|el|af|y)"
_NAME = re.compile(rf"{_PART}(?:[ ](?:{_PARTICLE}|{_PART})){{0,4}}[ ]{_PART}")
_SIGNS = re.compile(r"[\d*†‡§¶∗⋆+$#‖⊥✉,;()\[\]\u00b9\u00b2\u00b3\u2070-\u2079]+")
_NOBODY = re.compile(
    r"@|https?:|\b(?:univ\w*|institut\w*|department|dept|laborator\w*|laboratoire|labs?|school|faculty|fakultät|college|centre|center|"
    r"zentrum|research|academy|akademie|corporation|corp|inc|ltd|llc|gmbh|company|team|group|gruppe|hochschule|école|ecole|ministry|"
    r"hospital|klinik\w*|clinic|foundation|stiftung|society|gesellschaft|abstract|keywords|brain|ai|google|microsoft|street|road|"
    r"avenue|place|rue|usa|uk|germany|france|china|deutschland|switzerland|schweiz|preprint|proceedings|journal|volume|conference|"
    r"january|february|march|april|may|june|july|august|september|october|november|december|januar|februar|märz|mai|juni|juli|"
    r"oktober|dezember|janvier|février|mars|avril|juin|juillet|août|septembre|octobre|novembre|décembre)\b",
    re.IGNORECASE,
)


def read_byline(layout: DocumentLayout, words: Vocabulary, reader: Reader, found: Findings) -> None:
    """The title of the first page, for a text in that place, and the names under it, for a list in the byline."""
    wanted = [spec for spec in words.fields.values() if spec.place]
    title = _title(layout.pages[0]) if wanted and layout.pages else ()
    if not title:
        return
    page = layout.pages[0]
    for spec in wanted:
        if spec.place == "title" and not spec.keyed:
            taken = [word for row in title for word in row.words]
            _add(spec, "", " ".join(joined(row.words) for row in title).strip(" *∗†‡"), page, taken, reader, found)
        elif spec.place == "byline" and spec.keyed == "order":
            for number, name in enumerate(_names(page, title[-1]), 1):
                _add(spec, str(number), " ".join(map(_bare, name)), page, name, reader, found)


def _add(
    spec: FieldSpec, key: str, quote: str, page: PageLayout, taken: Sequence[Word], reader: Reader, found: Findings
) -> None:
    with suppress(FigureError):
        found.add(value_of(spec, key, Evidence(page.number, quote, "", around(taken)), reader, Origin.OFFLINE))


def _title(page: PageLayout) -> tuple[Row, ...]:
    """The rows of the largest size in the upper part of a page that stand together; none when no size stands out."""
    rows = [row for row in page.rows if row.box.bottom >= page.page.height * (1 - _ZONE)]
    largest = max((row.height for row in rows), default=0.0)
    chosen = [row for row in rows if row.height >= _SAME * largest]
    rest = [row.height for row in rows if row.height < _SAME * largest]
    if not chosen or not rest or largest < _LARGER * max(rest):
        return ()
    if any(upper.box.bottom - lower.box.top > 0.9 * largest for upper, lower in pairwise(chosen)):
        return ()
    if sum(len(row.words) for row in page.above(chosen[0], len(page.rows))) > _MOST_ABOVE:
        return ()  # a heading within the text
    letters = sum(char.isalpha() for row in chosen for word in row.words for char in word.text)
    return tuple(chosen) if len(chosen) <= _MOST_ROWS and letters >= _FEWEST_LETTERS else ()


def _names(page: PageLayout, title: Row) -> list[tuple[Word, ...]]:
    """The names of the rows under a title, each as its words."""
    rows = list(_name_rows(page, title))
    names: list[tuple[Word, ...]] = []
    for words in _parts(rows):
        text = " ".join(map(_bare, words))
        if not _NAME.fullmatch(text) or _NOBODY.search(text):
            return []
        names.append(words)
    return names if len(names) <= _MOST_NAMES else []


def _name_rows(page: PageLayout, title: Row) -> Iterator[Row]:
    """The rows under the title that hold nothing but names, in the style of the first.

    Names that stand side by side without commas are of one row: what stands under each may look like a name and be none.
    """
    before: Row | None = None
    for row in page.below(title, _MOST_NAME_ROWS):
        letters = [word for word in row.words if _bare(word)]
        if not letters or (before is not None and row.height < _SMALL * before.height):
            continue  # raised signs stand on rows of their own
        if _NOBODY.search(_text(row)) or len(letters) > _MOST_NAME_WORDS:
            return
        if before is not None:
            gap = before.box.bottom - row.box.top
            if letters[0].style != before.words[0].style or gap > _GAP * row.height or not _goes_on(before):
                return
        before = row
        yield row


def _text(row: Row) -> str:
    return " ".join(word.text for word in row.words)


def _goes_on(row: Row) -> bool:
    """Whether a row of names need not be the last: it ends with a comma or a joining word, or its names are parted by commas."""
    last = [word.text for word in row.words if _bare(word) or word.text in _COMMAS][-1]
    return last.endswith(_COMMAS) or last in _JOINING or "," in _text(row)


def _parts(rows: Sequence[Row]) -> Iterator[tuple[Word, ...]]:
    """The words between commas, joining words and, in a row without commas, wide gaps; a name may go over the end of a row."""
    current: list[Word] = []
    for row in rows:
        spaced = "," not in _text(row)
        for cell in row.cells:
            if current and spaced and any(map(_bare, cell.words)):
                yield tuple(current)
                current = []
            for word in cell.words:
                between = word.text in _JOINING or word.text.endswith(_COMMAS)
                if _bare(word) and word.text not in _JOINING:
                    current.append(word)
                if between and current:
                    yield tuple(current)
                    current = []
    if current:
        yield tuple(current)


def _bare(word: Word) -> str:
    """A word without the signs of footnotes and the commas behind it; empty when it is nothing else."""
    return _SIGNS.sub("", word.text).strip()
