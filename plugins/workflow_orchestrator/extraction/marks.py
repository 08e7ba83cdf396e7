"""Reads what a document says of itself without a label: identifiers by their form, a day along the edge, choices in sentences.

    arXiv:2407.10671v4 [cs.CL] 10 Sep 2024          along the edge of the first page
    https://doi.org/10.1145/1542476.1542528         in its head or foot; those of later pages are of other documents
    This work is licensed under a Creative …        a choice of which the sentence says that it is of this document
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import pairwise

from workflow_orchestrator.documents import Word
from workflow_orchestrator.documents.model import around
from workflow_orchestrator.errors import FigureError
from workflow_orchestrator.extraction.flow import Flow, Line
from workflow_orchestrator.extraction.fold import fold, has_words
from workflow_orchestrator.extraction.layout import DocumentLayout, PageLayout
from workflow_orchestrator.extraction.quotes import Reader, value_of
from workflow_orchestrator.extraction.reading import Findings
from workflow_orchestrator.extraction.vocabulary import Vocabulary
from workflow_orchestrator.fields import FieldSpec
from workflow_orchestrator.identifiers import SCHEMES
from workflow_orchestrator.values import Evidence, Kind, Origin

_DAY_WORDS = (3, 1)
_SAME, _NOTE = 0.05, 0.9  # of the size of the text
_TEXT_WORDS = 8  # of a row that running text may begin with
_LIST_OF_OTHERS = re.compile(r"^(?:references|bibliography|literatur(?:verzeichnis)?|références|bibliographie)\.?$")


def read_marks(layout: DocumentLayout, flow: Flow, words: Vocabulary, reader: Reader, found: Findings) -> None:
    """The identifiers, the day at the edge and the choices in sentences of one document."""
    if not layout.pages:
        return
    first = layout.pages[0]
    for spec in words.fields.values():
        if spec.kind is Kind.IDENTIFIER:
            _identifiers(first, flow, spec, reader, found)
        elif spec.kind is Kind.DATE and spec.name == words.as_of:
            _day_aside(first, spec, reader, found)
        elif spec.kind is Kind.CHOICE and spec.cues:
            _choices(layout, flow, spec, reader, found)


def _identifiers(page: PageLayout, flow: Flow, spec: FieldSpec, reader: Reader, found: Findings) -> None:
    """Those of the first page, in its head or in small print: what running text and references name are other documents.

    One along the edge is put there by whoever keeps the document, and outranks the others.
    """
    notes = [word for line in _head_and_notes(page, flow) for word in line]
    for rank, words in enumerate((page.page.aside, notes)):
        for taken in _runs(words):
            for text in SCHEMES[spec.scheme].find(" ".join(word.text for word in taken)):
                with suppress(FigureError):
                    evidence = Evidence(page.number, text, "", around(taken))
                    found.add(value_of(spec, "", evidence, reader, Origin.OFFLINE), rank)


def _head_and_notes(page: PageLayout, flow: Flow) -> Iterator[tuple[Word, ...]]:
    """The rows of a page over its running text, and those below its beginning that are set smaller than it and than references."""
    began = listed = False
    size = flow.size
    for row in page.rows:
        if listed:  # the list may be set smaller than the text, and what stands under it smaller again
            size, listed = min(size, row.height), False
        listed = bool(_LIST_OF_OTHERS.match(fold(" ".join(word.text for word in row.words)).lstrip("0123456789. ")))
        began = began or (abs(row.height - flow.size) < _SAME * flow.size and len(row.words) >= _TEXT_WORDS)
        if not began or row.height < _NOTE * size:
            yield row.words


def _runs(words: Sequence[Word]) -> Iterator[tuple[Word, ...]]:
    """Each word, and each with the one behind it: "ISSN 1234-5679"."""
    yield from ((word,) for word in words)
    yield from (pair for pair in pairwise(words) if pair[0].text.rstrip(":").isalpha())


def _day_aside(page: PageLayout, spec: FieldSpec, reader: Reader, found: Findings) -> None:
    """The day along the edge of the page; the words of a label are the better witness."""
    words = page.page.aside
    for count in _DAY_WORDS:
        for start in range(len(words) - count + 1):
            taken = words[start : start + count]
            with suppress(FigureError):
                evidence = Evidence(page.number, " ".join(word.text for word in taken), "", around(taken))
                found.add(value_of(spec, "", evidence, reader, Origin.OFFLINE), rank=1)
                return


def _choices(layout: DocumentLayout, flow: Flow, spec: FieldSpec, reader: Reader, found: Findings) -> None:
    """The choice whose words stand in a sentence with a cue; along the edge of the first page the words are enough.

    The longest words count where several fit: "CC BY-NC 4.0" is not "CC BY". In running text a cue of one word ("preprint", "©") may speak
    of another document: there, only one of several words is enough.
    """
    cues = [fold(cue) for group in spec.cues.values() for cue in group]
    phrases = [cue for cue in cues if " " in cue]
    printed = sorted(
        {word for choice in spec.choices for group in choice.words.values() for word in group}, key=len, reverse=True
    )
    if layout.pages[0].page.aside:
        _of_words(layout.pages[0].page.aside, layout.pages[0].number, printed, spec, reader, found)
    notes = [Line(layout.pages[0].number, 0, words) for words in _head_and_notes(layout.pages[0], flow)]
    said = [(lines, cues) for lines in _pairs(notes)] + [(lines, phrases) for lines in _sentences(flow)]
    for lines, known in said:
        text = fold(" ".join(line.text for line in lines))
        if not any(has_words(text, cue) for cue in known):
            continue
        for page in sorted({line.page for line in lines}):
            words = tuple(word for line in lines if line.page == page for word in line.words)
            _of_words(words, page, printed, spec, reader, found)


def _pairs(lines: Sequence[Line]) -> Iterator[Sequence[Line]]:
    """Each line, and each with the one behind it."""
    yield from ((line,) for line in lines)
    yield from pairwise(lines)


def _sentences(flow: Flow) -> Iterator[Sequence[Line]]:
    """Each line with the one behind it in its column; from a list of references on only what is set smaller than the list."""
    size = 0.0
    listed = False
    for line, following in pairwise((*flow.lines, None)):
        if line is None:
            return
        if listed:
            size, listed = max(size, line.size), False
        listed = bool(_LIST_OF_OTHERS.match(fold(line.text).lstrip("0123456789. ")))
        if listed or line.size >= _NOTE * size > 0:
            continue
        beside = following is not None and (line.page, line.column) == (following.page, following.column)
        yield (line, following) if following is not None and beside else (line,)


def _of_words(
    words: Sequence[Word], page: int, printed: Sequence[str], spec: FieldSpec, reader: Reader, found: Findings
) -> None:
    """Adds the first of the printed forms, the longest first, that stands among the words."""
    texts = [fold(word.text).strip("().,;:") for word in words]
    for form in printed:
        wanted = [fold(part).strip("().,;:") for part in form.split()]
        for start in range(len(texts) - len(wanted) + 1):
            if texts[start : start + len(wanted)] != wanted:
                continue
            taken = words[start : start + len(wanted)]
            quote = " ".join(word.text for word in taken).strip("().,;:")
            with suppress(FigureError):
                found.add(value_of(spec, "", Evidence(page, quote, "", around(taken)), reader, Origin.OFFLINE))
            return
