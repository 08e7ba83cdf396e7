"""Reads what the head of a document says about itself without a label: name, class and currency beside the ISIN, and the day.

Alpine Bond Fund                              ← the name: the larger line over that of the ISIN
Class I Accumulation - ISIN: GB00B0CNHB64     ← the share class: the words before the ISIN
Factsheet | 31 January 2024                   ← the day: in a line that says nothing else
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Set
from contextlib import suppress
from datetime import date, timedelta

from workflow_orchestrator.documents import Word
from workflow_orchestrator.documents.model import around
from workflow_orchestrator.errors import FigureError
from workflow_orchestrator.extraction.fold import fold, fold_label, has_words
from workflow_orchestrator.extraction.layout import Cell, DocumentLayout, PageLayout, Row, overlap
from workflow_orchestrator.extraction.prose import PAPER_WORDS, is_paper_line, names_fund, without_shares
from workflow_orchestrator.extraction.quotes import Reader, value_of
from workflow_orchestrator.extraction.reading import Candidate, Findings
from workflow_orchestrator.extraction.units import codes_in
from workflow_orchestrator.extraction.vocabulary import TITLE_BLOCK, Vocabulary
from workflow_orchestrator.fields import FieldSpec
from workflow_orchestrator.values import Evidence, Kind, Origin

_ISIN = re.compile(r"\(?([A-Z]{2}[A-Z0-9]{9}\d)\)?[,.;]?")
_MAX_CLASS_WORDS = 8
_CLASS_WORDS = re.compile(
    r"\b(?:class|klasse|anteilklasse|acc|accumulation|accumulating|inc|income|dist|distribution|distributing|shares|units|hedged|"
    r"thesaurierend|ausschüttend|capitalisation|parts?)\b"
)
_PRODUCT_LABEL = "this product is suitable for investors who are seeking"
_HEAD_ZONE = 0.45  # of the page, from the top
_DAY_ZONE = 0.2
_NEAR = timedelta(days=45)
_SENTENCE = 12  # words in one line
_RANK = 1  # what has a label is the better witness


def read_head(layout: DocumentLayout, words: Vocabulary, reader: Reader, found: Findings) -> None:
    """The name and the share class at the ISIN, the currency in the name of the class, and a day that stands alone."""
    lines = list(_isin_lines(layout.pages[0])) if layout.pages else []
    for spec in words.fields.values():
        if spec.kind is Kind.TEXT and TITLE_BLOCK in words.sections(spec.name):
            _name_on_label(layout, spec, reader, found)
        if spec.kind is Kind.TEXT and TITLE_BLOCK in words.sections(spec.name) and len(lines) == 1:
            _name_over(layout.pages[0], spec, *lines[0], words, reader, found)
        elif spec.kind is Kind.TEXT and words.sections(spec.name) and len(lines) == 1:
            _class_before(layout.pages[0], spec, lines[0][1], lines[0][2], reader, found)
    for spec in words.fields.values():
        if words.is_of_class(spec) and not found.candidates(spec.name):
            _class_currency(layout, spec, words, reader, found)
        elif spec.name == words.as_of and layout.pages:
            _day(layout, spec, words, reader, found)


def _day(layout: DocumentLayout, spec: FieldSpec, words: Vocabulary, reader: Reader, found: Findings) -> None:
    """The day that stands alone in the head, where no label gives one, or only sentences of the small print do.

    A day of the small print that is months before that of the head is of something else; one near it contests it.
    """
    given = found.candidates(spec.name)
    if not all(_in_sentence(layout, candidate.value.evidence) for candidate in given):
        return
    said = (found.first(other.name) for other in words.fields.values() if other.kind is Kind.TEXT)
    known = frozenset(fold(value.evidence.quote) for value in said if value)
    alone = Findings()
    _day_alone(layout.pages[0], spec, words, reader, alone, known)
    head = alone.first(spec.name)
    if head is None or not isinstance(head.value, date):
        return
    near = [c.value for c in given if isinstance(c.value.value, date) and head.value - c.value.value <= _NEAR]
    found.replace(spec.name, [Candidate(value) for value in (head, *near)])


def _in_sentence(layout: DocumentLayout, evidence: Evidence) -> bool:
    """Whether a value stands in running text, off the head of the first page."""
    page = layout.pages[evidence.page - 1]
    box = evidence.box
    if box is None or (page.number == 1 and box.bottom >= page.page.height * (1 - _HEAD_ZONE)):
        return False
    return any(
        len(cell.words) >= _SENTENCE and cell.box.left <= box.left + 1 and box.right <= cell.box.right + 1
        for row in page.rows
        if abs(row.box.bottom - box.bottom) <= row.height
        for cell in row.cells
    )


def _isin_lines(page: PageLayout) -> Iterator[tuple[Row, Cell, Word]]:
    """The lines of the head of a page that hold an ISIN behind other words of the same cell."""
    floor = page.page.height * (1 - _HEAD_ZONE)
    for row in page.rows:
        for cell in row.cells:
            for word in cell.words[1:]:
                if cell.box.bottom >= floor and _ISIN.fullmatch(word.text):
                    yield row, cell, word


def _name_over(
    page: PageLayout,
    spec: FieldSpec,
    row: Row,
    cell: Cell,
    isin: Word,
    words: Vocabulary,
    reader: Reader,
    found: Findings,
) -> None:
    """The nearest line over that of the ISIN that is set larger than the text of the page and stands alone on its row.

    "a sub-fund of …" may stand between the two.
    """
    body = Counter(round(other.size, 1) for other in page.page.words).most_common(1)[0][0]
    last = cell
    for above in page.above(row, 3):
        name = above.cells[0]
        if len(above.cells) != 1 or name.box.bottom - last.box.top > 1.2 * name.size or is_paper_line(name.text):
            return
        if name.size >= max(1.15 * body, 0.97 * cell.size) and _aligned(name, cell):
            break
        last = name
    else:
        return
    if name.text.rstrip().endswith((".", ":", ",")) or words.is_label(name.text):
        return
    if not _class_words(cell, isin) and not names_fund(fold(name.text)):
        return  # a heading over a list of facts
    if any(has_words(fold(name.text), word) for word in PAPER_WORDS):
        return
    with suppress(FigureError):
        evidence = Evidence(page.number, name.text, "", name.box)
        found.add(value_of(spec, "", evidence, reader, Origin.OFFLINE), rank=_RANK)


def _aligned(first: Cell, second: Cell) -> bool:
    """Whether two lines begin at one edge or are centred on one axis."""
    axis = (first.box.left + first.box.right) - (second.box.left + second.box.right)
    return abs(first.box.left - second.box.left) <= 6 or abs(axis) <= 12


def _name_on_label(layout: DocumentLayout, spec: FieldSpec, reader: Reader, found: Findings) -> None:
    """The name over the product label of an Indian scheme: "This product is suitable for investors who are seeking".

    SEBI (Mutual Funds), circular CIR/IMD/DF/5/2013 on product labelling, prescribes the sentence below the name.
    """
    for page in layout.pages:
        for row in page.rows:
            for cell in row.cells:
                if not fold(cell.text).startswith(_PRODUCT_LABEL):
                    continue
                over = [
                    other
                    for upper in page.above(row, 2)
                    for other in upper.cells
                    if 0 <= other.box.bottom - cell.box.top <= 1.2 * other.size and _aligned(other, cell)
                ]
                if len(over) == 1 and over[0].style == cell.style:
                    with suppress(FigureError):
                        evidence = Evidence(page.number, over[0].text, "", over[0].box)
                        found.add(value_of(spec, "", evidence, reader, Origin.OFFLINE), rank=_RANK)


def _class_before(page: PageLayout, spec: FieldSpec, cell: Cell, isin: Word, reader: Reader, found: Findings) -> None:
    """The words of the cell before the ISIN, when they name a class."""
    before = _class_words(cell, isin)
    if before:
        with suppress(FigureError):
            evidence = Evidence(page.number, " ".join(word.text for word in before), "", around(before))
            found.add(value_of(spec, "", evidence, reader, Origin.OFFLINE), rank=_RANK)


def _class_words(cell: Cell, isin: Word) -> tuple[Word, ...]:
    """The words before an ISIN and its label, when they are few and one of them is a word for a class."""
    before = list(cell.words[: cell.words.index(isin)])
    while before and fold_label(before[-1].text).strip("(-–|") in ("isin", "code", ""):
        before.pop()
    before = list(without_shares(tuple(before)))
    text = fold(" ".join(word.text for word in before))
    return tuple(before) if len(before) <= _MAX_CLASS_WORDS and _CLASS_WORDS.search(text) else ()


def _class_currency(
    layout: DocumentLayout, spec: FieldSpec, words: Vocabulary, reader: Reader, found: Findings
) -> None:
    """The one ISO 4217 code in the name of the share class: "C (acc) - USD", "I EUR Acc"."""
    for other in words.fields.values():
        if other.kind is not Kind.TEXT or not words.sections(other.name) or TITLE_BLOCK in words.sections(other.name):
            continue
        value = found.first(other.name)
        box = value.evidence.box if value else None
        if value is None or box is None or len(codes_in(str(value.value))) != 1:
            continue
        for word in layout.pages[value.evidence.page - 1].page.words:
            inside = box.left - 1 <= word.box.left <= box.right and abs(word.box.bottom - box.bottom) <= word.size
            if inside and word.text.strip("()-,") in codes_in(str(value.value)):
                evidence = Evidence(value.evidence.page, word.text.strip("()-,"), "", word.box)
                found.add(value_of(spec, "", evidence, reader, Origin.OFFLINE), rank=_RANK)
                return


def _day_alone(
    page: PageLayout, spec: FieldSpec, words: Vocabulary, reader: Reader, found: Findings, known: Set[str]
) -> None:
    """The day at the top of the first page in a cell that says nothing else but what the paper is."""
    floor = page.page.height * (1 - _DAY_ZONE)
    for row in page.rows:
        if row.box.bottom < floor:
            continue
        for cell in row.cells:
            bare = _is_bare(page, row, cell, words, known)
            for quote, taken in _days(cell.words):
                rest = " ".join(word.text for word in cell.words if word not in taken)
                said = is_paper_line(rest) and any(has_words(fold(rest), word) for word in PAPER_WORDS)
                if not said and (not bare or (re.search(r"\w", rest) and not is_paper_line(rest))):
                    continue
                with suppress(FigureError):
                    evidence = Evidence(page.number, quote, "", around(taken))
                    found.add(value_of(spec, "", evidence, reader, Origin.OFFLINE), rank=_RANK)
                    break


def _is_bare(page: PageLayout, row: Row, cell: Cell, words: Vocabulary, known: Set[str]) -> bool:
    """Whether no words beside a cell or directly over it can be its label: only a title, or words for the paper.

    `known` are words that are a value themselves, as the name of the share class.
    """
    over = [
        other
        for upper in page.above(row, 2)
        for other in upper.cells
        if overlap(other.box, cell.box) > 0 and other.box.bottom - cell.box.top <= 1.5 * cell.size
    ]
    beside = [other for other in row.cells if other is not cell and other.folded not in known]
    return (
        all(is_paper_line(other.text) or not re.search(r"[^\W\d_]", other.text) for other in beside)
        and all(
            other.size > 1.15 * cell.size or is_paper_line(other.text)
            for other in over
            if not words.is_label(other.text)
        )
        and not any(words.is_label(other.text) for other in (*beside, *over))
    )


def _days(words: tuple[Word, ...]) -> Iterator[tuple[str, tuple[Word, ...]]]:
    """The runs of words of a cell that may be a date, the longest first."""
    for count in range(4, 0, -1):
        for start in range(len(words) - count + 1):
            taken = words[start : start + count]
            quote = " ".join(word.text for word in taken).strip("|·,; ")
            if quote and quote == " ".join(word.text for word in taken) and any(char.isdigit() for char in quote):
                yield quote, taken
