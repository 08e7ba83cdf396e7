"""The PowerPoint is editable, says the same figures as the slides, and is the same file every time."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
import rendering_sample as sample
from pptx import Presentation

from workflow_orchestrator.errors import LayoutError, RenderError
from workflow_orchestrator.rendering import build_deck, render_powerpoint


@pytest.fixture(scope="module", params=sample.LANGUAGES)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    script = sample.script(request.param)
    deck = build_deck(script, sample.values(request.param), sample.fields(), sample.shown_in(request.param))
    path = tmp_path_factory.mktemp("pptx") / "slides.pptx"
    return request.param, render_powerpoint(deck, script, sample.THEME, path)


def test_every_figure_of_the_deck_stands_in_the_file(made: tuple[str, Path]) -> None:
    """Every figure, label, line and warning of the deck is text of the presentation."""
    language, path = made
    deck = build_deck(sample.script(language), sample.values(language), sample.fields(), sample.shown_in(language))
    with zipfile.ZipFile(path) as archive:
        text = "".join(archive.read(name).decode() for name in archive.namelist() if name.endswith(".xml"))
    for slide in deck.slides:
        for words in [slide.heading, *slide.lines, *(f.text for f in slide.figures + slide.beside)]:
            assert escape(words) in text


def test_titles_charts_and_notes_are_real(made: tuple[str, Path]) -> None:
    """Titles are placeholders, charts are native with alternative texts, notes are the narration."""
    language, path = made
    script = sample.script(language)
    slides = list(Presentation(path).slides)
    assert [slide.shapes.title.text_frame.text for slide in slides] == [part.heading for part in script.segments]
    charts = {
        part.id: [shape for shape in slide.shapes if shape.has_chart]
        for slide, part in zip(slides, script.segments, strict=True)
    }
    assert {name for name, found in charts.items() if found} == {"periods", "months", "holdings"}
    for found in charts.values():
        for shape in found:
            assert "%" in shape._element.xpath(".//p:cNvPr")[0].get("descr")
            assert not shape.chart.value_axis.visible
    for slide, part in zip(slides, script.segments, strict=True):
        assert slide.notes_slide.notes_text_frame.text == " ".join(sentence.shown for sentence in part.sentences)


def test_a_chart_holds_the_values_themselves(made: tuple[str, Path]) -> None:
    """The data sheet of a chart has the values, so a person can go on from them."""
    slides = list(Presentation(made[1]).slides)
    months = next(shape.chart for shape in slides[4].shapes if shape.has_chart)
    assert list(months.plots[0].series[0].values) == [float(figure) for figure in sample.MONTHS]


def test_the_same_deck_gives_the_same_bytes(tmp_path: Path) -> None:
    """Rendering again changes no byte, though the format stores times."""
    script = sample.script("fr", ("opening", "months", "holdings", "notice"))
    deck = build_deck(script, sample.values("fr"), sample.fields(), sample.shown_in("fr"))
    one, two = (render_powerpoint(deck, script, sample.THEME, tmp_path / name) for name in ("1.pptx", "2.pptx"))
    assert one.read_bytes() == two.read_bytes()
    with zipfile.ZipFile(one) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_nothing_lies_outside_the_slide(made: tuple[str, Path]) -> None:
    """Every shape stays on the slide."""
    presentation = Presentation(made[1])
    for slide in presentation.slides:
        for shape in slide.shapes:
            assert 0 <= shape.left <= shape.left + shape.width <= presentation.slide_width
            assert 0 <= shape.top <= shape.top + shape.height <= presentation.slide_height


def test_hostile_words_are_kept_as_words(tmp_path: Path) -> None:
    """Markup in a text is text; a character that XML cannot hold is refused by name."""
    script = sample.script("en", ("facts",))
    heading = '<a:t>&amp; "x" ]]> {=HYPERLINK("x")}'
    script = replace(script, segments=(replace(script.segments[0], heading=heading),))
    deck = build_deck(script, sample.values(), sample.fields(), sample.shown_in("en"))
    path = render_powerpoint(deck, script, sample.THEME, tmp_path / "a.pptx")
    assert Presentation(path).slides[0].shapes.title.text_frame.text == heading
    with pytest.raises(LayoutError, match=r"U\+0001"):
        render_powerpoint(replace(deck, subject="a\x01b"), script, sample.THEME, tmp_path / "b.pptx")


def test_a_deck_of_another_script_is_refused(tmp_path: Path) -> None:
    """Notes never go with the slides of another script."""
    script = sample.script("en", ("facts",))
    deck = build_deck(script, sample.values(), sample.fields(), sample.shown_in("en"))
    with pytest.raises(RenderError, match="build it from this script"):
        render_powerpoint(deck, sample.script("en", ("risk",)), sample.THEME, tmp_path / "a.pptx")
