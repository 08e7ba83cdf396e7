"""From the flow of a workflow to tasks that depend on each other.

How each piece compiles (arrow: runs after; in brackets the trigger rule, where it is not `all_success`):

    S with a detour D         S ─► D [one_failed] ─► S_settled [one_success] ─► next
                              S ──────────────────► S_settled
    S that may be passed over S ─► S_continued [one_failed] ─► S_settled [one_success] ─► next
    choose C                  C ─► first of each arm … last of each arm ─► C_joined [one_success] ─► next
                              C ─► C-otherwise ─► C_joined, where no arm may hold
    parallel P                before ─► first of each arm … last of each arm ─► P_joined ─► next
    map M                     M ─► M_each (one copy of its steps per item) ─► M_joined [none_failed_min_one_success] ─► next
                              M ─► M_joined
    the end                   last of the flow, of each parallel arm, of each item ─► record_execution ─► finally steps
                              (all of these are teardowns)

A join is never skipped unless all that leads to it is. So the last task of the flow is red exactly when the run must be.

Measured on Airflow 3.3.2, with `dag.test()` and served; tests/airflow_semantics holds it:

- `one_success` is the only join after a catch that is right both ways: `none_failed_min_one_success` fails the run on a caught
  failure, `all_done_min_one_success` skips the rest when nothing failed. With no success and any failure it is `upstream_failed`.
- `one_failed` also fires when an earlier step failed and this one is `upstream_failed`. Then the detour and S_continued look at the
  state of S and skip themselves. The error that S left in the run cannot tell: after a clear it may be an old one.
- A join gives up with the first way that failed, and so does all that follows, while other arms and items are at work. The record
  would be written in the middle of the run; so it waits for the end of every arm and every item too.
- Teardowns in a chain run one after the other whatever became of those before them, and decide nothing: a failed message leaves
  a good run green, a good record leaves a failed run red. `on_failure_fail_dagrun` would make the record the run's last word.
- A task in a mapped group that has no copies yet is judged as a whole. Under `none_failed_min_one_success` one failed item therefore
  settles it for all: every other item lost its later steps. Under `all_success` it gets its copies as soon as the task before has
  them, under `one_success` with the first success, and from then on each item is judged by itself. Hence one_success for joins of
  a choose, and a task of its own for "no arm" instead of an edge from C, which would satisfy it at once.
- In a mapped group a branch skips nothing: Airflow does that for tasks without an index, and looks for an index of -1 later. Both arms
  ran, for every item. ChooseOperator names the copies itself, and where they are not made yet (seen in every run of `dag.test()`)
  the first task of the arm skips itself.
- An empty list skips the copies, and M_joined goes on because M succeeded; a list that is refused makes all of them
  `upstream_failed`, detours among them.
- `max_active_tis_per_dagrun` bounds the copies of one task that are under way, also while they wait for a model or a person (read in
  the scheduler's source). An item may be at its second step while others are at their first: `at_once` bounds each step of the map,
  not the items that have begun.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from airflow.sdk import TaskGroup, task_group

from workflow_orchestrator.definition.flow import DONE
from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.definition.steps import Arm, Choose, Item, Map, Parallel, Step
from workflow_orchestrator.factory.arguments import BETWEEN_STEPS, step_arguments
from workflow_orchestrator.operators.blocks import (
    ChooseOperator,
    ContinuedOperator,
    JoinOperator,
    MapItemsOperator,
    only_after_failure,
    only_chosen,
    otherwise,
)
from workflow_orchestrator.operators.record import RecordExecutionOperator
from workflow_orchestrator.operators.registry import operator_for


def wire(workflow: Workflow) -> None:
    """Makes the tasks of a workflow inside the current DAG and ties them."""
    wiring = _Wiring(workflow)
    _, last = wiring.sequence(workflow.flow, None)
    record: Any = RecordExecutionOperator(workflow=workflow, **BETWEEN_STEPS).as_teardown()
    for end in dict.fromkeys((*wiring.ends, last)):
        end >> record
    earlier = record
    for step in workflow.last:
        told: Any = operator_for(step)(step=step, workflow=workflow, **step_arguments(step)).as_teardown()
        earlier >> told
        earlier = told


class _Wiring:
    """The tasks made so far. `ends` are the tasks that the record must wait for although more follows on them.

    A join gives up as soon as one of its ways has failed, and so does what follows; other arms and items may still be at
    work then, and the record of the run must not be written before they are through.
    """

    def __init__(self, workflow: Workflow) -> None:
        self.workflow = workflow
        self.ends: list[Any] = []
        self._within: Map | None = None  # the map whose steps are being made

    def sequence(self, items: Sequence[Item], before: Any) -> tuple[list[Any], Any]:
        """Ties items one after the other, after the task `before`; gives the first tasks and the last one."""
        first: list[Any] = []
        for item in items:
            entries, last = self._item(item, before)
            first = first or entries
            before = last
        return first, before

    def _item(self, item: Item, before: Any) -> tuple[list[Any], Any]:
        match item:
            case Choose():
                return self._choose(item, before)
            case Parallel():
                return self._parallel(item, before)
            case Map():
                return self._map(item, before)
            case _:
                return self._step(item, before)

    def _step(self, step: Step, before: Any) -> tuple[list[Any], Any]:
        task = _after(before, operator_for(step)(**self._common(step, before), **step_arguments(step)))
        ways = [task, *self._continued(step, task)]
        for name in dict.fromkeys(catch.go for catch in step.catches if catch.go not in DONE):
            ways += self._detour(self.workflow.step(name), step, task)
        if len(ways) == 1:
            return [task], task
        return [task], _join(f"{step.name}_settled", "one_success", ways)

    def _detour(self, detour: Step, leader: Step, task: Any) -> list[Any]:
        classes = tuple(catch.on for catch in leader.catches if catch.go == detour.name)
        way = operator_for(detour)(
            step=detour,
            workflow=self.workflow,
            caught_by={leader.name: classes},
            trigger_rule="one_failed",
            **self._limits(),
            **step_arguments(detour),
        )
        only_after_failure(way, leader, self.workflow)
        task >> way
        return [way, *self._continued(detour, way)]

    def _continued(self, step: Step, task: Any) -> list[Any]:
        """The task that stands for an error that is passed over, if the step has such errors."""
        ways = {catch.go for catch in step.catches} | {step.execution.default_error_handler}
        if "continue" not in ways:
            return []
        continued = ContinuedOperator(step=step, workflow=self.workflow, trigger_rule="one_failed", **BETWEEN_STEPS)
        return [_after(task, continued)]

    def _choose(self, block: Choose, before: Any) -> tuple[list[Any], Any]:
        task = _after(before, ChooseOperator(**self._common(block, before), **BETWEEN_STEPS))
        ends = []
        for arm in block.arms:
            first, last = self._arm(block, arm, task)
            task.ways[arm.name] = [entry.task_id for entry in first]
            ends.append(last)
            if self._within:
                for entry in first:
                    only_chosen(entry, task, arm.name)
        if block.arms[-1].when is not None:
            ends.append(_join(otherwise(block), "all_success", [task]))
        return [task], _join(f"{block.name}_joined", "one_success", ends)

    def _parallel(self, block: Parallel, before: Any) -> tuple[list[Any], Any]:
        entries, ends = [], []
        for arm in block.arms:
            first, last = self._arm(block, arm, before)
            entries += first
            ends.append(last)
        self.ends += ends
        return entries, _join(f"{block.name}_joined", "all_success", ends)

    def _arm(self, block: Choose | Parallel, arm: Arm, before: Any) -> tuple[list[Any], Any]:
        # A dash keeps the name of the group apart from every name that an author can give.
        with TaskGroup(f"{block.name}-{arm.name}", prefix_group_id=False, group_display_name=arm.name):
            return self.sequence(arm.steps, before)

    def _map(self, block: Map, before: Any) -> tuple[list[Any], Any]:
        task = _after(before, MapItemsOperator(**self._common(block, before), **BETWEEN_STEPS))
        ends: list[Any] = []

        @task_group(group_id=f"{block.name}_each", prefix_group_id=False, ui_color="#f3eefb")
        def each(index: Any) -> None:
            # A task of the item finds its index itself; the group is what makes Airflow copy its tasks.
            _, last = self.sequence(block.steps, None)
            ends.append(last)

        self._within = block
        each.expand(index=task.output)
        self._within = None
        self.ends += ends
        return [task], _join(f"{block.name}_joined", "none_failed_min_one_success", [*ends, task])

    def _common(self, item: Item, before: Any) -> dict[str, Any]:
        common: dict[str, Any] = {"workflow": self.workflow, "opens_run": before is None and self._within is None}
        if isinstance(item, Step):
            common["step"] = item
        else:
            common |= {"block": item, "within_map": self._within.name if self._within else None}
        return common | self._limits()

    def _limits(self) -> dict[str, Any]:
        """Inside a map: how many copies of a task may be at work at the same time."""
        return {"max_active_tis_per_dagrun": self._within.at_once} if self._within else {}


def _after(before: Any, task: Any) -> Any:
    if before is not None:
        before >> task
    return task


def _join(name: str, rule: str, ways: Iterable[Any]) -> Any:
    joined = JoinOperator(task_id=name, trigger_rule=rule, retries=1)
    for way in ways:
        way >> joined
    return joined
