"""The correction form: what a person is asked, and what becomes of the answers."""

from __future__ import annotations

from decimal import Decimal

import pytest

from workflow_orchestrator.errors import CorrectionError
from workflow_orchestrator.fields import FieldSet
from workflow_orchestrator.steps.ask import entered, form_for, page, wanted_refs
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


def test_the_form_is_filled_with_what_was_read() -> None:
    """Printed words and page of a doubtful value stand in the form; others are empty, and no field is forced."""
    doubtful = Value("sharpe_ratio", Kind.RATIO, Decimal("0.61"), Evidence(2, "0.61"), Origin.OFFLINE, decimals=2)
    form = form_for(["sharpe_ratio", "fund_strategy"], FIELDS, 3, ValueSet([doubtful]))
    assert form["sharpe_ratio"]["value"] == "0.61"
    assert form["sharpe_ratio@page"]["value"] == 2
    assert form["sharpe_ratio@page"]["schema"]["maximum"] == 3
    assert form["fund_strategy"]["value"] is None
    assert form["fund_strategy"]["schema"]["format"] == "multiline"
    assert all("null" in item["schema"]["type"] for item in form.values())


def test_answers_become_readings_and_empty_ones_are_left_out() -> None:
    """A reference is split into field and key; blank fields are no answer."""
    items = entered(
        {
            "performance_data.1y": " 5.84 ",
            "performance_data.1y@page": 1,
            "performance_data.3y": "",
            "sharpe_ratio": None,
        }
    )
    assert items == [{"field": "performance_data", "key": "1y", "quote": "5.84", "page": 1, "label": ""}]


def test_words_without_a_page_are_refused() -> None:
    """The page is half of the evidence."""
    with pytest.raises(CorrectionError, match=r"sharpe_ratio.*page"):
        entered({"sharpe_ratio": "1.00", "sharpe_ratio@page": None})


def test_the_question_says_what_and_why() -> None:
    """Findings with their reasons, and what was seen but not used."""
    text = page(
        {
            "findings": [finding("fund_strategy")],
            "left_out": [{"ref": "sharpe_ratio", "quote": "0.61", "page": 2, "reason": "two rows"}],
        },
        "file:///source.pdf",
    )
    assert "| fund_strategy | is missing |" in text
    assert "“0.61” on page 2: two rows" in text
