"""The table of names: what code emits is in it, what is in it is emitted."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from workflow_orchestrator.observability import names
from workflow_orchestrator.observability.names import (
    LLM_METRICS,
    METRICS,
    ORCHESTRATOR_METRICS,
    ORCHESTRATOR_SPANS,
    Metric,
)


def sources(root: Path, package: str) -> str:
    """Every line of a package but for the table itself."""
    paths = (root / "plugins" / package).rglob("*.py")
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(paths) if path.name != "names.py")


def test_the_names_of_the_user_are_there() -> None:
    """Each workflow counts under its own name."""
    assert names.EXECUTION_TIME.named("fund_factsheet_video") == "OrchestratorExecutionTime"
    assert names.SUCCESS_RATE.named("fund_factsheet_video") == "FundFactsheetSuccessRate"
    assert names.SUCCESS_RATE.named("earnings_report_video") == "EarningsReportSuccessRate"
    assert names.SUCCESS_RATE.named("sustainability") == "SustainabilitySuccessRate"


def test_every_metric_of_the_table_is_emitted(root: Path) -> None:
    """By its constant in the orchestrator, by its name in the layer of models."""
    text = sources(root, "workflow_orchestrator")
    constants = {value: name for name, value in vars(names).items() if isinstance(value, Metric)}
    assert [metric.name for metric in ORCHESTRATOR_METRICS if f"names.{constants[metric]}" not in text] == []
    layer = sources(root, "llm_orchestration")
    assert [metric.name for metric in LLM_METRICS if f'"{metric.name}"' not in layer] == []


def test_every_metric_that_is_emitted_is_in_the_table(root: Path) -> None:
    """Nothing reaches Airflow's metrics but through the table."""
    layer = sources(root, "llm_orchestration")
    emitted = set(re.findall(r'\.(?:count|timing|gauge)\(\s*"([a-z_.]+)"', layer))
    assert emitted and emitted <= {metric.name for metric in METRICS}
    text = sources(root, "workflow_orchestrator")
    assert "stats.incr(" not in text and "stats.timing(" not in text and "stats.gauge(" not in text


def test_every_span_of_the_table_is_opened_and_no_other(root: Path) -> None:
    """A span needs its constant."""
    text = sources(root, "workflow_orchestrator")
    constants = {value: name for name, value in vars(names).items() if isinstance(value, names.SpanName)}
    assert [one.name for one in ORCHESTRATOR_SPANS if f"span({constants[one]}" not in re.sub(r"span\(\s+", "span(", text)] == []
    assert text.count("start_as_current_span(") == 1


def test_a_metric_that_contradicts_itself_is_refused() -> None:
    """A split is one of its tags, and a timer counts seconds."""
    with pytest.raises(ValueError, match="none of its tags"):
        Metric("A", "counter", "Count", ("workflow",), "", split="step")
    with pytest.raises(ValueError, match="timer of Count"):
        Metric("A", "timer", "Count", (), "")
