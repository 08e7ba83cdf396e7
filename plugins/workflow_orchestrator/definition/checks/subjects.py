"""What a reference of a condition, a map or a call stands for: parameter, proven value, key of a generate step, item.

Each becomes a `Sort`: what kind of value it is, which words or numbers it takes. A reference to what does not exist is reported where
it stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from workflow_orchestrator.definition.checks.making import makes
from workflow_orchestrator.definition.outline import Node, Outline
from workflow_orchestrator.definition.output_file import at_path, is_plain, resolve, types_of
from workflow_orchestrator.definition.parameters import parameter_schema
from workflow_orchestrator.definition.problems import Report, did_you_mean
from workflow_orchestrator.definition.source import KeyPath
from workflow_orchestrator.fields import FieldSet
from workflow_orchestrator.values import NUMERIC_KINDS, Kind

OWN_PARAMETERS: Mapping[str, Mapping[str, Any]] = {
    "document": {"type": "string"},
    "approval": {"type": "string", "enum": ["people", "auto"]},
    "force": {"type": "boolean"},
}
"""The parameters that every run has."""


@dataclass(frozen=True, slots=True)
class Sort:
    """What a value is: text, number, boolean, date, list, object, several (a field with keys), or any.

    `words` are the texts that it may be; none: any. `item` is what a list holds.
    """

    kind: str
    says: str
    words: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    item: Sort | None = None
    whole: bool = False

    @property
    def named(self) -> str:
        """What it is, in a message: `a number`."""
        return _NAMED[self.kind]


_NAMED = {
    "text": "text",
    "boolean": "true or false",
    "number": "a number",
    "date": "a day",
    "list": "a list",
    "object": "a mapping",
    "several": "several values",
    "any": "anything",
}
_JSON = {
    "string": "text",
    "number": "number",
    "integer": "number",
    "boolean": "boolean",
    "array": "list",
    "object": "object",
}


@dataclass(frozen=True, slots=True)
class Subjects:
    """Everything that a reference of one workflow may name."""

    tree: Outline
    fields: FieldSet | None
    schemas: Mapping[str, Mapping[str, Mapping[str, Any]]] = field(default_factory=dict)  # artifact → step → schema

    def parameters(self) -> dict[str, Mapping[str, Any]]:
        """Each parameter with its JSON Schema; one that is broken has none, and takes anything."""
        found: dict[str, Mapping[str, Any]] = dict(OWN_PARAMETERS)
        for at, item in self.tree.source.walk(("input", "parameters")):
            try:
                found[str(at[-1])] = parameter_schema(item)
            except (KeyError, TypeError, AttributeError):
                found[str(at[-1])] = {}
        return found

    def map_around(self, node: Node) -> Node | None:
        """The map that a step or block stands in."""
        return next((one for one in self.tree.nodes if one.kind == "map" and one.name == node.map), None)

    def item_name(self, node: Node) -> str | None:
        """What the steps of the map around call the item."""
        around = self.map_around(node)
        name = around.own.get("as") if around is not None else None
        return name if isinstance(name, str) else None

    def find(self, source: str, name: str, node: Node, at: KeyPath, report: Report) -> Sort | None:
        """The sort of what a reference names; `None` when there is no such thing, which is then reported at `at`."""
        if source == "parameter":
            return self._parameter(name, at, report)
        if source == "field":
            return self._field(name, at, report)
        if source == "output":
            return self._output(name, at, report)
        return self._item(name, node, at, report)

    def _parameter(self, name: str, at: KeyPath, report: Report) -> Sort | None:
        known = self.parameters()
        if name in known:
            return sort_of(known[name], f"the parameter {name!r}")
        report.add("WF052", self.tree.source, at, f"there is no parameter {name!r}", did_you_mean(name, known))
        return None

    def _field(self, ref: str, at: KeyPath, report: Report) -> Sort | None:
        if self.fields is None:
            return None
        name, _, key = ref.partition(".")
        spec = self.fields.get(name)
        if spec is None:
            report.add(
                "WF042", self.tree.source, at, f"the schema has no field {name!r}", did_you_mean(name, self.fields)
            )
            return None
        if key and not spec.keyed:
            report.add("WF052", self.tree.source, at, f"the field {name!r} has one value and no key", f"write {name}")
            return None
        if key and spec.keys and key not in spec.keys:
            fix = did_you_mean(key, spec.keys)
            report.add("WF052", self.tree.source, at, f"the field {name!r} has no {spec.keyed} {key!r}", fix)
            return None
        says = f"the field {ref!r}"
        if spec.keyed and not key:
            return Sort("several", says)
        if spec.kind is Kind.CHOICE:
            return Sort("text", says, tuple(choice.value for choice in spec.choices))
        kind = "number" if spec.kind in NUMERIC_KINDS else "date" if spec.kind is Kind.DATE else "text"
        return Sort(kind, says)

    def _output(self, ref: str, at: KeyPath, report: Report) -> Sort | None:
        artifact, *keys = ref.split(".")
        makers = [
            node.name for node in self.tree.steps if artifact in makes(node) and node.kind in ("generate", "call")
        ]
        if not makers:
            known = sorted({made for node in self.tree.steps if node.kind == "generate" for made in makes(node)})
            report.add(
                "WF052", self.tree.source, at, f"no generate step makes {artifact!r}", did_you_mean(artifact, known)
            )
            return None
        sorts = []
        for maker, schema in self.schemas.get(artifact, {}).items():
            node, found, known = at_path(schema, keys)
            if node is None:
                wrong = ".".join((artifact, *keys[: found + 1]))
                fix = did_you_mean(keys[found], known) if known else ""
                report.add("WF052", self.tree.source, at, f"the answer of {maker!r} has no {wrong!r}", fix)
                return None
            sorts.append(sort_of(node, f"{ref!r}", schema))
        return sorts[0] if sorts else Sort("any", repr(ref))

    def _item(self, name: str, node: Node, at: KeyPath, report: Report) -> Sort | None:
        around = self.map_around(node)
        known = self.item_name(node)
        if around is None:
            report.add("WF052", self.tree.source, at, f"{name!r} is no item: there is no map around", "")
            return None
        if name != known:
            fix = f"write {known}" if known else ""
            report.add("WF052", self.tree.source, at, f"the map {around.name!r} does not call its item {name!r}", fix)
            return None
        return self.item_of(around) or Sort("any", f"the item {name!r}")

    def item_of(self, around: Node) -> Sort | None:
        """What a map goes over, one at a time; `None` where that is not known."""
        over = around.own.get("over")
        if not isinstance(over, dict) or len(over) != 1:
            return None
        ((source, name),) = over.items()
        if source not in ("parameter", "output") or not isinstance(name, str):
            return None
        found = self.find(source, name, around, (), Report())
        return found.item if found is not None else None


def sort_of(node: Mapping[str, Any], says: str, schema: Mapping[str, Any] | None = None) -> Sort:
    """The sort of what a part of a JSON Schema takes."""
    kinds = {_JSON.get(kind, "any") for kind in types_of(node) if kind != "null"}
    if len(kinds) != 1 or not is_plain(node):
        return Sort("any", says)
    kind = kinds.pop()
    words = node.get("enum")
    texts = tuple(word for word in words if isinstance(word, str)) if isinstance(words, list) else ()
    item = None
    if kind == "list":
        inner = resolve(node.get("items", {}), schema or node)
        item = sort_of(inner or {}, f"an item of {says}", schema)
    low, high = (limit if isinstance(limit := node.get(key), int | float) else None for key in ("minimum", "maximum"))
    whole = set(types_of(node)) <= {"integer", "null"}
    return Sort(kind, says, texts if kind == "text" else (), low, high, item, whole)
