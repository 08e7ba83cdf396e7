"""The correction form: what a person is asked, in which words, and how it is filled."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from workflow_orchestrator.fields import FieldSet
from workflow_orchestrator.steps.correction import Corrections
from workflow_orchestrator.steps.correction_form import Asked, Shown, form_for, page_of_question, wanted_refs, worded
from workflow_orchestrator.values import Evidence, Kind, Origin, Value, ValueSet

FIELDS = FieldSet.from_json(
    {
        "required": ["fund_strategy"],
        "properties": {
            "fund_strategy": {"kind": "paragraph", "title": {"en": "Strategy"}, "labels": {"en": ["Strategy"]}},
            "sharpe_ratio": {"kind": "ratio", "title": {"en": "Sharpe ratio"}, "labels": {"en": ["Sharpe ratio"]}},
            "performance_data": {
                "kind": "percent",
                "title": {"en": "Performance"},
                "keyed": "period",
                "keys": {
                    "1y": {"title": {"en": "1 year"}, "labels": {"en": ["1 year"]}},
                    "3y": {"title": {"en": "3 years"}, "labels": {"en": ["3 years"]}},
                },
            },
            "top_holdings": {"kind": "percent", "title": {"en": "Top holdings"}, "keyed": "name"},
            "sri": {"kind": "integer", "title": {"en": "Risk indicator"}, "minimum": 1, "maximum": 7},
            "nav": {"kind": "money", "title": {"en": "NAV"}},
            "as_of_date": {"kind": "date", "title": {"en": "As at"}},
            "risk_level": {
                "kind": "choice",
                "title": {"en": "Risk level"},
                "choices": {"Low": {"title": {"en": "Low"}}, "High": {"title": {"en": "High"}}},
            },
        },
    }
)


def finding(*refs: str, severity: str = "error") -> dict[str, object]:
    """A finding as validation.json holds it."""
    return {"rule": "required", "severity": severity, "refs": list(refs), "message": "is missing"}


def test_a_person_is_asked_for_what_stopped_the_run_and_nothing_else() -> None:
    """Warnings ask nothing; a missing period field asks for each of its periods; each reference once."""
    refs = wanted_refs(
        [finding("performance_data"), finding("sharpe_ratio", severity="warning"), finding("performance_data.1y")],
        FIELDS,
    )
    assert refs == ["performance_data.1y", "performance_data.3y"]


def test_a_field_keyed_by_name_as_a_whole_cannot_be_asked_for() -> None:
    """There is no form for an unknown number of names."""
    assert wanted_refs([finding("top_holdings")], FIELDS) == []


def asked(*refs: str, findings: tuple[dict[str, object], ...] = (), **more: Any) -> Asked:
    """What a form is about."""
    return Asked(findings, refs, more.pop("left_out", ()), more.pop("scales", {}), **more)


def corrections(*values: Value, **kept: Any) -> Corrections:
    """A reading, and what people entered for it."""
    return Corrections(ValueSet(values), "d", {"extracted": "d", "values": [], **kept} if kept else {})


DOUBTFUL = Value("sharpe_ratio", Kind.RATIO, Decimal("0.61"), Evidence(2, "0.61"), Origin.OFFLINE, decimals=2)


def test_the_form_is_filled_with_what_was_read() -> None:
    """Printed words and page of a doubtful value stand in the form; others are empty, and no field is forced."""
    form = form_for(asked("sharpe_ratio", "fund_strategy"), FIELDS, 3, corrections(DOUBTFUL))
    assert form["sharpe_ratio"]["value"] == "0.61"
    assert form["sharpe_ratio@page"]["value"] == 2
    assert form["sharpe_ratio@page"]["schema"]["maximum"] == 3
    assert form["fund_strategy"]["value"] is None
    assert form["fund_strategy"]["schema"]["format"] == "multiline"
    assert all("null" in item["schema"]["type"] for item in form.values())


def test_the_form_is_one_section() -> None:
    """Airflow shows the whole question again above each section of a form."""
    form = form_for(asked("sharpe_ratio", "performance_data.1y"), FIELDS, 3, corrections())
    assert not any("section" in item["schema"] for item in form.values())
    assert form["performance_data.1y"]["schema"]["title"] == "Performance, 1 year: as printed"


@pytest.mark.parametrize(
    ("ref", "says"),
    [
        ("performance_data.1y", "in per cent"),
        ("sharpe_ratio", "without a unit"),
        ("fund_strategy", "from the first word to the last"),
        ("sri", "1 to 7"),
        ("risk_level", "One of: Low, High"),
        ("nav", "with its currency"),
        ("as_of_date", "31.10.2026"),
    ],
)
def test_each_field_says_in_which_form_it_is_typed(ref: str, says: str) -> None:
    """What to type, with its unit, stands below the field."""
    form = form_for(asked(ref), FIELDS, 3, corrections())
    assert says in form[ref]["description"]


def test_what_was_typed_last_stands_in_the_form_with_what_is_wrong() -> None:
    """Whether it could be taken or not."""
    problem = {"ref": "sharpe_ratio", "words": "abc", "page": 2, "message": "sharpe_ratio is a figure"}
    typed = {"sharpe_ratio": {"words": "abc", "page": 2}}
    form = form_for(asked("sharpe_ratio"), FIELDS, 3, corrections(DOUBTFUL, typed=typed, problems=[problem]))
    assert form["sharpe_ratio"]["value"] == "abc"
    assert form["sharpe_ratio"]["description"].startswith("NOT TAKEN: Sharpe ratio is a figure.")


def test_the_question_says_what_and_why() -> None:
    """Findings with their reasons in the titles of the fields, and what was seen but not used."""
    left_out = [{"ref": "sharpe_ratio", "quote": "0.61", "page": 2, "reason": "two rows"}]
    about = asked("fund_strategy", "sharpe_ratio", findings=(finding("fund_strategy"),), left_out=left_out)
    text = page_of_question(about, FIELDS, corrections(), None, lambda name: f"/{name}")
    assert "| Strategy: nothing | is missing | Enter it |" in text
    assert "| Sharpe ratio | 0.61 | 2 | two rows |" in text
    assert "[Source document](/source.pdf)" in text
    assert "fund_strategy" not in text


def test_pictures_of_the_places_stand_in_the_question() -> None:
    """Each opens larger, and where there are none it says why."""
    shown = Shown("places/place_01.png", 2, ("sharpe_ratio", "fund_strategy"))
    with_pictures = asked("sharpe_ratio", shown=(shown,), pages=("pages/page_01.png",))
    text = page_of_question(with_pictures, FIELDS, corrections(DOUBTFUL), None, lambda name: f"/{name}")
    assert "[![Page 2: Sharpe ratio, Strategy](/places/place_01.png)](/places/place_01.png)" in text
    assert "[1](/pages/page_01.png)" in text
    without = asked("sharpe_ratio", no_pictures="the document crashes the reader")
    text = page_of_question(without, FIELDS, corrections(DOUBTFUL), None, lambda name: f"/{name}")
    assert "no pictures of the pages: the document crashes the reader" in text


def test_messages_speak_of_titles_and_not_of_keys() -> None:
    """Names of the schema become titles, words that only look alike stay."""
    text = worded("performance_data.1y is not fund_strategy; Strategy (fund_strategy) is gone; my_sharpe_ratio stays", FIELDS)
    assert text == "Performance, 1 year is not Strategy; Strategy is gone; my_sharpe_ratio stays"
