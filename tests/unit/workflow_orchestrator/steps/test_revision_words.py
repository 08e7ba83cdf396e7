"""Typed words find their values again: the figure, the reference and the spoken words are those of the document."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "script"))
from script_material import RICH, fields, narration, packs, percent, sample

from workflow_orchestrator.compliance import notices
from workflow_orchestrator.script import Script, Segment, Sentence, SourceInfo, check_bound, write_script
from workflow_orchestrator.steps.revision_words import Binder, UnboundEditError
from workflow_orchestrator.values import ValueSet


def written(language: str = "en", values: ValueSet | None = None) -> Script:
    """The script of a sample."""
    values = values or sample(RICH[language])
    told = notices(packs(), values=values, language=language, jurisdictions=("eu",), audience="retail")
    return write_script(values, fields(), narration(language), language, told, SourceInfo("a.pdf", "ab", language))


def slide(script: Script, name: str) -> Segment:
    return next(segment for segment in script.segments if segment.id == name)


def bound(text: str, name: str, number: int = -1, language: str = "en") -> Sentence:
    """What a text means in place of a sentence of a slide."""
    script = written(language)
    segment = slide(script, name)
    return Binder(script, sample(RICH[language]), fields()).bind(text, segment, segment.sentences[number])


@pytest.mark.parametrize("language", ["en", "de", "fr"])
def test_a_sentence_sent_back_as_it_is_stays_what_it_is(language: str) -> None:
    """Each sentence of each language keeps its words, its spoken words and its references."""
    script = written(language)
    binder = Binder(script, sample(RICH[language]), fields())
    told = [
        (segment, sentence) for segment in script.segments for sentence in segment.sentences
        if sentence.refs and sentence.refs != ("fund_strategy",)
    ]  # fmt: skip
    assert len(told) >= 5
    for segment, sentence in told:
        found = binder.bind(" ".join(sentence.shown.split()), segment, sentence)
        assert (found.shown, found.spoken) == (sentence.shown, sentence.spoken)
        # A name of the document that stands in a sentence is a reference too.
        assert [ref for ref in found.refs if ref in sentence.refs] == list(sentence.refs)


def test_the_spoken_words_are_made_from_the_value() -> None:
    """A moved figure is spoken as the value is, whatever was typed around it."""
    found = bound("Over five years the fund made +10.53% a year.", "annualised")
    assert found.spoken == "Over five years the fund made plus ten point five three per cent a year."
    assert found.refs == ("performance_annualised.5y",)


def test_a_figure_of_the_slide_is_taken_where_the_sentence_had_none() -> None:
    """The Sharpe ratio's sentence may speak of the volatility that its slide shows."""
    assert bound("Volatility is 12.31%.", "performance").refs == ("volatility",)


def test_a_figure_of_another_slide_is_taken_last() -> None:
    """The net assets stand on the last slide but one; the first may name them."""
    found = bound("It holds €412.6 million.", "opening")
    assert (found.refs, found.spoken) == (("fund_size",), "It holds four hundred and twelve point six million euros.")


def test_a_date_is_not_eaten_by_its_year() -> None:
    """The longest form is taken first: the whole date, spoken as a date."""
    found = bound("On 31 October 2026 the year stood at +10.13%.", "performance", 0)
    assert found.refs == ("as_of_date", "ytd_performance")
    assert "the thirty-first of October" in found.spoken


def test_a_minus_may_be_typed_as_it_is_on_the_keyboard() -> None:
    """A hyphen before the figure is the minus that is printed."""
    found = bound("Returns went from -10.41% to +33.87%.", "years")
    assert found.shown == "Returns went from −10.41% to +33.87%."
    assert found.spoken.startswith("Returns went from minus ten point four one")


@pytest.mark.parametrize(
    "text",
    ["It made +12.00% a year.", "It made 10.53% a year.", "It made −10.53% a year.", "It made +110.53% a year.", "It made +10.5% a year.",
     "It made +10.53 a year.", "It made ten point five three per cent a year.", "It made +10.53%, and 10 of 12 funds did not."],
)  # fmt: skip
def test_a_figure_that_is_not_printed_stays_unbound(text: str) -> None:
    """Another figure, sign, place or unit is left as it was typed, and the guard finds it."""
    script = written()
    segment = slide(script, "annualised")
    found = Binder(script, sample(RICH["en"]), fields()).bind(text, segment, segment.sentences[0])
    edited = Script(**{**{name: getattr(script, name) for name in Script.__slots__}, "segments": (
        Segment(segment.id, segment.slide, segment.heading, (found,), segment.shows),
    )})  # fmt: skip
    with pytest.raises(Exception, match=r"annualised\.sentences\[0\]"):
        check_bound(edited, sample(RICH["en"]), fields())


def test_a_figure_of_two_values_is_refused_with_both() -> None:
    """Two periods of a slide print alike: in another slide's sentence the person says which is meant."""
    values = sample(RICH["en"]).replacing([percent("performance_data.3y", "64.96")])
    assert str(values["performance_data.5y"].value) == "64.96"
    script = written(values=values)
    segment = slide(script, "facts")
    binder = Binder(script, values, fields())
    with pytest.raises(UnboundEditError, match="several values") as caught:
        binder.bind("It made +64.96%.", segment, segment.sentences[0])
    assert "{performance_data.3y} or {performance_data.5y}" in str(caught.value)
    found = binder.bind("It made {performance_data.3y}, over three years.", segment, segment.sentences[0])
    assert (found.shown, found.refs) == ("It made +64.96%, over three years.", ("performance_data.3y",))


def test_of_two_own_values_that_print_alike_each_is_taken_once() -> None:
    """In the order in which the sentence had them."""
    values = sample(RICH["en"]).replacing([percent("monthly_performance", "10.13")])
    script = written(values=values)
    segment = slide(script, "performance")
    before = segment.sentences[0]
    assert before.refs[-2:] == ("monthly_performance", "ytd_performance")
    text = "To 31 October 2026 it made +10.13% in the month and +10.13% since the start of the year."
    assert Binder(script, values, fields()).bind(text, segment, before).refs == before.refs


def test_a_reference_says_which_value_is_meant() -> None:
    """A place in braces is filled with the value, for the eye and for the voice."""
    found = bound("A share is worth {nav}.", "facts")
    assert (found.shown, found.refs) == ("A share is worth €288.69.", ("nav",))
    assert "euros" in found.spoken


@pytest.mark.parametrize(
    ("text", "why"),
    [("It has {nav.1y}.", "no keys"), ("It has {navv}.", "no field"), ("It has {fund_strategy}.", "quotation"),
     ("It has {performance_data.10y:spelled}.", "no form"), ("See {pages}.", "source line"), ("It has {nav.", "no partner")],
)  # fmt: skip
def test_a_reference_that_is_none_is_named(text: str, why: str) -> None:
    """Unknown fields, keys and forms, and quotations put in by hand."""
    with pytest.raises(UnboundEditError, match=why):
        bound(text, "facts")


def test_a_bare_number_counts_only_as_often_as_it_stood_there() -> None:
    """“4” is the risk indicator in its own words; a second one may count anything, and is refused."""
    assert bound("Its indicator is 4 out of 7, and its level Medium.", "risk").refs[0] == "sri"
    with pytest.raises(UnboundEditError, match=r"may count anything; write \{sri\}"):
        bound("Its 4 managers say it is 4 out of 7.", "risk")


def test_names_are_bound_too() -> None:
    """The largest holding keeps its value when its sentence is turned round."""
    found = bound("With 4.81%, Halden Semiconductors is the largest holding.", "holdings")
    assert found.refs == ("top_holdings.Halden Semiconductors",)
