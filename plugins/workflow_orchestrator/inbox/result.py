"""How one document of a scan or a batch stands: finished, waiting for a person, failed, in quarantine, or not through yet."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any, Literal, get_args

from workflow_orchestrator.record import RunFolder
from workflow_orchestrator.record.reading import find_manifest
from workflow_orchestrator.steps.budget import cost_of

Standing = Literal["finished", "degraded", "waiting", "quarantined", "failed", "at_work", "not_started", "had_before"]


@dataclass(frozen=True, slots=True)
class DocumentResult:
    """One document and its run.

    `asks` names the steps that wait for a person. `cost_usd` is what is known of the money spent so far; `priced` says whether
    that is all of it. `error` is the error as data with which a failed or quarantined document ended.
    """

    document: str
    run_id: str
    standing: Standing
    error: Mapping[str, Any] | None = None
    asks: tuple[str, ...] = ()
    cost_usd: Decimal = Decimal(0)
    priced: bool = True
    quarantine: str | None = None

    def __post_init__(self) -> None:
        if self.standing not in get_args(Standing):
            raise ValueError(f"{self.standing!r} is not a standing; there are {', '.join(get_args(Standing))}")
        if (self.standing == "quarantined") != (self.quarantine is not None):
            raise ValueError("a document is in quarantine exactly if it says where")
        if (self.standing == "waiting") != bool(self.asks):
            raise ValueError("a document waits for a person exactly if a step asks one")

    @property
    def name(self) -> str:
        """What people call the document."""
        return PurePosixPath(self.document).name

    def to_json(self) -> dict[str, Any]:
        """JSON-safe data; `from_json` is its inverse."""
        return {
            "document": self.document,
            "run_id": self.run_id,
            "standing": self.standing,
            "error": dict(self.error) if self.error else None,
            "asks": list(self.asks),
            "cost_usd": str(self.cost_usd),
            "priced": self.priced,
            "quarantine": self.quarantine,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> DocumentResult:
        """Inverse of `to_json`."""
        return cls(
            data["document"],
            data["run_id"],
            data["standing"],
            data["error"],
            tuple(data["asks"]),
            Decimal(data["cost_usd"]),
            data["priced"],
            data["quarantine"],
        )


def result_of(run: RunFolder, document: str, state: str, asks: Sequence[str] = ()) -> DocumentResult:
    """What a run's own files and its state say.

    Args:
        run: the run's folder; it may be empty.
        document: the document's key.
        state: how Airflow says that the run stands: `success` and `failed` are ends, anything else is not.
        asks: the steps that wait for a person; only if nothing else of the run is at work.
    """
    cost, priced = _cost(run)
    standing: Standing = "at_work"
    error: Mapping[str, Any] | None = None
    if state in ("success", "failed"):
        standing, error, asks = *_ended(run), ()
    elif asks:
        standing = "waiting"
    return DocumentResult(document, run.run_id, standing, error, tuple(asks), cost, priced)


def _ended(run: RunFolder) -> tuple[Standing, Mapping[str, Any] | None]:
    manifest = find_manifest(run)
    if manifest is None:
        return "failed", {
            "error": "NoRecord",
            "message": "the run ended without a manifest; its task logs say why",
            "classes": [],
        }
    if manifest["outcome"] == "failed":
        return "failed", manifest["error"] or {
            "error": "unknown",
            "message": "no step reported an error",
            "classes": [],
        }
    return ("degraded" if manifest["outcome"] == "degraded" else "finished"), None


def _cost(run: RunFolder) -> tuple[Decimal, bool]:
    """What the run cost so far, as far as it is known, and whether that is all."""
    manifest = find_manifest(run)
    if manifest is not None and manifest["usage"]["cost_usd"] is not None:
        return Decimal(manifest["usage"]["cost_usd"]), True
    attempts = list(_attempts(run))
    # An answer from the journal was paid for before.
    paid = [call["cost_usd"] for attempt in attempts for call in attempt["calls"] if not call["cached"]]
    return sum((cost_of(attempt) for attempt in attempts), Decimal(0)), None not in paid


def _attempts(run: RunFolder) -> Iterator[dict[str, Any]]:
    """Every attempt of every step, those of a map's items among them."""
    for key in run.storage.list(run.prefix):
        if "/steps/" in key and key.endswith(".json"):
            yield from json.loads(run.storage.read(key))["attempts"]
