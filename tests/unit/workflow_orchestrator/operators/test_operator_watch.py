"""The task of the watch: gauges, alerts over a channel, delivery over a real server, and what is done although one of them fails."""

from __future__ import annotations

import json
import shutil
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from airflow.sdk import BaseNotifier

from moto_here import client_of, connection_to, emptied

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "history"))

from history_made import FLOW, manifest, record

from workflow_orchestrator.definition.configuration import Metrics
from workflow_orchestrator.errors import MetricsOutageError, NotificationError
from workflow_orchestrator.factory.watch import build_watch_dag
from workflow_orchestrator.observability.emit import emit_run
from workflow_orchestrator.operators.watch import WatchOperator
from workflow_orchestrator.record import RunFolder
from workflow_orchestrator.record.waiting import note_closed, note_open
from workflow_orchestrator.storage import LocalStorage

pytestmark = pytest.mark.airflow

SETTINGS = """
metrics: {environment: tests, cloudwatch: aws_watch}
alerts: {channel: people, approval_older_than_hours: 24}
channels:
  operations: {}
  people: {notifier: watch_notifiers.Heard, arguments: {to: "{{ subject }} | {{ text }}"}}
"""


class Heard(BaseNotifier):
    """Keeps what it was told, or takes nothing."""

    template_fields = ("to",)
    told: ClassVar[list[str]] = []
    deaf: ClassVar[bool] = False

    def __init__(self, to: str = "") -> None:
        super().__init__()
        self.to = to

    def notify(self, context: Any) -> None:
        if Heard.deaf:
            raise OSError("line is down")
        Heard.told.append(self.to)


@pytest.fixture
def project(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The shipped workflows on a platform that watches; the folder of the watch's DAG file."""
    monkeypatch.setitem(sys.modules, "watch_notifiers", sys.modules[__name__])
    monkeypatch.setenv("GENAI_PLATFORM_STORAGE", str(tmp_path / "storage"))
    monkeypatch.setenv("AIRFLOW__LLM_ORCHESTRATION__STATE_URL", (tmp_path / "state.db").as_uri())
    Heard.told.clear()
    Heard.deaf = False
    home = tmp_path / "project"
    shutil.copytree(root / "dags" / FLOW, home / "dags" / FLOW)
    shutil.copytree(root / "include", home / "include", ignore=shutil.ignore_patterns("samples"))
    path = home / "include" / "orchestrator.yaml"
    text = path.read_text(encoding="utf-8")
    start = text.index("# Where messages go.")
    path.write_text(text[:start] + SETTINGS, encoding="utf-8")
    return home / "dags" / "orchestrator_watch" / "dag.py"


@pytest.fixture
def storage(tmp_path: Path) -> LocalStorage:
    return LocalStorage(tmp_path / "storage")


@pytest.fixture
def aws(aws_address: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Moto's server behind the connection that the configuration names."""
    monkeypatch.setenv("AIRFLOW_CONN_AWS_WATCH", connection_to(emptied(aws_address)))
    return client_of("cloudwatch", aws_address)


def watch(dag_file: Path) -> dict[str, Any]:
    """One look."""
    return WatchOperator(task_id="watch").execute({"dag": SimpleNamespace(fileloc=str(dag_file)), "run_id": "r"})


def test_what_runs_put_down_and_the_gauges_arrive(project: Path, storage: LocalStorage, aws: Any) -> None:
    """With the user's two names; what the task saw is its result."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    emit_run(record(storage, manifest("a", finished=now)), storage, Metrics("tests", cloudwatch="aws_watch"))
    found = watch(project)
    assert found["delivered"] > 4 and found["alerts"] == []
    assert found["views"][0]["recent"] == "1"
    listed = {one["MetricName"] for one in aws.list_metrics(Namespace="LLMOrchestration")["Metrics"]}
    assert {"OrchestratorExecutionTime", "FundFactsheetSuccessRate", "OrchestratorApprovalsWaiting"} <= listed
    assert list(storage.list("metrics")) == []


def test_an_overdue_question_is_told_once_with_its_run_and_then_its_end(project: Path, storage: LocalStorage, aws: Any) -> None:
    """Three looks, two messages."""
    run, now = RunFolder(storage, FLOW, "doc_1"), datetime.now(UTC)
    note_open(run, "approve_content", ("compliance",), now - timedelta(days=2), now + timedelta(days=1))
    assert [alert["kind"] for alert in watch(project)["alerts"]] == ["approval_overdue"]
    watch(project)
    (told,) = Heard.told
    assert told.startswith(f"Alert: approval_overdue: {FLOW} | compliance has not answered approve_content of run doc_1 for 48 h")
    assert f"/dags/{FLOW}/runs/doc_1" in told
    note_closed(run, "approve_content")
    watch(project)
    assert Heard.told[1].startswith(f"Ended: approval_overdue: {FLOW} | Since ")


def test_a_channel_that_is_away_keeps_no_number_back(project: Path, storage: LocalStorage, aws: Any) -> None:
    """Everything is delivered, then the task fails with an error that is tried again, and the alert is still news."""
    now = datetime.now(UTC)
    note_open(RunFolder(storage, FLOW, "doc_1"), "approve_content", (), now - timedelta(days=2), now + timedelta(days=1))
    Heard.deaf = True
    with pytest.raises(NotificationError, match="line is down"):
        watch(project)
    assert aws.list_metrics(Namespace="LLMOrchestration")["Metrics"]
    Heard.deaf = False
    watch(project)
    assert len(Heard.told) == 1


def test_a_cloudwatch_that_is_away_keeps_no_alert_back(
    project: Path, storage: LocalStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The alert is told, then the task fails with an error that is tried again."""
    monkeypatch.setenv("AIRFLOW_CONN_AWS_WATCH", connection_to("http://127.0.0.1:9"))
    now = datetime.now(UTC)
    note_open(RunFolder(storage, FLOW, "doc_1"), "approve_content", (), now - timedelta(days=2), now + timedelta(days=1))
    with pytest.raises(MetricsOutageError):
        watch(project)
    assert len(Heard.told) == 1


def test_the_dag_is_the_same_on_every_machine() -> None:
    """Nothing in it is a path, so a new checkout is no new version; it watches every five minutes, one at a time."""
    from airflow.serialization.serialized_objects import DagSerialization

    dag = build_watch_dag()
    text = json.dumps(DagSerialization.to_dict(dag)["dag"]["tasks"])
    assert "orchestrator_watch" in dag.dag_id and str(Path(__file__).parents[4]) not in text
    assert (dag.max_active_runs, dag.catchup) == (1, False)


def test_workflows_that_come_as_releases_are_watched_too(
    root: Path, project: Path, aws: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The current release of each bundle, once; one that cannot be had is said and holds nobody up."""
    from workflow_orchestrator.definition import load_workflow
    from workflow_orchestrator.packaging.business import build_business_package
    from workflow_orchestrator.packaging.releases import Releases

    paper = "research_paper_video"
    package = build_business_package(load_workflow(root / "dags" / paper, root / "include"), "1.0.0")
    Releases(LocalStorage(tmp_path / "target"), paper).deploy(package, by="dora")
    kind = "workflow_orchestrator.bundles.ReleaseBundle"
    bundles = [
        {"name": name, "classpath": kind, "kwargs": {"target": str(tmp_path / "target"), "workflow": name}} for name in (paper, "gone")
    ]
    monkeypatch.setenv("AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST", json.dumps(bundles))
    monkeypatch.setenv("AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_STORAGE_PATH", str(tmp_path / "bundles"))
    assert {view["workflow"] for view in watch(project)["views"]} == {FLOW, paper}
