"""Maps: over a list, with items that fit the name that they take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from llm_orchestration.patterns import fault_of, holds
from workflow_orchestrator.definition.checks.subjects import OWN_PARAMETERS, Sort, Subjects, sort_of
from workflow_orchestrator.definition.outline import Node, Outline
from workflow_orchestrator.definition.problems import Report
from workflow_orchestrator.definition.shapes import said


def check_maps(tree: Outline, subjects: Subjects, report: Report) -> None:
    """Reports maps over what is no list, maps inside maps, and items that do not fit the parameter whose place they take."""
    for node in tree.nodes:
        if node.kind != "map":
            continue
        if node.map is not None:
            report.add(
                "WF053",
                tree.source,
                node.at,
                f"it stands inside the map {node.map!r}",
                "a map holds no other map",
                key=True,
            )
        if tree.source.get((*node.at, "map"), dict) is not None:
            _check_over(node, tree, subjects, report)
            _check_at_once(node, tree, report)


def _check_over(node: Node, tree: Outline, subjects: Subjects, report: Report) -> None:
    over = node.own.get("over")
    if not isinstance(over, dict) or len(over) != 1:
        return
    ((source, name),) = over.items()
    at = (*node.at, "map", "over", source)
    if source not in ("parameter", "output") or not isinstance(name, str):
        return
    sort = subjects.find(source, name, node, at, report)
    if sort is None:
        return
    if sort.kind not in ("list", "any"):
        report.add("WF053", tree.source, at, f"{sort.says} is {sort.named}, and a map goes over a list")
    elif sort.item is not None:
        _check_item(node, sort.item, tree, subjects, report)


def _check_item(node: Node, item: Sort, tree: Outline, subjects: Subjects, report: Report) -> None:
    name = node.own.get("as")
    schema = subjects.parameters().get(name) if isinstance(name, str) and name not in OWN_PARAMETERS else None
    if not schema:
        return
    for message in _misfits(item, schema):
        report.add(
            "WF053",
            tree.source,
            (*node.at, "map", "as"),
            f"the item takes the place of the parameter {name!r}, and {message}",
            "give the item another name",
        )


def _misfits(item: Sort, schema: Mapping[str, Any]) -> Iterator[str]:
    wanted = sort_of(schema, "it")
    if "any" in (wanted.kind, item.kind):
        return
    if wanted.kind != item.kind:
        yield f"{item.says} is {item.named}, where that is {wanted.named}"
    elif wanted.words:
        foreign = [word for word in item.words if word not in wanted.words]
        if foreign:
            yield f"that is never {said(foreign[0])}"
    elif "pattern" in schema:
        foreign = [word for word in item.words if not _matches(schema["pattern"], word)]
        if foreign:
            yield f"{said(foreign[0])} does not match its pattern"


def _matches(pattern: str, word: str) -> bool:
    # A pattern that is none has a problem of its own.
    return fault_of(pattern) is not None or holds(pattern, word)


def _check_at_once(node: Node, tree: Outline, report: Report) -> None:
    most, once = node.own.get("at_most"), node.own.get("at_once")
    if isinstance(most, int) and isinstance(once, int) and once > most:
        report.add(
            "WF053",
            tree.source,
            (*node.at, "map", "at_once"),
            f"{once} at once are more than the {most} items that it takes at most",
            "lower it",
        )
