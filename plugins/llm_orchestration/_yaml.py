"""Reads configuration YAML into values that know where they stand, and collects what is wrong with them.

Only what every YAML reader understands alike is read: mappings with plain keys, lists and scalars. A scalar keeps its
spelling, and whoever asks for a type decides what it means, so `no`, `1.10` and `0x1F` are never turned into something
else in silence. Anchors, aliases, tags and a second document are refused, and so is a key that is given twice.

The parser's events are read one by one and without recursion, so a hostile file costs no more than a large one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import yaml

Mark = tuple[int, int]  # line and column, from 1

MAX_BYTES = 1_000_000
_MAX_DEPTH = 20
_MAX_PROBLEMS = 200
_MAX_SHOWN = 60

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?\Z")
_MAX_DIGITS = 40
_SURROGATE = re.compile("[\ud800-\udfff]")
_TEXT_TAG = yaml.resolver.BaseResolver.DEFAULT_SCALAR_TAG
# libyaml is ten times faster; both speak the same events.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class ConfigYamlError(ValueError):
    """The text is not usable YAML; the message holds line and column. Internal: callers name the file."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """A single value as it is written.

    Args:
        text: Its spelling, without quotes.
        plain: Whether it stands there without quotes.
        mark: Where it begins.
    """

    text: str
    plain: bool
    mark: Mark

    @property
    def is_number(self) -> bool:
        """Whether it is a JSON number of a sane length."""
        return self.plain and len(self.text) <= _MAX_DIGITS and _NUMBER.match(self.text) is not None

    @property
    def is_trap(self) -> bool:
        """Whether some YAML reader takes this unquoted word for something other than text."""
        return self.plain and (_NUMBER.match(self.text) is not None or _other_than_text(self.text))


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    mark: Mark
    items: list[Node] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Mapping:
    """A mapping; of a key that is given twice the first value is kept."""

    mark: Mark
    entries: dict[str, Node] = field(default_factory=dict)
    keys: dict[str, Scalar] = field(default_factory=dict)


Node = Scalar | Sequence | Mapping


@lru_cache(maxsize=1)
def _resolver() -> Any:
    return yaml.resolver.Resolver()


def _other_than_text(word: str) -> bool:
    """What YAML 1.1, the most generous one, makes of a word: `no`, `0x1F`, `12:30` and `2026-10-31` are no text to it."""
    tag: str = _resolver().resolve(yaml.ScalarNode, word, (True, False))
    return tag != _TEXT_TAG


def said(node: Node) -> str:
    """A value as a message names it: short, on one line, recognisable."""
    if isinstance(node, Mapping):
        return "a mapping"
    if isinstance(node, Sequence):
        return "a list"
    if node.plain and node.text in ("", "~", "null"):
        return "nothing"
    text = node.text if len(node.text) <= _MAX_SHOWN else f"{node.text[: _MAX_SHOWN - 1]}…"
    return text if node.is_number else repr(text)


class Problems:
    """What is wrong in one file, each with its place. At most 200: a file with more is no slip of an author."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._found: dict[tuple[Mark, str], None] = {}

    def __bool__(self) -> bool:
        return bool(self._found)

    @property
    def full(self) -> bool:
        """Whether no more are taken; whoever walks a large file then stops."""
        return len(self._found) >= _MAX_PROBLEMS

    def add(self, mark: Mark, path: str, what: str, fix: str = "") -> None:
        """Notes one problem.

        Args:
            mark: Line and column.
            path: Key path, for example `routes.x.targets[0].model`; empty for the file as a whole.
            what: What is wrong.
            fix: What to do.
        """
        if not self.full:
            text = f"{path}: {what}" if path else what
            self._found[mark, f"{text}; {fix}" if fix else text] = None

    def lines(self) -> Iterator[str]:
        """Each problem as `file:line:column: key.path: what is wrong; what to do`, in the order of the file."""
        for (line, column), text in sorted(self._found):
            yield f"{self._source}:{line}:{column}: {text}"

    def first(self) -> tuple[Mark, str] | None:
        """The first one of the file."""
        return min(self._found, default=None)


class _Stop(Exception):
    """Reading cannot go on; never seen outside of this module."""

    def __init__(self, mark: Mark, what: str, fix: str = "") -> None:
        super().__init__(what)
        self.mark, self.what, self.fix = mark, what, fix


def read(text: str, problems: Problems) -> Node | None:
    """Reads one document; `None` when it is empty or no YAML, and then a problem says so."""
    builder = _Builder(problems)
    try:
        surrogate = _SURROGATE.search(text)
        if surrogate is not None:
            raise _Stop(_place(text, surrogate.start()), "holds half of a surrogate pair, which is no character")
        for event in yaml.parse(text, Loader=_LOADER):
            builder.take(event)
    except _Stop as stop:
        problems.add(stop.mark, "", stop.what, stop.fix)
        return None
    except yaml.YAMLError as error:
        problems.add(*_syntax(error, text))
        return None
    if builder.root is None:
        problems.add((1, 1), "", "the file is empty")
    return builder.root


class _Builder:
    """Puts nodes together from the parser's events."""

    def __init__(self, problems: Problems) -> None:
        self.root: Node | None = None
        self._problems = problems
        self._open: list[tuple[Mapping | Sequence, str]] = []
        self._key: Scalar | None = None

    def take(self, event: Any) -> None:
        """One event."""
        if isinstance(event, yaml.NodeEvent):
            self._node(event, _mark(event))
        elif isinstance(event, yaml.CollectionEndEvent):
            self._open.pop()
        elif isinstance(event, yaml.DocumentStartEvent) and self.root is not None:
            raise _Stop(_mark(event), "a second document begins here", "keep one document per file")

    def _node(self, event: Any, mark: Mark) -> None:
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
            raise _Stop(mark, f"the anchor {event.anchor!r} is refused", "write the value out where it is used")
        if event.tag is not None:
            raise _Stop(mark, f"the tag {event.tag!r} is refused", "write the plain value; put text into quotes")
        parent = self._open[-1][0] if self._open else None
        if isinstance(parent, Mapping) and self._key is None:
            self._key = self._new_key(event, mark)
            return
        node: Node
        if isinstance(event, yaml.ScalarEvent):
            node = Scalar(event.value, event.implicit[0], mark)
        elif isinstance(event, yaml.MappingStartEvent):
            node = Mapping(mark)
        else:
            node = Sequence(mark)
        path = self._place(node, parent)
        if not isinstance(node, Scalar):
            if len(self._open) >= _MAX_DEPTH:
                raise _Stop(mark, f"the file is nested more than {_MAX_DEPTH} levels deep")
            self._open.append((node, path))

    def _new_key(self, event: Any, mark: Mark) -> Scalar:
        if not isinstance(event, yaml.ScalarEvent):
            raise _Stop(mark, "a mapping or a list is used as a key", "keys are plain words")
        if event.value == "<<" and event.implicit[0]:
            raise _Stop(mark, "the merge key << is refused", "write the keys out where they are used")
        return Scalar(event.value, event.implicit[0], mark)

    def _place(self, node: Node, parent: Mapping | Sequence | None) -> str:
        if parent is None:
            self.root = node
            return ""
        path = self._open[-1][1]
        if isinstance(parent, Sequence):
            parent.items.append(node)
            return f"{path}[{len(parent.items) - 1}]"
        key, self._key = self._key, None
        if key is None:
            raise AssertionError("a value of a mapping follows its key")
        path = join(path, key.text)
        if key.text in parent.keys:
            first = parent.keys[key.text].mark[0]
            self._problems.add(key.mark, path, f"is given twice, first in line {first}", "remove one of them")
        else:
            parent.keys[key.text] = key
            parent.entries[key.text] = node
        return path


def join(path: str, key: str) -> str:
    """The path of a key below a path."""
    return f"{path}.{key}" if path else key


def _mark(event: Any) -> Mark:
    return event.start_mark.line + 1, event.start_mark.column + 1


def _place(text: str, index: int) -> Mark:
    before = text[:index]
    return before.count("\n") + 1, index - before.rfind("\n")


def _syntax(error: yaml.YAMLError, text: str) -> tuple[Mark, str, str, str]:
    told = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    mark = (told.line + 1, told.column + 1) if told is not None else _place(text, getattr(error, "position", 0))
    what = str(getattr(error, "problem", None) or getattr(error, "reason", None) or "not YAML")
    row = (text.splitlines() or [""])[min(mark[0], len(text.splitlines()) or 1) - 1]
    fix = ""
    if "\t" in row[: len(row) - len(row.lstrip())]:
        fix = "indent with spaces, not with tabs"
    elif "mapping values are not allowed" in what:
        fix = "put text with a colon into quotes"
    return mark, "", f"cannot be read as YAML: {what}", fix


def load(text: str) -> Any:
    """One document as plain data: JSON's numbers, `true`, `false` and `null` are those, every other scalar is text.

    Raises:
        ConfigYamlError: Not YAML, or a key is given twice.
    """
    problems = Problems("")
    node = read(text, problems) if text.strip() else None
    first = problems.first()
    if first is not None:
        (line, column), what = first
        raise ConfigYamlError(f"line {line}, column {column}: {what}")
    return None if node is None else _plain(node)


def _plain(node: Node) -> Any:
    if isinstance(node, Mapping):
        return {key: _plain(value) for key, value in node.entries.items()}
    if isinstance(node, Sequence):
        return [_plain(item) for item in node.items]
    if node.is_number:
        return int(node.text) if node.text.lstrip("-").isdigit() else float(node.text)
    words = {"true": True, "false": False, "null": None, "": None}
    return words.get(node.text, node.text) if node.plain else node.text
