"""Calls of other workflows: that the other one is there, takes what it is given, and makes what is taken.

The other file is read as far as this one depends on it: its parameters, its outputs, its fields, and whom it calls itself. What else is
wrong with it shows when it is loaded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workflow_orchestrator.definition.checks.making import artifact_of
from workflow_orchestrator.definition.checks.subjects import OWN_PARAMETERS, Sort, Subjects, sort_of
from workflow_orchestrator.definition.conf import explain
from workflow_orchestrator.definition.fields_file import read_fields
from workflow_orchestrator.definition.flow import ARTIFACTS
from workflow_orchestrator.definition.language import WORKFLOW
from workflow_orchestrator.definition.outline import Node, Outline, outline
from workflow_orchestrator.definition.output_file import read_output
from workflow_orchestrator.definition.parameters import parameter_schema
from workflow_orchestrator.definition.problems import Report, did_you_mean
from workflow_orchestrator.definition.shapes import said
from workflow_orchestrator.definition.source import KeyPath, read_source
from workflow_orchestrator.fields import FieldSet

FIELDS_OF = ("reading", "data", "script")
"""Artifacts that name fields: whoever takes one must know the fields."""


@dataclass(frozen=True, slots=True)
class Called:
    """What a caller sees of another workflow. `tree` is `None` when its file has problems of its own."""

    name: str
    folder: Path
    tree: Outline | None

    def parameters(self) -> dict[str, dict[str, Any]]:
        """Its parameters as they stand in its file."""
        if self.tree is None:
            return {}
        return {str(at[-1]): item for at, item in self.tree.source.walk(("input", "parameters"))}

    def outputs(self) -> list[str]:
        """What may be taken from it."""
        return [] if self.tree is None else [str(name) for _, name in self.tree.source.walk(("output",))]

    def calls(self) -> list[str]:
        """The workflows that it calls itself."""
        if self.tree is None:
            return []
        names = (node.own.get("workflow") for node in self.tree.steps if node.kind == "call")
        return [name for name in names if isinstance(name, str)]

    def answer(self, artifact: str) -> Mapping[str, Any] | None:
        """The schema of an artifact that a generate step of it makes."""
        for node in self.tree.steps if self.tree is not None else ():
            output = node.own.get("output")
            if node.kind == "generate" and artifact_of(node) == artifact and isinstance(output, str):
                path = self.folder / output
                return read_output(path, Report()) if path.is_file() else None
        return None

    def fields(self) -> FieldSet | None:
        """Its fields."""
        for node in self.tree.steps if self.tree is not None else ():
            schema = node.own.get("schema")
            if node.kind in ("extract", "call") and isinstance(schema, str) and (self.folder / schema).is_file():
                return read_fields(self.folder / schema, Report())
        return None


def find_called(tree: Outline, beside: Path) -> dict[str, Called]:
    """The workflows that a file calls, and all that those call, by name; one that is not there is left out."""
    found: dict[str, Called] = {}
    waiting = [name for node in tree.steps if node.kind == "call" and isinstance(name := node.own.get("workflow"), str)]
    while waiting:
        name = waiting.pop()
        folder = beside / name
        if name in found or Path(name).name != name or not (folder / "workflow.yaml").is_file():
            continue
        found[name] = Called(name, folder, _read(folder))
        waiting += found[name].calls()
    return found


def _read(folder: Path) -> Outline | None:
    report = Report()
    source = read_source(folder / "workflow.yaml", report)
    if source is None:
        return None
    WORKFLOW.check(source.data, (), source, report)
    return None if len(report) else outline(source)


def check_calls(
    tree: Outline, called: Mapping[str, Called], subjects: Subjects, report: Report, *, kept: bool, folder: Path
) -> None:
    """Reports calls that the other workflow would refuse, and calls in a circle.

    Args:
        kept: whether this is a run's own copy, whose calls were checked when it was deployed.
        folder: this workflow's.
    """
    for node in tree.steps:
        name = node.own.get("workflow") if node.kind == "call" else None
        if not isinstance(name, str):
            continue
        at: KeyPath = (*node.at, "call", "workflow")
        other = called.get(name)
        if other is None:
            if not kept:
                known = sorted(
                    path.parent.name for path in folder.parent.glob("*/workflow.yaml") if path.parent != folder
                )
                report.add("WF062", tree.source, at, f"there is no workflow {name!r}", did_you_mean(name, known))
        elif other.tree is None:
            report.add(
                "WF062",
                tree.source,
                at,
                f"the workflow {name!r} has problems of its own",
                f"run scripts/workflow check {name}",
            )
        else:
            circle = _circle(folder.name, name, called)
            if circle:
                report.add(
                    "WF062",
                    tree.source,
                    at,
                    f"the workflows call each other in a circle: {' → '.join(circle)}",
                    "remove one of the calls",
                )
            _Call(node, other, tree, subjects, report).check()
    _check_has_fields(tree, report)


def _circle(start: str, first: str, called: Mapping[str, Called]) -> list[str]:
    """The way from a workflow back to itself; empty when there is none."""
    waiting = [[start, first]]
    seen = set()
    while waiting:
        way = waiting.pop(0)
        if way[-1] == start:
            return way
        if way[-1] in seen or way[-1] not in called:
            continue
        seen.add(way[-1])
        waiting += [[*way, name] for name in called[way[-1]].calls()]
    return []


def _check_has_fields(tree: Outline, report: Report) -> None:
    """A workflow that takes data and reads no document itself says which fields it takes."""
    steps = list(tree.steps)
    if any(node.kind == "extract" or "schema" in node.own for node in steps):
        return
    for node in steps:
        take = node.own.get("take") if node.kind == "call" else None
        taken = [name for name in take if name in FIELDS_OF] if isinstance(take, list) else []
        if taken:
            report.add(
                "WF062",
                tree.source,
                (*node.at, "call"),
                f"it takes the {taken[0]}, and the fields in it are not known",
                "add schema: with a file like the schema.json of that workflow",
            )
            return


class _Call:
    """One call against the workflow that it names."""

    def __init__(self, node: Node, other: Called, tree: Outline, subjects: Subjects, report: Report) -> None:
        self._node = node
        self._other = other
        self._tree = tree
        self._subjects = subjects
        self._report = report

    def check(self) -> None:
        self._parameters()
        self._outputs()
        self._fields()

    def _tell(self, at: KeyPath, message: str, fix: str = "", *, key: bool = False) -> None:
        self._report.add("WF062", self._tree.source, at, message, fix, key=key)

    def _parameters(self) -> None:
        at: KeyPath = (*self._node.at, "call", "parameters")
        theirs = self._other.parameters()
        given = self._tree.source.get(at, dict) or {}
        for name, value in given.items():
            if name in OWN_PARAMETERS:
                self._tell((*at, name), f"the platform itself hands {name!r} on", "remove it", key=True)
            elif name not in theirs:
                fix = did_you_mean(name, theirs)
                self._tell((*at, name), f"{self._other.name!r} has no parameter {name!r}", fix, key=True)
            else:
                self._argument((*at, name), value, parameter_schema(theirs[name]))
        for name, item in theirs.items():
            if "default" not in item and name not in given:
                self._tell(
                    at if given else at[:-1], f"{self._other.name!r} needs the parameter {name!r}", f"add {name}"
                )

    def _argument(self, at: KeyPath, value: Any, schema: Mapping[str, Any]) -> None:
        if not isinstance(value, dict):
            for message in explain(value, schema):
                self._tell(at, f"it {message}")
            return
        if len(value) != 1:
            return
        ((source, name),) = value.items()
        if source not in ("parameter", "item") or not isinstance(name, str):
            return
        sort = self._subjects.find(source, name, self._node, (*at, source), self._report)
        if sort is None:
            return
        for message in _misfits(sort, sort_of(schema, f"the parameter of {self._other.name!r}")):
            self._tell((*at, source), message)

    def _outputs(self) -> None:
        outputs = self._other.outputs()
        for at, name in self._tree.source.walk((*self._node.at, "call", "take")):
            if isinstance(name, str) and name not in outputs:
                known = f"add it to 'output' of {self._other.name}" if not outputs else did_you_mean(name, outputs)
                self._tell(at, f"{self._other.name!r} gives no output {name!r}", known)

    def _fields(self) -> None:
        """Every field that this workflow counts on is one of the other's, and of the same form."""
        name = self._node.own.get("schema")
        theirs = self._other.fields()
        if not isinstance(name, str) or self._subjects.fields is None or theirs is None:
            return
        at: KeyPath = (*self._node.at, "call", "schema")
        for spec in self._subjects.fields.values():
            other = theirs.get(spec.name)
            if other is None:
                fix = did_you_mean(spec.name, theirs)
                self._tell(at, f"{self._other.name!r} has no field {spec.name!r}", fix)
            elif (other.kind, other.keyed, set(other.keys)) != (spec.kind, spec.keyed, set(spec.keys)):
                self._tell(at, f"the field {spec.name!r} is declared otherwise by {self._other.name!r}", "copy it")


def _misfits(given: Sort, wanted: Sort) -> Iterator[str]:
    """Why a value of one sort cannot stand for another."""
    if "any" in (given.kind, wanted.kind):
        return
    if given.kind != wanted.kind:
        yield f"{given.says} is {given.named}, and {wanted.says} is {wanted.named}"
    elif given.kind == "number" and (why := _wider(given, wanted)):
        yield f"{given.says} may be {why}"
    elif given.kind == "list" and given.item is not None and wanted.item is not None:
        yield from _misfits(given.item, wanted.item)
    elif wanted.words:
        foreign = [word for word in given.words if word not in wanted.words]
        if foreign or not given.words:
            what = said(foreign[0]) if foreign else "any text"
            yield f"{given.says} may be {what}, and {wanted.says} takes {', '.join(wanted.words)}"


def _wider(given: Sort, wanted: Sort) -> str:
    """What a number may be that another must not; empty when it may be nothing of that."""
    if wanted.whole and not given.whole:
        return f"a fraction, and {wanted.says} is a whole number"
    if wanted.minimum is not None and (given.minimum is None or given.minimum < wanted.minimum):
        return f"less than {wanted.minimum}, the minimum of {wanted.says}"
    if wanted.maximum is not None and (given.maximum is None or given.maximum > wanted.maximum):
        return f"more than {wanted.maximum}, the maximum of {wanted.says}"
    return ""


def taken_answers(tree: Outline, called: Mapping[str, Called]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """The answers that call steps take: step, artifact, schema."""
    for node in tree.steps:
        other = called.get(str(node.own.get("workflow"))) if node.kind == "call" else None
        take = node.own.get("take")
        for name in take if other is not None and isinstance(take, list) else ():
            schema = other.answer(name) if isinstance(name, str) and name not in ARTIFACTS and other else None
            if schema is not None:
                yield node.name, name, schema
