"""Reads the JSON Schema of a generate step's answer, and answers what later steps may expect of it.

Any JSON Schema that the LLM layer can send is taken: an object with `properties` at the top. `$ref` leads within the file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from llm_orchestration.patterns import fault_of, patterns_in
from workflow_orchestrator.definition.problems import Report
from workflow_orchestrator.definition.source import KeyPath, Source, read_source

_TYPES = ("object", "array", "string", "number", "integer", "boolean", "null")


def read_output(path: Path, report: Report) -> Mapping[str, Any] | None:
    """The schema of a file; what is wrong goes to the report, and then there is none."""
    source = read_source(path, report)
    if source is None:
        return None
    before = len(report)
    _check(source, report)
    return source.data if len(report) == before else None


def _check(source: Source, report: Report) -> None:
    from jsonschema import Draft202012Validator

    schema = source.data
    if not isinstance(schema, dict):
        report.add("WF048", source, (), "a JSON Schema is expected", 'write {"type": "object", "properties": {…}}')
        return
    validator = Draft202012Validator(Draft202012Validator.META_SCHEMA)
    for error in validator.iter_errors(schema):
        at: KeyPath = tuple(error.absolute_path)
        report.add("WF048", source, at, f"it is no JSON Schema: {error.message[:160]}")
    for place, pattern in patterns_in(schema):
        if (fault := fault_of(pattern)) is not None:
            report.add("WF048", source, place, f"{pattern!r} is no pattern: {fault}", "mend the pattern")
    if schema.get("type") != "object":
        report.add("WF048", source, ("type",), "the answer must be an object", 'write "type": "object" at the top')
    elif not isinstance(schema.get("properties"), dict) or not schema["properties"]:
        report.add("WF048", source, (), "the answer has no properties", "say what the model is asked for")
    for at, name in _references(schema, ()):
        if resolve({"$ref": name}, schema) is None:
            report.add("WF048", source, at, f"{name!r} is not in this file", "refer to #/$defs/<name>")


def _references(node: Any, at: KeyPath) -> Iterator[tuple[KeyPath, str]]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield (*at, "$ref"), node["$ref"]
        for key, item in node.items():
            yield from _references(item, (*at, key))
    elif isinstance(node, list):
        for index, item in enumerate(node):
            yield from _references(item, (*at, index))


def resolve(node: Any, schema: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """A node behind its references; `None` where one leads nowhere or in a circle."""
    for _ in range(20):
        if not isinstance(node, dict):
            return None
        name = node.get("$ref")
        if not isinstance(name, str):
            return node
        if not name.startswith("#"):
            return None
        node = schema
        for part in name[1:].strip("/").split("/") if name != "#" else ():
            node = node.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(node, dict) else None
    return None


def at_path(schema: Mapping[str, Any], path: Sequence[str]) -> tuple[Mapping[str, Any] | None, int, list[str]]:
    """The part of a schema that keys lead to.

    Returns:
        The part, or `None` where a key is not declared; how many keys were found; the keys that are declared at the last place.
        Where an object takes any key, every key is found and the part is empty.
    """
    node: Mapping[str, Any] | None = schema
    for index, key in enumerate(path):
        node = resolve(node, schema)
        if node is None or not is_plain(node):
            return {}, len(path), []
        properties = node.get("properties")
        if not isinstance(properties, dict):
            if "object" in types_of(node) and node.get("additionalProperties", True) is not False:
                return {}, len(path), []
            return None, index, []
        if key not in properties:
            if node.get("additionalProperties", False) not in (False, None):
                return {}, len(path), []
            return None, index, list(properties)
        node = properties[key]
    return resolve(node, schema) or {}, len(path), []


def is_plain(node: Mapping[str, Any]) -> bool:
    """Whether a node says by itself what it takes, without `anyOf` and the like."""
    return not any(key in node for key in ("anyOf", "oneOf", "allOf", "if", "patternProperties"))


def types_of(node: Mapping[str, Any]) -> tuple[str, ...]:
    """The JSON types that a node takes; all where it does not say."""
    kind = node.get("type")
    if isinstance(kind, str):
        return (kind,)
    if isinstance(kind, list):
        return tuple(str(one) for one in kind)
    if "enum" in node and isinstance(node["enum"], list):
        return tuple(dict.fromkeys(_type_of(word) for word in node["enum"]))
    return _TYPES


def _type_of(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return {str: "string", list: "array", dict: "object", type(None): "null"}[type(value)]
