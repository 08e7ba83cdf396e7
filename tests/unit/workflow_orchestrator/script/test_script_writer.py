"""Scripts from a model's answer: what is accepted, and every way in which it is refused."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from script_material import RICH, fields, narration, packs, sample, truth

from workflow_orchestrator.compliance import notices
from workflow_orchestrator.errors import UnboundFigureError
from workflow_orchestrator.script import (
    AnswerRefusedError,
    Script,
    SourceInfo,
    answer_schema,
    prompt_variables,
    script_from_answer,
    unbound,
)

NAME = RICH["en"]
GOOD: dict[str, list[str]] = {
    "opening": ["Welcome to the factsheet of {fund_name}."],
    "strategy": ["In the words of the factsheet:", "{fund_strategy}"],
    "performance": [
        "The fund gained {monthly_performance} in the month to {as_of_date}.",
        "Over one year, the return was {performance_data.1y}; the Sharpe ratio stood at {sharpe_ratio}.",
    ],
    "periods": ["Cumulatively, three years brought {performance_data.3y} and five years {performance_data.5y}."],
    "annualised": ["Per year on average, five years brought {performance_annualised.5y}."],
    "benchmark": ["Five years brought {performance_data.5y} for the fund and {benchmark_performance.5y} for its benchmark."],
    "years": ["The weakest calendar year was {calendar_years.lowest:key}, with {calendar_years.lowest}."],
    "risk": ["On the risk scale, the fund is at {sri:scale}."],
    "holdings": ["{top_holdings.first:key} is the largest holding at {top_holdings.first}."],
    "sectors": ["By sector, {allocation_sector.first:key} leads with {allocation_sector.first}."],
    "facts": ["Ongoing charges come to {ongoing_charges}."],
}


def answer(**changes: list[str] | None) -> dict[str, Any]:
    """The good answer with some slides changed or, with `None`, left out."""
    slides = {**GOOD, **changes}
    return {"segments": [{"id": name, "sentences": texts} for name, texts in slides.items() if texts is not None]}


def accepted(given: dict[str, Any]) -> Script:
    warnings = notices(packs(), language="en", jurisdictions=("eu",), audience="retail", values=sample(NAME))
    source = SourceInfo(truth(NAME)["file"], "0" * 64, "en")
    return script_from_answer(given, sample(NAME), fields(), narration("en"), "en", warnings, source, model="m-1")


def test_a_good_answer_becomes_a_bound_script() -> None:
    """Places are filled by us, warnings and slides stay ours, and the writer is named."""
    script = accepted(answer())
    warnings = notices(packs(), language="en", jurisdictions=("eu",), audience="retail", values=sample(NAME))
    assert script.writer == "m-1"
    assert unbound(script, sample(NAME), fields(), warnings) == ()
    performance = next(segment for segment in script.segments if segment.id == "performance")
    assert performance.sentences[0].shown == "The fund gained +1.93% in the month to 31 October 2026."
    assert performance.sentences[0].refs == ("monthly_performance", "as_of_date")
    assert script.segments[0].sentences[0].spoken == "This is a marketing communication."
    assert script.segments[-1].points


def test_the_answer_schema_accepts_it() -> None:
    """The schema is strict: known slides only, nothing else, warnings not among them."""
    schema = answer_schema(narration("en"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(answer(), schema)
    for wrong in (answer(notice=["x"]), {**answer(), "more": 1}, {"segments": [{"id": "risk"}]}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"facts": ["Charges are 0.85%."]}, "the words hold the digit '0'"),
        ({"facts": ["Charges are under one per cent."]}, "'one' comes from no value of this place"),
        ({"facts": ["Charges of {ongoing_charges} have halved."]}, "'halved' comes from no value"),
        ({"facts": ["Assets are {fund_size} million."]}, "'million' comes from no value"),
        ({"facts": ["Assets are {fund_sise}."]}, "did you mean 'fund_size'?"),
        ({"facts": ["Assets are {fund_size."]}, "has no partner"),
        ({"facts": ["It returned {performance_data.6m}."]}, "names a value that the document does not have"),
        ({"facts": ["It returned {performance_data.2y}."]}, "has no key '2y'"),
        ({"facts": ["Objective: {fund_strategy}"]}, "is a quotation and must be a sentence of its own"),
        ({"facts": ["Over three years, it returned {performance_data.1y}."]}, "'three' comes from no value"),
        ({"facts": ["Three years brought {performance_data.1y}, one year {performance_data.3y}."]}, "in another order"),
        ({"facts": ["The fund lost {monthly_performance} in the month."]}, "opposite of the sign"),
        ({"facts": ["The year's worst result rose to {calendar_years.lowest}."]}, "opposite of the sign"),
        ({"facts": ["Volatility is {ongoing_charges}."]}, "gives no value of volatility"),
        ({"facts": []}, "has no sentence"),
        ({"facts": None}, "has no sentence"),
        ({"facts": ["A."] * 7}, "sentences are more than"),
        ({"facts": ["x" * 500]}, "longer than"),
        ({"months": ["Month by month."]}, "is no slide of this document"),
    ],
)
def test_what_is_refused(changes: dict[str, list[str] | None], expected: str) -> None:
    """Each fault comes back with the words and the reason, so that the model can mend it."""
    with pytest.raises(AnswerRefusedError) as caught:
        accepted(answer(**changes))
    assert expected in caught.value.message
    assert caught.value.details["findings"]


def test_all_faults_come_at_once() -> None:
    """One more try must be enough: nothing is held back for a second refusal."""
    with pytest.raises(AnswerRefusedError) as caught:
        accepted(answer(facts=["It is 5%."], risk=["{nope}"], years=None))
    assert len(caught.value.details["findings"]) == 3


def test_a_refusal_is_both_an_unbound_figure_and_a_value_error() -> None:
    """The retry policy sees an error that no retry mends; the call that asked sees one that a second try may mend."""
    assert issubclass(AnswerRefusedError, UnboundFigureError)
    assert issubclass(AnswerRefusedError, ValueError)
    assert AnswerRefusedError.retryable is False


def test_a_slide_twice_is_refused() -> None:
    """An answer that gives a slide twice is ambiguous."""
    given = answer()
    given["segments"].append({"id": "risk", "sentences": ["Again."]})
    with pytest.raises(AnswerRefusedError, match="is given twice"):
        accepted(given)


def test_the_prompt_lists_what_the_slides_show_and_no_more() -> None:
    """The model sees the values of the slides with their places, not every month of ten years."""
    variables = prompt_variables(sample(NAME), fields(), narration("en"), "en")
    assert set(variables) == {"language", "fund", "values", "segments", "example", "terms"}
    assert variables["language"] == "English"
    assert "{monthly_performance} = " in variables["values"]
    assert "monthly_returns" not in variables["values"]
    assert "notice" not in variables["segments"]
    assert "{performance_data.5y}" in variables["example"]


FOREIGN = {
    "German": [
        "Der Fonds gewann {monthly_performance} in dem Monat bis zum {as_of_date}.",
        "Über ein Jahr lag die Rendite bei {performance_data.1y}, und die Sharpe-Zahl stand bei {sharpe_ratio}.",
    ],
    "Spanish": [
        "El fondo ganó {monthly_performance} en el mes hasta el {as_of_date} y las comisiones por el año fueron bajas.",
        "En un año los rendimientos del fondo por la gestión con el equipo fueron {performance_data.1y}.",
    ],
}


@pytest.mark.parametrize("language", FOREIGN)
def test_a_narration_in_another_language_is_refused(language: str) -> None:
    """A model that answers in the wrong language is told so, before anybody hears it."""
    foreign = {name: FOREIGN[language] if name == "performance" else None for name in GOOD}
    with pytest.raises(AnswerRefusedError, match="the narration' is not in English"):
        accepted(answer(**foreign))
