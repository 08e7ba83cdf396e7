"""The monthly grid: which months a period has, and the values of a window when none is missing."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from workflow_orchestrator.rules.findings import NotApplicable
from workflow_orchestrator.rules.registry import NumberParameter, Occasion
from workflow_orchestrator.values import Value

WINDOW = NumberParameter(0, 0, 600, "the months that the figure is over; 0: all since the launch")

_MOST_NAMED = 3
_SATURDAY = 5


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


def months_before(day: date, count: int) -> date:
    """The same day so many months earlier; the end of a month for the end of a month."""
    index = day.year * 12 + day.month - 1 - count
    first = date(index // 12, index % 12 + 1, 1)
    last = month_end(first)
    return last if day == month_end(day) else min(last, first.replace(day=1) + timedelta(days=day.day - 1))


def months_of(period: str) -> int:
    """How many months a period such as `6m` or `3y` has; 0 for one without a fixed length."""
    match = re.fullmatch("([1-9][0-9]?)([my])", period)
    return 0 if match is None else int(match.group(1)) * (12 if match.group(2) == "y" else 1)


def month_end(day: date) -> date:
    """The last day of a day's month."""
    return day.replace(day=monthrange(day.year, day.month)[1])


def ends_a_month(day: date) -> bool:
    """Whether figures of this day are those of the whole month: at most one weekday of it is left, which may be a holiday.

    Figures of the middle of a month are over other twelve months than those of the grid.
    """
    left = (month_end(day) - day).days
    return sum((day + timedelta(days=more)).weekday() < _SATURDAY for more in range(1, left + 1)) <= 1


def complete(grid: Mapping[str, Value], keys: Sequence[str]) -> list[Value]:
    """The values of these months, or nothing if one of them is missing."""
    return [grid[key] for key in keys] if keys and all(key in grid for key in keys) else []


def gap(grid: Mapping[str, Value], keys: Sequence[str], result: Value) -> NotApplicable:
    """That a figure cannot be made of the months, because some are not printed."""
    missing = [key for key in keys if key not in grid]
    more = f" and {len(missing) - _MOST_NAMED} more" if len(missing) > _MOST_NAMED else ""
    return NotApplicable(f"months are not printed: {', '.join(missing[:_MOST_NAMED])}{more}", (result.ref,))


def window_keys(occasion: Occasion, count: int) -> list[str]:
    """The keys of the last `count` months of the field `months`, 0: all since the month of the launch; nothing if nobody knows."""
    as_of, launch = occasion.day("as_of"), occasion.day("launch")
    if as_of is None:
        return []
    if not count:
        if launch is None or launch > as_of:
            return []
        count = months_between(launch, as_of) + 1
    return last_months(as_of, count)


def window(occasion: Occasion, count: int) -> list[Value]:
    """The values of these months; nothing where one is missing."""
    return complete(occasion.keyed("months"), window_keys(occasion, count))


def no_window(occasion: Occasion, count: int, result: Value) -> NotApplicable:
    """Why there is no window of so many months."""
    keys = window_keys(occasion, count)
    if not keys:
        return NotApplicable("without as-of and launch date nobody knows how many months it is over", (result.ref,))
    return gap(occasion.keyed("months"), keys, result)
