"""Numbers at CloudWatch: over a real server, in batches, nothing lost while it is away."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from moto_here import client_of, emptied

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "history"))

from history_made import FLOW, manifest, record

from workflow_orchestrator.definition.configuration import Metrics
from workflow_orchestrator.errors import MetricsError, MetricsOutageError
from workflow_orchestrator.observability.cloudwatch import deliver
from workflow_orchestrator.observability.emit import emit_run
from workflow_orchestrator.storage import LocalStorage

ON = Metrics("tests", cloudwatch="aws_default")


@pytest.fixture
def address(aws_address: str) -> str:
    """Moto's server, with nothing in it."""
    return emptied(aws_address)


def client_at(address: str) -> Any:
    from botocore.config import Config

    config = Config(connect_timeout=1, read_timeout=5, retries={"total_max_attempts": 1})
    return client_of("cloudwatch", address, config=config)


def put_down(storage: LocalStorage, *outcomes: str | None) -> datetime:
    """Runs that ended just now, with or without an error."""
    now = datetime.now(UTC)
    for number, error in enumerate(outcomes):
        finished = (now - timedelta(minutes=1)).isoformat(timespec="seconds")
        emit_run(record(storage, manifest(f"run{number}", error=error, finished=finished)), storage, ON)
    return now


def statistics(client: Any, name: str, **dimensions: str) -> dict[str, Any]:
    now = datetime.now(UTC)
    found = client.get_metric_statistics(
        Namespace="LLMOrchestration", MetricName=name, Period=3600, StartTime=now - timedelta(hours=1), EndTime=now + timedelta(hours=1),
        Statistics=["Average", "SampleCount", "Sum"], Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
    )  # fmt: skip
    (point,) = found["Datapoints"]
    return dict(point)


def test_the_two_names_arrive_and_the_average_is_the_rate(tmp_path: Path, address: str) -> None:
    """Four runs, one of them failed: 0.75; what was delivered does not wait any more."""
    storage, client = LocalStorage(tmp_path), client_at(address)
    now = put_down(storage, None, None, None, "EncoderError")
    assert deliver(storage, client, "LLMOrchestration", [], now) > 8
    rate = statistics(client, "FundFactsheetSuccessRate", Environment="tests", Workflow=FLOW)
    assert (rate["Average"], rate["SampleCount"]) == (0.75, 4)
    time = statistics(
        client, "OrchestratorExecutionTime", Environment="tests", Workflow=FLOW, Outcome="succeeded", Mode="model"
    )
    assert time["SampleCount"] == 3 and time["Average"] > 0
    assert list(storage.list("metrics")) == []
    assert deliver(storage, client, "LLMOrchestration", [], now) == 0


def test_nothing_is_lost_while_cloudwatch_is_away(tmp_path: Path, address: str) -> None:
    """An outage is an error that is tried again; then everything arrives."""
    storage = LocalStorage(tmp_path)
    now = put_down(storage, None, None)
    with pytest.raises(MetricsOutageError, match="cannot be reached"):
        deliver(storage, client_at("http://127.0.0.1:9"), "LLMOrchestration", [], now)
    assert len(list(storage.list("metrics"))) == 2
    client = client_at(address)
    deliver(storage, client, "LLMOrchestration", [], now)
    assert statistics(client, "FundFactsheetSuccessRate", Environment="tests", Workflow=FLOW)["SampleCount"] == 2


class Refusing:
    """A client that refuses one metric's name, as CloudWatch refuses a bad datum; or the sender."""

    def __init__(self, code: str, name: str = "") -> None:
        self.code, self.name, self.taken = code, name, 0

    def put_metric_data(self, Namespace: str, MetricData: list[dict[str, Any]]) -> None:  # noqa: N803 - the API's words
        from botocore.exceptions import ClientError

        if not self.name or any(one["MetricName"] == self.name for one in MetricData):
            response: Any = {"Error": {"Code": self.code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": 400}}
            raise ClientError(response, "PutMetricData")
        self.taken += len(MetricData)


def test_a_bad_datum_stops_only_itself(tmp_path: Path) -> None:
    """Its file is put aside, the others are delivered."""
    storage = LocalStorage(tmp_path)
    now = put_down(storage, None, "EncoderError", None)
    client = Refusing("InvalidParameterValue", "OrchestratorErrors")
    assert deliver(storage, client, "LLMOrchestration", [], now) == client.taken > 0
    assert list(storage.list("metrics")) == []
    assert list(storage.list("metrics_refused")) == [f"metrics_refused/{FLOW}/000000002.json"]


def test_a_refused_sender_is_told_and_loses_nothing(tmp_path: Path) -> None:
    """Permissions are mended by a person; the numbers wait."""
    storage = LocalStorage(tmp_path)
    now = put_down(storage, None)
    with pytest.raises(MetricsError, match="AccessDenied") as refused:
        deliver(storage, Refusing("AccessDenied"), "LLMOrchestration", [], now)
    assert not isinstance(refused.value, MetricsOutageError)
    assert len(list(storage.list("metrics"))) == 1


def test_what_is_too_old_or_unreadable_holds_nobody_up(tmp_path: Path, address: str) -> None:
    """CloudWatch takes two weeks; the rest is dropped with a word in the log."""
    storage = LocalStorage(tmp_path)
    emit_run(record(storage, manifest("old", finished="2026-01-01T00:00:00+00:00")), storage, ON)
    storage.write("metrics/w/000000009.json", b"{")
    assert deliver(storage, client_at(address), "LLMOrchestration", [], datetime.now(UTC)) == 0
    assert list(storage.list("metrics")) == []
