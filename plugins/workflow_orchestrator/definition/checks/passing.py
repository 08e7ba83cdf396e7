"""Failures that are passed over: where that is written down although a later step needs what the failed one makes.

A default of `continue` that cannot hold is `fail` in silence (build.py); what an author wrote into the step itself is a problem here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from workflow_orchestrator.definition.build import Use
from workflow_orchestrator.definition.checks.making import MAY_DO_WITHOUT, makes, needs, optional
from workflow_orchestrator.definition.configuration import Configuration
from workflow_orchestrator.definition.effective import layers, merged
from workflow_orchestrator.definition.flow import NEVER_CONTINUES
from workflow_orchestrator.definition.outline import Branch, Node, Outline
from workflow_orchestrator.definition.problems import Report
from workflow_orchestrator.definition.source import KeyPath


class Passing:
    """Which steps of a tree may fail without stopping it."""

    def __init__(self, tree: Outline, uses: Mapping[str, Use], configuration: Configuration) -> None:
        self._tree = tree
        self._uses = uses
        self._configuration = configuration
        self._outputs = [name for _, name in tree.source.walk(("output",)) if isinstance(name, str)]

    def check(self, report: Report) -> None:
        """Reports each `continue` of a step itself that cannot hold."""
        for node in self._tree.steps:
            places = list(self._written(node))
            # A step that is never passed over has its own message (catches.py).
            if not places or node.kind in NEVER_CONTINUES:
                continue
            blocked = self.blocked(node)
            if blocked is not None and not self._misspelt(blocked[0]):
                who, artifact = blocked
                fix = (
                    f"add optional: [{artifact}] to {who!r} or write fail"
                    if self._may_be_optional(who, artifact)
                    else "write fail"
                )
                message = (
                    f"{who!r} needs the {artifact} that {node.name!r} makes"
                    if who
                    else (f"the workflow's output promises the {artifact} that {node.name!r} makes")
                )
                for at in places:
                    report.add("WF037", self._tree.source, at, message, fix)

    def _written(self, node: Node) -> Iterator[KeyPath]:
        for at, go in node.leads_to:
            if go == "continue":
                yield at
        if node.data.get("default_error_handler") == "continue":
            yield (*node.at, "default_error_handler")

    def _may_be_optional(self, who: str, artifact: str) -> bool:
        """Whether it is a step's prompt that names the artifact; what its kind cannot do without is never optional."""
        node = next((node for node in self._tree.nodes if node.name == who), None)
        use = self._uses.get(who)
        named = use is not None and artifact in (*use.artifacts, *use.reads)
        return node is not None and node.kind in MAY_DO_WITHOUT and named

    def _misspelt(self, who: str) -> bool:
        """Whether a step can do without what its prompt does not name: that is what is wrong then (prompts.py)."""
        use = self._uses.get(who)
        node = next((node for node in self._tree.steps if node.name == who), None)
        return use is not None and node is not None and not set(optional(node)) <= {*use.artifacts, *use.reads}

    def blocked(self, node: Node) -> tuple[str, str] | None:
        """Who needs which artifact of a step later; an empty name stands for the workflow's own output."""
        later = [item for sequence in _after(self._tree.flow, node.leader or node.name) or () for item in sequence]
        for artifact in makes(node):
            who = self._who(artifact, later)
            if who is not None:
                return who, artifact
            again = any(artifact in makes(item) for item in later)
            if artifact in self._outputs and node.map is None and not again:
                return "", artifact
        return None

    def _who(self, artifact: str, later: list[Node]) -> str | None:
        for item in later:
            for one in _inside(item):
                if artifact in needs(one, self._uses):
                    return one.name
            if artifact in makes(item):
                return None
        return None

    def possible(self, node: Node) -> bool:
        """Whether an error of a step can be passed over, by itself or by the detour in its place."""
        if node.is_block or node.kind in NEVER_CONTINUES:
            return any(self.possible(detour) for detour in self._detours(node))
        if any(go == "continue" for _, go in node.leads_to):
            return True
        values, _ = merged(layers(node, self._tree.source, self._configuration))
        if values.get("default_error_handler") == "continue" and self.blocked(node) is None:
            return True
        return any(self.possible(detour) for detour in self._detours(node))

    def _detours(self, node: Node) -> list[Node]:
        return [step for step in self._tree.steps if step.leader == node.name]


def _after(branch: Branch, name: str) -> list[list[Node]] | None:
    """The items that run after the one of a name, from the innermost sequence outwards; a map's stay within it."""
    for index, node in enumerate(branch.nodes):
        rest = list(branch.nodes[index + 1 :])
        if node.name == name:
            return [rest]
        for arm in node.arms:
            found = _after(arm, name)
            if found is not None:
                return found if node.kind == "map" else [*found, rest]
    return None


def _inside(node: Node) -> Iterator[Node]:
    yield node
    for arm in node.arms:
        for inner in arm.nodes:
            yield from _inside(inner)
