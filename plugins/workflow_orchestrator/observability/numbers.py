"""The numbers of one run, taken from its manifest and its entry in the history."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from workflow_orchestrator.history.entry import Entry
from workflow_orchestrator.observability import names
from workflow_orchestrator.observability.names import Metric

_MICRO = 1_000_000


@dataclass(frozen=True, slots=True)
class Number:
    """One value of a metric, with its tags."""

    metric: Metric
    value: float
    tags: Mapping[str, str]

    def __post_init__(self) -> None:
        if set(self.tags) != set(self.metric.tags):
            raise ValueError(f"{self.metric.name} has the tags {', '.join(self.metric.tags)}, not {', '.join(self.tags)}")

    @property
    def name(self) -> str:
        """The name under which it is sent."""
        return self.metric.named(self.tags["workflow"])


def numbers_of(entry: Entry) -> Iterator[Number]:
    """Everything that is counted of a run when it is recorded."""
    facts, workflow = entry.facts, {"workflow": entry.workflow}
    ended = {**workflow, "outcome": str(facts["outcome"]), "mode": str(facts["mode"])}
    if facts["seconds"] is not None:
        yield Number(names.EXECUTION_TIME, facts["seconds"], ended)
    yield Number(names.EXECUTIONS, 1, ended)
    if (rate := entry.success_rate) is not None:
        yield Number(names.SUCCESS_RATE, rate, workflow)
    if facts["error"]:
        yield Number(names.ERRORS, 1, {**workflow, "step": str(facts["error"].get("step", "")), "error": str(facts["error"]["error"])})
    if facts["waited_seconds"] is not None:
        yield Number(names.APPROVAL_TIME, facts["waited_seconds"], {**workflow, "decision": str(facts["released"]["decision"])})
    if facts["video_seconds"]:
        yield Number(names.VIDEO_SECONDS, facts["video_seconds"], workflow)
    if facts["cost_usd"] is not None and Decimal(facts["cost_usd"]):
        yield Number(names.COST, int(Decimal(facts["cost_usd"]) * _MICRO), workflow)
    yield from _of_steps(facts["steps"], workflow)
    for error, count in facts["retries"].items():
        yield Number(names.RETRIES, count, {**workflow, "error": error})
    for rule, count in facts["findings"].items():
        yield Number(names.FINDINGS, count, {**workflow, "rule": rule})


def _of_steps(steps: list[dict[str, Any]], workflow: dict[str, str]) -> Iterator[Number]:
    for step in steps:
        if step["attempts"]:
            tags = {**workflow, "step": step["step"]}
            yield Number(names.STEP_TIME, step["seconds"], {**tags, "state": str(step["state"])})
            yield Number(names.STEP_ATTEMPTS, step["attempts"], tags)
