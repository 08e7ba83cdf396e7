"""Feeds JSON into a `Tree`, with the position of every value; the grammar is RFC 8259's and nothing beyond it.

`quick` reads a sound file fifteen times faster and finds no position. It only ever says yes: whatever it does not take is read again,
place by place, for the problem to be told.
"""

from __future__ import annotations

import json
import math
import re
from bisect import bisect_right
from json import JSONDecodeError
from json.decoder import scanstring  # type: ignore[attr-defined]  # public in name, absent from the stubs
from typing import Any, NoReturn

from workflow_orchestrator.definition.source import (
    MAX_DEPTH,
    MAX_DIGITS,
    MAX_VALUES,
    Position,
    Stop,
    Tree,
    check_text,
    plain_scalar,
)

_SPACE = re.compile(r"[ \t\r\n]*")
_LITERAL = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null")

# Half of a surrogate pair, as it is or escaped; a whole pair that is escaped takes the slower way too.
_HALF = re.compile(r"[\ud800-\udfff]|\\u[dD][89a-fA-F]")

NOT_SOUND = object()


def quick(text: str) -> Any:
    """The data of a sound file, or `NOT_SOUND`: what is wrong with it is for `read` to say."""
    if _HALF.search(text) or text.count(",") > MAX_VALUES:
        # So many commas are too many values, or long texts: then the slower way reads it as well.
        return NOT_SOUND
    try:
        data = json.loads(
            text, object_pairs_hook=_unique, parse_int=_whole, parse_float=_fraction, parse_constant=_refuse
        )
    except (ValueError, RecursionError):
        return NOT_SOUND
    return data if _within_limits(data) else NOT_SOUND


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is given twice")
    return found


def _whole(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise ValueError("a number is too long")
    return int(digits)


def _fraction(digits: str) -> float:
    number = float(digits)
    if len(digits) > MAX_DIGITS or not math.isfinite(number):
        raise ValueError("a number is too long or too large")
    return number


def _refuse(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON")


def _within_limits(data: Any) -> bool:
    level, depth, count = [data], 0, 1
    while level:
        level = [item for item in level if isinstance(item, dict | list)]
        depth += bool(level)
        level = [inner for item in level for inner in (item.values() if isinstance(item, dict) else item)]
        count += len(level)
        if depth > MAX_DEPTH or count > MAX_VALUES:
            return False
    return True


def read(text: str, tree: Tree) -> None:
    """Reads one JSON document.

    Raises:
        Stop: it cannot be read.
    """
    reader = _Reader(text, tree)
    end = reader.value(reader.space(0))
    # The stack of open brackets is ours, so that depth is a limit of the file and not of the interpreter.
    while reader.open:
        end = reader.step(reader.space(end))
    end = reader.space(end)
    if end != len(text):
        raise reader.stop(end, "there is text after the end of the JSON")


class _Reader:
    def __init__(self, text: str, tree: Tree) -> None:
        self.text = text
        self.tree = tree
        self.open: list[str] = []
        self._empty = False  # whether the innermost bracket has no entry yet
        self._lines = [0, *(match.end() for match in re.finditer("\n", text))]

    def space(self, index: int) -> int:
        match = _SPACE.match(self.text, index)
        return match.end() if match else index

    def position(self, index: int) -> Position:
        line = bisect_right(self._lines, index)
        return line, index - self._lines[line - 1] + 1

    def stop(self, index: int, message: str) -> Stop:
        return Stop("WF002", self.position(min(index, len(self.text))), f"the JSON cannot be parsed: {message}")

    def value(self, index: int) -> int:
        """Reads a scalar whole, or the opening bracket of a container; returns the index after it."""
        character = self.text[index : index + 1]
        position = self.position(index)
        if character in ("{", "["):
            self.tree.value({} if character == "{" else [], position)
            self.open.append(character)
            self._empty = True
            return index + 1
        self._empty = False
        if character == '"':
            value, end = self._string(index)
            self.tree.value(value, position)
            return end
        match = _LITERAL.match(self.text, index)
        if match is None:
            raise self.stop(index, f"a value is expected, not {character!r}" if character else "it ends too early")
        self.tree.value(plain_scalar(match.group(), position), position)
        return match.end()

    def step(self, index: int) -> int:
        """Goes on in the innermost container: its end, or its next entry."""
        character = self.text[index : index + 1]
        closing = "}" if self.open[-1] == "{" else "]"
        if character == closing:
            self.open.pop()
            self.tree.close()
            self._empty = False
            return index + 1
        if not self._empty:
            if character != ",":
                raise self.stop(index, f"',' or '{closing}' is expected" if character else "it ends too early")
            index = self.space(index + 1)
        if self.open[-1] == "{":
            index = self._key(index)
        return self.value(index)

    def _key(self, index: int) -> int:
        if self.text[index : index + 1] != '"':
            raise self.stop(index, "a key in double quotes is expected")
        name, end = self._string(index)
        self.tree.key(name, self.position(index))
        end = self.space(end)
        if self.text[end : end + 1] != ":":
            raise self.stop(end, f"':' is expected after the key {name!r}")
        return self.space(end + 1)

    def _string(self, index: int) -> tuple[str, int]:
        try:
            result: tuple[str, int] = scanstring(self.text, index + 1, True)
        except JSONDecodeError as error:
            raise self.stop(error.pos, error.msg[:1].lower() + error.msg[1:]) from None
        check_text(result[0], self.position(index))
        return result
