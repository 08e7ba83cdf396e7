"""Waiting for a called run: every end of the wait is an event, and every event an end of the step."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowRuntimeError, ErrorType
from airflow.sdk.execution_time import task_runner
from airflow.sdk.execution_time.comms import DagRunStateResult, ErrorResponse, GetDagRunState, OKResponse, TriggerDagRun

from workflow_orchestrator.errors import CalledWorkflowError, CalledWorkflowOutageError
from workflow_orchestrator.operators import called
from workflow_orchestrator.operators.called import CalledRunTrigger, run_to_its_end
from workflow_orchestrator.steps.work import CalledRun

pytestmark = pytest.mark.airflow

RUN = CalledRun("fund_data", "called_1", {"document": "a.pdf"}, timedelta(hours=1))


class Airflow:
    """The supervisor that a task talks to: it starts runs, and says how they are doing."""

    def __init__(self, *states: str, answer: Any = None) -> None:
        self.states: Iterator[str] = iter(states)
        self.answer = answer or OKResponse(ok=True)
        self.started: list[TriggerDagRun] = []

    def send(self, message: TriggerDagRun) -> Any:
        self.started.append(message)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    async def asend(self, message: GetDagRunState) -> Any:
        assert (message.dag_id, message.run_id) == ("fund_data", "called_1")
        state = next(self.states)
        if state == "broken":
            raise OSError("no answer")
        return DagRunStateResult(state=state)


class Instance:
    """A task instance that takes what is pushed."""

    pushed: dict[str, Any]

    def __init__(self) -> None:
        self.pushed = {}

    def xcom_push(self, key: str, value: Any) -> None:
        self.pushed[key] = value


def context() -> dict[str, Any]:
    class Caller:
        dag_id = "caller"

    return {"dag_run": Caller(), "run_id": "r1", "ti": Instance()}


@pytest.fixture
def airflow(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Puts a supervisor in place; a look costs no time."""

    def put(*states: str, answer: Any = None) -> Airflow:
        there = Airflow(*states, answer=answer)
        monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", there, raising=False)
        monkeypatch.setattr(called, "LOOK_EVERY", 0.0)
        monkeypatch.setenv("AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE", "False")
        return there

    return put


def told(trigger: CalledRunTrigger) -> dict[str, Any]:
    """The one event of a trigger."""

    async def events() -> list[Any]:
        return [event.payload async for event in trigger.run()]

    (payload,) = asyncio.run(events())
    assert isinstance(payload, dict)
    return payload


def trigger(until: float | None = None) -> CalledRunTrigger:
    return CalledRunTrigger("fund_data", "called_1", time.time() + 60 if until is None else until, 0.0)


def test_the_end_of_the_run_is_told(airflow: Any) -> None:
    """However often it is looked at before."""
    airflow("queued", "running", "failed")
    assert told(trigger()) == {"run_id": "called_1", "state": "failed"}


def test_a_run_that_takes_too_long_is_told(airflow: Any) -> None:
    """The time is looked at after the run: one that ended in time has ended."""
    airflow("running")
    assert told(trigger(until=time.time() - 1))["state"] == "timeout"
    airflow("success")
    assert told(trigger(until=time.time() - 1))["state"] == "success"


def test_a_trigger_never_raises(airflow: Any) -> None:
    """Airflow would put "Trigger failure" in the error's place."""
    airflow("broken")
    assert told(trigger()) == {"run_id": "called_1", "state": "unknown", "reason": "OSError: no answer"}


def test_a_trigger_travels(airflow: Any) -> None:
    """Another process makes the same one of what was written."""
    airflow()
    path, arguments = trigger(until=5.0).serialize()
    assert path == "workflow_orchestrator.operators.called.CalledRunTrigger"
    assert CalledRunTrigger(**arguments).serialize() == (path, arguments)


def test_the_run_is_started_with_its_conf(airflow: Any) -> None:
    """And its id is there for Airflow's own link to the run."""
    there, here = airflow("success"), context()
    assert run_to_its_end(None, here, RUN, None, "resume") == "success"
    (started,) = there.started
    assert (started.dag_id, started.run_id, started.conf) == ("fund_data", "called_1", {"document": "a.pdf"})
    assert started.reset_dag_run is False
    assert here["ti"].pushed == {"trigger_run_id": "called_1"}


def test_a_run_that_is_there_already_is_waited_for(airflow: Any) -> None:
    """An earlier try started it."""
    there_is = ErrorResponse(error=ErrorType.DAGRUN_ALREADY_EXISTS, detail={})
    for answer in (there_is, AirflowRuntimeError(there_is)):
        airflow("failed", answer=answer)
        assert run_to_its_end(None, context(), RUN, None, "resume") == "failed"


def test_a_run_that_cannot_be_started_may_be_tried_again(airflow: Any) -> None:
    """The error has Airflow's words."""
    airflow(answer=ErrorResponse(error=ErrorType.API_SERVER_ERROR, detail={"reason": "no such DAG"}))
    with pytest.raises(CalledWorkflowOutageError, match=r"fund_data.*no such DAG"):
        run_to_its_end(None, context(), RUN, None, "resume")


def test_an_event_ends_the_step_and_starts_nothing(airflow: Any) -> None:
    """Good, bad, late, unknown: each has its own end."""
    there = airflow()
    assert run_to_its_end(None, context(), RUN, {"run_id": "called_1", "state": "failed"}, "resume") == "failed"
    with pytest.raises(CalledWorkflowError, match="1:00:00") as late:
        run_to_its_end(None, context(), RUN, {"run_id": "called_1", "state": "timeout"}, "resume")
    assert not late.value.retryable
    with pytest.raises(CalledWorkflowOutageError, match="OSError"):
        run_to_its_end(None, context(), RUN, {"run_id": "called_1", "state": "unknown", "reason": "OSError"}, "resume")
    assert there.started == []
