"""Waits: for a time in a parameter that there is, and that can hold one."""

from __future__ import annotations

from workflow_orchestrator.definition.checks.subjects import Subjects
from workflow_orchestrator.definition.outline import Outline
from workflow_orchestrator.definition.problems import Report, did_you_mean


def check_waits(tree: Outline, subjects: Subjects, report: Report) -> None:
    """Reports a wait for what is no parameter, or for one that holds no text."""
    known = subjects.parameters()
    for node in tree.steps:
        at = (*node.at, "wait", "until")
        name = tree.source.get(at, str) if node.kind == "wait" else None
        if name is None:
            continue
        if name not in known:
            report.add("WF052", tree.source, at, f"there is no parameter {name!r}", did_you_mean(name, known))
        elif known[name].get("type") != "string" or "enum" in known[name]:
            fix = f"give {name} the type string; an empty default says that nothing is waited for"
            report.add("WF052", tree.source, at, f"the parameter {name!r} holds no time", fix)
