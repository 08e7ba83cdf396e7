"""Reads tables of returns that are turned: a period or a year at the start of each row, series or bases as columns.

            Fund   Benchmark              JÄHRLICH   KUMULIERT
1 month    1.93%       0.81%      2025        8,5%       44,4%
1 year     5.84%       0.79%      2024       10,8%       33,0%
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from workflow_orchestrator.extraction.fold import fold, fold_label
from workflow_orchestrator.extraction.layout import Cell, Mark, PageLayout, Row, is_figure
from workflow_orchestrator.extraction.notes import is_of_returns, is_rolling
from workflow_orchestrator.extraction.returns import SEPARATOR, Periods, ReturnsReader, year_of
from workflow_orchestrator.extraction.spans import span_of
from workflow_orchestrator.extraction.standing import Place
from workflow_orchestrator.extraction.tables import Head

Meaning = TypeVar("Meaning")

_YEAR_WITHIN = re.compile(r"\b(?:19|20)\d\d\b")
_AMOUNT = re.compile(r"[^\d\s]{0,3}\s?\d{1,3}(?:[,.'’\s]\d{2,3})*[,.'’\s]\d{3}")
_ROW_GAP = 2.6  # of the font size
_EDGE = 4.0  # points
_HEAD_REACH = 60.0  # points over the first figure of a column
_TITLE_ROWS = 4


@dataclass(frozen=True)
class _Keyed(Generic[Meaning]):
    """A row that begins with a key and goes on with figures."""

    meaning: Meaning
    cell: Cell
    row: Row
    marks: tuple[Mark, ...]


@dataclass(frozen=True)
class _Column(Generic[Meaning]):
    """The figures of one column, each with its row, and the words over it."""

    head: str
    cells: tuple[tuple[_Keyed[Meaning], Mark], ...]


class RowsReader(ReturnsReader):
    """Reads the turned tables of one page."""

    def read(self) -> None:
        for block in _blocks(self._page, self._period):
            named = any(target.key for keyed in block for target in keyed.meaning)
            if named and is_of_returns(self._titles(block), self._names):
                self._period_block(block)
        for years in _blocks(self._page, year_of):
            self._year_block(years)
        for spans in _blocks(self._page, span_of) if self._words.keyed("year_to") else ():
            self._span_block(spans)

    def _period_block(self, block: Sequence[_Keyed[Periods]]) -> None:
        titles = self._titles(block)
        columns = self._own_bases(_columns(self._page, block), titles)
        if self._is_of_other(*titles) and all(self._words.says_nothing(column.head) for column, _ in columns):
            return
        for column, basis in columns:
            if not is_of_returns((fold(column.head),), self._names):
                continue
            self._take_column(column, basis, titles, "")
        if columns and not any(basis for _, basis in columns):
            for series, column in self._columns_beside(_columns(self._page, block), columns[0][0]):
                self._take_column(column, "", titles, series)

    def _take_column(self, column: _Column[Periods], basis: str, titles: Sequence[str], series: str) -> None:
        for keyed, mark in column.cells:
            head = Head(keyed.meaning, keyed.cell.words)
            target = self._decide(head, (basis, column.head, keyed.cell.text, *titles))
            label = SEPARATOR.join(filter(None, (keyed.cell.text, column.head)))
            if target is not None:
                self._take(target.field, target.key, mark, label, (keyed.cell.text, column.head, *titles), series)
            elif not series:
                self._undecided(head, mark)

    def _columns_beside(
        self, columns: Sequence[_Column[Meaning]], own: _Column[Meaning]
    ) -> Iterable[tuple[str, _Column[Meaning]]]:
        """The columns of the series beside the document's own, of the same basis as its one column."""
        others = ((column.head, None, column) for column in columns if column is not own)
        return self._counterparts.among(others) if self._words.beside else ()

    def _year_block(self, block: Sequence[_Keyed[str]]) -> None:
        years = [int(keyed.meaning) for keyed in block]
        if years not in (sorted(set(years)), sorted(set(years), reverse=True)):
            return
        titles = self._titles(block)
        columns = _columns(self._page, block)
        if any(map(is_rolling, (*titles, *(fold(column.head) for column in columns)))):
            return
        if not is_of_returns(titles, self._names) or self._is_of_other(*titles):
            return
        for spec in self._words.keyed("year"):
            named = [column for column in columns if self._words.in_section(spec.name, fold(column.head))]
            titled = any(self._words.in_section(spec.name, title) for title in titles)
            chosen = named if len(named) == 1 else self._own(columns) if titled and not named else []
            for column in chosen:
                if self._words.in_other_section(spec.name, fold(column.head)):
                    continue  # "cumulative" over years is the growth up to them
                for keyed, mark in column.cells:
                    label = SEPARATOR.join(filter(None, (keyed.cell.text, column.head)))
                    self._take(spec.name, keyed.meaning, mark, label, (column.head, *titles))
                self._running_year(block, column, titles)
            for series, column in self._columns_beside(columns, chosen[0]) if len(chosen) == 1 and titled else ():
                for keyed, mark in column.cells:
                    label = SEPARATOR.join(filter(None, (keyed.cell.text, column.head)))
                    self._take(spec.name, keyed.meaning, mark, label, (column.head, *titles), series)

    def _span_block(self, block: Sequence[_Keyed[str]]) -> None:
        """Twelve months in front of each row: "30.09.2025 – 30.09.2026"."""
        ends, titles = [keyed.meaning for keyed in block], self._titles(block)
        if ends not in (sorted(set(ends)), sorted(set(ends), reverse=True)):
            return
        if not is_of_returns(titles, self._names) or self._is_of_other(*titles):
            return
        columns = _columns(self._page, block)
        own = self._own(columns)
        beside = self._columns_beside(columns, own[0]) if len(own) == 1 else ()
        for series, column in (*(("", column) for column in own), *beside):
            for spec in self._words.keyed("year_to"):
                for keyed, mark in column.cells:
                    label = SEPARATOR.join(filter(None, (keyed.cell.text, column.head)))
                    self._take(spec.name, keyed.meaning, mark, label, (column.head, *titles), series)

    def _running_year(self, block: Sequence[_Keyed[str]], column: _Column[str], titles: Sequence[str]) -> None:
        """The row of the year that still runs, over or under the years: "2026 YTD", "YTD"."""
        first, last = block[0], block[-1]
        edge = column.cells[0][1].box.right if column.cells else 0.0
        near = (*self._page.above(first.row, 3), *self._page.below(last.row, 3))
        for row in near:
            for position, cell in enumerate(row.cells):
                bare = _YEAR_WITHIN.sub("", cell.folded).strip(" ()-,")
                targets = [target for target in self._words.period(bare) if not target.key] if bare else []
                to_date = {target.field for target in self._words.period("ytd")}
                gap = min(cell.box.bottom - first.row.box.top, last.row.box.bottom - cell.box.top, key=abs)
                if not targets or targets[0].field not in to_date or abs(gap) > _ROW_GAP * cell.size:
                    continue
                if abs(cell.box.left - first.cell.box.left) > _EDGE:
                    continue
                mark = next((m for m in _marks_behind(row, position) if abs(m.box.right - edge) <= _EDGE), None)
                if mark and not mark.nil:
                    label = SEPARATOR.join(filter(None, (cell.text, column.head)))
                    self._take(targets[0].field, "", mark, label, (column.head, *titles))

    def _own_bases(
        self, columns: Sequence[_Column[Periods]], titles: Sequence[str]
    ) -> list[tuple[_Column[Periods], str]]:
        """The columns of the document's own series, each with a section word of its basis where another column decides it.

        Under a title that names both bases ("cumulative and p.a."), "Fund" beside "Fund p.a." is cumulative.
        """
        own = [
            (column, self._basis(fold(column.head)))
            for column in columns
            if self._words.series(self._bare_head(column), self._names) == "own"
        ]
        if len(own) != 2 or own[0][1] == own[1][1]:
            return [(column, "") for column in self._own(columns)]
        given = next(basis for _, basis in own if basis)
        named = {
            spec.name
            for spec in self._words.keyed("period")
            for title in titles
            if self._words.in_section(spec.name, title)
        }
        other = next((name for name in named if name != given), "") if len(named) == 2 else ""
        words = self._words.sections(other)[:1] if other else ()
        return [(column, "" if basis else "".join(words)) for column, basis in own]

    def _bare_head(self, column: _Column[Meaning]) -> str:
        """The words over a column without those of its basis: "Fund p.a." → "Fund"."""
        folded = fold_label(column.head)
        for spec in self._words.keyed("period"):
            for section in sorted(self._words.sections(spec.name), key=len, reverse=True):
                folded = folded.removesuffix(" " + section)
        return folded

    def _own(self, columns: Sequence[_Column[Meaning]]) -> list[_Column[Meaning]]:
        """The column of the document's own series, or the only column when no series heads it."""
        own = [column for column in columns if self._words.series(column.head, self._names) == "own"]
        if len(own) == 1:
            return own
        if len(columns) == 1 and self._words.series(columns[0].head, self._names) != "other":
            return list(columns) if self._words.says_nothing(columns[0].head) else []
        return []

    def _titles(self, block: Sequence[_Keyed[Meaning]]) -> tuple[str, ...]:
        """The folded words over the block that begin at its left edge, the nearest first."""
        first = block[0]
        titles: list[str] = []
        for row in self._page.above(first.row, 3 * _TITLE_ROWS):
            for cell in row.cells:
                if abs(cell.box.left - first.cell.box.left) <= 12 and is_figure(cell.text, row.mark) is None:
                    titles.append(fold(cell.text))
            if len(titles) >= 2 or row.box.bottom - first.row.box.top > 60:
                break
        return tuple(titles)


def _blocks(page: PageLayout, meaning: Callable[[str], Meaning | None]) -> list[list[_Keyed[Meaning]]]:
    """Runs of two rows and more, one under the other, that begin with a key at the same left edge."""
    blocks: list[list[_Keyed[Meaning]]] = []
    for keyed in _keyed_rows(page, meaning):
        block = next((b for b in reversed(blocks) if _continues(b[-1], keyed)), None)
        if block:
            block.append(keyed)
        else:
            blocks.append([keyed])
    return [block for block in blocks if len(block) > 1]


def _keyed_rows(page: PageLayout, meaning: Callable[[str], Meaning | None]) -> Iterable[_Keyed[Meaning]]:
    for row in page.rows:
        for position, cell in enumerate(row.cells):
            understood = meaning(cell.text)
            marks = _marks_behind(row, position) if understood is not None else ()
            if understood is not None and marks and meaning(marks[0].text) is None:
                yield _Keyed(understood, cell, row, marks)


def _continues(above: _Keyed[Meaning], below: _Keyed[Meaning]) -> bool:
    near = above.cell.box.bottom - below.cell.box.top <= _ROW_GAP * max(below.cell.size, 1.0)
    return near and above.row is not below.row and abs(above.cell.box.left - below.cell.box.left) <= _EDGE


def _marks_behind(row: Row, position: int) -> tuple[Mark, ...]:
    """The figures behind a cell, up to the next words."""
    end = next(
        (
            cell.box.left
            for cell in row.cells[position + 1 :]
            if not any(mark.words[0] in cell.words or mark.words[-1] in cell.words for mark in row.marks)
        ),
        float("inf"),
    )
    start = row.cells[position].box.right
    return tuple(mark for mark in row.marks if start <= mark.box.left and mark.box.right <= end)


def _columns(page: PageLayout, block: Sequence[_Keyed[Meaning]]) -> list[_Column[Meaning]]:
    """The columns of a block by their right edges; a figure that fits none starts its own."""
    edges: list[float] = []
    for keyed in block:
        for mark in keyed.marks:
            if not any(abs(mark.box.right - edge) <= _EDGE for edge in edges):
                edges.append(mark.box.right)
    columns: list[_Column[Meaning]] = []
    for edge in sorted(edges):
        inside = [(k, m) for k in block for m in k.marks if abs(m.box.right - edge) <= _EDGE]
        if all(_AMOUNT.fullmatch(mark.text) for _, mark in inside):
            continue  # what 10,000 have become
        cells = tuple((keyed, mark) for keyed, mark in inside if not mark.nil)
        place = Place(page, inside[0][1].words)
        near = any(cell.box.bottom - place.box.top <= _HEAD_REACH for cell in place.column_cells[:1])
        columns.append(_Column(place.heads[0] if near and place.heads else "", cells))
    return columns
