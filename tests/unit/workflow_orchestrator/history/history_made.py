"""Manifests and histories for the tests of this folder."""

from __future__ import annotations

from typing import Any

from workflow_orchestrator import history
from workflow_orchestrator.canonical import sha256, to_bytes
from workflow_orchestrator.history import Entry
from workflow_orchestrator.storage import Storage

FLOW = "fund_factsheet_video"


def manifest(run_id: str, **changes: Any) -> dict[str, Any]:
    """What a run leaves; `error`, `cost`, `released_by`, `document`, `finished`, `workflow` say how this one differs."""
    error, by = changes.get("error"), changes.get("released_by", "Kim Legal")
    finished = changes.get("finished", "2026-11-20T10:05:00+00:00")
    cost = changes.get("cost", "0.012")
    failure = {"step": "start_video_generation", "error": error, "message": f"of {run_id}"} if error else None
    approval = {"decision": "approved", "mode": "person", "by": by, "at": "2026-11-20T10:03:00+00:00", "content": "sha256:c"}
    return {
        "format": 1,
        "outcome": "failed" if error else "succeeded",
        "error": failure,
        "degraded": [],
        "mode": {"name": "model", "says": ""},
        "workflow": {"name": changes.get("workflow", FLOW), "definition": "sha256:d"},
        "platform": "1.0.0",
        "run": {
            "id": run_id, "key": run_id, "finished": finished, "type": "manual", "triggered_by": "Rita",
            "started": "2026-11-20T10:00:00+00:00",
        },
        "source": {"name": changes.get("document", f"{run_id}.pdf"), "sha256": sha256(run_id.encode())},
        "approval": approval if by else None,
        "decisions": [approval] if by else [],
        "usage": {"calls": 2, "input_tokens": 10, "output_tokens": 5, "cost_usd": cost, "called_usd": "0"},
        "steps": [
            step("extract_factsheet_data", "extract", [{"error": "RateLimitError"}, None]),
            step("approve_content", "approve", [None]),
            step("start_video_generation", "video", [{"error": error} if error else None], seconds=60.5),
        ],
        "checks": {
            "validation": {"findings": [{"rule": "ytd_fits_months"}], "corrections": [{"by": "Dana Data"}]},
            "compliance": {"results": [{"rule": "GEN-01", "outcome": "pass"}, {"rule": "GEN-02", "outcome": "warn"}]},
            "compliance_slides": None,
            "compliance_video": None,
        },
        "items": [],
        "values": None,
        "artifacts": [{"name": "video.mp4"}],
    }  # fmt: skip


def step(name: str, kind: str, errors: list[dict[str, Any] | None], seconds: float | None = None) -> dict[str, Any]:
    """A step with an attempt for each error; the last one may have none."""
    call = {"provider": "openai", "model": "gpt-x"}
    attempts = [
        {
            "started": f"2026-11-20T10:0{number}:00+00:00", "error": error, "calls": [call] if kind == "extract" else [],
            "facts": {} if seconds is None else {"seconds": seconds},
        }
        for number, error in enumerate(errors)
    ]  # fmt: skip
    return {"step": name, "kind": kind, "state": "failed" if errors[-1] else "success", "seconds": 1.5, "attempts": attempts}


def record(storage: Storage, made: dict[str, Any]) -> Entry:
    """Writes a manifest and enters it, as `record_execution` does."""
    name, run = made["workflow"]["name"], made["run"]["key"]
    data = to_bytes(made)
    storage.write(f"runs/{name}/{run}/manifest.json", data)
    return history.append(storage, name, lambda last: history.entry_of_run(made, sha256(data), last))
