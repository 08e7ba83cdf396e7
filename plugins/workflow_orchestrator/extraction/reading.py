"""What a reader hands over: values with evidence, and what it saw but would not take, with the reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from workflow_orchestrator.values import Evidence, Value, ValueSet


@dataclass(frozen=True, slots=True)
class Rejected:
    """Something printed that looked like a value of `ref` and was left out.

    `contested` says that other words of the document claim to be the same value just as well; `choose` that nothing goes on before a
    person says which is meant.
    """

    ref: str
    quote: str
    page: int
    reason: str
    contested: bool = False
    choose: bool = False

    def to_json(self) -> dict[str, Any]:
        asked = {"choose": True} if self.choose else {}
        return {"ref": self.ref, "quote": self.quote, "page": self.page, "reason": self.reason, **asked}


@dataclass(frozen=True, slots=True)
class Reading:
    """The result of reading one document."""

    values: ValueSet
    rejected: tuple[Rejected, ...]

    def to_json(self) -> dict[str, Any]:
        return {"values": self.values.to_json(), "rejected": [item.to_json() for item in self.rejected]}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A value with the weight of the words that named it: 0 is best, and decides only between texts."""

    value: Value
    rank: int = 0


class Findings:
    """Collects candidates and refusals while pages are read, and settles them at the end."""

    def __init__(self) -> None:
        self._candidates: dict[str, list[Candidate]] = {}
        self._rejected: list[Rejected] = []
        self.of_part: set[Evidence] = set()  # days that are said to be of one thing on the page only
        self.unread: set[str] = set()  # fields of which the best label is printed, with nothing beside it that could be read

    def add(self, value: Value, rank: int = 0) -> None:
        self._candidates.setdefault(value.ref, []).append(Candidate(value, rank))

    def reject(
        self, ref: str, quote: str, page: int, reason: str, *, contested: bool = False, choose: bool = False
    ) -> None:
        item = Rejected(ref, quote, page, reason, contested, choose)
        if item not in self._rejected:
            self._rejected.append(item)

    def candidates(self, ref: str) -> tuple[Candidate, ...]:
        return tuple(self._candidates.get(ref, ()))

    def refs(self) -> tuple[str, ...]:
        return tuple(self._candidates)

    def replace(self, ref: str, candidates: Iterable[Candidate]) -> None:
        self._candidates[ref] = list(candidates)

    def first(self, ref: str) -> Value | None:
        """The value that would be settled on now, or `None`."""
        value, _ = _settle(self._candidates.get(ref, []))
        return value

    def settle(self, order: Iterable[str]) -> Reading:
        """One value per reference: equal candidates count once, different ones cancel each other out."""
        positions = {name: number for number, name in enumerate(order)}
        values: list[Value] = []
        for ref, candidates in self._candidates.items():
            if not candidates:
                continue
            value, reason = _settle(candidates)
            if value:
                values.append(value)
            else:
                for candidate in candidates:
                    evidence = candidate.value.evidence
                    self.reject(ref, evidence.quote, evidence.page, reason, contested=True)
        values.sort(key=lambda value: (positions.get(value.field, len(positions)),))
        return Reading(ValueSet(values), tuple(self._rejected))


def _settle(candidates: list[Candidate]) -> tuple[Value | None, str]:
    if not candidates:
        return None, ""
    best = min(candidate.rank for candidate in candidates)
    leading = [candidate.value for candidate in candidates if candidate.rank == best]
    first = min(leading, key=lambda value: (value.evidence.page, _height(value.evidence)))
    different = next((value for value in leading if (value.value, value.unit) != (first.value, first.unit)), None)
    if different is None:
        return first, ""
    return None, (
        f"printed as {first.evidence.quote!r} on page {first.evidence.page} and as {different.evidence.quote!r} on page "
        f"{different.evidence.page}; nothing decides"
    )


def _height(evidence: Evidence) -> float:
    return -evidence.box.top if evidence.box else 0.0
