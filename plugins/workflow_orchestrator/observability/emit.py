"""Sends numbers: through Airflow's own metrics at once, and to CloudWatch by a file that the watch delivers, or by a log line.

Nothing here waits for a network and nothing here can fail a run. A StatsD line is one datagram, OpenTelemetry exports in the
background, and what is meant for CloudWatch is put down in the storage: the SDK alone would take longer to import than most steps take,
and an AWS that is away would hold up every run at its end.
"""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from llm_orchestration.telemetry import metrics
from workflow_orchestrator.canonical import to_bytes
from workflow_orchestrator.observability import names
from workflow_orchestrator.observability.numbers import Number, numbers_of

if TYPE_CHECKING:
    from workflow_orchestrator.definition.configuration import Metrics
    from workflow_orchestrator.history.entry import Entry
    from workflow_orchestrator.storage import Storage

_log = structlog.get_logger(__name__)
OUTBOX = "metrics"
"""Below it lie the data that are not at CloudWatch yet, a file for each run."""


def emit_run(entry: Entry, storage: Storage, settings: Metrics) -> None:
    """Counts a run that was just entered into the history."""
    numbers = _guarded(lambda: list(numbers_of(entry))) or []
    _guarded(lambda: send(numbers))
    data = _guarded(lambda: data_of(numbers, settings.environment, entry.finished)) or []
    _own_success(data, entry)
    if settings.cloudwatch:
        key = f"{OUTBOX}/{entry.workflow}/{entry.serial:09d}.json"
        _guarded(lambda: storage.write(key, to_bytes({"format": 1, "data": data})))
    if settings.embedded_file:
        _guarded(lambda: write_embedded(Path(str(settings.embedded_file)), settings.namespace, data))


def _own_success(data: list[dict[str, Any]], entry: Entry) -> None:
    """In CloudWatch a run counts as itself: the average over any period is the rate of that period."""
    rate = names.SUCCESS_RATE.named(entry.workflow)
    for datum in data:
        if datum["MetricName"] == rate:
            datum["Value"] = 0.0 if entry.facts["outcome"] == "failed" else 1.0


def send(numbers: Iterable[Number]) -> None:
    """Through whatever Airflow's metrics run on in this process; nothing where they are off."""
    sink = metrics()
    if sink is None:
        return
    for number in numbers:
        metric, tags = number.metric, dict(number.tags)
        if metric.kind == "timer":
            sink.timing(number.name, number.value, tags=tags, split=metric.split)
        elif metric.kind == "gauge":
            sink.gauge(number.name, number.value, tags=tags, split=metric.split)
        else:
            sink.count(number.name, round(number.value), tags=tags, split=metric.split)


def data_of(numbers: Sequence[Number], environment: str, at: datetime) -> list[dict[str, Any]]:
    """What CloudWatch takes: the metrics that go there, as `MetricDatum` of its API, JSON-safe."""
    return [
        {
            "MetricName": number.name,
            "Dimensions": [
                {"Name": "Environment", "Value": environment},
                *({"Name": names.capitals(tag), "Value": number.tags[tag]} for tag in number.metric.tags if number.tags[tag]),
            ],
            "Timestamp": at.isoformat(),
            "Value": number.value,
            "Unit": "Count" if number.metric.unit == "USD" else number.metric.unit,
        }
        for number in numbers
        if number.metric.cloudwatch
    ]


def write_embedded(path: Path, namespace: str, data: Sequence[dict[str, Any]]) -> None:
    """Lines of CloudWatch's embedded metric format at the end of a file that its agent reads, one for each set of dimensions."""
    sets: dict[str, list[dict[str, Any]]] = {}
    for datum in data:
        sets.setdefault(json.dumps(datum["Dimensions"]), []).append(datum)
    lines = [json.dumps(_embedded(namespace, same), separators=(",", ":")) for same in sets.values()]
    path.parent.mkdir(parents=True, exist_ok=True)
    # One write of whole lines: the lines of two processes do not mix.
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(handle, ("\n".join(lines) + "\n").encode())
    finally:
        os.close(handle)


def _embedded(namespace: str, data: Sequence[dict[str, Any]]) -> dict[str, Any]:
    dimensions = {one["Name"]: one["Value"] for one in data[0]["Dimensions"]}
    about = {
        "Timestamp": int(datetime.fromisoformat(data[0]["Timestamp"]).timestamp() * 1000),
        "CloudWatchMetrics": [
            {
                "Namespace": namespace,
                "Dimensions": [list(dimensions)],
                "Metrics": [{"Name": one["MetricName"], "Unit": one["Unit"]} for one in data],
            }
        ],
    }
    return {"_aws": about, **dimensions, **{one["MetricName"]: one["Value"] for one in data}}


def _guarded(work: Any) -> Any:
    """Lets no failure of the counting reach the run."""
    try:
        return work()
    except Exception as error:  # noqa: BLE001 - a backend, a disk, a setting: none is worth a run
        _note_trouble(type(error).__name__, str(error))
        return None


@functools.cache
def _note_trouble(error: str, message: str) -> None:
    _log.warning("metrics.not_sent", error=error, message=message)
