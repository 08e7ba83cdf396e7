"""Runs the tree of a `Workflow` in process: order, tries, waits, catches, blocks and outcome, as the factory's DAG does under Airflow.

    sequence ─ items in order, until one stops it
      step     ─ tries (retries.judge) ─ handler (flow.handler_for) ─ detour · continue · stop
      choose   ─ the first way whose condition holds          parallel ─ every way to its own end
      map      ─ each item in a folder of its own
    last       ─ the steps of `finally`, once the outcome is known

What a step does is the business of the `Hands` that the interpreter is given; it knows no document, no model and no Airflow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from workflow_orchestrator.definition.flow import ALWAYS_FAIL, ASK_MODELS, catch_for, handler_for
from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.definition.retries import judge
from workflow_orchestrator.definition.steps import Arm, Choose, Item, Map, NotifyStep, Outcome, Parallel, Step
from workflow_orchestrator.scenarios.board import NO_TRY, RECORD, Board
from workflow_orchestrator.scenarios.clock import Clock

DEFAULT = -1
"""The place of the default error handler among the catches of a step."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a step works: in the run itself, or in one item of a map."""

    map: str = ""
    index: int = -1
    item: Any = None
    item_name: str = ""

    @property
    def mark(self) -> str:
        """What stands behind a task's name: `[2]` in a map, otherwise nothing."""
        return f"[{self.index}]" if self.map else ""


@dataclass(frozen=True, slots=True)
class Stop:
    """What ended a step for good: its task, and the error as it was raised."""

    step: str
    task: str
    error: BaseException


@dataclass(frozen=True, slots=True)
class StepEvent:
    """Something that a watcher may want to show. `state` is running, waiting, or how the try or the step ended."""

    task: str
    kind: str
    state: str
    number: int
    message: str = ""


Progress = Callable[[StepEvent], None]


class Hands(Protocol):
    """Who does the work of the steps."""

    def attempt(self, step: Step, place: Place, number: int, clock: Clock) -> None:
        """One try of a step.

        Raises:
            Exception: whatever ends the try; its class decides what comes next.
        """

    def choose(self, block: Choose, place: Place) -> Arm | None:
        """The way that a choose block takes; `None`: no condition holds and there is no last way."""

    def items(self, block: Map, place: Place) -> Sequence[Any]:
        """The checked list that a map runs over."""

    def pass_over(self, step: Step, place: Place) -> None:
        """Takes away what a step makes whose failure is passed over."""

    def record(self, outcome: Outcome, stop: Stop | None, states: Mapping[str, str]) -> None:
        """Writes down how the run went, before the steps of `finally`."""


@dataclass(slots=True)
class Course:
    """How a run went.

    `path` holds each task of the flow that ran, with the number of its tries. `caught` are the catches that were taken, as step
    and position (`DEFAULT` for the default handler); `ways` the arms that were chosen; `passed` what was passed over.
    """

    path: list[tuple[str, int]] = field(default_factory=list)
    caught: set[tuple[str, int]] = field(default_factory=set)
    ways: set[tuple[str, str]] = field(default_factory=set)
    ran: set[str] = field(default_factory=set)
    passed: list[Stop] = field(default_factory=list)
    stop: Stop | None = None
    outcome: Outcome = "succeeded"


class Interpreter:
    """One run of one workflow. Used once."""

    def __init__(
        self, workflow: Workflow, hands: Hands, clock: Clock, *, key: str, progress: Progress | None = None
    ) -> None:
        self._workflow = workflow
        self._hands = hands
        self._clock = clock
        self._key = key
        self._progress = progress
        self.board = Board(workflow.steps)
        self.course = Course()

    def run(self) -> Course:
        """Runs to the end, whatever that is; an error of a step is never raised from here."""
        course = self.course
        course.stop = self._sequence(self._workflow.flow, Place(), self._clock)
        course.outcome = "failed" if course.stop else "degraded" if course.passed else "succeeded"
        states = {task: state for task, (state, _) in self.board.states.items()}
        self._hands.record(course.outcome, course.stop, states)
        self.board.put(RECORD, "success", 1)
        for step in self._workflow.last:
            self._finally(step)
        return course

    def _finally(self, step: NotifyStep) -> None:
        if self.course.outcome not in step.on:
            self.board.put(step.name, "skipped", NO_TRY)
            return
        number, error = self._tries(step, Place(), self._clock)
        self.board.put(step.name, "failed" if error else "success", number)

    def _sequence(self, items: Sequence[Item], place: Place, clock: Clock) -> Stop | None:
        for position, item in enumerate(items):
            stop = self._item(item, place, clock)
            if stop is not None:
                self.board.pass_over(items[position + 1 :], "upstream_failed", place.mark)
                return stop
        return None

    def _item(self, item: Item, place: Place, clock: Clock) -> Stop | None:
        if isinstance(item, Step):
            return self._step(item, place, clock)
        if isinstance(item, Choose):
            return self._choose(item, place, clock)
        if isinstance(item, Parallel):
            return self._parallel(item, place, clock)
        return self._map(item, place, clock)

    def _step(self, step: Step, place: Place, clock: Clock) -> Stop | None:
        stop = self._tried(step, place, clock)
        if stop is None:
            self.board.settle(step, place.mark, None, through=True)
            return None
        way = self._way(step, stop.error)
        if way == "fail":
            self.board.settle(step, place.mark, None, through=False)
            return stop
        if way == "continue":
            self._hands.pass_over(step, place)
            self.course.passed.append(stop)
            self.board.settle(step, place.mark, way, through=True)
            return None
        stop_in_detour = self._detour(self._workflow.step(way), place, clock)
        self.board.settle(step, place.mark, way, through=stop_in_detour is None)
        return stop_in_detour

    def _detour(self, detour: Step, place: Place, clock: Clock) -> Stop | None:
        stop = self._tried(detour, place, clock)
        continued = stop is not None and self._way(detour, stop.error) == "continue"
        self.board.settle_detour(detour, place.mark, continued=continued)
        if stop is not None and continued:
            self._hands.pass_over(detour, place)
            self.course.passed.append(stop)
        return None if continued else stop

    def _tried(self, step: Step, place: Place, clock: Clock) -> Stop | None:
        """Runs a step of the flow and notes how it ended; what stopped it, if it did not go well."""
        task = step.name + place.mark
        number, error = self._tries(step, place, clock)
        self.course.path.append((task, number))
        self.board.put(task, "failed" if error else "success", number)
        return None if error is None else Stop(step.name, task, error)

    def _way(self, step: Step, error: BaseException) -> str:
        """Where an error that no retry cures leads, noted for coverage."""
        classes = classes_of(error)
        catch = catch_for(step, classes)
        if ALWAYS_FAIL.isdisjoint(classes):
            self.course.caught.add((step.name, step.catches.index(catch) if catch else DEFAULT))
        return handler_for(step, classes)

    def _tries(self, step: Step, place: Place, clock: Clock) -> tuple[int, BaseException | None]:
        """Tries a step until it succeeds or is given up; the number of tries, and the last error."""
        task = step.name + place.mark
        self.course.ran.add(step.name)
        number = 0
        while True:
            number += 1
            self._tell(task, step.kind, "running", number)
            try:
                self._hands.attempt(step, place, number, clock)
            except Exception as error:  # noqa: BLE001 - whatever a step raises is data here
                failure = error
            else:
                self._tell(task, step.kind, "success", number)
                return number, None
            verdict = judge(
                step.execution,
                classes=classes_of(failure),
                retryable=bool(getattr(failure, "retryable", True)),
                try_number=number,
                key=f"{self._key}/{task}",
                retry_after=getattr(failure, "retry_after", None),
            )
            if not verdict.retry or verdict.delay is None:
                self._tell(task, step.kind, "failed", number, failure)
                return number, failure
            self._tell(task, step.kind, "up_for_retry", number, failure)
            clock.wait(verdict.delay, really=step.kind in ASK_MODELS)

    def _choose(self, block: Choose, place: Place, clock: Clock) -> Stop | None:
        try:
            chosen = self._hands.choose(block, place)
        except Exception as error:  # noqa: BLE001 - as for a step
            return self._unread(block, place, error)
        self.board.put(block.name + place.mark, "success", 1)
        if chosen is not None:
            self.course.ways.add((block.name, chosen.name))
        for arm in block.arms:
            if arm is not chosen:
                self.board.pass_over(arm.steps, "skipped", place.mark)
        stop = None if chosen is None else self._sequence(chosen.steps, place, clock)
        self.board.joined(block, place.mark, through=stop is None)
        return stop

    def _parallel(self, block: Parallel, place: Place, clock: Clock) -> Stop | None:
        clocks = [clock.branch() for _ in block.arms]
        stops = [self._sequence(arm.steps, place, own) for arm, own in zip(block.arms, clocks, strict=True)]
        clock.join(clocks)
        self.course.ways.update((block.name, arm.name) for arm in block.arms)
        first = next((stop for stop in stops if stop is not None), None)
        self.board.joined(block, place.mark, through=first is None)
        return first

    def _map(self, block: Map, place: Place, clock: Clock) -> Stop | None:
        try:
            items = self._hands.items(block, place)
        except Exception as error:  # noqa: BLE001 - as for a step
            return self._unread(block, place, error)
        self.board.put(block.name, "success", 1)
        if not items:
            self.board.pass_over(block.steps, "skipped", "")
        # So many lanes at a time; an item takes the lane that is free first.
        lanes = [clock.branch() for _ in range(min(block.at_once, len(items)))]
        stops = []
        for index, item in enumerate(items):
            lane = min(lanes, key=lambda one: one.now)
            stops.append(self._sequence(block.steps, Place(block.name, index, item, block.item_name), lane))
        clock.join(lanes)
        first = next((stop for stop in stops if stop is not None), None)
        self.board.joined(block, "", through=first is None)
        return first

    def _unread(self, block: Choose | Map, place: Place, error: Exception) -> Stop:
        """A block whose condition or list cannot be read: nothing in it runs."""
        self.board.pass_over((block,), "upstream_failed", place.mark)
        self.board.put(block.name + place.mark, "failed", 1)
        return Stop(block.name, block.name + place.mark, error)

    def _tell(self, task: str, kind: str, state: str, number: int, error: BaseException | None = None) -> None:
        if self._progress is not None:
            self._progress(StepEvent(task, kind, state, number, "" if error is None else str(error)))


def classes_of(error: BaseException) -> tuple[str, ...]:
    """The names of an error's class and of those above it, as `catch` and retry rules compare them."""
    return tuple(cls.__name__ for cls in type(error).__mro__ if issubclass(cls, Exception))
