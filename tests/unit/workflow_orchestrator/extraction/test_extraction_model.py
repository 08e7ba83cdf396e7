"""What is taken from a model's answer is read from the document, never from the answer."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from paper_sample import FIELDS, NAMES, paper, sample, shown

from workflow_orchestrator.documents import read_document
from workflow_orchestrator.evidence import prove_all
from workflow_orchestrator.extraction import answer_schema, document_text, field_guide, values_from_answer
from workflow_orchestrator.extraction.reading import Reading
from workflow_orchestrator.values import Origin

DOCUMENT = paper(
    (712, [(50, "*Cumulative performance (%)*")]), (700, [(-200, "1 month"), (-260, "1 year")]),
    (688, [(50, "Fund"), (-200, "1.93"), (-260, "5.84")]), (676, [(50, "Benchmark"), (-200, "0.81"), (-260, "0.79")]),
    (600, [(50, "Fund size"), (-260, "EUR 412.6 million")]), (580, [(50, "Launch date"), (-260, "1 April 2014")]),
)  # fmt: skip


def answer(**changes: Any) -> dict[str, Any]:
    item = {"field": "performance_data", "key": "1y", "quote": "5.84", "page": 1, "label": "Fund · 1 year"}
    return {"values": [{**item, **changes}]}


def reason(reading: Reading) -> str:
    assert len(reading.values) == 0 and len(reading.rejected) == 1
    return reading.rejected[0].reason


def test_the_schema_is_strict_and_fits_an_answer() -> None:
    """The answer schema closes every object, requires every property and accepts an answer, and only known fields."""
    schema = answer_schema(FIELDS)
    jsonschema.Draft202012Validator.check_schema(schema)
    item = schema["properties"]["values"]["items"]
    assert schema["additionalProperties"] is False and item["additionalProperties"] is False
    assert set(item["required"]) == set(item["properties"])
    jsonschema.validate(answer(), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(answer(field="no_such_field"), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(answer(value=5.84), schema)


def test_the_signs_of_a_list_are_no_words_of_its_sentences() -> None:
    """A paragraph is found with its bullets and without them, and with no other word left out."""
    document = paper(
        (700, [(50, "*Objective*")]), (688, [(50, "\u2022 The fund holds shares of large companies.")]),
        (676, [(50, "\uf0b7 It may hold bonds and cash as well.")]),
    )  # fmt: skip
    pointer = {"field": "fund_strategy", "key": "", "label": "Objective"}
    for quote in (
        "The fund holds shares of large companies. It may hold bonds and cash as well.",
        "\u2022 The fund holds shares of large companies. \uf0b7 It may hold bonds and cash as well.",
    ):
        assert len(values_from_answer(answer(**pointer, quote=quote), document, FIELDS).values) == 1
    cut = "The fund holds shares of large companies. It may hold cash as well."
    assert "does not stand on page 1" in reason(values_from_answer(answer(**pointer, quote=cut), document, FIELDS))


@pytest.mark.parametrize(
    ("printed", "quote", "read"),
    [
        ("$ 412.60", "412.60", ("412.60", "USD")), ("EUR 412.60", "412.60", ("412.60", "EUR")),
        ("\u20ac412.60", "412.60", ("412.60", "EUR")),
        ("$ 412.60", "12.60", None), ("$ 412.60", "412.6", None), ("($ 412.60)", "412.60", None), ("$ 412.60 million", "412.60", None),
    ],
)  # fmt: skip
def test_an_amount_is_read_with_the_sign_beside_it(printed: str, quote: str, read: tuple[str, str] | None) -> None:
    """Who quotes the figure of a column leaves out its currency; the value has it, and no part of a figure is one."""
    document = paper((700, [(50, "NAV per share"), (-260, printed)]), (688, [(50, "Fund currency"), (-260, "USD")]))
    pointers = [
        {"field": "nav", "key": "", "quote": quote, "page": 1, "label": "NAV per share"},
        {"field": "currency", "key": "", "quote": "USD", "page": 1, "label": "Fund currency"},
    ]
    nav = values_from_answer({"values": pointers}, document, FIELDS).values.get("nav")
    assert (nav and (shown(nav), nav.unit)) == read
    assert nav is None or nav.evidence.quote == printed


def test_a_pointer_becomes_a_value() -> None:
    """The quote is read as the value; page, words, label and place become its evidence."""
    value = values_from_answer(answer(), DOCUMENT, FIELDS).values["performance_data.1y"]
    assert shown(value) == "5.84" and value.decimals == 2 and value.unit == "%" and value.origin is Origin.MODEL
    assert (
        value.evidence.label == "Fund · 1 year" and value.evidence.box is not None and value.evidence.box.right == 260
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"quote": "9.99"}, "does not stand on page 1"),
        ({"quote": "5.8"}, "does not stand on page 1"),
        ({"quote": "EUR 412.6", "field": "fund_size", "key": ""}, "does not stand on page 1"),
        ({"page": 2}, "1 pages, not page 2"),
        ({"page": 0}, "not page 0"),
        ({"page": True}, "not page 0"),
        ({"field": "no_such_field"}, "no field 'no_such_field'"),
        ({"key": "2y"}, "no period '2y'"),
        ({"key": ""}, "needs a period"),
        ({"field": "nav", "key": "1y"}, "takes no key"),
        ({"field": "calendar_years", "key": "last"}, "a year"),
        ({"field": "monthly_returns", "key": "2026-13"}, "year and month"),
        ({"quote": ""}, "empty"),
        ({"field": "as_of_date", "key": "", "quote": "Launch date"}, "not one certain day"),
        ({"field": "isin", "key": "", "quote": "Benchmark"}, "check digit"),
        ({"field": "currency", "key": "", "quote": "Fund"}, "ISO 4217"),
    ],
)
def test_pointers_that_do_not_hold_are_rejected(changes: dict[str, Any], words: str) -> None:
    """Each way in which a pointer can be wrong is rejected with its own reason."""
    assert words in reason(values_from_answer(answer(**changes), DOCUMENT, FIELDS))


@pytest.mark.parametrize("broken", [{}, {"values": "none"}, {"values": [7]}, {"values": [{"field": ["nav"]}]}])
def test_an_answer_of_another_shape_gives_nothing(broken: dict[str, Any]) -> None:
    """An answer that is no list of pointers gives no value and says so."""
    reading = values_from_answer(broken, DOCUMENT, FIELDS)
    assert len(reading.values) == 0 and reading.rejected


def test_two_answers_for_one_value_cancel_each_other_out() -> None:
    """A model that points to two different figures for one thing has not decided."""
    both = {"values": [*answer()["values"], *answer(quote="0.79", label="Benchmark · 1 year")["values"]]}
    assert "performance_data.1y" not in values_from_answer(both, DOCUMENT, FIELDS).values


@pytest.mark.parametrize("name", NAMES)
def test_a_right_answer_gives_the_truth_and_is_proven(name: str) -> None:
    """Pointers to every value of a sample, without any label, give exactly the truth, proven."""
    document, _, truth = sample(name)
    items = [
        {
            "field": ref.partition(".")[0],
            "key": ref.partition(".")[2],
            "quote": item["quote"],
            "page": item["page"],
            "label": "",
        }
        for ref, item in truth["values"].items()
    ]
    reading = values_from_answer({"values": items}, document, FIELDS)
    assert reading.rejected == ()
    assert {ref: shown(value) for ref, value in reading.values.items()} == {
        ref: item["value"] for ref, item in truth["values"].items()
    }
    assert {verdict.status for verdict in prove_all(reading.values.values(), document, FIELDS)} == {"proven"}


def test_the_text_for_a_model_holds_what_is_visible_and_no_forged_marker() -> None:
    """A model gets the visible words of the pages asked for; hidden ones and forged page markers do not reach it."""
    document, _, _ = sample(NAMES[0])
    text = document_text(document)
    assert text.startswith("=== page 1 ===\n") and "\n=== page 2 ===\n" in text
    assert "=== page 1 ===" not in document_text(document, pages=[2])
    assert "=== page" not in document_text(paper((700, [(50, "=== page 9 ===")])))[14:]
    hostile = read_document((_hostile() / "prompt_injection_en.pdf").read_bytes())
    hidden = set(" ".join(page.text for page in hostile.pages).split()) - set(document_text(hostile).split())
    assert hidden, "the sample hides words from people"


def _hostile():  # type: ignore[no-untyped-def]
    from paper_sample import SAMPLES

    return SAMPLES / "hostile"


def test_the_guide_names_every_field_and_key() -> None:
    """The guide for the prompt names each field with its kind, and each key of a keyed field."""
    guide = field_guide(FIELDS)
    for spec in FIELDS.values():
        assert f"- {spec.name} ({spec.kind.value}" in guide
        assert all(f"key {key}:" in guide for key in spec.keys)
        assert not spec.most_words or f"at most {spec.most_words} words" in guide


def test_a_reading_is_json() -> None:
    """A reading can be stored as JSON, refusals included."""
    reading = values_from_answer({"values": [*answer()["values"], *answer(field="no_such_field")["values"]]}, DOCUMENT, FIELDS)
    data = json.loads(json.dumps(reading.to_json()))
    assert data["values"][0]["field"] == "performance_data" and "no_such_field" in data["rejected"][0]["reason"]
