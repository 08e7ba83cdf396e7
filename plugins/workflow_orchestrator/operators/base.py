"""What every step's operator shares: the run's folder, the definition and request that the attempt goes by, and its report.

    execute ─► one stint: open the run (first step) ─► report ─► the step's work (steps/<kind>.py)
    resume ──► the same work from its start, after a model or another workflow was waited for

The work itself knows no Airflow. What it cannot do by itself comes from `AirflowServices` (services.py).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowSkipException, TaskAwaitingInput, TaskDeferred
from structlog.contextvars import bound_contextvars

from workflow_orchestrator.definition.configuration import Configuration, load_configuration
from workflow_orchestrator.definition.flow import handler_for
from workflow_orchestrator.definition.model import Step, Workflow
from workflow_orchestrator.errors import DocumentNotFoundError
from workflow_orchestrator.observability.names import STEP_SPAN
from workflow_orchestrator.observability.spans import span
from workflow_orchestrator.operators.services import AirflowServices
from workflow_orchestrator.record import RunFolder
from workflow_orchestrator.steps.budget import keep_time
from workflow_orchestrator.steps.notify import outcome_of
from workflow_orchestrator.steps.work import Perform, Work
from workflow_orchestrator.storage import Storage, configured_storage

PARKED = (TaskAwaitingInput, TaskDeferred)


def configuration_of(workflow: Workflow) -> Configuration:
    """The platform's configuration as it is now, with the environment's overrides."""
    return load_configuration(workflow.platform_include / "orchestrator.yaml", os.environ)


def storage_of(workflow: Workflow) -> Storage:
    """The configured storage."""
    return configured_storage(workflow.platform_include)


def folder_of(context: Any, workflow: Workflow, within_map: str | None) -> RunFolder:
    """The run's folder; inside a map, that of the item whose copy of the task this is."""
    run = RunFolder(storage_of(workflow), workflow.name, context["run_id"])
    return run.item(within_map, context["ti"].map_index) if within_map else run


def item_of(run: RunFolder, within_map: str | None) -> tuple[str, Any]:
    """Name and value of the item whose folder this is; an empty name outside maps.

    Raises:
        DocumentNotFoundError: the map's list is not there: its block has not run.
    """
    if not within_map:
        return "", None
    kept = run.root.read_json(f"each/{within_map}/items.json")
    return kept["item_name"], kept["items"][int(run.scope.rpartition("/")[2])]


def opened_request(run: RunFolder, workflow: Workflow, context: Any) -> dict[str, Any]:
    """The request of a run that may be opened here for the first time (see `steps.request.open_request`)."""
    from workflow_orchestrator.steps.request import asked_for_by, open_request

    dag_run = context["dag_run"]
    return open_request(
        workflow,
        run,
        dag_run.conf or {},
        triggered_by=dag_run.triggering_user_name or asked_for_by(run),
        profile=configuration_of(workflow).profile,
    )


class StepOperator(BaseOperator):
    """The base of the steps.

    `definition` is the digest of the workflow's files. As a template field it is part of the serialized DAG, so any change
    of a file makes a new DAG version, and it shows under "rendered templates" of each task.

    Args:
        step: what is done.
        workflow: the definition whose part it is.
        opens_run: whether this step may be the run's first, and so checks what the run was started with.
        caught_by: for a detour, the steps whose `catch` leads here, each with the error classes that do.
    """

    template_fields = ("definition",)
    ui_color = "#e8eef7"

    def __init__(
        self,
        *,
        step: Step,
        workflow: Workflow,
        opens_run: bool = False,
        caught_by: Mapping[str, Sequence[str]] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(task_id=step.name, **kwargs)
        self.step = step
        self.workflow = workflow
        self.definition = workflow.digest
        self.opens_run = opens_run
        self.caught_by = {name: tuple(classes) for name, classes in (caught_by or {}).items()}

    def execute(self, context: Any) -> Any:
        self.skip_unless_reached(context)
        return self.stint(context, self.perform)

    def resume(self, context: Any, event: Mapping[str, Any]) -> Any:
        """Goes on after a wait: the work from its start, with everything that is there by now."""
        return self.stint(context, self.perform, waited_for=event)

    def perform(self, work: Work) -> None:
        """Does the step's work; a kind says how.

        Raises:
            OrchestratorError: whatever the step's subject raises; the class says whether a retry helps.
        """
        raise NotImplementedError(f"{type(self).__name__} does not say what it does")

    def skip_unless_reached(self, context: Any) -> None:
        """Skips a detour that no error leads to, and a last step that is not for this outcome.

        `one_failed` also fires when an earlier step took the leading step's place in failing; then there is nothing to do here.
        """
        run = folder_of(context, self.workflow, self.step.within_map)
        if self.caught_by and not any(self._leads_here(run, name) for name in self.caught_by):
            raise AirflowSkipException("no error that leads here")
        outcomes = next((step.on for step in self.workflow.last if step.name == self.step.name), None)
        if outcomes is not None and outcome_of(run) not in outcomes:
            raise AirflowSkipException(f"the run has {outcome_of(run)}; this step is for {', '.join(outcomes)}")

    def _leads_here(self, run: RunFolder, name: str) -> bool:
        error = run.last_error(name)
        if error is None:
            return False
        return handler_for(self.workflow.step(name), error["classes"]) == self.step.name

    def stint(
        self,
        context: Any,
        perform: Perform | Callable[..., None],
        *,
        waited_for: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> Any:
        """Runs one stint of the step under a report and returns what travels to the next step: references and facts."""
        run = folder_of(context, self.workflow, self.step.within_map)
        attempt = context["ti"].try_number
        with (
            bound_contextvars(workflow=run.workflow, run_id=run.run_id, step=self.step.name),
            span(
                STEP_SPAN, workflow=run.workflow, run_id=run.run_id, step=self.step.name, kind=self.step.kind, attempt=attempt
            ),
            run.reporting(self.step.name, attempt, PARKED) as report,
        ):
            request = self._request(run, context)
            workflow = self._definition(run, request)
            report.facts["definition"] = workflow.digest
            if not self._is_last:
                keep_time(run, workflow)
            name, item = item_of(run, self.step.within_map)
            work = Work(
                run=run,
                report=report,
                step=step_in(workflow, self.step),
                workflow=workflow,
                request=request,
                attempt=attempt,
                services=AirflowServices(self, context, waited_for),
                configuration=configuration_of(workflow),
                item=item,
                item_name=name,
                resumed=waited_for is not None,
            )
            perform(work, **more)
        return {"artifacts": [artifact.to_json() for artifact in report.artifacts], **report.facts}

    @property
    def _is_last(self) -> bool:
        return any(step.name == self.step.name for step in self.workflow.last)

    def _request(self, run: RunFolder, context: Any) -> dict[str, Any]:
        if self._is_last:
            with suppress(DocumentNotFoundError):
                known: dict[str, Any] = run.root.read_json("request.json")
                return known
            # A run that was refused at its door has no request, and its end is told all the same.
            return {"conf": dict(context["dag_run"].conf or {}), "definition": self.workflow.digest}
        if self.opens_run:
            return opened_request(run, self._definition(run, None), context)
        request: dict[str, Any] = run.read_json("request.json")
        return request

    def _definition(self, run: RunFolder, request: Mapping[str, Any] | None) -> Workflow:
        """The definition that this attempt goes by: that of the run, also where the files have changed since."""
        from workflow_orchestrator.record.definitions import definition_for

        return definition_for(run, self.workflow, None if self._is_last else self.step.name, request=request)


def step_in(workflow: Workflow, step: Step) -> Step:
    """The step of that name in the definition that an attempt goes by."""
    return next((other for other in (*workflow.steps, *workflow.last) if other.name == step.name), step)
