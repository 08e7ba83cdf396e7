"""The flow as a Mermaid diagram, which GitHub and GitLab draw in a page."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

from workflow_orchestrator.definition import wording
from workflow_orchestrator.definition.flow import DONE
from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.definition.steps import ApproveStep, Arm, AskStep, Choose, Item, Map, Parallel, Step


def diagram(workflow: Workflow) -> str:
    """The text between the fences."""
    return _Diagram(workflow).text()


class _Diagram:
    """Collects nodes and edges. A sequence is drawn from its open ends: the nodes that the next item follows."""

    def __init__(self, workflow: Workflow) -> None:
        self._workflow = workflow
        self._lines: list[str] = []
        self._people: list[str] = []
        self._numbers = count(1)
        self._depth = 1

    def text(self) -> str:
        self._add('from(["one document"])')
        ends = self._sequence(self._workflow.flow, [("from", "")])
        self._add('to(["outcome"])')
        self._join(ends, "to")
        before = [("to", "however it ends")]
        for step in self._workflow.last:
            self._step(step)
            self._join(before, _id(step.name))
            before = [(_id(step.name), "")]
        if self._people:
            self._add(f"class {','.join(self._people)} person")
            self._add("classDef person stroke-width:3px")
        return "\n".join(["flowchart TD", *self._lines])

    def _sequence(self, items: Sequence[Item], ends: list[tuple[str, str]]) -> list[tuple[str, str]]:
        for item in items:
            ends = self._item(item, ends)
        return ends

    def _item(self, item: Item, ends: list[tuple[str, str]]) -> list[tuple[str, str]]:
        if isinstance(item, Step):
            self._step(item)
            self._join(ends, _id(item.name))
            return [(_id(item.name), ""), *self._detours(item)]
        if isinstance(item, Map):
            return self._map(item, ends)
        return self._arms(item, ends)

    def _step(self, step: Step) -> None:
        self._add(f'{_id(step.name)}["{_text(step.name)}<br/><small>{step.kind}</small>"]')
        if isinstance(step, AskStep | ApproveStep):
            self._people.append(_id(step.name))

    def _detours(self, step: Step) -> list[tuple[str, str]]:
        """The detours of a step; each ends where the step itself does."""
        ends: list[tuple[str, str]] = []
        drawn: dict[str, list[str]] = {}
        for catch in step.catches:
            if catch.go not in DONE:
                drawn.setdefault(catch.go, []).append(catch.on)
        for name, errors in drawn.items():
            self._step(self._workflow.step(name))
            self._add(f'{_id(step.name)} -. "{_text(" or ".join(errors))}" .-> {_id(name)}')
            ends.append((_id(name), ""))
        return ends

    def _arms(self, block: Choose | Parallel, ends: list[tuple[str, str]]) -> list[tuple[str, str]]:
        name = _id(block.name)
        self._add(
            f'{name}{{"{_text(block.name)}"}}' if isinstance(block, Choose) else f'{name}(["{_text(block.name)}"])'
        )
        self._join(ends, name)
        left: list[tuple[str, str]] = []
        for arm in block.arms:
            left += self._sequence(arm.steps, [(name, self._label(arm, block))])
        if isinstance(block, Choose) and block.arms[-1].when is not None:
            left.append((name, "none of them"))
        return left

    def _label(self, arm: Arm, block: Choose | Parallel) -> str:
        if isinstance(block, Parallel):
            return arm.name
        return f"{arm.name}: {'otherwise' if arm.when is None else wording.condition(arm.when)}"

    def _map(self, block: Map, ends: list[tuple[str, str]]) -> list[tuple[str, str]]:
        self._add(f'subgraph {_id(block.name)}["{_text(block.name)}: {_text(wording.block(block))}"]')
        self._depth += 1
        entry = f"item_{next(self._numbers)}"
        self._add(f'{entry}(["{_text(block.item_name)}"])')
        left = self._sequence(block.steps, [(entry, "")])
        self._depth -= 1
        self._add("end")
        self._join(ends, entry)
        return left

    def _join(self, ends: Sequence[tuple[str, str]], to: str) -> None:
        for name, label in ends:
            self._add(f'{name} -- "{_text(label)}" --> {to}' if label else f"{name} --> {to}")

    def _add(self, line: str) -> None:
        self._lines.append("  " * self._depth + line)


def _id(name: str) -> str:
    """The id of a node. A step may be called `end`, `class` or `default`, which mean something to Mermaid."""
    return f"n_{name}"


def _text(text: str) -> str:
    """Text inside a label: what Mermaid would read as its own is written as an entity."""
    for char, entity in (("&", "&amp;"), ('"', "&quot;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(char, entity)
    return text
