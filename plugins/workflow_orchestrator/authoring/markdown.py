"""The few pieces of Markdown that the generated pages are made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from workflow_orchestrator.authoring.terminal import safe


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; empty when it has no rows. A line break or `|` in a cell is made harmless."""
    lines = [f"| {' | '.join(_cell(cell) for cell in row)} |" for row in rows]
    if not lines:
        return ""
    return "\n".join([f"| {' | '.join(headings)} |", f"|{'---|' * len(headings)}", *lines])


def code(text: str) -> str:
    """Text as code; empty stays empty."""
    return f"`{text.replace('`', chr(39))}`" if text else ""


def fenced(text: str, language: str = "") -> str:
    """A block of code, with a fence that the text does not contain."""
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


def plain(text: str) -> str:
    """Text that Markdown shows as it is; an author's title cannot become a link, a heading or a tag."""
    text = " ".join(safe(text).split())
    for char in "\\`*[]<>|":
        text = text.replace(char, f"\\{char}")
    return text


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
