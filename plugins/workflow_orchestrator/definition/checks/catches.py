"""Where failures lead: every catch names an error that the step can end with, and a way that may be taken.

check ─ catch ─► correct        a detour stands right after the step that leads to it, belongs to it alone, and makes what it makes
write ─ catch ─► continue       only where no later step needs what the failed one makes
release ─ ✗                     a check, a release and a publication are never passed over
"""

from __future__ import annotations

from workflow_orchestrator.definition import raises
from workflow_orchestrator.definition.checks.making import makes
from workflow_orchestrator.definition.flow import ALWAYS_FAIL, NEVER_CONTINUES
from workflow_orchestrator.definition.language import HANDLERS
from workflow_orchestrator.definition.outline import Branch, Node, Outline, is_step
from workflow_orchestrator.definition.policies import raised_within
from workflow_orchestrator.definition.problems import Report, did_you_mean
from workflow_orchestrator.definition.shapes import said
from workflow_orchestrator.definition.source import KeyPath, Source


def check_catches(tree: Outline, report: Report) -> None:
    """Reports catches that lead nowhere, back, past a check, or that never decide."""
    for branch in tree.branches:
        _check_targets(branch, tree, report)
    _check_reached(tree, report)
    for node in tree.steps:
        _check_continues(node, tree.source, report)
        _check_errors(node, tree.source, report)


def _check_targets(branch: Branch, tree: Outline, report: Report) -> None:
    here = {node.name: node for node in branch.everything}
    everywhere = {node.name for node in tree.nodes}
    for node in branch.everything:
        for at, go in node.leads_to:
            if not is_step(go):
                continue
            if go in here:
                message, fix = _wrong_target(node, here[go])
            elif go in everywhere:
                message = f"{go!r} stands in another sequence than {node.name!r}"
                fix = "put the detour right below the step that leads to it"
            else:
                known = [name for name in here if name != node.name]
                message, fix = f"no step is named {go!r}", did_you_mean(go, [*known, *HANDLERS])
            if message:
                report.add("WF031", tree.source, at, message, fix)


def _wrong_target(node: Node, target: Node) -> tuple[str, str]:
    if node.leader is not None:
        return f"{node.name!r} is a detour itself, and a detour has none of its own", "write continue or fail"
    if node.kind == "approve":
        return "a refused or unanswered approval leads nowhere", "write fail"
    if target.leader not in (None, node.name):
        return f"{target.leader!r} leads to {target.name!r} already", "give each step a detour of its own"
    if target.is_block:
        return f"{target.name!r} is a {target.kind} block", "a detour is one step"
    if target.kind and node.kind and target.name != node.name:
        wrong = _wrong_stand_in(node, target)
        if wrong[0]:
            return wrong
    if target.leader is None:
        return f"{target.name!r} does not stand right after {node.name!r}", (
            "put the detour below the step that leads to it; the run goes on behind it"
        )
    return "", ""


def _wrong_stand_in(node: Node, target: Node) -> tuple[str, str]:
    """A detour makes at least what the failed step makes."""
    missing = [name for name in makes(node) if name not in makes(target)]
    if not missing:
        return "", ""
    if node.kind in ("generate", "call"):
        fix = f"write into: {missing[0]}" if target.kind == "generate" else f"take: [{', '.join(missing)}]"
        if target.kind not in ("generate", "call"):
            fix = f"a detour of {a(node.kind)} step makes the same"
        return f"{target.name!r} does not make the {' and the '.join(missing)} that {node.name!r} makes", fix
    asks = "asks people, or " if node.kind == "validate" else ""
    return f"{target.name!r} is {a(target.kind)} step", f"a detour {asks}is another {node.kind} step"


def a(kind: str) -> str:
    """A kind with its article."""
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"


def _check_reached(tree: Outline, report: Report) -> None:
    nodes = list(tree.nodes)
    targets = {go for node in nodes for _, go in node.leads_to if is_step(go)}
    if not targets <= {node.name for node in nodes}:
        # A catch that leads nowhere was most likely meant for this very step.
        return
    for node in nodes:
        if node.kind == "ask" and node.leader is None and node.name not in targets:
            report.add(
                "WF033",
                tree.source,
                node.at,
                "no catch leads to this ask step, so nobody would ever be asked",
                f"add catch: [{{on: BusinessValidationError, go: {node.name}}}] to the validate step",
                key=True,
            )


def _check_continues(node: Node, source: Source, report: Report) -> None:
    if node.kind not in NEVER_CONTINUES:
        return
    message = f"{a(node.kind)} step that failed is never passed over"
    at: KeyPath = (*node.at, "default_error_handler")
    if source.get(at, str) == "continue":
        report.add("WF031", source, at, message, "write fail, or leave the key out")
    for place, go in node.leads_to:
        if go == "continue":
            report.add("WF031", source, place, message, "write fail")


def _check_errors(node: Node, source: Source, report: Report) -> None:
    known = raises.error_classes()
    above: list[str] = []
    for at, catch in source.walk((*node.at, "catch")):
        name = catch.get("on") if isinstance(catch, dict) else None
        if not isinstance(name, str):
            continue
        if name not in known:
            report.add("WF032", source, (*at, "on"), f"no error is named {said(name)}", did_you_mean(name, known))
            continue
        wider = next((other for other in above if other in raises.family(name)), None)
        if ALWAYS_FAIL & raises.family(name):
            message = f"{name} always fails the run: no way around a step makes good what the run was started with"
            report.add("WF032", source, (*at, "on"), message, "remove the entry")
        elif wider is not None:
            report.add(
                "WF032",
                source,
                (*at, "on"),
                f"{name} never gets here: the entry for {wider} above takes it",
                "put the narrower error first",
            )
        elif node.kind in raises.RAISES and not raised_within(name, node.kind):
            ends = [one for one in raises.RAISES[node.kind] if one in known]
            report.add(
                "WF032", source, (*at, "on"), f"{a(node.kind)} step never ends with {name}", did_you_mean(name, ends)
            )
        above.append(name)
