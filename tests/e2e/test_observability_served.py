"""What a real run tells: its trace over OTLP, its numbers over StatsD and at CloudWatch, compared with its manifest and its history.

The watch delivers to a CloudWatch server on loopback; the run itself talks to nobody but the collector and the daemon.
"""

from __future__ import annotations

import io
import json
import shutil
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow_here import LocalAirflow
from otlp_here import Collector, StatsD, collector, statsd
from served_airflow import LONGEST, WORKFLOW, Served

from moto_here import connection_to, emptied

RUN = "observed"
WATCH = "orchestrator_watch"


@pytest.fixture(scope="module")
def aws(aws_address: str) -> str:
    """Moto's CloudWatch."""
    return emptied(aws_address)


@pytest.fixture(scope="module")
def sinks() -> Iterator[tuple[Collector, StatsD]]:
    """Where traces and numbers go."""
    with collector() as traces, statsd() as numbers:
        yield traces, numbers


@pytest.fixture(scope="module")
def ran(
    tmp_path_factory: pytest.TempPathFactory, root: Path, aws: str, sinks: tuple[Collector, StatsD]
) -> Iterator[tuple[Served, dict[str, Any]]]:
    """One factsheet through a served Airflow that tells everything, and one look of the watch."""
    place = tmp_path_factory.mktemp("observed")
    traces, numbers = sinks
    for name in (WORKFLOW, WATCH):
        shutil.copytree(root / "dags" / name, place / "project" / "dags" / name)
    shutil.copy(root / "dags" / ".airflowignore", place / "project" / "dags")
    shutil.copytree(root / "include", place / "project" / "include", ignore=shutil.ignore_patterns("samples"))
    settings = place / "project" / "include" / "orchestrator.yaml"
    settings.write_text(settings.read_text(encoding="utf-8") + "\nmetrics: {environment: tests, cloudwatch: aws_watch}\n", encoding="utf-8")
    environment = {
        "AIRFLOW__METRICS__STATSD_ON": "True",
        "AIRFLOW__METRICS__STATSD_HOST": "127.0.0.1",
        "AIRFLOW__METRICS__STATSD_PORT": str(numbers.port),
        "AIRFLOW__METRICS__STATSD_INFLUXDB_ENABLED": "True",
        "AIRFLOW__TRACES__OTEL_ON": "True",
        "OTEL_EXPORTER_OTLP_ENDPOINT": traces.url,
        "OTEL_TRACES_EXPORTER": "otlp_proto_http",
        "OTEL_PYTHON_EXPORTER_OTLP_HTTP_CREDENTIAL_PROVIDER": "genai_platform",
        "AIRFLOW_CONN_AWS_WATCH": connection_to(aws),
    }
    with LocalAirflow(place / "state", environment=environment, dags=place / "project" / "dags") as airflow:
        airflow.wait_for_dag(WORKFLOW)
        airflow.wait_for_dag(WATCH)
        served = Served(airflow, root / "include" / "samples")
        served.put("a.pdf", served.samples / "aldermoor_global_equity_en.pdf")
        served.start(RUN, document="a.pdf", approval="auto")
        state, _ = served.end(RUN)
        manifest = served.manifest(RUN)
        assert state == "success", manifest["error"]
        look = airflow.trigger(WATCH, {}, run_id="look")
        for state, _ in airflow.watch(WATCH, look, LONGEST):  # noqa: B007
            pass
        assert state == "success"
        yield served, manifest


def test_one_trace_holds_the_run_from_end_to_end(
    ran: tuple[Served, dict[str, Any]], sinks: tuple[Collector, StatsD]
) -> None:
    """Each step that ran has its span under Airflow's own, reading, drawing and filming among them; the manifest names the trace."""
    manifest, spans = ran[1], sinks[0].spans
    ours = [span for span in spans if span.trace == manifest["run"]["trace"]]
    steps = {span.attributes["step"]: span for span in ours if span.name == "orchestrator.step"}
    assert set(steps) == {step["step"] for step in manifest["steps"] if step["attempts"]}
    by_id = {span.id: span for span in ours}
    for name, span in steps.items():
        assert (span.attributes["run_id"], span.error) == (RUN, False)
        assert by_id[span.parent].name == f"worker.{name}"
    for name, step in (("document.read", "extract_factsheet_data"), ("render.slides", "generate_summary_slide"), ("render.video", "start_video_generation")):  # noqa: E501
        (inner,) = [span for span in ours if span.name == f"orchestrator.{name}"]
        assert inner.parent == steps[step].id
    told = json.dumps([span.attributes for span in ours])
    assert "Aldermoor" not in told, "a span holds nothing of a document"


def test_statsd_hears_the_run(ran: tuple[Served, dict[str, Any]], sinks: tuple[Collector, StatsD]) -> None:
    """The user's two names, and each step's attempts as the manifest has them."""
    manifest, heard = ran[1], sinks[1]
    (line,) = heard.starting(f"airflow.OrchestratorExecutionTime,workflow={WORKFLOW},outcome=succeeded,mode=offline:")
    started, finished = (datetime.fromisoformat(manifest["run"][key]) for key in ("started", "finished"))
    assert float(line.rpartition(":")[2].partition("|")[0]) == pytest.approx((finished - started).total_seconds() * 1000, abs=1)
    assert heard.starting(f"airflow.FundFactsheetSuccessRate,workflow={WORKFLOW}:1")
    for step in manifest["steps"]:
        told = heard.starting(f"airflow.OrchestratorStepAttempts,workflow={WORKFLOW},step={step['step']}:")
        assert [line.rpartition(":")[2] for line in told] == ([f"{len(step['attempts'])}|c"] if step["attempts"] else [])
    assert heard.starting(f"airflow.OrchestratorApprovalsWaiting,workflow={WORKFLOW}:0")


def test_cloudwatch_has_the_two_names(ran: tuple[Served, dict[str, Any]], aws: str) -> None:
    """Delivered by the watch, with the run's own time."""
    import boto3

    manifest, now = ran[1], datetime.now(UTC)
    client = boto3.client("cloudwatch", endpoint_url=aws, region_name="eu-central-1", aws_access_key_id="k", aws_secret_access_key="s")

    def average(name: str, **more: str) -> float:
        found = client.get_metric_statistics(
            Namespace="LLMOrchestration", MetricName=name, Period=3600, StartTime=now - timedelta(hours=1),
            EndTime=now + timedelta(hours=1), Statistics=["Average"],
            Dimensions=[{"Name": key, "Value": value} for key, value in {"Environment": "tests", "Workflow": WORKFLOW, **more}.items()],
        )  # fmt: skip
        (point,) = found["Datapoints"]
        return float(point["Average"])

    assert average("FundFactsheetSuccessRate") == 1.0
    started, finished = (datetime.fromisoformat(manifest["run"][key]) for key in ("started", "finished"))
    assert average("OrchestratorExecutionTime", Outcome="succeeded", Mode="offline") == (finished - started).total_seconds()


def test_the_history_of_the_storage_knows_the_run(
    ran: tuple[Served, dict[str, Any]], root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without Airflow's database: listed, explained down to a page, and proven; a changed manifest is found."""
    sys.path.insert(0, str(root / "plugins"))
    from workflow_orchestrator.authoring.cli import main

    served, manifest = ran
    monkeypatch.setenv("GENAI_PLATFORM_STORAGE", str(served.airflow.storage))

    def told(*arguments: str) -> tuple[int, str]:
        out = io.StringIO()
        return main([*arguments], out=out, err=io.StringIO(), stdin=io.StringIO()), out.getvalue()

    (row,) = json.loads(told("history", WORKFLOW, "--json")[1])["runs"]
    assert (row["run_id"], row["outcome"], row["document"]) == (RUN, "succeeded", "a.pdf")
    assert row["requested_by"] == manifest["run"]["triggered_by"]
    code, text = told("why", RUN, "64.96")
    assert code == 0 and "performance_data.5y = 64.96 %" in text and "on page 1" in text
    assert told("verify", WORKFLOW)[0] == 0
    path = served.folder(RUN) / "manifest.json"
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"64.96", b"74.96"))
    try:
        assert told("verify", WORKFLOW)[0] == 1
    finally:
        path.write_bytes(whole)
