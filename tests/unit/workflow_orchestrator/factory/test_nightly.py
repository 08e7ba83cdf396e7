"""The DAGs of a workflow's inbox, as Airflow stores them: what bounds them, what comes from outside and is no template, what they say."""

from __future__ import annotations

import dataclasses
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import DAG, Asset
from airflow.serialization.serialized_objects import DagSerialization

from workflow_orchestrator.definition import load_workflow
from workflow_orchestrator.definition.model import Schedule, Workflow
from workflow_orchestrator.factory.arrivals import build_arrivals_dag, inbox_asset
from workflow_orchestrator.factory.nightly import DOCUMENT, SCAN, SUMMARY, build_nightly_dag

pytestmark = pytest.mark.airflow

NAME = "fund_factsheet_video"
SCHEDULE = Schedule(
    "0 2 * * *", "Europe/London", arrivals=True, at_once=5, wait=timedelta(hours=4), notify="operations"
)


@pytest.fixture(scope="module")
def workflow(root: Path) -> Workflow:
    """The shipped workflow, with everything that a schedule can say."""
    return dataclasses.replace(load_workflow(root / "dags" / NAME, root / "include"), schedule=SCHEDULE)


def stored(dag: DAG) -> Any:
    """What the scheduler knows of a DAG."""
    return DagSerialization.deserialize_dag(json.loads(json.dumps(DagSerialization.serialize_dag(dag))))


def test_documents_at_work_are_bounded_by_the_tasks_that_follow_them(workflow: Workflow) -> None:
    """Airflow counts a task that left its worker towards this limit, and none that waits for a person elsewhere."""
    nightly = stored(build_nightly_dag(workflow))
    assert nightly.get_task(DOCUMENT).max_active_tis_per_dag == 5
    assert nightly.max_active_runs == 1
    assert stored(build_arrivals_dag(workflow)).max_active_runs == 5


def test_a_scan_ends_with_its_summary_however_it_went(workflow: Workflow) -> None:
    """As a teardown that does not speak for the run: a failed scan stays failed."""
    nightly = stored(build_nightly_dag(workflow))
    summary = nightly.get_task(SUMMARY)
    assert summary.is_teardown
    assert not summary.on_failure_fail_dagrun
    assert [nightly.get_task(name).downstream_task_ids for name in (SCAN, DOCUMENT)] == [{DOCUMENT}, {SUMMARY}]


def test_nothing_that_comes_from_outside_is_a_template(workflow: Workflow) -> None:
    """`{{` may stand in a file's name."""
    assert list(build_nightly_dag(workflow).get_task(DOCUMENT).template_fields) == []
    assert list(build_arrivals_dag(workflow).get_task(DOCUMENT).template_fields) == []


def test_the_scheduler_is_told_no_path_and_no_definition(workflow: Workflow, root: Path) -> None:
    """A mapped task's arguments are stored with the DAG; the workflow itself does not travel there."""
    for dag in (build_nightly_dag(workflow), build_arrivals_dag(workflow)):
        text = json.dumps(DagSerialization.serialize_dag(dag), default=str)
        assert "Workflow(" not in text
        assert len(text) < 20_000


def test_a_new_definition_is_a_new_version_of_both(workflow: Workflow) -> None:
    """Airflow makes one when what it stores changes."""
    changed = dataclasses.replace(workflow, digest="sha256:" + "0" * 64)
    for build in (build_nightly_dag, build_arrivals_dag):
        assert DagSerialization.serialize_dag(build(workflow)) != DagSerialization.serialize_dag(build(changed))


def test_the_schedule_neither_catches_up_nor_starts_at_deployment(workflow: Workflow) -> None:
    """No start date, no catch-up: what was missed is made up for in the scan."""
    nightly = stored(build_nightly_dag(workflow))
    assert (nightly.catchup, nightly.start_date) == (False, None)
    assert nightly.timetable.serialize()["run_immediately"] == 60.0
    assert nightly.timetable.serialize()["timezone"] == "Europe/London"


def test_an_arrival_is_one_partition_of_the_inbox_s_asset(workflow: Workflow) -> None:
    """One event, one run: a plain asset schedule would put several into one."""
    arrivals = stored(build_arrivals_dag(workflow))
    assert arrivals.timetable.partitioned
    assert inbox_asset(NAME) == Asset(f"inbox/{NAME}")


def test_the_pages_say_what_a_person_has_to_know(workflow: Workflow) -> None:
    """When, how many, how long, where to, and how an arrival is told."""
    page = build_nightly_dag(workflow).doc_md or ""
    for words in (
        "0 2 * * *",
        "Europe/London",
        "**5** documents",
        "after 4 h",
        f"quarantine/{NAME}/",
        "`operations`",
        "made up for once",
    ):
        assert words in page
    off = dataclasses.replace(workflow, schedule=dataclasses.replace(SCHEDULE, catch_up=False, notify=None))
    assert "is not made up for" in (build_nightly_dag(off).doc_md or "")
    told = build_arrivals_dag(workflow).doc_md or ""
    assert "/api/v2/assets/events" in told
    assert '\\"partition_key\\": \\"the document.pdf\\"' in told


@pytest.mark.parametrize("schedule", [None, Schedule(None, arrivals=True)])
def test_without_a_time_there_is_no_nightly_dag(workflow: Workflow, schedule: Schedule | None) -> None:
    """And without arrivals no DAG for them."""
    with pytest.raises(ValueError, match="nightly"):
        build_nightly_dag(dataclasses.replace(workflow, schedule=schedule))
    with pytest.raises(ValueError, match="arrivals"):
        build_arrivals_dag(dataclasses.replace(workflow, schedule=Schedule("0 2 * * *")))
