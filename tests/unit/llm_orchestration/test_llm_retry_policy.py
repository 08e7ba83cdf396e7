"""The retry policy: from two attributes of an error to Airflow's decision."""

from __future__ import annotations

from datetime import timedelta

import pytest
from airflow.sdk.definitions.retry_policy import RetryAction

from llm_orchestration import LLMRetryPolicy, retry_policy
from llm_orchestration import errors as e

POLICY = LLMRetryPolicy()


@pytest.mark.parametrize(
    ("asked", "waited"),
    [
        (timedelta(milliseconds=5), timedelta(seconds=1)),
        (timedelta(seconds=7), timedelta(seconds=7)),
        (timedelta(days=2), timedelta(hours=1)),
        (None, None),
    ],
)
def test_a_retryable_error_waits_as_asked_within_bounds(asked: timedelta | None, waited: timedelta | None) -> None:
    """Retry-After is kept between one second and one hour; without it the task's own back-off stays."""
    decision = POLICY.evaluate(e.RateLimitError("slow down", retry_after=asked), 1, 3)
    assert (decision.action, decision.retry_delay) == (RetryAction.RETRY, waited)
    assert decision.reason is not None
    assert decision.reason.startswith("RateLimitError: slow down")


@pytest.mark.parametrize(("ago", "left"), [(0.0, 8.0), (3.0, 5.0), (60.0, 1.0), (-60.0, 8.0)])
def test_a_wait_that_began_in_a_trigger_is_counted_from_there(
    ago: float, left: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What has passed is not waited for again, the next try is made ready in time, and a clock ahead of ours adds nothing."""
    now = 1_800_000_000.0
    monkeypatch.setattr(retry_policy.time, "time", lambda: now)
    error = e.RateLimitError("slow down", retry_after=timedelta(seconds=10))
    error.told_at = now - ago
    assert POLICY.evaluate(error, 1, 3).retry_delay == timedelta(seconds=left)


def test_a_permanent_error_ends_the_task_with_its_reason() -> None:
    """No try is wasted on what will fail again."""
    decision = POLICY.evaluate(e.AuthenticationError("wrong key", status=401), 1, 3)
    assert decision.action is RetryAction.FAIL
    assert decision.reason == "AuthenticationError: wrong key [status=401]"


def test_other_trees_with_the_same_attributes_are_understood() -> None:
    """The policy looks at attributes, not at classes; seconds count as a wait, too."""

    class Busy(Exception):
        retryable = True
        retry_after = 30

    class Wrong(Exception):
        retryable = False

    assert POLICY.evaluate(Busy("x"), 1, 3).retry_delay == timedelta(seconds=30)
    assert POLICY.evaluate(Wrong("x"), 1, 3).action is RetryAction.FAIL


def test_the_cause_is_judged_when_the_error_itself_says_nothing() -> None:
    """An error raised from ours keeps our advice, also in a chain that bites its tail."""
    outer = RuntimeError("step failed")
    outer.__cause__ = e.ContentFilterError("stopped")
    assert POLICY.evaluate(outer, 1, 3).action is RetryAction.FAIL
    loop = RuntimeError("loop")
    loop.__cause__ = RuntimeError("inner")
    loop.__cause__.__cause__ = loop
    assert POLICY.evaluate(loop, 1, 3).action is RetryAction.DEFAULT


def test_an_unknown_error_keeps_airflows_own_behaviour() -> None:
    """The policy decides nothing that it does not understand."""
    assert POLICY.evaluate(KeyError("x"), 1, 3).action is RetryAction.DEFAULT


def test_the_policy_survives_serialisation_and_long_reasons() -> None:
    """A DAG with the policy can be stored, and a reason fits Airflow's column."""
    assert isinstance(LLMRetryPolicy.deserialize(POLICY.serialize()), LLMRetryPolicy)
    reason = POLICY.evaluate(e.RouteConfigError("llm.yaml", ["x" * 900]), 1, 3).reason
    assert reason is not None
    assert len(reason) == 500
