"""Reads YAML and JSON strictly into plain data, and remembers where each value stands.

The YAML that is accepted is the part that every reader understands the same way:

- a plain scalar is a number exactly when it is a JSON number (`3`, `-0.5`, `1e3`), a truth value exactly when it is
  `true` or `false`, and nothing exactly when it is `null` or absent; everything else is text. So `no`, `on`, `0123`,
  `0x1F`, `1_000`, `12:30:45`, `2026-10-31`, `.5` and `~` are the words as written, and never a surprise. `1.10` is
  the number 1.1: where text is asked for, the reader of the value says "put it into quotes";
- keys are text as written: `2025:`, `1y:` and `on:` are names;
- a key that is given twice is a problem, and so are anchors, aliases, tags, merge keys and a second document.

Files are UTF-8, at most 1 MB, at most 40 levels deep and at most 100,000 values. The reader works on the parser's
events and never recurses, so a hostile file costs no more than a large one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, TypeVar

from workflow_orchestrator.definition.problems import Report, where

KeyPath = tuple[str | int, ...]
Position = tuple[int, int]  # line and column, from 1

MAX_BYTES = 1_000_000
MAX_DEPTH = 40
MAX_VALUES = 100_000
MAX_DIGITS = 40

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?\Z")
_SURROGATE = re.compile("[\ud800-\udfff]")
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "": None}

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Source:
    """One file as plain data (`dict`, `list`, `str`, `int`, `float`, `bool`, `None`), with every position."""

    path: Path
    text: str = field(repr=False)
    data: Any
    _values: Mapping[KeyPath, Position] = field(repr=False)
    _keys: Mapping[KeyPath, Position] = field(repr=False)

    def position(self, at: KeyPath) -> Position:
        """Line and column of the value at a key path, or of its nearest ancestor that exists."""
        return _nearest(self._values, at)

    def key_position(self, at: KeyPath) -> Position:
        """Line and column of the key itself; for a list item, of the item."""
        return self._keys.get(at) or self.position(at)

    def get(self, at: KeyPath, kind: type[_T]) -> _T | None:
        """The value at a key path if it is there and of that type, else `None`. A `bool` is not an `int`."""
        value: Any = self.data
        for part in at:
            if isinstance(value, dict):
                value = value.get(part)
            elif isinstance(value, list) and isinstance(part, int) and part < len(value):
                value = value[part]
            else:
                return None
        fits = isinstance(value, kind) and not (isinstance(value, bool) and kind is not bool)
        return value if fits else None

    def walk(self, at: KeyPath) -> Iterator[tuple[KeyPath, Any]]:
        """The entries of the mapping or list at a key path, each with its own path; nothing if it is neither."""
        mapping = self.get(at, dict)
        if mapping is not None:
            yield from (((*at, key), value) for key, value in mapping.items())
            return
        items = self.get(at, list)
        if items is not None:
            yield from (((*at, index), value) for index, value in enumerate(items))


def _nearest(positions: Mapping[KeyPath, Position], at: KeyPath) -> Position:
    while at and at not in positions:
        at = at[:-1]
    return positions.get(at, (1, 1))


def read_yaml(source: Path | str, *, name: Path | None = None) -> Source:
    """Reads a YAML or JSON file (by its suffix), or YAML text.

    Args:
        source: a file, or the text itself.
        name: how to call the text in messages.

    Raises:
        DefinitionError: it cannot be read; every problem is listed with line and column.
    """
    report = Report()
    if isinstance(source, str):
        path = name or Path("<text>")
        result = parse(source, path, report)
    else:
        path = source
        result = read_source(source, report)
    report.raise_if_any(path.as_posix())
    if result is None:
        raise AssertionError("a reader that finds no problem returns a source")
    return result


def read_source(path: Path, report: Report, *, most_values: int = MAX_VALUES) -> Source | None:
    """Reads a file into a `Source`; what is wrong goes to the report, and then there is no source."""
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        report.add_at("WF001", path, 1, 1, "", "there is no such file")
        return None
    except OSError as error:
        report.add_at("WF001", path, 1, 1, "", f"the file cannot be read: {error.strerror or error}")
        return None
    if len(raw) > MAX_BYTES:
        report.add_at(
            "WF001", path, 1, 1, "", f"the file is larger than {MAX_BYTES:,} bytes", "divide it or shorten it"
        )
        return None
    text = _decode(raw, path, report)
    return None if text is None else parse(text, path, report, most_values=most_values)


def _decode(raw: bytes, path: Path, report: Report) -> str | None:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        report.add_at("WF001", path, 1, 1, "", "the file is UTF-16, not UTF-8", "save it as UTF-8")
        return None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        line = before.count(b"\n") + 1
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
        report.add_at(
            "WF001",
            path,
            line,
            column,
            "",
            f"byte 0x{raw[error.start]:02x} is not UTF-8",
            "save the file as UTF-8",
        )
        return None


def parse(text: str, path: Path, report: Report, *, most_values: int = MAX_VALUES) -> Source | None:
    """Parses text by the suffix of its path: `.json` as JSON, anything else as YAML."""
    # Imported here, because both build on this module.
    from workflow_orchestrator.definition import source_json, source_yaml

    if path.suffix == ".json":
        data = source_json.quick(text)
        if data is not source_json.NOT_SOUND:
            return Source(path, text, data, _Later(path, text, "_values"), _Later(path, text, "_keys"))
    before = len(report)
    tree = Tree(path, report, most_values)
    reader = source_json if path.suffix == ".json" else source_yaml
    try:
        reader.read(text, tree)
    except Stop as stop:
        report.add_at(stop.code, path, stop.line, stop.column, "", stop.message, stop.fix)
    return tree.source(text) if len(report) == before else None


class _Later(Mapping[KeyPath, Position]):
    """The positions of a sound JSON file, read when the first is asked for: most files have nothing to point at."""

    def __init__(self, path: Path, text: str, part: Literal["_values", "_keys"]) -> None:
        self._path = path
        self._text = text
        self._part = part

    @cached_property
    def _known(self) -> Mapping[KeyPath, Position]:
        from workflow_orchestrator.definition import source_json

        tree = Tree(self._path, Report())
        source_json.read(self._text, tree)
        known: Mapping[KeyPath, Position] = getattr(tree, self._part)
        return known

    def __getitem__(self, at: KeyPath) -> Position:
        return self._known[at]

    def __iter__(self) -> Iterator[KeyPath]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


class Stop(Exception):
    """Reading cannot go on: a signal from the parsers to `parse`, never seen outside."""

    def __init__(self, code: str, position: Position, message: str, fix: str = "") -> None:
        super().__init__(message)
        self.code, self.message, self.fix = code, message, fix
        self.line, self.column = position


@dataclass(slots=True)
class _Open:
    at: KeyPath
    container: dict[str, Any] | list[Any]
    key: str | None = None
    seen: dict[str, Position] = field(default_factory=dict)


class Tree:
    """Builds plain data and positions from the values that a parser meets, in their order, without recursion."""

    def __init__(self, path: Path, report: Report, most_values: int = MAX_VALUES) -> None:
        self.path = path
        self._most = most_values
        self._report = report
        self._open: list[_Open] = []
        self._data: Any = None
        self._count = 0
        self._values: dict[KeyPath, Position] = {}
        self._keys: dict[KeyPath, Position] = {}

    @property
    def wants_key(self) -> bool:
        """Whether the next scalar is a key of a mapping."""
        return bool(self._open) and isinstance(self._open[-1].container, dict) and self._open[-1].key is None

    def key(self, name: str, position: Position) -> None:
        """A key of the open mapping. The second of the same name is reported and its value kept apart."""
        top = self._open[-1]
        check_text(name, position)
        at = (*top.at, name)
        first = top.seen.get(name)
        if first is not None:
            self._report.add_at(
                "WF003",
                self.path,
                *position,
                where(at),
                f"the key {name!r} is given twice, first in line {first[0]}",
                "remove one of them",
            )
        top.seen.setdefault(name, position)
        top.key = name
        self._keys.setdefault(at, position)

    def value(self, value: Any, position: Position) -> None:
        """A scalar, or the start of a mapping or list."""
        self._count += 1
        if self._count > self._most:
            raise Stop("WF005", position, f"the file has more than {self._most:,} values", "divide it")
        at = self._place(value)
        self._values.setdefault(at, position)
        if isinstance(value, dict | list):
            if len(self._open) >= MAX_DEPTH:
                raise Stop("WF005", position, f"the file is nested more than {MAX_DEPTH} levels deep")
            self._open.append(_Open(at, value))

    def close(self) -> None:
        """The end of the open mapping or list."""
        self._open.pop()

    def _place(self, value: Any) -> KeyPath:
        if not self._open:
            self._data = value
            return ()
        top = self._open[-1]
        if isinstance(top.container, list):
            top.container.append(value)
            return (*top.at, len(top.container) - 1)
        key, top.key = top.key, None
        if key is None:
            raise AssertionError("a value of a mapping follows its key")
        top.container.setdefault(key, value)
        return (*top.at, key)

    def source(self, text: str) -> Source:
        return Source(self.path, text, self._data, self._values, self._keys)


def plain_scalar(text: str, position: Position) -> str | int | float | bool | None:
    """What an unquoted word means: JSON's number, `true`, `false`, `null` or nothing; else the word itself."""
    if text in _WORDS:
        return _WORDS[text]
    match = _NUMBER.match(text)
    if match is None:
        return text
    if len(text) > MAX_DIGITS:
        raise Stop(
            "WF013", position, f"a number of {len(text)} characters is too long", "put it into quotes if it is text"
        )
    if match.group(1) is None and match.group(2) is None:
        return int(text)
    number = float(text)
    if not math.isfinite(number):
        raise Stop("WF013", position, f"the number {text} is too large")
    return number


def check_text(text: str, position: Position) -> None:
    """Refuses half of a surrogate pair, which no UTF-8 file can hold again."""
    if _SURROGATE.search(text):
        raise Stop("WF002", position, "the text holds half of a surrogate pair, which is no character")
