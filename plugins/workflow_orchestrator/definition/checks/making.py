"""What a step of a file that may have problems makes, needs and voids: `flow.py` for outlines."""

from __future__ import annotations

from collections.abc import Mapping

from workflow_orchestrator.definition.build import Use
from workflow_orchestrator.definition.flow import MAKES, NEEDS
from workflow_orchestrator.definition.outline import Node

DERIVED: Mapping[str, tuple[str, ...]] = {
    "reading": ("data", "script", "slides", "approval", "video"),
    "data": ("script", "slides", "approval", "video"),
    "script": ("slides", "approval", "video"),
    "slides": ("approval", "video"),
    "approval": ("video",),
}
"""What is made from an artifact: made anew, it leaves these as they were, and so they count as gone."""

MAY_DO_WITHOUT = ("generate", "write")
"""The kinds of step that may name artifacts as `optional`."""


def artifact_of(node: Node) -> str:
    """The artifact that a generate step makes."""
    into = node.own.get("into")
    return into if isinstance(into, str) else node.name


def makes(node: Node) -> tuple[str, ...]:
    """The artifacts that a step makes; none for a block and for a step whose kind is not known."""
    if node.kind == "generate":
        return (artifact_of(node),)
    if node.kind == "call":
        take = node.own.get("take")
        return tuple(name for name in take if isinstance(name, str)) if isinstance(take, list) else ()
    return MAKES.get(node.kind, ())


def optional(node: Node) -> tuple[str, ...]:
    """The artifacts that a step can do without."""
    names = node.data.get("optional")
    return tuple(name for name in names if isinstance(name, str)) if isinstance(names, list) else ()


def needs(node: Node, uses: Mapping[str, Use]) -> tuple[str, ...]:
    """The artifacts without which a step cannot work; of a map, that of the list that it goes over."""
    if node.kind == "map":
        over = node.own.get("over")
        name = over.get("output") if isinstance(over, dict) else None
        return (name.partition(".")[0],) if isinstance(name, str) else ()
    use = uses.get(node.name, Use())
    without = optional(node)
    return tuple(
        name for name in dict.fromkeys((*NEEDS.get(node.kind, ()), *use.reads, *use.artifacts)) if name not in without
    )
