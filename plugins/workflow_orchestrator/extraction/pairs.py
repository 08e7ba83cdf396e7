"""Reads label and value: on one line, in neighbouring cells, or one above the other.

    Ongoing charges (OCF)   0.85%        NAV            VL  1 393,78 EUR      Verwaltungsgesellschaft: … mbH.
                                         EUR 17.45

A label may wrap onto a second line, and so may a value of words. Where both the cell to the right and the one below
would do and they differ, both become candidates, and the settling throws both out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from workflow_orchestrator.documents import Word
from workflow_orchestrator.documents.model import around
from workflow_orchestrator.errors import FigureError
from workflow_orchestrator.extraction.beside import is_of_firm, same_edge, value_around
from workflow_orchestrator.extraction.cards import Cards
from workflow_orchestrator.extraction.layout import Cell, Mark, PageLayout, Row, is_figure, overlap
from workflow_orchestrator.extraction.parts import (
    before_semicolon,
    clause_of,
    code_of,
    day_of,
    figure_of,
    sentence_of,
    sentence_starts,
    without_address,
    without_codes,
)
from workflow_orchestrator.extraction.quotes import Reader, value_of
from workflow_orchestrator.extraction.reading import Findings
from workflow_orchestrator.extraction.vocabulary import Target, Vocabulary
from workflow_orchestrator.fields import FieldSpec
from workflow_orchestrator.values import NUMERIC_KINDS, Evidence, Kind, Origin

_YEAR = re.compile(r"(?:19|20)\d\d")
_LARGER = 1.5  # than a figure: a title, and not the head of its column
_CLOSE = 3.0  # points between the right edges of a figure and of its head
_HEADER_REACH = 40  # rows above a row of ratios in which its column headers may stand
_PER_CENT = re.compile(r"%|per ?cent|prozent|pour cent", re.IGNORECASE)
_NOTED = re.compile(r"\w\*.*\s\*\w")  # "Conte* Romahi Bellenda *Conte joined in 2017"
_OF_TEN = re.compile(r"\b(?:\d+|ten|zehn|dix|five|fünf|cinq)\b")  # a total that says of how many


@dataclass(frozen=True)
class Label:
    """Words that name single-valued fields, at the start of a cell."""

    targets: tuple[Target, ...]
    words: tuple[Word, ...]
    cell: Cell
    row: Row
    rest: tuple[Word, ...] = ()  # the words of the cell behind the label

    @property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)


class PairReader:
    """Reads the single-valued fields of one page."""

    def __init__(
        self, page: PageLayout, words: Vocabulary, reader: Reader, names: frozenset[str], found: Findings
    ) -> None:
        self._page, self._words, self._reader, self._names, self._found = page, words, reader, names, found
        self._cards = Cards(page)

    def read(self) -> None:
        for row in self._page.rows:
            for position, cell in enumerate(row.cells):
                label = self._label(row, cell)
                if label:
                    self._read_label(label, position)
                for later in sentence_starts(cell):
                    label = self._label(row, later)
                    if label and label.text.endswith(":"):
                        self._read_label(label, position)

    def _label(self, row: Row, cell: Cell) -> Label | None:
        """The longest label at the start of a cell: with the cell below, the whole cell, or its first words."""
        under = self._page.under(cell, row, reach=0.5)
        if under and under[0].style == cell.style and abs(under[0].box.left - cell.box.left) <= 2.5:
            joined = self._words.label(f"{cell.text} {under[0].text}")
            if joined:
                return Label(joined, cell.words + under[0].words, cell, row)
        targets = self._words.label(cell.text) or self._words.label_of_class(cell.text, self._names)
        if targets:
            return Label(targets, cell.words, cell, row)
        if len(cell.words) > 1 and re.fullmatch(r"[1-9]", cell.words[0].text):  # "2 Benchmark: …": the number of a legend
            inner = self._label(row, Cell(cell.words[1:]))
            if inner and all(self._words.fields[target.field].kind is Kind.TEXT for target in inner.targets):
                return inner
        for count in range(len(cell.words) - 1, 0, -1):
            head = " ".join(word.text for word in cell.words[:count])
            targets = self._words.label(head)
            if targets:
                return Label(targets, cell.words[:count], cell, row, cell.words[count:])
        return None

    def _at_value(self, label: Label, position: int) -> tuple[Label, int]:
        """A label of two lines beside a value that is set on its middle or on its second line, with the row of the value."""
        right = label.row.cells[position + 1] if position + 1 < len(label.row.cells) else None
        if label.rest or len(label.words) == len(label.cell.words):
            return label, position
        if right and right.style != label.cell.style and not self._words.is_label(right.text):
            return label, position
        edge = around(label.words).right
        for row in self._page.rows[label.row.number + 1 : self._row_of(label).number + 1]:
            index = next((n for n, cell in enumerate(row.cells) if cell.box.left > edge), None)
            if index is not None and row.cells[index].style != label.cell.style:
                return replace(label, row=row), index - 1
        return label, position

    def _read_label(self, label: Label, position: int) -> None:
        label, position = self._at_value(label, position)
        for target in label.targets:
            spec = self._words.fields[target.field]
            if self._words.is_of_fund(spec) and is_of_firm(self._page, label.text, label.cell):
                continue
            vague = spec.name in self._words.totals and not (label.rest and _OF_TEN.search(label.text.casefold()))
            if spec.kind is Kind.PARAGRAPH or vague:
                continue
            if spec.kind in NUMERIC_KINDS:
                self._number(spec, label, position)
            else:
                self._word(spec, target, label, position)

    # Figures

    def _number(self, spec: FieldSpec, label: Label, position: int) -> None:
        if label.rest:
            if not self._take(spec, label, figure_of(label.rest), quiet=True):
                self._take(spec, label, clause_of(label.rest), quiet=True, end=".,;")
        elif self._cards.stack_style(label.cell, Cell(label.words), self._row_of(label)):
            self._below(spec, label)
        else:
            self._beside(spec, label, position)

    def _beside(self, spec: FieldSpec, label: Label, position: int) -> None:
        """The figure on the row of the label; over or below it when there is none."""
        marks = self._marks_right(label, position)
        if len(marks) == 1 and self._is_foreign(label.row, marks[0]):
            self._found.reject(spec.name, marks[0].text, self._page.number, "it stands in the column of another series")
            return
        if len(marks) > 1:
            marks = self._own_column(spec, label, marks)
            if not marks:
                return
        if marks:
            if not marks[0].nil:
                self._take(spec, label, marks[0].words)
            return
        right = label.row.cells[position + 1] if position + 1 < len(label.row.cells) else None
        if (
            right
            and right.box.left - label.cell.box.right < 0.6 * self._page.page.width
            and self._take(spec, label, figure_of(right.words), quiet=True)
        ):
            return
        if not right or right.style == label.cell.style:
            self._above(spec, label)
        self._below(spec, label)

    def _below(self, spec: FieldSpec, label: Label) -> None:
        last = Cell(label.words)
        under = self._page.under(last, self._row_of(label), reach=1.6)
        if not under or under[0].style == label.cell.style:
            return
        cell, row = under
        if self._in_table(cell, row) or self._belongs_above(last, cell):
            return
        singles = sum(1 for other in row.cells if other.text.strip().isdigit() and len(other.text.strip()) == 1)
        if singles >= 3:
            return  # a scale of boxes: the printed digits are its axis
        self._take(spec, label, cell.words, quiet=True)

    def _above(self, spec: FieldSpec, label: Label) -> None:
        """A value over its label, as on cards: set clearly larger, on the same edge or axis, nearer than what is below."""
        cell = label.cell
        for upper in self._page.above(label.row, 3):
            over = next((other for other in upper.cells if overlap(other.box, cell.box) > 0), None)
            if over is None:
                continue
            gap = over.box.bottom - cell.box.top
            axis = abs((over.box.left + over.box.right) - (cell.box.left + cell.box.right)) <= 6
            aligned = axis or abs(over.box.left - cell.box.left) <= 2.5
            under = self._page.under(Cell(label.words), self._row_of(label), reach=1.6)
            nearer = not under or gap < 0.7 * (cell.box.bottom - under[0].box.top)
            if aligned and gap <= 1.2 * cell.size < over.size and nearer and len(upper.marks) <= len(upper.cells):
                self._take(spec, label, over.words, quiet=True)
            return

    def _in_table(self, cell: Cell, row: Row) -> bool:
        """Whether a figure below its label is the first of a column, or in a row that another series names."""
        further = self._page.under(cell, row, reach=1.2)
        if further and is_figure(further[0].text, self._reader.mark) is not None:
            return True
        return any(self._words.series(other.text, self._names) == "other" for other in row.cells if other is not cell)

    def _belongs_above(self, label: Cell, below: Cell) -> bool:
        """Whether a value of the same style stands as close over the label: then values stand over their labels."""
        gap = label.box.bottom - below.box.top
        row = self._row_of(Label((), label.words, label, self._page.rows[0]))
        return any(
            cell.style == below.style
            and (abs(cell.box.left - label.box.left) <= 2.5 or abs(cell.box.right - label.box.right) <= 1.5)
            and 0 <= cell.box.bottom - label.box.top <= gap + 0.5
            for upper in self._page.above(row, 3)
            for cell in upper.cells
        )

    def _row_of(self, label: Label) -> Row:
        lowest = min(label.words, key=lambda word: word.box.bottom)
        return next((row for row in self._page.rows if lowest in row.words), label.row)

    def _marks_right(self, label: Label, position: int) -> list[Mark]:
        """The unbroken run of figures and nils to the right of the label, of one style."""
        run: list[Mark] = []
        for cell in label.row.cells[position + 1 :]:
            inside = [mark for mark in label.row.marks if mark.words[0] in cell.words or mark.words[-1] in cell.words]
            new = [mark for mark in inside if mark not in run]
            covered = {word for mark in inside for word in mark.words}
            if not inside or any(word not in covered for word in cell.words):
                break
            if run and abs(new[0].words[0].size - run[0].words[0].size) > 0.3 if new else False:
                break
            run.extend(new)
        return run

    def _own_column(self, spec: FieldSpec, label: Label, marks: Sequence[Mark]) -> list[Mark]:
        """Of several figures in a row, the one under the column of the document's own series."""
        series = [self._column_series(label.row, mark) for mark in marks]
        own = [mark for mark, whose in zip(marks, series, strict=True) if whose == "own"]
        if len(own) == 1:
            return own
        for mark in marks:
            self._found.reject(
                spec.name,
                mark.text,
                self._page.number,
                f"one of {len(marks)} figures behind {label.text!r}; none is certain",
            )
        return []

    def _is_foreign(self, row: Row, mark: Mark) -> bool:
        """Whether the nearest words over a figure are the name of another series and nothing else: "Index"."""
        for above in self._page.above(row, _HEADER_REACH):
            for cell in above.cells:
                if overlap(cell.box, mark.box) > 0 and is_figure(cell.text, self._reader.mark) is None:
                    return cell.folded in self._words.other
        return False

    def _column_series(self, row: Row, mark: Mark) -> str:
        for above in self._page.above(row, _HEADER_REACH):
            for cell in above.cells:
                head = _head_over(cell, mark, 1.5 * row.height + 12)
                if head is None or cell.size > _LARGER * mark.words[0].size:
                    continue
                if _YEAR.fullmatch(head.text):
                    return "unknown"  # one year of several
                if is_figure(head.text, self._reader.mark) is not None:
                    continue
                return self._words.series(head.text, self._names)
        return "unknown"

    def _take(self, spec: FieldSpec, label: Label, words: Sequence[Word], quiet: bool = False, end: str = "") -> bool:
        quote = " ".join(word.text for word in words).lstrip(": ").strip().rstrip(end + " ")
        if not quote:
            return False
        evidence = Evidence(self._page.number, quote, label.text, around(words))
        try:
            value = value_of(spec, "", evidence, self._reader, Origin.OFFLINE)
        except FigureError as error:
            if not quiet:
                self._found.reject(spec.name, quote, self._page.number, error.message)
            return False
        if spec.kind is Kind.PERCENT and not self._says_per_cent(label, quote):
            self._found.reject(spec.name, quote, self._page.number, "nothing near says that it is per cent")
            return False
        self._found.add(value, self._words.rank_of(spec, Target(spec.name), label.text))
        return True

    def _says_per_cent(self, label: Label, quote: str) -> bool:
        if _PER_CENT.search(quote) or "bp" in quote or _PER_CENT.search(label.text):
            return True
        box = label.cell.box
        return any(
            _PER_CENT.search(cell.text) and is_figure(cell.text, self._reader.mark) is None
            for row in self._page.above(label.row, 15)
            for cell in row.cells
            if len(cell.words) <= 8 and (overlap(cell.box, box) > 0 or cell.box.left >= box.left)
        )

    # Words

    def _word(self, spec: FieldSpec, target: Target, label: Label, position: int) -> None:
        rank = self._words.rank_of(spec, target, label.text)
        if label.rest:
            self._inline(spec, label, rank)
            return
        candidates = [self._own_words(spec, words) for words in self._word_cells(spec, label, position)]
        if not candidates and spec.name == self._words.begins and rank == 0:
            self._found.unread.add(spec.name)
        for words in candidates[:1]:
            quote = " ".join(word.text for word in words)
            quote = quote.rstrip(",;") if self._words.is_firm(spec) else quote
            if spec.kind is Kind.TEXT and (quote.endswith(",") or _NOTED.search(quote)):
                self._found.reject(spec.name, quote, self._page.number, "it goes on elsewhere, or holds a note of the page")
                continue
            evidence = Evidence(self._page.number, quote, label.text, around(words))
            try:
                self._found.add(value_of(spec, "", evidence, self._reader, Origin.OFFLINE), rank)
            except FigureError as error:
                if spec.kind is not Kind.TEXT:
                    self._found.reject(spec.name, quote, self._page.number, error.message)

    def _own_words(self, spec: FieldSpec, words: tuple[Word, ...]) -> tuple[Word, ...]:
        """The words of a value without those that do not belong to it: a further code, what is in brackets, an address."""
        if spec.kind is Kind.ISIN:  # "A3QKX7 / DE000A3QKX77": beside a national number
            return code_of(words) or words
        if spec.kind is Kind.DATE:
            return day_of(words)
        if self._words.is_class(spec):
            return without_codes(words)
        return without_address(words) if self._words.is_firm(spec) else words

    def _word_cells(self, spec: FieldSpec, label: Label, position: int) -> Iterator[tuple[Word, ...]]:
        """Word groups that can be the value, the likeliest first."""
        right = label.row.cells[position + 1] if position + 1 < len(label.row.cells) else None
        reach = 1.6 if label.cell.bold and right is None else 1.0  # a heading stands further off
        under = self._page.under(Cell(label.words), self._row_of(label), reach=reach)
        below = self._below_of(spec, label, under, right)
        stack = self._cards.stack_style(label.cell, Cell(label.words), self._row_of(label))
        if stack:
            right = None
        if right and is_figure(right.text, self._reader.mark) is not None:
            return  # the label of a row of figures
        if under and spec.kind is Kind.TEXT and is_figure(under[0].text, self._reader.mark) is not None:
            return  # the head of a column of figures
        cards = self._cards.row_style(label.cell, self._row_of(label)) or stack
        if cards:
            right = None
        if below and below.style != cards and spec.kind is Kind.TEXT and (below.bold or below.size > 1.1 * label.cell.size):
            below = None  # the next heading
        if right and right.style == label.cell.style and below and self._fits(spec, below):
            right = None  # a row of labels over a row of values
        whole = len(label.words) == len(label.cell.words)
        around_label = value_around(self._page, label.cell) if spec.kind is Kind.TEXT and right is None and whole else ()
        if around_label:
            yield around_label
            return
        if right and self._fits(spec, right):
            yield self._wrapped(label, right) if spec.kind is Kind.TEXT else right.words
        if below and under and self._fits(spec, below):
            yield self._wrapped(Label(label.targets, label.words, label.cell, under[1]), below, same_left=True)

    def _below_of(
        self, spec: FieldSpec, label: Label, under: tuple[Cell, Row] | None, right: Cell | None
    ) -> Cell | None:
        """The cell below a label that may hold its value; none where it is the first of a column of a table of classes."""
        if not under or under[0].style == label.cell.style:
            return None
        if spec.kind is not Kind.TEXT and self._heads_column(spec, *under):
            return None
        if right is None:
            return under[0]
        # Columns may touch: what begins under the next label belongs to that one.
        kept = tuple(word for word in under[0].words if word.box.left < right.box.left - 1)
        return Cell(kept) if kept else None

    def _heads_column(self, spec: FieldSpec, cell: Cell, row: Row) -> bool:
        """Whether what is below a label is the first of several values of one kind: a column of a table of classes."""
        further = self._page.under(cell, row, reach=1.2)
        return further is not None and self._fits(spec, further[0])

    def _fits(self, spec: FieldSpec, cell: Cell) -> bool:
        text = cell.text.lstrip(": ")
        if is_figure(text, self._reader.mark) is not None or self._words.is_label(text) or text.endswith(":"):
            return False
        if spec.kind is Kind.TEXT and not spec.form:
            return True
        if spec.kind is Kind.ISIN and code_of(cell.words):
            text = code_of(cell.words)[0].text
        elif spec.kind is Kind.DATE:
            text = " ".join(word.text for word in day_of(cell.words)).lstrip(": ")
        try:
            value_of(spec, "", Evidence(self._page.number, text or "?"), self._reader, Origin.OFFLINE)
        except FigureError:
            return False
        return True

    def _wrapped(self, label: Label, cell: Cell, same_left: bool = False) -> tuple[Word, ...]:
        """A value with its further lines: same style, same edge, close below, and no new label beside them."""
        words, edge, row = list(cell.words), cell, label.row
        label_words = set(label.words)
        for lower in self._page.below(row, 12):
            if edge.box.bottom - lower.box.top > 0.5 * cell.size:
                break
            more = next((c for c in lower.cells if c.style == cell.style and same_edge(c, edge)), None)
            if more is None or edge.box.bottom - more.box.top > 0.5 * cell.size:
                continue
            beside = [
                c
                for c in lower.cells
                if c.box.right < more.box.left and overlap(c.box, label.cell.box) > 0 and not label_words & set(c.words)
            ]
            if (beside and not same_left) or (same_left and self._words.is_label(more.text)):
                break
            words.extend(more.words)
            edge = more
        return tuple(words)

    def _inline(self, spec: FieldSpec, label: Label, rank: int) -> None:
        """A value behind its label in one cell; of words only behind a colon, and up to the end of the sentence."""
        colon = label.text.endswith(":") or label.rest[0].text.startswith(":")
        words = list(label.rest)
        if spec.kind is Kind.TEXT:
            if not colon:
                return
            words = before_semicolon(sentence_of(words))
            words = list(without_codes(tuple(words))) if self._words.is_class(spec) else words
            words = list(without_address(tuple(words))) if self._words.is_firm(spec) else words
        elif spec.kind is Kind.ISIN:
            words = list(code_of(words)) or (words[:1] if words[0].text.strip(":") else words[1:2])
        quote = " ".join(word.text for word in words).lstrip(": ").rstrip("; ")
        if spec.kind is Kind.ISIN:
            quote = quote.strip("(").rstrip(".,;)")
        elif spec.kind is Kind.TEXT:
            quote = quote.rstrip(",;") if self._words.is_firm(spec) else quote
            quote = quote.removesuffix(".") if not re.search(r"\b\w\.\w\.$", quote) else quote
        if not quote:
            return
        evidence = Evidence(self._page.number, quote, label.text.rstrip(":"), around(words))
        try:
            self._found.add(value_of(spec, "", evidence, self._reader, Origin.OFFLINE), rank)
        except FigureError:
            return


def _head_over(cell: Cell, mark: Mark, reach: float) -> Cell | None:
    """A cell that ends over a figure, or those of its words that do: "Fund Benchmark" may be two heads without a gap."""
    over = tuple(word for word in cell.words if overlap(word.box, mark.box) > 0)
    if over and abs(cell.box.right - mark.box.right) <= reach:
        return cell
    return Cell(over) if over and abs(over[-1].box.right - mark.box.right) <= _CLOSE else None
