"""How a document stands: by its run's own record, and by what Airflow says of the run."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from workflow_orchestrator.inbox import DocumentResult, result_of
from workflow_orchestrator.record import RunFolder
from workflow_orchestrator.storage import LocalStorage

KEY = "inbox/letters/a.pdf"


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """An empty run."""
    return RunFolder(LocalStorage(tmp_path), "letters", "doc_1")


def manifest(run: RunFolder, outcome: str, cost: str | None = "0.25", error: Any = None) -> None:
    """The run ended like this."""
    run.write_json("manifest.json", {"outcome": outcome, "error": error, "usage": {"cost_usd": cost}})


def calls(run: RunFolder, name: str, *costs: str | None) -> None:
    """An attempt with model calls of these prices."""
    with run.reporting(name, 1) as report:
        report.calls.extend({"cost_usd": cost, "cached": False} for cost in costs)
        report.calls.append({"cost_usd": None, "cached": True})


@pytest.mark.parametrize(
    ("outcome", "standing"), [("succeeded", "finished"), ("degraded", "degraded"), ("failed", "failed")]
)
def test_the_record_says_how_a_run_ended(run: RunFolder, outcome: str, standing: str) -> None:
    """Whatever colour Airflow shows."""
    manifest(run, outcome)
    assert result_of(run, KEY, "success").standing == standing


def test_a_run_without_a_record_failed_and_says_where_to_look(run: RunFolder) -> None:
    """A killed run never counts as finished."""
    found = result_of(run, KEY, "success")
    assert found.standing == "failed"
    assert found.error is not None
    assert "logs" in found.error["message"]


def test_an_old_record_does_not_end_a_run_that_works_again(run: RunFolder) -> None:
    """After a clear, the manifest of the first end is still there."""
    manifest(run, "failed", error={"error": "StorageError", "message": "away", "classes": []})
    assert result_of(run, KEY, "running").standing == "at_work"
    waiting = result_of(run, KEY, "running", ["approve"])
    assert (waiting.standing, waiting.asks) == ("waiting", ("approve",))


def test_money_is_counted_from_the_steps_until_there_is_a_record(run: RunFolder) -> None:
    """Items of a map count too, and an unknown price is not zero."""
    calls(run, "extract", "0.10", "0.05")
    calls(run.item("pages", 0), "read", "0.01")
    assert result_of(run, KEY, "running", ["approve"]).priced
    calls(run.item("pages", 1), "read", None)
    found = result_of(run, KEY, "running", ["approve"])
    assert (found.cost_usd, found.priced) == (Decimal("0.16"), False)
    manifest(run, "succeeded", "0.40")
    found = result_of(run, KEY, "success")
    assert (found.cost_usd, found.priced) == (Decimal("0.40"), True)


def test_a_result_travels_as_json() -> None:
    """Nothing is lost between the tasks."""
    error = {"error": "NotAPdfError", "message": "no PDF", "classes": ["NotAPdfError", "DocumentError"]}
    for result in (
        DocumentResult(KEY, "doc_1", "waiting", asks=("approve",), cost_usd=Decimal("0.1")),
        DocumentResult(KEY, "doc_1", "quarantined", error, quarantine="quarantine/letters/a.pdf", priced=False),
    ):
        assert DocumentResult.from_json(result.to_json()) == result


@pytest.mark.parametrize(
    "arguments",
    [
        {"standing": "lost"},
        {"standing": "quarantined"},
        {"standing": "failed", "quarantine": "quarantine/letters/a.pdf"},
        {"standing": "waiting"},
        {"standing": "finished", "asks": ("approve",)},
    ],
)
def test_a_result_refuses_contradictions(arguments: dict[str, Any]) -> None:
    """What it says holds together."""
    with pytest.raises(ValueError, match=r"standing|quarantine|person"):
        DocumentResult(KEY, "doc_1", **arguments)
