"""What the clips of a run cost: the started jobs of video vendors, as `rendering/vendors/jobbook.py` keeps them in the run's folder.

A job is counted when the vendor has taken it, whatever becomes of the step that asked for it. Without a price in
`include/rendering.yaml` what it costs is unknown, which is not zero; so is a job whose start got no answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from workflow_orchestrator.record.run_folder import EACH, RunFolder

FOLDER = "video_jobs"


def video_costs(run: RunFolder, maps: Iterable[str] = ()) -> list[Decimal | None]:
    """What the jobs of each clip have cost so far, those of the items of `maps` too; None where nobody knows."""
    return [_cost(record) for record in _records(run.root, maps)]


def video_usd(run: RunFolder, maps: Iterable[str] = ()) -> Decimal | None:
    """The sum; None where a part of it is unknown."""
    costs = video_costs(run, maps)
    known = [cost for cost in costs if cost is not None]
    return sum(known, Decimal(0)) if len(known) == len(costs) else None


def _records(root: RunFolder, maps: Iterable[str]) -> Iterator[dict[str, Any]]:
    names = root.names(FOLDER, ".json")
    for name in maps:
        names += [file for file in root.names(f"{EACH}/{name}", ".json") if f"/{FOLDER}/" in file]
    for name in names:
        # Beside the records lie narrations and, in folders of their own, the claims of whoever starts a job.
        if name.rpartition("/")[0].endswith(FOLDER) and not name.endswith(".narration.json"):
            yield root.read_json(name)


def _cost(record: dict[str, Any]) -> Decimal | None:
    stated = record.get("usd")
    return None if stated is None or record["state"] == "starting" else Decimal(stated)
