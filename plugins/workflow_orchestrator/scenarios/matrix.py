"""Raises each error in each step and compares what the runner did with the failure table of the definition.

One cell is one run: the step under test ends every try with the error, and then counts where the run went: how often it was tried,
after which waits, and what came next. What the steps around it make is the business of the written scenarios, so here they are
passed through without work.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, get_args

from workflow_orchestrator.definition.failures import LAST, Fate, cells, leaders_of
from workflow_orchestrator.definition.flow import DONE, steps_of
from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.definition.steps import Arm, Choose, Map, NotifyStep, Outcome, Step
from workflow_orchestrator.record import RunFolder
from workflow_orchestrator.scenarios.clock import Clock
from workflow_orchestrator.scenarios.interpreter import Course, Interpreter, Place, Stop
from workflow_orchestrator.scenarios.model import Fault
from workflow_orchestrator.scenarios.models import made_error
from workflow_orchestrator.scenarios.shelf import Shelf


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of the table, and what the runner did. `wrong` says where the two part; empty: nowhere."""

    step: str
    error: str
    expected: Fate
    actual: Fate
    wrong: str = ""

    def to_json(self) -> dict[str, Any]:
        return {
            "step": self.step,
            "error": self.error,
            "expected": self.expected.to_json(),
            "actual": self.actual.to_json(),
            "wrong": self.wrong,
        }


def prove_table(workflow: Workflow, *, progress: Callable[[int, int], None] | None = None) -> tuple[Cell, ...]:
    """Every cell of the failure table with what the runner does about it."""
    every = list(cells(workflow))
    proven = []
    for number, (step, error, fate) in enumerate(every, start=1):
        proven.append(_prove(workflow, step, error, fate))
        if progress is not None:
            progress(number, len(every))
    return tuple(proven)


def _prove(workflow: Workflow, step: Step, error: str, fate: Fate) -> Cell:
    if isinstance(step, NotifyStep) and _is_last(workflow, step):
        # After which outcomes it speaks is no part of what an error of it leads to.
        workflow = replace(workflow, last=(replace(step, on=get_args(Outcome)),))
    hands = _CellHands(workflow, RunFolder(Shelf(), workflow.name, "cell"), step, error)
    course = Interpreter(workflow, hands, Clock.at(None), key="cell").run()
    actual = Fate(tuple(hands.waits), _went(workflow, step, course, hands))
    return Cell(step.name, error, fate, actual, _wrong(step, fate, actual, course))


def _is_last(workflow: Workflow, step: Step) -> bool:
    return any(step.name == one.name for one in workflow.last)


def _went(workflow: Workflow, step: Step, course: Course, hands: _CellHands) -> str:
    """Where the run went after the step gave up."""
    if _is_last(workflow, step):
        return LAST
    if course.stop is not None and course.stop.step == step.name:
        return "fail"
    if any(stop.step == step.name for stop in course.passed):
        return "continue"
    after = hands.began[hands.began.index(step.name) + 1 :]
    ways = {catch.go for catch in step.catches if catch.go not in DONE}
    return next((name for name in after if name in ways), "nowhere")


def _wrong(step: Step, fate: Fate, actual: Fate, course: Course) -> str:
    if actual.goes != fate.goes:
        return f"the table says {fate.goes}, the run went to {actual.goes}"
    if actual.retries != fate.retries:
        return f"the table says {fate.retries} retries, the run made {actual.retries}"
    least = 1 - step.execution.retry_jitter
    for number, (planned, waited) in enumerate(zip(fate.waits, actual.waits, strict=True), start=1):
        # A microsecond, because a share of a wait is rounded to one.
        if not planned * least - timedelta(microseconds=1) <= waited <= planned:
            return f"the table says a wait of {planned} before retry {number}, the run waited {waited}"
    expected = "failed" if fate.goes == "fail" else "degraded" if fate.goes == "continue" else "succeeded"
    if course.outcome != expected:
        return f"the table says that the run ends {expected}, it ended {course.outcome}"
    return ""


@dataclass(slots=True)
class _CellHands:
    """Steps that are done at once, but for the one under test, and the one whose failure leads to it."""

    workflow: Workflow
    run: RunFolder
    step: Step
    error: str
    began: list[str] = field(default_factory=list)
    waits: list[timedelta] = field(default_factory=list)
    _tried: Any = None

    def attempt(self, step: Step, place: Place, number: int, clock: Clock) -> None:
        self.began.append(step.name)
        error = self.error if step.name == self.step.name else self._leads(step)
        if error is None:
            return
        if step.name == self.step.name:
            if self._tried is not None:
                self.waits.append(clock.now - self._tried)
            self._tried = clock.now
        run = self.run.item(place.map, place.index) if place.map else self.run
        with run.reporting(step.name, number):
            raise made_error(Fault(error))

    def _leads(self, step: Step) -> str | None:
        """The error by which a step leads to the detour under test."""
        if step not in leaders_of(self.workflow, self.step.name):
            return None
        return next(catch.on for catch in step.catches if catch.go == self.step.name)

    def choose(self, block: Choose, place: Place) -> Arm | None:
        """The way that holds the step under test, or the step that leads to it."""
        wanted = {self.step.name, *(leader.name for leader in leaders_of(self.workflow, self.step.name))}
        return next((arm for arm in block.arms if wanted & {step.name for step in steps_of(arm.steps)}), None)

    def items(self, block: Map, place: Place) -> Sequence[Any]:
        return ["an item"]

    def pass_over(self, step: Step, place: Place) -> None:
        """Nothing was made."""

    def record(self, outcome: Outcome, stop: Stop | None, states: Mapping[str, str]) -> None:
        self.run.write_json("manifest.json", {"outcome": outcome})
