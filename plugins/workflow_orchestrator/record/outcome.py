"""How a run ended, read from what its steps reported and how Airflow says that each task ended.

    a sequence is gone through like a run goes through it
      step that succeeded ─► on        failed ─► its handler: detour · passed over (kept in `degraded`) · the sequence stops
      choose ─► the arm that ran       parallel ─► every arm       map ─► every item
    a sequence stopped ─► failed       something was passed over ─► degraded       else ─► succeeded

Airflow's word alone certifies nothing: somebody can mark a step as successful that never ran. The last step of a run, and each that
made a video, must say itself that it did, and a video must be of exactly the content that was released.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from workflow_orchestrator.definition.flow import handler_for, steps_of
from workflow_orchestrator.definition.model import Arm, Choose, Item, Parallel, Step, Workflow
from workflow_orchestrator.definition.wording import duration
from workflow_orchestrator.errors import DocumentNotFoundError, RunTimeoutError
from workflow_orchestrator.record.run_folder import EACH, NO_REPORT, RunFolder, error_data

NOT_STARTED = "not started"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sequence runs: in the run itself, or in one item of a map (`index` from 0)."""

    run: RunFolder
    index: int | None = None
    item: Any = None

    def named(self, task: str) -> str:
        """A task's name among Airflow's states; inside a map each item has its own copy of it."""
        return task if self.index is None else f"{task}_{self.index}"


@dataclass(slots=True)
class Ending:
    """What became of a run. `error` is the one that stopped it; `degraded` are those that were passed over."""

    outcome: str = "succeeded"
    error: dict[str, Any] | None = None
    degraded: list[dict[str, Any]] = field(default_factory=list)


def ending_of(run: RunFolder, workflow: Workflow, states: Mapping[str, str], *, timed_out: bool = False) -> Ending:
    """How the run ended.

    Args:
        run: the run's folder.
        workflow: the definition that ran.
        states: task name → how Airflow says that it ended; inside a map `<name>_<index>`.
        timed_out: whether Airflow ended the run because its `run_timeout` was up. A run that was through by then has ended well.
    """
    walk = _Walk(workflow, states)
    through = walk.sequence(workflow.flow, Place(run))
    ending = Ending(error=walk.stopped_by, degraded=walk.degraded)
    if not through:
        ending.outcome, ending.error = "failed", walk.stopped_by or walk.cut_short(run, timed_out=timed_out)
    elif (doubt := walk.doubt()) is not None:
        ending.outcome, ending.error = "failed", doubt
    elif ending.degraded:
        ending.outcome = "degraded"
    return ending


def places_of(run: RunFolder, map_name: str) -> list[Place]:
    """The items of a map, as its block kept them; none where it did not get that far."""
    try:
        items = run.read_json(f"{EACH}/{map_name}/items.json")["items"]
    except DocumentNotFoundError:
        return []
    return [Place(run.item(map_name, index), index, item) for index, item in enumerate(items)]


def state_of(step: str, place: Place, states: Mapping[str, str]) -> str:
    """How a step ended by Airflow's word; by its own where Airflow says nothing."""
    known = states.get(place.named(step))
    if known:
        return known
    attempts = place.run.attempts(step)
    return str(attempts[-1]["state"]) if attempts else NOT_STARTED


class _Walk:
    """Goes through a run's sequences once."""

    def __init__(self, workflow: Workflow, states: Mapping[str, str]) -> None:
        self._workflow = workflow
        self._states = states
        self._done: list[tuple[Step, Place]] = []
        self._cut: tuple[str, Place, str] | None = None
        self.degraded: list[dict[str, Any]] = []
        self.stopped_by: dict[str, Any] | None = None

    def sequence(self, items: Sequence[Item], place: Place) -> bool:
        """Whether a sequence came to its end."""
        return all(self._item(item, place) for item in items)

    def cut_short(self, run: RunFolder, *, timed_out: bool) -> dict[str, Any] | None:
        """Where a run ended that no error stopped; `None` where it did not get as far as a report, and its time was not up."""
        if self._cut is None:
            return None
        step, place, state = self._cut
        if timed_out:
            return _told(step, self._out_of_time(step, place), place)
        if not run.names("steps", ".json"):
            return None
        return {
            "step": step,
            "error": "OrchestratorError",
            "message": f"it did not come to its end (Airflow says {state}): the run was stopped from outside, or had no time left",
        }

    def _out_of_time(self, step: str, place: Place) -> dict[str, Any]:
        given = self._workflow.run_timeout
        last = place.run.last_error(step)
        limit = f" (run_timeout: {duration(given)}, people included)" if given else ""
        message = (
            f"the run was in {step} when its time was up{limit}, and Airflow ended it. Start it again, or raise run_timeout"
        )
        if last:
            message += f"; the last try of {step} ended with {last['error']}: {last['message']}"
        return error_data(RunTimeoutError(message, **({"last_error": last} if last else {})))

    def doubt(self) -> dict[str, Any] | None:
        """Why the run is not believed to have made what it should have made; `None`: it is."""
        videos = [done for done in self._done if done[0].kind == "video"]
        for step, place in [*videos, *self._done[-1:]]:
            says = place.run.attempts(step.name)[-1:]
            if not says or says[0]["state"] != "success":
                return _unproven(step, place, "did not report that it ran")
            if step.kind == "video" and not _is_what_was_released(place.run, says[0]["facts"]):
                return _unproven(step, place, "the run holds no video of exactly the content that was released")
        return None

    def _item(self, item: Item, place: Place) -> bool:
        if isinstance(item, Step):
            return self._step(item, place)
        if not self._decided(item.name, place):
            return False
        if isinstance(item, Choose):
            taken = self._taken(item, place)
            return taken is None or self.sequence(taken.steps, place)
        if isinstance(item, Parallel):
            # Every arm is gone through, also after one that stopped: what the others passed over is told as well.
            ends = [self.sequence(arm.steps, place) for arm in item.arms]
        else:
            ends = [self.sequence(item.steps, each) for each in places_of(place.run, item.name)]
        return all(ends)

    def _step(self, step: Step, place: Place) -> bool:
        state = self._state(step.name, place)
        if state == "success":
            self._done.append((step, place))
            return True
        if state != "failed":
            self._cut = self._cut or (step.name, place, state)
            return False
        error = _error(place.run, step.name)
        # A run that was refused at its door has nothing to go on with.
        refused = "RunInputError" in error["classes"] and not place.run.exists("request.json")
        handler = "fail" if refused else handler_for(step, error["classes"])
        if handler == "continue":
            return self._pass_over(step.name, error, place)
        if handler != "fail":
            return self._detour(self._workflow.step(handler), step.name, error, place)
        return self._stop(step.name, error, place)

    def _detour(self, detour: Step, leader: str, led_by: Mapping[str, Any], place: Place) -> bool:
        state = self._state(detour.name, place)
        if state == "success":
            self._done.append((detour, place))
            return True
        if state != "failed":
            return self._stop(leader, led_by, place)
        error = _error(place.run, detour.name)
        if handler_for(detour, error["classes"]) == "continue":
            return self._pass_over(detour.name, error, place)
        return self._stop(detour.name, error, place)

    def _decided(self, block: str, place: Place) -> bool:
        """Whether a block that decides something (choose, map) could; a parallel has no task of its own."""
        state = self._states.get(place.named(block), "success")
        if state == "failed":
            return self._stop(block, _error(place.run, block), place)
        if state != "success":
            self._cut = self._cut or (block, place, state)
        return state == "success"

    def _taken(self, block: Choose, place: Place) -> Arm | None:
        """The arm that was chosen, by the block's own report; one that was only marked is judged by what ran."""
        says = place.run.attempts(block.name)[-1:]
        if says and "chosen" in says[0]["facts"]:
            return next((arm for arm in block.arms if arm.name == says[0]["facts"]["chosen"]), None)
        return next((arm for arm in block.arms if self._ran(arm, place)), None)

    def _ran(self, arm: Arm, place: Place) -> bool:
        states = {self._state(step.name, place) for step in steps_of(arm.steps)}
        return bool(states - {"skipped", NOT_STARTED})

    def _state(self, name: str, place: Place) -> str:
        return state_of(name, place, self._states)

    def _pass_over(self, step: str, error: Mapping[str, Any], place: Place) -> bool:
        self.degraded.append(_told(step, error, place))
        return True

    def _stop(self, step: str, error: Mapping[str, Any], place: Place) -> bool:
        if self.stopped_by is None:
            self.stopped_by = _told(step, error, place)
        return False


def _error(run: RunFolder, step: str) -> dict[str, Any]:
    """The error that a step ended with. A worker that was killed left none."""
    return run.last_error(step) or dict(NO_REPORT)


def _told(step: str, error: Mapping[str, Any], place: Place) -> dict[str, Any]:
    where = {} if place.index is None else {"index": place.index, "item": place.item}
    return {"step": step, **where, **error}


def _is_what_was_released(run: RunFolder, facts: Mapping[str, Any]) -> bool:
    if not (run.exists("approval.json") and run.exists("video.mp4")):
        return False
    approval = run.read_json("approval.json")
    return bool(approval.get("decision") == "approved" and facts.get("content") == approval["content"])


def _unproven(step: Step, place: Place, why: str) -> dict[str, Any]:
    message = f"the step is marked as successful, but {why}"
    return _told(
        step.name,
        {"error": "ApprovalError" if step.kind == "video" else "OrchestratorError", "message": message},
        place,
    )


def steps_with_places(run: RunFolder, workflow: Workflow) -> Iterator[tuple[Step, Place]]:
    """Every step of the workflow, those of a map once for each of its items."""
    for step in workflow.steps:
        places = places_of(run, step.within_map) if step.within_map else []
        yield from ((step, place) for place in places or [Place(run)])
