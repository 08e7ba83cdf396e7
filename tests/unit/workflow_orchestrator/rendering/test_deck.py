"""The deck says every figure once, in finished words, and refuses what no slide can show."""

from __future__ import annotations

from dataclasses import replace

import pytest
import rendering_sample as sample

from workflow_orchestrator.errors import LayoutError, UnboundFigureError
from workflow_orchestrator.rendering import Deck, Slide, build_deck
from workflow_orchestrator.script.model import Script, Segment, Sentence, SlideKind
from workflow_orchestrator.values import Value, ValueSet


def deck_of(script: Script, values: ValueSet | None = None) -> Deck:
    language = script.language
    return build_deck(script, values or sample.values(language), sample.fields(), sample.shown_in(language))


def slide_of(kind: SlideKind, shows: tuple[str, ...], **more: object) -> Slide:
    segment = Segment("s", kind, "Heading", (Sentence("Said.", "Said."),), shows=shows)
    return deck_of(replace(sample.script("en"), segments=(replace(segment, **more),))).slides[0]


def test_every_figure_is_put_into_words_once() -> None:
    """Each value shown is formatted exactly once, whatever renders it later."""
    calls: list[str] = []

    def counting(value: Value) -> str:
        calls.append(value.ref)
        return sample.shown_in("en")(value)

    script = sample.script("en")
    deck = build_deck(script, sample.values("en"), sample.fields(), counting)
    figures = [figure for slide in deck.slides for figure in slide.figures + slide.beside]
    assert len(calls) == len(figures) > 40


@pytest.mark.parametrize("language", sample.LANGUAGES)
def test_the_deck_survives_json(language: str) -> None:
    """A deck read back from its JSON is the same deck."""
    deck = deck_of(sample.script(language))
    assert Deck.from_json(deck.to_json()) == deck


def test_a_label_of_the_script_comes_before_the_title_of_the_field() -> None:
    """Months are labelled by the script, periods by the field."""
    assert slide_of(SlideKind.BARS, ("monthly_returns.2026-10",)).figures[0].label == "Oct"
    assert slide_of(SlideKind.BARS, ("performance_data.1y",)).figures[0].label == "1 year"


def test_bars_keep_the_order_of_the_script() -> None:
    """The order of `shows` is the order on the slide."""
    refs = ("performance_data.5y", "performance_data.3m", "performance_data.1y")
    assert tuple(figure.ref for figure in slide_of(SlideKind.BARS, refs).figures) == refs


def test_a_quoted_strategy_is_the_documents_own_words() -> None:
    """A text slide shows the sentences that stand in the paragraph and leaves out the words around them."""
    quote = sample.STRATEGY["en"].split(". ")[0] + "."
    said = (Sentence("This is how the fund describes itself.", ""), Sentence(quote, quote))
    slide = slide_of(SlideKind.TEXT, ("fund_strategy",), sentences=said)
    assert (slide.lines, slide.quoted, slide.evidence) == ((quote,), True, "Page 1")


def test_apostrophes_inside_words_are_typographic() -> None:
    """One sign in all that a slide shows; marks of a quotation and of a measure stay what they are."""
    slide = slide_of(SlideKind.TEXT, (), heading="Stratégie d'investissement", points=("L'objectif du fonds, 'net' de 6' et d'1 part.",))
    assert slide.heading == "Stratégie d’investissement"
    assert slide.lines == ("L’objectif du fonds, 'net' de 6' et d’1 part.",)


def test_a_total_stands_beside_the_holdings() -> None:
    """What is no holding itself gets no bar among them."""
    slide = slide_of(SlideKind.HOLDINGS, ("top_holdings.Maison Aubrac SA", "top_holdings_total"))
    assert [figure.label for figure in slide.figures] == ["Maison Aubrac SA"]
    assert [figure.text for figure in slide.beside] == ["31.12%"]


def test_the_pages_of_the_evidence_are_named() -> None:
    """A slide names the pages that it draws on, in its language."""
    german = deck_of(sample.script("de", ("holdings", "strategy")))
    assert [slide.evidence for slide in german.slides] == ["Seite 2", "Seite 1"]


def test_a_reference_without_a_value_is_refused() -> None:
    """A slide cannot show a figure that nobody proved."""
    with pytest.raises(UnboundFigureError, match=r"slide s shows tracking_error"):
        slide_of(SlideKind.FIGURES, ("nav", "tracking_error"))


@pytest.mark.parametrize(
    ("kind", "shows", "words"),
    [
        (SlideKind.FIGURES, (), "no figure to show"),
        (SlideKind.FIGURES, tuple(f"monthly_returns.2026-0{month}" for month in range(1, 10)), "9 figures, more than"),
        (SlideKind.BARS, ("performance_data.1y", "benchmark"), "benchmark is no number"),
        (SlideKind.SCALE, ("volatility",), "shows no whole number"),
    ],
)
def test_a_slide_refuses_what_it_cannot_hold(kind: SlideKind, shows: tuple[str, ...], words: str) -> None:
    """Too many figures, words where lengths are drawn and a scale without a step are errors that name the slide."""
    with pytest.raises(LayoutError, match=words):
        slide_of(kind, shows)


def test_a_value_that_nobody_named_is_refused() -> None:
    """A field that neither script nor schema gives a label is told, not shown bare."""
    unknown = sample.value("tracking_error", sample.Kind.PERCENT, "1.1")
    segment = Segment("s", SlideKind.FIGURES, "H", (), shows=("tracking_error",))
    with pytest.raises(LayoutError, match="tracking_error has no label"):
        deck_of(replace(sample.script("en"), segments=(segment,)), sample.values().replacing([unknown]))


@pytest.mark.parametrize("raw", ["8", "0", "4.5"])
def test_a_step_outside_the_scale_is_refused(raw: str) -> None:
    """A risk indicator of 8 or between two steps is never drawn."""
    wrong = sample.value("sri", sample.Kind.INTEGER, raw)
    script = sample.script("en", ("risk",))
    with pytest.raises(LayoutError, match=f"sri = {raw}"):
        deck_of(script, sample.values("en").replacing([wrong]))


def test_alternative_texts_say_every_figure() -> None:
    """Whoever does not see a chart is told what it shows."""
    slide = slide_of(SlideKind.BARS, ("performance_data.6m", "performance_data.1y"))
    assert slide.alt == "Bar chart. 6 months −1.18%; 1 year +10.17%"
