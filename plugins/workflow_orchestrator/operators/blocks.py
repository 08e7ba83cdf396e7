"""The tasks that stand between steps: the decision of a choose, the list of a map, an error that is passed over, and joins.

ChooseOperator       evaluates `when:` and skips every arm but one
MapItemsOperator     reads and bounds the list, keeps it in the run, and gives Airflow one index per item
ContinuedOperator    reached by a failed step; succeeds if that error is one that continues, else skips itself
JoinOperator         does nothing; its trigger rule says when the sequence goes on (factory/wiring.py)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import BaseOperator
from airflow.sdk.bases.skipmixin import SkipMixin
from airflow.sdk.exceptions import AirflowSkipException, DownstreamTasksSkipped

from workflow_orchestrator.definition.flow import handler_for, walk
from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.definition.steps import Block, Choose, Step
from workflow_orchestrator.errors import DefinitionChangedError
from workflow_orchestrator.operators.base import folder_of, item_of, opened_request, step_in
from workflow_orchestrator.record import StepReport
from workflow_orchestrator.record.definitions import definition_for
from workflow_orchestrator.record.leftovers import take_back, withdraw
from workflow_orchestrator.record.outcome import places_of
from workflow_orchestrator.record.run_folder import NO_REPORT
from workflow_orchestrator.steps.conditions import MISSING, Facts, chosen_arm, items_of


class JoinOperator(EmptyOperator):
    """Where ways come together again. Airflow's scheduler settles it by itself; no worker starts."""

    ui_color = "#f4f4f4"


class BlockOperator(BaseOperator):
    """The base of the tasks that decide something: they read the run, and report what they decided like a step."""

    template_fields = ("definition",)
    ui_color = "#fff4d6"

    def __init__(
        self,
        *,
        block: Block,
        workflow: Workflow,
        opens_run: bool = False,
        within_map: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(task_id=block.name, **kwargs)
        self.block = block
        self.workflow = workflow
        self.definition = workflow.digest
        self.opens_run = opens_run
        self.within_map = within_map

    @contextmanager
    def deciding(self, context: Any) -> Iterator[tuple[Any, Facts, StepReport]]:
        """The block as the run's own definition has it, what conditions may look at, and the report of this try."""
        run = folder_of(context, self.workflow, self.within_map)
        with run.reporting(self.task_id, context["ti"].try_number) as report:
            request = None if self.opens_run else run.read_json("request.json")
            workflow = definition_for(run, self.workflow, self.task_id, request=request)
            request = request or opened_request(run, workflow, context)
            report.facts["definition"] = workflow.digest
            conf = dict(request["conf"])
            name, item = item_of(run, self.within_map)
            if name in conf:
                conf[name] = item
            facts = Facts(run, workflow, conf, item if name else MISSING)
            yield next(block for block in walk(workflow.flow) if block.name == self.task_id), facts, report


class ChooseOperator(BlockOperator, SkipMixin):
    """Takes the first arm whose condition holds, and skips the others.

    `ways` has the first tasks of each arm by its name; the factory fills it in when the arms are made.

    Inside a map, Airflow 3.3.2 skips nothing: it does so for a task without an index only, and where it looks up what a choice
    skipped it asks for the index -1, which a task of a mapped group does not have. So the copies of the same item are named one by
    one, and because a copy that is not made yet cannot be named, the first task of each arm looks for itself (`only_chosen`).
    """

    inherits_from_skipmixin = True
    block: Choose

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.ways: dict[str, list[str]] = {}

    def execute(self, context: Any) -> None:
        with self.deciding(context) as (block, facts, report):
            arm = chosen_arm(block, facts)
            report.facts["chosen"] = arm
            followed = self._first_of(arm)
            if facts.run.attempts(self.task_id):
                # Chosen before, so perhaps otherwise: nobody may read what the way of then made.
                take_back(facts.run, facts.workflow, [item for way in block.arms if way.name != arm for item in way.steps])
        ti = context["ti"]
        self.skip_all_except(ti, followed)
        if ti.map_index >= 0:
            skipped = [(name, ti.map_index) for name in sorted(self.downstream_task_ids) if name not in followed]
            raise DownstreamTasksSkipped(tasks=skipped)  # type: ignore[no-untyped-call]

    def _first_of(self, arm: str | None) -> list[str]:
        """The tasks that follow.

        Raises:
            DefinitionChangedError: the run goes by another definition than the tasks, and these have no such arm.
        """
        first = [otherwise(self.block)] if arm is None else self.ways.get(arm, [])
        if not first or not set(first) <= self.downstream_task_ids:
            raise DefinitionChangedError(
                f"{self.task_id} takes {f'the way {arm!r}' if arm else 'no way'} by the definition of the run, and the latest "
                f"definition {self.definition} has no such way. Trigger a new run with force: true",
                latest=self.definition,
            )
        return first


def otherwise(block: Choose) -> str:
    """The task that stands for "no arm" in a choose. A dash keeps it apart from every name that an author can give."""
    return f"{block.name}-otherwise"


def only_chosen(entry: BaseOperator, choose: ChooseOperator, arm: str) -> None:
    """Lets the first task of an arm skip itself where its item chose another arm."""

    def look(context: Any) -> None:
        run = folder_of(context, choose.workflow, choose.within_map)
        chosen = run.attempts(choose.task_id)[-1]["facts"]["chosen"]
        if chosen != arm:
            raise AirflowSkipException(f"{choose.task_id} chose {chosen or 'no arm'}, not {arm}")

    _before(entry, look)


def only_after_failure(task: BaseOperator, leader: Step, workflow: Workflow) -> None:
    """Lets a task that follows on a failed step skip itself where the step did not fail itself.

    `one_failed` also fires when an earlier step took this one's place in failing. What the step left behind cannot tell: after a
    clear, the error of its last try may be an old one.
    """

    def look(context: Any) -> None:
        state = state_of(context, workflow.name, leader.name)
        if state != "failed":
            raise AirflowSkipException(f"{leader.name} did not fail itself; it is {state}")

    _before(task, look)


def _before(task: BaseOperator, look: Callable[[Any], None]) -> None:
    earlier = task._pre_execute_hook

    def both(context: Any) -> None:
        if earlier is not None:
            earlier(context)
        look(context)

    task._pre_execute_hook = both


def state_of(context: Any, dag_id: str, task_id: str) -> str | None:
    """How Airflow says that a task of this run ended; inside a map, the copy of the same item."""
    task = context["ti"]
    states = task.get_task_states(dag_id=dag_id, task_ids=[task_id], run_ids=[context["run_id"]])
    index = task.map_index
    state = states.get(context["run_id"], {}).get(task_id if index is None or index < 0 else f"{task_id}_{index}")
    return str(getattr(state, "value", state)) if state else None


class MapItemsOperator(BlockOperator):
    """Gives Airflow one index per item of the list, and keeps the list itself in the run: items are looked up there."""

    def execute(self, context: Any) -> list[int]:
        with self.deciding(context) as (block, facts, report):
            items = items_of(block, facts)
            for place in places_of(facts.run, block.name)[len(items) :]:
                # The list of before a clear was longer.
                take_back(place.run, facts.workflow, block.steps)
            kept = facts.run.write_json(f"each/{block.name}/items.json", {"item_name": block.item_name, "items": items})
            report.artifacts.append(kept)
            report.facts["items"] = len(items)
        return list(range(len(items)))


class ContinuedOperator(BaseOperator):
    """Stands for the error of a step that is passed over: succeeds where that error continues, else skips itself."""

    template_fields = ("definition",)
    ui_color = "#fbe6d8"

    def __init__(self, *, step: Step, workflow: Workflow, **kwargs: Any) -> None:
        super().__init__(task_id=f"{step.name}_continued", **kwargs)
        self.step = step
        self.workflow = workflow
        self.definition = workflow.digest
        only_after_failure(self, step, workflow)

    def execute(self, context: Any) -> dict[str, Any]:
        run = folder_of(context, self.workflow, self.step.within_map)
        if not run.exists("request.json"):
            raise AirflowSkipException("the run was refused before it was opened, and there is nothing to go on with")
        workflow = definition_for(run, self.workflow, self.step.name, request=run.read_json("request.json"))
        error = run.last_error(self.step.name)
        if error is None:
            # A worker that was killed leaves no report; then the step's default handler decides. It is noted as if the step had
            # said it, for conditions that ask whether the step failed, and for the record.
            error = dict(NO_REPORT)
            run.note(self.step.name, "failed", error)
        step = step_in(workflow, self.step)
        if handler_for(step, error["classes"]) != "continue":
            raise AirflowSkipException(f"{error['error']} of {self.step.name} is not passed over")
        withdraw(run, step)
        return {"step": self.step.name, "error": error["error"], "message": error["message"]}
