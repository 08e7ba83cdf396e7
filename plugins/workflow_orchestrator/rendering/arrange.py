"""Arranges the values of a slide for its drawing: which stand in one row, where a bar begins, what is missing between.

Nothing here makes a figure. What is computed, where a bar of a bridge begins and how months compound, is the place of a
mark and is never printed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from workflow_orchestrator.errors import LayoutError
from workflow_orchestrator.rules.interval import Interval
from workflow_orchestrator.values import Kind, Value

_HUNDRED = Decimal(100)


CELL = " · "  # between the row and the column in the key of a table's cell


@dataclass(frozen=True, slots=True)
class Grid:
    """References in rows and columns, by row and column; a table need not have all of its cells.

    `columns` are field names, or the words over the columns if the keys name `cells`; a grid of single values has one
    column, named "", and its rows are the references.
    """

    columns: tuple[str, ...]
    rows: tuple[str, ...]
    refs: Mapping[tuple[str, str], str]
    cells: bool = False

    def part(self, rows: Sequence[str], columns: Sequence[str]) -> list[str]:
        """The references of some rows and columns, row by row."""
        return [ref for row in rows for column in columns if (ref := self.refs.get((row, column)))]


def grid_of(refs: Sequence[str]) -> Grid | None:
    """The table that references form: a row for each key and a column for each field, or a row for each single value.

    Keys of cells, "Baseline · F1", name their row and column themselves. None if the references form no table: keyed and
    single values stand side by side, or two claim one place.
    """
    refs = tuple(dict.fromkeys(refs))
    places = [_place(ref) for ref in refs]
    kinds = {kind for kind, _, _ in places}
    found = {(row, column): ref for ref, (_, row, column) in zip(refs, places, strict=True)}
    if len(kinds) != 1 or len(found) < len(refs):
        return None
    rows, columns = (tuple(dict.fromkeys(place[at] for place in places)) for at in (1, 2))
    return Grid(columns, rows, found, cells=kinds == {"cell"})


def _place(ref: str) -> tuple[str, str, str]:
    """What kind of reference it is, and its row and column."""
    name, _, key = ref.partition(".")
    if CELL in key:
        row, _, column = key.rpartition(CELL)
        return "cell", row, column
    return ("keyed", key, name) if key else ("single", ref, "")


def keys_between(keys: Sequence[str], keyed: str) -> list[str]:
    """All years or months from the first to the last key, in order; other keys as they are."""
    if keyed == "year" and keys:
        numbers = sorted(map(int, keys))
        return [str(year) for year in range(numbers[0], numbers[-1] + 1)]
    if keyed == "month" and keys:
        numbers = sorted(int(year) * 12 + int(month) - 1 for year, month in (key.split("-") for key in keys))
        return [f"{month // 12}-{month % 12 + 1:02d}" for month in range(numbers[0], numbers[-1] + 1)]
    return list(keys)


def compounded(returns: Sequence[Decimal]) -> tuple[Decimal, ...]:
    """How returns in per cent link, from zero: the return to the end of each of consecutive periods.

    Time-weighted returns multiply: (1 + r1)(1 + r2) … - 1, as in the GIPS standards' geometric linking.
    """
    points, factor = [Decimal(0)], Decimal(1)
    for item in returns:
        factor *= 1 + item / _HUNDRED
        points.append(round((factor - 1) * _HUNDRED, 6))
    return tuple(points)


def is_whole(values: Sequence[Value]) -> bool:
    """Whether percentages can be the parts of one whole: none below zero, and no more than 100 within their rounding."""
    if not values or any(value.kind is not Kind.PERCENT for value in values):
        return False
    total = Interval.exactly(0)
    for value in values:
        total += Interval.printed(value)
    return all(isinstance(value.value, Decimal) and value.value >= 0 for value in values) and total.low <= _HUNDRED


@dataclass(frozen=True, slots=True)
class Step:
    """One bar of a bridge: it begins at `base` and runs over `amount`; a `total` stands on zero."""

    base: Decimal
    amount: Decimal
    total: bool = False


def bridge(values: Sequence[Value], slide: str) -> tuple[Step, ...]:
    """The bars that lead from the first value to the last.

    Documents print a cost without a sign, and subtotals between the changes. Which of the values between are added,
    which taken away and which are subtotals follows from the digits alone: the one reading in which each total is what
    leads up to it, within what its printed digits can stand for. The signs as they are printed come first; only where they
    lead nowhere are changes without a minus taken away, too.

    Raises:
        LayoutError: a value is no number, or no reading, or more than one, leads from the first to the last.
    """
    numbers = [(value.value, Interval.printed(value)) for value in values if isinstance(value.value, Decimal)]
    if len(numbers) < len(values) or len(numbers) < 3 or len({value.unit for value in values}) > 1:
        raise LayoutError(
            f"slide {slide} is a bridge and needs at least three numbers of one unit; show its values as figures",
            slide=slide,
        )
    readings = _readings(numbers, as_printed=True) or _readings(numbers, as_printed=False)
    if len(readings) != 1:
        printed = ", ".join(value.evidence.quote for value in values)
        found = "no way" if not readings else "more than one way"
        raise LayoutError(
            f"slide {slide}: {found} leads from the first of {printed} to the last by adding and taking away; show "
            "these values as bars",
            slide=slide,
        )
    return readings[0]


def _readings(numbers: Sequence[tuple[Decimal, Interval]], *, as_printed: bool) -> list[tuple[Step, ...]]:
    """Every way to read the values as a bridge, with the printed signs or any. At most two are of interest: one is right, two are none."""
    found: list[tuple[Step, ...]] = []
    first, last = numbers[0], len(numbers) - 1

    def go_on(index: int, running: Interval, at: Decimal, steps: tuple[Step, ...]) -> None:
        if len(found) > 1:
            return
        number, printed = numbers[index]
        is_total = running.fits(printed) and not steps[-1].total
        total = (*steps, Step(Decimal(0), number, total=True))
        if index == last:
            if is_total:
                found.append(total)
            return
        if is_total:
            go_on(index + 1, printed, number, total)
        go_on(index + 1, running + printed, at + number, (*steps, Step(at, number)))
        if number > 0 and not as_printed:  # what is printed with a minus is taken away already
            go_on(index + 1, running - printed, at - number, (*steps, Step(at, -number)))

    go_on(1, first[1], first[0], (Step(Decimal(0), first[0], total=True),))
    return found
