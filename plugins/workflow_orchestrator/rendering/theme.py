"""The theme: brand colours and fonts of the slides, from a folder that a designer edits.

    include/themes/house/
      theme.yaml    colours and fonts
      deck.typ      how each kind of slide is laid out
      fonts/        the only fonts that the slides are set in

A theme is refused if two of its colours would be hard to tell apart (WCAG 2.2: 4.5 : 1 for text, 3 : 1 for graphics).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from workflow_orchestrator.definition.problems import Report, did_you_mean
from workflow_orchestrator.definition.source import Source, read_source
from workflow_orchestrator.errors import LayoutError

if TYPE_CHECKING:
    from workflow_orchestrator.rendering.deck import Deck

COLOURS = {
    "background": "the page", "card": "the panels on it", "line": "hairlines and frames", "ink": "headings and figures",
    "muted": "labels and notes", "accent": "the brand colour: bars, marks, small headings",
    "pale": "the accent, very light",
    "negative": "bars below zero", "night": "the title slide", "on_night": "its heading",
    "on_night_muted": "its labels", "on_night_accent": "its small heading",
}
FONTS = {"text": "running text", "display": "headings and figures", "office": "PowerPoint, where it must be installed"}

TEXT, GRAPHIC = 4.5, 3.0
_CONTRASTS = (
    ("ink", "background", TEXT), ("ink", "card", TEXT), ("ink", "pale", TEXT), ("muted", "background", TEXT),
    ("muted", "card", TEXT), ("accent", "background", TEXT), ("accent", "card", TEXT), ("negative", "card", TEXT),
    ("card", "accent", TEXT), ("accent", "pale", GRAPHIC), ("on_night", "night", TEXT),
    ("on_night_muted", "night", TEXT), ("on_night_accent", "night", TEXT),
)
_HEX = re.compile(r"#[0-9A-Fa-f]{6}\Z")

# Characters that are meant to be invisible: soft hyphen, word joiner, zero-width space.
_INVISIBLE = frozenset("\u00ad\u2060\u200b")


@dataclass(frozen=True, slots=True)
class Theme:
    """A theme that was read and checked. Colours are `#RRGGBB`."""

    folder: Path
    name: str
    colours: dict[str, str]
    fonts: dict[str, str]

    @property
    def template(self) -> Path:
        return self.folder / "deck.typ"

    @property
    def font_folder(self) -> Path:
        return self.folder / "fonts"


def load_theme(folder: Path) -> Theme:
    """Reads `theme.yaml` of a folder.

    Raises:
        DefinitionError: a file or key is missing, a key unknown, a value no colour, two colours too close; all at once.
    """
    report = Report()
    source = read_source(folder / "theme.yaml", report)
    if source is not None:
        _check(source, report)
    if not (folder / "deck.typ").is_file():
        report.add_at("WF040", folder / "deck.typ", 1, 1, "", "the theme has no template")
    if not any((folder / "fonts").glob("*.[to]tf")):
        report.add_at("WF040", folder / "fonts", 1, 1, "", "the theme has no fonts", "put TTF or OTF files there")
    report.raise_if_any(f"the theme {folder.name}")
    if source is None:
        raise AssertionError("a source that cannot be read is a problem")
    data = source.data
    return Theme(folder, data["name"], dict(data["colours"]), dict(data["fonts"]))


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two `#RRGGBB` colours after WCAG 2.2, from 1 to 21."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    channels = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _check(source: Source, report: Report) -> None:
    if not isinstance(source.data, dict):
        report.add("WF012", source, (), "a theme is a mapping", "write name, colours and fonts")
        return
    for key in source.data:
        if key not in ("name", "colours", "fonts"):
            report.add("WF010", source, (key,), f"{key!r} is unknown", "known: name, colours, fonts", key=True)
    if not source.get(("name",), str):
        report.add("WF011", source, ("name",), "the theme has no name")
    colours = _words(source, "colours", COLOURS, report)
    for key, colour in colours.items():
        if not _HEX.match(colour):
            report.add("WF013", source, ("colours", key), f"{colour!r} is no colour", 'write it as "#1B4F9C"')
    _words(source, "fonts", FONTS, report)
    for first, second, least in _CONTRASTS:
        pair = colours.get(first, ""), colours.get(second, "")
        if all(_HEX.match(colour) for colour in pair) and contrast(*pair) < least:
            report.add(
                "WF013", source, ("colours", first),
                f"{first} {pair[0]} on {second} {pair[1]} has a contrast of {contrast(*pair):.1f} to 1",
                f"take colours with at least {least} to 1",
            )


def _words(source: Source, section: str, known: dict[str, str], report: Report) -> dict[str, str]:
    found = source.get((section,), dict)
    if found is None:
        report.add("WF011", source, (section,), f"the theme has no {section}", f"give {', '.join(known)}")
        return {}
    for key, value in found.items():
        at = (section, key)
        if key not in known:
            report.add("WF010", source, at, f"{key!r} is unknown", did_you_mean(key, known), key=True)
        elif not isinstance(value, str) or not value:
            report.add("WF012", source, at, f"{value!r} is no text", "put it into quotes")
    for key, purpose in known.items():
        if key not in found:
            report.add("WF011", source, (section,), f"{key} ({purpose}) is missing")
    return {key: value for key, value in found.items() if key in known and isinstance(value, str)}


def check_glyphs(deck: Deck, theme: Theme) -> None:
    """Refuses text that the fonts of the theme cannot set: a missing glyph would be printed as an empty box.

    Raises:
        LayoutError: names each character, its code point and the text that it stands in.
    """
    covered = _coverage(theme.font_folder)
    missing: dict[str, str] = {}
    for text in _texts(deck):
        for character in text:
            if ord(character) not in covered and character not in _INVISIBLE:
                missing.setdefault(character, text)
    if missing:
        listed = "; ".join(
            f"{_named(character)} in {text[:80]!r}" for character, text in list(missing.items())[:10]
        )
        raise LayoutError(
            f"the fonts of the theme {theme.name} have no glyph for {listed}; replace the character or add a font "
            f"that has it to {theme.font_folder.name}/",
            characters=[f"U+{ord(character):04X}" for character in missing],
        )


def _named(character: str) -> str:
    visible = f"{character!r} " if character.isprintable() else ""
    return f"{visible}U+{ord(character):04X} {unicodedata.name(character, 'unnamed')}"


def _texts(deck: Deck) -> Iterator[str]:
    yield from (deck.title, deck.subject, deck.kicker, deck.footer, deck.source)
    for slide in deck.slides:
        yield from (slide.heading, slide.evidence, *slide.lines)
        for figure in slide.figures + slide.beside:
            yield from (figure.label, figure.text)


@lru_cache(maxsize=8)
def _coverage(folder: Path) -> frozenset[int]:
    """The code points of all fonts of the folder: a glyph that one lacks is taken from another."""
    from fontTools.ttLib import TTFont

    points: Iterable[set[int]] = (
        set(TTFont(path, lazy=True).getBestCmap()) for path in sorted(folder.glob("*.[to]tf"))
    )
    return frozenset(set().union(*points))
