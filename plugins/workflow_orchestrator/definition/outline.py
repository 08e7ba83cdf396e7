"""The tree of steps as far as a file that may have problems tells: what the checks walk, and what the builder builds from.

Every node knows its place in the file. A detour (a step that a `catch` of a step before it leads to) hangs beside its sequence, as
in the finished workflow.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from workflow_orchestrator.definition.language import BLOCK_KINDS, HANDLERS, STEP_KINDS
from workflow_orchestrator.definition.source import KeyPath, Source

STAND_INS = ("ask", "generate", "call")
"""The kinds that can stand in for a step of another kind."""


@dataclass(frozen=True, slots=True)
class Node:
    """A step or a block. `kind` is empty when it has none or several; `data` is all that stands under its name.

    `own` is what stands under its kind. `leads_to` is each catch's `go` with its place. `arms` are the sequences inside a block.
    `map` is the map around it, if any. `leader` is the step in whose place it runs, for a detour.
    """

    name: str
    kind: str
    at: KeyPath
    data: Mapping[str, Any]
    leads_to: tuple[tuple[KeyPath, str], ...] = ()
    arms: tuple[Branch, ...] = ()
    map: str | None = None
    leader: str | None = None

    @property
    def own(self) -> Mapping[str, Any]:
        item = self.data.get(self.kind)
        return item if isinstance(item, dict) else {}

    @property
    def is_block(self) -> bool:
        return self.kind in BLOCK_KINDS


@dataclass(frozen=True, slots=True)
class Branch:
    """One sequence of steps: of the file, of an arm, or of a map. `detours` are those of its steps, by name."""

    name: str
    at: KeyPath
    nodes: tuple[Node, ...]
    when: KeyPath | None = None
    detours: Mapping[str, Node] = field(default_factory=dict)

    @property
    def everything(self) -> Iterator[Node]:
        """Its nodes and detours in the order of the file, without what is inside blocks."""
        for node in self.nodes:
            yield node
            yield from (detour for detour in self.detours.values() if detour.leader == node.name)


@dataclass(frozen=True, slots=True)
class Outline:
    """The whole file: its sequence, and the messages at its end."""

    source: Source
    flow: Branch
    last: tuple[Node, ...]

    @property
    def nodes(self) -> Iterator[Node]:
        """Every step and block, detours among them, each block before what is in it; not the messages at the end."""
        yield from _nodes(self.flow)

    @property
    def steps(self) -> Iterator[Node]:
        """Every step, detours among them, in the order of the file; not the messages at the end."""
        return (node for node in self.nodes if not node.is_block)

    @property
    def branches(self) -> Iterator[Branch]:
        """Every sequence, each before those inside it."""
        yield from _branches(self.flow)

    @property
    def complete(self) -> bool:
        """Whether every step has one kind; else one that looks missing may be the one whose kind is not known."""
        return all(node.kind for node in self.nodes)


def outline(source: Source) -> Outline:
    """The tree of a file."""
    last = tuple(_node(source, at, None) for at, _ in source.walk(("finally",)))
    return Outline(source, _branch(source, ("steps",), "", None), last)


def _branch(source: Source, at: KeyPath, name: str, map_name: str | None, when: KeyPath | None = None) -> Branch:
    nodes: list[Node] = []
    detours: dict[str, Node] = {}
    for node_at, _ in source.walk(at) if source.get(at, dict) else ():
        node = _node(source, node_at, map_name)
        if nodes and _is_detour(nodes[-1], node):
            detours[node.name] = replace(node, leader=nodes[-1].name)
        else:
            nodes.append(node)
    return Branch(name, at, tuple(nodes), when, detours)


def _is_detour(leader: Node, node: Node) -> bool:
    """Whether a node stands in for the step before it. One of quite another kind was most likely named by mistake."""
    named = any(go == node.name for _, go in leader.leads_to)
    return named and (node.kind in ("", leader.kind) or node.kind in STAND_INS)


def _node(source: Source, at: KeyPath, map_name: str | None) -> Node:
    name, data = str(at[-1]), source.get(at, dict) or {}
    kinds = [key for key in data if key in STEP_KINDS or key in BLOCK_KINDS]
    kind = kinds[0] if len(kinds) == 1 else ""
    leads_to = tuple(
        ((*catch_at, "go"), catch["go"])
        for catch_at, catch in source.walk((*at, "catch"))
        if isinstance(catch, dict) and isinstance(catch.get("go"), str)
    )
    arms = tuple(_arms(source, (*at, kind), kind, name, map_name)) if kind in BLOCK_KINDS else ()
    return Node(name, kind, at, data, leads_to, arms, map_name)


def _arms(source: Source, at: KeyPath, kind: str, name: str, map_name: str | None) -> Iterator[Branch]:
    if kind == "map":
        yield _branch(source, (*at, "steps"), name, map_name or name)
    elif kind == "parallel":
        for arm_at, _ in source.walk(at) if source.get(at, dict) else ():
            yield _branch(source, arm_at, str(arm_at[-1]), map_name)
    else:
        for index, (arm_at, arm) in enumerate(source.walk(at) if source.get(at, list) else ()):
            given = arm.get("name") if isinstance(arm, dict) else None
            when = (*arm_at, "when") if isinstance(arm, dict) and "when" in arm else None
            arm_name = given if isinstance(given, str) else f"arm_{index + 1}"
            yield _branch(source, (*arm_at, "steps"), arm_name, map_name, when)


def _nodes(branch: Branch) -> Iterator[Node]:
    for node in branch.everything:
        yield node
        for arm in node.arms:
            yield from _nodes(arm)


def _branches(branch: Branch) -> Iterator[Branch]:
    yield branch
    for node in branch.nodes:
        for arm in node.arms:
            yield from _branches(arm)


def is_step(go: str) -> bool:
    """Whether a `go` names a step, and is neither continue nor fail."""
    return go not in HANDLERS
