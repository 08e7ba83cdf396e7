"""The manifest of a run: why the video says what it says, who let it, what it cost.

It is built from the run's own files alone, so it can be built again at any time and exists after a failure too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from workflow_orchestrator import __version__
from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.errors import DocumentNotFoundError
from workflow_orchestrator.record.run_folder import RunFolder

FORMAT = 1


def build_manifest(
    run: RunFolder, workflow: Workflow, *, states: Mapping[str, str], run_facts: Mapping[str, Any]
) -> dict[str, Any]:
    """The manifest as JSON-safe data.

    Args:
        run: the run's folder.
        workflow: the definition that ran.
        states: step name → how Airflow says that it ended; a step that never started is missing.
        run_facts: Airflow's own facts: run type, who triggered it, start.
    """
    reports = {step.name: run.attempts(step.name) for step in workflow.steps}
    steps = [_step(step.name, step.kind, reports[step.name], states.get(step.name)) for step in workflow.steps]
    calls = [call for attempts in reports.values() for attempt in attempts for call in attempt["calls"]]
    request = _optional(run, "request.json")
    approval = _optional(run, "approval.json")
    outcome, error = _outcome(run, steps, workflow, approval)
    return {
        "format": FORMAT,
        "outcome": outcome,
        "error": error,
        "mode": _mode(calls),
        "workflow": {
            "name": workflow.name,
            "title": workflow.title,
            "owner": workflow.owner,
            "definition": workflow.digest,
            "definitions": sorted(
                {
                    attempt["facts"]["definition"]
                    for step in steps
                    for attempt in step["attempts"]
                    if "definition" in attempt["facts"]
                }
            ),
            "files": [path.relative_to(workflow.include.parent).as_posix() for path in workflow.files],
        },
        "platform": __version__,
        "run": {
            "id": run.run_id,
            "key": run.run_key,
            "finished": datetime.now(UTC).isoformat(timespec="seconds"),
            **run_facts,
        },
        "request": request,
        "source": (request or {}).get("source"),
        "approval": approval,
        "usage": _usage(calls),
        "steps": steps,
        "checks": _checks(run),
        "values": _optional(run, "values.json"),
        "artifacts": _artifacts(run, reports),
    }


def _optional(run: RunFolder, name: str) -> Any:
    try:
        return run.read_json(name)
    except DocumentNotFoundError:
        return None


def _step(name: str, kind: str, attempts: Sequence[Mapping[str, Any]], state: str | None) -> dict[str, Any]:
    return {
        "step": name,
        "kind": kind,
        "state": state or (attempts[-1]["state"] if attempts else "not started"),
        "seconds": round(sum(attempt["seconds"] for attempt in attempts), 3),
        "attempts": list(attempts),
    }


def _outcome(
    run: RunFolder, steps: Sequence[Mapping[str, Any]], workflow: Workflow, approval: Mapping[str, Any] | None
) -> tuple[str, dict[str, Any] | None]:
    """`succeeded` only if the last step says itself that it made what was released; else `failed` and why.

    Airflow's word alone is not enough: somebody can mark a step as successful that never ran.
    """
    caught = {step.name for step in workflow.steps if step.catches}
    last = steps[-1]
    if last["state"] == "success":
        own: Mapping[str, Any] = last["attempts"][-1] if last["attempts"] else {"state": "not started", "facts": {}}
        made = own["facts"].get("content") == approval["content"] if approval else last["kind"] != "video"
        there = last["kind"] != "video" or run.exists("video.mp4")
        if own["state"] == "success" and made and there:
            return "succeeded", None
        return "failed", {
            "step": last["step"],
            "error": "ApprovalError",
            "message": "the step is marked as successful, but the run holds no video of exactly the content that was released",
        }
    failed = [
        step for step in steps if step["state"] == "failed" and step["attempts"] and step["attempts"][-1]["error"]
    ]
    # An error that a catch took over is the cause only where the step it went to did not fail itself.
    own_errors = [step for step in failed if step["step"] not in caught] or failed
    if not own_errors:
        return "failed", None
    return "failed", {"step": own_errors[0]["step"], **own_errors[0]["attempts"][-1]["error"]}


def _mode(calls: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    providers = sorted({call["provider"] for call in calls})
    models = sorted({call["model"] for call in calls if call["provider"] != "offline"})
    if not calls:
        return {"name": "none", "says": "No step got as far as asking for an answer."}
    if providers == ["offline"]:
        return {
            "name": "offline",
            "says": "Offline mode: no language model was used. Values were read by labels and layout, words came from templates.",
        }
    return {"name": "model", "says": f"Language model: {', '.join(models)}.", "providers": providers}


def _usage(calls: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    costs = [call["cost_usd"] for call in calls]
    known = [Decimal(cost) for cost in costs if cost is not None]
    return {
        "calls": len(calls),
        "input_tokens": _total([call["usage"]["input_tokens"] for call in calls]),
        "output_tokens": _total([call["usage"]["output_tokens"] for call in calls]),
        # One unknown price makes the sum unknown: unknown is not zero.
        "cost_usd": str(sum(known, Decimal(0))) if len(known) == len(costs) else None,
    }


def _total(counts: Sequence[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None


def _checks(run: RunFolder) -> dict[str, Any]:
    return {"validation": _optional(run, "validation.json"), "compliance": _optional(run, "compliance.json")}


def _artifacts(run: RunFolder, reports: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """What the run holds, each file as the attempt that wrote it last reported it."""
    latest: dict[str, dict[str, Any]] = {}
    for attempt in sorted(
        (item for attempts in reports.values() for item in attempts), key=lambda item: item["started"]
    ):
        latest.update((artifact["name"], artifact) for artifact in attempt["artifacts"])
    return [artifact for artifact in latest.values() if run.exists(artifact["name"])]


def summary_of(manifest: Mapping[str, Any], link: Callable[[str], str]) -> str:
    """The run in a few lines of Markdown, for the note on its page in Airflow; `link` gives a file's address."""
    lines = []
    error = manifest["error"]
    written = {item["name"] for item in manifest["artifacts"]}
    if manifest["outcome"] == "succeeded":
        lines.append("**Video ready.**")
    elif error:
        lines.append(f"**Stopped in {error['step']}: {error['error']}.** {_short(error['message'])}")
    else:
        lines.append("**Stopped** before any step could report; see the task logs.")
    titles = {"video.mp4": "Video", "slides.pptx": "Slides", "slides.pdf": "Slides as PDF", "script.json": "Script"}
    links = [f"[{title}]({link(name)})" for name, title in titles.items() if name in written]
    lines.append(" · ".join([*links, f"[Manifest]({link('manifest.json')})"]))
    lines.append(manifest["mode"]["says"])
    approval = manifest["approval"]
    if approval:
        who = (
            "nobody: the demo profile released it by `approval: auto`" if approval["mode"] == "auto" else approval["by"]
        )
        lines.append(f"Released by {who}.")
    values = manifest["values"]
    if values:
        lines.append(f"{len(values)} values, each bound to its page and printed words.")
    cost = manifest["usage"]["cost_usd"]
    lines.append(f"Model calls cost {'an unknown amount' if cost is None else f'USD {cost}'}.")
    return "\n\n".join(lines)


def _short(message: str, limit: int = 500) -> str:
    """A note holds a thousand characters; the manifest has the whole message."""
    return message if len(message) <= limit else message[: limit - 1] + "…"
