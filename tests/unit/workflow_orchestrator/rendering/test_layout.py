"""Whatever a document holds, it is laid out: inside its page, apart from its neighbours, and large enough to be read.

Measured in the finished PDF, character by character, so the template's own word is not taken for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations

import chart_sample as charts
import pypdfium2
import pytest
import rendering_sample as sample
from pypdfium2 import raw

from workflow_orchestrator.rendering import Deck, Theme, load_theme
from workflow_orchestrator.rendering.formats import FORMATS, Format
from workflow_orchestrator.rendering.slides import Drawing
from workflow_orchestrator.script.model import Script, Segment, Sentence, SlideKind
from workflow_orchestrator.values import Kind, Value

THEMES = sorted(path.parent for path in sample.THEME.parent.glob("*/theme.yaml"))
SMALLEST = 16.0  # pixels of the frame; 18 where the frame is narrow and seen on a phone
SMALLEST_NARROW = 18.0

COMPOUND = "Rechtsschutzversicherungsgesellschaften und Verwaltungsvergütungsbestandteile"
NAME = "Continental European Small and Mid-Capitalisation Dividend Growth Opportunities Holding SE"


@dataclass(frozen=True)
class Mark:
    """One run of characters on a page, in pixels from its upper left corner, with the size of its type."""

    text: str
    left: float
    top: float
    right: float
    bottom: float
    size: float

    def covers(self, other: Mark) -> bool:
        """Whether both share more than the hair's breadth by which letters of two lines may touch."""
        across = min(self.right, other.right) - max(self.left, other.left)
        down = min(self.bottom, other.bottom) - max(self.top, other.top)
        return across > 1.5 and down > 1.5


def marks_of(pdf: bytes) -> Iterator[list[Mark]]:
    """The runs of each page. A run ends where the next character stands elsewhere."""
    with pypdfium2.PdfDocument(pdf) as document:
        for page in document:
            text, height = page.get_textpage(), page.get_height()
            found: list[Mark] = []
            for at in range(text.count_chars()):
                left, bottom, right, top = text.get_charbox(at)
                sign = chr(raw.FPDFText_GetUnicode(text, at))
                if sign.isspace() or right <= left:
                    continue
                size = raw.FPDFText_GetFontSize(text, at)
                mark = Mark(sign, left, height - top, right, height - bottom, size)
                last = found[-1] if found else None
                if last and abs(mark.bottom - last.bottom) < size * 0.5 and -size * 0.25 < mark.left - last.right < size * 0.6:
                    found[-1] = Mark(
                        last.text + sign, last.left, min(last.top, mark.top), right, max(last.bottom, mark.bottom), size
                    )
                else:
                    found.append(mark)
            yield found


def extremes() -> tuple[Script, list[Value]]:
    """A script of slides that are as full, as long and as negative as documents are, and its values."""
    value = sample.value
    changes = [
        value("fund_name", Kind.TEXT, NAME), value("share_class", Kind.TEXT, f"{COMPOUND} (CHF hedged) accumulating"),
        value("fund_size", Kind.MONEY, "-12345678.90", unit="EUR", scale=6),
        value("nav", Kind.MONEY, "1234567890.12", unit="EUR"),
        value("performance_data", Kind.PERCENT, "-100.00", key="10y"),
        value("performance_data", Kind.PERCENT, "12345.67", key="since_inception"),
        *(value("monthly_returns", Kind.PERCENT, f"-{month}.99", key=f"2026-{month:02d}") for month in range(1, 11)),
        *(value("top_holdings", Kind.PERCENT, f"{31 - n}.25", key=f"{n}. {NAME}"[:84]) for n in range(30)),
        value("top_holdings", Kind.PERCENT, "-4.50", key="Currency forwards"),
        *(value("regions", Kind.PERCENT, weight, key=key) for key, weight in ((COMPOUND, "55.5"), ("Derivatives", "-9.4"))),
        *(value(column, Kind.RATIO, f"{'-' if n % 7 == 3 else ''}{n * n}.{n}", key=f"{n}. {COMPOUND if n % 5 == 0 else NAME[:40]}")
          for column in ("accuracy", "f1", "milliseconds") for n in range(1, 31) if n % 4 or column != "f1"),
        *(value("growth_of_100", Kind.RATIO, f"{'-' if year % 2 else ''}{year}.5", key=str(year))
          for year in range(2014, 2026) if year != 2017),
        value("revenue", Kind.MONEY, "100.0", unit="EUR", scale=6), value("cost_of_sales", Kind.MONEY, "180.0", unit="EUR", scale=6),
        value("tax", Kind.MONEY, "-11.5", unit="EUR", scale=6), value("net_income", Kind.MONEY, "-91.5", unit="EUR", scale=6),
    ]
    refs = list(charts.values("en", *changes))

    def of(name: str) -> tuple[str, ...]:
        return tuple(ref for ref in refs if ref.startswith(f"{name}."))

    said = (Sentence("Gesagt.", "Gesagt."),)
    tiles = ("nav", "fund_size", "management_company", "benchmark", "fund_name", "volatility", "max_drawdown", "isin")
    heading = "Wertentwicklungsberichterstattung und Verwaltungsvergütungsbestandteile im Geschäftsjahr 2026"
    parts: dict[str, tuple[SlideKind, tuple[str, ...]]] = {
        "title": (SlideKind.TITLE, ("share_class", "isin", "as_of_date", "management_company")),
        "tiles": (SlideKind.FIGURES, tiles),
        "periods": (SlideKind.BARS, of("performance_data")),
        "months": (SlideKind.RETURNS, of("monthly_returns")),
        "growth": (SlideKind.GROWTH, of("growth_of_100")),
        "two": (SlideKind.GROWTH, tuple(f"{name}.{year}" for name in ("growth_of_100", "benchmark_of_100") for year in range(2019, 2026))),
        "bridge": (SlideKind.BRIDGE, ("revenue", "cost_of_sales", "tax", "net_income")),
        "regions": (SlideKind.ALLOCATION, (f"regions.{COMPOUND}", "regions.Japan", "regions.Derivatives")),
        "scale": (SlideKind.SCALE, ("sri", "volatility", "max_drawdown", "nav", "fund_size")),
        "holdings": (SlideKind.HOLDINGS, (*of("top_holdings")[10:], "top_holdings_total")),
        "results": (SlideKind.TABLE, (*of("accuracy"), *of("f1"), *of("milliseconds"))),
        "notice": (SlideKind.NOTICE, ()),
    }
    whole = sample.script("de")
    segments = tuple(
        Segment(name, kind, NAME if kind is SlideKind.TITLE else heading, said, refs, sample.NOTICES["de"] * 3 if name == "notice" else ())
        for name, (kind, refs) in parts.items()
    )
    return replace(whole, segments=segments, subject=NAME), changes


def drawn(theme: Theme, shape: Format) -> tuple[Deck, list[list[Mark]]]:
    script, changes = extremes()
    deck = charts.deck(script, *changes, shape=shape)
    drawing = Drawing(deck, theme, [(number, 1.0) for number in range(len(deck.slides))])
    assert drawing.overflow() == []
    return deck, list(marks_of(drawing.pdf()))


@pytest.mark.parametrize("shape", FORMATS.values(), ids=FORMATS)
@pytest.mark.parametrize("theme", THEMES, ids=[path.name for path in THEMES])
def test_extremes_are_laid_out(theme: object, shape: Format) -> None:
    """No word leaves its page's margins, covers another, stands where captions do, or is too small to be read."""
    deck, pages = drawn(load_theme(theme), shape)  # type: ignore[arg-type]
    smallest = SMALLEST if shape.wide else SMALLEST_NARROW
    assert len(pages) == len(deck.slides) > 14
    for slide, marks in zip(deck.slides, pages, strict=True):
        for mark in marks:
            where = f"{slide.id}: {mark}"
            assert mark.size >= smallest - 0.01, where
            assert shape.margin - 3 <= mark.left < mark.right <= shape.width - shape.margin + 3, where
            assert 0 < mark.top < mark.bottom < shape.height, where
            free = shape.floor + 28 + shape.warning_height + 8, shape.source - 40
            assert mark.bottom <= free[0] or mark.top >= free[1], where
        for one, other in combinations(marks, 2):
            assert not one.covers(other), f"{slide.id}: {one} and {other}"


@pytest.mark.parametrize("shape", FORMATS.values(), ids=FORMATS)
def test_every_row_of_a_long_table_is_shown_once(shape: Format) -> None:
    """Thirty rows go on to further slides, whole, in order, and in a size that can be read."""
    script, changes = extremes()
    deck = charts.deck(script, *changes, shape=shape)
    pages = [slide for slide in deck.slides if slide.kind is SlideKind.TABLE]
    rows = [figure.label for page in pages for figure in page.figures[:: len(page.columns)]]
    assert len(pages) > 2
    assert len(rows) == len(set(rows)) == 30 + len(charts.METHODS)
    assert all(len(page.figures) // len(page.columns) <= shape.rows for page in pages)


def test_a_mark_that_covers_another_is_seen() -> None:
    """The measure of this file finds what it looks for."""
    one, other = Mark("1.93%", 100, 100, 180, 130, 30), Mark("Oct", 170, 120, 210, 150, 20)
    assert one.covers(other)
    assert not one.covers(replace(other, left=181, right=220))
