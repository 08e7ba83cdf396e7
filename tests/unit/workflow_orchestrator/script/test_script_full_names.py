"""Names that hold a figure: what counts as one, where it counts, and that it counts only whole."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pytest
from script_material import ROOT, fields, narration, plain, sample
from test_script_guard import script_of
from test_script_writer import NAME, accepted, answer

from workflow_orchestrator.errors import UnboundFigureError
from workflow_orchestrator.fields import FieldSet
from workflow_orchestrator.script import (
    AnswerRefusedError,
    Segment,
    Sentence,
    SlideKind,
    SourceInfo,
    check_bound,
    script_from_answer,
    unbound,
)
from workflow_orchestrator.script.claims import doubtful
from workflow_orchestrator.script.full_names import full_names, with_places
from workflow_orchestrator.script.phrases import fill, parse
from workflow_orchestrator.script.wording import Wording
from workflow_orchestrator.values import Evidence, Kind, Origin, Value, ValueSet

FUND, INDEX = "Orlanda2 Global 2030 Fund", "World 100 Index"
VALUES = ValueSet([plain("fund_name", FUND), plain("benchmark", INDEX), plain("domicile", "Up to 5%"), plain("sri", Decimal(4))])


def headed(heading: str, *points: str) -> list[str]:
    """What the guard finds in a heading and in the points under it, of a slide whose sentence claims nothing."""
    segment = Segment("opening", SlideKind.TITLE, heading, (Sentence("Here it is.", "Here it is."),), (), points)
    script = replace(script_of("a", "a"), title=FUND, subject=FUND, segments=(segment,))
    return [finding.text for finding in unbound(script, VALUES, fields())]


@pytest.mark.parametrize("text", [FUND, f"Facts about {FUND}", f"{FUND} and the {INDEX}", FUND.replace(" ", "\u00a0"), f"“{INDEX}”"])
def test_a_name_in_full_is_accounted_for(text: str) -> None:
    """A heading and a point may hold the name of a value of the run, whether the sentences of the slide name it or not."""
    assert headed(text) == headed("Facts", text) == []


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("2030", ["2030"]),
        ("Orlanda2", ["2"]),
        ("Orlanda2 Global 2030", ["2", "2030"]),
        ("Global 2030 Fund", ["2030"]),
        ("World 100", ["100"]),
        (f"{FUND} 3", ["3"]),
        (f"{FUND} 3%", ["3"]),
        (f"7 reasons for {FUND}", ["7"]),
        (f"{INDEX}, one of three", ["one", "three"]),
        (f"{FUND}-5", ["5"]),
        ("Orlanda2 Global 2031 Fund", ["2", "2031"]),
        ("Up to 5%", ["5"]),
    ],
)
def test_a_figure_of_a_name_counts_only_whole(text: str, left: list[str]) -> None:
    """The figure alone, a name that was cut short or changed, a figure beside it, and a text that is a figure with its unit are found."""
    assert headed(text) == left
    assert headed("Facts", text) == left


@pytest.mark.parametrize(
    ("words", "is_name"),
    [
        ("Orlanda2", True), ("Global 2030 Fund", True), ("DAX 40", True), ("Table 3: Results on the test set", True),
        ("Drei Säulen Fonds", True),
        ("5 years", False), ("5 Jahre", False), ("Q2 2026", False), ("USD 50", False), ("20 % p.a.", False), ("2030", False),
        ("Fiscal 2026", False), ("Up to 5%", False), ("31 October 2026", False), ("Second Quarter 2026", False),
        ("Global Fund", False),
    ],
)  # fmt: skip
def test_what_is_a_name(words: str, is_name: bool) -> None:
    """A name has a word of its own beside its figure; figures with their units and periods would lend themselves to any sentence."""
    language = "de" if "Drei" in words or "Jahre" in words else "en"
    assert bool(list(full_names([plain("fund_name", words)], language))) is is_name


def test_the_longest_name_is_taken() -> None:
    """A name that begins with another one is not taken for it, and a place that was written stays."""
    values = ValueSet([plain("benchmark", "World 100"), plain("fund_name", "World 100 Select")])
    text = "World 100 Select follows the World\u00a0100, as {benchmark} does, and not the World 1000."
    phrase = with_places(parse(text), values, fields(), "en")
    assert str(phrase) == "{fund_name} follows the {benchmark}, as {benchmark} does, and not the World 1000."


def with_the_name(*sentences: str) -> list[Sentence]:
    """The sentences of the slide of key facts, in a run whose fund and index hold figures."""
    changed = [value for value in sample(NAME).values() if value.field not in ("fund_name", "benchmark")]
    values = ValueSet([*changed, *(value for value in VALUES.values() if value.field in ("fund_name", "benchmark"))])
    given = answer(opening=["Here is a factsheet."], facts=list(sentences))
    source = SourceInfo("a.pdf", "0" * 64, "en")
    script = script_from_answer(given, values, fields(), narration("en"), "en", (), source, model="m-1")
    assert script.segments[0].heading == FUND
    return list(next(segment for segment in script.segments if segment.id == "facts").sentences)


def test_a_model_may_type_a_name_in_full_or_write_its_place() -> None:
    """Both are one sentence with one reference; the heading holds the name though no sentence of its slide does."""
    typed = with_the_name(f"{FUND} is compared with the {INDEX}.")
    assert typed == with_the_name("{fund_name} is compared with the {benchmark}.")
    assert typed[0].refs == ("fund_name", "benchmark") and typed[0].spoken == typed[0].shown


@pytest.mark.parametrize(
    "sentence", ["Orlanda2 is a fund.", "It looks at 2030.", f"{FUND} has 3 parts.", "The World 100 is compared.", "Up to 5% is charged."]
)
def test_a_model_may_not_type_less(sentence: str) -> None:
    """What is no name in full is a digit of the model's own."""
    with pytest.raises(AnswerRefusedError, match="the words hold the digit"):
        with_the_name(sentence)


def test_a_name_without_figures_stays_as_it_was_typed() -> None:
    """Nothing is bound where no figure is: the sentence claims what the model says it claims."""
    script = accepted(answer(opening=["Welcome to the factsheet of Aldermoor Global Equity."]))
    said = [sentence for sentence in script.segments[0].sentences if sentence.shown.startswith("Welcome")]
    assert [sentence.refs for sentence in said] == [()]


def test_a_sentence_must_still_claim_its_name() -> None:
    """Only a writer makes a place of a name; a sentence of a script without the reference is refused, as before."""
    script = script_of(f"{FUND} did.", f"{FUND} did.")
    with pytest.raises(UnboundFigureError):
        check_bound(script, VALUES, fields())


PAPER = FieldSet.from_json(json.loads((ROOT / "dags" / "research_paper_video" / "schema.json").read_text(encoding="utf-8")))
CELLS = ValueSet(
    Value("results", Kind.RATIO, Decimal(figure), Evidence(1, figure), Origin.OFFLINE, key=key, decimals=2)
    for key, figure in {"Reader2-L · SQ8": "0.84", "Reader3 · SQ8": "0.79", "Plain · SQ8": "0.61", "Reader3 · 5-shot": "0.66"}.items()
)


def of_cells(text: str) -> list[str]:
    """What the guard finds in a sentence of a model about cells of a table."""
    phrase = with_places(parse(text), CELLS, PAPER, "en")
    wording = Wording(PAPER, "en")
    written = fill(phrase, lambda place: wording.write(CELLS[place.ref], place.form))
    refs = tuple(dict.fromkeys(place.ref for place in phrase.places))
    script = script_of(written.shown, written.spoken, *refs, title="Readers", subject="Readers")
    return [finding.text for finding in unbound(script, CELLS, PAPER)]


@pytest.mark.parametrize(
    "text",
    [
        "On SQ8, Reader2-L reaches {results.Reader2-L · SQ8}.",
        "{results.Reader2-L · SQ8:row} reaches {results.Reader2-L · SQ8} on {results.Reader2-L · SQ8:column}.",
        "Reader2-L reaches {results.Reader2-L · SQ8}, and Reader3 {results.Reader3 · SQ8}.",
        "With Plain it is {results.Plain · SQ8}.",
    ],
)
def test_a_cell_lends_the_names_of_its_row_and_column(text: str) -> None:
    """A system or a test set whose name holds a figure can be named beside its own result."""
    assert of_cells(text) == []


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Reader3 reaches {results.Reader2-L · SQ8}.", "3"),
        ("Reader2 reaches {results.Reader2-L · SQ8}.", "2"),
        ("With 5-shot it is {results.Reader3 · 5-shot}.", "5"),
        ("Reader3 reaches {results.Reader2-L · SQ8}, and Reader2-L {results.Reader3 · SQ8}.", "results.Reader2-L · SQ8"),
    ],
)
def test_no_cell_lends_its_names_to_another(text: str, left: str) -> None:
    """Another row's name, part of a name, a head that is a figure with its unit, and two names that changed places are found."""
    assert left in of_cells(text)


def test_an_amount_may_be_told_under_its_own_title() -> None:
    """The title of a field, as the prompt lists it, may begin with the words of another: "Net income of the shareholders"."""
    reports = FieldSet.from_json(json.loads((ROOT / "dags" / "earnings_report_video" / "schema.json").read_text(encoding="utf-8")))
    ref = "net_income_to_shareholders.3m"
    value = Value(
        "net_income_to_shareholders", Kind.MONEY, Decimal(2327000000), Evidence(1, "2,327"), Origin.OFFLINE, key="3m", unit="USD", scale=6
    )
    for named, wrong in ((reports["net_income_to_shareholders"].title["en"], []), ("Net income", ["net income"])):
        sentence = Sentence(f"{named}: US$2,327 million.", "…", (ref,))
        found = doubtful("x", sentence, ValueSet([value]), reports, "en")
        assert sorted({finding.text for finding in found}) == wrong
