"""Which pages of a document a model must read to find the fields, so that the others need not leave the machine.

A page is needed if it prints what could be a value: a label of a field with something of the field's kind beside or below it, the
heads of a table of periods, years or months, or a list of names with figures. Legal notices, addresses and the lives of managers
have none of it. The rule is to send too much rather than too little:

    the first page                      always: it carries the title, which has no label
    a page by OCR                       always: a label that was read wrongly would not be found
    a field without a candidate         every page whose running text has one of its labels
    a required field without either     every page, because then the words of the document are not known

What no label names (statements, text under headings, tables with a caption) is the business of `page_candidates`.

What is printed again word for word, as the running head of every page, counts on its first page only.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from workflow_orchestrator.documents import Document
from workflow_orchestrator.extraction.fold import fold, fold_label, has_words
from workflow_orchestrator.extraction.layout import Cell, DocumentLayout, PageLayout, Row, overlap
from workflow_orchestrator.extraction.page_candidates import candidates, on_first_page
from workflow_orchestrator.extraction.units import CURRENCIES
from workflow_orchestrator.extraction.unlabelled import is_unlabelled
from workflow_orchestrator.extraction.vocabulary import TITLE_BLOCK, Vocabulary
from workflow_orchestrator.fields import FieldSet, FieldSpec
from workflow_orchestrator.figures import MONTH_NAMES
from workflow_orchestrator.values import NUMERIC_KINDS, Kind

_BELOW = 3  # rows under a label in which its value may stand
_LABEL_WORDS = 9  # of the longest label that may begin a cell with its value behind it
_SHORT = 8  # words of the longest cell that holds a label and a text behind it without a colon
_ASIDE = 24.0  # points that a figure may stand beside the column of its label
_DENSEST = 50_000  # characters of a page whose running text is searched; the densest real page measured has 41,000
_HEADS = 2  # years or months in one row that make it the head of a table
_LIST = 3  # names with a share, one under the other, that make a list
_HEADING = 12  # words of the longest row that can be a heading
_DAY = re.compile(r"\b(?:19|20)\d\d\b|\b\d{1,2}[./-]\d{1,2}[./-]\d\d\b")
_YEAR = re.compile(r"(?:19|20)\d\d")
_FIGURE_BEHIND = r"[^.]{0,60}?\d"
# What stands behind a label in running text, folded, by kind.
_BEHIND = {
    Kind.DATE: rf"[^.]{{0,20}}?(?:{_DAY.pattern})",
    Kind.CURRENCY: rf".{{0,20}}?(?:[€$£₹]|\b(?:{'|'.join(sorted(CURRENCIES)).casefold()})\b)",
    Kind.TEXT: r" ?(?::|is\b|are\b|ist\b|lautet\b|est\b)",
    Kind.PARAGRAPH: r" ?(?::|is\b|ist\b|est\b)",
    Kind.CHOICE: r" ?(?::|is\b|ist\b|est\b)",
}
_ISIN = re.compile(r"(?<![A-Z0-9])[A-Z]{2} ?(?:[A-Z0-9] ?){9}\d(?![A-Z0-9])")


@dataclass(frozen=True, slots=True)
class Selection:
    """The pages that are sent and those that are kept back, by number.

    `why` names the fields that a sent page may hold; there are none for a page that is sent to be safe.
    """

    sent: tuple[int, ...]
    kept_back: tuple[int, ...]
    why: Mapping[int, tuple[str, ...]]


def needed_pages(document: Document, fields: FieldSet, required: Collection[str] = ()) -> Selection:
    """The pages that may hold a value of the fields.

    Args:
        document: what was read.
        fields: what is looked for.
        required: names of the fields without which nothing can go on; without a candidate of one of them every page is sent.
    """
    words = Vocabulary(fields)
    layout = DocumentLayout(document)
    # An optional text with a label holds no figure, and often people or a page of notices: it is taken where it stands on a page that
    # is sent. One that names the headings of its text is what a paper is read for.
    optional = [spec for spec in fields.values() if not (spec.required or spec.name in required)]
    texts_only = {spec.name for spec in optional if spec.kind is Kind.PARAGRAPH and not is_unlabelled(spec, words)}
    found = {number: names - texts_only for number, names in _of_pages(layout, words).items()}
    named = set[str]().union(*found.values())
    texts = {page.number: fold(page.shown[:_DENSEST]) for page in document.pages}
    for spec in fields.values():
        said = None if spec.name in named | texts_only else _said(spec)
        # The row of a statement may be told in a sentence; where its titles say which statement it is, so does the page.
        under = words.sections(spec.name) if spec.column else ()
        fitting = {number: text for number, text in texts.items() if not under or any(has_words(text, word) for word in under)}
        for number in (number for number, text in fitting.items() if said and said.search(text)):
            found[number].add(spec.name)
            named.add(spec.name)
    titled = {spec.name for spec in fields.values() if TITLE_BLOCK in words.sections(spec.name) or on_first_page(spec)}
    everything = any(name not in named | titled for name in required)
    always = {page.number for page in document.pages if page.number == 1 or page.source == "ocr"}
    numbers = [page.number for page in document.pages]
    sent = tuple(number for number in numbers if everything or found[number] or number in always)
    why = {number: tuple(name for name in fields if name in found[number]) for number in sent}
    return Selection(sent, tuple(number for number in numbers if number not in sent), why)


def _of_pages(layout: DocumentLayout, words: Vocabulary) -> dict[int, set[str]]:
    """The candidates of each page; rows that a page before printed too are passed over."""
    seen: set[str] = set()
    found: dict[int, set[str]] = {}
    for page in layout.pages:
        found[page.number] = set(_candidates(page, words, seen))
        # A page that is not sent shows its rows to nobody.
        if found[page.number] or page.number == 1:
            seen.update(_folded(page, row) for row in page.rows)
    for number, name in candidates(layout, words):
        found[number].add(name)
    return found


def _said(spec: FieldSpec) -> re.Pattern[str] | None:
    """What running text that states the field looks like: one of its labels, and soon behind it something of its kind.

    A cell of a table is stated by no running text, and what stands beside a field comes with it.
    """
    if spec.keyed == "cell" or spec.beside:
        return None
    groups = spec.labels if spec.column or not spec.keyed else spec.sections
    labels = {fold_label(label) for group in groups.values() for label in group if len(label) > 3}
    if not labels:
        return None
    named = "|".join(re.escape(label) for label in sorted(labels, key=len, reverse=True))
    return re.compile(rf"(?<!\w)(?:{named})(?!\w){_BEHIND.get(spec.kind, _FIGURE_BEHIND)}")


def _candidates(page: PageLayout, words: Vocabulary, seen: Collection[str]) -> Iterator[str]:
    """The fields of which a page may print a value; a field may come more than once."""
    listed = 0
    years: set[str] = set()
    for row in page.rows:
        if _folded(page, row) in seen:
            continue
        yield from _named(page, row, words)
        yield from _months(page, row, words)
        yield from _sections(page, row, words)
        years |= _years(page, row)
        listed = listed + 1 if _lists(row) else 0
        if listed >= _LIST:
            yield from (*(spec.name for spec in words.keyed("name")), *words.totals)
        if _ISIN.search(_text(row)):
            yield from (spec.name for spec in words.fields.values() if spec.kind is Kind.ISIN)
    if len(years) >= _HEADS:
        yield from (spec.name for spec in words.keyed("year"))


def _text(row: Row) -> str:
    return " ".join(word.text for word in row.words)


def _folded(page: PageLayout, row: Row) -> str:
    """A row as every page prints it, its own number left out."""
    return fold(" ".join("" if word.text == str(page.number) else word.text for word in row.words))


def _named(page: PageLayout, row: Row, words: Vocabulary) -> Iterator[str]:
    """The fields that a cell names, alone or at its beginning, where something of their kind stands beside or below.

    "Total" names the sum of a list only behind one.
    """
    near = (row, *page.below(row, _BELOW))
    for cell in row.cells:
        for text in _beginnings(cell):
            for target in (*words.label(text), *words.period(text)):
                spec = words.fields[target.field]
                held = _figure_near(page, row, cell) if spec.kind in NUMERIC_KINDS else _holds(spec, near)
                if held and spec.name not in words.totals and _is_label(spec, cell, text):
                    yield spec.name


def _figure_near(page: PageLayout, row: Row, cell: Cell) -> bool:
    """Whether a figure stands where one of this label would: in it, to its right (also where the label has two lines), or under it."""
    beside = (*page.above(row), row, *page.below(row))
    if any(mark.box.right > cell.box.left for one in beside for mark in one.marks):
        return True
    return any(overlap(mark.box, cell.box) > -_ASIDE for one in page.below(row, _BELOW) for mark in one.marks)


def _beginnings(cell: Cell) -> Iterator[str]:
    """The cell as a label, and every number of words from its start that could be one with the value behind it."""
    yield cell.text
    for count in range(1, min(_LABEL_WORDS, len(cell.words) - 1) + 1):
        yield " ".join(word.text for word in cell.words[:count])


def _is_label(spec: FieldSpec, cell: Cell, text: str) -> bool:
    """Whether words that begin a cell can be a label there. A line of running text may begin with any word: "benchmark by 1%"."""
    if spec.kind not in (Kind.TEXT, Kind.PARAGRAPH):
        return True
    if text[0].islower() and text.endswith((".", ",", ";")):
        return False
    return text == cell.text or text.endswith(":") or (len(cell.words) <= _SHORT and not text[0].islower())


def _holds(spec: FieldSpec, rows: tuple[Row, ...]) -> bool:
    """Whether rows print something of the field's kind, which is not a figure."""
    text = "\n".join(map(_text, rows))
    if spec.kind is Kind.DATE:
        return bool(_DAY.search(text))
    if spec.kind is Kind.CURRENCY:
        return any(word in CURRENCIES for word in re.findall(r"\b[A-Z]{3}\b", text)) or bool(re.search("[€$£₹]", text))
    if spec.kind is Kind.ISIN:
        return bool(_ISIN.search(text))
    return True


def _years(page: PageLayout, row: Row) -> set[str]:
    """The years that stand in cells of their own, as heads of columns or rows, with figures beside or below them."""
    near = (row, *page.below(row, _BELOW))
    if not any(lower.marks for lower in near):
        return set()
    return {
        word.text.strip(".,:*")
        for cell in row.cells
        if _YEAR.fullmatch(cell.words[0].text.strip(".,:*")) and not any(char.isalpha() for char in cell.text)
        for word in cell.words
        if _YEAR.fullmatch(word.text.strip(".,:*"))
    }


def _months(page: PageLayout, row: Row, words: Vocabulary) -> Iterator[str]:
    """The fields keyed by month, under or beside a row of their names with figures."""
    names = [text for word in row.words if (text := fold(word.text).strip(".,:")) in MONTH_NAMES]
    if len(names) >= _HEADS and any(lower.marks for lower in (row, *page.below(row, _BELOW))):
        yield from (spec.name for spec in words.keyed("month"))


def _sections(page: PageLayout, row: Row, words: Vocabulary) -> Iterator[str]:
    """The keyed fields whose section a short row names as a heading, with figures below it."""
    if len(row.words) > _HEADING or not any(lower.marks for lower in page.below(row, 2 * _BELOW)):
        return
    folded = fold(_text(row))
    for spec in words.fields.values():
        if spec.keyed == "cell" or spec.column:
            continue  # a heading of a paper, a title of a statement: see page_candidates
        if spec.keyed and any(len(section) > 3 and has_words(folded, section) for section in words.sections(spec.name)):
            yield spec.name


def _lists(row: Row) -> bool:
    """Whether a row is a name with figures: few words, and at least one figure."""
    letters = sum(any(char.isalpha() for char in word.text) for word in row.words)
    return 1 <= letters <= _HEADING and bool(row.marks)
