"""The run's folder: names that never collide, reports that survive any end of a step."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow_orchestrator.errors import ApprovalError, EncoderError
from workflow_orchestrator.record import RunFolder, run_key_of
from workflow_orchestrator.storage import LocalStorage, safe_key


class Parked(BaseException):
    """Stands for Airflow's own signal that a task waits."""


def folder(tmp_path: Path) -> RunFolder:
    """A run in a new storage."""
    return RunFolder(LocalStorage(tmp_path), "w", "doc_1")


@given(st.text(min_size=1, max_size=200).filter(lambda text: text.strip("-. \0\n") != ""))
def test_any_run_id_makes_a_safe_folder_name(run_id: str) -> None:
    """Whatever Airflow or a user calls a run, its folder lies inside the storage."""
    key = run_key_of(run_id)
    assert "/" not in key
    assert safe_key(f"runs/w/{key}") == f"runs/w/{key}"


def test_two_run_ids_never_share_a_folder() -> None:
    """Ids that differ only in forbidden characters get different names; a plain one stays readable."""
    assert run_key_of("manual__2026-11-24T10:00:00+00:00") != run_key_of("manual__2026-11-24T10:00:00-00:00")
    assert run_key_of("doc_0123_abc") == "doc_0123_abc"
    assert run_key_of("..") not in (".", "..", "")


def test_a_good_end_is_reported_with_its_artifacts(tmp_path: Path) -> None:
    """The report says success and lists what was written, by hash."""
    run = folder(tmp_path)
    with run.reporting("s", 1) as report:
        report.artifacts.append(run.write_json("a.json", {"x": 1}))
    (attempt,) = run.attempts("s")
    assert attempt["state"] == "success"
    assert attempt["error"] is None
    assert attempt["artifacts"][0]["name"] == "a.json"
    assert run.last_error("s") is None


def test_a_failure_is_kept_as_data_and_raised(tmp_path: Path) -> None:
    """Class, message, details, ancestry and whether a retry helps are in the report; the error itself goes on."""
    run = folder(tmp_path)
    with pytest.raises(ApprovalError), run.reporting("s", 1):
        raise ApprovalError("no", by="eve")
    with pytest.raises(EncoderError), run.reporting("s", 2):
        raise EncoderError("hung")
    first, second = run.attempts("s")
    assert first["error"]["error"] == "ApprovalError"
    assert first["error"]["by"] == "eve"
    assert "OrchestratorError" in first["error"]["classes"]
    assert (first["error"]["retryable"], second["error"]["retryable"]) == (False, True)
    assert run.last_error("s") == second["error"]


def test_waiting_for_a_person_is_no_failure_and_one_attempt(tmp_path: Path) -> None:
    """The stint before the question and the one after the answer are one attempt."""
    run = folder(tmp_path)
    with pytest.raises(Parked), run.reporting("s", 1, (Parked,)):
        raise Parked
    assert run.attempts("s")[0]["state"] == "waiting"
    with run.reporting("s", 1, (Parked,)):
        pass
    (attempt,) = run.attempts("s")
    assert attempt["state"] == "success"
