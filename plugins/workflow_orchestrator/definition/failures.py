"""The failure table of a workflow: for each step and each error that it can end with, what happens.

    step × error class ─► Fate: tried again n times after these waits, then a detour · goes on without it · the run fails

The table is worked out from the definition alone. `scenarios/matrix.py` raises each error in each step and compares what the
runner did with it, so that the table is a promise and no description. Nothing here knows Airflow.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from workflow_orchestrator.definition.flow import handler_for, makes
from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.definition.raises import error_classes, family, raised_by, retryable
from workflow_orchestrator.definition.retries import judge
from workflow_orchestrator.definition.steps import Step

LAST = "last"
"""Where an error of a `finally` step leads: it is told, and the outcome stays as it was."""


@dataclass(frozen=True, slots=True)
class Fate:
    """What an error of a step leads to.

    `waits` are the waits before each retry without jitter, which only shortens them. `goes` is the name of a step, `continue`,
    `fail`, or `last` for a step of `finally`.
    """

    waits: tuple[timedelta, ...]
    goes: str

    @property
    def retries(self) -> int:
        """How often the step is tried again."""
        return len(self.waits)

    def to_json(self) -> dict[str, Any]:
        return {
            "retries": self.retries,
            "waits_seconds": [round(wait.total_seconds(), 3) for wait in self.waits],
            "then": self.goes,
        }


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table: the errors of one step that have the same fate."""

    step: str
    kind: str
    errors: tuple[str, ...]
    fate: Fate
    then: str

    def to_json(self) -> dict[str, Any]:
        return {
            "step": self.step,
            "kind": self.kind,
            "errors": list(self.errors),
            **self.fate.to_json(),
            "says": self.then,
        }


def failure_table(workflow: Workflow) -> tuple[Row, ...]:
    """The table, step by step in the order of the file; errors with the same fate share a row."""
    rows: list[Row] = []
    for step in (*workflow.steps, *workflow.last):
        grouped: dict[Fate, list[str]] = {}
        for name in errors_of(workflow, step):
            grouped.setdefault(fate_of(workflow, step, name), []).append(name)
        rows += (
            Row(step.name, step.kind, tuple(names), fate, _then(workflow, step, fate))
            for fate, names in grouped.items()
        )
    return tuple(rows)


def errors_of(workflow: Workflow, step: Step) -> tuple[str, ...]:
    """The error classes that a step can end with, narrowest first within its kind."""
    # Only the step that opens the run looks at what the run was started with.
    first = bool(workflow.steps) and workflow.steps[0].name == step.name
    known = error_classes()
    return tuple(name for name in raised_by(step.kind, first=first) if name in known)


def fate_of(workflow: Workflow, step: Step, error: str) -> Fate:
    """What an error class of a step leads to when every try ends with it.

    Raises:
        KeyError: no error has that name.
    """
    classes = family(error)
    plain = replace(step.execution, retry_jitter=0.0)
    waits: list[timedelta] = []
    while True:
        verdict = judge(plain, classes=classes, retryable=retryable(error), try_number=len(waits) + 1, key="")
        if not verdict.retry or verdict.delay is None:
            break
        waits.append(verdict.delay)
    in_last = any(step.name == one.name for one in workflow.last)
    return Fate(tuple(waits), LAST if in_last else handler_for(step, classes))


def leaders_of(workflow: Workflow, detour: str) -> tuple[Step, ...]:
    """The steps whose catch leads to a detour."""
    return tuple(step for step in workflow.steps if any(catch.go == detour for catch in step.catches))


def _then(workflow: Workflow, step: Step, fate: Fate) -> str:
    if fate.goes == LAST:
        return "it is recorded; the outcome of the run stays as it is"
    if fate.goes == "fail":
        return "the run fails"
    if fate.goes == "continue":
        made = " and ".join(makes(step))
        return f"the run goes on without {made}, degraded" if made else "the run goes on, degraded"
    kind = workflow.step(fate.goes).kind
    return f"{fate.goes} asks people" if kind == "ask" else f"{fate.goes} runs in its place"


def to_markdown(rows: Sequence[Row]) -> str:
    """The table as Markdown, one line per row."""
    lines = ["| Step | Error | Tried again | Then |", "|---|---|---|---|"]
    before = ""
    for row in rows:
        step = "" if row.step == before else f"`{row.step}`"
        before = row.step
        lines.append(f"| {step} | {', '.join(row.errors)} | {_tried(row.fate)} | {row.then} |")
    return "\n".join(lines) + "\n"


def to_json(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The table as data."""
    return [row.to_json() for row in rows]


def cells(workflow: Workflow) -> Iterator[tuple[Step, str, Fate]]:
    """Every cell of the table: step, error class, fate."""
    for step in (*workflow.steps, *workflow.last):
        for name in errors_of(workflow, step):
            yield step, name, fate_of(workflow, step, name)


def _tried(fate: Fate) -> str:
    if not fate.waits:
        return "no"
    times = "once" if fate.retries == 1 else f"{fate.retries} times"
    return f"{times}, after {', '.join(_short(wait) for wait in _shown(fate.waits))}"


def _shown(waits: Sequence[timedelta]) -> list[timedelta]:
    """The waits, a tail of equal ones only once."""
    shown = list(waits)
    while len(shown) > 1 and shown[-1] == shown[-2]:
        shown.pop()
    return shown


def _short(time: timedelta) -> str:
    seconds = round(time.total_seconds())
    parts: Mapping[str, int] = {"h": seconds // 3600, "m": seconds % 3600 // 60, "s": seconds % 60}
    return " ".join(f"{count} {unit}" for unit, count in parts.items() if count) or "0 s"
