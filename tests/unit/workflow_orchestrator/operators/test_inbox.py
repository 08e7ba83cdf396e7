"""The tasks around an inbox: the scan and its mapped documents, arrivals, what is put aside and what is told."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException, TaskDeferred
from inbox_task import Task

from workflow_orchestrator.definition import load_workflow
from workflow_orchestrator.definition.model import Schedule, Workflow
from workflow_orchestrator.inbox import DocumentResult
from workflow_orchestrator.operators import following, telling
from workflow_orchestrator.operators.following import ArrivedDocumentOperator, ProcessDocumentOperator
from workflow_orchestrator.operators.inbox import FindNewDocumentsOperator
from workflow_orchestrator.operators.settled import DocumentSettledTrigger
from workflow_orchestrator.operators.summary import SummariseOperator
from workflow_orchestrator.operators.telling import tell
from workflow_orchestrator.record import RunFolder
from workflow_orchestrator.storage import LocalStorage

pytestmark = pytest.mark.airflow

NAME = "fund_factsheet_video"
FIT = {"error": "StorageError", "message": "away", "classes": ["StorageError"]}
UNFIT = {"error": "NotAPdfError", "message": "no PDF", "classes": ["NotAPdfError", "DocumentError"]}


@pytest.fixture(scope="module")
def workflow(root: Path) -> Workflow:
    """The shipped workflow, with a schedule that tells a channel."""
    loaded = load_workflow(root / "dags" / NAME, root / "include")
    schedule = Schedule("0 2 * * *", "Europe/London", arrivals=True, notify="operations")
    return dataclasses.replace(loaded, schedule=schedule)


@pytest.fixture
def storage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalStorage:
    """The configured storage."""
    monkeypatch.setenv("GENAI_PLATFORM_STORAGE", str(tmp_path))
    return LocalStorage(tmp_path)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """The runs that were asked for; Airflow itself is not there."""
    runs: list[tuple[Any, ...]] = []

    def start(*arguments: Any) -> bool:
        runs.append(arguments)
        return True

    monkeypatch.setattr(following, "start_run", start)
    return runs


def context(
    task: Task | None = None, *, kind: str = "manual", due: datetime | None = None, **params: Any
) -> dict[str, Any]:
    """Airflow's context, as far as it is used."""
    run = SimpleNamespace(run_type=kind, run_after=due or datetime.now(UTC), partition_key=params.pop("told", None))
    form = {"limit": 200, "force": False, "only_list": False, **params}
    dag = SimpleNamespace(dag_id=f"{NAME}_nightly")
    return {"params": form, "dag_run": run, "ti": task or Task(), "run_id": "scan", "dag": dag}


def put(storage: LocalStorage, name: str, data: bytes = b"%PDF") -> str:
    """Puts a document into the inbox; its key."""
    key = f"inbox/{NAME}/{name}"
    storage.write(key, data)
    return key


def find(workflow: Workflow, task: Task | None = None, **more: Any) -> list[dict[str, Any]]:
    """What a scan hands to its mapped tasks."""
    return FindNewDocumentsOperator(task_id="scan", workflow=workflow).execute(context(task, **more))


def test_the_scan_hands_on_a_document_with_its_run_and_the_end_of_the_wait(
    workflow: Workflow, storage: LocalStorage
) -> None:
    """A file's name is data, whatever it looks like."""
    key = put(storage, "{{ conn.x.password }}.pdf")
    (document,) = find(workflow)
    assert document["document"] == key
    assert document["run_id"].startswith("doc_")
    left = datetime.fromisoformat(document["until"]) - datetime.now(UTC)
    assert timedelta(hours=2, minutes=59) < left <= timedelta(hours=3)


def test_a_dry_run_says_what_would_be_started_and_touches_nothing(
    workflow: Workflow, storage: LocalStorage, tmp_path: Path
) -> None:
    """Nothing is handed on, and a document that belongs into quarantine stays."""
    put(storage, "a.pdf")
    key = put(storage, "big.pdf")
    with (tmp_path / key).open("wb") as file:
        file.truncate(workflow.document.max_bytes + 1)
    task = Task()
    assert find(workflow, task, only_list=True) == []
    assert [item["document"] for item in task.pushed["scan"]["found"]] == [f"inbox/{NAME}/a.pdf"]
    assert storage.exists(key)


def test_the_scan_puts_aside_what_no_run_can_use(workflow: Workflow, storage: LocalStorage, tmp_path: Path) -> None:
    """It is moved, and the summary hears of it."""
    key = put(storage, "big.pdf")
    with (tmp_path / key).open("wb") as file:
        file.truncate(workflow.document.max_bytes + 1)
    task = Task()
    assert find(workflow, task) == []
    assert [name for name, _ in task.pushed["scan"]["put_aside"]] == ["big.pdf"]
    assert storage.exists(f"quarantine/{NAME}/big.pdf")


def test_a_missed_scan_looks_for_nothing_and_says_why(workflow: Workflow, storage: LocalStorage) -> None:
    """The scan whose successor is due already leaves the inbox to it."""
    put(storage, "a.pdf")
    task = Task()
    assert find(workflow, task, kind="scheduled", due=datetime.now(UTC) - timedelta(days=3)) == []
    assert "was missed" in task.pushed["scan"]["remark"]
    assert task.pushed["scan"]["found"] == []


def document(workflow: Workflow, **changes: Any) -> tuple[ProcessDocumentOperator, dict[str, Any]]:
    """One mapped task, and its context."""
    until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    arguments = {
        "document": f"inbox/{NAME}/a.pdf",
        "run_id": "doc_1",
        "sha256": "0" * 64,
        "until": until,
        "force": False,
    }
    operator = ProcessDocumentOperator(task_id="document", scan_task="scan", **{**arguments, **changes})
    scan = SimpleNamespace(workflow=workflow)
    dag = SimpleNamespace(get_task=lambda name: {"scan": scan}[name])
    return operator, {**context(), "dag": dag}


def test_a_document_gets_its_run_and_the_worker_is_left(workflow: Workflow, started: list[tuple[Any, ...]]) -> None:
    """The wait is a trigger's, with an end of its own and a backstop for when no triggerer runs."""
    operator, around = document(workflow)
    with pytest.raises(TaskDeferred) as left:
        operator.execute(around)
    assert started == [(NAME, "doc_1", {"document": f"inbox/{NAME}/a.pdf", "force": False}, "Nightly scan: a.pdf")]
    assert isinstance(left.value.trigger, DocumentSettledTrigger)
    assert left.value.trigger.until == operator.until
    assert left.value.timeout is not None
    assert left.value.timeout > timedelta(hours=1)


def test_what_was_not_started_in_time_is_left_for_the_next_scan(
    workflow: Workflow, started: list[tuple[Any, ...]]
) -> None:
    """No run is started after the end of the wait."""
    operator, around = document(workflow, until=datetime.now(UTC).isoformat())
    assert operator.execute(around)["standing"] == "not_started"
    assert started == []


@pytest.mark.parametrize(("error", "standing"), [(UNFIT, "quarantined"), (FIT, "failed")])
def test_a_failed_document_goes_into_quarantine_only_by_its_own_fault(
    workflow: Workflow, storage: LocalStorage, error: dict[str, Any], standing: str
) -> None:
    """Doing it again, after the task died in the middle, says the same."""
    from workflow_orchestrator.canonical import sha256

    key = put(storage, "a.pdf")
    run = RunFolder(storage, NAME, "doc_1")
    run.write_json("manifest.json", {"outcome": "failed", "error": error, "usage": {"cost_usd": "0.1"}})
    operator, around = document(workflow)
    told = {"document": key, "run_id": "doc_1", "sha256": sha256(b"%PDF")}
    result = operator.settled(around, {"state": "failed", "asks": []}, told)
    assert (result["standing"], result["cost_usd"]) == (standing, "0.1")
    assert storage.exists(key) == (standing == "failed")


def test_an_arrival_gets_the_run_that_the_scan_would_give_it(
    workflow: Workflow, storage: LocalStorage, started: list[tuple[Any, ...]]
) -> None:
    """So neither a second event nor the next scan makes a second one."""
    put(storage, "a.pdf")
    operator = ArrivedDocumentOperator(task_id="document", workflow=workflow)
    with pytest.raises(TaskDeferred):
        operator.execute(context(told="a.pdf"))
    assert [run[1] for run in started] == [item["run_id"] for item in find(workflow)]


def test_an_arrival_that_names_no_document_is_passed_over(workflow: Workflow, started: list[tuple[Any, ...]]) -> None:
    """Somebody started the DAG by hand, or told of the asset without a key."""
    operator = ArrivedDocumentOperator(task_id="document", workflow=workflow)
    with pytest.raises(AirflowSkipException, match="partition key"):
        operator.execute(context())
    assert started == []


def test_an_arrival_that_no_run_can_use_is_put_aside_and_told(
    workflow: Workflow, storage: LocalStorage, tmp_path: Path, started: list[tuple[Any, ...]]
) -> None:
    """Without a run; the channel hears of it."""
    key = put(storage, "big.pdf")
    with (tmp_path / key).open("wb") as file:
        file.truncate(workflow.document.max_bytes + 1)
    told = ArrivedDocumentOperator(task_id="document", workflow=workflow).execute(context(told="big.pdf"))
    assert (told["standing"], told["message"]) == ("quarantined", "logged")
    assert told["summary"].startswith("big.pdf: in quarantine. DocumentLimitError")
    assert started == []


def test_a_second_word_about_a_document_in_quarantine_is_passed_over(
    workflow: Workflow, storage: LocalStorage, started: list[tuple[Any, ...]]
) -> None:
    """It fails nothing; a mended file of that name is a document again, and a name that nobody knows is an error."""
    from workflow_orchestrator.errors import DocumentNotFoundError

    operator = ArrivedDocumentOperator(task_id="document", workflow=workflow)
    storage.write(f"quarantine/{NAME}/a.pdf", b"%PDF")
    with pytest.raises(AirflowSkipException, match="quarantine"):
        operator.execute(context(told="a.pdf"))
    with pytest.raises(DocumentNotFoundError):
        operator.execute(context(told="unknown.pdf"))
    assert started == []
    put(storage, "a.pdf", b"%PDF mended")
    with pytest.raises(TaskDeferred):
        operator.execute(context(told="a.pdf"))


def summarise(workflow: Workflow, scan: Any, *results: DocumentResult) -> dict[str, Any]:
    """The end of a scan."""
    task = Task(scan=scan, documents=[result.to_json() for result in results])
    operator = SummariseOperator(task_id="end", workflow=workflow, scan_task="scan", document_task="document")
    return operator.execute(context(task))


def seen(*found: str, **more: Any) -> dict[str, Any]:
    """What a scan leaves behind."""
    documents = [{"document": f"inbox/{NAME}/{name}.pdf", "run_id": f"doc_{name}"} for name in found]
    empty = {"when": "2026-11-24 02:00:00", "remark": "", "only_listed": False, "put_aside": [], "left_out": [],
             "failed_before": [], "later": 0, "same": 0}  # fmt: skip
    return {**empty, "found": documents, **more}


def test_the_summary_is_note_message_and_list(workflow: Workflow, storage: LocalStorage) -> None:
    """A document whose own task died is not forgotten."""
    done = DocumentResult(f"inbox/{NAME}/a.pdf", "doc_a", "finished")
    told = summarise(workflow, seen("a", "b"), done)
    assert told["counts"] == {"finished": 1, "failed": 1}
    assert "NotFollowed" in told["summary"]
    assert told["message"] == "logged"
    run = RunFolder(storage, f"{NAME}_nightly", "scan")
    assert run.read("summary.json") == storage.read(f"nightly/{NAME}/2026-11-24_020000.json")
    assert run.read("summary.md") == storage.read(f"nightly/{NAME}/2026-11-24_020000.md")
    assert run.read("summary.csv") == storage.read(f"nightly/{NAME}/2026-11-24_020000.csv")
    assert f"/workflow-orchestrator/{NAME}_nightly/scan/summary.md" in told["summary"]


def test_a_scan_that_failed_is_told_too(workflow: Workflow, storage: LocalStorage) -> None:
    """Silence would look like a night without documents."""
    told = summarise(workflow, None)
    assert "could not be looked through" in told["summary"]
    assert told["message"] == "logged"


@pytest.mark.parametrize("scan", [seen(), seen("a", only_listed=True)])
def test_a_night_without_news_and_a_dry_run_tell_nobody(
    workflow: Workflow, storage: LocalStorage, scan: dict[str, Any]
) -> None:
    """The note is written all the same."""
    told = summarise(workflow, scan)
    assert told["message"] == "nobody"
    assert told["summary"]


def test_a_message_that_does_not_go_out_costs_a_retry_but_not_the_note(
    workflow: Workflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last try says so and ends well."""
    from workflow_orchestrator.errors import NotificationError

    def away(*arguments: Any) -> str:
        raise NotificationError("the channel is away")

    monkeypatch.setattr(telling, "send_message", away)
    around = context()
    with pytest.raises(NotificationError):
        tell(around, workflow, "subject", "text")
    around["ti"].try_number = 2
    assert tell(around, workflow, "subject", "text") == "not sent: the channel is away"
