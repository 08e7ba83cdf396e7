"""The factory: the DAGs that the shipped workflow becomes, as Airflow sees them after serialization."""

from __future__ import annotations

import itertools
import shutil
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.airflow

NAME = "fund_factsheet_video"
ORDER = (
    "extract_factsheet_data", "validate_extracted_data", "generate_summary_script", "generate_summary_slide",
    "approve_content", "start_video_generation", "record_execution",
)  # fmt: skip


@pytest.fixture(scope="module")
def dags(root: Path) -> dict[str, Any]:
    """The DAGs of the shipped folder."""
    from workflow_orchestrator.factory import build_dags

    return build_dags(str(root / "dags" / NAME / "dag.py"))


def test_one_folder_makes_a_document_dag_with_a_batch_and_a_nightly_dag(dags: dict[str, Any]) -> None:
    """The document DAG has no schedule, the nightly one has no start date; neither waits to be unpaused."""
    assert set(dags) == {NAME, f"{NAME}_batch", f"{NAME}_nightly"}
    document, nightly = dags[NAME], dags[f"{NAME}_nightly"]
    assert document.schedule is None
    assert nightly.start_date is None
    assert not nightly.catchup
    assert document.is_paused_upon_creation is nightly.is_paused_upon_creation is False


def test_the_steps_stand_in_the_order_of_the_file(dags: dict[str, Any]) -> None:
    """Each step is downstream of the one before it, and the record comes last."""
    dag = dags[NAME]
    for earlier, later in itertools.pairwise(ORDER):
        assert later in {task.task_id for task in dag.get_task(earlier).get_flat_relatives(upstream=False)}


def test_a_catch_is_a_detour_with_a_join_of_its_own(dags: dict[str, Any]) -> None:
    """The caught step leads to the detour on failure, and both lead to a join that one success satisfies."""
    dag = dags[NAME]
    detour, join = dag.get_task("correct_extracted_data"), dag.get_task("validate_extracted_data_settled")
    assert detour.trigger_rule.value == "one_failed"
    assert join.trigger_rule.value == "one_success"
    assert join.upstream_task_ids == {"validate_extracted_data", "correct_extracted_data"}
    assert dag.get_task("generate_summary_script").upstream_task_ids == {join.task_id}


def test_the_record_is_a_teardown_that_cannot_turn_a_run_green(dags: dict[str, Any]) -> None:
    """It always runs, and Airflow judges the run by the step before it."""
    record = dags[NAME].get_task("record_execution")
    assert record.is_teardown
    assert not record.on_failure_fail_dagrun


def test_every_task_is_retried_at_least_once(dags: dict[str, Any]) -> None:
    """Also the joins and the nightly tasks: a task may fail once through no fault of its own."""
    for dag in dags.values():
        for task in dag.tasks:
            assert task.retries >= 1, task.task_id


def test_a_person_has_the_step_s_own_time(dags: dict[str, Any]) -> None:
    """No task timeout races the time that a person may take."""
    for name in ("correct_extracted_data", "approve_content"):
        assert dags[NAME].get_task(name).execution_timeout is None


def test_the_dags_survive_serialization(dags: dict[str, Any]) -> None:
    """What the scheduler works with is what the factory made."""
    from airflow.serialization.serialized_objects import DagSerialization

    for dag in dags.values():
        again = DagSerialization.deserialize_dag(DagSerialization.serialize_dag(dag))
        assert set(again.task_ids) == set(dag.task_ids)


def test_any_changed_file_changes_the_serialized_dag(root: Path, tmp_path: Path) -> None:
    """A word in a prompt or a narration is a new definition, and so a new DAG version."""
    from airflow.serialization.serialized_objects import DagSerialization

    from workflow_orchestrator.factory import build_dags

    for part in ("dags", "include"):
        shutil.copytree(root / part, tmp_path / part, ignore=shutil.ignore_patterns("samples", "__pycache__"))
    seen = set()
    changes = (
        None, f"include/prompts/{NAME}/narration.en.yaml", f"include/prompts/{NAME}/extract_factsheet_data.md.j2",
        "include/compliance/gdpr.yaml", f"dags/{NAME}/rules.yaml", "include/prompts/shared/house_rules.md.j2",
    )  # fmt: skip
    for change in changes:
        if change:
            path = tmp_path / change
            path.write_text(path.read_text().rstrip("\n") + ("\n# changed\n" if path.suffix == ".yaml" else "\n"))
            if path.suffix != ".yaml":
                path.write_text(path.read_text().replace("You", "you", 1))
        dag = build_dags(str(tmp_path / "dags" / NAME / "dag.py"))[NAME]
        seen.add(DagSerialization.serialize_dag(dag)["doc_md"])
        seen.add(str(dag.get_task(ORDER[0]).definition))
    assert len(seen) == 2 * len(changes)


def test_a_broken_folder_says_where(root: Path, tmp_path: Path) -> None:
    """The error that Airflow shows names file, line and column of each problem."""
    from workflow_orchestrator.errors import DefinitionError
    from workflow_orchestrator.factory import build_dags

    for part in ("dags", "include"):
        shutil.copytree(root / part, tmp_path / part, ignore=shutil.ignore_patterns("samples", "__pycache__"))
    path = tmp_path / "dags" / NAME / "workflow.yaml"
    path.write_text(path.read_text().replace("go: correct_extracted_data", "go: corect_extracted_data"))
    with pytest.raises(DefinitionError, match=r"workflow\.yaml:\d+:\d+.*corect_extracted_data.*correct_extracted_data"):
        build_dags(str(tmp_path / "dags" / NAME / "dag.py"))
