"""Watches what the LLM layer tells: spans and numbers in memory, StatsD lines, targets on the loopback server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from llm_loopback import Server
from opentelemetry import trace
from opentelemetry.metrics import _internal as metrics_api
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import Sampler

from llm_orchestration import LLMRequest, LLMResult, Message, _telemetry_metrics
from llm_orchestration.engine import Conversation
from llm_orchestration.providers import Endpoint, OpenAICompatibleProvider
from llm_orchestration.targets import Target

KEY = "sk-loopback-0123456789"


class Traces:
    """Every span that ended, in order."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, sampler: Sampler | None = None) -> None:
        self._exporter = InMemorySpanExporter()
        self.provider = TracerProvider(sampler=sampler)
        self.provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        # The API lets a process set its provider only once.
        monkeypatch.setattr(trace, "_TRACER_PROVIDER", self.provider)
        self.tracer = self.provider.get_tracer("test")

    @property
    def spans(self) -> tuple[ReadableSpan, ...]:
        return self._exporter.get_finished_spans()

    def named(self, name: str) -> list[ReadableSpan]:
        return [span for span in self.spans if span.name == name]

    def only(self, name: str) -> ReadableSpan:
        (span,) = self.named(name)
        return span


class Numbers:
    """Airflow's metrics on OpenTelemetry, read back from memory."""

    def __init__(self) -> None:
        self._reader = InMemoryMetricReader()
        self.provider = MeterProvider(metric_readers=[self._reader])

    def all(self) -> dict[str, Any]:
        """Metric by name."""
        data = self._reader.get_metrics_data()
        if data is None:
            return {}
        return {
            metric.name: metric
            for resource in data.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
        }

    def points(self, name: str) -> list[tuple[dict[str, Any], Any]]:
        """Attributes and value, or count and sum, of each series of a metric."""
        metric = self.all().get(name)
        if metric is None:
            return []
        return [(dict(point.attributes or {}), _value(point)) for point in metric.data.data_points]

    def total(self, name: str, **attributes: str) -> float:
        return sum(value for told, value in self.points(name) if attributes.items() <= told.items())


def _value(point: Any) -> Any:
    return point.value if hasattr(point, "value") else (point.count, point.sum)


class Lines:
    """A StatsD client that keeps each line instead of sending it; the tags and names are Airflow's work."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    def incr(self, stat: str, count: int = 1, rate: float = 1) -> None:
        self.sent.append(f"{stat}:{count}|c")

    def timing(self, stat: str, delta: float, rate: float = 1) -> None:
        self.sent.append(f"{stat}:{delta}|ms")

    def starting(self, name: str) -> list[str]:
        return [line for line in self.sent if line.startswith(name)]


@contextmanager
def _backend(monkeypatch: pytest.MonkeyPatch, made: Any, **settings: str) -> Iterator[None]:
    from airflow.sdk import BaseHook  # noqa: F401 - its import sets Airflow's stats up, which must come first
    from airflow.sdk.observability import stats

    for name, value in settings.items():
        monkeypatch.setenv(f"AIRFLOW__METRICS__{name.upper()}", value)
    _telemetry_metrics._configured.cache_clear()
    stats.initialize(factory=lambda: made, export_legacy_names=True)
    try:
        yield
    finally:
        from airflow.sdk._shared.observability.metrics.base_stats_logger import NoStatsLogger

        stats.initialize(factory=NoStatsLogger, export_legacy_names=True)
        _telemetry_metrics._configured.cache_clear()


@contextmanager
def otel_numbers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Numbers]:
    """Metrics as with `[metrics] otel_on`."""
    from airflow.sdk._shared.observability.metrics.otel_logger import SafeOtelLogger

    numbers = Numbers()
    monkeypatch.setattr(metrics_api, "_METER_PROVIDER", numbers.provider)
    with _backend(monkeypatch, SafeOtelLogger(numbers.provider), otel_on="True"):
        yield numbers


@contextmanager
def statsd_lines(monkeypatch: pytest.MonkeyPatch, *, tags: bool) -> Iterator[Lines]:
    """Metrics as with `[metrics] statsd_on`, with or without InfluxDB's tags."""
    from airflow.sdk._shared.observability.metrics.statsd_logger import SafeStatsdLogger

    lines = Lines()
    logger = SafeStatsdLogger(lines, influxdb_tags_enabled=tags, statsd_influxdb_enabled=tags)
    with _backend(monkeypatch, logger, statsd_on="True", statsd_influxdb_enabled=str(tags)):
        yield lines


def question(schema: Any = None, **more: Any) -> LLMRequest:
    return LLMRequest((Message("user", "How much is it?"),), schema=schema, purpose="ask_price", **more)


def at(server: Server, model: str, connection: str = "llm_default", **more: Any) -> Target:
    """A target on the loopback server; the model's name picks its behaviour."""
    return Target(connection, OpenAICompatibleProvider(Endpoint(server.base_url, KEY)), model, **more)


def converse(*targets: Target, request: LLMRequest | None = None, **more: Any) -> LLMResult:
    return Conversation(request or question(), targets, "pricing", timedelta(seconds=5), **more).run()
