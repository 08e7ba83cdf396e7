"""The theme: what makes slides those of one house, as data that a designer edits in a folder.

    include/themes/house/
      theme.yaml    colours, fonts, layout, logo
      fonts/        the only fonts that the slides are set in
      *.svg         the logo, drawn as paths
      *.typ         only for a house that wants other slides than `rendering/templates`: files that take their place

A theme is refused if two of its colours would be hard to tell apart (WCAG 2.2: 4.5 : 1 for text, 3 : 1 for graphics).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
LAYOUT: dict[str, tuple[str, tuple[Any, ...] | tuple[float, float]]] = {
    "band": ("a band of the brand colour at the edge of the slide", ("top", "left", "none")),
    "cards": ("panels with a frame, or open under a hairline", ("framed", "open")),
    "edge": ("the brand colour at the left edge of panels", (True, False)),
    "corner": ("how round corners are, in pixels", (0.0, 28.0)),
    "ornament": ("what stands in the corner of the title", ("rings", "columns", "none")),
    "weight": ("how bold headings and figures are", ("semibold", "bold")),
    "tracking": ("the space between their letters, in parts of their size", (-0.05, 0.1)),
}
PLAIN = {
    "band": "top", "cards": "framed", "edge": True, "corner": 14, "ornament": "none", "weight": "bold", "tracking": 0,
}
LOGO = {"light": "on the page", "dark": "on the title slide", "height": "in pixels", "alt": "what it is, in words"}
SERIES = 8  # colours for the parts of a whole
FONTS = {"text": "running text", "display": "headings and figures", "office": "PowerPoint, where it must be installed"}

TEXT, GRAPHIC = 4.5, 3.0
_CONTRASTS = (
    ("ink", "background", TEXT), ("ink", "card", TEXT), ("ink", "pale", TEXT), ("muted", "background", TEXT),
    ("muted", "card", TEXT), ("accent", "background", TEXT), ("accent", "card", TEXT), ("negative", "card", TEXT),
    ("card", "accent", TEXT), ("accent", "pale", GRAPHIC), ("on_night", "night", TEXT),
    ("on_night_muted", "night", TEXT), ("on_night_accent", "night", TEXT),
)
TEMPLATES = Path(__file__).parent / "templates"
_HEX = re.compile(r"#[0-9A-Fa-f]{6}\Z")

# Characters that are meant to be invisible: soft hyphen, word joiner, zero-width space.
_INVISIBLE = frozenset("\u00ad\u2060\u200b")


@dataclass(frozen=True, slots=True)
class Logo:
    """A logo as SVG: on the page and on the title slide. `height` is in pixels, `alt` says what it is."""

    light: str
    dark: str
    height: int
    alt: str


@dataclass(frozen=True, slots=True)
class Theme:
    """A theme that was read and checked. Colours are `#RRGGBB`."""

    folder: Path
    name: str
    colours: dict[str, str]
    fonts: dict[str, str]
    series: tuple[str, ...] = ()
    layout: dict[str, Any] = field(default_factory=lambda: dict(PLAIN))
    logo: Logo | None = None

    @property
    def templates(self) -> dict[str, bytes]:
        """The template of the platform, by path, and the theme's own files in the place of those of the same name."""
        return {
            path.relative_to(root).as_posix(): path.read_bytes()
            for root in (TEMPLATES, self.folder)
            for path in sorted(root.rglob("*.typ"))
        }

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
    if not any((folder / "fonts").glob("*.[to]tf")):
        report.add_at("WF040", folder / "fonts", 1, 1, "", "the theme has no fonts", "put TTF or OTF files there")
    report.raise_if_any(f"the theme {folder.name}")
    if source is None:
        raise AssertionError("a source that cannot be read is a problem")
    data = source.data
    return Theme(
        folder, data["name"], dict(data["colours"]), dict(data["fonts"]), tuple(data["series"]),
        {**PLAIN, **data.get("layout", {})}, _logo(folder, data.get("logo")),
    )


def _logo(folder: Path, data: dict[str, Any] | None) -> Logo | None:
    if data is None:
        return None
    light, dark = ((folder / data[key]).read_text(encoding="utf-8") for key in ("light", "dark"))
    return Logo(light, dark, data["height"], data["alt"])


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two `#RRGGBB` colours after WCAG 2.2, from 1 to 21."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    channels = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


_KNOWN = ("name", "colours", "series", "fonts", "layout", "logo")


def _check(source: Source, report: Report) -> None:
    if not isinstance(source.data, dict):
        report.add("WF012", source, (), "a theme is a mapping", "write name, colours and fonts")
        return
    for key in source.data:
        if key not in _KNOWN:
            report.add("WF010", source, (key,), f"{key!r} is unknown", f"known: {', '.join(_KNOWN)}", key=True)
    if not source.get(("name",), str):
        report.add("WF011", source, ("name",), "the theme has no name")
    colours = _words(source, "colours", COLOURS, report)
    for key, colour in colours.items():
        if not _HEX.match(colour):
            report.add("WF013", source, ("colours", key), f"{colour!r} is no colour", 'write it as "#1B4F9C"')
    _words(source, "fonts", FONTS, report)
    _check_series(source, colours.get("card", ""), report)
    _check_layout(source, report)
    _check_logo(source, report)
    for first, second, least in _CONTRASTS:
        pair = colours.get(first, ""), colours.get(second, "")
        if all(_HEX.match(colour) for colour in pair) and contrast(*pair) < least:
            report.add(
                "WF013", source, ("colours", first),
                f"{first} {pair[0]} on {second} {pair[1]} has a contrast of {contrast(*pair):.1f} to 1",
                f"take colours with at least {least} to 1",
            )


def _check_series(source: Source, card: str, report: Report) -> None:
    found = source.get(("series",), list)
    if found is None:
        report.add("WF011", source, ("series",), "the theme has no series", f"give {SERIES} colours for parts of a whole")
        return
    if len(found) != SERIES:
        report.add("WF013", source, ("series",), f"there are {len(found)} colours", f"give {SERIES}")
    for index, colour in enumerate(found):
        if not isinstance(colour, str) or not _HEX.match(colour):
            report.add("WF013", source, ("series", index), f"{colour!r} is no colour", 'write it as "#1B4F9C"')
        elif _HEX.match(card) and contrast(colour, card) < GRAPHIC:
            report.add(
                "WF013", source, ("series", index),
                f"{colour} on card {card} has a contrast of {contrast(colour, card):.1f} to 1",
                f"take a colour with at least {GRAPHIC} to 1",
            )


def _check_layout(source: Source, report: Report) -> None:
    for key, value in (source.get(("layout",), dict) or {}).items():
        at = ("layout", key)
        if key not in LAYOUT:
            report.add("WF010", source, at, f"{key!r} is unknown", did_you_mean(key, LAYOUT), key=True)
            continue
        purpose, choices = LAYOUT[key]
        if isinstance(choices[0], float):
            low, high = choices
            if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
                report.add("WF013", source, at, f"{value!r} is no number from {low:g} to {high:g}", purpose)
        elif not any(value is choice or value == choice for choice in choices):
            listed = ", ".join(str(choice).lower() for choice in choices)
            report.add("WF013", source, at, f"{value!r} is none of {listed}", purpose)


def _check_logo(source: Source, report: Report) -> None:
    logo = source.get(("logo",), dict)
    if logo is None:
        return
    for key in logo:
        if key not in LOGO:
            report.add("WF010", source, ("logo", key), f"{key!r} is unknown", did_you_mean(key, LOGO), key=True)
    for key, purpose in LOGO.items():
        if key not in logo:
            report.add("WF011", source, ("logo",), f"{key} ({purpose}) is missing")
    height, alt = logo.get("height", 40), logo.get("alt", "alt")
    if isinstance(height, bool) or not isinstance(height, int) or not 16 <= height <= 64:
        report.add("WF013", source, ("logo", "height"), f"{height!r} is no height", "give 16 to 64 pixels")
    if not isinstance(alt, str) or not alt:
        report.add("WF012", source, ("logo", "alt"), f"{alt!r} is no text", "say what the logo is")
    for key in ("light", "dark"):
        if key in logo:
            _check_drawing(source, ("logo", key), logo[key], report)


def _check_drawing(source: Source, at: tuple[str, str], name: Any, report: Report) -> None:
    """A logo is paths only: words in it would be set in fonts that nobody checks, and pictures come from elsewhere."""
    path = source.path.parent / str(name)
    if not isinstance(name, str) or Path(name).name != name or not path.is_file():
        report.add("WF040", source, at, f"there is no file {name!r} in the theme", "put the logo beside theme.yaml, as SVG")
        return
    drawing = path.read_bytes()
    if b"<svg" not in drawing or re.search(rb"<(text|image|script|foreignObject|use)\b|<!ENTITY|href", drawing):
        report.add("WF013", source, at, f"{name} is no drawing of paths", "convert its words to paths and embed nothing")


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
    from workflow_orchestrator.rendering.deck import WORDS

    yield from (deck.title, deck.subject, deck.kicker, deck.footer, deck.source)
    yield from (WORDS[deck.language][name] for name in ("low", "high", "page", "pages"))
    for slide in deck.slides:
        yield from (slide.heading, slide.evidence, slide.note, *slide.lines, *slide.columns)
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
