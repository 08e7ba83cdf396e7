"""A run of another workflow, started by a `call` step and waited for by a trigger, so that no worker is held."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from workflow_orchestrator.errors import CalledWorkflowError, CalledWorkflowOutageError
from workflow_orchestrator.steps.work import CalledRun

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator

ENDED = ("success", "failed")
LOOK_EVERY = 5.0
"""Seconds between two looks at the called run."""


class CalledRunTrigger(BaseTrigger):
    """Tells when a run has ended, or that it has not by `until` (seconds since 1970)."""

    def __init__(self, dag_id: str, run_id: str, until: float, every: float = LOOK_EVERY) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.dag_id = dag_id
        self.run_id = run_id
        self.until = until
        self.every = every

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return (
            f"{type(self).__module__}.{type(self).__qualname__}",
            {"dag_id": self.dag_id, "run_id": self.run_id, "until": self.until, "every": self.every},
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """One event: how the run ended, `timeout`, or why nobody can tell; a trigger that raises loses its error."""
        try:
            while (state := await state_of(self.dag_id, self.run_id)) not in ENDED:
                if time.time() >= self.until:
                    state = "timeout"
                    break
                await asyncio.sleep(min(self.every, max(0.0, self.until - time.time())))
        except Exception as error:  # noqa: BLE001 - told to the worker, which raises it as a typed error
            yield _event(self.run_id, "unknown", reason=f"{type(error).__name__}: {error}")
            return
        yield _event(self.run_id, state)


def _event(run_id: str, state: str, **more: str) -> TriggerEvent:
    return TriggerEvent({"run_id": run_id, "state": state, **more})  # type: ignore[no-untyped-call]


async def state_of(dag_id: str, run_id: str) -> str:
    """How Airflow says that a run is doing.

    Asked on the loop itself: a triggerer's threads wait for the loop to send their question, and two of them at once stood still
    for ever on Airflow 3.3.2.
    """
    from airflow.sdk.execution_time import task_runner
    from airflow.sdk.execution_time.comms import GetDagRunState

    answer: Any = await task_runner.SUPERVISOR_COMMS.asend(GetDagRunState(dag_id=dag_id, run_id=run_id))
    return str(getattr(answer.state, "value", answer.state))


def run_to_its_end(
    operator: BaseOperator, context: Any, called: CalledRun, event: Mapping[str, Any] | None, method_name: str
) -> str:
    """Starts the run unless it is there, and waits for its end; see `Services.run_workflow`.

    Raises:
        TaskDeferred: the run is being waited for.
        CalledWorkflowError: it is not through in time.
        CalledWorkflowOutageError: Airflow did not start it, or cannot say how it is doing.
    """
    if event is not None and event.get("run_id") == called.run_id:
        return _told(called, event)
    _start(context, called)
    until = time.time() + called.within.total_seconds()
    trigger = CalledRunTrigger(called.workflow, called.run_id, until)
    from llm_orchestration.deferral import deferrable_by_default

    if deferrable_by_default():
        operator.defer(trigger=trigger, method_name=method_name)
    return _told(called, asyncio.run(_first(trigger)))


async def _first(trigger: CalledRunTrigger) -> dict[str, Any]:
    async for event in trigger.run():
        payload: dict[str, Any] = event.payload
        return payload
    raise AssertionError("the trigger ended without an event")


def _told(called: CalledRun, event: Mapping[str, Any]) -> str:
    state: str = event["state"]
    if state in ENDED:
        return state
    facts = {"workflow": called.workflow, "run_id": called.run_id}
    if state == "timeout":
        raise CalledWorkflowError(
            f"run {called.run_id!r} of {called.workflow} is not through within {called.within}; it goes on. Give the step more "
            "time (within), or clear it when that run is through",
            **facts,
        )
    raise CalledWorkflowOutageError(
        f"Airflow does not say how run {called.run_id!r} of {called.workflow} is doing: {event.get('reason', state)}",
        **facts,
    )


def _start(context: Any, called: CalledRun) -> None:
    """Starts the run. One that is there already is this step's own: an earlier try started it."""
    from airflow.sdk.exceptions import AirflowRuntimeError, ErrorType
    from airflow.sdk.execution_time.comms import ErrorResponse, TriggerDagRun
    from airflow.sdk.execution_time.task_runner import SUPERVISOR_COMMS

    asked_by = f"{context['dag_run'].dag_id}, {context['run_id']}"
    message = TriggerDagRun(
        dag_id=called.workflow,
        run_id=called.run_id,
        conf=dict(called.conf),
        reset_dag_run=False,
        note=f"Called by {asked_by}",
    )
    try:
        answer = SUPERVISOR_COMMS.send(message)
    except AirflowRuntimeError as error:
        answer = error.error
    if isinstance(answer, ErrorResponse) and answer.error != ErrorType.DAGRUN_ALREADY_EXISTS:
        raise CalledWorkflowOutageError(
            f"Airflow did not start a run of {called.workflow}: {answer.error.value} {answer.detail or ''}".rstrip(),
            workflow=called.workflow,
            run_id=called.run_id,
        )
    context["ti"].xcom_push(key="trigger_run_id", value=called.run_id)
