"""What becomes of what a person types: read by the document, kept whatever it is, recorded with who and when."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from correction_lab import CELLS, STRATEGY, Desk, desk, factsheet

from workflow_orchestrator.definition import load_workflow
from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.errors import ApprovalError, BusinessValidationError, CorrectionError
from workflow_orchestrator.steps import ask
from workflow_orchestrator.steps.correction_form import correction_lines

DATE: dict[str, Any] = {"launch_date": "1 March 2015", "launch_date@page": 2, "launch_date@named": "Launched on"}
GOOD: dict[str, Any] = {"fund_strategy": STRATEGY, "fund_strategy@page": 2, **DATE}


@pytest.fixture(scope="module")
def workflow(root: Path) -> Workflow:
    """The shipped workflow."""
    return load_workflow(root / "dags" / "fund_factsheet_video", root / "include")


@pytest.fixture
def sheet(tmp_path: Path, workflow: Workflow) -> Desk:
    """A run that waits for its strategy and its launch date."""
    return desk(tmp_path, workflow, factsheet())


def test_a_right_answer_goes_on_as_the_person_s(sheet: Desk) -> None:
    """What was entered is proven against its page and marked; what was not asked for stays the reader's."""
    sheet.send(**GOOD)
    values = sheet.values()
    assert values["fund_strategy"]["origin"] == "person"
    assert values["launch_date"]["value"] == "2015-03-01"
    assert values["launch_date"]["evidence"]["page"] == 2
    assert values["ongoing_charges"]["origin"] == "offline"
    assert "sri" not in values


@pytest.mark.parametrize(
    "words",
    [
        "abc",
        "12,3,4",
        "31/31/2026",
        "x" * 300,
        "y" * 5000,
        "<script>alert(1)</script>",
        "=SUM(A1:A9)",
        "**1**",
        "| a |",
    ],
)
def test_nonsense_is_refused_by_name_and_shown_again(sheet: Desk, words: str) -> None:
    """The error names the value; the next form holds what was typed and says what is wrong with it; no markup gets through."""
    with pytest.raises(CorrectionError, match="Launch date"):
        sheet.send(**{**GOOD, "launch_date": words})
    again = sheet.question()
    assert again.form["launch_date"]["value"] == words
    assert "NOT TAKEN" in again.form["launch_date"]["description"]
    assert again.form["fund_strategy"]["value"] == STRATEGY
    assert "Not everything in the last answer of Paula" in again.body
    assert "<script>" not in again.body
    assert not sheet.run.exists("values.json")
    sheet.send(**GOOD)
    assert sheet.values()["launch_date"]["value"] == "2015-03-01"


@pytest.mark.parametrize(
    ("page", "why"),
    [
        (None, "the page is missing"),
        ("", "is missing"),
        ("two", "'two' is no page number"),
        (True, "no page number"),
        (0, "pages 1 to 2, not 0"),
        (9, "pages 1 to 2, not 9"),
        ([2], "no page number"),
        (1, "does not stand on page 1"),
    ],
)
def test_a_wrong_page_is_named_with_the_right_one(sheet: Desk, page: Any, why: str) -> None:
    """Words without their page are no evidence; where they stand is said."""
    with pytest.raises(CorrectionError, match=f"{why}.*stand on page 2".replace("[", r"\[")):
        sheet.send(**{**GOOD, "fund_strategy@page": page})


def test_programs_may_send_figures_and_pages_as_they_like(sheet: Desk) -> None:
    """Airflow does not check a form that comes by REST: a page as text and a figure as a number are read all the same."""
    sheet.answer({**GOOD, "launch_date@page": "2", "ongoing_charges": "1.35%", "ongoing_charges@page": 1})
    assert sheet.values()["ongoing_charges"]["origin"] == "person"
    assert sheet.values()["launch_date"]["evidence"]["page"] == 2


def test_an_unknown_field_is_refused_by_name(sheet: Desk) -> None:
    """What the schema does not have cannot be entered, and does not break the next form."""
    with pytest.raises(CorrectionError, match="no field 'ytd'"):
        sheet.answer({**GOOD, "ytd": "1.35%", "ytd@page": 1})
    sheet.send()


def test_what_was_right_stays_when_another_part_is_wrong(sheet: Desk) -> None:
    """Two people share the work: nobody types anything twice, and each is named with their part."""
    with pytest.raises(CorrectionError, match="still not enough"):
        sheet.send(by="Paula", **{"fund_strategy": STRATEGY, "fund_strategy@page": 2})
    assert "are still not enough" in sheet.question().body
    sheet.send(by="Omar", **DATE)
    assert [answer["by"] for answer in sheet.kept()["answers"]] == ["Paula", "Omar"]
    changes = {change["ref"]: change for change in sheet.validation()["corrections"]}
    assert changes["launch_date"]["action"] == "corrected"
    assert changes["launch_date"]["by"] == "Omar"
    assert changes["launch_date"]["at"] == "2026-11-29T09:02:00+00:00"
    assert changes["launch_date"]["before"]["words"] == "1 March 2027"
    assert changes["launch_date"]["after"] == {
        "value": "2015-03-01",
        "unit": "",
        "words": "1 March 2015",
        "page": 2,
        "origin": "person",
    }


def test_a_field_that_comes_back_empty_is_not_in_the_document(sheet: Desk) -> None:
    """A value that was misread and is printed nowhere is taken away by a person, and that is recorded."""
    sheet.send(**{**GOOD, "launch_date": None})
    assert "launch_date" not in sheet.values()
    removed = next(change for change in sheet.validation()["corrections"] if change["ref"] == "launch_date")
    assert (removed["action"], removed["after"], removed["by"]) == ("removed", None, "Paula")


def test_a_required_field_cannot_be_taken_away(sheet: Desk) -> None:
    """Emptying it leaves the finding, and the form can be filled again."""
    with pytest.raises(CorrectionError, match=r"Data as at|As at|as_of_date"):
        sheet.send(**{**GOOD, "as_of_date": ""})
    sheet.send(**{"as_of_date": "31 October 2026", "as_of_date@page": 1})
    assert sheet.values()["as_of_date"]["value"] == "2026-10-31"


def test_what_is_sent_unchanged_is_confirmed_where_it_was_read(sheet: Desk) -> None:
    """The label and the place that the reader found stay part of the evidence."""
    before = sheet.run.read_json("extracted.json")["values"]
    sheet.send(**GOOD)
    old = next(item for item in before if item["field"] == "as_of_date")
    assert sheet.values()["as_of_date"] == {**old, "origin": "person"}
    assert {change["ref"]: change["action"] for change in sheet.validation()["corrections"]}[
        "as_of_date"
    ] == "confirmed"


def test_a_picture_of_a_scale_is_offered_and_never_taken_by_itself(sheet: Desk) -> None:
    """The reader says which step it takes for the marked one; the field stays empty until a person types it."""
    question = sheet.question()
    assert question.form["sri"]["value"] is None
    assert "takes step 5" in question.form["sri"]["description"]
    assert "**Risk indicator** is drawn on page 1" in question.body
    sheet.send(**{**GOOD, "sri": "5"})
    sri = sheet.values()["sri"]
    assert (sri["value"], sri["origin"], sri["evidence"]["label"]) == ("5", "person", "Risk indicator")
    assert sri["evidence"]["box"] == [CELLS[4].left, CELLS[4].bottom, CELLS[4].right, CELLS[4].top]
    proof = next(verdict for verdict in sheet.validation()["verdicts"] if verdict["ref"] == "sri")
    assert proof["reason"] == "a person read step 5 of the scale under 'Risk indicator' on page 1"


def test_a_step_that_the_reader_sees_otherwise_is_asked_for_twice(sheet: Desk) -> None:
    """A slip of a finger does not pass; a person who means it sends it once more."""
    with pytest.raises(CorrectionError, match="takes step 5 for the marked one; if it is 4"):
        sheet.send(**{**GOOD, "sri": "4"})
    sheet.send()
    assert sheet.values()["sri"]["value"] == "4"


@pytest.mark.parametrize(("step", "page"), [("8", 1), ("0", 1), ("5", 2), ("4.5", 1)])
def test_a_step_off_the_scale_is_refused(sheet: Desk, step: str, page: int) -> None:
    """Only steps of the scale, only on a page that names it."""
    with pytest.raises(CorrectionError, match="Risk indicator"):
        sheet.send(**{**GOOD, "sri": step, "sri@page": page})


def test_a_scale_that_the_reader_cannot_tell_apart_is_a_person_s_to_read(tmp_path: Path, workflow: Workflow) -> None:
    """Under the words that name it, any drawing may be read; the words are the printed part of the evidence."""
    sheet = desk(tmp_path, workflow, factsheet(scale=False))
    assert "If a scale is drawn there" in sheet.question().body
    sheet.send(**{**GOOD, "sri": "6", "sri@page": 1})
    assert sheet.values()["sri"]["evidence"] == {"page": 1, "quote": "6", "label": "Risk indicator"}


def test_an_amount_takes_its_unit_from_its_label(tmp_path: Path, workflow: Workflow) -> None:
    """A person types the figure as it is printed; its currency and scale stand beside it."""
    sheet = desk(tmp_path, workflow, factsheet((660, [(50, "Fund size (EUR m)"), (200, "412.6")])))
    sheet.answer({**GOOD, "fund_size": "412.6", "fund_size@page": 1})
    size = sheet.values()["fund_size"]
    assert (size["value"], size["unit"], size["origin"]) == ("412600000", "EUR", "person")


def test_a_person_who_stops_the_run_is_recorded(sheet: Desk) -> None:
    """The run ends by name, and what others had entered is not lost."""
    with pytest.raises(CorrectionError):
        sheet.send(by="Paula", **{"fund_strategy": STRATEGY, "fund_strategy@page": 2})
    with pytest.raises(BusinessValidationError, match="Omar stopped the run"):
        sheet.send(by="Omar", option=ask.STOP)
    assert sheet.kept()["answers"][-1]["option"] == ask.STOP
    assert sheet.question().form["fund_strategy"]["value"] == STRATEGY
    assert "**Asked again.** Omar stopped the run" in sheet.question().body


def test_entries_for_another_reading_fill_the_form_and_count_for_nothing(sheet: Desk) -> None:
    """After the document was read anew, what people typed is offered again, not used."""
    sheet.send(**GOOD)
    reading = sheet.run.read_json("extracted.json")
    sheet.run.write_json("extracted.json", {**reading, "values": reading["values"][:-1]})
    question = sheet.question()
    assert question.form["fund_strategy"]["value"] == STRATEGY
    assert "entered by a person" not in question.body
    with pytest.raises(CorrectionError):
        sheet.answer(DATE)


def test_silence_is_an_error_of_its_own(sheet: Desk) -> None:
    """Nobody answered: the run says so and how to go on."""
    from step_lab import work_on

    with pytest.raises(ApprovalError, match=r"nobody answered 'the correction'.*Clear the task to ask again"):
        ask.no_answer(work_on(sheet.run, sheet.workflow, sheet.step, sheet.services), "timeout")


def test_whoever_releases_sees_what_people_entered(sheet: Desk) -> None:
    """Before and after, who and when, in the words of the schema's titles."""
    sheet.send(**GOOD)
    lines = correction_lines(sheet.validation()["corrections"], sheet.workflow.fields)
    told = "\n".join(lines)
    assert "| Launch date | “1 March 2027” on page 1 | “1 March 2015” on page 2 | corrected by Paula |" in told
    assert "| Strategy | nothing |" in told
    assert correction_lines((), sheet.workflow.fields) == []


def test_the_record_is_json_that_says_who_when_and_what(sheet: Desk) -> None:
    """Every answer is kept, refused ones too, before it is judged."""
    with pytest.raises(CorrectionError):
        sheet.send(**{**GOOD, "launch_date": "never"})
    kept = json.loads(sheet.run.read("correction.json"))
    assert kept["answers"][0]["problems"][0]["words"] == "never"
    assert kept["answers"][0]["at"] == "2026-11-29T09:01:00+00:00"
    assert kept["typed"]["launch_date"] == {"words": "never", "page": 2, "named": "Launched on"}


def test_what_the_page_does_not_prove_is_told_and_not_dropped(sheet: Desk) -> None:
    """Printed words that nothing names as this value are refused; the next form asks for the words that name it."""
    with pytest.raises(CorrectionError, match=r"Launch date: '1 March 2015' on page 2: .*do not name"):
        sheet.send(**{**GOOD, "launch_date@named": None})
    assert not sheet.run.exists("values.json")
    again = sheet.question()
    assert "launch_date@named" in again.form
    assert "fund_strategy@named" not in again.form
    sheet.send(**{"launch_date@named": "Launched on"})
    assert sheet.values()["launch_date"]["evidence"]["label"] == "Launched on"


def test_words_that_do_not_stand_beside_the_value_name_nothing(sheet: Desk) -> None:
    """The words that name a value are looked up too."""
    with pytest.raises(CorrectionError, match="Launch date"):
        sheet.send(**{**GOOD, "launch_date@named": "First dealt on"})


def test_each_value_is_of_who_entered_it_and_not_of_who_sent_it_on(sheet: Desk) -> None:
    """What never was in the document and is taken out again leaves no line for the approver."""
    with pytest.raises(CorrectionError):
        sheet.send(by="Paula", **{"fund_strategy": STRATEGY, "fund_strategy@page": 2})
    with pytest.raises(CorrectionError, match="Risk indicator"):
        sheet.send(by="Paula", sri="4")
    sheet.send(by="Omar", **{**DATE, "sri": None})
    told = {change["ref"]: change["by"] for change in sheet.validation()["corrections"]}
    assert told["fund_strategy"] == "Paula"
    assert told["launch_date"] == "Omar"
    assert "sri" not in told


def test_words_that_ocr_read_are_asked_for_as_they_were_read(tmp_path: Path, workflow: Workflow) -> None:
    """They stand in the form, with what to do about them; what is sent unchanged is confirmed, and the figures were proven already."""
    document = factsheet(scale=False)
    pages = tuple(replace(page, source="ocr") for page in document.pages)
    waiting = desk(tmp_path, workflow, replace(document, pages=pages))
    question = waiting.question()
    assert question.form["fund_name"]["value"] == "Windermoor European Equity Fund"
    assert question.form["currency"]["value"] == "EUR"
    assert question.form["fund_name"]["description"].startswith("Read by OCR, which may misread or miss words: compare it")
    assert "Windermoor European Equity Fund" in question.body and "compare it with the page" in question.body
    assert "ongoing_charges" not in question.form
    waiting.send(**GOOD)
    values = waiting.values()
    assert values["fund_name"]["origin"] == values["currency"]["origin"] == "person"
    assert values["fund_name"]["evidence"]["source"] == "ocr"
    assert values["ongoing_charges"]["origin"] == "offline"
