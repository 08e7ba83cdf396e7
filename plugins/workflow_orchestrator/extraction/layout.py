"""Sees rows, cells and figures in the words of a page, from their boxes and styles alone.

row    words on one height, across all columns of the page
cell   neighbouring words of one style without a wide gap: a label, a heading, a value
mark   a figure or a printed nil ("n/a", "–") inside a row, with its box
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from workflow_orchestrator.documents import Document, Page, Word
from workflow_orchestrator.documents.model import around
from workflow_orchestrator.errors import FigureError
from workflow_orchestrator.extraction.fold import fold_label
from workflow_orchestrator.extraction.units import pence_in
from workflow_orchestrator.figures import DecimalMark, decimal_mark_of, read_figure
from workflow_orchestrator.values import Box

_CELL_GAP = 0.9  # of the font size: wider separates cells
_FIGURE_GAP = 0.45  # of the font size: wider separates two figures
_NOTE_SIZE = 0.82  # of its neighbour's size: smaller is a footnote sign
_MAX_FIGURE_WORDS = 5
_DASHES = ("-", "–", "—", "−")


class Printed:
    """Words that are read as one thing: their text and the box around them."""

    words: tuple[Word, ...]

    @cached_property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)

    @cached_property
    def box(self) -> Box:
        return around(self.words)


@dataclass(frozen=True)
class Cell(Printed):
    """Neighbouring words of one style."""

    words: tuple[Word, ...]

    @cached_property
    def folded(self) -> str:
        return fold_label(self.text)

    @property
    def size(self) -> float:
        return self.words[0].size

    @property
    def style(self) -> int:
        return self.words[0].style

    @property
    def bold(self) -> bool:
        return self.words[0].bold


@dataclass(frozen=True)
class Mark(Printed):
    """A figure or nil in a row: `nil` tells which."""

    words: tuple[Word, ...]
    nil: bool


@dataclass(frozen=True)
class Row:
    """One row of a page: its words without footnote signs, its cells, its figures."""

    number: int
    words: tuple[Word, ...]
    mark: DecimalMark | None

    @cached_property
    def box(self) -> Box:
        return around(self.words)

    @cached_property
    def height(self) -> float:
        return max(word.size for word in self.words) or 1.0

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        cells: list[list[Word]] = []
        for word in self.words:
            if cells and not _parted(cells[-1][-1], word):
                cells[-1].append(word)
            else:
                cells.append([word])
        return tuple(Cell(tuple(words)) for words in cells)

    @cached_property
    def marks(self) -> tuple[Mark, ...]:
        """The figures and nils of the row, from left to right."""
        found: list[Mark] = []
        index = 0
        while index < len(self.words):
            mark = None if self._is_between(index, found) else self._mark_at(index)
            if mark:
                found.append(mark)
                index += len(mark.words)
            else:
                index += 1
        return tuple(found)

    def _is_between(self, index: int, found: list[Mark]) -> bool:
        """Whether a lone dash goes on from a figure to another one, "$1.02 - $1.03": then it is no sign, and no nil."""
        if self.words[index].text not in _DASHES or not found or index + 1 == len(self.words):
            return False
        before, after = self.words[index - 1], self.words[index + 1]
        beside = found[-1].words[-1] is before and _close(before, self.words[index]) and _close(self.words[index], after)
        return beside and not found[-1].nil and any(char.isdigit() for char in after.text)

    def _mark_at(self, index: int) -> Mark | None:
        best: Mark | None = None
        for end in range(index + 1, min(index + _MAX_FIGURE_WORDS, len(self.words)) + 1):
            words = self.words[index:end]
            if len(words) > 1 and not _close(words[-2], words[-1]):
                break
            nil = is_figure(" ".join(word.text for word in words), self.mark)
            if nil is not None:
                best = Mark(words, nil)
        return best


def is_figure(text: str, mark: DecimalMark | None) -> bool | None:
    """`False` for a figure, `True` for a printed nil, `None` for anything else.

    A figure that allows two readings counts as a figure here: it holds a place in its row.
    """
    try:
        return read_figure(text, mark) is None
    except FigureError as error:
        if pence_in(text):
            return False
        return False if "mark" in error.message and "can be" in error.message else None


def _parted(before: Word, after: Word) -> bool:
    gap = after.box.left - before.box.right
    size = max(before.size, after.size, 1.0)
    if gap > _CELL_GAP * size:
        return True
    return before.style != after.style and (
        before.bold != after.bold or abs(before.size - after.size) > 0.15 * size or gap > 0.45 * size
    )


def _close(before: Word, after: Word) -> bool:
    same = abs(before.size - after.size) <= 0.1 * max(before.size, after.size)
    return same and after.box.left - before.box.right <= _FIGURE_GAP * max(before.size, 1.0)


class PageLayout:
    """The rows of one page."""

    def __init__(self, page: Page, mark: DecimalMark | None) -> None:
        self.page = page
        self.rows: tuple[Row, ...] = tuple(
            Row(number, words, mark)
            for number, words in enumerate(filter(None, (without_notes(line.words) for line in page.lines())))
        )

    @property
    def number(self) -> int:
        return self.page.number

    def below(self, row: Row, count: int = 1) -> tuple[Row, ...]:
        return self.rows[row.number + 1 : row.number + 1 + count]

    def above(self, row: Row, count: int = 1) -> tuple[Row, ...]:
        """The rows above, the nearest first."""
        return tuple(reversed(self.rows[max(0, row.number - count) : row.number]))

    def under(self, cell: Cell, row: Row, reach: float = 1.2) -> tuple[Cell, Row] | None:
        """The cell directly below with the same left or right edge, at most `reach` font sizes lower."""
        for lower in self.below(row, 3):
            gap = cell.box.bottom - lower.box.top
            if gap > reach * max(cell.size, lower.height):
                return None
            for other in lower.cells:
                if abs(other.box.left - cell.box.left) <= 2.5 or abs(other.box.right - cell.box.right) <= 1.5:
                    return other, lower
        return None


def without_notes(words: Sequence[Word]) -> tuple[Word, ...]:
    """The words without raised or small footnote signs behind a word."""
    kept: list[Word] = []
    for word in words:
        sign = len(word.text) <= 3 and not any(char.isalpha() for char in word.text)
        if sign and kept and word.size and word.size <= _NOTE_SIZE * kept[-1].size:
            touching = word.box.left - kept[-1].box.right <= 0.35 * kept[-1].size
            if touching:
                continue
        kept.append(word)
    return tuple(kept)


class DocumentLayout:
    """The layouts of all pages, with what the whole document decides: its decimal mark and its order of dates."""

    def __init__(self, document: Document) -> None:
        text = "\n".join(page.shown for page in document.pages)
        self.document = document
        self.mark = decimal_mark_of(text)
        self.pages = tuple(PageLayout(page, self.mark) for page in document.pages)


def overlap(first: Box, second: Box) -> float:
    """How many points two boxes share horizontally; negative is the gap between them."""
    return min(first.right, second.right) - max(first.left, second.left)
