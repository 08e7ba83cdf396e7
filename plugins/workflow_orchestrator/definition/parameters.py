"""The typed parameters of a workflow: from `input.parameters` to `Parameter`, each with its JSON Schema."""

from __future__ import annotations

from typing import Any

from llm_orchestration.patterns import fault_of
from workflow_orchestrator.definition.model import Parameter
from workflow_orchestrator.definition.problems import Report
from workflow_orchestrator.definition.shapes import said
from workflow_orchestrator.definition.source import KeyPath, Source

RESERVED = ("document", "documents", "approval", "force")

_AT: KeyPath = ("input", "parameters")
_NUMBERS = ("integer", "number")
# Which keys go with which type.
_FITS = {
    "enum": ("string",),
    "pattern": ("string",),
    "items": ("array",),
    "minimum": _NUMBERS,
    "maximum": _NUMBERS,
}


def check_parameters(source: Source, report: Report) -> None:
    """Reports parameters that contradict themselves or take a name of the platform's own."""
    for at, item in source.walk(_AT):
        name = at[-1]
        if name in RESERVED:
            report.add(
                "WF023", source, at, f"the name {name!r} is the platform's own parameter", "choose another", key=True
            )
        if isinstance(item, dict):
            _check_parameter(item, at, source, report)


def _check_parameter(item: dict[str, Any], at: KeyPath, source: Source, report: Report) -> None:
    kind = item.get("type", "string")
    before = len(report)
    for key, kinds in _FITS.items():
        if key in item and kind not in kinds:
            report.add("WF023", source, (*at, key), f"{key} goes with type {' or '.join(kinds)}, not with {said(kind)}")
    if "type" not in item and "enum" not in item:
        report.add("WF023", source, at, "it has neither a type nor an enum", "add type: string, for example")
    if kind == "array" and "items" not in item:
        report.add("WF023", source, at, "a parameter of type array lists what it may hold", "add items: {enum: […]}")
    if _is_number(item.get("minimum")) and _is_number(item.get("maximum")) and item["minimum"] > item["maximum"]:
        report.add(
            "WF023", source, (*at, "minimum"), f"the minimum {item['minimum']} is above the maximum {item['maximum']}"
        )
    if isinstance(item.get("pattern"), str):
        fault = fault_of(item["pattern"])
        if fault is not None:
            report.add("WF023", source, (*at, "pattern"), f"it is not a regular expression: {fault}", "mend the pattern")
    if "default" in item and len(report) == before and _well_formed(item):
        _check_default(item, at, source, report)


def _well_formed(item: dict[str, Any]) -> bool:
    """Whether the shapes are right enough to make a schema of; what is wrong in them has been reported elsewhere."""
    words = item.get(
        "enum", item.get("items", {"enum": []}).get("enum") if isinstance(item.get("items", {}), dict) else None
    )
    limits = [item[key] for key in ("minimum", "maximum") if key in item]
    texts = [item.get("type", "string"), item.get("pattern", "")]
    return (
        isinstance(words, list)
        and all(isinstance(text, str) for text in texts)
        and all(_is_number(limit) for limit in limits)
    )


def _check_default(item: dict[str, Any], at: KeyPath, source: Source, report: Report) -> None:
    from workflow_orchestrator.definition.conf import explain

    for message in explain(item["default"], parameter_schema(item)):
        report.add("WF023", source, (*at, "default"), f"the default {message}")


def parameter_schema(item: dict[str, Any]) -> dict[str, Any]:
    """The JSON Schema of a parameter, without title, description and default."""
    kind = item.get("type", "string")
    schema: dict[str, Any] = {"type": kind}
    if "enum" in item:
        schema["enum"] = list(item["enum"])
    if kind == "array":
        schema["items"] = {"type": "string", "enum": list(item["items"]["enum"])}
        schema["uniqueItems"] = True
    if "pattern" in item:
        schema["pattern"] = f"^(?:{item['pattern']})$"
    if kind == "string" and "enum" not in item and "default" not in item:
        schema["minLength"] = 1
    for key in ("minimum", "maximum"):
        if key in item:
            schema[key] = item[key]
    return schema


def build_parameters(source: Source) -> tuple[Parameter, ...]:
    """The parameters of a definition without problems."""
    return tuple(
        Parameter(
            name=str(at[-1]),
            title=item["title"],
            description=item.get("description", ""),
            schema=parameter_schema(item),
            default=item.get("default"),
            required="default" not in item,
        )
        for at, item in source.walk(_AT)
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
