"""How a step's question leaves for another process: within the step's own time and the run's budget, and where answers are kept."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "steps"))

from step_lab import Bench, opened, work_on

from llm_orchestration import LLMRequest, Message
from workflow_orchestrator.definition import load_workflow
from workflow_orchestrator.definition.model import Budget, Workflow
from workflow_orchestrator.operators.services import deferred_call
from workflow_orchestrator.record import RunFolder

NAME = "fund_factsheet_video"
REQUEST = LLMRequest((Message("user", "?"),), purpose="p")


@pytest.fixture(scope="module")
def workflow(root: Path) -> Workflow:
    """The shipped workflow with a budget."""
    shipped = load_workflow(root / "dags" / NAME, root / "include")
    return replace(shipped, budget=Budget(usd=Decimal("0.40"), tokens=1000))


@pytest.fixture
def run(workflow: Workflow, tmp_path: Path) -> RunFolder:
    """A run that was opened."""
    return opened(tmp_path, workflow)


@pytest.mark.parametrize(("own", "asked"), [(timedelta(seconds=5), timedelta(seconds=5)), (timedelta(minutes=5), None)])
def test_the_shorter_time_holds(workflow: Workflow, run: RunFolder, own: timedelta, asked: timedelta | None) -> None:
    """The step's time for one call where it is shorter than the route's; else the route keeps its own."""
    step = workflow.step("generate_summary_script")
    step = replace(step, execution=replace(step.execution, timeout=timedelta(hours=1), call_timeout=own))
    assert deferred_call(work_on(run, workflow, step, Bench()), "writing", REQUEST).deadline == asked


def test_what_was_spent_is_taken_off(workflow: Workflow, run: RunFolder) -> None:
    """Calls of this attempt and a called run count; the shared ledger has the whole budget."""
    work = work_on(run, workflow, workflow.step("generate_summary_script"), Bench())
    work.report.calls.append({"cost_usd": "0.10", "cached": False})
    work.report.facts["called"] = {"cost_usd": "0.05"}
    call = deferred_call(work, "writing", REQUEST)
    assert call.budget_usd == Decimal("0.25")
    (shared,) = call.budgets
    assert (shared.scope, shared.usd, shared.tokens) == (f"run:{NAME}/r1", Decimal("0.40"), 1000)


def test_items_of_a_map_share_the_runs_journal(workflow: Workflow, run: RunFolder) -> None:
    """The same question of two items needs one answer, and counts against one budget."""
    step = workflow.step("generate_summary_script")
    outside = deferred_call(work_on(run, workflow, step, Bench()), "writing", REQUEST)
    inside = deferred_call(work_on(run.item("m", 1), workflow, step, Bench()), "writing", REQUEST)
    assert inside.journal == outside.journal
    assert inside.journal is not None
    assert inside.journal.endswith(f"runs/{NAME}/r1/journal")
    assert (inside.run, inside.budgets) == (outside.run, outside.budgets)
