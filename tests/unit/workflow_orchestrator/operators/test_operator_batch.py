"""The tasks of a batch: what is started with which conf, what is told, and who asked for the videos."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import TaskDeferred
from inbox_task import Task

from workflow_orchestrator.definition import load_workflow
from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.errors import AutoApprovalRefusedError, BatchError
from workflow_orchestrator.inbox import DocumentResult
from workflow_orchestrator.operators import following
from workflow_orchestrator.operators.base import opened_request
from workflow_orchestrator.operators.batch import ListDocumentsOperator
from workflow_orchestrator.operators.following import ProcessDocumentOperator
from workflow_orchestrator.operators.summary import SummariseOperator
from workflow_orchestrator.record import RunFolder
from workflow_orchestrator.storage import LocalStorage

pytestmark = pytest.mark.airflow

NAME = "earnings_report_video"


@pytest.fixture(scope="module")
def workflow(root: Path) -> Workflow:
    """A shipped workflow."""
    return load_workflow(root / "dags" / NAME, root / "include")


@pytest.fixture
def storage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalStorage:
    """The configured storage, with two documents."""
    monkeypatch.setenv("GENAI_PLATFORM_STORAGE", str(tmp_path))
    found = LocalStorage(tmp_path)
    for name in ("a.pdf", "b.pdf"):
        found.write(f"inbox/{NAME}/{name}", f"%PDF {name}".encode())
    return found


def context(task: Task | None = None, who: str | None = "kim", **conf: Any) -> dict[str, Any]:
    """Airflow's context, as far as it is used."""
    run = SimpleNamespace(conf=conf, run_type="manual", run_after=datetime.now(UTC), triggering_user_name=who)
    return {"dag_run": run, "ti": task or Task(), "run_id": "manual__1", "dag": SimpleNamespace(dag_id=f"{NAME}_batch")}


def listed(workflow: Workflow, task: Task | None = None, **conf: Any) -> list[dict[str, Any]]:
    """What the list hands to its mapped tasks."""
    return ListDocumentsOperator(task_id="list", workflow=workflow).execute(context(task, **conf))


def test_each_document_is_handed_on_with_its_run_and_the_parameters(
    workflow: Workflow, storage: LocalStorage
) -> None:
    """The same batch hands on the same runs."""
    first, second = listed(workflow, documents=["a.pdf", "b.pdf"], language="de")
    assert [item["document"] for item in (first, second)] == [f"inbox/{NAME}/a.pdf", f"inbox/{NAME}/b.pdf"]
    assert first["conf"] == {"language": "de"} and not first["force"]
    again = listed(workflow, documents=["a.pdf", "b.pdf"], language="de")
    assert [item["run_id"] for item in again] == [first["run_id"], second["run_id"]]
    forced = listed(workflow, documents=["a.pdf"], language="de", force=True)
    assert forced[0]["force"] and forced[0]["run_id"].startswith(f"{first['run_id']}_")


def test_a_wrong_list_starts_nothing_and_the_summary_says_all_of_it(workflow: Workflow, storage: LocalStorage) -> None:
    """The task fails without a retry; the note has a line for each mistake."""
    task = Task()
    with pytest.raises(BatchError):
        listed(workflow, task, documents=["a.pfd", "a.pdf", "c/"])
    told = summarise(workflow, task.pushed["scan"])
    assert told["summary"].startswith(f"**The batch of {NAME} has 2 problems, and nothing was started**")
    assert "- a.pfd: there is no such document" in told["summary"] and "- c/: there is no PDF in" in told["summary"]


def test_a_release_without_a_person_is_refused_before_anything_starts(
    workflow: Workflow, storage: LocalStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under the production profile: once, and not once for each document."""
    monkeypatch.setenv("GENAI_PLATFORM_PROFILE", "production")
    with pytest.raises(AutoApprovalRefusedError):
        listed(workflow, documents=["a.pdf"], approval="auto")


def process(workflow: Workflow, arguments: dict[str, Any]) -> ProcessDocumentOperator:
    """One mapped task."""
    return ProcessDocumentOperator(task_id="document", scan_task="list", told_as="Batch", **arguments)


def test_who_starts_a_batch_asked_for_each_of_its_videos(
    workflow: Workflow, storage: LocalStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Airflow hands no name on to a run that a task starts; a run that is there keeps who asked for it."""
    started: list[tuple[Any, ...]] = []
    monkeypatch.setattr(following, "start_run", lambda *arguments: bool(started.append(arguments)) or True)
    (arguments,) = listed(workflow, documents=["a.pdf"], language="de")
    around = {**context(), "dag": SimpleNamespace(get_task=lambda name: SimpleNamespace(workflow=workflow))}
    with pytest.raises(TaskDeferred):
        process(workflow, arguments).execute(around)
    conf = {"language": "de", "document": f"inbox/{NAME}/a.pdf", "force": False}
    assert started == [(NAME, arguments["run_id"], conf, "Batch: a.pdf")]
    run = RunFolder(storage, NAME, arguments["run_id"])
    request = opened_request(run, workflow, {"dag_run": SimpleNamespace(conf=conf, triggering_user_name=None)})
    assert request["triggered_by"] == "kim"
    with pytest.raises(TaskDeferred):
        process(workflow, arguments).execute({**around, "dag_run": context(who="lee")["dag_run"]})
    assert run.read_json("asked.json") == {"by": "kim"}


def test_a_scan_of_the_schedule_asks_in_nobody_s_name(workflow: Workflow, storage: LocalStorage) -> None:
    """Nothing is kept, and the record says so."""
    run = RunFolder(storage, NAME, "doc_1")
    following.note_who_asked(run, SimpleNamespace(triggering_user_name=None))
    assert not run.exists("asked.json")


def summarise(workflow: Workflow, scan: Any, *results: DocumentResult) -> dict[str, Any]:
    """The end of a batch."""
    task = Task(scan=scan, documents=[result.to_json() for result in results])
    operator = SummariseOperator(
        task_id="end", workflow=workflow, scan_task="list", document_task="document", kind="batch"
    )
    return operator.execute(context(task))


def test_the_summary_names_the_outcome_of_every_document(workflow: Workflow, storage: LocalStorage) -> None:
    """Also of those whose video was there, and of one whose own task died; as note, data, page and table."""
    task = Task()
    listed(workflow, task, documents=["a.pdf", "b.pdf"])
    scan = task.pushed["scan"]
    scan["had"] = [DocumentResult(f"inbox/{NAME}/c.pdf", "doc_c", "had_before").to_json()]
    first = scan["found"][0]
    told = summarise(workflow, scan, DocumentResult(first["document"], first["run_id"], "finished"))
    assert told["counts"] == {"finished": 1, "had_before": 1, "failed": 1}
    assert told["summary"].startswith("**3 documents: 1 finished, 1 had its video before, 1 failed")
    for ending in ("json", "md", "csv"):
        kept = storage.read(f"batch/{NAME}/manual__1.{ending}")
        assert kept == RunFolder(storage, f"{NAME}_batch", "manual__1").read(f"summary.{ending}")
    assert b"NotFollowed" in kept


def test_a_batch_waits_longer_than_a_night(workflow: Workflow, storage: LocalStorage) -> None:
    """No next night looks for what was not started."""
    (document,) = listed(workflow, documents=["a.pdf"])
    left = datetime.fromisoformat(document["until"]) - datetime.now(UTC)
    assert timedelta(hours=23) < left <= timedelta(hours=24)
