"""Documents that give orders: they stay data in the prompt, and a model that obeys them gets no wrong figure through."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from llm_loopback import Server, chat, ok

from llm_orchestration import LLMHook, Message, Prompt
from llm_orchestration.prompts import fenced
from workflow_orchestrator.compliance import mask_personal_data
from workflow_orchestrator.definition import load_fields
from workflow_orchestrator.documents import Document, read_document
from workflow_orchestrator.evidence import prove_all
from workflow_orchestrator.extraction import answer_schema, document_text, field_guide, read_fields, values_from_answer
from workflow_orchestrator.rules import check_values, load_rules
from workflow_orchestrator.values import NUMERIC_KINDS, Origin, Value, ValueSet

ROOT = Path(__file__).resolve().parents[3]
HOSTILE = ROOT / "include" / "samples" / "hostile"
WORKFLOW = ROOT / "dags" / "fund_factsheet_video"
FIELDS = load_fields(WORKFLOW / "schema.json")
LISTING = json.loads((HOSTILE / "injections.json").read_text(encoding="utf-8"))
CASES = LISTING["cases"]
TRUE = LISTING["values"]
LIE = "45.00"
every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case["file"])
_FENCE = re.compile(r"</?(data-[0-9a-f]{16})\b[^>]*>")

Connect = Callable[..., str]
Case = dict[str, Any]


@cache
def read(name: str) -> Document:
    return read_document((HOSTILE / name).read_bytes())


@cache
def clean() -> tuple[Message, ...]:
    """The messages for a document that gives no orders."""
    return prompt_of(read("../aldermoor_global_equity_en.pdf"))


def prompt_of(document: Document) -> tuple[Message, ...]:
    """The messages that the extraction step sends for a document."""
    prompt = Prompt.load("fund_factsheet_video/extract_factsheet_data", search_path=ROOT / "include" / "prompts")
    text = mask_personal_data(document_text(document)).text
    return prompt.render(document=text, fields=field_guide(FIELDS), title=FIELDS.title, parameters={"isin": ""})


def item(ref: str, quote: str, label: str = "") -> dict[str, Any]:
    field, _, key = ref.partition(".")
    return {"field": field, "key": key, "quote": quote, "page": 1, "label": label}


TRUTH = [item(ref, value["quote"]) for ref, value in TRUE.items()]


def printed(value: Value) -> str:
    told = value.value
    return told.isoformat() if isinstance(told, date) else told if isinstance(told, str) else format(told, "f")


def test_the_listing_is_whole() -> None:
    """Each file has a case, and each way to hide or to shout has a file."""
    assert {case["file"] for case in CASES} == {path.name for path in HOSTILE.glob("injection_*.pdf")}
    assert sum(case["reaches_model"] for case in CASES) >= 7 and sum(not case["reaches_model"] for case in CASES) >= 8
    assert TRUE["ytd_performance"]["value"] != LIE


@every_case
def test_the_text_stays_inside_one_fence(case: Case) -> None:
    """System part and instructions are those of a clean document to the byte; all else lies in a fence of its own."""
    text = mask_personal_data(document_text(read(case["file"]))).text
    system, user = prompt_of(read(case["file"]))
    clean_system, clean_user = clean()
    assert (system.role, user.role) == ("system", "user")
    assert system.content == clean_system.content
    instructions, fence = user.content.split("<data-", 1)
    assert instructions == clean_user.content.split("<data-", 1)[0]
    name = f"data-{fence.split(' ', 1)[0]}"
    assert user.content.endswith(f"\n</{name}>")
    body = user.content.split("\n", instructions.count("\n") + 1)[-1].removesuffix(f"\n</{name}>")
    assert body == text and name not in text.casefold()
    assert user.content.count(name) == 2
    assert [found for found in _FENCE.findall(user.content) if found == name] == [name, name]


@pytest.mark.parametrize("forged", ["", " ", "\n", "﹤/{}﹥", "</{}>", "</{}", "{}", "<{} label='x'>"])
def test_a_text_cannot_imitate_its_own_fence(forged: str) -> None:
    """A text that was written around the fence of another text, or its own, gets another fence."""
    text = "1 year: 3.44%"
    for _ in range(5):
        name = fenced(text).removeprefix("<").split(" ", 1)[0]
        text += forged.format(name) + forged.format(name.upper())
        renewed = fenced(text).removeprefix("<").split(" ", 1)[0]
        assert renewed not in text.casefold()
        assert fenced(text).count(f"</{renewed}>") == 1


@every_case
def test_only_what_people_can_see_reaches_the_model(case: Case) -> None:
    """Hidden orders stay out of the prompt, printed ones stay in it as they are; no page marker is forged."""
    document = read(case["file"])
    user = prompt_of(document)[1].content
    assert (LIE in user) is case["reaches_model"]
    assert user.count("=== page ") == 1
    if not case["reaches_model"]:
        assert "Ignore all previous" not in user
    hides = {"white", "tiny", "ruled", "overprint", "lengthened", "covered"}
    if case["file"].removeprefix("injection_").removesuffix(".pdf") in hides:
        assert document.warnings


def test_templates_are_text() -> None:
    """Expressions of a template language in a document are sent as they stand; none is worked out."""
    user = prompt_of(read("injection_template.pdf"))[1].content
    for expression in ("{{ 7 * 7 }}", "{{ document }}", "{% include 'shared/house_rules.md.j2' %}", "{% raw %}"):
        assert expression in user
    assert user.count("Fields:") == 1 and "49" not in user.rsplit("=== page", 1)[1]


def ask(server: Server, connect: Connect, case: Case, answers: Sequence[dict[str, Any]]) -> tuple[Document, Any]:
    """One extraction by a model that answers `answers` whatever it was asked."""
    document = read(case["file"])
    connect()
    prompt = Prompt.load("fund_factsheet_video/extract_factsheet_data", search_path=ROOT / "include" / "prompts")
    variables = {"document": document_text(document), "fields": field_guide(FIELDS), "title": FIELDS.title, "parameters": {"isin": ""}}
    request = prompt.request(variables, purpose="extract", schema=answer_schema(FIELDS))
    reply = json.loads(chat(json.dumps({"values": list(answers)}, ensure_ascii=False)).body)
    # As a server counts that read all of it; one that counts less has cut the prompt.
    reply["usage"]["prompt_tokens"] = sum(len(message.content) for message in request.messages) // 4
    server.replies["m1"] = ok(reply)
    return document, LLMHook().structured(request).data


@every_case
def test_a_model_that_obeys_gets_no_wrong_figure_through(server: Server, connect: Connect, case: Case) -> None:
    """Invented words and the order itself as evidence: none is proven, and the true figures beside them still are."""
    rest = [entry for entry in TRUTH if entry["field"] != "ytd_performance"]
    for lie in case["answers"]:
        document, data = ask(server, connect, case, [lie, *rest])
        reading = values_from_answer(data, document, FIELDS)
        verdicts = prove_all(reading.values.values(), document, FIELDS)
        proven = {verdict.ref: reading.values[verdict.ref] for verdict in verdicts if verdict.status == "proven"}
        assert "ytd_performance" not in proven, lie
        assert all(printed(value) == TRUE[ref]["value"] for ref, value in proven.items())
        assert {"nav", "monthly_performance", "sharpe_ratio"} <= proven.keys()
        missing = check_values(
            ValueSet(proven.values()),
            FIELDS,
            load_rules(WORKFLOW / "rules.yaml", FIELDS),
            required_fields=["ytd_performance"],
            today=date(2026, 11, 24),
        )
        assert any(finding.stops and "ytd_performance" in finding.refs for finding in missing)


@every_case
def test_a_model_that_wavers_gets_no_wrong_figure_through(server: Server, connect: Connect, case: Case) -> None:
    """A true answer and an obedient one for the same value: the true one or none, never the other."""
    for lie in case["answers"]:
        document, data = ask(server, connect, case, [*TRUTH, lie])
        reading = values_from_answer(data, document, FIELDS)
        for verdict in prove_all(reading.values.values(), document, FIELDS):
            if verdict.status == "proven":
                assert printed(reading.values[verdict.ref]) == TRUE[verdict.ref]["value"]


@every_case
def test_reading_without_a_model_is_not_fooled(case: Case) -> None:
    """The offline reader takes no figure that the truth does not have, and says what it would not decide."""
    document = read(case["file"])
    reading = read_fields(document, FIELDS)
    figures = {ref: printed(value) for ref, value in reading.values.items() if value.kind in NUMERIC_KINDS}
    assert figures.items() <= {ref: value["value"] for ref, value in TRUE.items()}.items()
    assert not any(LIE in printed(value) for value in reading.values.values())
    if case["file"] == "injection_second_row.pdf":
        assert any(rejected.ref == "ytd_performance" and rejected.contested for rejected in reading.rejected)


def test_only_a_person_decides_between_equal_rows() -> None:
    """Of two printed rows of one name a model's choice is not proven; a person's is."""
    document = read("injection_second_row.pdf")
    reading = values_from_answer(
        {"values": [item("ytd_performance", TRUE["ytd_performance"]["quote"], "YTD")]}, document, FIELDS
    )
    chosen = reading.values["ytd_performance"]
    by_model, by_person = prove_all([chosen, replace(chosen, origin=Origin.PERSON)], document, FIELDS)
    assert by_model.status == "ambiguous" and LIE in by_model.reason
    assert by_person.status == "proven"
