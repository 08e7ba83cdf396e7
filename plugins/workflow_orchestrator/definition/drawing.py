"""The flow of a workflow drawn as text, top to bottom, with its blocks, detours and ends.

extract_factsheet_data       extract   prompt extract_factsheet_data, route extraction
validate_extracted_data      validate  rules rules.yaml
 └ on BusinessValidationError → correct_extracted_data   ask  asks data-stewards within 2 d, otherwise fails
depth                        choose    the first way that fits
 ├ risky: field sri is at least 6
 │  └ explain_risk           generate  …
 └ plain: otherwise
    └ summarise              generate  …
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from workflow_orchestrator.columns import padded, shown_width
from workflow_orchestrator.definition import wording
from workflow_orchestrator.definition.flow import DONE
from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.definition.steps import Arm, Choose, Item, Map, Parallel, Step


@dataclass(frozen=True, slots=True)
class Node:
    """One line of the drawing: a name, what kind it is, what it says, and what hangs below it."""

    name: str
    kind: str = ""
    says: str = ""
    below: tuple[Node, ...] = field(default=())


def outline(workflow: Workflow) -> tuple[Node, ...]:
    """The flow as a tree of lines; `finally` is the last one."""
    nodes = [node for item in workflow.flow for node in _item(item, workflow)]
    if workflow.last:
        ends = tuple(Node(step.name, step.kind, f"{_on(step.on)}{wording.step(step)}") for step in workflow.last)
        nodes.append(Node("finally", "", "however it ends", ends))
    return tuple(nodes)


def draw(workflow: Workflow) -> list[str]:
    """The drawing, line by line, the columns under each other."""
    lines = list(_lines(outline(workflow), "", top=True))
    left = max((shown_width(line[0]) for line in lines if line[1]), default=0)
    middle = max((shown_width(line[1]) for line in lines), default=0)
    drawn = []
    for name, kind, says in lines:
        if kind:
            drawn.append(f"{padded(name, left)}  {padded(kind, middle)}  {says}".rstrip())
        else:
            drawn.append(f"{name}{f': {says}' if says else ''}")
    return drawn


def _lines(nodes: Sequence[Node], before: str, *, top: bool = False) -> Iterator[tuple[str, str, str]]:
    for index, node in enumerate(nodes):
        last = index == len(nodes) - 1
        mark = "" if top else (" └ " if last else " ├ ")
        yield f"{before}{mark}{node.name}", node.kind, node.says
        yield from _lines(node.below, before if top else f"{before}{'   ' if last else ' │ '}")


def _item(item: Item, workflow: Workflow) -> Iterator[Node]:
    if isinstance(item, Step):
        yield Node(item.name, item.kind, wording.step(item), tuple(_catches(item, workflow)))
    else:
        yield Node(item.name, item.kind, wording.block(item), tuple(_ways(item, workflow)))


def _ways(item: Choose | Parallel | Map, workflow: Workflow) -> Iterator[Node]:
    if isinstance(item, Map):
        yield from _sequence(item.steps, workflow)
        return
    for arm in item.arms:
        yield Node(arm.name, "", _when(arm, item), tuple(_sequence(arm.steps, workflow)))
    if isinstance(item, Choose) and item.arms[-1].when is not None:
        yield Node("none of them", "", "goes on")


def _when(arm: Arm, item: Choose | Parallel) -> str:
    if isinstance(item, Parallel):
        return ""
    return "otherwise" if arm.when is None else wording.condition(arm.when)


def _sequence(items: Iterable[Item], workflow: Workflow) -> Iterator[Node]:
    for item in items:
        yield from _item(item, workflow)


def _catches(step: Step, workflow: Workflow) -> Iterator[Node]:
    drawn: set[str] = set()
    for catch in step.catches:
        if catch.go in DONE:
            yield Node(f"on {catch.on} → {'goes on without it' if catch.go == 'continue' else 'the run fails'}")
            continue
        detour = workflow.step(catch.go)
        # A detour that several errors lead to is drawn once, so that a long list of errors does not repeat it.
        below = () if detour.name in drawn else tuple(_catches(detour, workflow))
        drawn.add(detour.name)
        yield Node(f"on {catch.on} → {detour.name}", detour.kind, wording.step(detour), below)
    if step.execution.default_error_handler == "continue":
        yield Node("on any other error → goes on without it" if step.catches else "on any error → goes on without it")


def _on(outcomes: Sequence[str]) -> str:
    return "" if len(outcomes) == 3 else f"when {' or '.join(outcomes)}: "
