"""Formats: the shapes of picture that slides come in, and how much a slide of each shape holds.

    landscape   1920 x 1080   the screen of a meeting, a web page
    portrait    1080 x 1920   a phone held upright
    square      1080 x 1080   a feed

A page of any format is one that `landscape` holds too (see `paging`), so a script that was paged for any of them is left
alone by the paging for landscape: whoever comes later need not know the format.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workflow_orchestrator.errors import RenderError

_PNG_HEAD = struct.Struct(">8s4x4sII")


@dataclass(frozen=True, slots=True)
class Format:
    """One shape of slide. Lengths are pixels of the frame, from its left or upper edge.

    Between `floor` and `source` stand the warning and, under it, nothing: players draw captions there.

    Attributes:
        body: where the body begins under a heading of more than one line; `body_short` under one line.
        columns: characters that a line of a notice holds, and `lines` how many lines a notice slide has.
        rows: rows of a table or of a list of weights.
        table_columns: columns of a table, besides the names of its rows.
    """

    name: str
    width: int
    height: int
    margin: int
    kicker: int
    heading: int
    heading_height: int
    body: int
    body_short: int
    floor: int
    warning_height: int
    source: int
    columns: int
    lines: int
    rows: int
    table_columns: int

    @property
    def size(self) -> tuple[int, int]:
        return self.width, self.height

    @property
    def wide(self) -> bool:
        """Whether bars may stand side by side with their labels under them; else they lie, one row each."""
        return self.width > self.height

    def to_json(self) -> dict[str, Any]:
        """What a template needs to know."""
        lengths = (
            "width", "height", "margin", "kicker", "heading", "heading_height", "body", "body_short", "floor",
            "warning_height", "source",
        )
        return {"name": self.name, "wide": self.wide, **{name: getattr(self, name) for name in lengths}}


LANDSCAPE = Format(
    "landscape", 1920, 1080, margin=110, kicker=56, heading=106, heading_height=128, body=262, body_short=208,
    floor=862, warning_height=50, source=1024, columns=94, lines=13, rows=10, table_columns=6,
)
PORTRAIT = Format(
    "portrait", 1080, 1920, margin=64, kicker=84, heading=176, heading_height=196, body=404, body_short=284,
    floor=1480, warning_height=110, source=1852, columns=46, lines=24, rows=10, table_columns=3,
)
SQUARE = Format(
    "square", 1080, 1080, margin=64, kicker=40, heading=86, heading_height=104, body=212, body_short=160,
    floor=806, warning_height=84, source=1030, columns=50, lines=10, rows=8, table_columns=3,
)
FORMATS = {item.name: item for item in (LANDSCAPE, PORTRAIT, SQUARE)}


def format_of_deck(deck: Mapping[str, Any] | None) -> Format:
    """The format of a `deck.json`; landscape where there is none, or one of before there were formats."""
    return FORMATS.get(str((deck or {}).get("format", "")), LANDSCAPE)


def format_of(picture: Path) -> Format:
    """The format of a slide's PNG file, by its size.

    Raises:
        RenderError: it is no PNG file, or has a size that no format has.
    """
    try:
        with picture.open("rb") as file:
            head = file.read(_PNG_HEAD.size)
    except OSError as error:
        raise RenderError(f"{picture.name} cannot be read as a picture: {error.strerror or error}") from error
    if len(head) < _PNG_HEAD.size or not head.startswith(b"\x89PNG"):
        raise RenderError(f"{picture.name} cannot be read as a picture: it is no PNG file")
    _, _, width, height = _PNG_HEAD.unpack(head)
    found = next((item for item in FORMATS.values() if item.size == (width, height)), None)
    if found is None:
        listed = ", ".join(f"{item.width} by {item.height}" for item in FORMATS.values())
        raise RenderError(f"{picture.name} has {width} by {height} pixels, not one of {listed}")
    return found
