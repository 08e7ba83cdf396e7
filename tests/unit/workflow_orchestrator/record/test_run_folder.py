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
    assert run_key_of(run_key_of("manual 1")) != run_key_of("manual 1"), "an id that looks like another one's folder"
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


def test_an_item_writes_into_its_own_folder_and_reads_through(tmp_path: Path) -> None:
    """What the run has is seen until the item has its own; the run never sees the item's."""
    run = folder(tmp_path)
    item = run.item("each_language", 1)
    run.write_json("values.json", 1)
    assert item.read_json("values.json") == 1
    assert item.exists("values.json")
    assert not item.holds("values.json")
    assert item.shown("values.json") == "values.json"
    artifact = item.write_json("values.json", 2)
    assert artifact.name == "each/each_language/1/values.json"
    assert run.exists(artifact.name)
    assert item.shown("values.json") == artifact.name
    assert item.uri("values.json") == artifact.uri != run.uri("values.json")
    assert (item.read_json("values.json"), run.read_json("values.json")) == (2, 1)
    assert (item.root.prefix, item.run_key) == (run.prefix, run.run_key)


def test_an_item_takes_away_only_what_is_its_own(tmp_path: Path) -> None:
    """What the run and the other items have stays."""
    run = folder(tmp_path)
    item, other = run.item("m", 0), run.item("m", 1)
    for place in (run, other):
        place.write("script.json", b"x")
    item.delete("script.json")
    assert run.holds("script.json")
    assert other.holds("script.json")
    item.write("script.json", b"y")
    item.delete("script.json")
    assert item.read("script.json") == b"x"


def test_an_item_with_files_of_its_own_below_a_prefix_has_only_those(tmp_path: Path) -> None:
    """Slides of two decks are never mixed."""
    run = folder(tmp_path)
    item = run.item("m", 0)
    run.write("slides/slide_01.png", b"run")
    run.write("slides/slide_02.png", b"run")
    assert item.names("slides", ".png") == ["slides/slide_01.png", "slides/slide_02.png"]
    item.write("slides/slide_01.png", b"item")
    assert item.names("slides", ".png") == ["slides/slide_01.png"]
    assert item.read("slides/slide_01.png") == b"item"


def test_items_report_apart_and_see_the_steps_before_them(tmp_path: Path) -> None:
    """Two items of one step never write one file; an earlier step's error is seen from inside."""
    run = folder(tmp_path)
    with pytest.raises(EncoderError), run.reporting("before", 1):
        raise EncoderError("hung")
    for index in range(2):
        with run.item("m", index).reporting("s", 1) as report:
            report.facts["index"] = index
    assert run.attempts("s") == []
    assert run.item("m", 1).attempts("s")[0]["facts"] == {"index": 1}
    error = run.item("m", 1).last_error("before")
    assert error is not None
    assert error["error"] == "EncoderError"
    files = [file for file, _ in run.item("m", 0).all_attempts(["m"])]
    assert files == ["steps/before.json", "each/m/0/steps/s.json", "each/m/1/steps/s.json"]
    assert run.item("m", 1).report_file("s") == files[2]


def test_an_item_has_no_items(tmp_path: Path) -> None:
    """A map stands in no other map."""
    with pytest.raises(ValueError, match="no other map"):
        folder(tmp_path).item("m", 0).item("n", 0)
