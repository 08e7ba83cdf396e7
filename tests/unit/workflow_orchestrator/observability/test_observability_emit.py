"""Numbers of a run: what is counted, over a real StatsD socket, and that nothing of it can fail or hold up a run."""

from __future__ import annotations

import json
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "history"))

from history_made import FLOW, manifest, record

from llm_orchestration import _telemetry_metrics
from workflow_orchestrator.definition.configuration import Metrics
from workflow_orchestrator.observability import names
from workflow_orchestrator.observability.emit import data_of, emit_run
from workflow_orchestrator.observability.numbers import Number, numbers_of
from workflow_orchestrator.storage import LocalStorage

pytestmark = pytest.mark.airflow
OFF = Metrics("tests")


def test_a_run_is_counted_by_the_table(tmp_path: Path) -> None:
    """Times, rate, cost, retries and findings, each with the tags that its metric has."""
    found = {number.name: number for number in numbers_of(record(LocalStorage(tmp_path), manifest("a")))}
    assert found["OrchestratorExecutionTime"].value == 300
    assert found["OrchestratorExecutionTime"].tags == {"workflow": FLOW, "outcome": "succeeded", "mode": "model"}
    assert found["FundFactsheetSuccessRate"].value == 1
    assert found["OrchestratorCostMicroUsd"].value == 12_000
    assert (found["OrchestratorApprovalTime"].value, found["OrchestratorVideoSeconds"].value) == (180, 60.5)
    assert found["OrchestratorRetries"].tags["error"] == "RateLimitError"
    assert "OrchestratorErrors" not in found
    failed = {number.name: number for number in numbers_of(record(LocalStorage(tmp_path), manifest("b", error="EncoderError")))}
    assert failed["OrchestratorErrors"].tags == {"workflow": FLOW, "step": "start_video_generation", "error": "EncoderError"}
    assert failed["FundFactsheetSuccessRate"].value == 0.5


def test_a_number_without_its_tags_is_refused() -> None:
    """One that says nothing is a mistake of the code."""
    with pytest.raises(ValueError, match="has the tags workflow, step"):
        Number(names.STEP_ATTEMPTS, 1, {"workflow": FLOW})


@contextmanager
def statsd(monkeypatch: pytest.MonkeyPatch, port: int, *, tags: bool) -> Iterator[None]:
    """Airflow's metrics through its own StatsD client to a port of this machine."""
    from airflow.sdk import BaseHook  # noqa: F401 - its import sets Airflow's stats up, which must come first
    from airflow.sdk._shared.observability.metrics.base_stats_logger import NoStatsLogger
    from airflow.sdk._shared.observability.metrics.statsd_logger import SafeStatsdLogger
    from airflow.sdk.observability import stats
    from statsd import StatsClient

    monkeypatch.setenv("AIRFLOW__METRICS__STATSD_ON", "True")
    monkeypatch.setenv("AIRFLOW__METRICS__STATSD_INFLUXDB_ENABLED", str(tags))
    _telemetry_metrics._configured.cache_clear()
    client = StatsClient(host="127.0.0.1", port=port, prefix="airflow")
    logger = SafeStatsdLogger(client, influxdb_tags_enabled=tags, statsd_influxdb_enabled=tags)
    stats.initialize(factory=lambda: logger, export_legacy_names=True)
    try:
        yield
    finally:
        stats.initialize(factory=NoStatsLogger, export_legacy_names=True)
        _telemetry_metrics._configured.cache_clear()


def lines(listener: socket.socket) -> list[str]:
    """Every datagram that has arrived."""
    found = []
    listener.setblocking(False)
    while True:
        try:
            found.append(listener.recv(4096).decode())
        except BlockingIOError:
            return found


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        (True, ["airflow.OrchestratorExecutionTime,workflow=fund_factsheet_video,outcome=succeeded,mode=model:300000", "airflow.FundFactsheetSuccessRate,workflow=fund_factsheet_video:1", "airflow.OrchestratorRetries,workflow=fund_factsheet_video,error=RateLimitError:1|c"]),  # noqa: E501
        (False, ["airflow.OrchestratorExecutionTime:300000", "airflow.FundFactsheetSuccessRate:1", "airflow.OrchestratorRetries.RateLimitError:1|c", "airflow.OrchestratorFindings.GEN-02:1|c"]),  # noqa: E501
    ],
)  # fmt: skip
def test_a_statsd_listener_receives_the_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tags: bool, expected: list[str]
) -> None:
    """With tags, and without them under names that still say what is counted."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        with statsd(monkeypatch, listener.getsockname()[1], tags=tags):
            emit_run(record(LocalStorage(tmp_path), manifest("a")), LocalStorage(tmp_path), OFF)
        got = lines(listener)
    assert [start for start in expected if not any(line.startswith(start) for line in got)] == []


def test_a_dead_listener_holds_nothing_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody listens: all of a run's numbers are through within 50 ms."""
    entry = record(LocalStorage(tmp_path), manifest("a"))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    with statsd(monkeypatch, port, tags=True):
        emit_run(entry, LocalStorage(tmp_path), OFF)
        start = time.perf_counter()
        emit_run(entry, LocalStorage(tmp_path), OFF)
        assert time.perf_counter() - start < 0.05


def test_what_goes_to_cloudwatch_is_put_down_for_the_watch(tmp_path: Path) -> None:
    """One file for each run, with the two names; a run counts there as itself, 1 or 0."""
    storage = LocalStorage(tmp_path)
    record(storage, manifest("a"))
    entry = record(storage, manifest("b", error="EncoderError"))
    emit_run(entry, storage, Metrics("tests", cloudwatch="aws_default"))
    data = {one["MetricName"]: one for one in json.loads(storage.read(f"metrics/{FLOW}/000000002.json"))["data"]}
    assert data["FundFactsheetSuccessRate"]["Value"] == 0.0
    assert data["OrchestratorExecutionTime"]["Dimensions"] == [
        {"Name": "Environment", "Value": "tests"}, {"Name": "Workflow", "Value": FLOW},
        {"Name": "Outcome", "Value": "failed"}, {"Name": "Mode", "Value": "model"},
    ]  # fmt: skip
    assert "OrchestratorFindings" not in data, "each rule would be a metric that costs money"


def test_embedded_lines_are_whole_and_read_as_the_format_says(tmp_path: Path) -> None:
    """Each line is JSON, names its metrics and has their values beside them."""
    path = tmp_path / "logs" / "emf.log"
    settings = Metrics("tests", embedded_file=str(path))
    for name in ("a", "b"):
        emit_run(record(LocalStorage(tmp_path), manifest(name)), LocalStorage(tmp_path), settings)
    told = [json.loads(line) for line in path.read_text().splitlines()]
    times = [one for one in told if "OrchestratorExecutionTime" in one]
    assert [one["OrchestratorExecutionTime"] for one in times] == [300.0, 300.0]
    (about,) = times[0]["_aws"]["CloudWatchMetrics"]
    assert about["Namespace"] == "LLMOrchestration"
    assert all(name in times[0] for one in about["Metrics"] for name in [one["Name"], *about["Dimensions"][0]])


def test_no_failure_of_counting_reaches_the_run(tmp_path: Path) -> None:
    """A file that cannot be written is said once and nothing else."""
    (tmp_path / "file").write_text("")
    settings = Metrics("tests", cloudwatch="aws_default", embedded_file=str(tmp_path / "file" / "emf.log"))
    entry = record(LocalStorage(tmp_path / "store"), manifest("a"))

    class Broken(LocalStorage):
        def write(self, key: str, data: bytes) -> str:
            raise OSError("full")

    emit_run(entry, Broken(tmp_path / "store"), settings)


def test_dimensions_without_a_value_are_left_out(tmp_path: Path) -> None:
    """CloudWatch takes no empty one."""
    entry = record(LocalStorage(tmp_path), manifest("a"))
    number = Number(names.ERRORS, 1, {"workflow": FLOW, "step": "", "error": "RunTimeoutError"})
    (datum,) = data_of([number], "tests", entry.finished)
    assert [one["Name"] for one in datum["Dimensions"]] == ["Environment", "Workflow", "Error"]
