"""Delivers numbers to Amazon CloudWatch: what runs put down in the storage, many at once, and the gauges of the watch.

A call takes up to 1,000 data (PutMetricData, API version 2010-08-01) that are at most two weeks old. What could not be delivered stays
where it is; what CloudWatch refuses for good is put aside, so that one bad datum does not stop the rest.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from workflow_orchestrator.errors import MetricsError, MetricsOutageError
from workflow_orchestrator.observability.emit import OUTBOX
from workflow_orchestrator.storage import Storage

_log = structlog.get_logger(__name__)
AT_ONCE = 1000
OLDEST = timedelta(days=14)
REFUSED = "metrics_refused"


def deliver(storage: Storage, client: Any, namespace: str, gauges: Sequence[dict[str, Any]], now: datetime) -> int:
    """Sends everything that waits, and the gauges; how many data CloudWatch took.

    Args:
        storage: where runs put their numbers down.
        client: a CloudWatch client of boto3.
        namespace: where the metrics are kept.
        gauges: further data, as `emit.data_of` makes them.
        now: data that are older than CloudWatch takes are dropped, and said.

    Raises:
        MetricsOutageError: CloudWatch does not answer; what was not sent waits.
        MetricsError: CloudWatch refuses the sender, or the gauges.
    """
    sent = 0
    for keys, data in _batches(storage, now):
        sent += _put_or_set_aside(storage, client, namespace, keys, data)
    if gauges:
        _put(client, namespace, gauges)
        sent += len(gauges)
    return sent


def _batches(storage: Storage, now: datetime) -> Iterator[tuple[list[str], list[dict[str, Any]]]]:
    keys: list[str] = []
    data: list[dict[str, Any]] = []
    for key in list(storage.list(OUTBOX)):
        own = _data(storage, key, now)
        if data and len(data) + len(own) > AT_ONCE:
            yield keys, data
            keys, data = [], []
        keys.append(key)
        data += own[:AT_ONCE]
    if keys:
        yield keys, data


def _data(storage: Storage, key: str, now: datetime) -> list[dict[str, Any]]:
    try:
        data = list(json.loads(storage.read(key))["data"])
        fresh = [one for one in data if datetime.fromisoformat(one["Timestamp"]) > now.astimezone(UTC) - OLDEST]
    except (ValueError, KeyError, TypeError) as error:
        _log.warning("metrics.unreadable", key=key, error=str(error))
        return []
    if len(fresh) < len(data):
        _log.warning("metrics.too_old", key=key, data=len(data) - len(fresh))
    return fresh


def _put_or_set_aside(storage: Storage, client: Any, namespace: str, keys: list[str], data: list[dict[str, Any]]) -> int:
    try:
        if data:
            _put(client, namespace, data)
    except MetricsError as error:
        if isinstance(error, MetricsOutageError) or not error.details.get("data"):
            raise
        if len(keys) > 1:
            # One of them is bad; the others must not wait for it.
            return sum(_put_or_set_aside(storage, client, namespace, [key], _data(storage, key, datetime.now(UTC))) for key in keys)
        _log.error("metrics.refused", key=keys[0], error=error.message)
        storage.write(keys[0].replace(OUTBOX, REFUSED, 1), storage.read(keys[0]))
        data = []
    for key in keys:
        storage.delete(key)
    return len(data)


def _put(client: Any, namespace: str, data: Sequence[dict[str, Any]]) -> None:
    from botocore.exceptions import BotoCoreError, ClientError

    typed = [{**one, "Timestamp": datetime.fromisoformat(one["Timestamp"])} for one in data]
    for start in range(0, len(typed), AT_ONCE):
        try:
            client.put_metric_data(Namespace=namespace, MetricData=typed[start : start + AT_ONCE])
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
            if status >= 500 or code in ("Throttling", "ThrottlingException", "RequestLimitExceeded"):
                raise MetricsOutageError(f"CloudWatch answered {code or status}; the numbers wait in {OUTBOX}/") from error
            about_data = code.startswith(("InvalidParameter", "MissingParameter", "ValidationError"))
            raise MetricsError(f"CloudWatch refused the numbers with {code}: {error}", data=about_data) from error
        except BotoCoreError as error:
            raise MetricsOutageError(f"CloudWatch cannot be reached ({type(error).__name__}); the numbers wait in {OUTBOX}/") from error
