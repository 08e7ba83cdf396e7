"""The release: what is asked, which answers end it, and what the record keeps of each."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from approval_lab import Desk, desk
from step_lab import with_steps, work_on

from workflow_orchestrator.definition import load_workflow
from workflow_orchestrator.definition.model import ApproveStep, VideoStep, Workflow
from workflow_orchestrator.errors import (
    ApprovalError,
    ConfigurationError,
    EditRefusedError,
    FourEyesError,
    ReasonMissingError,
    SentBackError,
)
from workflow_orchestrator.record.decisions import history_of
from workflow_orchestrator.steps import approve, video
from workflow_orchestrator.steps.approval_form import APPROVE, REJECT, SEND_BACK
from workflow_orchestrator.steps.release import content_of, require_approval

SENTENCE = "annualised.sentence_1"
EDIT = "Over five years, the return averaged +10.53% per year."


@pytest.fixture(scope="module")
def workflow(root: Path) -> Workflow:
    """The factsheet workflow."""
    return load_workflow(root / "dags" / "fund_factsheet_video", root / "include")


@pytest.fixture
def release(tmp_path: Path, workflow: Workflow) -> Desk:
    """A release that Mara asked for."""
    return desk(tmp_path, workflow)


def test_an_approval_says_who_what_and_of_whom(release: Desk) -> None:
    """Name and id, the note, who asked, and the hash of each file that was shown."""
    release.run.write_json("compliance_slides.json", {"results": []})
    work = release.answer(APPROVE, "Kim", reason="Fine.")
    approval = release.approval()
    kept = {"decision": "approved", "mode": "person", "by": "Kim", "by_id": "kim", "note": "Fine.", "four_eyes": True,
            "requested_by": "Mara", "edits": 0, "history": []}  # fmt: skip
    assert {name: approval[name] for name in kept} == kept
    names = [item["name"] for item in approval["shown"]]
    assert {"script.json", "values.json", "compliance.json", "compliance_slides.json", "slides.pdf", "slides/slide_01.png"} <= set(names)
    assert approval["content"] == content_of(release.run) == work.report.facts["content"]
    assert require_approval(release.run, approval["content"], "production")["by"] == "Kim"


def test_a_rejection_needs_a_reason(release: Desk) -> None:
    """Without one it is asked again, with what was typed; with one it ends the run, and is on record."""
    error = release.refused(REJECT, **{SENTENCE: "typed for nothing"})
    assert isinstance(error, ReasonMissingError)
    again = release.ask()
    assert "Kim rejected the release" in again.body and again.form[SENTENCE]["value"] == "typed for nothing"
    with pytest.raises(ApprovalError, match="The fund is closed") as caught:
        release.answer(REJECT, question=again, reason=" The fund is\nclosed. ")
    assert caught.value.details == {"by": "Kim", "reason": "The fund is closed."}
    approval = release.approval()
    assert (approval["decision"], approval["reason"], approval["release"]) == ("rejected", "The fund is closed.", [])
    assert [one["decision"] for one in approval["history"]] == ["not_taken"]


def test_a_rejection_releases_nothing(release: Desk) -> None:
    """The video step refuses it by name, although it is of exactly this content."""
    with pytest.raises(ApprovalError):
        release.answer(REJECT, reason="No.")
    with pytest.raises(ApprovalError, match=r"not approved but rejected, by Kim: No\."):
        require_approval(release.run, content_of(release.run), "production")


def test_edits_are_made_and_asked_about(release: Desk) -> None:
    """The script changes with its spoken words, its slides are drawn anew, and the question is about another hash."""
    first = release.ask()
    before = content_of(release.run)
    error = release.refused(SEND_BACK, reason="Say first what it is.", **{SENTENCE: EDIT, "facts.heading": "Costs"})
    assert isinstance(error, SentBackError)
    assert [(one["place"], one["after"]) for one in error.details["changes"]] == [(SENTENCE, EDIT), ("facts.heading", "Costs")]
    assert content_of(release.run) == before, "nothing changes before the question is put again"
    second = release.ask()
    assert second.resume_with != first.resume_with and second.form[SENTENCE]["value"] == EDIT
    assert "plus ten point five three per cent per year" in release.run.read("script.json").decode()
    assert release.script().writer == "template"
    page = second.body
    assert "## Edited by people" in page and "Averaged per year, the return over five years was" in page
    assert "Kim writes: Say first what it is." in page
    approval = release.answer(APPROVE, "Lou", second).run.read_json("approval.json")
    assert (approval["edits"], approval["four_eyes"], approval["history"][0]["decision"]) == (1, True, "sent_back")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("Over five years it averaged +12.00% per year.", r"'12.00' comes from no value.*this slide has.*\+10\.53%"),
        ("Such a return is guaranteed.", "GEN-|guarantee"),
        ("It averaged +10.53% per year, as Brightwater Capital does not.", "no name of this document"),
        ("Im Durchschnitt betrug die Rendite der letzten Jahre pro Jahr nicht weniger als das.", "reads as"),
        ("It averaged <b>+10.53%</b> per year.", "markup"),
        ("It lost +10.53% per year over five years.", "opposite of the sign"),
        ("It averaged +10.53% per year over three years.", "comes from no value"),
        ("x" * 401, "400 characters at most"),
    ],
)
def test_words_that_nobody_may_say_are_refused(release: Desk, words: str, why: str) -> None:
    """The whole review of a model's script holds for them, and the packs; the form comes back with the words and the reason."""
    before = release.run.read("script.json")
    error = release.refused(SEND_BACK, **{SENTENCE: words})
    assert isinstance(error, EditRefusedError)
    assert re.search(why, error.message, re.DOTALL), error.message
    again = release.ask()
    assert again.form[SENTENCE]["value"] == words
    assert "was not taken" in again.body and "What was typed stands in the form again." in again.body
    assert release.run.read("script.json") == before


def test_a_sentence_that_is_emptied_is_left_out(release: Desk) -> None:
    """One of two goes; the last one of a slide stays."""
    release.refused(SEND_BACK, **{"performance.sentence_2": None})
    release.ask()
    assert "Sharpe" not in release.script().to_json()["segments"][2]["sentences"][0]["shown"]
    assert len(release.script().segments[2].sentences) == 1
    error = release.refused(SEND_BACK, **{"performance.sentence_1": ""})
    assert "a slide keeps one sentence at least" in error.message


def test_approved_wording_and_quotations_are_not_edited(release: Desk) -> None:
    """They have no field; who names them all the same is told so."""
    form = release.ask().form
    assert not {"notice.sentence_1", "opening.sentence_1", "strategy.sentence_1", "opening.heading"} & set(form)
    assert {"strategy.heading", "opening.sentence_2", SENTENCE} <= set(form)
    error = release.refused(SEND_BACK, **{"notice.sentence_1": "No warning."})
    assert "notice.sentence_1" in error.message and "is no place to edit" in error.message


def test_edits_are_not_approved_by_the_way(release: Desk) -> None:
    """Who changed a field and presses Approve is told, and gets the content as it was shown."""
    error = release.refused(APPROVE, **{SENTENCE: EDIT})
    assert "approved without it" in error.message
    again = release.ask()
    assert again.form[SENTENCE]["value"] != EDIT and EDIT.replace("+", r"+") in again.body
    release.answer(APPROVE, question=again)
    assert release.approval()["edits"] == 0


def test_sending_back_without_an_edit_is_none(release: Desk) -> None:
    """Other spaces and another minus are the same words."""
    words = release.said("years.sentence_1").replace("−", "-").replace(" ", "  ")
    assert "nothing was changed" in release.refused(SEND_BACK, **{"years.sentence_1": words}).message


def test_another_program_sends_only_what_it_changes(release: Desk) -> None:
    """A field that is not sent was not touched, also over REST; numbers and other types are words like any other."""
    asked = release.ask()
    asked = type(asked)(**{**{name: getattr(asked, name) for name in type(asked).__slots__}, "form": {}})
    with pytest.raises(SentBackError):
        release.answer(SEND_BACK, question=asked, **{SENTENCE: EDIT})
    assert "12" in release.refused(SEND_BACK, **{SENTENCE: 12}).message


@pytest.mark.parametrize("by", ["Mara", "mara", " MARA "])
def test_who_asked_for_it_does_not_release_it(release: Desk, by: str) -> None:
    """Whatever the capitals: it is asked again, and somebody else may."""
    error = release.refused(APPROVE, by)
    assert isinstance(error, FourEyesError) and "asked for this video" in error.message
    assert "does not release it" in release.ask().body
    release.answer(APPROVE, "Kim")
    assert history_of(release.run)[0]["why"] == "FourEyesError"


def test_who_edited_it_does_not_release_it(release: Desk) -> None:
    """Nor a name that Airflow does not give."""
    release.refused(SEND_BACK, **{SENTENCE: EDIT})
    assert "edited its words" in release.refused(APPROVE, "Kim").message
    assert "does not say who" in release.refused(APPROVE, "unknown").message
    release.answer(APPROVE, "Lou")


def test_the_demo_profile_lets_one_person_do_both_and_says_so(tmp_path: Path, workflow: Workflow) -> None:
    """The page warns, the record has `four_eyes: false`, and in production such a release does not hold."""
    release = desk(tmp_path, workflow, profile="demo")
    assert "One person may ask for this video and release it" in release.ask().body
    release.answer(APPROVE, "Mara")
    assert release.approval()["four_eyes"] is False
    content = release.approval()["content"]
    assert require_approval(release.run, content, "demo")
    with pytest.raises(ApprovalError, match="under another profile"):
        require_approval(release.run, content, "production")


def test_four_eyes_can_hold_in_every_profile(tmp_path: Path, workflow: Workflow) -> None:
    """`four_eyes: always` is as strict in the demo profile."""
    release = desk(tmp_path, workflow, profile="demo", four_eyes="always")
    assert isinstance(release.refused(APPROVE, "Mara"), FourEyesError)


def test_a_run_of_the_schedule_was_asked_for_by_nobody(tmp_path: Path, workflow: Workflow) -> None:
    """The page says so, and whoever looks at it may release it."""
    release = desk(tmp_path, workflow, requested_by=None)
    assert "nobody: the schedule started it" in release.ask().body
    release.answer(APPROVE)
    assert (release.approval()["requested_by"], release.approval()["four_eyes"]) == (None, True)


def test_a_group_that_only_has_who_asked_cannot_release(tmp_path: Path, workflow: Workflow) -> None:
    """It is refused before anybody waits; with a second member, the first is not asked."""
    alone = desk(tmp_path / "a", workflow, groups={"compliance": ("mara",)})
    with pytest.raises(ConfigurationError, match="compliance has no member but Mara"):
        approve.question(alone.work())
    assert desk(tmp_path / "b", workflow, groups={"compliance": ("mara", "kim")}).ask().not_by == ("mara",)
    assert desk(tmp_path / "c", workflow, groups={"compliance": ("mara",)}, profile="demo").ask().not_by == ()


def test_an_edit_that_leaves_nobody_to_release_is_refused(tmp_path: Path, workflow: Workflow) -> None:
    """The last member of a group who could still release may reject, and not edit."""
    release = desk(tmp_path, workflow, groups={"compliance": ("mara", "kim")})
    assert "nobody of compliance would be left" in release.refused(SEND_BACK, **{SENTENCE: EDIT}).message


def test_every_answer_stays_on_record(release: Desk) -> None:
    """A release that is asked for again is void, and the next one has it in its history."""
    release.answer(APPROVE, "Kim")
    with pytest.raises(ApprovalError):
        release.answer(REJECT, "Lou", reason="Too soon.")
    with pytest.raises(ApprovalError, match="nobody answered"):
        approve.no_answer(release.work(), "timeout")
    release.answer(APPROVE, "Kim")
    told = [(one["decision"], one.get("by"), bool(one.get("void"))) for one in release.approval()["history"]]
    assert told == [("approved", "Kim", True), ("rejected", "Lou", False), ("unanswered", None, False)] or told == [
        ("unanswered", None, False), ("approved", "Kim", True), ("rejected", "Lou", False)
    ]  # fmt: skip


def test_an_answer_about_other_content_counts_for_nothing(release: Desk) -> None:
    """What changed while the question was open is not what was approved or edited."""
    asked = release.ask()
    release.run.write("slides.pptx", b"other")
    given: dict[str, Any] = {SENTENCE: EDIT}
    with pytest.raises(ApprovalError, match="changed while the question was open"):
        release.answer(SEND_BACK, question=asked, **given)
    with pytest.raises(ApprovalError, match="changed while the question was open"):
        release.answer(APPROVE, question=asked)
    assert not release.run.exists("approval.json")


def test_where_another_workflow_wrote_the_script_it_is_not_edited(release: Desk) -> None:
    """Without a report of the step that writes, there is nothing by which edits could be judged."""
    release.run.delete("steps/generate_summary_script.json")
    asked = release.ask()
    assert asked.options == (APPROVE, REJECT) and list(asked.form) == ["reason"]
    assert "Send back" not in asked.body


def test_the_page_begins_with_what_a_person_must_decide(release: Desk) -> None:
    """Who asked and until when, then the rules that need a decision with their citation, then the slides."""
    page = release.ask().body
    parts = ["Asked for by** | Mara", "17 November 2026, 10:00 UTC", "## For you to decide", "counsel must confirm it", "slide_01.png"]
    assert sorted(parts, key=page.index) == parts


def test_a_compliance_report_is_linked_where_there_is_one(release: Desk) -> None:
    """It is another step's to write."""
    release.run.write("compliance.html", b"<html>")
    assert "[Compliance report](/r1/compliance.html)" in release.ask().body
    release.run.delete("compliance.html")
    assert "Compliance report" not in release.ask().body


@pytest.mark.parametrize(
    "name",
    ["script.json", "values.json", "compliance.json", "compliance_slides.json", "slides.pdf", "slides.pptx", "slides/slide_03.png"],
)
def test_what_changes_after_the_release_is_made_into_no_video(release: Desk, name: str) -> None:
    """Each file of the content, swapped for another one's after the approval: the video step refuses before it asks anybody."""
    release.run.write_json("compliance_slides.json", {"results": []})
    release.answer(APPROVE)
    step = next(step for step in release.workflow.steps if isinstance(step, VideoStep))
    release.run.write(name, release.run.read("deck.json") + b" ")
    with pytest.raises(ApprovalError, match="void: Kim released"):
        video.perform(work_on(release.run, release.workflow, step, release.services))


def test_a_rejected_content_is_made_into_no_video(release: Desk) -> None:
    """Not even where somebody marks the approval as successful in Airflow."""
    with pytest.raises(ApprovalError):
        release.answer(REJECT, reason="No.")
    step = next(step for step in release.workflow.steps if isinstance(step, VideoStep))
    with pytest.raises(ApprovalError, match="rejected, by Kim: No"):
        video.perform(work_on(release.run, release.workflow, step, release.services))


def test_edits_are_of_the_map_s_own_item(tmp_path: Path, workflow: Workflow) -> None:
    """Where the script is that of the run around a map, an item does not edit it."""
    release = desk(tmp_path, workflow)
    steps = tuple(replace(step, within_map="each") if isinstance(step, ApproveStep) else step for step in workflow.steps)
    release.workflow = with_steps(workflow, *steps)
    assert release.ask().options == (APPROVE, REJECT)
