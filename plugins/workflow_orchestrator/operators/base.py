"""What every step shares: the run's folder, the request that the first step checked, and the report of the attempt."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import TaskAwaitingInput, TaskDeferred

from workflow_orchestrator.definition.configuration import Configuration, load_configuration
from workflow_orchestrator.definition.model import Step, Workflow
from workflow_orchestrator.errors import BudgetError
from workflow_orchestrator.record import RunFolder, StepReport
from workflow_orchestrator.storage import Storage, configured_storage

PARKED = (TaskAwaitingInput, TaskDeferred)


def configuration_of(workflow: Workflow) -> Configuration:
    """The platform's configuration as it is now, with the environment's overrides."""
    return load_configuration(workflow.include / "orchestrator.yaml", os.environ)


def storage_of(workflow: Workflow) -> Storage:
    """The configured storage."""
    return configured_storage(workflow.include)


def keep_time(run: RunFolder, workflow: Workflow) -> None:
    """Holds the working time of all steps so far against the budget; waiting for people is not counted.

    Raises:
        BudgetError: it is more than the workflow's `budget.minutes`.
    """
    allowed = workflow.budget.time
    if allowed is None:
        return
    attempts = [attempt for step in workflow.steps for attempt in run.attempts(step.name)]
    spent = timedelta(seconds=sum(attempt["seconds"] for attempt in attempts))
    if spent > allowed:
        raise BudgetError(
            f"the run has worked {spent}, more than the {allowed} that {workflow.name} allows (budget.minutes)"
        )


def spent_money(run: RunFolder, workflow: Workflow, report: StepReport) -> Decimal:
    """What the model calls of the run have cost so far, as far as their prices are known, in US dollars.

    `report` is the running attempt's. It takes the place of what the attempt left behind when it was set aside.
    """
    attempts = [
        attempt
        for step in workflow.steps
        for attempt in run.attempts(step.name)
        if (step.name, attempt["attempt"], attempt["state"]) != (report.step, report.attempt, "waiting")
    ]
    calls = [call for attempt in [*attempts, report.to_json()] for call in attempt["calls"]]
    paid = [call["cost_usd"] for call in calls if not call["cached"]]
    # A call that failed may have been billed too, for example for two answers that break the schema.
    paid += [(attempt["error"] or {}).get("cost_usd") for attempt in attempts]
    return sum((Decimal(cost) for cost in paid if cost), Decimal(0))


@dataclass(slots=True)
class Work:
    """What a step works with: the run's folder, the report it fills, the checked request.

    `event` is what a trigger told when the step goes on after a wait, otherwise None.
    """

    run: RunFolder
    report: StepReport
    context: Mapping[str, Any]
    request: dict[str, Any]
    operator: StepOperator
    event: Mapping[str, Any] | None = None
    resumed: bool = False

    @property
    def conf(self) -> dict[str, Any]:
        """The conf of the run, complete with defaults."""
        conf: dict[str, Any] = self.request["conf"]
        return conf

    def keep(self, name: str, data: Any) -> Any:
        """Writes an artifact (bytes as they are, anything else as JSON) and adds it to the report."""
        artifact = self.run.write(name, data) if isinstance(data, bytes) else self.run.write_json(name, data)
        self.report.artifacts.append(artifact)
        return artifact


class StepOperator(BaseOperator):
    """The base of the steps. A subclass says in `perform` what its kind of step does.

    `definition` is the digest of the workflow's files. As a template field it is part of the serialized DAG, so any change
    of a file makes a new DAG version, and it shows under "rendered templates" of each task.
    """

    template_fields = ("definition",)
    ui_color = "#e8eef7"

    def __init__(self, *, step: Step, workflow: Workflow, opens_run: bool = False, **kwargs: Any) -> None:
        super().__init__(task_id=step.name, **kwargs)
        self.step = step
        self.workflow = workflow
        self.definition = workflow.digest
        self.opens_run = opens_run

    def execute(self, context: Any) -> Any:
        run = RunFolder(storage_of(self.workflow), self.workflow.name, context["run_id"])
        return self.attempt(run, context, self.perform)

    def resume(self, context: Any, event: Mapping[str, Any]) -> Any:
        """Goes on after a model was waited for: the work from its start, with every answer that is there by now."""
        run = RunFolder(storage_of(self.workflow), self.workflow.name, context["run_id"])
        return self.attempt(run, context, self.perform, waited_for=event)

    def attempt(
        self,
        run: RunFolder,
        context: Any,
        perform: Any,
        *,
        waited_for: Mapping[str, Any] | None = None,
        **arguments: Any,
    ) -> Any:
        """Runs one stint of the step under a report and returns what travels to the next step: references and facts."""
        with run.reporting(self.task_id, context["ti"].try_number, PARKED) as report:
            report.facts["definition"] = self.workflow.digest
            request = self._request(run, context)
            keep_time(run, self.workflow)
            work = Work(run, report, context, request, self, waited_for, waited_for is not None)
            perform(work, **arguments)
        return {"artifacts": [artifact.to_json() for artifact in report.artifacts], **report.facts}

    def _request(self, run: RunFolder, context: Any) -> dict[str, Any]:
        if self.opens_run:
            from workflow_orchestrator.operators.request import open_request

            return open_request(self.workflow, run, context)
        request: dict[str, Any] = run.read_json("request.json")
        return request

    def perform(self, work: Work) -> None:
        """Does the step's work.

        Raises:
            OrchestratorError: whatever the step's subject raises; the class says whether a retry helps.
        """
        raise NotImplementedError(f"{type(self).__name__} does not say what it does")
