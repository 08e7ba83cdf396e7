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
    outcome, error = _outcome(steps, workflow)
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
            "files": [path.as_posix() for path in workflow.files],
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
        "approval": _optional(run, "approval.json"),
        "usage": _usage(calls),
        "steps": steps,
        "checks": _checks(run),
        "values": _optional(run, "values.json"),
        "artifacts": _artifacts(reports),
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


def _outcome(steps: Sequence[Mapping[str, Any]], workflow: Workflow) -> tuple[str, dict[str, Any] | None]:
    """`succeeded` if the last step did; else `failed` with the error of the first step that nothing caught."""
    caught = {step.name for step in workflow.steps if step.catches}
    last = steps[-1]
    if last["state"] == "success":
        return "succeeded", None
    failed = [step for step in steps if step["attempts"] and step["attempts"][-1]["error"]]
    # An error that a catch took over is the cause only where the step it went to did not fail itself.
    own = [step for step in failed if step["step"] not in caught] or failed
    if not own:
        return "failed", None
    error = own[0]["attempts"][-1]["error"]
    return "failed", {"step": own[0]["step"], **error}


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


def _artifacts(reports: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[dict[str, Any]]:
    latest: dict[str, dict[str, Any]] = {}
    for attempts in reports.values():
        for attempt in attempts:
            latest.update((artifact["name"], artifact) for artifact in attempt["artifacts"])
    return list(latest.values())


def summary_of(manifest: Mapping[str, Any], link: Callable[[str], str]) -> str:
    """The run in a few lines of Markdown, for the note on its page in Airflow; `link` gives a file's address."""
    lines = []
    error = manifest["error"]
    written = {item["name"] for item in manifest["artifacts"]}
    if manifest["outcome"] == "succeeded":
        lines.append("**Video ready.**")
    elif error:
        lines.append(f"**Stopped in {error['step']}: {error['error']}.** {error['message']}")
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
