"""Workflows built by hand, and hands that end each try as a table says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from workflow_orchestrator.definition.flow import steps_of
from workflow_orchestrator.definition.model import Budget, BusinessRules, DocumentRule, Workflow
from workflow_orchestrator.definition.retries import RetryRule
from workflow_orchestrator.definition.steps import (
    Arm,
    Catch,
    Choose,
    Execution,
    GenerateStep,
    Item,
    Map,
    NotifyStep,
    Outcome,
    Step,
)
from workflow_orchestrator.fields import FieldSet
from workflow_orchestrator.scenarios.clock import Clock
from workflow_orchestrator.scenarios.interpreter import Course, Interpreter, Place, Stop

SECOND = timedelta(seconds=1)
EXECUTION = Execution(
    max_retries=2,
    timeout=timedelta(minutes=1),
    retry_backoff="exponential",
    retry_delay=SECOND,
    max_retry_delay=timedelta(seconds=30),
    default_error_handler="fail",
)


class PassingError(Exception):
    """An error that a retry may cure."""

    retryable = True


class LastingError(Exception):
    """An error that no retry cures."""

    retryable = False


class NarrowError(LastingError):
    """A kind of it."""


def step(name: str, *catches: tuple[str, str], default: str = "fail", rules: tuple[RetryRule, ...] = ()) -> Step:
    """A step that makes nothing that anybody needs."""
    execution = replace(EXECUTION, default_error_handler=default, rules=rules)
    return GenerateStep(
        name=name,
        execution=execution,
        catches=tuple(Catch(on, go) for on, go in catches),
        prompt=Path("prompt.md.j2"),
        output=Path("out.json"),
        route="writing",
        into=name,
    )


def notify(name: str, *on: Outcome) -> NotifyStep:
    """A step of `finally`."""
    return NotifyStep(name=name, execution=EXECUTION, channel="operations", subject="s", message="m", on=on)


def workflow(*flow: Item, detours: Sequence[Step] = (), last: Sequence[NotifyStep] = ()) -> Workflow:
    """A workflow of a flow."""
    return Workflow(
        name="trial",
        title="Trial",
        description="",
        owner="nobody",
        platform=">=1.0",
        format=1,
        folder=Path("dags/trial"),
        include=Path("include"),
        document=DocumentRule("pdf", 10, 1_000_000),
        parameters=(),
        rules=BusinessRules(),
        budget=Budget(),
        schedule=None,
        steps=(*steps_of(flow), *detours),
        fields=FieldSet([], title="Trial"),
        digest="sha256:0",
        flow=flow,
        last=tuple(last),
    )


@dataclass
class TableHands:
    """Ends the tries of a step as `script` says: one error per try, `None` for one that goes well; beyond it, all go well."""

    script: Mapping[str, Sequence[Exception | None]] = field(default_factory=dict)
    way: str | None = None
    each: Sequence[Any] = ()
    unread: Exception | None = None
    times: list[tuple[str, datetime]] = field(default_factory=list)
    recorded: list[Outcome] = field(default_factory=list)
    without: list[str] = field(default_factory=list)

    def attempt(self, step: Step, place: Place, number: int, clock: Clock) -> None:
        task = step.name + place.mark
        self.times.append((task, clock.now))
        errors = self.script.get(task, self.script.get(step.name, ()))
        error = errors[number - 1] if number <= len(errors) else None
        if error is not None:
            raise error

    def choose(self, block: Choose, place: Place) -> Arm | None:
        if self.unread:
            raise self.unread
        return next((arm for arm in block.arms if arm.name == self.way), None)

    def items(self, block: Map, place: Place) -> Sequence[Any]:
        if self.unread:
            raise self.unread
        return self.each

    def pass_over(self, step: Step, place: Place) -> None:
        self.without.append(step.name + place.mark)

    def record(self, outcome: Outcome, stop: Stop | None, states: Mapping[str, str]) -> None:
        self.recorded.append(outcome)


def played(of: Workflow, hands: TableHands) -> tuple[Course, dict[str, str], Clock]:
    """The course of a run, the state of each task as `state tries`, and its clock."""
    clock = Clock(datetime(2026, 11, 15, tzinfo=UTC))
    interpreter = Interpreter(of, hands, clock, key="trial")
    course = interpreter.run()
    return course, {task: f"{state} {tries}" for task, (state, tries) in interpreter.board.states.items()}, clock
