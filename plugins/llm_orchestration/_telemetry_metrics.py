"""The numbers of the layer, through whatever Airflow's own metrics run on.

Airflow chooses one backend per process, in this order: `[metrics] statsd_datadog_enabled`, `statsd_on`, `otel_on`. Its
task side (`airflow.sdk.observability.stats`) is set up where a task starts and where `airflow.sdk` is imported, so in a
task's process and in the triggerer alike; outside Airflow there is none and nothing is counted.

| | OpenTelemetry | Datadog | StatsD with `statsd_influxdb_enabled` | StatsD |
|---|---|---|---|---|
| `llm.*` counters | `airflow.llm.calls` with attributes | tags | `airflow.llm.calls,route=…` | `airflow.llm.calls.answered` |
| `gen_ai.client.token.usage` | histogram, `{token}` | counter | counter | counter, `….input` and `….output` |
| `gen_ai.client.operation.duration` | histogram, `s` | timer, ms | timer, ms | timer, ms |

Plain StatsD has no tags and Airflow drops them without a word; the one that splits a number is then part of its name.
StatsD has no histogram of plain numbers, so tokens are added up there. A tag with a comma or an equals sign would be
dropped, and a colon, as in many model ids, ends a StatsD name; both become `_`.

With OpenTelemetry the two histograms have the conventions' names, units and bucket boundaries and no prefix of Airflow's.
Airflow's meter provider overrides the boundaries of every histogram by exponential buckets; in any other provider they
hold. `metrics_allow_list` and `metrics_block_list` rule everything that goes through Airflow, so not these two.

Attributes are few: route, provider, model, connection, outcome. Never a run, a task or anything that a model said.
"""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Mapping
from typing import Any, Literal

from llm_orchestration._telemetry_spans import SCOPE, TOKEN_TYPE

TOKEN_USAGE = "gen_ai.client.token.usage"
OPERATION_DURATION = "gen_ai.client.operation.duration"

# Both from the GenAI metric conventions.
TOKEN_BUCKETS = tuple(4**power for power in range(14))
DURATION_BUCKETS = tuple(round(0.01 * 2**power, 2) for power in range(14))

Backend = Literal["otel", "tags", "names"]

_UNSAFE = re.compile(r"[^A-Za-z0-9_.\-/]")


class Metrics:
    """Airflow's metrics as they are configured in this process.

    Args:
        backend: `otel`; `tags` for Datadog and for StatsD with tags; `names` for plain StatsD.
    """

    def __init__(self, backend: Backend) -> None:
        from airflow.sdk.observability import stats

        self._backend = backend
        self._stats = stats
        self._instruments: tuple[Any, Any, Any] | None = None

    def count(self, name: str, value: int = 1, *, tags: Mapping[str, str | None], split: str | None = None) -> None:
        """Adds to a counter.

        Args:
            name: Name without Airflow's prefix.
            value: How much, from 0.
            tags: What tells this count from others; `None` is left out.
            split: The tag that becomes part of the name where there are no tags.
        """
        safe = self._safe(tags)
        self._stats.incr(self._named(name, safe, split), value, tags=safe)

    def timing(self, name: str, seconds: float, *, tags: Mapping[str, str | None], split: str | None = None) -> None:
        """Records how long something took; Airflow's timers count in milliseconds."""
        safe = self._safe(tags)
        self._stats.timing(self._named(name, safe, split), seconds * 1000, tags=safe)

    def gauge(self, name: str, value: float, *, tags: Mapping[str, str | None], split: str | None = None) -> None:
        """Sets what something is now."""
        safe = self._safe(tags)
        self._stats.gauge(self._named(name, safe, split), value, tags=safe)

    def tokens(self, kind: Literal["input", "output"], count: int, attributes: Mapping[str, Any]) -> None:
        """Records the tokens of one request."""
        told = {**attributes, TOKEN_TYPE: kind}
        if self._backend == "otel":
            self._histograms()[0].record(count, told)
        else:
            self.count(TOKEN_USAGE, count, tags={name: str(value) for name, value in told.items()}, split=TOKEN_TYPE)

    def duration(self, seconds: float, attributes: Mapping[str, Any]) -> None:
        """Records how long a call took."""
        if self._backend == "otel":
            self._histograms()[1].record(seconds, dict(attributes))
        else:
            self.timing(OPERATION_DURATION, seconds, tags={name: str(value) for name, value in attributes.items()})

    def _safe(self, tags: Mapping[str, str | None]) -> dict[str, str]:
        known = {name: value for name, value in tags.items() if value is not None}
        if self._backend == "otel":
            return known
        return {name: _UNSAFE.sub("_", value) for name, value in known.items()}

    def _named(self, name: str, tags: Mapping[str, str], split: str | None) -> str:
        if self._backend != "names" or split is None:
            return name
        return f"{name}.{tags[split].replace('.', '_')}"

    def _histograms(self) -> tuple[Any, Any]:
        from opentelemetry import metrics

        # A forked child inherits the parent's meter provider, whose exporting thread is dead, until Airflow builds the
        # child's own on the first use of its stats. A nameless timer is such a use and records nothing.
        self._stats.timer()
        provider = metrics.get_meter_provider()
        if self._instruments is None or self._instruments[0] is not provider:
            self._instruments = (provider, *_new_histograms(provider.get_meter(SCOPE)))
        return self._instruments[1], self._instruments[2]


def _new_histograms(meter: Any) -> tuple[Any, Any]:
    return (
        meter.create_histogram(
            TOKEN_USAGE,
            unit="{token}",
            description="Tokens of one request.",
            explicit_bucket_boundaries_advisory=TOKEN_BUCKETS,
        ),
        meter.create_histogram(
            OPERATION_DURATION,
            unit="s",
            description="Time of one call, without waiting for a turn.",
            explicit_bucket_boundaries_advisory=DURATION_BUCKETS,
        ),
    )


def metrics() -> Metrics | None:
    """Where numbers go in this process, `None` when Airflow is not here or counts nothing."""
    return _configured() if "airflow.sdk" in sys.modules else None


@functools.cache
def _configured() -> Metrics | None:
    from airflow.sdk.configuration import conf

    def on(option: str, *, fallback: bool = False) -> bool:
        return bool(conf.getboolean("metrics", option, fallback=fallback))

    if on("statsd_datadog_enabled"):
        return Metrics("tags" if on("statsd_datadog_metrics_tags", fallback=True) else "names")
    if on("statsd_on"):
        return Metrics("tags" if on("statsd_influxdb_enabled") else "names")
    return Metrics("otel") if on("otel_on") else None
