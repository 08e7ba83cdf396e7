"""Messages: to a channel that there is, from variables that there are."""

from __future__ import annotations

from collections.abc import Iterator

from workflow_orchestrator.definition.checks.subjects import Subjects
from workflow_orchestrator.definition.configuration import Configuration
from workflow_orchestrator.definition.outline import Node, Outline
from workflow_orchestrator.definition.problems import Report, did_you_mean
from workflow_orchestrator.definition.source import KeyPath
from workflow_orchestrator.definition.templates import read_message
from workflow_orchestrator.definition.variables import PARAMETERS, PROVIDED


def check_messages(tree: Outline, subjects: Subjects, configuration: Configuration, report: Report) -> None:
    """Reports channels that the platform does not have, and templates that cannot be filled in."""
    for at in _channels(tree):
        name = tree.source.get(at, str)
        if name is not None and name not in configuration.channels:
            report.add(
                "WF046",
                tree.source,
                at,
                f"include/orchestrator.yaml has no channel {name!r}",
                did_you_mean(name, configuration.channels),
            )
    for node in (*tree.steps, *tree.last):
        if node.kind == "notify":
            for key in ("subject", "message"):
                _check_template(node, (*node.at, "notify", key), tree, subjects, report)


def _channels(tree: Outline) -> Iterator[KeyPath]:
    yield ("schedule", "notify")
    yield ("deadline", "notify")
    for node in (*tree.steps, *tree.last):
        if node.kind == "notify":
            yield (*node.at, "notify", "channel")
        if node.kind in ("ask", "approve"):
            yield (*node.at, node.kind, "remind", "notify")


def _check_template(node: Node, at: KeyPath, tree: Outline, subjects: Subjects, report: Report) -> None:
    text = tree.source.get(at, str)
    if text is None:
        return
    template, problem = read_message(text, tree.source.path)
    if template is None:
        report.add("WF041", tree.source, at, problem)
        return
    item = subjects.item_name(node)
    known = [*PROVIDED["notify"], PARAMETERS, *([item] if item else [])]
    parameters = subjects.parameters()
    for root in template.roots:
        if root not in known:
            fix = f"write {PARAMETERS}.{root}" if root in parameters else did_you_mean(root, known)
            report.add("WF047", tree.source, at, f"nothing provides {root!r} to a message", fix)
    for name in template.names:
        if name.root == PARAMETERS and len(name.path) > 1 and name.path[1] not in parameters:
            fix = did_you_mean(name.path[1], parameters)
            report.add("WF047", tree.source, at, f"there is no parameter {name.path[1]!r}", fix)
