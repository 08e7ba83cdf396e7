"""What a value of a configuration file must look like: one description that reads it and becomes its JSON Schema.

    Record(key → Entry(shape)) · MapOf(shape) · ListOf(shape) · Text · Choice · Count · Seconds · Dollars · Flag

`read` returns the value as the program uses it, `None` after a problem, and always goes on to the next value, so that
one look shows every problem. `schema` tells an editor the same.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any, Protocol

from llm_orchestration import _yaml
from llm_orchestration._yaml import Mark, Node, Problems, Scalar, join, said

_MONEY = re.compile(r"(?:0|[1-9][0-9]{0,8})(?:\.[0-9]{1,12})?\Z")


class Shape(Protocol):
    """What a value must look like."""

    def read(self, node: Node, path: str, problems: Problems) -> Any:
        """The value; `None` when it does not fit, and then a problem says why."""

    def schema(self) -> dict[str, Any]:
        """The same as JSON Schema (draft 2020-12)."""


def nearest(word: str, known: Iterable[str]) -> str:
    """The way out of a misspelt word: the nearest known one, otherwise the whole choice."""
    names = list(known)
    small = word.casefold()
    near = difflib.get_close_matches(small, names, n=1, cutoff=0.6)
    # A key without its unit: `wait` for `wait_seconds`.
    longer = [name for name in names if len(small) > 2 and name.startswith(small)]
    near = near or (longer if len(longer) == 1 else [])
    if near:
        return f"did you mean {near[0]}?"
    return f"use {'one of ' if len(names) > 1 else ''}{', '.join(names)}" if names else "remove it"


@dataclass(frozen=True, slots=True)
class Text:
    """Text of one line. `says` tells people what `pattern` takes."""

    pattern: str = r"[^\n]*[^\s][^\n]*"
    says: str = "text of one line"
    longest: int = 250

    def read(self, node: Node, path: str, problems: Problems) -> str | None:
        if not isinstance(node, Scalar):
            problems.add(node.mark, path, f"must be text, not {said(node)}")
        elif not node.text.strip():
            problems.add(node.mark, path, "is empty", "state a value or remove the key")
        elif node.is_trap:
            problems.add(node.mark, path, f"is {node.text}, which YAML does not read as text", "put it in quotes")
        elif len(node.text) > self.longest or re.fullmatch(self.pattern, node.text) is None:
            problems.add(node.mark, path, f"is {said(node)}", f"use {self.says}, at most {self.longest} characters")
        else:
            return node.text
        return None

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^(?:{self.pattern})$", "maxLength": self.longest}


@dataclass(frozen=True, slots=True)
class Choice:
    """One of some words."""

    words: tuple[str, ...]

    def read(self, node: Node, path: str, problems: Problems) -> str | None:
        if isinstance(node, Scalar) and node.text in self.words:
            return node.text
        fix = nearest(node.text if isinstance(node, Scalar) else "", self.words)
        problems.add(node.mark, path, f"is {said(node)}", fix)
        return None

    def schema(self) -> dict[str, Any]:
        return {"enum": list(self.words)}


@dataclass(frozen=True, slots=True)
class Flag:
    """`true` or `false`."""

    def read(self, node: Node, path: str, problems: Problems) -> bool | None:
        if isinstance(node, Scalar) and node.plain and node.text in ("true", "false"):
            return node.text == "true"
        problems.add(node.mark, path, f"is {said(node)}", "use true or false, without quotes")
        return None

    def schema(self) -> dict[str, Any]:
        return {"type": "boolean"}


@dataclass(frozen=True, slots=True)
class Count:
    """A whole number within limits."""

    minimum: int = 1
    maximum: int = 1_000_000_000

    def read(self, node: Node, path: str, problems: Problems) -> int | None:
        number = _number(node, self.minimum, self.maximum)
        if number is not None and number == number.to_integral_value():
            return int(number)
        wanted = f"a whole number from {self.minimum} to {self.maximum}"
        if self.minimum == self.maximum:
            wanted = str(self.minimum)
        problems.add(node.mark, path, f"is {said(node)}", f"use {wanted}{_spelling(node)}")
        return None

    def schema(self) -> dict[str, Any]:
        return {"type": "integer", "minimum": self.minimum, "maximum": self.maximum}


@dataclass(frozen=True, slots=True)
class Seconds:
    """A time in seconds, read as `timedelta`; 0 only where `zero` allows it."""

    maximum: int
    zero: bool = False

    def read(self, node: Node, path: str, problems: Problems) -> timedelta | None:
        number = _number(node, 0, self.maximum)
        if number is not None and (number or self.zero):
            # A microsecond is the least that a timedelta holds; less would become 0.
            return max(timedelta(seconds=float(number)), timedelta(microseconds=1 if number else 0))
        wanted = f"seconds from 0 to {self.maximum}" if self.zero else f"seconds above 0 and up to {self.maximum}"
        problems.add(node.mark, path, f"is {said(node)}", f"use {wanted}{_spelling(node)}")
        return None

    def schema(self) -> dict[str, Any]:
        return {"type": "number", "minimum" if self.zero else "exclusiveMinimum": 0, "maximum": self.maximum}


@dataclass(frozen=True, slots=True)
class Dollars:
    """US dollars from 0, read as `Decimal` digit by digit, with or without quotes."""

    def read(self, node: Node, path: str, problems: Problems) -> Decimal | None:
        if isinstance(node, Scalar) and _MONEY.match(node.text):
            return Decimal(node.text)
        problems.add(node.mark, path, f"is {said(node)}", 'use US dollars from 0, for example "0.25"')
        return None

    def schema(self) -> dict[str, Any]:
        text = {"type": "string", "pattern": f"^{_MONEY.pattern.removesuffix(chr(92) + 'Z')}$"}
        return {"anyOf": [{"type": "number", "minimum": 0, "maximum": 999_999_999}, text]}


def _spelling(node: Node) -> str:
    return "" if isinstance(node, Scalar) and node.is_number else ", digits only and without quotes"


def _number(node: Node, minimum: int, maximum: int) -> Decimal | None:
    if not isinstance(node, Scalar) or not node.is_number:
        return None
    number = Decimal(node.text)
    return number if minimum <= number <= maximum else None


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list with at least one item; items that do not fit are left out."""

    item: Shape
    at_least: int = 1

    def read(self, node: Node, path: str, problems: Problems) -> list[Any] | None:
        if not isinstance(node, _yaml.Sequence):
            problems.add(node.mark, path, f"must be a list, not {said(node)}")
            return None
        if len(node.items) < self.at_least:
            problems.add(node.mark, path, "is an empty list", "add an item or remove the key")
        values = []
        for index, item in enumerate(node.items):
            if problems.full:
                break
            values.append(self.item.read(item, f"{path}[{index}]", problems))
        return [value for value in values if value is not None]

    def schema(self) -> dict[str, Any]:
        return {"type": "array", "items": self.item.schema(), **({"minItems": self.at_least} if self.at_least else {})}


@dataclass(frozen=True, slots=True)
class MapOf:
    """A mapping from names to values of one shape; entries that do not fit are left out."""

    item: Shape
    names: Text

    def read(self, node: Node, path: str, problems: Problems) -> dict[str, Any] | None:
        if not isinstance(node, _yaml.Mapping):
            problems.add(node.mark, path, f"must be a mapping, not {said(node)}")
            return None
        if not node.entries:
            problems.add(node.mark, path, "is empty", "add an entry or remove the key")
        values = {}
        for name, item in node.entries.items():
            if problems.full:
                break
            self.names.read(node.keys[name], join(path, name), problems)
            values[name] = self.item.read(item, join(path, name), problems)
        return {name: value for name, value in values.items() if value is not None}

    def schema(self) -> dict[str, Any]:
        return {
            "type": "object",
            "minProperties": 1,
            "propertyNames": {key: value for key, value in self.names.schema().items() if key != "type"},
            "additionalProperties": self.item.schema(),
        }


@dataclass(frozen=True, slots=True)
class Entry:
    """One key of a record: its shape, what it means, and whether it must be there."""

    shape: Shape
    says: str
    required: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """A record that was read: the values that fit, and where each stands."""

    path: str
    node: _yaml.Mapping
    values: Mapping[str, Any]

    def get(self, name: str, default: Any = None) -> Any:
        """A value, the default when the key is not there or does not fit."""
        return self.values.get(name, default)

    def at(self, name: str) -> tuple[Mark, str]:
        """Place and key path of a key's value; of the record itself when the key is not there."""
        node = self.node.entries.get(name)
        return (self.node.mark, self.path) if node is None else (node.mark, join(self.path, name))


@dataclass(frozen=True, slots=True)
class Record:
    """A mapping with known keys, read as `Found`."""

    entries: Mapping[str, Entry]

    def read(self, node: Node, path: str, problems: Problems) -> Found | None:
        if not isinstance(node, _yaml.Mapping):
            problems.add(node.mark, path, f"must be a mapping, not {said(node)}")
            return None
        values, meant = {}, set()
        for name, item in node.entries.items():
            if problems.full:
                break
            entry = self.entries.get(name)
            if entry is None:
                fix = nearest(name, [key for key in self.entries if key not in node.entries])
                meant |= {key for key in self.entries if fix == f"did you mean {key}?"}
                problems.add(node.keys[name].mark, join(path, name), "unknown key", fix)
            else:
                values[name] = entry.shape.read(item, join(path, name), problems)
        for name, entry in self.entries.items():
            # A misspelt key is one problem, not two.
            if entry.required and name not in node.entries and name not in meant:
                problems.add(node.mark, join(path, name), "is missing", _as_clause(entry.says))
        return Found(path, node, {name: value for name, value in values.items() if value is not None})

    def schema(self) -> dict[str, Any]:
        required = [name for name, entry in self.entries.items() if entry.required]
        return {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                name: {"description": entry.says, **entry.shape.schema()} for name, entry in self.entries.items()
            },
            **({"required": required} if required else {}),
        }


def _as_clause(sentence: str) -> str:
    """A sentence as the second half of another; an abbreviation at its start keeps its capitals."""
    small = sentence[:1].lower() if not sentence[1:2].isupper() else sentence[:1]
    return small + sentence[1:].rstrip(".")
