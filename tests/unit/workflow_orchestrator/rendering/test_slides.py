"""Slides are drawn as the deck says, the same every time, or not at all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pypdfium2
import pytest
import rendering_sample as sample
from PIL import Image

from workflow_orchestrator.errors import LayoutError
from workflow_orchestrator.rendering import Deck, build_deck, render_slides
from workflow_orchestrator.script.model import Script, Segment, Sentence, SlideKind
from workflow_orchestrator.values import Kind

HOSTILE = '#panic("pwn") *b* $x$ _i_ `c` <label> @ref \\ // [x] #read("/etc/passwd") %s {0}'


def deck_of(script: Script) -> Deck:
    language = script.language
    return build_deck(script, sample.values(language), sample.fields(), sample.shown_in(language))


def text_of(pdf: Path) -> list[str]:
    document = pypdfium2.PdfDocument(pdf)
    return ["".join(page.get_textpage().get_text_range().split()) for page in document]


def squeezed(text: str) -> str:
    return "".join(text.split())


@pytest.mark.parametrize("language", sample.LANGUAGES)
def test_every_figure_stands_on_its_slide(language: str, tmp_path: Path) -> None:
    """Each slide of each language is 1920 by 1080 and opaque, and the PDF's text has every figure, label and warning."""
    deck = deck_of(sample.script(language))
    paths = render_slides(deck, sample.THEME, tmp_path)
    assert [path.name for path in paths] == [f"slide_{number:02d}.png" for number in range(1, 10)]
    for path in paths:
        with Image.open(path) as image:
            assert (image.size, image.mode, image.getextrema()[3]) == ((1920, 1080), "RGBA", (255, 255))
    for slide, text in zip(deck.slides, text_of(tmp_path / "slides.pdf"), strict=True):
        for figure in slide.figures + slide.beside:
            assert squeezed(figure.text) in text
            assert squeezed(figure.label) in text
        for line in (*slide.lines, deck.footer, deck.source, slide.heading):
            assert squeezed(line) in text


def test_no_other_number_stands_on_a_chart(tmp_path: Path) -> None:
    """Every digit of a slide of bars belongs to a figure, a label, a page, the footer or the source."""
    deck = deck_of(sample.script("en", ("periods", "months")))
    render_slides(deck, sample.THEME, tmp_path)
    for number, (slide, text) in enumerate(zip(deck.slides, text_of(tmp_path / "slides.pdf"), strict=True), start=1):
        rest = text
        known = [deck.kicker, deck.source, deck.footer, slide.heading, slide.evidence, f"{number} / 2"]
        known += [word for figure in slide.figures for word in (figure.text, figure.label)]
        for words in sorted(map(squeezed, known), key=len, reverse=True):
            assert words in rest
            rest = rest.replace(words, " ", 1)
        assert not any(character.isdigit() for character in rest), rest


def test_the_same_deck_gives_the_same_bytes(tmp_path: Path) -> None:
    """Frames and PDF are byte-identical when drawn again."""
    deck = deck_of(sample.script("de", ("opening", "months", "risk")))
    first = [path.read_bytes() for path in render_slides(deck, sample.THEME, tmp_path / "one")]
    second = [path.read_bytes() for path in render_slides(deck, sample.THEME, tmp_path / "two")]
    assert first == second
    assert (tmp_path / "one" / "slides.pdf").read_bytes() == (tmp_path / "two" / "slides.pdf").read_bytes()


def test_markup_in_a_text_is_printed_literally(tmp_path: Path) -> None:
    """A heading, a label, a line or a name that looks like code is printed and never run."""
    script = sample.script("en", ("opening", "facts", "notice"))
    segments = tuple(replace(part, heading=HOSTILE) for part in script.segments)
    segments = (*segments[:2], replace(segments[2], points=(HOSTILE,)))
    script = replace(script, segments=segments, footer=HOSTILE, kicker=HOSTILE[:30], labels={"nav": HOSTILE[:30]})
    deck = deck_of(script)
    render_slides(deck, sample.THEME, tmp_path)
    for text in text_of(tmp_path / "slides.pdf"):
        assert squeezed(HOSTILE) in text


def test_words_that_do_not_fit_are_named(tmp_path: Path) -> None:
    """All texts that overflow are told at once, with their slides; nothing is written."""
    script = sample.script("en", ("opening", "figures", "periods"))
    long = "A heading that goes on and on. " * 12
    segments = (script.segments[0], replace(script.segments[1], heading=long), script.segments[2])
    labels = {"performance_data.1y": "Q" * 60}
    with pytest.raises(LayoutError) as caught:
        render_slides(deck_of(replace(script, segments=segments, labels=labels)), sample.THEME, tmp_path / "out")
    assert "slide 2 (figures): 'A heading that goes on" in caught.value.message
    assert "slide 3 (periods): 'QQQQQQQQ" in caught.value.message
    assert not (tmp_path / "out").exists()


def test_long_words_and_many_figures_fit(tmp_path: Path) -> None:
    """Thirteen bars, eight tiles and long German labels are set without overflow."""
    thirteen = (*(ref for ref in sample.values("de") if ref.startswith("monthly_returns.")), "ytd_performance")
    tiles = (
        "nav", "fund_size", "ongoing_charges", "management_company", "benchmark", "volatility", "max_drawdown", "isin",
    )
    said = (Sentence("Gesagt.", "Gesagt."),)
    script = replace(sample.script("de"), segments=(
        Segment("bars", SlideKind.BARS, "Wertentwicklungsberichterstattung im Geschäftsjahr", said, thirteen),
        Segment("tiles", SlideKind.FIGURES, "Verwaltungsvergütungsbestandteile", said, tiles),
        Segment("one", SlideKind.FIGURES, "Eine Zahl", said, ("fund_size",)),
        Segment("scale", SlideKind.SCALE, "Risiko", said, ("sri",)),
        Segment("text", SlideKind.TEXT, "Strategie", said, ("fund_strategy", "nav", "benchmark", "fund_size")),
    ))
    assert len(render_slides(deck_of(script), sample.THEME, tmp_path)) == 5


def test_figures_of_zero_and_losses_only_are_drawn(tmp_path: Path) -> None:
    """A chart of nothing but zeros, and one of nothing but losses, is a chart."""
    losses = [
        sample.value("performance_data", Kind.PERCENT, raw, key=key)
        for key, raw in (("3m", "-1.20"), ("6m", "-0.35"), ("1y", "0.00"), ("3y", "0.00"))
    ]
    said = (Sentence("Said.", "Said."),)
    script = replace(sample.script("en"), segments=(
        Segment("losses", SlideKind.BARS, "Losses", said, ("performance_data.3m", "performance_data.6m")),
        Segment("zeros", SlideKind.BARS, "Zeros", said, ("performance_data.1y", "performance_data.3y")),
    ))
    values = sample.values().replacing(losses)
    deck = build_deck(script, values, sample.fields(), sample.shown_in("en"))
    assert len(render_slides(deck, sample.THEME, tmp_path)) == 2


def test_the_lowest_part_is_left_to_captions(tmp_path: Path) -> None:
    """Between the warning and the source line no slide draws anything, so captions cover no figure."""
    for path in render_slides(deck_of(sample.script("fr")), sample.THEME, tmp_path)[1:]:
        with Image.open(path) as image:
            assert image.crop((0, 945, 1920, 1015)).getcolors() == [(1920 * 70, (245, 247, 250, 255))]


def test_a_long_notice_is_continued_on_further_slides(tmp_path: Path) -> None:
    """Warnings that need more than one slide are all printed, none of them cut."""
    script = sample.script("de", ("notice",))
    points = tuple(f"{index}. {point}" for index, point in enumerate(sample.NOTICES["de"] * 4))
    script = replace(script, segments=(replace(script.segments[0], points=points),))
    paths = render_slides(deck_of(script), sample.THEME, tmp_path)
    text = "".join(text_of(tmp_path / "slides.pdf"))
    assert len(paths) > 1
    assert all(squeezed(point) in text for point in points)
