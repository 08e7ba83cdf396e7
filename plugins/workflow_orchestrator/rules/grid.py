"""The monthly grid: which months a period has, and the values of a window when none is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from workflow_orchestrator.rules.registry import NumberParameter, Occasion
from workflow_orchestrator.values import Value

WINDOW = NumberParameter(0, 0, 600, "the months that the figure is over; 0: all since the launch")


def month_key(day: date) -> str:
    """The key of a day's month: `2026-10`."""
    return f"{day.year:04d}-{day.month:02d}"


def last_months(as_of: date, count: int) -> list[str]:
    """The keys of the last `count` months up to the month of a day, oldest first."""
    last = as_of.year * 12 + as_of.month - 1
    return [f"{index // 12:04d}-{index % 12 + 1:02d}" for index in range(last - count + 1, last + 1)]


def months_between(first: date, last: date) -> int:
    """By how many months the month of `last` is later than that of `first`."""
    return (last.year - first.year) * 12 + last.month - first.month


def complete(grid: Mapping[str, Value], keys: Sequence[str]) -> list[Value]:
    """The values of these months, or nothing if one of them is missing."""
    return [grid[key] for key in keys] if keys and all(key in grid for key in keys) else []


def window(occasion: Occasion, count: int) -> list[Value]:
    """The last `count` months of the field `months`, 0: all since the month of the launch; nothing where one is missing."""
    as_of, launch = occasion.day("as_of"), occasion.day("launch")
    if as_of is None:
        return []
    if not count:
        if launch is None or launch > as_of:
            return []
        count = months_between(launch, as_of) + 1
    return complete(occasion.keyed("months"), last_months(as_of, count))
