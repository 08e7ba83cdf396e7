"""Deadline and run timeout on a served Airflow: who is told, what is stopped, and what is written all the same."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from airflow_here import LocalAirflow
from semantics_cases import conf_of

pytestmark = [pytest.mark.airflow, pytest.mark.served]


@pytest.fixture(scope="module")
def stopped(semantics_airflow: LocalAirflow) -> dict[str, Any]:
    """A run that waits for its next try when its time is up: its tasks, its deadlines, and its folder."""
    airflow = semantics_airflow
    airflow.wait_for_dag("limits")
    airflow.trigger("limits", conf_of("limits", "stuck", airflow.storage), run_id="stuck")
    state = ""
    for state, _ in airflow.watch("limits", "stuck", 300, until=lambda _: False):  # noqa: B007
        pass
    folder = airflow.storage / "runs" / "limits" / "stuck"
    # Airflow hands the callback to its DAG processor, which comes to it in its own time.
    end = time.monotonic() + 120
    while not (folder / "steps" / "bad_news.json").exists() and time.monotonic() < end:
        time.sleep(0.5)
    deadlines = airflow.client.get(f"{airflow.url}/ui/dags/limits/dagRuns/stuck/deadlines")
    deadlines.raise_for_status()
    run = airflow.client.get(f"{airflow.url}/api/v2/dags/limits/dagRuns/stuck")
    run.raise_for_status()
    return {
        "state": state,
        "note": run.json()["note"],
        "tasks": {task["task_id"]: task["state"] for task in airflow.tasks("limits", "stuck")},
        "deadlines": deadlines.json()["deadlines"],
        "folder": folder,
    }


def report(stopped: dict[str, Any], step: str) -> list[dict[str, Any]]:
    """The attempts of a step, as it reported them."""
    path: Path = stopped["folder"] / "steps" / f"{step}.json"
    attempts: list[dict[str, Any]] = json.loads(path.read_text())["attempts"] if path.exists() else []
    return attempts


def test_a_run_whose_time_is_up_is_stopped_from_outside(stopped: dict[str, Any]) -> None:
    """It fails, and Airflow skips all that was not through, the record and the last steps among it."""
    assert stopped["state"] == "failed"
    assert stopped["tasks"]["first"] == "success"
    for name in ("stuck", "after", "record_execution", "bad_news", "good_news"):
        assert stopped["tasks"][name] == "skipped", name


def test_its_page_says_why(stopped: dict[str, Any]) -> None:
    """The note of the run names the setting that ended it."""
    assert "run_timeout" in stopped["note"]


def test_its_record_is_written_all_the_same(stopped: dict[str, Any]) -> None:
    """The manifest says that the run failed, and in which step it was."""
    manifest = json.loads((stopped["folder"] / "manifest.json").read_text())
    assert manifest["outcome"] == "failed"
    assert manifest["error"]["step"] == "stuck"
    assert manifest["error"]["error"] == "RunTimeoutError"


def test_those_are_told_who_are_told_of_a_failure(stopped: dict[str, Any]) -> None:
    """The step of `finally` that is for a failed run sent its message; the one for a good end did not."""
    assert [attempt["state"] for attempt in report(stopped, "bad_news")] == ["success"]
    assert report(stopped, "bad_news")[0]["facts"]["subject"] == "failed"
    assert report(stopped, "good_news") == []


def test_the_deadline_was_missed_once(stopped: dict[str, Any]) -> None:
    """One alert for the run, and it says so; the run went on for half a minute after it."""
    assert [deadline["missed"] for deadline in stopped["deadlines"]] == [True]
