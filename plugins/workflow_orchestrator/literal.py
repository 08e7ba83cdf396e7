"""Words from outside, written so that a page shows them and does nothing else with them.

A file's name, an error's message, a person's name or a value of a run is data: in Markdown it forges no link, heading or table, and in a
spreadsheet it is no formula. HTML pages escape by themselves (`report.html.j2`, `player.html.j2`), terminals by `authoring.terminal.safe`.
"""

from __future__ import annotations

import re

# What a terminal or a line obeys and nobody sees: control characters, and those that turn the writing round (CVE-2021-42574).
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_MARKUP = re.compile(r"([\\`*_\[\]<>#|!~])")
# A cell that begins like this is a formula to a spreadsheet (OWASP, CSV Injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def plain(text: str) -> str:
    """The text on one line of Markdown, as it is."""
    return _MARKUP.sub(r"\\\1", _UNSEEN.sub("", " ".join(text.split())))


def cell(text: str) -> str:
    """The text for a cell of a table that a spreadsheet may open: one that begins like a formula begins with an apostrophe."""
    return f"'{text}" if text.startswith(_FORMULA) else text
