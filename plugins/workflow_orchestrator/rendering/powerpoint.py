"""PowerPoint: the deck as an editable presentation with real titles, native charts, alternative texts and notes.

It is what a communications team edits by hand, so a bar is a bar of a chart with its own data sheet and not a picture.
The labels of bars are the deck's words, never a number format, so that slide and video show the same digits. A
presentation is 16:9 in whatever format the video is: a slide of any format finds room on it.
"""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflow_orchestrator.errors import RenderError
from workflow_orchestrator.rendering.deck import SCALE_STEPS, WORDS, Deck, Figure, Slide
from workflow_orchestrator.rendering.office_charts import ChartPen
from workflow_orchestrator.rendering.paging import paged
from workflow_orchestrator.rendering.slides import draw_logo, write_atomically
from workflow_orchestrator.rendering.theme import check_glyphs, load_theme
from workflow_orchestrator.script.model import Script, SlideKind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from workflow_orchestrator.rendering.office_charts import Box

# The grid of the typst template, in its points.
LEFT, WIDE, UPPER, FLOOR, GAP = 110, 1700, 262, 862, 28

# A ZIP entry has no time zone and starts in 1980; one fixed day for all entries gives the same bytes every time.
_DAY = (1980, 1, 1, 0, 0, 0)
_STAMP = b"2000-01-01T00:00:00Z"


def render_powerpoint(deck: Deck, script: Script, theme: Path, path: Path) -> Path:
    """Writes the deck as a PPTX file; the notes of each slide are its narration. The same deck gives the same bytes.

    Args:
        deck: the content, as `build_deck` made it of this script.
        script: the narration.
        theme: the folder of the theme.
        path: the file to write.

    Raises:
        DefinitionError: the theme is wrong.
        LayoutError: the fonts of the theme lack a character.
        RenderError: the deck was not made of this script.
    """
    segments = paged(script, deck.format).segments
    if [segment.id for segment in segments] != [slide.id for slide in deck.slides]:
        raise RenderError(f"the deck {deck.title!r} has other slides than the script; build it from this script")
    checked = load_theme(theme)
    check_glyphs(deck, checked)
    pen = ChartPen(checked, deck.language)
    logos = {dark: draw_logo(checked, dark=dark) for dark in (False, True)} if checked.logo else {}
    for number, (slide, segment) in enumerate(zip(deck.slides, segments, strict=True), start=1):
        page = _Page(pen, deck, slide, number, logos)
        page.draw()
        pen.notes(page.slide, " ".join(sentence.shown for sentence in segment.sentences))
    pen.properties(deck.title, deck.subject)
    out = io.BytesIO()
    pen.presentation.save(out)
    write_atomically(path, _repacked(out.getvalue()))
    return path


class _Page:
    """One slide of the presentation."""

    def __init__(
        self, pen: ChartPen, deck: Deck, slide: Slide, number: int, logos: Mapping[bool, tuple[bytes, float]]
    ) -> None:
        self._pen, self._deck, self._content, self._number, self._logos = pen, deck, slide, number, logos
        self.slide: Any = pen.slide()

    def draw(self) -> None:
        if self._content.kind is SlideKind.TITLE:
            self._title()
            return
        pen, content = self._pen, self._content
        pen.background(self.slide, "background")
        band = {"top": (1920, 10), "left": (22, 1080)}.get(pen.theme.layout["band"])
        if band is not None:
            pen.rectangle(self.slide, 0, 0, *band, "accent")
        pen.text(self.slide, LEFT, 50, 1050, 36, self._deck.kicker, 24, "accent", bold=True, name="Kicker")
        right = LEFT + WIDE - self._logo(dark=False)
        pen.text(self.slide, 1170, 50, right - 1170, 36, self._deck.subject, 24, "muted", align="right", name="Fund")
        pen.title(self.slide, LEFT, 96, WIDE, 146, content.heading, 56 if len(content.heading) < 60 else 46, "ink")
        bodies: dict[SlideKind, Callable[[], None]] = {
            SlideKind.FIGURES: self._figures, SlideKind.BARS: self._bars, SlideKind.SCALE: self._scale,
            SlideKind.HOLDINGS: self._holdings, SlideKind.TEXT: self._text, SlideKind.NOTICE: self._notice,
            SlideKind.RETURNS: self._returns, SlideKind.GROWTH: self._growth, SlideKind.BRIDGE: self._bridge,
            SlideKind.ALLOCATION: self._allocation, SlideKind.TABLE: self._table,
        }
        bodies[content.kind]()
        self._foot("muted")

    def _logo(self, *, dark: bool) -> float:
        """Draws the logo; returns the room that it takes from what stands beside it."""
        if dark not in self._logos or self._pen.theme.logo is None:
            return 0.0
        (png, ratio), logo = self._logos[dark], self._pen.theme.logo
        width = logo.height * ratio
        left, upper = (LEFT, 72.0) if dark else (LEFT + WIDE - width, 68 - logo.height / 2)
        self._pen.picture(self.slide, left, upper, logo.height, png, logo.alt)
        return width + 36

    def _foot(self, colour: str) -> None:
        pen = self._pen
        pen.text(self.slide, LEFT, FLOOR + 20, WIDE, 60, self._deck.footer, 20, colour, name="Warning")
        pen.text(self.slide, LEFT, 1014, WIDE - 160, 32, self._deck.source, 20, colour, name="Source")
        pen.page_number(self.slide, 1640, 1014, 170, 32, self._number, len(self._deck.slides), colour)

    def _title(self) -> None:
        pen, content = self._pen, self._content
        pen.background(self.slide, "night")
        self._logo(dark=True)
        pen.rectangle(self.slide, LEFT, 232, 72, 8, "on_night_accent")
        pen.text(
            self.slide, LEFT, 262, WIDE, 46, self._deck.kicker, 32, "on_night_accent", bold=True, name="Kicker"
        )
        size = 92 if len(content.heading) < 40 else 70
        pen.title(self.slide, LEFT, 326, 1500, 250, content.heading, size, "on_night")
        if self._deck.subject != content.heading:
            pen.text(self.slide, LEFT, 590, 1500, 56, self._deck.subject, 40, "on_night_muted", name="Fund")
        taken = (content.heading, self._deck.subject)
        facts = [figure for figure in content.figures if figure.text not in taken]
        width = min(540.0, (WIDE - max(0, len(facts) - 1) * 48) / max(1, len(facts)))
        for index, figure in enumerate(facts):
            left = LEFT + index * (width + 48)
            pen.rectangle(self.slide, left, 702, width, 2, "on_night_accent")
            pen.text(self.slide, left, 716, width, 36, figure.label, 24, "on_night_muted", name=f"{figure.ref} label")
            pen.text(self.slide, left, 752, width, 88, figure.text, 34, "on_night", bold=True, name=figure.ref)
        self._foot("on_night_muted")

    def _figures(self) -> None:
        count = len(self._content.figures)
        columns = count if count <= 3 else 2 if count == 4 else 3 if count <= 6 else 4
        self._tiles(self._content.figures, UPPER, 440 if count <= 3 else FLOOR - UPPER, columns)

    def _tiles(self, figures: tuple[Figure, ...], upper: float, height: float, columns: int) -> None:
        rows = -(-len(figures) // columns)
        width = (WIDE - (columns - 1) * GAP) / columns
        tall = (height - (rows - 1) * GAP) / rows
        for index, figure in enumerate(figures):
            row, column = divmod(index, columns)
            self._tile(figure, LEFT + column * (width + GAP), upper + row * (tall + GAP), width, tall)

    def _tile(self, figure: Figure, left: float, upper: float, width: float, tall: float) -> None:
        pen = self._pen
        pen.card(self.slide, left, upper, width, tall)
        if pen.theme.layout["edge"]:
            pen.rectangle(self.slide, left, upper + 16, 8, tall - 32, "negative" if figure.negative else "accent")
        label, inner = 28 if len(figure.label) * 15 < width - 76 else 24, width - 76
        pen.text(self.slide, left + 44, upper + 24, inner, 40, figure.label, label, "muted", name=f"{figure.ref} label")
        size = _size(figure.text, inner, 84 if tall > 240 else 62, worded=figure.amount is None)
        pen.text(
            self.slide, left + 44, upper + 70, inner, tall - 116, figure.text, size, "ink", bold=True,
            middle=True, name=figure.ref,
        )
        note = WORDS[self._deck.language]["page"].format(figure.page)
        pen.text(
            self.slide, left + 44, upper + tall - 46, inner, 30, note, 20, "muted", align="right",
            name=f"{figure.ref} page",
        )

    def _card(self) -> Box:
        """The panel of a chart, and the room for the chart in it."""
        self._pen.card(self.slide, LEFT, UPPER, WIDE, FLOOR - UPPER)
        self._evidence(UPPER + 20)
        return LEFT + 30, UPPER + 56, WIDE - 60, FLOOR - UPPER - 76

    def _bars(self) -> None:
        self._described(self._pen.columns(self.slide, self._card(), self._content.figures))

    def _described(self, chart: Any) -> None:
        self._pen.describe(chart, self._content.alt, self._content.heading)

    def _returns(self) -> None:
        content, (left, upper, width, height) = self._content, self._card()
        if not content.curve:
            self._described(self._pen.columns(self.slide, (left, upper, width, height), content.figures))
            return
        self._pen.text(self.slide, left + 14, UPPER + 20, 900, 36, content.note, 24, "muted", name="Note")
        self._pen.curve(self.slide, (left + 14, upper + 14, width - 28, 110), content.curve, content.note)
        below = (left, upper + 150, width, height - 150)
        self._described(self._pen.columns(self.slide, below, content.figures))

    def _growth(self) -> None:
        content, (left, upper, width, height) = self._content, self._card()
        count = max(1, len(content.columns))
        tall = 58.0 * (count + 1)
        names = 270.0 if content.columns else 0.0
        points = len(content.figures) // count
        wide = (width - names) / points
        chart = (left + names, upper, width - names, height - tall - 10)
        self._described(self._pen.lines(self.slide, chart, content.figures, content.columns))
        heads = [(figure.label, "muted") for figure in content.figures[::count]]
        rows = [[_coloured(figure) for figure in content.figures[at::count]] for at in range(count)]
        if content.columns:
            heads = [("", "muted"), *heads]
            colours = ("accent", *["muted"] * (count - 1))
            rows = [[(name, colour), *row] for name, colour, row in zip(content.columns, colours, rows, strict=True)]
        widths = [names, *[wide] * points] if content.columns else [wide] * points
        box = (left, upper + height - tall, width, tall)
        table = self._pen.table(self.slide, box, [heads, *rows], widths, 22 if points > 8 else 26, header=True, align="center")
        self._pen.describe(table, content.alt, f"{content.heading}: {WORDS[self._deck.language]['table']}")

    def _bridge(self) -> None:
        hidden = WORDS[self._deck.language]["hidden"]
        self._described(self._pen.bridge(self.slide, self._card(), self._content.figures, hidden))

    def _allocation(self) -> None:
        content, (left, upper, width, height) = self._content, self._card()
        if not content.whole:
            self._described(self._pen.rows(self.slide, (left, upper, width, height), content.figures))
            return
        self._described(self._pen.slices(self.slide, (left, upper, width, 110), content.figures))
        columns = 2 if len(content.figures) > 4 else 1
        rows = -(-len(content.figures) // columns)
        tall, wide = min(84.0, (height - 140) / rows), (width - (columns - 1) * 60) / columns
        for index, figure in enumerate(content.figures):
            x, y = left + index // rows * (wide + 60), upper + 140 + index % rows * tall
            self._pen.rectangle(self.slide, x + 10, y + tall / 2 - 13, 26, 26, self._pen.theme.series[index])
            self._pen.text(
                self.slide, x + 54, y, wide - 230, tall, figure.label, 28, "ink", middle=True, name=f"{figure.ref} label"
            )
            self._pen.text(
                self.slide, x + wide - 170, y, 160, tall, figure.text, 28, "ink", bold=True, align="right", middle=True,
                name=figure.ref,
            )

    def _table(self) -> None:
        content = self._content
        count = max(1, len(content.columns))
        rows = [content.figures[at : at + count] for at in range(0, len(content.figures), count)]
        cells = [[(row[0].label, "ink"), *(_coloured(figure) for figure in row)] for row in rows]
        if content.columns:
            cells.insert(0, [("", "muted"), *((name, "muted") for name in content.columns)])
        self._pen.card(self.slide, LEFT, UPPER, WIDE, FLOOR - UPPER)
        width, height = WIDE - 88.0, FLOOR - UPPER - 66.0
        name = width * 0.6 if count == 1 else max(width * 0.28, width - count * 250)
        tall = min(70.0, height / len(cells))
        box = (LEFT + 44.0, UPPER + 20.0, width, tall * len(cells))
        widths = [name, *[(width - name) / count] * count]
        size = 28 if tall > 52 else 24 if tall > 42 else 22
        self._described(self._pen.table(self.slide, box, cells, widths, size, header=bool(content.columns)))
        self._evidence(FLOOR - 40)

    def _holdings(self) -> None:
        content = self._content
        total = 62 if content.beside else 0
        self._pen.card(self.slide, LEFT, UPPER, WIDE, FLOOR - UPPER)
        if not total:
            self._evidence(UPPER + 10)
        box = (LEFT + 30, UPPER + 16, WIDE - 60, FLOOR - UPPER - 32 - total)
        self._described(self._pen.rows(self.slide, box, content.figures, content.reach))
        for figure in content.beside[:1]:
            line = f"{figure.label}: {figure.text}"
            self._pen.text(self.slide, LEFT + 44, FLOOR - 62, 1200, 40, line, 28, "ink", bold=True, name=figure.ref)
            self._evidence(FLOOR - 56)

    def _scale(self) -> None:
        content, pen = self._content, self._pen
        tall = 356 if content.beside else FLOOR - UPPER
        pen.card(self.slide, LEFT, UPPER, WIDE, tall)
        pen.text(
            self.slide, LEFT + 44, UPPER + 26, 1200, 40, content.figures[0].label, 28, "muted", name="Scale label"
        )
        self._evidence(UPPER + 26)
        step = (WIDE - 88 - (SCALE_STEPS - 1) * 18) / SCALE_STEPS
        upper = UPPER + 100
        for number in range(1, SCALE_STEPS + 1):
            here = number == content.marked
            box = pen.card(
                self.slide, LEFT + 44 + (number - 1) * (step + 18), upper, step, 140,
                fill="accent" if here else "pale", words=str(number), size=72 if here else 46,
                colour="card" if here else "muted",
            )
            if here:
                pen.describe(box, content.alt, content.figures[0].label)
        words = WORDS[self._deck.language]
        pen.text(self.slide, LEFT + 44, upper + 156, 700, 36, f"← {words['low']}", 24, "muted", name="Low end")
        high = f"{words['high']} →"
        pen.text(self.slide, 1066, upper + 156, 700, 36, high, 24, "muted", align="right", name="High end")
        if content.beside:
            self._tiles(content.beside, UPPER + tall + GAP, FLOOR - UPPER - tall - GAP, len(content.beside))

    def _text(self) -> None:
        content = self._content
        tall = 372 if content.beside else FLOOR - UPPER
        self._pen.card(self.slide, LEFT, UPPER, WIDE, tall)
        if self._pen.theme.layout["edge"]:
            self._pen.rectangle(self.slide, LEFT, UPPER + 16, 8, tall - 32, "accent")
        letters = sum(len(line) for line in content.lines)
        size = 40 if letters < 340 and not content.beside else 32 if letters < 600 else 28
        self._pen.paragraphs(
            self.slide, LEFT + 64, UPPER + 30, WIDE - 128, tall - 90, content.lines, size, bullets=False
        )
        self._evidence(UPPER + tall - 50)
        if content.beside:
            self._tiles(content.beside, UPPER + tall + GAP, FLOOR - UPPER - tall - GAP, len(content.beside))

    def _notice(self) -> None:
        lines = self._content.lines
        self._pen.card(self.slide, LEFT, UPPER, WIDE, FLOOR - UPPER)
        size = 32 if sum(len(line) for line in lines) < 640 else 28
        self._pen.paragraphs(
            self.slide, LEFT + 54, UPPER + 30, WIDE - 108, FLOOR - UPPER - 60, lines, size, bullets=True
        )

    def _evidence(self, upper: float) -> None:
        if self._content.evidence:
            self._pen.text(
                self.slide, 1266, upper, 500, 30, self._content.evidence, 20, "muted", align="right", name="Pages"
            )


def _coloured(figure: Figure) -> tuple[str, str]:
    """The words of a cell, and the name of their colour."""
    return figure.text, "negative" if figure.negative else "muted" if figure.amount is None else "ink"


def _size(text: str, width: float, largest: float, *, worded: bool) -> float:
    """A size for bold figures in an office font, whose digits are about 0.56 of the size wide."""
    if worded:
        return 44 if len(text) * 25 < width else 30
    return max(28.0, min(largest, width / (0.56 * max(1, len(text)))))


def _repacked(data: bytes) -> bytes:
    """The archive with a fixed time on every entry, in the data sheets inside it as well."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            if name.endswith(".xlsx"):
                content = _repacked(content)
            elif name == "docProps/core.xml":
                content = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", _STAMP, content)
            entry = zipfile.ZipInfo(name, _DAY)
            entry.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(entry, content)
    return out.getvalue()
