"""The dashboards of operators as data, built from the table of names: Grafana over Prometheus, and CloudWatch.

    names.py ─► PANELS ─┬─ grafana() ─────► deploy/dashboards/grafana.json      metrics by OpenTelemetry, through the collector
                        └─ cloudwatch() ──► deploy/dashboards/cloudwatch.json   what the watch delivers

Prometheus takes OpenTelemetry's metrics under names of its own: small letters, `_` for what is no letter, `_total` behind counters
and the unit behind histograms (Prometheus 3, its receiver for OTLP). Airflow's timers are exponential histograms in milliseconds, which
Prometheus keeps as native histograms.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from llm_orchestration._telemetry_metrics import OPERATION_DURATION, TOKEN_USAGE
from workflow_orchestrator.observability import names
from workflow_orchestrator.observability.names import LLM_METRICS, WORKFLOW_NAME, Metric

Shown = Literal["rate", "sum", "share", "median", "slow", "last"]
"""How a panel sums up: per hour, over the chosen time, success of all, 50th and 95th percentile, the newest value."""

PREFIX = "airflow"
NAMESPACE = "LLMOrchestration"


@dataclass(frozen=True, slots=True)
class Panel:
    """One picture: a metric, how it is summed up, by which of its tags it is divided, and the unit as Grafana calls it."""

    title: str
    metric: Metric
    shown: Shown
    by: tuple[str, ...]
    unit: str = "short"
    wide: int = 8

    def __post_init__(self) -> None:
        if not set(self.by) <= set(self.metric.tags):
            raise ValueError(f"{self.title}: {self.metric.name} has no tag {', '.join(set(self.by) - set(self.metric.tags))}")
        fits = {"timer": ("median", "slow"), "gauge": ("last",), "counter": ("rate", "sum", "share")}
        if self.shown not in fits[self.metric.kind]:
            raise ValueError(f"{self.title}: a {self.metric.kind} is not shown as {self.shown}")


_LLM = {metric.name: metric for metric in LLM_METRICS}

ROWS: dict[str, tuple[Panel, ...]] = {
    "Is it well?": (
        Panel("Success of the last 50 runs", names.SUCCESS_RATE, "last", ("workflow",), "percentunit", 6),
        Panel("Runs by outcome", names.EXECUTIONS, "sum", ("outcome",), wide=6),
        Panel("Questions open", names.APPROVALS_WAITING, "last", ("workflow",), wide=6),
        Panel("Alerts", names.ALERTS, "last", ("alert", "workflow"), wide=6),
        Panel("Success in the chosen time", names.EXECUTIONS, "share", ("workflow",), "percentunit"),
        Panel("Oldest question", names.APPROVAL_AGE, "last", ("workflow",), "s"),
        Panel("Documents without a run", names.INBOX_WAITING, "last", ("workflow",)),
        Panel("Oldest of them", names.INBOX_AGE, "last", ("workflow",), "s"),
        Panel("Errors that ended runs", names.ERRORS, "sum", ("error",)),
        Panel("Video made", names.VIDEO_SECONDS, "sum", ("workflow",), "s"),
    ),
    "Where does time go?": (
        Panel("Run, slowest 5 %", names.EXECUTION_TIME, "slow", ("workflow",), "ms"),
        Panel("Step, slowest 5 %", names.STEP_TIME, "slow", ("step",), "ms"),
        Panel("People, median", names.APPROVAL_TIME, "median", ("workflow",), "ms"),
        Panel("Attempts of steps", names.STEP_ATTEMPTS, "rate", ("step",)),
        Panel("Tried again, by error", names.RETRIES, "sum", ("error",)),
        Panel("Findings by rule", names.FINDINGS, "sum", ("rule",)),
    ),
    "What do models do and cost?": (
        Panel("Cost of runs, millionths of a dollar", names.COST, "sum", ("workflow",)),
        Panel("Calls by outcome", _LLM["llm.calls"], "rate", ("outcome",)),
        Panel("Call, slowest 5 %", _LLM[OPERATION_DURATION], "slow", (), "s"),
        Panel("Tokens", _LLM[TOKEN_USAGE], "rate", ("gen_ai.token.type",)),
        Panel("Cost of calls by route, millionths of a dollar", _LLM["llm.cost.micro_usd"], "sum", ("route",)),
        Panel("Went on to the next target", _LLM["llm.failovers"], "rate", ("connection",)),
        Panel("Answers from the journal", _LLM["llm.journal.hits"], "rate", ("route",)),
        Panel("Waited for a turn", _LLM["llm.gate.waits"], "rate", ("connection",)),
        Panel("How long, slowest 5 %", _LLM["llm.gate.waited"], "slow", ("connection",), "ms"),
        Panel("Refused by a budget", _LLM["llm.budget.refusals"], "rate", ("route",)),
        Panel("Circuits opened", _LLM["llm.circuit.opened"], "sum", ("model",)),
    ),
}
PANELS = tuple(panel for row in ROWS.values() for panel in row)


def prometheus_name(metric: Metric) -> str:
    """What Prometheus calls a metric; of `<Workflow>SuccessRate` a pattern of all of them."""
    own = metric.name.startswith("gen_ai.")
    name = metric.name if own else f"{PREFIX}.{metric.name}"
    if WORKFLOW_NAME in name:
        return re.escape(PREFIX) + "_.+" + name.partition(WORKFLOW_NAME)[2].lower()
    name = re.sub(r"[^a-z0-9_]", "_", name.lower())
    if metric.name == TOKEN_USAGE:
        return name  # a histogram whose unit `{token}` is no part of its name
    suffix = {"counter": "_total", "timer": "_seconds" if own else "_milliseconds", "gauge": ""}
    return name + suffix[metric.kind]


def prometheus_query(panel: Panel) -> str:
    """The panel in PromQL, over Grafana's chosen time."""
    name = prometheus_name(panel.metric)
    by = ", ".join(_label(tag) for tag in panel.by)
    chosen = '{workflow=~"$workflow"}' if "workflow" in panel.metric.tags else ""
    if panel.metric.name == TOKEN_USAGE:
        return f"sum by ({by}) (histogram_sum(rate({name}[$__rate_interval]))) * 3600"
    if panel.shown in ("median", "slow"):
        quantile = "0.5" if panel.shown == "median" else "0.95"
        return f"histogram_quantile({quantile}, sum by ({by}) (rate({name}{chosen}[$__rate_interval])))"
    if panel.shown == "last":
        if WORKFLOW_NAME in panel.metric.name:
            return f'last_over_time({{__name__=~"{name}", workflow=~"$workflow"}}[$__range])'
        return f"max by ({by}) (last_over_time({name}{chosen}[$__range]))"
    if panel.shown == "share":
        good = chosen.replace("{", '{outcome!="failed", ')
        total = f"sum by ({by}) (increase({name}{chosen}[$__range]))"
        return f"sum by ({by}) (increase({name}{good}[$__range])) / {total}"
    if panel.shown == "sum":
        return f"sum by ({by}) (increase({name}{chosen}[$__range]))"
    return f"sum by ({by}) (rate({name}{chosen}[$__rate_interval])) * 3600"


def _label(tag: str) -> str:
    return tag.replace(".", "_")


def grafana() -> dict[str, Any]:
    """The dashboard as Grafana imports or provisions it; the Prometheus is chosen at its top, the default one at first."""
    return {
        "uid": "genai-platform",
        "title": "genai-platform",
        "description": "Made by scripts/make_dashboards.py from observability/dashboards.py; do not edit.",
        "tags": ["genai-platform"],
        "schemaVersion": 39,
        "timezone": "browser",
        "refresh": "1m",
        "time": {"from": "now-24h", "to": "now"},
        "templating": {"list": [_data_source(), _variable()]},
        "panels": list(_grafana_panels()),
    }


def _data_source() -> dict[str, Any]:
    # A variable and not an input of the import: a file that Grafana is provisioned with has nobody who could answer.
    return {"name": "DS_PROMETHEUS", "label": "Prometheus", "type": "datasource", "query": "prometheus", "refresh": 1, "current": {}}


def _variable() -> dict[str, Any]:
    query = f"label_values({prometheus_name(names.EXECUTIONS)}, workflow)"
    return {
        "name": "workflow", "label": "Workflow", "type": "query", "multi": True, "includeAll": True, "allValue": ".*",
        "datasource": _SOURCE, "query": {"query": query, "refId": "workflow"}, "refresh": 2,
        "current": {"text": "All", "value": "$__all"},
    }  # fmt: skip


_SOURCE = {"type": "prometheus", "uid": "${DS_PROMETHEUS}"}
_HEIGHT = 7
_WIDTH = 24


def _grafana_panels() -> Iterator[dict[str, Any]]:
    y, number = 0, 0
    for row, panels in ROWS.items():
        number += 1
        place = {"h": 1, "w": _WIDTH, "x": 0, "y": y}
        yield {"id": number, "type": "row", "title": row, "collapsed": False, "gridPos": place, "panels": []}
        y += 1
        x = 0
        for panel in panels:
            if x + panel.wide > _WIDTH:
                x, y = 0, y + _HEIGHT
            number += 1
            yield _grafana_panel(panel, number, {"h": _HEIGHT, "w": panel.wide, "x": x, "y": y})
            x += panel.wide
        y += _HEIGHT


def _grafana_panel(panel: Panel, number: int, place: dict[str, int]) -> dict[str, Any]:
    single = panel.shown in ("sum", "share", "last")
    legend = " · ".join(f"{{{{{_label(tag)}}}}}" for tag in panel.by) or "all"
    target = {
        "refId": "A", "datasource": _SOURCE, "expr": prometheus_query(panel), "legendFormat": legend, "instant": single,
        "range": not single,
    }  # fmt: skip
    defaults: dict[str, Any] = {"unit": panel.unit, "decimals": 0 if panel.unit == "short" and single else None, "noValue": "–"}
    if panel.unit == "percentunit":
        steps = [{"color": "red", "value": None}, {"color": "orange", "value": 0.9}, {"color": "green", "value": 0.99}]
        defaults |= {"min": 0, "max": 1, "thresholds": {"mode": "absolute", "steps": steps}}
    kind = ("stat" if panel.wide < 8 or panel.unit == "percentunit" else "bargauge") if single else "timeseries"
    return {
        "id": number, "type": kind, "title": panel.title, "description": panel.metric.says, "datasource": _SOURCE,
        "gridPos": place, "targets": [target], "fieldConfig": {"defaults": defaults, "overrides": []}, "options": _OPTIONS[kind],
    }  # fmt: skip


_OPTIONS: dict[str, dict[str, Any]] = {
    "timeseries": {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi", "sort": "desc"}},
    "stat": {"colorMode": "value", "graphMode": "none", "textMode": "auto", "reduceOptions": {"calcs": ["lastNotNull"]}},
    "bargauge": {"displayMode": "basic", "orientation": "horizontal", "reduceOptions": {"calcs": ["lastNotNull"]}},
}


def cloudwatch(workflows: Sequence[str], environment: str, region: str) -> dict[str, Any]:
    """The body of a CloudWatch dashboard, as PutDashboard takes it; `workflows` are those whose success rate is shown."""
    panels = [panel for panel in PANELS if panel.metric.cloudwatch]
    widgets = []
    for number, panel in enumerate(panels):
        rate = WORKFLOW_NAME in panel.metric.name
        metrics: list[Any] = [_rate(name, environment) for name in workflows] if rate else [[{"expression": _search(panel, environment)}]]
        properties = {
            "title": panel.title, "region": region, "view": "timeSeries", "stat": _STATISTIC[panel.shown], "period": 300,
            "metrics": metrics,
        }  # fmt: skip
        if rate:
            properties["yAxis"] = {"left": {"min": 0, "max": 1}}
        widgets.append(
            {"type": "metric", "x": number % 3 * 8, "y": number // 3 * 6, "width": 8, "height": 6, "properties": properties}
        )
    return {"start": "-P1D", "widgets": widgets}


_STATISTIC: dict[Shown, str] = {"rate": "Sum", "sum": "Sum", "share": "Sum", "median": "p50", "slow": "p95", "last": "Maximum"}


def _rate(workflow: str, environment: str) -> list[Any]:
    name = names.SUCCESS_RATE.named(workflow)
    dimensions = ["Environment", environment, "Workflow", workflow]
    return [NAMESPACE, name, *dimensions, {"stat": "Average", "label": workflow}]


def _search(panel: Panel, environment: str) -> str:
    schema = ",".join([NAMESPACE, "Environment", *(names.capitals(tag) for tag in panel.metric.tags)])
    words = f'MetricName="{panel.metric.name}" Environment="{environment}"'
    return f"SEARCH('{{{schema}}} {words}', '{_STATISTIC[panel.shown]}', 300)"
