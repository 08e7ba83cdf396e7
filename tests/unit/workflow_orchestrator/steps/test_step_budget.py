"""The budget of a run: working time and money, summed over every attempt."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from workflow_orchestrator.definition import load_workflow
from workflow_orchestrator.definition.model import Budget, Workflow
from workflow_orchestrator.errors import BudgetError
from workflow_orchestrator.record import RunFolder, StepReport
from workflow_orchestrator.steps.budget import keep_time, left_money, spent_money
from workflow_orchestrator.storage import LocalStorage

NAME = "fund_factsheet_video"


@pytest.fixture(scope="module")
def workflow(root: Path) -> Workflow:
    """The shipped workflow with ten minutes."""
    shipped = load_workflow(root / "dags" / NAME, root / "include")
    return replace(shipped, budget=Budget(usd=Decimal("0.40"), time=timedelta(minutes=10)))


def worked(run: RunFolder, step: str, *attempts: dict[str, Any]) -> None:
    """A step with these attempts behind it."""
    empty = {"attempt": 1, "seconds": 0.0, "calls": [], "error": None, "state": "failed", "facts": {}}
    filled = [{**empty, **attempt} for attempt in attempts]
    run.write_json(f"steps/{step}.json", {"step": step, "attempts": filled})


def test_time_is_summed_over_steps_and_attempts(workflow: Workflow, tmp_path: Path) -> None:
    """Up to the budget the run goes on; beyond it the error has both figures and the key."""
    run = RunFolder(LocalStorage(tmp_path), NAME, "r")
    worked(run, "extract_factsheet_data", {"seconds": 200.0}, {"seconds": 100.0})
    worked(run, "generate_summary_script", {"seconds": 300.0})
    keep_time(run, workflow)
    worked(run, "generate_summary_script", {"seconds": 301.0})
    with pytest.raises(BudgetError, match=r"0:10:01.*0:10:00.*budget\.minutes"):
        keep_time(run, workflow)
    keep_time(run, replace(workflow, budget=Budget()))


def test_money_counts_what_was_paid(workflow: Workflow, tmp_path: Path) -> None:
    """An answer from the journal was paid for before; an unknown price adds nothing; a failed call may have a bill."""
    run = RunFolder(LocalStorage(tmp_path), NAME, "r")
    calls = [
        {"cost_usd": "0.10", "cached": False},
        {"cost_usd": "0.10", "cached": True},
        {"cost_usd": None, "cached": False},
    ]
    failed = {"error": {"error": "InvalidOutputError", "cost_usd": "0.03"}}
    worked(run, "extract_factsheet_data", {"calls": calls, "attempt": 1}, {"calls": calls[:1], "attempt": 2, **failed})
    later = StepReport("generate_summary_script", 1, "now")
    assert spent_money(run, workflow, later) == Decimal("0.23")


def test_money_of_the_running_attempt_counts_once(workflow: Workflow, tmp_path: Path) -> None:
    """Its calls so far count before they are written, and not again from the stint that was set aside."""
    run = RunFolder(LocalStorage(tmp_path), NAME, "r")
    call = {"cost_usd": "0.10", "cached": False}
    running = StepReport("generate_summary_script", 2, "now", calls=[call])
    assert spent_money(run, workflow, running) == Decimal("0.10")
    worked(run, "generate_summary_script", {"calls": [call], "attempt": 2, "state": "waiting"})
    assert spent_money(run, workflow, running) == Decimal("0.10")


def test_items_of_a_map_count_like_any_step(workflow: Workflow, tmp_path: Path) -> None:
    """Each item's calls and time count, and an item that waits is not taken for the one that runs."""
    run = RunFolder(LocalStorage(tmp_path), NAME, "r")
    within = replace(workflow.step("generate_summary_script"), within_map="each_language")
    mapped = replace(workflow, steps=(workflow.steps[0], within))
    call = {"cost_usd": "0.10", "cached": False}
    for index in range(2):
        worked(run.item("each_language", index), within.name, {"seconds": 301.0, "calls": [call], "state": "waiting"})
    running = StepReport(within.name, 1, "now", calls=[call])
    assert spent_money(run.item("each_language", 0), mapped, running) == Decimal("0.20")
    with pytest.raises(BudgetError, match=r"0:10:02"):
        keep_time(run.item("each_language", 1), mapped)


def test_clips_count_and_leave_the_rest(workflow: Workflow, tmp_path: Path) -> None:
    """What a vendor's clips cost is money of the run, those of a map's items too; one without a price adds nothing."""
    run = RunFolder(LocalStorage(tmp_path), NAME, "r")
    within = replace(workflow.step("start_video_generation"), within_map="each_language")
    mapped = replace(workflow, steps=(workflow.steps[0], within))
    for index, usd in enumerate(("0.11", "0.05", None)):
        record = {"state": "started", "number": 1, "voice": "v", "ref": None, "reason": "", "usd": usd}
        run.item("each_language", index).write_json("video_jobs/k.json", record)
    later = StepReport(within.name, 1, "now")
    assert spent_money(run.item("each_language", 2), mapped, later) == Decimal("0.16")
    assert left_money(run, mapped, later) == Decimal("0.24")
    assert left_money(run, replace(mapped, budget=Budget(usd=Decimal("0.10"))), later) == 0
    assert left_money(run, replace(mapped, budget=Budget()), later) is None


def test_a_called_workflow_counts(workflow: Workflow, tmp_path: Path) -> None:
    """What a called run cost is money of this run; an unknown price adds nothing."""
    run = RunFolder(LocalStorage(tmp_path), NAME, "r")
    worked(run, "a", {"facts": {"called": {"cost_usd": "0.07"}}}, {"facts": {"called": {"cost_usd": None}}})
    assert spent_money(run, workflow, StepReport("b", 1, "now")) == Decimal("0.07")
