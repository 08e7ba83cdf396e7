"""The manifest of a run: why the video says what it says, who let it, what it cost.

It is built from the run's own files alone, so it can be built again at any time and exists after a failure too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from workflow_orchestrator import __version__
from workflow_orchestrator.definition.model import Step, Workflow
from workflow_orchestrator.errors import DocumentNotFoundError
from workflow_orchestrator.literal import plain
from workflow_orchestrator.record.decisions import history_of
from workflow_orchestrator.record.outcome import Place, ending_of, places_of, state_of, steps_with_places
from workflow_orchestrator.record.reading import FORMAT
from workflow_orchestrator.record.run_folder import EACH, Artifact, RunFolder
from workflow_orchestrator.record.video_cost import video_usd


def build_manifest(
    run: RunFolder, workflow: Workflow, *, states: Mapping[str, str], run_facts: Mapping[str, Any], timed_out: bool = False
) -> dict[str, Any]:
    """The manifest as JSON-safe data.

    Args:
        run: the run's folder.
        workflow: the definition that ran.
        states: task name → how Airflow says that it ended, inside a map `<name>_<index>`; what never started is missing.
        run_facts: Airflow's own facts: run type, who triggered it, start.
        timed_out: whether Airflow ended the run because its `run_timeout` was up.
    """
    steps = [_step(step, place, states) for step, place in steps_with_places(run, workflow)]
    maps = dict.fromkeys(step.within_map for step in workflow.steps if step.within_map)
    attempts = [attempt for _, attempt in run.all_attempts(maps)]
    calls = [call for attempt in attempts for call in attempt["calls"]]
    request = _optional(run, "request.json")
    ending = ending_of(run, workflow, states, timed_out=timed_out)
    return {
        "format": FORMAT,
        "outcome": ending.outcome,
        "error": ending.error,
        "degraded": ending.degraded,
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
        "approval": _optional(run, "approval.json"),
        "decisions": history_of(run),
        "usage": _usage(attempts, video_usd(run, maps)),
        "called": _called(steps),
        "steps": steps,
        "checks": _checks(run),
        "items": [
            {"map": name, "index": place.index, "item": place.item, **_of_item(place.run)}
            for name in maps
            for place in places_of(run, name)
        ],
        "values": _optional(run, "values.json"),
        "artifacts": _artifacts(run, attempts),
    }


def _optional(run: RunFolder, name: str) -> Any:
    try:
        return run.read_json(name)
    except DocumentNotFoundError:
        return None


def _step(step: Step, place: Place, states: Mapping[str, str]) -> dict[str, Any]:
    attempts = place.run.attempts(step.name)
    within = {} if place.index is None else {"map": step.within_map, "index": place.index, "item": place.item}
    return {
        "step": step.name,
        "kind": step.kind,
        **within,
        "state": state_of(step.name, place, states),
        "seconds": round(sum(attempt["seconds"] for attempt in attempts), 3),
        "attempts": attempts,
    }


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


def _usage(attempts: Sequence[Mapping[str, Any]], clips: Decimal | None) -> dict[str, Any]:
    """Calls, tokens and money of the run: its own, the clips of video vendors, and those of the workflows that it called.

    An answer that a later try found in the journal is one call: the try that paid for it may have died before it could say so.
    A call that failed may have been billed.
    """
    calls = [call for attempt in attempts for call in attempt["calls"]]
    asked = list({_answer(call): call for call in calls}.values())
    called = [attempt["facts"]["called"] for attempt in attempts if "outcome" in attempt["facts"].get("called", {})]
    called_cost = _sum([one.get("cost_usd") for one in {one["run_id"]: one for one in called}.values()])
    billed = [attempt["error"]["cost_usd"] for attempt in attempts if (attempt["error"] or {}).get("cost_usd")]
    own = _sum([*(call["cost_usd"] for call in asked), *billed])
    parts = (own, called_cost, clips)
    known = [part for part in parts if part is not None]
    return {
        "calls": len(asked),
        "input_tokens": _total([call["usage"]["input_tokens"] for call in asked]),
        "output_tokens": _total([call["usage"]["output_tokens"] for call in asked]),
        "cost_usd": str(sum(known, Decimal(0))) if len(known) == len(parts) else None,
        "called_usd": None if called_cost is None else str(called_cost),
        "video_usd": None if clips is None else str(clips),
    }


def _answer(call: Mapping[str, Any]) -> tuple[Any, ...]:
    """What tells one answer from another."""
    return call["purpose"], call["prompt"]["rendered"], call["model"], call["request_id"]


def _sum(costs: Sequence[str | None]) -> Decimal | None:
    """One unknown price makes the sum unknown: unknown is not zero."""
    known = [Decimal(cost) for cost in costs if cost is not None]
    return sum(known, Decimal(0)) if len(known) == len(costs) else None


def _total(counts: Sequence[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None


def _checks(run: RunFolder) -> dict[str, Any]:
    files = {
        "validation": "validation.json", "compliance": "compliance.json", "compliance_slides": "compliance_slides.json",
        "compliance_video": "compliance_video.json",
    }
    return {name: _optional(run, file) for name, file in files.items()}


def _of_item(run: RunFolder) -> dict[str, Any]:
    """What an item has of its own: its checks and its release."""
    own = {"validation": "validation.json", "compliance": "compliance.json", "approval": "approval.json"}
    found = {name: run.read_json(file) if run.holds(file) else None for name, file in own.items()}
    return {**found, "decisions": history_of(run)}


def _called(steps: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The runs of other workflows that steps started, each as the last attempt that asked for it knew it."""
    found: dict[str, dict[str, Any]] = {}
    for step in steps:
        for attempt in step["attempts"]:
            called = attempt["facts"].get("called")
            if called:
                found[called["run_id"]] = {"step": step["step"], **called}
    return list(found.values())


def _artifacts(run: RunFolder, attempts: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What the run holds, each file as the attempt that wrote it last reported it."""
    latest: dict[str, dict[str, Any]] = {}
    for attempt in sorted(attempts, key=lambda item: str(item["started"])):
        latest.update((artifact["name"], artifact) for artifact in attempt["artifacts"])
    return [artifact for artifact in latest.values() if run.exists(artifact["name"])]


def ending_in(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """How the run ended, for what is written beside the manifest: its outcome, and step, class and message of its error."""
    error = manifest["error"]
    told = {key: error[key] for key in ("step", "error", "message") if key in error} if error else None
    return {"outcome": manifest["outcome"], "error": told}


def add_artifacts(manifest: dict[str, Any], artifacts: Iterable[Artifact]) -> None:
    """Lists files that whoever records the run wrote; one that a step wrote before is listed as it is now."""
    listed = {item["name"]: item for item in manifest["artifacts"]}
    listed.update((artifact.name, artifact.to_json()) for artifact in artifacts)
    manifest["artifacts"] = list(listed.values())


def summary_of(manifest: Mapping[str, Any], link: Callable[[str], str]) -> str:
    """The run in a few lines of Markdown, for the note on its page in Airflow; `link` gives a file's address."""
    lines = [_headline(manifest), _links(manifest, link), manifest["mode"]["says"]]
    approval = manifest["approval"]
    if approval:
        who = (
            "nobody: the demo profile released it by `approval: auto`" if approval["mode"] == "auto" else plain(approval["by"])
        )
        lines.append(f"{'Released' if approval['decision'] == 'approved' else 'Rejected'} by {who}.")
    values = manifest["values"]
    if values:
        lines.append(f"{len(values)} values, each bound to its page and printed words.")
    cost = manifest["usage"]["cost_usd"]
    what = "Model calls" if manifest["usage"].get("video_usd", "0") == "0" else "Model calls and clips"
    lines.append(f"{what} cost {'an unknown amount' if cost is None else f'USD {cost}'}.")
    return "\n\n".join(lines)


def _headline(manifest: Mapping[str, Any]) -> str:
    error = manifest["error"]
    if manifest["outcome"] != "failed":
        ready = any(item["name"].rpartition("/")[2] == "video.mp4" for item in manifest["artifacts"])
        head = "**Video ready.**" if ready else "**Finished.**"
        return f"{head} Finished without: {_left_out(manifest['degraded'])}." if manifest["degraded"] else head
    if error:
        return f"**Stopped in {error['step']}: {error['error']}.** {plain(_short(error['message']))}"
    return "**Stopped** before any step could report; see the task logs."


def _left_out(degraded: Sequence[Mapping[str, Any]], most: int = 5) -> str:
    """The steps that were passed over, each once with its error; a map may have failed in the same way a hundred times."""
    counts: dict[str, int] = {}
    for one in degraded:
        named = f"{one['step']} ({one['error']})"
        counts[named] = counts.get(named, 0) + 1
    told = [name if count == 1 else f"{name}, {count} times" for name, count in counts.items()]
    more = f"; and {len(told) - most} more" if len(told) > most else ""
    return "; ".join(told[:most]) + more


def _links(manifest: Mapping[str, Any], link: Callable[[str], str], most: int = 5) -> str:
    written = {item["name"] for item in manifest["artifacts"]}
    titles = {
        "video.mp4": "Video", "slides.pptx": "Slides", "slides.pdf": "Slides as PDF", "compliance.html": "Compliance report",
        "script.json": "Script",
    }
    links = [f"[{title}]({link(name)})" for name, title in titles.items() if name in written]
    items = [
        (f"{EACH}/{item['map']}/{item['index']}/video.mp4", item)
        for item in manifest["items"]
        if f"{EACH}/{item['map']}/{item['index']}/video.mp4" in written
    ]
    links += [f"[Video {plain(_short(str(item['item']), 20))}]({link(name)})" for name, item in items[:most]]
    return " · ".join([*links, f"[Manifest]({link('manifest.json')})"])


def _short(message: str, limit: int = 500) -> str:
    """A note holds a thousand characters; the manifest has the whole message."""
    return message if len(message) <= limit else message[: limit - 1] + "…"
