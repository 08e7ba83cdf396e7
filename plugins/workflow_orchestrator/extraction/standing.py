"""Finds where a quote stands on a page, as whole printed words, and what is printed around it.

A figure is found only as a whole figure: "1.93" does not stand in "11.93", "-1.93" or "(1.93)", and "EUR 412.6" does not
stand in "EUR 412.6 million".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise

from workflow_orchestrator.documents import Word
from workflow_orchestrator.documents.model import around
from workflow_orchestrator.extraction.fold import fold
from workflow_orchestrator.extraction.layout import Cell, Mark, PageLayout, Row, is_figure, overlap
from workflow_orchestrator.values import Box

_ROWS_AROUND = 4  # rows above and below in which a label of several lines may go on
_COLUMN_ROWS = 90
_FIGURE_HEAD = re.compile(r"(?:19|20)\d\d|\d{1,2}[A-Za-z]{1,3}")
_UNIT_BEHIND = re.compile(r"^(.*\d\S*)\s*(\([^()\d]+\))$")
_PER_YEAR = re.compile(r"(?:p\.?a\.?)$")
_BULLET = re.compile("[•‣▪■◦●○➢✓\uf0a7\uf0b7]")


@dataclass(frozen=True)
class Place:
    """One place where a quote stands."""

    page: PageLayout
    words: tuple[Word, ...]

    @cached_property
    def box(self) -> Box:
        return around(self.words)

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """The rows that the words stand on."""
        inside = set(self.words)
        return tuple(row for row in self.page.rows if inside & set(row.words))

    @property
    def row_cells_all(self) -> tuple[Cell, ...]:
        """Every cell of the first row of the place."""
        return self.rows[0].cells if self.rows else ()

    @cached_property
    def row_cells(self) -> tuple[Cell, ...]:
        """The other words of the rows, by cell, without figures."""
        inside = set(self.words)
        return tuple(
            Cell(words)
            for row in self.rows
            for cell in row.cells
            if (words := tuple(word for word in cell.words if word not in inside))
            and is_figure(cell.text, row.mark) is None
        )

    def fills_cell(self, labels: Sequence[str]) -> bool:
        """Whether the words are all of their cell but for one of the labels."""
        inside = set(self.words)
        rest = [
            word.text
            for cell in self.row_cells_all
            if inside & set(cell.words)
            for word in cell.words
            if word not in inside
        ]
        return not rest or compact(" ".join(rest)).rstrip(":") in {compact(label) for label in labels}

    @cached_property
    def beside(self) -> tuple[str, str]:
        """The words before and behind the place in its own cell, other figures left out."""
        inside = set(self.words)
        figures = {word for row in self.rows for mark in row.marks for word in mark.words}
        cells = [cell for row in self.rows for cell in row.cells if inside & set(cell.words)]
        others = [word for cell in cells for word in cell.words if word not in inside and word not in figures]
        before = [word.text for word in others if word.box.right <= self.box.left + 1]
        behind = [word.text for word in others if word.box.left >= self.box.right - 1]
        return " ".join(before).strip(" :"), " ".join(behind).strip(" .,;*")

    def labels(self, over_figures: bool = True) -> tuple[str, ...]:
        """What names the place on its row: the words before it in its cell, else the nearest cell to its left.

        A label that wraps is given as it stands and with its other lines. `over_figures` looks past the figures of
        columns between the label and the place; without it, the cells up to the first figure are all given.
        """
        if self.beside[0]:
            return (self.beside[0],)
        if not self.rows:
            return ()
        row = self.rows[0]
        texts: list[str] = []
        for cell in reversed([cell for cell in row.cells if cell.box.right <= self.box.left + 1]):
            if is_figure(cell.text, row.mark) is not None or all(
                is_figure(word.text, row.mark) is not None for word in cell.words
            ):
                if not over_figures:
                    break
                continue
            texts += self._wrapped(cell)
            if over_figures:
                break
        return tuple(texts)

    def _wrapped(self, cell: Cell) -> list[str]:
        """The text of a label cell, and joined with the lines directly above and below it."""
        near = (
            *self.page.above(self.rows[0], _ROWS_AROUND),
            *self.rows,
            *self.page.below(self.rows[-1], _ROWS_AROUND),
        )
        lines = [
            other
            for row in near
            for other in row.cells
            if other.words != cell.words and other.style == cell.style and abs(other.box.left - cell.box.left) <= 3
        ]
        below = [c for c in lines if 0 < cell.box.top - c.box.top <= 1.7 * cell.size]
        above = [c for c in lines if 0 < c.box.top - cell.box.top <= 1.7 * cell.size]
        return [
            cell.text,
            *(f"{cell.text} {other.text}" for other in below),
            *(f"{other.text} {cell.text}" for other in above),
            *(f"{upper.text} {cell.text} {lower.text}" for upper in above for lower in below),
        ]

    @cached_property
    def heads(self) -> tuple[str, ...]:
        """What names the column: the nearest words above, as one line and as two, or a head that looks like a figure."""
        cells = self.column_cells[:2]
        texts = [cell.text for cell in cells[:1]]
        if len(cells) > 1 and cells[1].box.bottom - cells[0].box.top <= 0.6 * cells[0].size:
            texts.append(f"{cells[1].text} {cells[0].text}")
        return (*texts, *([self.figure_head] if self.figure_head else []))

    @cached_property
    def above(self) -> tuple[str, ...]:
        """The cell directly above with the same edge: a label over its value."""
        return tuple(
            cell.text
            for cell in self.column_cells[:1]
            if cell.box.bottom - self.box.top <= 1.2 * max(self.words[0].size, 1.0)
            and (abs(cell.box.left - self.box.left) <= 3 or abs(cell.box.right - self.box.right) <= 3)
        )

    @cached_property
    def below(self) -> tuple[str, ...]:
        """The cell directly below at the same edge or on the same axis, set smaller: a label under its value."""
        if not self.rows:
            return ()
        return tuple(
            cell.text
            for row in self.page.below(self.rows[-1], 3)
            for cell in row.cells
            if self.box.bottom - cell.box.top <= 1.2 * cell.size < self.words[0].size
            and overlap(cell.box, self.box) > 0
            and is_figure(cell.text, row.mark) is None
        )[:1]

    def text_before(self) -> str:
        """The folded words of the row before the place."""
        words = [word.text for row in self.rows[:1] for word in row.words if word.box.right <= self.box.left + 1]
        return fold(" ".join(words)).rstrip(" :")

    @cached_property
    def column_cells(self) -> tuple[Cell, ...]:
        """The cells without figures above the words, the nearest first."""
        if not self.rows:
            return ()
        return tuple(
            cell
            for row in self.page.above(self.rows[0], _COLUMN_ROWS)
            for cell in row.cells
            if overlap(cell.box, self.box) > 0 and is_figure(cell.text, row.mark) is None
        )

    @cached_property
    def figure_head(self) -> str:
        """The nearest word above that is a year or a short period ("2025", "3m"): a head that looks like a figure."""
        for row in self.page.above(self.rows[0], _COLUMN_ROWS) if self.rows else ():
            for word in row.words:
                over = overlap(word.box, self.box) > 0 or abs(word.box.right - self.box.right) <= 3
                if over and _FIGURE_HEAD.fullmatch(word.text):
                    return word.text
        return ""

    def names(self, words: str) -> bool:
        """Whether the words stand on the row of the place, as a label that wraps around it, or above it."""
        wanted = compact(words)
        if not wanted or any(wanted in text for text in self._row_texts(wanted)):
            return True
        if self.figure_head and compact(self.figure_head) == wanted:
            return True
        if wanted in self._labels_on_middle() or self._has_lettered_head(wanted) or wanted in map(compact, self.below):
            return True
        cells = self.column_cells
        columns = [compact(cell.text) for cell in cells]
        columns += [compact(upper.text + lower.text) for lower, upper in pairwise(cells)]
        return any(wanted in text for text in columns)

    def _labels_on_middle(self) -> frozenset[str]:
        """The labels directly to the left that are set on the middle of the place: of one line beside two, of two beside one."""
        if not self.rows:
            return frozenset()
        near = self.page.rows[max(0, self.rows[0].number - 2) : self.rows[-1].number + 3]
        beside = [
            cell
            for row in near
            for number, cell in enumerate(row.cells)
            if cell.box.right <= self.box.left + 1
            and min(cell.box.top, self.box.top) - max(cell.box.bottom, self.box.bottom) > 0
            and not any(other.box.left < self.box.left - 1 for other in row.cells[number + 1 :])
        ]
        pairs = [
            (upper, lower)
            for upper in beside
            for lower in beside
            if 0 < upper.box.top - lower.box.top <= 1.7 * upper.size
            and upper.style == lower.style
            and abs(upper.box.left - lower.box.left) <= 3
        ]
        return frozenset([*(compact(cell.text) for cell in beside), *(compact(f"{a.text} {b.text}") for a, b in pairs)])

    def _has_lettered_head(self, wanted: str) -> bool:
        """Whether a cell over the words is exactly this text, though it reads as a figure: "1 m", "3 m"."""
        return any(
            compact(cell.text) == wanted and any(char.isalpha() for char in wanted)
            for row in (self.page.above(self.rows[0], _COLUMN_ROWS) if self.rows else ())
            for cell in row.cells
            if overlap(cell.box, self.box) > 0
        )

    def _row_texts(self, wanted: str) -> Iterator[str]:
        """The words of the row, and its label cells joined with their further lines.

        A line that holds all of the wanted words by itself is the label of another row, so it is not joined.
        """
        for row in self.rows:
            yield compact(" ".join(word.text for word in row.words))
        for cell in self.row_cells:
            own = compact(cell.text)
            for joined in map(compact, self._wrapped(cell)):
                if wanted not in joined.replace(own, "", 1):
                    yield joined


@lru_cache(maxsize=16384)
def compact(text: str) -> str:
    """Folded text without spaces and hyphens: how a line was broken does not count."""
    return re.sub(r"[\s\-]", "", fold(text))


@lru_cache(maxsize=16384)
def compact_figure(text: str) -> str:
    """A figure without its spaces, its per cent sign and "p.a."; the sign and the brackets stay."""
    return _PER_YEAR.sub("", re.sub(r"\s", "", fold(text))).replace("%", "")


def places_of_figure(page: PageLayout, quote: str) -> list[Place]:
    """Where the page prints exactly this figure; a unit in brackets behind it, "100.12 ( EUR )", belongs to it."""
    wanted = compact_figure(quote)
    found = [Place(page, mark.words) for row in page.rows for mark in row.marks if compact_figure(mark.text) == wanted]
    bracketed = _UNIT_BEHIND.match(quote)
    if not found and (quote.endswith("%") or quote[-1:].isalpha()):  # at the end of a clause: "10.2%.", "$8.6 billion,"
        found = [Place(page, words) for row in page.rows for words in _before_stop(row, wanted)]
    if found or not bracketed:
        return found
    figure, unit = compact_figure(bracketed[1]), compact(bracketed[2])
    return [
        Place(page, mark.words + behind)
        for row in page.rows
        for mark in row.marks
        if compact_figure(mark.text) == figure and (behind := _words_behind(row, mark, unit))
    ]


def _before_stop(row: Row, wanted: str) -> Iterator[tuple[Word, ...]]:
    """The words of a row that make up a figure but for the sign that ends a clause behind it."""
    for end, last in enumerate(row.words, start=1):
        if last.text.endswith((".", ",", ";")):
            for start in range(max(0, end - 3), end):
                words = row.words[start:end]
                if compact_figure("".join(word.text for word in words)[:-1]) == wanted:
                    yield words


def _words_behind(row: Row, mark: Mark, wanted: str) -> tuple[Word, ...]:
    """The words directly behind a figure that make up the wanted text; none when they do not."""
    start = row.words.index(mark.words[-1]) + 1
    for end in range(start + 1, len(row.words) + 1):
        text = compact("".join(word.text for word in row.words[start:end]))
        if text == wanted:
            return row.words[start:end]
        if not wanted.startswith(text):
            break
    return ()


def places_of_words(page: PageLayout, quote: str) -> list[Place]:
    """Where the page prints these words one after the other, in reading order or on one row."""
    wanted = compact(quote)
    if not wanted:
        return []
    found: list[Place] = []
    for words in (page.page.words, *(row.words for row in page.rows), page.page.aside):
        for place in _runs(page, words, wanted):
            if place.words not in [other.words for other in found]:
                found.append(place)
    return found


def _runs(page: PageLayout, words: Sequence[Word], wanted: str) -> Iterator[Place]:
    # The signs of a list are no words of its sentences: who quotes the sentences leaves them out.
    quoted = _BULLET.search(wanted) is not None
    texts = ["" if not quoted and _BULLET.fullmatch(word.text) else compact(word.text) for word in words]
    for start, first in enumerate(texts):
        if not first or not (wanted.startswith(first) or first.startswith(wanted)):
            continue
        length = 0
        for end in range(start, len(texts)):
            part = texts[end]
            rest = wanted[length:]
            if part == rest or (part.startswith(rest) and _only_marks(part[len(rest) :])):
                yield Place(page, tuple(words[start : end + 1]))
                break
            if part and not rest.startswith(part):
                break
            length += len(part)


def _only_marks(rest: str) -> bool:
    """Whether what follows the quote inside a word only ends a clause or is a footnote sign."""
    return bool(re.fullmatch(r"[.,;:)\"*†‡]*\d?", rest)) and not re.fullmatch(r"[.,]?\d", rest)


def in_text(text: str, quote: str, figure: bool) -> bool:
    """Whether the first reader has the quote: as a whole figure, or as the same letters in the same order."""
    if not figure:
        return _letters(quote) in _letters(text)
    parts = [re.escape(part) for part in re.split(r"\s+", fold(quote)) if part]
    body = r"\s*".join(parts)
    body = re.sub(r"^(?:\\?-)", r"-\\s*", body)  # a minus may stand apart
    return (
        re.search(rf"(?<![\d.,(-]){body}(?!\d|[.,]\d|\))" if "(" not in quote else rf"{body}(?!\d)", fold(text))
        is not None
    )


def _letters(text: str) -> str:
    return re.sub(r"[\W_]", "", fold(text))
