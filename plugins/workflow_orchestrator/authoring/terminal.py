"""What a command shows: plain lines for a file or a pipe; colours, clipped lines and a progress bar for a person.

Colours are only for a terminal, and not where `NO_COLOR` is set (no-color.org) or `TERM` is `dumb`. Results go to the standard
output, progress and problems to the standard error, so that a pipe gets results alone. Plain escape sequences: what is needed
here are six styles and one line that is written again.
"""

from __future__ import annotations

import re
import shutil
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import TextIO

from workflow_orchestrator.columns import ESCAPE, padded, shown_width

STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "blue": "34"}
NARROWEST = 60
NARROWEST_COLUMN = 24

# What a terminal would obey. A title or an error message can come from a file that nobody looked at.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class Terminal:
    """The two streams of a command, and what they can show."""

    def __init__(self, out: TextIO, err: TextIO, environ: Mapping[str, str]) -> None:
        self.out, self.err = out, err
        plain = bool(environ.get("NO_COLOR")) or environ.get("TERM") == "dumb"
        self.interactive = out.isatty()
        self.colours = self.interactive and not plain
        self._bars = err.isatty() and environ.get("TERM") != "dumb"
        self._err_colours = err.isatty() and not plain
        self.width = max(NARROWEST, shutil.get_terminal_size((100, 24)).columns) if self.interactive else 100

    def say(self, text: str = "") -> None:
        """One line, or several, of the result."""
        self.out.write(f"{text}\n")

    def warn(self, text: str) -> None:
        """A line beside the result: a problem, or what goes on."""
        self.err.write(f"{text}\n")

    def styled(self, text: str, style: str) -> str:
        """The text in a style of `STYLES` where colours are shown; as it is elsewhere."""
        return f"\x1b[{STYLES[style]}m{text}\x1b[0m" if self.colours and text else text

    def heading(self, text: str) -> None:
        """A line that begins a part."""
        self.say(self.styled(text, "bold"))

    def table(self, headings: Sequence[str], rows: Iterable[Sequence[str]], *, indent: str = "  ") -> None:
        """Columns under headings, as wide as their longest cell; the last one is not filled up.

        On a terminal a last column that is too wide goes on below itself; a file gets a row in one line, for `grep`.
        """
        lines = [list(headings), *([safe(cell) for cell in row] for row in rows)]
        widths = [max(shown_width(line[index]) for line in lines) for index in range(len(headings))]
        room = self.width - shown_width(indent) - sum(width + 2 for width in widths[:-1])
        for number, line in enumerate(lines):
            first, *more = self._broken(line[-1], room)
            cells = [padded(cell, width) for cell, width in zip(line[:-1], widths, strict=False)]
            text = f"{indent}{'  '.join([*cells, first])}".rstrip()
            self.say(self.styled(text, "dim") if number == 0 else text)
            for rest in more:
                self.say(" " * (self.width - room) + rest)

    def _broken(self, cell: str, room: int) -> list[str]:
        """A cell in lines of `room` columns, at least one."""
        if not self.interactive or room < NARROWEST_COLUMN or shown_width(cell) <= room:
            return [cell]
        return textwrap.wrap(cell, room, break_long_words=False, break_on_hyphens=False) or [cell]

    def progress(self, total: int, what: str) -> Progress:
        """Progress through `total` parts: a bar on a terminal, a line per part elsewhere."""
        return Progress(self.err, total, what, bar=self._bars, width=self.width)


class Progress:
    """How far a command is. On a terminal one line that is written again, and taken away at the end."""

    CELLS = 24

    def __init__(self, stream: TextIO, total: int, what: str, *, bar: bool, width: int) -> None:
        self._stream, self._total, self._what = stream, max(total, 1), what
        self._bar, self._width = bar, width
        self._done = 0

    def __enter__(self) -> Progress:
        self._draw("")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._wipe()

    def at(self, text: str) -> None:
        """Says what is being worked on, without a step forward; nothing where there is no bar."""
        self._draw(text)

    def part(self, text: str) -> None:
        """How far the work of now is: in the line of the bar, or a line of its own where there is none."""
        if self._bar:
            self._draw(text)
        else:
            self.note(text)

    def step(self, text: str) -> None:
        """One part is through; `text` says which, and how it ended."""
        self._done = min(self._done + 1, self._total)
        if self._bar:
            self._draw(text)
        else:
            self._stream.write(f"{self._what} {self._done}/{self._total}: {safe(text)}\n")
            self._stream.flush()

    def note(self, text: str) -> None:
        """Something worth a line of its own, without a step forward: above the bar, or in its place where there is none."""
        self._wipe()
        self._stream.write(f"{self._what}: {safe(text)}\n")
        self._stream.flush()

    def aside(self) -> None:
        """Takes the bar away, so that something else can be shown; the next call draws it again."""
        self._wipe()

    def _draw(self, text: str) -> None:
        if not self._bar:
            return
        full = self.CELLS * self._done // self._total
        line = f"[{'█' * full}{'·' * (self.CELLS - full)}] {self._done}/{self._total} {self._what} {safe(text)}"
        self._stream.write(f"\r\x1b[K{clipped(line, self._width - 1)}")
        self._stream.flush()

    def _wipe(self) -> None:
        if self._bar:
            self._stream.write("\r\x1b[K")
            self._stream.flush()


def safe(text: str) -> str:
    """The text without anything that a terminal would obey or that turns the writing round."""
    return _CONTROL.sub("�", ESCAPE.sub("", text))


def clipped(text: str, width: int) -> str:
    """The text, cut with `…` where it is longer than a line."""
    if shown_width(text) <= width:
        return text
    kept = ""
    for char in text:
        if shown_width(kept + char) > width - 1:
            break
        kept += char
    return f"{kept}…"


def counted(count: int, one: str, many: str = "") -> str:
    """`1 problem`, `3 problems`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
