"""The failure table, cell by cell: what the runner does is what the table says, and where it is not, that is seen."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from scenario_lab import notify, step, workflow
from scenario_project import write_project

from workflow_orchestrator.definition.failures import Fate, cells
from workflow_orchestrator.definition.retries import RetryRule
from workflow_orchestrator.definition.steps import Arm, Choose, Condition, Map, Parallel, Reference
from workflow_orchestrator.scenarios import matrix
from workflow_orchestrator.scenarios.matrix import prove_table

HOLDS = Condition("is", Reference("parameter", "p"), 1)
DETOUR = step("d", ("BudgetError", "continue"))
EVERYWHERE = workflow(
    step("a", ("ServerError", "d"), ("TransientError", "continue"), rules=(RetryRule("RateLimitError", 4),)),
    Choose("c", (Arm("left", (step("l"),), HOLDS), Arm("right", (step("r", default="continue"),), HOLDS))),
    Parallel("p", (Arm("one", (step("x"),)), Arm("two", (step("y"),)))),
    Map("m", Reference("parameter", "list"), "item", 5, 1, (step("h", ("LLMError", "e")),)),
    detours=[DETOUR, step("e")],
    last=[notify("tell", "succeeded", "degraded", "failed")],
)


def test_every_cell_is_what_the_runner_does() -> None:
    """In a sequence, a way, beside another, in a map, as a detour and in `finally`."""
    proven = prove_table(EVERYWHERE)
    assert [cell for cell in proven if cell.wrong] == []
    assert {(cell.step, cell.error) for cell in proven} == {(one.name, error) for one, error, _ in cells(EVERYWHERE)}
    assert {cell.step for cell in proven} == {"a", "l", "r", "x", "y", "h", "d", "e", "tell"}
    assert {cell.actual.goes for cell in proven} == {"d", "e", "continue", "fail", "last"}


def test_a_workflow_on_disk_is_proven_too(tmp_path: Path) -> None:
    """With jitter, policies and blocks as the loader makes them."""
    caller, called = write_project(tmp_path)
    for one in (caller, called):
        proven = prove_table(one)
        assert proven and [cell for cell in proven if cell.wrong] == []


@pytest.mark.parametrize(
    ("lie", "said"),
    [
        (lambda fate: replace(fate, goes="continue"), "the table says continue, the run went to fail"),
        (lambda fate: replace(fate, waits=()), "the table says 0 retries, the run made 2"),
        (
            lambda fate: Fate((timedelta(seconds=9),) * 2, fate.goes),
            "the table says a wait of 0:00:09 before retry 1, the run waited 0:00:01",
        ),
    ],
)
def test_a_table_that_is_wrong_is_seen(monkeypatch: pytest.MonkeyPatch, lie: object, said: str) -> None:
    """The two are worked out apart, so an error in either shows."""
    of = workflow(step("a"))
    told = [(one, error, lie(fate)) for one, error, fate in cells(of) if error == "StorageError"]  # type: ignore[operator]
    monkeypatch.setattr(matrix, "cells", lambda _: told)
    assert [cell.wrong for cell in prove_table(of)] == [said]
