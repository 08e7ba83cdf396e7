"""The failure table: each step and error, what comes of it, and that it is worked out from the definition alone."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scenarios"))

from scenario_lab import EXECUTION, notify, step, workflow

from workflow_orchestrator.definition import load_workflow
from workflow_orchestrator.definition.failures import (
    cells,
    errors_of,
    failure_table,
    fate_of,
    leaders_of,
    to_json,
    to_markdown,
)
from workflow_orchestrator.definition.retries import RetryRule

DETOUR = step("d", ("BudgetError", "continue"))
RULES = (RetryRule("RateLimitError", 3, timedelta(seconds=5), "constant"), RetryRule("InvalidOutputError", 0))
FLOW = workflow(
    step("v", ("ServerError", "d"), ("TransientError", "continue"), rules=RULES),
    step("w"),
    step("o", ("OrchestratorError", "d")),
    step("p", default="continue"),
    detours=[DETOUR],
    last=[notify("tell", "failed")],
)


@pytest.mark.parametrize(
    ("name", "error", "waits", "goes"),
    [
        ("v", "ServerError", (1, 2), "d"),
        ("v", "OverloadedError", (1, 2), "continue"),
        ("v", "RateLimitError", (5, 5, 5), "continue"),
        ("v", "InvalidOutputError", (), "continue"),
        ("v", "RefusalError", (), "fail"),
        ("w", "StorageError", (1, 2), "fail"),
        ("d", "BudgetError", (), "continue"),
        ("o", "StorageError", (1, 2), "d"),
        ("o", "DefinitionChangedError", (), "fail"),
        ("p", "BudgetError", (), "continue"),
        ("p", "DocumentNotFoundError", (), "continue"),
        ("p", "ConfError", (), "fail"),
        ("p", "DefinitionChangedError", (), "fail"),
    ],
)
def test_an_error_has_one_fate(name: str, error: str, waits: tuple[int, ...], goes: str) -> None:
    """Rules of the policy, the step's own tries, what a class says of itself, then the first catch that fits."""
    fate = fate_of(FLOW, FLOW.step(name), error)
    assert [wait.total_seconds() for wait in fate.waits] == list(waits)
    assert (fate.goes, fate.retries) == (goes, len(waits))


def test_jitter_is_no_part_of_the_table() -> None:
    """It only shortens a wait, so the table shows the longest."""
    shaken = replace(step("s"), execution=replace(EXECUTION, retry_jitter=0.5))
    assert fate_of(workflow(shaken), shaken, "StorageError").waits == (timedelta(seconds=1), timedelta(seconds=2))


def test_errors_with_one_fate_share_a_row() -> None:
    """Every error of every step stands in exactly one row."""
    rows = failure_table(FLOW)
    listed = [(row.step, error) for row in rows for error in row.errors]
    assert len(listed) == len(set(listed))
    assert set(listed) == {(one.name, error) for one, error, _ in cells(FLOW)}
    assert len({(row.step, row.fate) for row in rows}) == len(rows)


def test_the_first_step_also_fails_for_what_the_run_was_started_with() -> None:
    """No other step looks at it."""
    assert "ConfError" in errors_of(FLOW, FLOW.step("v"))
    assert "ConfError" not in errors_of(FLOW, FLOW.step("w"))


def test_a_step_of_finally_changes_nothing() -> None:
    """Its rows say so."""
    rows = [row for row in failure_table(FLOW) if row.step == "tell"]
    assert rows and {row.fate.goes for row in rows} == {"last"}
    assert {row.then for row in rows} == {"it is recorded; the outcome of the run stays as it is"}


def test_the_table_reads_as_markdown_and_as_data() -> None:
    """A step is named once, waits that stay the same are named once."""
    rows = failure_table(FLOW)
    text = to_markdown(rows)
    assert text.count("| `v` |") == 1
    assert "3 times, after 5 s |" in text
    assert "2 times, after 1 s, 2 s | d runs in its place |" in text
    assert "the run goes on without v, degraded" in text
    assert to_json(rows)[0].keys() == {"step", "kind", "errors", "retries", "waits_seconds", "then", "says"}
    assert len(to_json(rows)) == len(rows) == text.count("\n") - 2


def test_the_shipped_workflow_asks_people_about_what_the_rules_find(root: Path) -> None:
    """Its one catch is in the table, and leads to the step that asks."""
    shipped = load_workflow(root / "dags" / "fund_factsheet_video", root / "include")
    assert [one.name for one in leaders_of(shipped, "correct_extracted_data")] == ["validate_extracted_data"]
    (row,) = [row for row in failure_table(shipped) if row.fate.goes == "correct_extracted_data"]
    assert (row.step, row.errors, row.then) == (
        "validate_extracted_data",
        ("BusinessValidationError",),
        "correct_extracted_data asks people",
    )
