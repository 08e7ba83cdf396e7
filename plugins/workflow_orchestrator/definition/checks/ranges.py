"""Which values of one subject a condition holds for, where that can be decided: some words, or a range of numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from workflow_orchestrator.definition.checks.subjects import Sort
from workflow_orchestrator.definition.language import SUBJECTS

SortOf = Callable[[str, str], Sort | None]


@dataclass(frozen=True, slots=True)
class Region:
    """The values of a subject for which a condition holds: `words`, or the numbers from `low` to `high`.

    An open end leaves the limit itself out.
    """

    subject: tuple[str, str]
    words: frozenset[str | bool] | None = None
    low: float = -math.inf
    high: float = math.inf
    low_open: bool = False
    high_open: bool = False

    @property
    def empty(self) -> bool:
        """Whether it holds for nothing."""
        if self.words is not None:
            return not self.words
        return self.low > self.high or (self.low == self.high and (self.low_open or self.high_open))

    def meet(self, other: Region) -> Region | None:
        """What both hold for; `None` where that cannot be said."""
        if self.subject != other.subject or (self.words is None) != (other.words is None):
            return None
        if self.words is not None and other.words is not None:
            return Region(self.subject, self.words & other.words)
        low = max((self.low, self.low_open), (other.low, other.low_open))
        high = min((self.high, not self.high_open), (other.high, not other.high_open))
        return Region(self.subject, None, low[0], high[0], low[1], not high[1])

    def covered_by(self, others: Sequence[Region]) -> bool:
        """Whether all that it holds for is taken by others before it; of ranges, by a single one."""
        same = [other for other in others if other.subject == self.subject]
        if self.words is not None:
            taken = frozenset[str | bool]().union(*(other.words or () for other in same))
            return self.words <= taken
        return any(other.words is None and self._within(other) for other in same)

    def _within(self, other: Region) -> bool:
        low = (self.low, self.low_open) >= (other.low, other.low_open)
        high = (self.high, not self.high_open) <= (other.high, not other.high_open)
        return low and high


def region_of(data: dict[str, Any], sort_of: SortOf) -> Region | None:
    """The region of a sound condition; `None` where it cannot be said."""
    if "all" in data:
        regions = [region_of(part, sort_of) for part in data["all"]]
        return _contradiction([region for region in regions if region is not None], len(regions))
    if "any" in data or "not" in data or "failed" in data:
        return None
    source = next(key for key in SUBJECTS if key in data)
    operator, value = next((key, value) for key, value in data.items() if key != source)
    sort = sort_of(source, data[source])
    if sort is None or operator == "present":
        return None
    subject = (source, data[source])
    if sort.kind in ("text", "boolean"):
        return _words(subject, sort, operator, value)
    return _numbers(subject, sort, operator, value) if sort.kind == "number" else None


def _contradiction(regions: list[Region], parts: int) -> Region | None:
    """What all of some regions hold for: exact where they are of one subject, else only whether two exclude each other."""
    meeting = regions[0] if regions else None
    for index, region in enumerate(regions):
        if region.empty:
            return region
        for other in regions[:index]:
            both = region.meet(other)
            if both is not None and both.empty:
                return both
        meeting = meeting.meet(region) if meeting is not None else None
    return meeting if len(regions) == parts else None


def _words(subject: tuple[str, str], sort: Sort, operator: str, value: Any) -> Region | None:
    known: frozenset[str | bool] = frozenset(sort.words if sort.kind == "text" else (True, False))
    if operator == "is":
        return Region(subject, frozenset((value,)))
    if operator == "one_of":
        return Region(subject, frozenset(value))
    return Region(subject, known - {value}) if operator == "is_not" and known else None


def _numbers(subject: tuple[str, str], sort: Sort, operator: str, value: Any) -> Region | None:
    low = float(sort.minimum) if isinstance(sort.minimum, int | float) else -math.inf
    high = float(sort.maximum) if isinstance(sort.maximum, int | float) else math.inf
    whole = Region(subject, None, low, high)
    match operator:
        case "is":
            return whole.meet(Region(subject, None, value, value))
        case "at_least":
            return whole.meet(Region(subject, None, low=value))
        case "more_than":
            return whole.meet(Region(subject, None, low=value, low_open=True))
        case "at_most":
            return whole.meet(Region(subject, None, high=value))
        case "less_than":
            return whole.meet(Region(subject, None, high=value, high_open=True))
    return None
