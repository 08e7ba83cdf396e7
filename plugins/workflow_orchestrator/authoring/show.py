"""`show`: a workflow on one screen. Three views look closer: the flow alone, where settings come from, what errors lead to."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from workflow_orchestrator import __version__
from workflow_orchestrator.authoring import exits, facts
from workflow_orchestrator.authoring.terminal import Terminal, safe
from workflow_orchestrator.definition import wording
from workflow_orchestrator.definition.drawing import draw
from workflow_orchestrator.definition.model import Workflow

if TYPE_CHECKING:
    from workflow_orchestrator.authoring.cli import Session


def add(parser: argparse.ArgumentParser) -> None:
    """Declares the options."""
    parser.add_argument("name", metavar="NAME", help="a workflow, by name or path")
    view = parser.add_mutually_exclusive_group()
    view.add_argument("--flow", action="store_true", help="the flow alone")
    view.add_argument(
        "--effective", action="store_true", help="every setting that is in force, and where it comes from"
    )
    view.add_argument("--failures", action="store_true", help="what happens on which error")
    parser.set_defaults(run=show)


def show(session: Session, options: argparse.Namespace) -> int:
    """Shows a workflow, or one view of it."""
    workflow = session.project.load(options.name)
    terminal = session.terminal
    data: dict[str, Any]
    if options.flow:
        data, view = {"flow": draw(workflow)}, _flow
    elif options.effective:
        data, view = {"effective": effective(workflow)}, _effective
    elif options.failures:
        data, view = {"failures": failures(workflow)}, _failures
    else:
        data, view = overview(workflow), _overview
    if session.json:
        session.emit({"workflow": workflow.name, "definition": workflow.digest, **data})
    else:
        view(terminal, workflow)
    return exits.GOOD


def overview(workflow: Workflow) -> dict[str, Any]:
    """The whole of it as data."""
    return {
        "title": workflow.title,
        "description": workflow.description,
        "owner": workflow.owner,
        "platform": {"wanted": workflow.platform, "this": __version__},
        "schedule": facts.schedule(workflow),
        "flow": draw(workflow),
        "steps": [
            {"step": step.name, "kind": step.kind, "says": wording.step(step), "tries": wording.tries(step.execution)}
            for step in (*workflow.steps, *workflow.last)
        ],
        "limits": dict(facts.limits(workflow)),
        "parameters": [
            dict(zip(("name", "title", "allowed", "default"), row, strict=True)) for row in facts.parameters(workflow)
        ],
        "people": [
            dict(zip(("step", "asked", "groups", "within"), row, strict=True)) for row in facts.people(workflow)
        ],
        "prompts": [prompt.to_json() for prompt in facts.prompts(workflow)],
        "artifacts": [artifact.to_json() for artifact in facts.artifacts(workflow)],
        "outputs": list(workflow.outputs),
        "fields": list(workflow.fields),
        "required_fields": required(workflow),
        "compliance": list(workflow.rules.compliance_checks),
        "failures": failures(workflow),
    }


def required(workflow: Workflow) -> list[str]:
    """The fields that a run cannot do without: of the schema and of the business rules."""
    names = [name for name, spec in workflow.fields.items() if spec.required]
    return [*names, *(name for name in workflow.rules.required_fields if name not in names)]


def failures(workflow: Workflow) -> list[dict[str, Any]]:
    """The failure table as data."""
    from workflow_orchestrator.definition.failures import failure_table, to_json

    return to_json(failure_table(workflow))


def effective(workflow: Workflow) -> list[dict[str, Any]]:
    """Every setting of every step with its origin, as data."""
    from workflow_orchestrator.definition.effective import effective_values

    return [value.to_json() for value in effective_values(workflow)]


def _overview(terminal: Terminal, workflow: Workflow) -> None:
    terminal.heading(f"{safe(workflow.title)}  ({workflow.name})")
    if workflow.description:
        terminal.say(safe(workflow.description))
    terminal.say()
    rows = [
        ("owner", workflow.owner),
        ("looks for documents", facts.schedule(workflow) or "only when somebody starts it"),
        *facts.limits(workflow),
        ("fields", f"{len(workflow.fields)}, of which it needs {wording.value(required(workflow))}"),
        ("compliance", wording.value(workflow.rules.compliance_checks)),
        ("outputs", wording.value(workflow.outputs)),
        ("platform", f"{workflow.platform}; this is {__version__}"),
        ("definition", workflow.digest),
    ]
    for name, text in rows:
        terminal.say(f"  {name:<20} {safe(text)}")
    terminal.say()
    _flow(terminal, workflow)
    for heading, columns, found in _parts(workflow):
        if found:
            terminal.say()
            terminal.heading(heading)
            terminal.table(columns, found)
    terminal.say()
    terminal.say("More: --effective (settings and where they come from), --failures (what happens on which error).")


def _parts(workflow: Workflow) -> Iterator[tuple[str, tuple[str, ...], list[tuple[str, ...]]]]:
    yield "Tries", ("step", "tries"), [*facts.tries(workflow)]
    yield "Parameters", ("name", "title", "allowed", "default"), [*facts.parameters(workflow)]
    yield "People", ("step", "asked", "groups", "within"), [*facts.people(workflow)]
    found = [(one.step, one.file, f"v{one.version}", one.sha256[:12], one.route) for one in facts.prompts(workflow)]
    yield "Prompts", ("step", "file", "version", "sha256", "route"), [*found]
    made = [(one.name, one.made_by, ", ".join(one.files)) for one in facts.artifacts(workflow)]
    yield "Artifacts", ("artifact", "made by", "files of a run"), [*made]


def _flow(terminal: Terminal, workflow: Workflow) -> None:
    terminal.heading("Flow")
    for line in draw(workflow):
        terminal.say(f"  {safe(line)}")


def _failures(terminal: Terminal, workflow: Workflow) -> None:
    terminal.heading("What happens on which error")
    rows = []
    before = ""
    for row in failures(workflow):
        waits = row["waits_seconds"]
        tried = f"{row['retries']} ×" if waits else "no"
        step, before = ("" if row["step"] == before else row["step"]), row["step"]
        rows.append((step, tried, row["says"], ", ".join(row["errors"])))
    terminal.table(("step", "tried again", "then", "errors"), rows)


def _effective(terminal: Terminal, workflow: Workflow) -> None:
    terminal.heading("Settings in force")
    rows = []
    before = ""
    for row in effective(workflow):
        step, before = ("" if row["step"] == before else row["step"]), row["step"]
        rows.append((step, row["key"], wording.value(row["value"]), row["origin"]))
    terminal.table(("step", "setting", "value", "from"), rows)
