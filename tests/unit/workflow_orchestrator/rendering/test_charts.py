"""Charts show the figures of the document and no others, in every theme and format, in slides and PowerPoint alike."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path

import chart_sample as charts
import pypdfium2
import pytest
import rendering_sample as sample
from PIL import Image
from pptx import Presentation

from workflow_orchestrator.errors import LayoutError
from workflow_orchestrator.rendering import Deck, Slide, render_powerpoint, render_slides
from workflow_orchestrator.rendering.deck import MISSING
from workflow_orchestrator.rendering.formats import FORMATS, PORTRAIT, SQUARE, Format
from workflow_orchestrator.script.model import Segment, Sentence, SlideKind
from workflow_orchestrator.values import Kind

LEDGER = sample.THEME.parent / "ledger"
CASES = [(sample.THEME, PORTRAIT, "de"), (LEDGER, SQUARE, "fr"), (LEDGER, FORMATS["landscape"], "en")]


def squeezed(text: str) -> str:
    return "".join(text.split())


def slide_of(part: str) -> Slide:
    return charts.deck(charts.script("en", (part,))).slides[1]


def shown(kind: SlideKind, refs: tuple[str, ...]) -> Slide:
    segment = Segment("s", kind, "Heading", (Sentence("Said.", "Said."),), shows=refs)
    return charts.deck(replace(sample.script("en"), segments=(segment,))).slides[0]


@pytest.mark.parametrize(("theme", "shape", "language"), CASES, ids=["house-portrait", "ledger-square", "ledger-landscape"])
def test_slides_and_powerpoint_show_the_same_figures_and_are_the_same_twice(
    theme: Path, shape: Format, language: str, tmp_path: Path
) -> None:
    """Frames have the format's size, both files hold every figure and label, and drawing again changes no byte."""
    script = charts.script(language)
    deck = charts.deck(script, shape=shape)
    one, two = (render_slides(deck, theme, tmp_path / name) for name in ("one", "two"))
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in two]
    assert (tmp_path / "one" / "slides.pdf").read_bytes() == (tmp_path / "two" / "slides.pdf").read_bytes()
    for path in one:
        with Image.open(path) as image:
            assert (image.size, image.mode, image.getextrema()[3]) == (shape.size, "RGBA", (255, 255))
    office, again = (render_powerpoint(deck, script, theme, tmp_path / name) for name in ("1.pptx", "2.pptx"))
    assert office.read_bytes() == again.read_bytes()
    with zipfile.ZipFile(office) as archive:
        edited = squeezed("".join(archive.read(name).decode() for name in archive.namelist() if name.endswith(".xml")))
    with pypdfium2.PdfDocument(tmp_path / "one" / "slides.pdf") as document:
        pages = [squeezed(page.get_textpage().get_text_range()) for page in document]
    for slide, page in zip(deck.slides, pages, strict=True):
        for words in (*slide.columns, *(word for figure in slide.figures for word in (figure.label, figure.text))):
            assert squeezed(words) in page, (slide.id, words)
            assert squeezed(words).replace("&", "&amp;") in edited, (slide.id, words)


@pytest.mark.parametrize("shape", FORMATS.values(), ids=FORMATS)
def test_no_other_number_stands_on_a_chart(shape: Format, tmp_path: Path) -> None:
    """Every digit of a slide belongs to a figure, a label, a column, a page, the footer or the source: no axis has any."""
    deck = charts.deck(charts.script("en"), shape=shape)
    render_slides(deck, LEDGER, tmp_path)
    with pypdfium2.PdfDocument(tmp_path / "slides.pdf") as document:
        pages = [squeezed(page.get_textpage().get_text_range()) for page in document]
    for number, (slide, page) in enumerate(zip(deck.slides, pages, strict=True), start=1):
        known = [deck.kicker, deck.source, deck.footer, slide.heading, slide.evidence, f"{number}/{len(pages)}"]
        known += [*slide.columns, *(word for figure in slide.figures for word in (figure.text, figure.label))]
        for words in sorted(filter(None, map(squeezed, known)), key=len, reverse=True):
            page = page.replace(words, " ", 1)  # noqa: PLW2901 - what is left of it
        assert not any(character.isdigit() for character in page), (slide.id, page)


def test_a_missing_month_keeps_its_place() -> None:
    """A month between others that the document lacks is an empty place with a dash, and nothing is compounded over it."""
    months = tuple(ref for ref in charts.values() if ref.startswith("monthly_returns."))
    assert len(slide_of("returns").curve) == 13
    slide = shown(SlideKind.RETURNS, months[:3] + months[4:])
    assert [figure.text for figure in slide.figures][3] == MISSING
    assert len(slide.figures) == 12
    assert slide.curve == ()
    assert "not given" in slide.alt


def test_a_line_is_interrupted_where_a_year_is_missing() -> None:
    """Years stand at their distance, and the missing one has a dash under it."""
    slide = shown(SlideKind.GROWTH, ("growth_of_100.2019", "growth_of_100.2020", "growth_of_100.2022"))
    assert [(figure.label, figure.text) for figure in slide.figures] == [
        ("2019", "100.0"), ("2020", "96.4"), ("2021", MISSING), ("2022", "109.2"),
    ]


def test_two_lines_are_named_and_read_row_by_row() -> None:
    """Figures of two fields stand side by side for each year, under the names of the fields."""
    slide = slide_of("growth")
    assert slide.columns == ("Growth of 100", "Benchmark")
    assert [figure.text for figure in slide.figures[:4]] == ["100.0", "100.0", "96.4", "94.1"]
    assert slide.alt.startswith("Line chart. 2019 Growth of 100 100.0; 2019 Benchmark 100.0; 2020")


def test_a_table_says_what_it_lacks_and_marks_nothing() -> None:
    """A cell without a value is a dash, also for those who do not see it; no figure is told from the others as the best."""
    slide = slide_of("table")
    third = slide.figures[6:9]
    assert [(figure.label, figure.text) for figure in third] == [
        ("Distilled encoder", "74.9"), ("Distilled encoder", MISSING), ("Distilled encoder", "9.875"),
    ]
    assert "Distilled encoder F1 not given" in slide.alt
    assert not any(figure.total for figure in slide.figures)


def test_cells_of_a_table_have_the_printed_heads() -> None:
    """A field keyed by cells gives rows and columns their printed words."""
    cells = [
        sample.value("accuracy", Kind.RATIO, raw, key=key)
        for key, raw in (("Base · F1", "0.61"), ("Base · BLEU", "21.4"), ("Full · F1", "0.74"))
    ]
    segment = Segment("s", SlideKind.TABLE, "H", (Sentence("Said.", "Said."),), shows=tuple(cell.ref for cell in cells))
    slide = charts.deck(replace(sample.script("en"), segments=(segment,)), *cells).slides[0]
    assert slide.columns == ("F1", "BLEU")
    assert [(figure.label, figure.text) for figure in slide.figures] == [
        ("Base", "0.61"), ("Base", "21.4"), ("Full", "0.74"), ("Full", MISSING),
    ]


@pytest.mark.parametrize(
    ("kind", "refs", "words"),
    [
        (SlideKind.TABLE, ("nav", "accuracy.Baseline"), "form no rows and columns"),
        (SlideKind.GROWTH, ("growth_of_100.2019",), "has one point"),
        (SlideKind.ALLOCATION, tuple(f"top_holdings.{name}" for name, _ in sample.HOLDINGS), "10 figures, more than"),
        (SlideKind.BRIDGE, ("revenue", "tax", "net_income"), "no way leads"),
        (SlideKind.RETURNS, ("benchmark",), "benchmark is no number"),
    ],
)
def test_a_chart_refuses_what_it_cannot_show(kind: SlideKind, refs: tuple[str, ...], words: str) -> None:
    """Values that form no chart of the kind are errors that name the slide."""
    with pytest.raises(LayoutError, match=words):
        shown(kind, refs)


def test_charts_of_powerpoint_are_native_and_hold_printed_values_only(tmp_path: Path) -> None:
    """Lines, columns and slices have data sheets of the document's values; how months compound is in none."""
    script = charts.script("en")
    deck = charts.deck(script)
    slides = list(Presentation(render_powerpoint(deck, script, sample.THEME, tmp_path / "a.pptx")).slides)
    found = {slide.id: [shape.chart for shape in page.shapes if shape.has_chart] for slide, page in zip(deck.slides, slides, strict=True)}
    assert {name: len(own) for name, own in found.items() if own} == {"returns": 1, "growth": 1, "bridge": 1, "allocation": 1}
    assert list(found["growth"][0].plots[0].series[1].values) == [float(other) for _, _, other in charts.YEARS]
    assert list(found["returns"][0].plots[0].series[0].values) == [float(month) for month in sample.MONTHS]
    hidden, above, under, _ = found["bridge"][0].plots[0].series
    million = 10**6
    assert [round(value / million, 1) for value in hidden.values] == [0, 1836.4, 0, 733.7, 733.7, 581.0, 0]
    assert [round(value / million, 1) for value in above.values] == [4217.3, 2380.9, 1836.4, 1102.7, 48.6, 201.3, 581.0]
    assert set(under.values) == {0.0}
    assert any(shape.has_table for shape in slides[5].shapes)
    for chart in (own[0] for own in found.values() if own):
        assert not chart.value_axis.visible


def test_pages_of_one_list_share_one_scale() -> None:
    """A bar of the second page can be compared with one of the first."""
    deck = charts.deck(sample.script("en", ("holdings",)), shape=SQUARE)
    assert len(deck.slides) == 2
    assert {slide.reach for slide in deck.slides} == {deck.slides[0].figures[0].amount}
    assert Deck.from_json(deck.to_json()) == deck


@pytest.mark.parametrize("shape", FORMATS.values(), ids=FORMATS)
def test_a_deck_of_charts_survives_json(shape: Format) -> None:
    """A deck read back from its JSON is the same deck, whatever it shows."""
    deck = charts.deck(charts.script("fr"), shape=shape)
    assert Deck.from_json(deck.to_json()) == deck
