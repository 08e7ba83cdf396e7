"""The batch DAG as Airflow stores it: its form, what bounds it, and that every workflow has one."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import DAG
from airflow.serialization.serialized_objects import DagSerialization

from workflow_orchestrator.definition import load_workflow
from workflow_orchestrator.definition.model import Schedule, Workflow
from workflow_orchestrator.factory.batch import LIST, build_batch_dag
from workflow_orchestrator.factory.nightly import DOCUMENT, SUMMARY

pytestmark = pytest.mark.airflow

NAME = "earnings_report_video"


@pytest.fixture(scope="module")
def workflow(root: Path) -> Workflow:
    """A shipped workflow."""
    return load_workflow(root / "dags" / NAME, root / "include")


def stored(dag: DAG) -> Any:
    """What the scheduler knows of a DAG."""
    return DagSerialization.deserialize_dag(json.loads(json.dumps(DagSerialization.serialize_dag(dag))))


def test_the_form_is_the_list_and_the_parameters_of_a_run(workflow: Workflow) -> None:
    """A list of text that must be given; everything else as on the form of one run, with the same defaults."""
    form = build_batch_dag(workflow).params
    assert list(form) == ["documents", "language", "jurisdictions", "not_before", "approval", "force"]
    documents = form.get_param("documents")
    assert documents.schema["type"] == "array" and documents.schema["minItems"] == 1
    assert not documents.has_value
    assert form["jurisdictions"] == ["us"]


def test_documents_at_work_are_bounded_over_all_batches(workflow: Workflow) -> None:
    """By the task that follows a document; without a schedule by the schedule's default."""
    schedule = dataclasses.replace(workflow.schedule or Schedule(None), at_once=3)
    some = dataclasses.replace(workflow, schedule=schedule)
    assert stored(build_batch_dag(some)).get_task(DOCUMENT).max_active_tis_per_dag == 3
    none = dataclasses.replace(workflow, schedule=None)
    assert stored(build_batch_dag(none)).get_task(DOCUMENT).max_active_tis_per_dag == Schedule(None).at_once


def test_a_batch_ends_with_its_summary_however_it_went(workflow: Workflow) -> None:
    """As a teardown that does not speak for the run: a refused list stays failed."""
    batch = stored(build_batch_dag(workflow))
    summary = batch.get_task(SUMMARY)
    assert summary.is_teardown and not summary.on_failure_fail_dagrun
    assert [batch.get_task(name).downstream_task_ids for name in (LIST, DOCUMENT)] == [{DOCUMENT}, {SUMMARY}]
    assert list(build_batch_dag(workflow).get_task(DOCUMENT).template_fields) == []


def test_a_new_definition_is_a_new_version(workflow: Workflow) -> None:
    """Airflow makes one when what it stores changes."""
    changed = dataclasses.replace(workflow, digest="sha256:" + "0" * 64)
    before, after = (DagSerialization.serialize_dag(build_batch_dag(one)) for one in (workflow, changed))
    assert before != after
    assert len(json.dumps(before, default=str)) < 20_000


def test_the_page_says_what_a_person_has_to_know(workflow: Workflow) -> None:
    """What a wrong list does, how many at a time, what starting it again does, and where the list lies."""
    page = build_batch_dag(workflow).doc_md or ""
    for words in ("nothing is started then", "**16** documents", "started again", f"batch/{NAME}/", "four eyes"):
        assert words in page
