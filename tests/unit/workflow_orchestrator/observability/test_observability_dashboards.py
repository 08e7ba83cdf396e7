"""Dashboards and table agree: every metric is on one, and none shows what nobody emits."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from workflow_orchestrator.observability import names
from workflow_orchestrator.observability.dashboards import (
    PANELS,
    Panel,
    cloudwatch,
    grafana,
    prometheus_name,
    prometheus_query,
)
from workflow_orchestrator.observability.names import METRICS


def test_every_metric_is_on_the_dashboard_and_no_other() -> None:
    """As objects of the table, so that a name cannot be mistyped."""
    assert {panel.metric for panel in PANELS} == set(METRICS)


def test_every_number_that_goes_to_cloudwatch_is_on_its_dashboard() -> None:
    """Under the name and the dimensions with which it is sent."""
    widgets = cloudwatch(["fund_factsheet_video"], "production", "eu-central-1")["widgets"]
    shown = set()
    for (first, *rest) in (line for widget in widgets for line in widget["properties"]["metrics"]):
        shown.add(rest[0] if rest else re.search(r'MetricName="(\w+)"', first["expression"])[1])
    assert shown == {metric.named("fund_factsheet_video") for metric in METRICS if metric.cloudwatch}


def test_queries_name_what_prometheus_stores() -> None:
    """Small letters, the unit behind timers, `_total` behind counters; only labels that the metric has."""
    assert prometheus_name(names.EXECUTION_TIME) == "airflow_orchestratorexecutiontime_milliseconds"
    assert prometheus_name(names.EXECUTIONS) == "airflow_orchestratorexecutions_total"
    assert re.fullmatch(prometheus_name(names.SUCCESS_RATE), "airflow_fundfactsheetsuccessrate")
    slow = next(panel for panel in PANELS if panel.title == "Run, slowest 5 %")
    assert prometheus_query(slow) == (
        'histogram_quantile(0.95, sum by (workflow) (rate(airflow_orchestratorexecutiontime_milliseconds{workflow=~"$workflow"}'
        "[$__rate_interval])))"
    )


def test_panels_do_not_lie_on_each_other() -> None:
    """Grafana shows each at its own place, within 24 columns."""
    taken: set[tuple[int, int]] = set()
    for panel in grafana()["panels"]:
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not cells & taken and max(x for x, _ in cells) < 24
        taken |= cells
    assert len({panel["id"] for panel in grafana()["panels"]}) == len(grafana()["panels"])


def test_the_files_are_as_the_table_is(root: Path) -> None:
    """`scripts/make_dashboards.py` wrote them."""
    workflows = sorted(path.parent.name for path in (root / "dags").glob("*/workflow.yaml"))
    folder = root / "deploy" / "dashboards"
    assert json.loads((folder / "grafana.json").read_text()) == grafana()
    assert json.loads((folder / "cloudwatch.json").read_text()) == cloudwatch(workflows, "production", "eu-central-1")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [((names.EXECUTIONS, "sum", ("step",)), "no tag step"), ((names.EXECUTION_TIME, "sum", ()), "not shown as sum")],
)
def test_a_panel_that_contradicts_its_metric_is_refused(arguments: tuple[Any, ...], says: str) -> None:
    """Before anybody sees an empty picture."""
    with pytest.raises(ValueError, match=says):
        Panel("x", *arguments)
