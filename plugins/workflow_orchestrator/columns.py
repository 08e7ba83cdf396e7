"""How wide text is on a screen of fixed columns, and text filled up to a width."""

from __future__ import annotations

import re
import unicodedata

# What a terminal obeys and does not show.
ESCAPE = re.compile("\x1b\\[[0-9;?]*[A-Za-z]")


def shown_width(text: str) -> int:
    """How many columns a text takes: wide characters take two, marks that join the one before take none."""
    plain = ESCAPE.sub("", text)
    if plain.isascii():
        return len(plain)
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in plain
    )


def padded(text: str, width: int) -> str:
    """The text, filled up with blanks."""
    return text + " " * (width - shown_width(text))
