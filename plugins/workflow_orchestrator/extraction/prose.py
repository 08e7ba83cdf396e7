"""Reads what is set in words: the title of the document, the line of its share class, and paragraphs below a heading."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from workflow_orchestrator.documents import Word
from workflow_orchestrator.documents.model import around
from workflow_orchestrator.errors import FigureError
from workflow_orchestrator.extraction.fold import fold, fold_label, has_words
from workflow_orchestrator.extraction.layout import Cell, DocumentLayout, PageLayout, Row
from workflow_orchestrator.extraction.quotes import Reader, value_of
from workflow_orchestrator.extraction.reading import Findings
from workflow_orchestrator.extraction.vocabulary import TITLE_BLOCK, Vocabulary
from workflow_orchestrator.fields import FieldSpec
from workflow_orchestrator.values import Evidence, Kind, Origin

# A title with one of these says what the paper is, not what it is about.
_PAPER_WORDS = tuple(
    "report factsheet fact sheet review newsletter unaudited quarterly monthly annual semi-annual kiid key investor key "
    "information prospectus communication presentation bericht jahresbericht halbjahresbericht monatsbericht "
    "informationsblatt werbemitteilung rapport reporting bulletin annuel mensuel semestriel publicitaire".split()
)
_TITLE_PAGES = 2  # a cover may come first
_COVER_WORDS = 40  # a first page with more is not a cover
_TITLE_ZONE = 0.45  # of the page, from the top
_CLEARLY_LARGER = 1.12  # than the next size on the page
_MIN_PARAGRAPH = 20  # characters
_MAX_ROWS = 60


def read_title(layout: DocumentLayout, words: Vocabulary, reader: Reader, found: Findings) -> None:
    """The largest words of the first page, when the document repeats them elsewhere."""
    for spec in words.fields.values():
        if spec.kind is not Kind.TEXT or TITLE_BLOCK not in words.sections(spec.name):
            continue
        for page in layout.pages[:_TITLE_PAGES]:
            title = _title_words(page)
            if title:
                _take_title(layout, page, spec, title, words, reader, found)
            if title or len(page.page.words) > _COVER_WORDS:
                break


def _title_words(page: PageLayout) -> tuple[Word, ...]:
    """The words of the largest size in the upper part of the page, at most three rows of them; empty when unclear."""
    floor = page.page.height * (1 - _TITLE_ZONE)
    cells = [cell for row in page.rows for cell in row.cells if cell.box.bottom >= floor and _has_letters(cell.text)]
    if not cells:
        return ()
    largest = max(cell.size for cell in cells)
    chosen = [cell for cell in cells if cell.size >= 0.97 * largest]
    others = [cell.size for cell in cells if cell.size < 0.97 * largest and cell.size > 0]
    if len(chosen) > 3 or not others or largest < _CLEARLY_LARGER * max(others):
        return ()
    lefts = {round(cell.box.left / 4) for cell in chosen}
    return tuple(word for cell in chosen for word in cell.words) if len(lefts) == 1 else ()


def _take_title(
    layout: DocumentLayout,
    page: PageLayout,
    spec: FieldSpec,
    title: Sequence[Word],
    words: Vocabulary,
    reader: Reader,
    found: Findings,
) -> None:
    quote = " ".join(word.text for word in title)
    folded = fold(quote)
    if any(has_words(folded, word) for word in _PAPER_WORDS) or re.search(r"\b(?:19|20)\d\d\b", folded):
        found.reject(spec.name, quote, page.number, "the title says what the paper is, not what it is about")
        return
    head, _, last = folded.rpartition(" ")
    names = [folded, head] if last in words.own and " " in head else [folded]  # "Alpine Bond Fund", "Alpine Bond"
    if not any(_repeated(layout, page, name, title) for name in names):
        found.reject(spec.name, quote, page.number, "the largest words of the page occur nowhere else")
        return
    evidence = Evidence(page.number, quote, "", around(title))
    try:
        # A printed label ("Fund name: …") is the better witness; the title comes after it.
        found.add(value_of(spec, "", evidence, reader, Origin.OFFLINE), rank=1)
    except FigureError as error:
        found.reject(spec.name, quote, page.number, error.message)


def _repeated(layout: DocumentLayout, page: PageLayout, folded: str, title: Sequence[Word]) -> bool:
    own = {row.number for row in page.rows if set(title) & set(row.words)}
    metadata = [fold(text) for text in layout.document.metadata.values()]
    if any(has_words(text, folded) for text in metadata):
        return True
    return any(
        has_words(fold(" ".join(word.text for word in row.words)), folded)
        for other in layout.pages
        for row in other.rows
        if other is not page or row.number not in own
    )


def read_title_lines(layout: DocumentLayout, words: Vocabulary, reader: Reader, found: Findings) -> None:
    """A line of the title block that begins with a section word of a field: "Class A USD", "Part C (capitalisation)"."""
    for spec in words.fields.values():
        starts = [word for word in words.sections(spec.name) if word != TITLE_BLOCK]
        if spec.kind is not Kind.TEXT or not starts:
            continue
        for page in layout.pages[:_TITLE_PAGES]:
            _title_line(page, spec, starts, words, reader, found)


def _title_line(
    page: PageLayout,
    spec: FieldSpec,
    starts: Sequence[str],
    words: Vocabulary,
    reader: Reader,
    found: Findings,
) -> None:
    title = _title_words(page)
    if not title:
        return
    box = around(title)
    for row in page.rows:
        if not (0 <= box.bottom - row.box.top <= 2.5 * row.height or abs(row.box.top - box.bottom) < row.height):
            continue
        for cell in row.cells:
            if abs(cell.box.left - box.left) > 6 or set(cell.words) & set(title):
                continue
            text = re.split(r"\s[|·•]\s", cell.text)[0]
            label, rest = _labelled(text, spec)
            quote = rest or text
            if not rest and not any(fold(text).startswith(start + " ") for start in starts):
                continue
            taken = cell.words[: len(text.split())][-len(quote.split()) :]
            evidence = Evidence(page.number, quote, label, around(taken))
            try:
                found.add(value_of(spec, "", evidence, reader, Origin.OFFLINE))
            except FigureError:
                continue
            return


def _labelled(text: str, spec: FieldSpec) -> tuple[str, str]:
    """A label of two words or with a colon in front of the line, and what follows it."""
    for label in sorted(spec.all_labels(), key=len, reverse=True):
        count = len(label.split())
        head = " ".join(text.split()[:count])
        rest = " ".join(text.split()[count:])
        if rest and fold_label(head) == fold_label(label) and (count > 1 or head.endswith(":")):
            return head.rstrip(":"), rest
    return "", ""


def read_paragraphs(page: PageLayout, words: Vocabulary, reader: Reader, found: Findings) -> None:
    """The sentences below a heading that names a paragraph field, or behind it on its line."""
    for row in page.rows:
        for position, cell in enumerate(row.cells):
            for target in words.label(cell.text):
                spec = words.fields[target.field]
                if spec.kind is Kind.PARAGRAPH:
                    _paragraph(page, row, position, spec, target.rank, words, reader, found)


def _paragraph(
    page: PageLayout,
    row: Row,
    position: int,
    spec: FieldSpec,
    rank: int,
    words: Vocabulary,
    reader: Reader,
    found: Findings,
) -> None:
    heading = row.cells[position]
    follow = row.cells[position + 1] if position + 1 < len(row.cells) else None
    inline = follow if follow and follow.box.left - heading.box.right < 1.2 * heading.size else None
    lines = _body(page, row, heading, inline, words)
    text = _joined(page, lines)
    if len(text) < _MIN_PARAGRAPH or not re.search(r"[.!?…](?:\s|$|[\"»”])", text):
        return
    body = [word for line in lines for word in line]
    evidence = Evidence(page.number, text, heading.text.rstrip(":"), around(body))
    try:
        found.add(value_of(spec, "", evidence, reader, Origin.OFFLINE), rank)
    except FigureError as error:
        found.reject(spec.name, text[:80], page.number, error.message)


def _body(page: PageLayout, row: Row, heading: Cell, inline: Cell | None, words: Vocabulary) -> list[tuple[Word, ...]]:
    """The rows of the paragraph: its own column only, one style, until a gap, another style or the next heading."""
    lines: list[tuple[Word, ...]] = []
    style = 0
    last = heading.box.bottom
    if inline:
        lines.append(_column(row, inline.box.left, inline.words[0]))
        style, last = inline.style, inline.box.bottom
    pitch: float | None = None
    for lower in page.below(row, _MAX_ROWS):
        start = next((word for word in lower.words if abs(word.box.left - heading.box.left) <= 9), None)
        if start is None:
            if last - lower.box.top > 2.0 * lower.height:
                break
            continue
        gap = last - start.box.top
        if (lines and start.style != style) or gap > (1.6 if not lines else 0.9) * start.size:
            break
        if pitch is not None and lines and last - start.box.bottom > 1.5 * pitch:
            break
        line = _column(lower, start.box.left, start)
        if words.label(" ".join(word.text for word in line)):
            break
        if len(lines) > (1 if inline else 0):
            pitch = last - start.box.bottom if pitch is None else pitch
        lines.append(line)
        style, last = start.style, start.box.bottom
    return lines


def _column(row: Row, left: float, first: Word) -> tuple[Word, ...]:
    """The words of a row from `left` to the first gap that no justified line has."""
    taken: list[Word] = []
    for word in row.words:
        if word.box.left < left - 0.5:
            continue
        if taken and word.box.left - taken[-1].box.right > 1.6 * max(first.size, 1.0):
            break
        taken.append(word)
    return tuple(taken)


def _joined(page: PageLayout, lines: Sequence[Sequence[Word]]) -> str:
    """The lines joined by a space; a word that was parted at the end of a line is put together again.

    "long-" + "term" keeps its hyphen when both parts are words of the page or the compound is, and when the next line
    begins with a capital or a digit; "convic-" + "tion" loses it.
    """
    known = Counter(fold(word.text).strip(".,;:()") for row in page.rows for word in row.words)
    text = ""
    for line in lines:
        part = " ".join(word.text for word in line)
        if not text or not re.search(r"\w-$", text):
            text = f"{text} {part}".strip()
            continue
        head, tail = text.split()[-1][:-1], part.split()[0]
        before, after = fold(head).strip("(\"'"), fold(tail).strip(".,;:()")
        if after in ("und", "oder", "et", "ou", "and", "or"):
            text = f"{text} {part}"
        elif not tail[:1].islower() or known[f"{before}-{after}"] or (known[before] and known[after]) or "-" in before:
            text = f"{text}{part}"
        elif known[before + after] or len(after) < 4 or not known[before]:
            text = f"{text[:-1]}{part}"
        else:
            text = f"{text}{part}"
    return text


def _has_letters(text: str) -> bool:
    return sum(char.isalpha() for char in text) >= 3
