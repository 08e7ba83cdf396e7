"""Every metric and every span of the platform, in one table: what code may emit, and what dashboards and alerts are built from.

`OrchestratorExecutionTime` and `<Workflow>SuccessRate` are the user's names. `<Workflow>` is a workflow's name in capitals without a
final `_video`: `fund_factsheet_video` counts as `FundFactsheetSuccessRate`.

| sink | name |
|---|---|
| StatsD | `airflow.OrchestratorExecutionTime`, tags by `statsd_influxdb_enabled`; without tags, `split` becomes part of the name |
| OpenTelemetry | `airflow.orchestratorexecutiontime`: Airflow's exporter writes small letters |
| CloudWatch | `OrchestratorExecutionTime`, dimensions `Environment` and the tags, in capitals |
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from llm_orchestration._telemetry_metrics import OPERATION_DURATION, TOKEN_USAGE

MetricKind = Literal["counter", "timer", "gauge"]
Unit = Literal["Seconds", "Count", "None", "USD"]
WORKFLOW_NAME = "<Workflow>"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric.

    `tags` are few and never a run, a document or a name. `split` is the tag without which the number says nothing. `cloudwatch` is
    whether it goes there, where each combination of dimensions costs money.
    """

    name: str
    kind: MetricKind
    unit: Unit
    tags: tuple[str, ...]
    says: str
    split: str | None = None
    cloudwatch: bool = False

    def __post_init__(self) -> None:
        if self.split is not None and self.split not in self.tags:
            raise ValueError(f"{self.name} is split by {self.split!r}, which is none of its tags")
        if self.kind == "timer" and self.unit != "Seconds":
            raise ValueError(f"{self.name} is a timer of {self.unit}")

    def named(self, workflow: str) -> str:
        """The metric's name for a workflow."""
        return self.name.replace(WORKFLOW_NAME, capitals(workflow.removesuffix("_video")))


def capitals(name: str) -> str:
    """`fund_factsheet` → `FundFactsheet`."""
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


EXECUTION_TIME = Metric(
    "OrchestratorExecutionTime", "timer", "Seconds", ("workflow", "outcome", "mode"),
    "From the start of a run to its record, people's time included.", cloudwatch=True,
)  # fmt: skip
SUCCESS_RATE = Metric(
    "<Workflow>SuccessRate", "gauge", "None", ("workflow",),
    "The share of the last 50 runs that did not fail, 0 to 1; in CloudWatch 1 or 0 for each run, so that its average is the rate.",
    cloudwatch=True,
)  # fmt: skip
EXECUTIONS = Metric(
    "OrchestratorExecutions", "counter", "Count", ("workflow", "outcome", "mode"), "Recorded runs, by how they ended.",
    split="outcome", cloudwatch=True,
)  # fmt: skip
STEP_TIME = Metric(
    "OrchestratorStepTime", "timer", "Seconds", ("workflow", "step", "state"), "Work of a step, all its attempts together.", split="step"
)
STEP_ATTEMPTS = Metric("OrchestratorStepAttempts", "counter", "Count", ("workflow", "step"), "Attempts of a step.", split="step")
RETRIES = Metric(
    "OrchestratorRetries", "counter", "Count", ("workflow", "error"), "Errors that were followed by another attempt.", split="error"
)
ERRORS = Metric(
    "OrchestratorErrors", "counter", "Count", ("workflow", "step", "error"), "Errors that ended a run.", split="error", cloudwatch=True
)
FINDINGS = Metric(
    "OrchestratorFindings", "counter", "Count", ("workflow", "rule"), "What rules found, of figures and of words.", split="rule"
)
APPROVAL_TIME = Metric(
    "OrchestratorApprovalTime", "timer", "Seconds", ("workflow", "decision"), "From the question for a release to its decision.",
    cloudwatch=True,
)  # fmt: skip
VIDEO_SECONDS = Metric("OrchestratorVideoSeconds", "counter", "Seconds", ("workflow",), "Finished video.", cloudwatch=True)
COST = Metric(
    "OrchestratorCostMicroUsd", "counter", "USD", ("workflow",),
    "Known cost of a run, in millionths of a dollar, because StatsD counts whole numbers.", cloudwatch=True,
)  # fmt: skip
APPROVALS_WAITING = Metric(
    "OrchestratorApprovalsWaiting", "gauge", "Count", ("workflow",), "Open questions to people.", split="workflow", cloudwatch=True
)
APPROVAL_AGE = Metric(
    "OrchestratorApprovalAge", "gauge", "Seconds", ("workflow",), "Age of the oldest open question.", split="workflow", cloudwatch=True
)
INBOX_WAITING = Metric(
    "OrchestratorInboxWaiting", "gauge", "Count", ("workflow",), "Documents in the inbox that have no run.", split="workflow",
    cloudwatch=True,
)  # fmt: skip
INBOX_AGE = Metric(
    "OrchestratorInboxAge", "gauge", "Seconds", ("workflow",), "Age of the oldest of them.", split="workflow", cloudwatch=True
)
ALERTS = Metric("OrchestratorAlerts", "gauge", "Count", ("workflow", "alert"), "1 while an alert holds, 0 when it ends.", split="alert")

ORCHESTRATOR_METRICS = (
    EXECUTION_TIME, SUCCESS_RATE, EXECUTIONS, STEP_TIME, STEP_ATTEMPTS, RETRIES, ERRORS, FINDINGS, APPROVAL_TIME, VIDEO_SECONDS, COST,
    APPROVALS_WAITING, APPROVAL_AGE, INBOX_WAITING, INBOX_AGE, ALERTS,
)  # fmt: skip

_CALL = ("route", "provider", "model", "connection")
LLM_METRICS = (
    Metric("llm.calls", "counter", "Count", (*_CALL, "outcome"), "Model calls, by how they ended.", split="outcome"),
    Metric("llm.failovers", "counter", "Count", (*_CALL, "outcome"), "Calls that went on to the next target."),
    Metric("llm.journal.hits", "counter", "Count", _CALL, "Answers that were paid for already."),
    Metric("llm.gate.waits", "counter", "Count", _CALL, "Requests that waited for their turn."),
    Metric("llm.gate.waited", "timer", "Seconds", _CALL, "How long they waited."),
    Metric("llm.budget.refusals", "counter", "Count", _CALL, "Calls that a budget refused."),
    Metric("llm.circuit.opened", "counter", "Count", ("provider", "model"), "Openings of a circuit breaker."),
    Metric("llm.cost.micro_usd", "counter", "USD", _CALL, "Cost of model calls, in millionths of a dollar."),
    Metric(TOKEN_USAGE, "counter", "Count", (*_CALL, "gen_ai.token.type"), "Tokens of requests.", split="gen_ai.token.type"),
    Metric(OPERATION_DURATION, "timer", "Seconds", _CALL, "Time of a model call."),
)

METRICS = (*ORCHESTRATOR_METRICS, *LLM_METRICS)


@dataclass(frozen=True, slots=True)
class SpanName:
    """One kind of span; `attributes` never hold what a document or a model says."""

    name: str
    attributes: tuple[str, ...]
    says: str


STEP_SPAN = SpanName(
    "orchestrator.step", ("workflow", "run_id", "step", "kind", "attempt", "error.type"), "One stint of a step, under Airflow's own span."
)
READ_SPAN = SpanName("orchestrator.document.read", ("bytes", "error.type"), "A document is read.")
SLIDES_SPAN = SpanName("orchestrator.render.slides", ("error.type",), "Slides are drawn, as pictures, PDF and PowerPoint.")
VIDEO_SPAN = SpanName("orchestrator.render.video", ("provider", "slides", "error.type"), "A video is made, narration and check included.")
RECORD_SPAN = SpanName("orchestrator.record", ("workflow", "run_id", "error.type"), "Manifest, report and history entry.")

ORCHESTRATOR_SPANS = (STEP_SPAN, READ_SPAN, SLIDES_SPAN, VIDEO_SPAN, RECORD_SPAN)
LLM_SPANS = (
    SpanName("chat {model}", ("gen_ai.*", "llm_orchestration.*", "error.type"), "One call of a model."),
    SpanName("llm.request", ("server.address", "http.response.status_code", "error.type"), "One HTTP request of several in a call."),
)
SPANS = (*ORCHESTRATOR_SPANS, *LLM_SPANS)
