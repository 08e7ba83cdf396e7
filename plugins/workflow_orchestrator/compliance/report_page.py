"""The compliance report as a page: one HTML file that needs no script and nothing from elsewhere, to be read, printed and filed.

Words of the document, of a model and of people are shown as they are: the template escapes everything, sets foreign words in `bdi`, and
characters that steer a terminal or a line are left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflow_orchestrator.compliance.report import NOT_APPLICABLE, NOT_JUDGED, OTHER_SCOPE

if TYPE_CHECKING:
    import jinja2

# Each state has words and a sign: colour alone would not do (WCAG 2.2, 1.4.1).
STATES = {
    "block": ("✕", "Blocks"), "needs_approval": ("?", "A person decides"), "warn": ("!", "Warning"), "pass": ("✓", "Passed"),
    NOT_JUDGED: ("–", "Not judged"), NOT_APPLICABLE: ("–", "Case did not arise"), OTHER_SCOPE: ("–", "Not for this video"),
}
SOURCES = {
    "verified": "the text of the source was read", "secondary": "a summary of the source was read",
    "memory": "citation from memory: counsel must confirm",
}
HEADLINES = {
    "block": "At least one rule blocks. Nothing may be published as it is.",
    "needs_approval": "No rule blocks. What the rules could not decide, a person must.",
    "warn": "No rule blocks and none needs a decision. There are warnings.",
    "pass": "Every rule whose case arose has passed.",
    NOT_JUDGED: "The rules did not judge a script in this run.",
}
SEVERITIES = {"block": "blocks", "needs_approval": "goes to a person", "warn": "is a warning"}
ORIGINS = {"model": "language model", "offline": "labels and layout", "person": "a person"}
DECISIONS = {
    "approved": "Approved", "rejected": "Rejected", "sent_back": "Sent back with edits", "unanswered": "Nobody answered",
    "not_taken": "Answer not taken",
}
LANGUAGES = {"en": "English", "de": "German", "fr": "French"}
PLACES = {"eu": "European Union", "uk": "United Kingdom", "us": "United States", "any": "everywhere"}


def render_page(report: Mapping[str, Any], href: Callable[[str], str]) -> bytes:
    """The page.

    Args:
        report: as `build_report` makes it.
        href: the address of a file of the run, as seen from the page.
    """
    page: str = _template().render(
        report=_plain(report), href=href, states=STATES, sources=SOURCES, headlines=HEADLINES, origins=ORIGINS,
        decisions=DECISIONS, languages=LANGUAGES, places=PLACES, severities=SEVERITIES,
    )
    return page.encode()


@lru_cache(maxsize=1)
def _template() -> jinja2.Template:
    import jinja2

    loader = jinja2.FileSystemLoader(Path(__file__).parent)
    environment = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"moment": _moment, "figure": _figure}
    return environment.get_template("report.html.j2")


def _moment(text: str) -> str:
    """A time of the record, to the minute; what is none stays as it is."""
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return text
    return when.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC") if when.tzinfo else text


def _figure(text: str) -> str:
    """A number with its thousands parted; what is none stays as it is."""
    number, _, unit = text.partition(" ")
    return f"{Decimal(number):,} {unit}".rstrip() if re.fullmatch(r"-?\d{5,}(\.\d+)?", number) else text


def _plain(data: Any) -> Any:
    """The same data without control characters, which are no words and which HTML does not allow."""
    if isinstance(data, str):
        return "".join(sign for sign in data if sign in "\n\t" or (sign >= " " and not "\x7f" <= sign <= "\x9f"))
    if isinstance(data, Mapping):
        return {key: _plain(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_plain(value) for value in data]
    return data
