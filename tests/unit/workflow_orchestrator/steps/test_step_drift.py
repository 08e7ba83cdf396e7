"""A release leaves its values to the next document of the same, and takes them back with the release."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from step_lab import EXECUTION, Bench, opened, with_steps, work_on

from workflow_orchestrator.definition import load_workflow
from workflow_orchestrator.definition.model import ApproveStep, ValidateStep, Workflow
from workflow_orchestrator.errors import ApprovalError
from workflow_orchestrator.record import RunFolder
from workflow_orchestrator.record.releases import last_release
from workflow_orchestrator.rules import load_rules
from workflow_orchestrator.script.model import Script
from workflow_orchestrator.steps import approve
from workflow_orchestrator.steps.approve import review_page
from workflow_orchestrator.steps.release import content_of, take_back
from workflow_orchestrator.steps.work import Answer, Work
from workflow_orchestrator.values import Evidence, Kind, Origin, Value, ValueSet

SCRIPT = Script("en", "Fund", "Fund", "Kicker", "Footer", "Source", ()).to_json()
YES = Answer("Approve", {}, "Kim Legal", "2026-11-15T11:00:00+00:00")


def sheet(day: str) -> ValueSet:
    """Values enough to know a fund again."""
    texts = {"isin": (Kind.ISIN, "LU0427929855"), "fund_name": (Kind.TEXT, "Fund"), "share_class": (Kind.TEXT, "A")}
    made = [Value(name, kind, text, Evidence(1, text), Origin.OFFLINE) for name, (kind, text) in texts.items()]
    made.append(Value("as_of_date", Kind.DATE, date.fromisoformat(day), Evidence(1, day), Origin.OFFLINE))
    made.append(
        Value("ongoing_charges", Kind.PERCENT, Decimal("0.85"), Evidence(1, "0.85"), Origin.OFFLINE, decimals=2)
    )
    return ValueSet(made)


@pytest.fixture
def workflow(root: Path) -> Workflow:
    """The factsheet workflow with its checks and its approval."""
    shipped = load_workflow(root / "dags" / "fund_factsheet_video", root / "include")
    steps = [step for step in shipped.steps if isinstance(step, ValidateStep | ApproveStep)]
    return with_steps(shipped, *(replace(step, catches=(), execution=EXECUTION) for step in steps))


@pytest.fixture
def work(tmp_path: Path, workflow: Workflow) -> Work:
    """The approval of a run whose content is ready."""
    run = opened(tmp_path, workflow)
    run.write_json("values.json", sheet("2026-09-30").to_json())
    run.write_json("document.json", {"pages": [{}, {}]})
    run.write_json("validation.json", {"language": "en", "findings": [], "previous": None})
    run.write_json("script.json", SCRIPT)
    run.write_json("compliance.json", {"results": []})
    run.write("slides.pdf", b"pdf")
    run.write("slides.pptx", b"pptx")
    return work_on(run, workflow, workflow.steps[-1], Bench())


def before(work: Work, day: str = "2026-10-31") -> str | None:
    """The run whose release a sheet of that day is compared with."""
    step = work.workflow.steps[0]
    assert isinstance(step, ValidateStep)
    identity = load_rules(step.rules, work.workflow.fields).identity
    assert identity is not None
    run = RunFolder(work.run.storage, work.run.workflow, "next")
    release = last_release(run, identity, sheet(day), profile="production")
    return release.run_id if release else None


def ask_and_answer(work: Work, answer: Answer) -> None:
    question = approve.question(work)
    assert question is not None
    approve.take(work, answer, **question.resume_with)


def test_a_release_leaves_its_values_to_the_next_month(work: Work) -> None:
    """Nothing is kept before somebody released it; then the next month finds it, and the same month does not."""
    approve.question(work)
    assert before(work) is None
    ask_and_answer(work, YES)
    assert before(work) == work.run.run_id
    assert before(work, "2026-09-30") is None
    assert len(work.run.read_json("approval.json")["release"]) == 2


def test_asking_again_takes_the_release_back(work: Work) -> None:
    """A yes that is asked for again, and then refused, is no release that another month is compared with."""
    ask_and_answer(work, YES)
    approve.question(work)
    assert before(work) is None
    with pytest.raises(ApprovalError):
        ask_and_answer(work, replace(YES, option="Reject", values={"reason": "Not this month."}))
    assert before(work) is None
    ask_and_answer(work, YES)
    assert before(work) == work.run.run_id


def test_a_release_of_before_this_was_kept_can_be_taken_back(work: Work) -> None:
    """An approval without a list of files, or none at all, is no obstacle."""
    take_back(work.run)
    work.run.write_json("approval.json", {"mode": "person", "by": "eve", "content": "sha256:0"})
    take_back(work.run)
    assert not work.run.exists("approval.json")


def test_a_workflow_without_an_identity_keeps_nothing(work: Work, tmp_path: Path) -> None:
    """Where rules.yaml does not say how a document is known again, a release is the approval alone."""
    rules = tmp_path / "rules.yaml"
    rules.write_text("rules: {}\n", encoding="utf-8")
    steps = [replace(step, rules=rules) if isinstance(step, ValidateStep) else step for step in work.workflow.steps]
    work.workflow = with_steps(work.workflow, *steps)
    ask_and_answer(work, YES)
    assert list(work.run.storage.list("releases")) == []
    assert work.run.read_json("approval.json")["release"] == []


def test_the_approver_reads_what_the_rules_found_and_what_was_printed_before(work: Work) -> None:
    """Warnings stop nothing, so this page is where somebody sees them; without any there is no such part."""
    page = review_page(work.run, content_of(work.run), ("script",), lambda name: f"/{name}", work.workflow.fields)
    assert "## Checks" not in page
    message = "Ongoing charges is printed as 1.15%, and the release of 2026-09-30 printed 0.85%"
    validation = {
        "findings": [{"rule": "charges_moved", "severity": "warning", "message": message}],
        "previous": {"run_id": "r_september", "as_of": "2026-09-30", "at": "2026-10-12T09:00:00+00:00"},
    }
    work.run.write_json("validation.json", validation)
    page = review_page(work.run, content_of(work.run), ("script",), lambda name: f"/{name}", work.workflow.fields)
    assert "Compared with the release of 2026-09-30" in page
    assert f"| charges_moved | {message} |" in page
    assert page.index("## Checks") < page.index("## Compliance")
