"""What can be asked of the history: which runs, and what they come to together."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from workflow_orchestrator.history.chain import read_entries, workflows_in
from workflow_orchestrator.history.entry import Entry
from workflow_orchestrator.storage import Storage

# Runs that end together may be entered in another order than their clocks say.
_SLACK = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Asked:
    """Which runs are meant; what is left empty does not matter.

    `document` is part of its name, or the start of its SHA-256; `person` asked for, corrected, edited, released or rejected; `error` is
    an error class; `since` and `until` are days in UTC, both included; `costs` and `costs_at_most` are US dollars.
    """

    workflow: str = ""
    document: str = ""
    outcome: str = ""
    error: str = ""
    person: str = ""
    released_by: str = ""
    costs: Decimal | None = None
    costs_at_most: Decimal | None = None
    since: date | None = None
    until: date | None = None
    every_record: bool = False

    def __post_init__(self) -> None:
        if self.since and self.until and self.since > self.until:
            raise ValueError(f"since {self.since} lies after until {self.until}")

    def takes(self, entry: Entry) -> bool:
        """Whether an entry is meant."""
        return (
            entry.kind == "run"
            and (not self.outcome or entry.facts["outcome"] == self.outcome)
            and (not self.error or (entry.facts["error"] or {}).get("error") == self.error)
            and self._document(entry)
            and self._people(entry)
            and self._cost(entry)
            and (not self.since or entry.finished >= _midnight(self.since))
            and (not self.until or entry.finished < _midnight(self.until) + timedelta(days=1))
        )

    def _document(self, entry: Entry) -> bool:
        if not self.document:
            return True
        name, digest = str(entry.says("document") or ""), str(entry.says("document_sha256") or "")
        return self.document.casefold() in name.casefold() or (len(self.document) >= 8 and digest.startswith(self.document.lower()))

    def _people(self, entry: Entry) -> bool:
        if self.released_by and not _among(self.released_by, entry.says("released_by")):
            return False
        roles = ("corrected_by", "edited_by", "released_by", "rejected_by")
        everybody = [entry.says("requested_by") or "", *(name for role in roles for name in entry.says(role) or ())]
        return not self.person or _among(self.person, everybody)

    def _cost(self, entry: Entry) -> bool:
        if self.costs is None and self.costs_at_most is None:
            return True
        cost = entry.facts["cost_usd"]
        if cost is None:
            return False
        return (self.costs is None or Decimal(cost) >= self.costs) and (
            self.costs_at_most is None or Decimal(cost) <= self.costs_at_most
        )


def _among(wanted: str, names: Iterable[str] | None) -> bool:
    return any(wanted.casefold() in name.casefold() for name in names or ())


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def find(storage: Storage, asked: Asked, limit: int | None = None) -> list[Entry]:
    """The runs that are meant, the newest first; a run that was recorded again counts as it was recorded last.

    Raises:
        HistoryError: a file of the history is no entry.
        StorageError: the storage does not answer.
    """
    names = [asked.workflow] if asked.workflow else workflows_in(storage)
    found = [entry for name in names for entry in _of(storage, name, asked)]
    found.sort(key=lambda entry: (entry.finished, entry.serial), reverse=True)
    return found[:limit]


def _of(storage: Storage, workflow: str, asked: Asked) -> Iterator[Entry]:
    seen: set[str] = set()
    for entry in read_entries(storage, workflow):
        if entry.kind == "run" and asked.since and entry.finished < _midnight(asked.since) - _SLACK:
            return
        run = str(entry.says("run_id") or f"erased {entry.serial}")
        if entry.kind == "run" and (asked.every_record or run not in seen):
            seen.add(run)
            if asked.takes(entry):
                yield entry


def summed(entries: Sequence[Entry]) -> dict[str, Any]:
    """What some runs come to: how many ended how, the share that succeeded, cost, times in seconds, errors."""
    outcomes = Counter(entry.facts["outcome"] for entry in entries)
    costs = [entry.facts["cost_usd"] for entry in entries]
    seconds = [float(entry.facts["seconds"]) for entry in entries if entry.facts["seconds"] is not None]
    errors = Counter(entry.facts["error"]["error"] for entry in entries if entry.facts["error"])
    good = sum(count for outcome, count in outcomes.items() if outcome != "failed")
    return {
        "runs": len(entries),
        "outcomes": dict(sorted(outcomes.items())),
        "success_rate": round(good / len(entries), 4) if entries else None,
        "cost_usd": str(sum((Decimal(cost) for cost in costs if cost is not None), Decimal(0))),
        "unknown_costs": sum(cost is None for cost in costs),
        "median_seconds": round(statistics.median(seconds), 3) if seconds else None,
        "video_seconds": round(sum(float(entry.facts["video_seconds"]) for entry in entries), 3),
        "errors": dict(errors.most_common()),
    }
