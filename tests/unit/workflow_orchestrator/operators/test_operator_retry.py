"""The retry policy of a step: the definition's verdict in Airflow's words."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.definitions.retry_policy import RetryAction

from llm_orchestration import RateLimitError
from workflow_orchestrator.definition.retries import RetryRule, wait_before
from workflow_orchestrator.definition.steps import Execution
from workflow_orchestrator.errors import ApprovalError, EncoderError, StorageError
from workflow_orchestrator.operators.retry import StepRetryPolicy

pytestmark = pytest.mark.airflow

PATIENT = Execution(
    max_retries=2,
    timeout=timedelta(minutes=5),
    retry_backoff="exponential",
    retry_delay=timedelta(seconds=10),
    max_retry_delay=timedelta(seconds=60),
    default_error_handler="fail",
    retry="patient",
    rules=(
        RetryRule("RateLimitError", 8, timedelta(seconds=20), "exponential", timedelta(seconds=900)),
        RetryRule("EncoderError", 0),
    ),
)


def decided(error: BaseException, attempt: int = 1, execution: Execution = PATIENT, context: Any = None) -> Any:
    """What Airflow is told about a failed try."""
    return StepRetryPolicy(execution).evaluate(error, attempt, execution.most_retries, context)


def limited(after: float | None = None, told_at: float | None = None) -> RateLimitError:
    """A 429, perhaps with a wait, perhaps told by a trigger."""
    error = RateLimitError("busy", retry_after=None if after is None else timedelta(seconds=after))
    if told_at is not None:
        error.told_at = told_at
    return error


def test_what_a_retry_cannot_help_fails_at_once() -> None:
    """Whatever tries are left."""
    assert decided(ApprovalError("no")).action is RetryAction.FAIL


def test_a_rule_says_how_often_and_after_which_wait() -> None:
    """Its own count and wait; after its last retry the step fails, although Airflow would have tries left."""
    assert decided(limited(), 8).retry_delay == timedelta(seconds=900)
    assert decided(limited(), 1).retry_delay == timedelta(seconds=20)
    assert decided(limited(), 9).action is RetryAction.FAIL
    assert decided(EncoderError("hung")).action is RetryAction.FAIL


def test_other_errors_have_the_tries_of_the_step() -> None:
    """`max_retries` holds for them, also where a rule lets Airflow hold more ready."""
    assert [decided(StorageError("gone"), n).retry_delay for n in (1, 2)] == [
        timedelta(seconds=10),
        timedelta(seconds=20),
    ]
    assert decided(StorageError("gone"), 3).action is RetryAction.FAIL


def test_an_error_that_says_nothing_is_tried_again() -> None:
    """Airflow's own timeout and any library's error wait like the others, and do not get more tries."""
    assert decided(OSError("?")).retry_delay == timedelta(seconds=10)
    assert decided(OSError("?"), 3).action is RetryAction.FAIL


def test_the_first_of_a_chain_that_knows_is_asked() -> None:
    """A wrapper without an opinion does not hide the cause, nor its class."""
    wrapper = RuntimeError("step failed")
    wrapper.__cause__ = ApprovalError("no")
    assert decided(wrapper).action is RetryAction.FAIL
    wrapper.__cause__ = limited()
    assert "RateLimitError" in decided(wrapper).reason


def test_a_providers_wait_is_never_undercut() -> None:
    """`Retry-After` holds where it is longer; where a trigger told it, what has passed since is taken off."""
    assert decided(limited(after=200)).retry_delay == timedelta(seconds=200)
    assert decided(limited(after=5)).retry_delay == timedelta(seconds=20)
    left = decided(limited(after=200, told_at=time.time() - 100)).retry_delay
    assert timedelta(seconds=90) < left < timedelta(seconds=99)


def test_items_that_fail_together_do_not_come_back_together() -> None:
    """The jitter is drawn from run, task and item, and is the same for the same try."""
    execution = Execution(**{**{name: getattr(PATIENT, name) for name in PATIENT.__slots__}, "retry_jitter": 0.5})
    waits = {
        decided(
            StorageError("x"), 1, execution, {"run_id": "r", "ti": SimpleNamespace(task_id="t", map_index=index)}
        ).retry_delay
        for index in range(5)
    }
    assert len(waits) == 5
    assert wait_before(execution, None, 1, "r\0t\0003") in waits


def test_a_policy_travels_as_json() -> None:
    """Written and read again it decides alike."""
    data = json.loads(json.dumps(StepRetryPolicy(PATIENT).serialize()))
    assert StepRetryPolicy.deserialize(data).execution == PATIENT


def test_a_cleared_step_has_its_retries_again() -> None:
    """Airflow counts on after a clear and adds the retries on top; the fifth try is then the first of the new ones."""
    used = PATIENT.most_retries + 1
    again = StepRetryPolicy(PATIENT).evaluate(StorageError("away"), used + 1, used + PATIENT.most_retries, None)
    assert (again.action, again.retry_delay) == (RetryAction.RETRY, wait_before(PATIENT, None, 1, ""))
    last = StepRetryPolicy(PATIENT).evaluate(StorageError("away"), used + 3, used + PATIENT.most_retries, None)
    assert last.action == RetryAction.FAIL
