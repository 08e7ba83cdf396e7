"""Scripts from the sentence files, for every sample and every language."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from script_material import RICH, fields, narration, packs, percent, plain, sample, sample_names, truth

from workflow_orchestrator.compliance import Notice, notices, publishable
from workflow_orchestrator.errors import ScriptError
from workflow_orchestrator.script import Script, SlideKind, SourceInfo, Wording, unbound, write_script
from workflow_orchestrator.values import Kind, Value, ValueSet

LANGUAGES = ("en", "de", "fr")


def written(name: str, language: str, places: Sequence[str] = ("eu", "uk")) -> tuple[Script, tuple[Notice, ...]]:
    """The script of a sample with its warnings."""
    values = publishable(packs(), values=sample(name), language=language, jurisdictions=places, audience="retail")
    warnings = notices(packs(), language=language, jurisdictions=places, audience="retail", values=values)
    source = SourceInfo(truth(name)["file"], "0" * 64, truth(name)["language"])
    return write_script(values, fields(), narration(language), language, warnings, source), warnings


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", sample_names())
def test_every_figure_of_every_script_is_bound(name: str, language: str) -> None:
    """No sample, in no language, gives a script with a figure that comes from no value."""
    script, warnings = written(name, language)
    assert unbound(script, sample(name), fields(), warnings) == ()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_rich_sheet_fills_every_slide(language: str) -> None:
    """Figures, bars, scale, holdings and notice are all there, in the order of the file."""
    script, _ = written(RICH[language], language)
    assert [segment.id for segment in script.segments] == [
        "opening", "strategy", "performance", "periods", "annualised", "benchmark", "years", "risk", "holdings",
        "ratings" if language == "fr" else "sectors", "facts", "notice",
    ]
    words = sum(len(sentence.spoken.split()) for segment in script.segments for sentence in segment.sentences)
    assert 200 <= words <= 350, "about one and a half to two and a half minutes of speech"


def test_the_same_input_gives_the_same_script() -> None:
    """Nothing in a script depends on time or chance."""
    name = RICH["en"]
    assert written(name, "en")[0].to_json() == written(name, "en")[0].to_json()
    assert Script.from_json(written(name, "en")[0].to_json()) == written(name, "en")[0]


def test_required_fields_alone_give_four_slides() -> None:
    """A poor sheet still makes a video: title, strategy, performance, facts, notice."""
    poor = ValueSet([
        plain("fund_name", "Poor Fund"), plain("as_of_date", sample(RICH["en"])["as_of_date"].value),
        plain("fund_strategy", "The fund invests in bonds."), percent("performance_data.1y", "2.10"),
        plain("currency", "EUR"),
    ])
    for source_language, count in (("en", 5), ("de", 4)):
        source = SourceInfo("poor.pdf", "0" * 64, source_language)
        script = write_script(poor, fields(), narration("en"), "en", (), source)
        assert len(script.segments) == count
        assert unbound(script, poor, fields()) == ()


def test_a_quotation_is_never_translated() -> None:
    """In another language the quoted strategy is left out, and the notes say so."""
    script, _ = written(RICH["de"], "en")
    assert "strategy" not in [segment.id for segment in script.segments]
    assert "fund_strategy" in script.notes[0] and "never translated" in script.notes[0]
    assert str(sample(RICH["de"])["fund_strategy"].value)[:40] not in str(script.to_json())


def test_warnings_open_and_close_the_video() -> None:
    """The label is spoken first and stays in the kicker; all others are shown and spoken on the last slide."""
    script, warnings = written(RICH["en"], "en")
    assert script.segments[0].sentences[0].spoken == "This is a marketing communication."
    assert script.kicker.startswith("Marketing communication · ")
    last = script.segments[-1]
    assert last.slide is SlideKind.NOTICE
    assert [s.spoken for s in last.sentences] == list(last.points) == [n.shown for n in warnings if n.place == "end"]
    assert "Past performance does not predict future returns." in script.footer


def test_slides_and_words_agree() -> None:
    """"Highest", "lowest" and "largest" speak of what the slide shows."""
    script, _ = written(RICH["en"], "en")
    values, wording = sample(RICH["en"]), Wording(fields(), "en")
    years = next(segment for segment in script.segments if segment.id == "years")
    figures = [values[ref].value for ref in years.shows]
    assert [values[ref].value for ref in years.sentences[0].refs] == [min(figures), max(figures)]
    holdings = next(segment for segment in script.segments if segment.id == "holdings")
    largest = max((v for v in values.of("top_holdings")), key=lambda v: v.value)
    assert largest.key in holdings.sentences[0].shown
    assert wording.shown(largest) in holdings.sentences[0].shown


def test_the_current_year_is_no_calendar_year() -> None:
    """A year that is not over is not shown beside whole ones."""
    values = sample(RICH["en"]).replacing([percent("calendar_years.2026", "10.13")])
    script = write_script(values, fields(), narration("en"), "en", (), SourceInfo("x.pdf", "0", "en"))
    assert not any("calendar_years.2026" in segment.shows for segment in script.segments)


def test_a_name_that_ends_with_a_full_stop_ends_the_sentence() -> None:
    """"S.A." at the end of a notice is followed by no second full stop."""
    script, _ = written(RICH["en"], "en")
    assert "S.A.." not in str(script.to_json())
    assert "S.A." in str(script.to_json())


def test_hostile_text_stays_text() -> None:
    """Braces, markup and commands in a name are printed, not obeyed."""
    name = 'A {fund_size} #panic("x") $x$ *b* Fund'
    hostile = Value("fund_name", Kind.TEXT, name, sample(RICH["en"])["fund_name"].evidence, sample(RICH["en"])["nav"].origin)
    values = sample(RICH["en"]).replacing([hostile])
    script = write_script(values, fields(), narration("en"), "en", (), SourceInfo("x.pdf", "0", "en"))
    assert script.title == name
    assert unbound(script, values, fields()) == ()


def test_what_cannot_be_written_is_named() -> None:
    """A narration in another language, or a document without a single value to show, is an error that says so."""
    source = SourceInfo("x.pdf", "0", "en")
    with pytest.raises(ScriptError, match="'de'"):
        write_script(sample(RICH["en"]), fields(), narration("en"), "de", (), source)
    with pytest.raises(ScriptError, match="no value that a slide could show"):
        write_script(ValueSet(), fields(), narration("en"), "en", (), source)
