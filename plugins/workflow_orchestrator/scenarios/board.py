"""The states of a run's tasks, under the names that the operator factory gives them.

    step S          S           and, with a catch, S_settled; with `continue`, S_continued
    choose C        C           reads the condition; C_joined after the ways
    parallel P      P_joined
    map M           M           reads the list; M_joined; a step S of it is S[0], S[1], …

A state is success, failed, skipped or upstream_failed; beside it stands the number of tries. The factory's wiring decides what a
task becomes when something before it failed or was not chosen; the same is worked out here, and the conformance cases of
`tests/airflow_semantics/` hold the two together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from workflow_orchestrator.definition.flow import DONE
from workflow_orchestrator.definition.steps import Choose, Item, Map, Parallel, Step

State = Literal["success", "failed", "skipped", "upstream_failed"]
Passed = Literal["skipped", "upstream_failed"]
RECORD = "record_execution"

# A join does no work; a skipped task may have been started to find that out, and that is no try.
NO_TRY = 0


def detours_of(step: Step) -> tuple[str, ...]:
    """The steps that the catches of a step lead to, each once."""
    return tuple(dict.fromkeys(catch.go for catch in step.catches if catch.go not in DONE))


def may_continue(step: Step) -> bool:
    """Whether some error of a step is passed over."""
    return step.execution.default_error_handler == "continue" or any(catch.go == "continue" for catch in step.catches)


class Board:
    """The states of one run's tasks, as they become known."""

    def __init__(self, steps: Iterable[Step]) -> None:
        self._steps = {step.name: step for step in steps}
        self.states: dict[str, tuple[State, int]] = {}

    def put(self, task: str, state: State, tries: int) -> None:
        """Notes how a task ended."""
        self.states[task] = (state, tries)

    def settle(self, step: Step, mark: str, way: str | None, *, through: bool) -> None:
        """Notes what stands around a step that ran.

        Args:
            step: the step.
            mark: `[2]` in a map, otherwise empty.
            way: where its error led: a detour's name, `continue`, or `None` where it had none or that ended the run.
            through: whether the sequence goes on after it.
        """
        for detour in detours_of(step):
            if detour != way:
                self._pass(self._steps[detour], mark, "skipped")
        if may_continue(step):
            self._continued(step, mark, passed=way == "continue")
        self._join(step, mark, "success" if through else "upstream_failed")

    def settle_detour(self, detour: Step, mark: str, *, continued: bool) -> None:
        """Notes what stands behind a detour that ran."""
        if may_continue(detour):
            self._continued(detour, mark, passed=continued)

    def pass_over(self, items: Sequence[Item], state: Passed, mark: str, *, mapped: bool = False) -> None:
        """Notes items that did not run: not chosen, or behind a failure.

        A detour behind a failure is skipped, because it finds no error that leads to it; in a map that was never entered
        (`mapped`), nothing gets as far as looking.
        """
        for item in items:
            if isinstance(item, Step):
                self._pass_step(item, state, mark, around=state if mapped else "skipped")
                continue
            if not isinstance(item, Parallel):
                self.put(item.name + mark, state, NO_TRY)
            inner = (item.steps,) if isinstance(item, Map) else tuple(arm.steps for arm in item.arms)
            for steps in inner:
                self.pass_over(steps, state, mark, mapped=mapped or isinstance(item, Map))
            self.put(f"{item.name}_joined{mark}", state, NO_TRY)

    def joined(self, block: Choose | Parallel | Map, mark: str, *, through: bool) -> None:
        """Notes the join of a block that was entered."""
        self.put(f"{block.name}_joined{mark}", "success" if through else "upstream_failed", NO_TRY)

    def _pass_step(self, step: Step, state: Passed, mark: str, *, around: Passed) -> None:
        self.put(step.name + mark, state, NO_TRY)
        for detour in detours_of(step):
            self._pass(self._steps[detour], mark, around)
        if may_continue(step):
            self.put(f"{step.name}_continued{mark}", around, NO_TRY)
        self._join(step, mark, state)

    def _pass(self, detour: Step, mark: str, state: Passed) -> None:
        self.put(detour.name + mark, state, NO_TRY)
        if may_continue(detour):
            self.put(f"{detour.name}_continued{mark}", state, NO_TRY)

    def _continued(self, step: Step, mark: str, *, passed: bool) -> None:
        self.put(f"{step.name}_continued{mark}", *(("success", 1) if passed else ("skipped", NO_TRY)))

    def _join(self, step: Step, mark: str, state: State) -> None:
        if detours_of(step) or may_continue(step):
            self.put(f"{step.name}_settled{mark}", state, NO_TRY)
