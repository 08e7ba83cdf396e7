"""The words of the language: names, single lines, durations, files."""

from __future__ import annotations

import re
from datetime import timedelta

from workflow_orchestrator.definition.shapes import Text

NAME = "[a-z][a-z0-9_]{0,59}"
NAME_SAYS = "a name: small letters, digits and _, at most 60, a letter first"
_WORD = "[A-Za-z][A-Za-z0-9_.-]{0,99}"
_WORD_SAYS = "one word: letters, digits, '_', '-' and '.', a letter first"
CHANNEL = "[a-z][a-z0-9-]{0,59}"
CHANNEL_SAYS = "a name: small letters, digits and -, a letter first"

name_text = Text(NAME, NAME_SAYS)
word = Text(_WORD, _WORD_SAYS)
line = Text(r"[^\n]*\S[^\n]*", "one line", longest=200)
paragraph = Text(longest=2_000)
channel_text = Text(CHANNEL, CHANNEL_SAYS)
error_text = Text("[A-Z][A-Za-z0-9]{0,99}", "the name of an error class")
duration_text = Text("[1-9][0-9]{0,5}[smhd]", "a duration such as 45s, 30m, 12h or 2d")

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def duration(text: str) -> timedelta:
    """The time that `45s`, `30m`, `12h` or `2d` means.

    Raises:
        ValueError: it is none of these.
    """
    match = re.fullmatch("([1-9][0-9]{0,5})([smhd])", text)
    if match is None:
        raise ValueError(f"{text!r} is not a duration; write 45s, 30m, 12h or 2d")
    return timedelta(**{_UNITS[match.group(2)]: int(match.group(1))})


def file(ending: str) -> Text:
    """The name of a file in the workflow's folder; a path that leaves it is none."""
    return Text(rf"[A-Za-z0-9][A-Za-z0-9_-]*\.{ending}", f"the name of a .{ending} file in the workflow's folder")
