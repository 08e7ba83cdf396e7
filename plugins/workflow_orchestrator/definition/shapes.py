"""One description of a file that both checks it and becomes its JSON Schema, so that the two cannot part.

    Record(keys → Entry(shape)) · MapOf(shape) · ListOf(shape) · OneOf(shapes by type) · Named(shape that holds itself)
    Text · Choice · Flag · Whole · Number · Anything

`check` walks the data, reports every problem with its position and goes on; `schema` gives the same shape to an editor.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from workflow_orchestrator.definition.problems import Report, did_you_mean
from workflow_orchestrator.definition.source import KeyPath, Source


class Shape(Protocol):
    """What a value must look like."""

    def check(self, value: Any, at: KeyPath, source: Source, report: Report) -> None:
        """Reports what is wrong with a value."""

    def schema(self) -> dict[str, Any]:
        """The same as JSON Schema (draft 2020-12)."""


def said(value: Any) -> str:
    """A value as it is named in a message: short, on one line, recognisable."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return repr(value if len(value) <= 60 else value[:57] + "…")
    return f"the number {value}"


def _wrong_type(expected: str, value: Any, at: KeyPath, source: Source, report: Report, *, quoted: bool = True) -> None:
    fix = ""
    if quoted and expected.startswith("text") and isinstance(value, int | float):
        fix = "put it into quotes"
    elif expected == "true or false" and str(value).casefold() in ("yes", "on", "y", "true"):
        fix = "write true"
    elif expected == "true or false" and str(value).casefold() in ("no", "off", "n", "false"):
        fix = "write false"
    report.add("WF012", source, at, f"{expected} is expected, not {said(value)}", fix)


@dataclass(frozen=True, slots=True)
class Text:
    """Text; with a pattern, `says` tells an author in words what it takes."""

    pattern: str = ""
    says: str = ""
    longest: int = 2_000

    def check(self, value: Any, at: KeyPath, source: Source, report: Report) -> None:
        if not isinstance(value, str):
            # `48` in quotes is still no duration.
            fits = not self.pattern or re.fullmatch(self.pattern, str(value)) is not None
            _wrong_type("text" if fits else f"text ({self.says})", value, at, source, report, quoted=fits)
        elif not value.strip():
            report.add("WF013", source, at, "it is empty")
        elif len(value) > self.longest:
            report.add("WF013", source, at, f"it has {len(value)} characters, more than {self.longest}")
        elif self.pattern and re.fullmatch(self.pattern, value) is None:
            report.add("WF013", source, at, f"{said(value)} is not {self.says}")

    def schema(self) -> dict[str, Any]:
        pattern = {"pattern": f"^(?:{self.pattern})$"} if self.pattern else {"pattern": "\\S"}
        return {"type": "string", **pattern, "maxLength": self.longest}


@dataclass(frozen=True, slots=True)
class Choice:
    """One of some words. `because` is said instead of the choice, where a wrong word needs a reason."""

    words: tuple[str, ...]
    because: str = ""

    def check(self, value: Any, at: KeyPath, source: Source, report: Report) -> None:
        if not isinstance(value, str):
            _wrong_type(f"text ({', '.join(self.words)})", value, at, source, report)
        elif value not in self.words:
            fix = self.because or did_you_mean(value, self.words)
            report.add("WF013", source, at, f"{said(value)} is not allowed", fix)

    def schema(self) -> dict[str, Any]:
        return {"enum": list(self.words)}


@dataclass(frozen=True, slots=True)
class Number:
    """A number within limits; `whole` refuses fractions."""

    minimum: float
    maximum: float
    whole: bool = False

    def check(self, value: Any, at: KeyPath, source: Source, report: Report) -> None:
        expected = "a whole number" if self.whole else "a number"
        if isinstance(value, bool) or not isinstance(value, int | float) or (self.whole and value != int(value)):
            _wrong_type(expected, value, at, source, report)
        elif not self.minimum <= value <= self.maximum:
            allowed = (
                f"between {self.minimum:,} and {self.maximum:,}" if self.minimum < self.maximum else f"{self.minimum}"
            )
            report.add("WF013", source, at, f"{value} is not {allowed}")

    def schema(self) -> dict[str, Any]:
        return {"type": "integer" if self.whole else "number", "minimum": self.minimum, "maximum": self.maximum}


def Whole(minimum: int, maximum: int) -> Number:  # noqa: N802 - reads as the shapes beside it
    """A whole number within limits."""
    return Number(minimum, maximum, whole=True)


@dataclass(frozen=True, slots=True)
class Anything:
    """Any value; what it must be is decided elsewhere."""

    def check(self, value: Any, at: KeyPath, source: Source, report: Report) -> None:
        return None

    def schema(self) -> dict[str, Any]:
        return {}


@dataclass(frozen=True, slots=True)
class Flag:
    """`true` or `false`."""

    def check(self, value: Any, at: KeyPath, source: Source, report: Report) -> None:
        if not isinstance(value, bool):
            _wrong_type("true or false", value, at, source, report)

    def schema(self) -> dict[str, Any]:
        return {"type": "boolean"}


@dataclass(frozen=True, slots=True)
class OneOf:
    """Values of several types: the first shape whose JSON type the value has judges it. `says` names them all."""

    shapes: tuple[Shape, ...]
    says: str

    def check(self, value: Any, at: KeyPath, source: Source, report: Report) -> None:
        for shape in self.shapes:
            if _type_fits(shape, value):
                shape.check(value, at, source, report)
                return
        _wrong_type(self.says, value, at, source, report)

    def schema(self) -> dict[str, Any]:
        return {"anyOf": [shape.schema() for shape in self.shapes]}


def _type_fits(shape: Shape, value: Any) -> bool:
    if isinstance(value, bool):
        return isinstance(shape, Flag)
    if isinstance(value, int | float):
        return isinstance(shape, Number)
    if isinstance(value, str):
        return isinstance(shape, Text | Choice)
    if isinstance(value, list):
        return isinstance(shape, ListOf)
    return isinstance(value, dict) and isinstance(shape, Record | MapOf)


class Named:
    """A shape that may hold itself: it is built first and filled after, and the schema refers to it by name.

    All of one file share one table, `known`, which becomes the schema's `$defs`.
    """

    def __init__(self, name: str, known: dict[str, Named]) -> None:
        self.name = name
        self.shape: Shape = Anything()
        known[name] = self

    def check(self, value: Any, at: KeyPath, source: Source, report: Report) -> None:
        self.shape.check(value, at, source, report)

    def schema(self) -> dict[str, Any]:
        return {"$ref": f"#/$defs/{self.name}"}


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list of values of one shape, each once."""

    item: Shape
    at_least: int = 1
    at_most: int = 1_000

    def check(self, value: Any, at: KeyPath, source: Source, report: Report) -> None:
        if not isinstance(value, list):
            _wrong_type("a list", value, at, source, report)
            return
        if len(value) < self.at_least:
            report.add("WF013", source, at, "the list is empty")
        if len(value) > self.at_most:
            report.add("WF013", source, at, f"the list has {len(value):,} entries, more than {self.at_most:,}")
            return
        seen: set[str] = set()
        for index, item in enumerate(value):
            if report.full:
                return
            # As JSON, because 1, true and 1.0 are one to Python, and a mapping has no hash; text as it is, because that is quicker.
            mark = f'"{item}' if isinstance(item, str) else json.dumps(item, sort_keys=True)
            if mark in seen:
                report.add("WF013", source, (*at, index), f"{said(item)} is in the list twice", "remove one of them")
            seen.add(mark)
            self.item.check(item, (*at, index), source, report)

    def schema(self) -> dict[str, Any]:
        least = {"minItems": self.at_least} if self.at_least else {}
        return {"type": "array", "items": self.item.schema(), "uniqueItems": True, "maxItems": self.at_most, **least}


@dataclass(frozen=True, slots=True)
class MapOf:
    """A mapping from names to values of one shape. `says` tells what a name looks like."""

    item: Shape
    names: str
    says: str
    at_least: int = 1

    def check(self, value: Any, at: KeyPath, source: Source, report: Report) -> None:
        if not isinstance(value, dict):
            _wrong_type("a mapping", value, at, source, report)
            return
        if len(value) < self.at_least:
            report.add("WF013", source, at, "the mapping is empty")
        for name, item in value.items():
            if report.full:
                return
            if re.fullmatch(self.names, name) is None:
                report.add("WF013", source, (*at, name), f"the name {name!r} is not {self.says}", key=True)
            self.item.check(item, (*at, name), source, report)

    def schema(self) -> dict[str, Any]:
        least = {"minProperties": self.at_least} if self.at_least else {}
        return {
            "type": "object",
            "propertyNames": {"pattern": f"^(?:{self.names})$"},
            "additionalProperties": self.item.schema(),
            **least,
        }


@dataclass(frozen=True, slots=True)
class Entry:
    """One key of a record: its shape, what it means, and whether it must be there."""

    shape: Shape
    says: str = ""
    required: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """A mapping with known keys.

    Of the keys in `one_of`, exactly one must be there, and of those in `any_of` at least one. A key in `alone` goes with no
    other. `together` says which keys a key goes with: `{key: one of which must be there too}`.
    """

    entries: Mapping[str, Entry]
    one_of: tuple[str, ...] = ()
    any_of: tuple[str, ...] = ()
    alone: tuple[str, ...] = ()
    together: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    hints: Mapping[str, str] = field(default_factory=dict)  # an unknown key that is likely → what to do instead

    def check(self, value: Any, at: KeyPath, source: Source, report: Report) -> None:
        if not isinstance(value, dict):
            _wrong_type("a mapping", value, at, source, report)
            return
        meant: set[str] = set()
        for name, item in value.items():
            if report.full:
                return
            entry = self.entries.get(name)
            if entry is None:
                fix = self.hints.get(name) or did_you_mean(name, (key for key in self.entries if key not in value))
                meant.update(key for key in self.entries if f"'{key}'" in fix)
                report.add("WF010", source, (*at, name), f"the key {name!r} is unknown", fix, key=True)
            else:
                entry.shape.check(item, (*at, name), source, report)
        for name, entry in self.entries.items():
            if entry.required and name not in value and name not in meant:
                says = entry.says[:1].lower() + entry.says[1:].rstrip(".")
                report.add("WF011", source, at, f"the key {name!r} is missing", says)
        self._check_counts(value, meant, at, source, report)
        self._check_company(value, at, source, report)

    def _check_counts(
        self, value: dict[str, Any], meant: set[str], at: KeyPath, source: Source, report: Report
    ) -> None:
        given = [name for name in value if name in self.one_of]
        if self.one_of and len(given) != 1 and not (not given and meant & set(self.one_of)):
            found = f"it has {' and '.join(given)}" if given else "it has none"
            report.add("WF014", source, at, f"exactly one of {', '.join(self.one_of)} is expected; {found}")
        if self.any_of and not any(name in value or name in meant for name in self.any_of):
            report.add("WF014", source, at, f"{' or '.join(self.any_of)} is expected; it has none")

    def _check_company(self, value: dict[str, Any], at: KeyPath, source: Source, report: Report) -> None:
        for name in (name for name in self.alone if name in value):
            # A second one of `one_of` has its own problem.
            for other in (key for key in value if key in self.entries and key != name and key not in self.one_of):
                report.add("WF014", source, (*at, other), f"{other!r} does not go with {name!r}", "remove it", key=True)
        for name, company in self.together.items():
            beside = [key for key in value if key in self.one_of]
            if name in value and beside and not any(key in value for key in company + self.alone):
                goes = " or ".join(company)
                report.add("WF014", source, (*at, name), f"{name!r} goes with {goes}", "remove it", key=True)

    def schema(self) -> dict[str, Any]:
        properties = {}
        for name, entry in self.entries.items():
            says = {"description": entry.says} if entry.says else {}
            properties[name] = {**says, **entry.shape.schema()}
        required = [name for name, entry in self.entries.items() if entry.required]
        return {
            "type": "object",
            "additionalProperties": False,
            "properties": properties,
            **({"required": required} if required else {}),
            **({"oneOf": [{"required": [name]} for name in self.one_of]} if self.one_of else {}),
            **({"anyOf": [{"required": [name]} for name in self.any_of]} if self.any_of else {}),
            **({"allOf": company} if (company := self._company_schema()) else {}),
        }

    def _company_schema(self) -> list[dict[str, Any]]:
        alone = [{"if": {"required": [name]}, "then": {"maxProperties": 1}} for name in self.alone]
        together = [
            {"if": {"required": [name]}, "then": {"anyOf": [{"required": [key]} for key in company]}}
            for name, company in self.together.items()
        ]
        return [*alone, *together]
