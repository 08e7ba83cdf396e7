"""The release before this one of the same thing: what it is found by, and what is kept of it.

A workflow says in `rules.yaml` which fields say that two documents are about the same (an ISIN, else a name and a share class) and
which date tells the earlier from the later. Where releases lie is the business of `record/releases.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from workflow_orchestrator.canonical import sha256, to_bytes
from workflow_orchestrator.values import Kind, Value, ValueSet

IDENTITY_KINDS = (Kind.ISIN, Kind.TEXT, Kind.CURRENCY, Kind.CHOICE)


def folded(value: Value) -> str:
    """A value's content as it is compared between documents: without regard to case and spacing."""
    return " ".join(str(value.value).casefold().split())


@dataclass(frozen=True, slots=True)
class Identity:
    """By which fields an earlier release is found.

    `same` holds lists of fields in the order of their weight: two documents are about the same if all fields of the first
    list that both print agree. `dated` is the field whose date tells which of them is earlier.
    """

    same: tuple[tuple[str, ...], ...]
    dated: str

    def __post_init__(self) -> None:
        if not self.same or not all(self.same):
            raise ValueError("an identity needs at least one list of fields, and none of them empty")

    def marks(self, values: ValueSet) -> Iterator[tuple[tuple[str, ...], str]]:
        """Each list of fields that a document prints whole, with a hash of what it prints there."""
        for names in self.same:
            found = [values[name] for name in names if name in values]
            if len(found) == len(names):
                yield names, sha256(to_bytes([[value.field, folded(value)] for value in found]))

    def day(self, values: ValueSet) -> date | None:
        """The date of a document's figures."""
        value = values.get(self.dated)
        return value.value if value is not None and isinstance(value.value, date) else None

    def same_thing(self, one: ValueSet, other: ValueSet) -> bool:
        """Whether two documents are about the same: the first list of fields that both print whole decides.

        Two share classes of one name with two ISINs are two, and one ISIN is one whatever the fund is called now.
        """
        marks = dict(self.marks(other))
        return next((mark == marks[names] for names, mark in self.marks(one) if names in marks), False)


@dataclass(frozen=True, slots=True)
class Release:
    """What is kept of a released document.

    `pages` is the number of its pages, `at` when it was released (ISO 8601), `mode` whether a person did (`person`) or
    the demo profile (`auto`).
    """

    run_id: str
    as_of: date
    at: str
    mode: str
    pages: int
    values: ValueSet

    def __post_init__(self) -> None:
        if self.pages < 1:
            raise ValueError(f"a released document has pages, not {self.pages}")

    def to_json(self) -> dict[str, Any]:
        return {
            "run_id": self.run_id,
            "as_of": self.as_of.isoformat(),
            "at": self.at,
            "mode": self.mode,
            "pages": self.pages,
            "values": self.values.to_json(),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Release:
        return cls(
            run_id=data["run_id"],
            as_of=date.fromisoformat(data["as_of"]),
            at=data["at"],
            mode=data["mode"],
            pages=data["pages"],
            values=ValueSet.from_json(data["values"]),
        )
