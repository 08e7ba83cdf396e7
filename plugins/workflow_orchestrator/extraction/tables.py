"""Finds tables of figures: a row of column heads over rows of one label and several figures.

    Cumulative                      Annualised            ← groups
              1 month   YTD  Since    3 years   Since     ← heads, on one or two lines
                             launch             launch
    Fund         1.93  10.13 188.69     14.66    8.79     ← rows
    Benchmark    0.81   4.30 102.67      8.16    5.77

What a head means is the caller's business: this module only pairs each figure with its head, or refuses the row.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Generic, TypeVar

from workflow_orchestrator.documents import Word
from workflow_orchestrator.documents.model import around
from workflow_orchestrator.extraction.fold import fold
from workflow_orchestrator.extraction.layout import Cell, Mark, PageLayout, Printed, Row, is_figure, overlap
from workflow_orchestrator.values import Box

Meaning = TypeVar("Meaning")

_YEAR = re.compile(r"(?:19|20)\d\d")
_DATE = re.compile(r"\d{1,2}[./-]\d{1,2}[./-](?:\d{4}|\d{2})")
_MAX_HEAD_WORDS = 5
_ROW_GAP = 2.4  # of the font size: a wider gap ends the table
_TITLE_ROWS = 3  # rows above the heads that may say what the table shows
_NOTE = 0.75  # of the size of the heads: smaller is a footnote sign on a row of its own
_TITLE_REACH = 60.0  # points


@dataclass(frozen=True)
class Head(Printed, Generic[Meaning]):
    """One column head: what it means and all of its printed words, those of a second line included."""

    meaning: Meaning
    words: tuple[Word, ...]


@dataclass(frozen=True)
class Line(Generic[Meaning]):
    """One row of a table: its label and the figure or nil under each head that has one."""

    label: tuple[Cell, ...]
    cells: tuple[tuple[Head[Meaning], Mark], ...]
    row: Row
    section: str = ""  # the words of the row within the table that says what the rows below it are

    @property
    def label_text(self) -> str:
        return " ".join(cell.text for cell in self.label)


@dataclass(frozen=True)
class Table(Generic[Meaning]):
    """A table with the words above it, the nearest first, and those in its corner before the heads."""

    heads: tuple[Head[Meaning], ...]
    lines: tuple[Line[Meaning], ...]
    groups: tuple[tuple[Cell, tuple[Head[Meaning], ...]], ...]
    titles: tuple[str, ...]
    stub: tuple[str, ...]
    row: Row

    def group_of(self, head: Head[Meaning]) -> str:
        return next((cell.text for cell, heads in self.groups if head in heads), "")


def find_tables(
    page: PageLayout,
    meaning: Callable[[str], Meaning | None],
    least: int = 2,
    section: Callable[[str], bool] = lambda text: False,
) -> list[Table[Meaning]]:
    """Every table whose heads `meaning` understands, at least `least` of them in a row.

    `section` says whether a row without figures parts the table instead of ending it.
    """
    tables: list[Table[Meaning]] = []
    for row in page.rows:
        if len(row.words) < least:
            continue
        heads = _heads(page, row, meaning)
        if len(heads) < least:
            continue
        heads = _at_other_heights(page, row, heads, meaning, section)
        below = _first_below(page, row, heads)
        lines = _lines(page, below, heads, _strangers(row, heads), section)
        if lines:
            titles, stub = _titles(page, row, heads, lines), _stub(page, row, heads, lines)
            tables.append(Table(heads, lines, _groups(page, row, heads), titles, stub, row))
    return tables


def _stub(page: PageLayout, row: Row, heads: Sequence[Head[Meaning]], lines: Sequence[Line[Meaning]]) -> tuple[str, ...]:
    """The folded words in front of the heads, over the labels of the rows, with their second line."""
    edges = [line.label[0].box.left for line in lines if line.label]
    for cell in row.cells:
        over = any(abs(cell.box.left - edge) <= 12 for edge in edges)
        if over and cell.box.right < heads[0].box.left and is_figure(cell.text, row.mark) is None:
            under = page.under(cell, row, reach=0.5)
            more = under[0].text if under and under[0].style == cell.style and not under[1].marks else ""
            return (fold(f"{cell.text} {more}"),)
    return ()


def _heads(page: PageLayout, row: Row, meaning: Callable[[str], Meaning | None]) -> tuple[Head[Meaning], ...]:
    """The heads of a row: the longest runs of words that mean something, alone or with the words below them."""
    heads: list[Head[Meaning]] = []
    index = 0
    while index < len(row.words):
        head = _head_at(page, row, index, meaning)
        if head:
            heads.append(head)
            index += sum(1 for word in head.words if word in row.words)
        else:
            index += 1
    return _standing_alone(row, heads)


def _head_at(page: PageLayout, row: Row, index: int, meaning: Callable[[str], Meaning | None]) -> Head[Meaning] | None:
    for count in range(min(_MAX_HEAD_WORDS, len(row.words) - index), 0, -1):
        words = row.words[index : index + count]
        if any(b.box.left - a.box.right > 0.9 * row.height for a, b in pairwise(words)):
            continue
        if count > 1 and _DATE.fullmatch(words[-1].text) and words[-1].box.left - words[-2].box.right > 0.45 * row.height:
            continue  # a day may be the head of the next column
        if index and words[0].box.left - row.words[index - 1].box.right < 0.12 * row.height:
            return None
        more = _continued(page, row, words)
        for taken in ((*words, *more), words):
            understood = meaning(" ".join(word.text for word in taken))
            if understood is not None:
                return Head(understood, (*words, *more))
    return None


def _at_other_heights(
    page: PageLayout,
    row: Row,
    heads: tuple[Head[Meaning], ...],
    meaning: Callable[[str], Meaning | None],
    section: Callable[[str], bool],
) -> tuple[Head[Meaning], ...]:
    """The heads of a row with those of two lines beside them, which are set around its height or end on it."""
    found = list(heads)
    pitch = _pitch(heads)
    for upper in page.above(row, 4):
        if upper.box.bottom - row.box.bottom > 1.3 * row.height:
            break
        for cell in upper.cells:
            if cell.style != heads[0].words[0].style or section(cell.text):
                continue
            index = next((n for n, head in enumerate(found) if overlap(cell.box, head.box) > 0), None)
            if index is not None:
                joined = meaning(f"{cell.text} {found[index].text}") if _over(cell.box, found[index].box) else None
                if joined is not None:
                    found[index] = Head(joined, cell.words + found[index].words)
                continue
            near = min(abs(cell.box.left - head.box.right) for head in found) <= 2 * pitch
            more = _continued(page, upper, cell.words) if near else ()
            understood = (meaning(" ".join(word.text for word in (*cell.words, *more))) or meaning(cell.text)) if more else None
            if understood is not None:
                found.append(Head(understood, (*cell.words, *more)))
    return tuple(sorted(found, key=lambda head: head.box.right))


def _over(upper: Box, lower: Box) -> bool:
    """Whether words stand over others as the line before them: at one edge or on one axis."""
    middle = abs((upper.left + upper.right) - (lower.left + lower.right)) / 2
    return min(abs(upper.left - lower.left), abs(upper.right - lower.right), middle) <= 3


def _continued(page: PageLayout, row: Row, words: Sequence[Word]) -> tuple[Word, ...]:
    """The words of a second line of a head: of the same style, directly below, not a figure."""
    box = around(words)
    for lower in page.below(row, 4):  # rows of other columns of the page may lie between
        if box.bottom - lower.box.top > 0.6 * row.height:
            break
        more = tuple(
            word
            for word in lower.words
            if word.style == words[0].style and (abs(word.box.right - box.right) <= 4 or _within(word.box, box))
        )
        if more and more[0].box.top <= box.bottom + 0.4 * row.height:
            return () if any(is_figure(word.text, lower.mark) is not None for word in more) else more
    return ()


def _within(box: Box, outer: Box) -> bool:
    return outer.left - 2 <= (box.left + box.right) / 2 <= outer.right + 2


def _standing_alone(row: Row, heads: Sequence[Head[Meaning]]) -> tuple[Head[Meaning], ...]:
    """The heads that are not part of a longer run of words, as "since launch" is in "Growth of USD 100 since launch"."""
    own = {word for head in heads for word in head.words}
    kept: list[Head[Meaning]] = []
    for head in heads:
        inside = [number for number, word in enumerate(row.words) if word in head.words]
        before = row.words[inside[0] - 1] if inside[0] else None
        after = row.words[inside[-1] + 1] if inside[-1] + 1 < len(row.words) else None
        left = row.words[inside[0]].box.left - before.box.right if before and before not in own else row.height
        right = after.box.left - row.words[inside[-1]].box.right if after and after not in own else row.height
        if min(left, right) >= 0.5 * row.height:
            kept.append(head)
    return tuple(kept)


def _first_below(page: PageLayout, row: Row, heads: Sequence[Head[Meaning]]) -> tuple[Row, ...]:
    lowest = min(head.box.bottom for head in heads)
    return tuple(
        lower for lower in page.below(row, 60) if lower.box.top - 0.5 * lower.height <= lowest + 0.2 * row.height
    )


def _strangers(row: Row, heads: Sequence[Head[Meaning]]) -> tuple[Box, ...]:
    """The other words in the row of the heads, "Quarter" or a year: columns whose figures are nobody's."""
    own = {word for head in heads for word in head.words}
    pitch = _pitch(heads)
    runs: list[list[Word]] = []
    for word in row.words:
        if word in own or not heads[0].box.left - 3 * pitch <= word.box.left <= heads[-1].box.right + pitch:
            continue
        if runs and word.box.left - runs[-1][-1].box.right <= 0.5 * row.height:
            runs[-1].append(word)
        else:
            runs.append([word])
    texts = [(around(run), " ".join(word.text for word in run)) for run in runs]
    return tuple(box for box, text in texts if is_figure(text, row.mark) is None or _YEAR.fullmatch(text))


def _lines(
    page: PageLayout,
    rows: Sequence[Row],
    heads: Sequence[Head[Meaning]],
    strangers: Sequence[Box],
    section: Callable[[str], bool],
) -> tuple[Line[Meaning], ...]:
    lines: list[Line[Meaning]] = []
    under = ""
    last = min(head.box.bottom for head in heads)
    for row in rows:
        marks = [mark for mark in row.marks if _in_zone(mark.box, heads)]
        gap = last - row.box.top
        if gap > _ROW_GAP * row.height:
            break
        if lines and not marks and (parting := _parting(row, lines[-1], section)):
            under, last = parting, row.box.bottom
            continue
        if lines and (all(_YEAR.fullmatch(mark.text) for mark in marks) if marks else _is_title(row, lines[-1])):
            break  # the title or the heads of the next table
        if not marks:
            if _crosses(row, heads):
                break
            continue  # the second line of the heads, or a line of another column of the page
        line = _line(row, marks, heads, strangers)
        if line is None:
            break
        lines.append(replace(line, section=under))
        last = row.box.bottom
    return tuple(lines)


def _parting(row: Row, line: Line[Meaning], section: Callable[[str], bool]) -> str:
    """The words at the edge of the labels of a row that parts a table; empty for any other row."""
    edge = line.label[0].box.left if line.label else None
    cell = next((cell for cell in row.cells if edge is not None and abs(cell.box.left - edge) <= 3), None)
    return cell.text if cell and section(cell.text) else ""


def _is_title(row: Row, line: Line[Meaning]) -> bool:
    """Whether a row without figures begins where the labels of a table begin, in another style than they have."""
    if not line.label:
        return False
    first = line.label[0]
    return any(abs(cell.box.left - first.box.left) <= 3 and cell.bold and not first.bold for cell in row.cells)


def _in_zone(box: Box, heads: Sequence[Head[Meaning]]) -> bool:
    pitch = _pitch(heads)
    first, last = heads[0].box, heads[-1].box
    middle = (box.left + box.right) / 2
    return first.left - 0.5 * pitch <= middle <= last.right + 0.5 * pitch


def _crosses(row: Row, heads: Sequence[Head[Meaning]]) -> bool:
    """Whether words stand where the figures should: the table is over."""
    own = {word for head in heads for word in head.words}
    return any(heads[0].box.left - 2 <= word.box.left <= heads[-1].box.right for word in row.words if word not in own)


def _pitch(heads: Sequence[Head[Meaning]]) -> float:
    """The smallest distance between two columns, by the edge at which they are aligned."""
    if len(heads) < 2:
        return max(30.0, heads[0].box.right - heads[0].box.left)
    return min(b.box.right - a.box.right for a, b in pairwise(heads)) or 1.0


def _line(
    row: Row, marks: Sequence[Mark], heads: Sequence[Head[Meaning]], strangers: Sequence[Box] = ()
) -> Line[Meaning] | None:
    """The row with each figure under its head, or `None` when one figure fits no head or two."""
    pitch = _pitch(heads)
    placed: list[tuple[Head[Meaning], Mark]] = []
    passed = {
        word
        for mark in row.marks
        for box in strangers
        if _distance(box, mark.box) < min(0.5 * pitch, *(_distance(head.box, mark.box) for head in heads))
        for word in mark.words
    }
    for mark in marks:
        if mark.words[0] in passed:
            continue
        order = sorted(heads, key=lambda head: _distance(head.box, mark.box))
        best = _distance(order[0].box, mark.box)
        second = _distance(order[1].box, mark.box) if len(order) > 1 else best + pitch
        if best > 0.5 * pitch or second - best < 0.2 * pitch:
            if mark is marks[0] and mark.box.right <= heads[0].box.left:
                continue  # a key number or a year in front of the row
            return None
        placed.append((order[0], mark))
    if not placed or len({id(head) for head, _ in placed}) < len(placed):
        return None
    start = placed[0][1].box.left
    inside = passed.union(word for _, mark in placed for word in mark.words)
    if any(word.box.left > start and word.box.left < heads[-1].box.right and word not in inside for word in row.words):
        return None
    return Line(_label_cells(row, start, passed), tuple(placed), row)


def _distance(head: Box, mark: Box) -> float:
    return min(
        abs(head.right - mark.right),
        abs(head.left - mark.left),
        abs((head.left + head.right) - (mark.left + mark.right)) / 2,
    )


def _label_cells(row: Row, start: float, passed: Set[Word]) -> tuple[Cell, ...]:
    """The cells in front of the first figure: the nearest one, and those that stand close before it."""
    before = [cell for cell in row.cells if cell.box.right <= start + 0.1 and not set(cell.words) <= passed]
    label: list[Cell] = []
    for cell in reversed(before):
        if label and label[0].box.left - cell.box.right > 2.5 * row.height:
            break
        label.insert(0, cell)
    return tuple(label)


def _groups(
    page: PageLayout, row: Row, heads: Sequence[Head[Meaning]]
) -> tuple[tuple[Cell, tuple[Head[Meaning], ...]], ...]:
    """Words directly above the heads that stretch over several of them, each with its heads.

    The heads are parted where the middles, or the edges, of the groups and of their heads agree best; when two ways
    agree nearly as well, there are no groups.
    """
    left, right = heads[0].box.left - _pitch(heads), heads[-1].box.right
    own = {word for head in heads for word in head.words}
    top = max(row.box.top, *(head.box.top for head in heads))
    for upper in page.above(row, 6):
        if upper.box.bottom - top > 1.8 * row.height:
            return ()
        if not any(left <= (cell.box.left + cell.box.right) / 2 <= right and not own >= set(cell.words) for cell in upper.cells):
            continue  # a line of another column of the page, or the first line of a head
        cells = [
            cell
            for cell in upper.cells
            if left <= (cell.box.left + cell.box.right) / 2 <= right
            and is_figure(cell.text, upper.mark) is None
            and not own >= set(cell.words)
        ]
        if len(cells) < 2 or len(cells) > 3 or len(heads) < len(cells):
            return ()
        return _part(cells, heads)
    return ()


def _part(cells: Sequence[Cell], heads: Sequence[Head[Meaning]]) -> tuple[tuple[Cell, tuple[Head[Meaning], ...]], ...]:
    if len(cells) == 1:
        return ((cells[0], tuple(heads)),)
    ways: list[tuple[float, tuple[tuple[Cell, tuple[Head[Meaning], ...]], ...]]] = []
    for cut in range(1, len(heads) - len(cells) + 2):
        rest = _part(cells[1:], heads[cut:])
        way = ((cells[0], tuple(heads[:cut])), *rest)
        if rest and all(len({head.meaning for head in part}) == len(part) for _, part in way):
            ways.append((_misfit(way), way))  # a head that comes again is of the next group
    ways.sort(key=lambda item: item[0])
    pitch = _pitch(heads)
    if not ways or ways[0][0] > 1.2 * pitch or (len(ways) > 1 and ways[1][0] - ways[0][0] < 0.25 * pitch):
        return ()
    return ways[0][1]


def _misfit(way: Sequence[tuple[Cell, tuple[Head[Meaning], ...]]]) -> float:
    """How far the group words are off their heads: by middles of words or columns, or by edges, whichever fits best."""
    middles = columns = lefts = rights = 0.0
    before: float | None = None
    for cell, heads in way:
        left, right = heads[0].box.left, heads[-1].box.right
        start = right - len(heads) * _pitch(heads) if before is None else before  # of columns that are set flush right
        middles += abs((cell.box.left + cell.box.right) - (left + right)) / 2
        columns += abs((cell.box.left + cell.box.right) - (start + right)) / 2
        lefts += abs(cell.box.left - left)
        rights += abs(cell.box.right - right)
        before = right
    return min(middles, columns, lefts, rights)


def _titles(
    page: PageLayout, row: Row, heads: Sequence[Head[Meaning]], lines: Sequence[Line[Meaning]]
) -> tuple[str, ...]:
    """Folded words above the table, without figures, that start at its left or stand over it; the nearest first."""
    titles: list[str] = []
    left = min([heads[0].box.left, *(cell.box.left for line in lines for cell in line.label)]) - 3
    right = heads[-1].box.right
    own = {word for head in heads for word in head.words}
    for upper in page.above(row, _TITLE_ROWS + 2):
        if upper.box.bottom - row.box.top > _TITLE_REACH or len(titles) >= _TITLE_ROWS:
            break
        over = [cell for cell in upper.cells if cell.box.left < right and cell.box.right > left]
        nearest = [cell for cell in over if is_figure(cell.text, upper.mark) is None and not own >= set(cell.words)]
        if any(_in_zone(mark.box, heads) and mark.words[0].size > _NOTE * row.height for mark in upper.marks):
            break  # another table
        if nearest:
            titles.append(fold(nearest[-1].text if len(nearest) == 1 else " ".join(cell.text for cell in nearest)))
    return tuple(titles)
