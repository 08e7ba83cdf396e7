"""Tells Airflow what an error means for the task: wait and retry, retry as usual, or stop.

The decision is derived from two attributes, `retryable` and `retry_after`, so that every error tree that carries them
is understood, not only this package's. Whatever carries neither keeps Airflow's own behaviour.
"""

from __future__ import annotations

import math
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import RetryPolicy
from airflow.sdk.definitions.retry_policy import RetryDecision

if TYPE_CHECKING:
    from airflow.sdk.definitions.context import Context

SHORTEST_DELAY = timedelta(seconds=1)
LONGEST_DELAY = timedelta(hours=1)
# Scheduler and triggerer take this long to start a deferred try. Should they be quicker, the gate holds its request back
# until the provider's time has come.
LEAD = timedelta(seconds=2)
_MAX_REASON = 500


class LLMRetryPolicy(RetryPolicy):
    """Retries what `retryable` says, after what `retry_after` says.

    | error | decision |
    |---|---|
    | `retryable` is false | fail now, whatever tries are left |
    | `retryable` is true, `retry_after` set | retry after it, at least 1 s and at most 1 h; from `told_at` on, if a trigger told it |
    | `retryable` is true | retry after the task's own delay and back-off |
    | neither attribute | Airflow's own behaviour |

    An error that was raised from another one is judged by the first of the chain that carries the attribute.
    The policy can end a task early; it cannot add tries to `retries`.
    """

    def evaluate(
        self, exception: BaseException, try_number: int, max_tries: int, context: Context | None = None
    ) -> RetryDecision:
        """Decides for one failed try. Called by Airflow in the task's process."""
        judged = _judgeable(exception)
        if judged is None:
            return RetryDecision.default()
        reason = f"{type(judged).__name__}: {judged}"[:_MAX_REASON]
        if not judged.retryable:  # type: ignore[attr-defined]
            return RetryDecision.fail(reason=reason)
        wait = _left(_duration(getattr(judged, "retry_after", None)), getattr(judged, "told_at", None))
        delay = None if wait is None else min(max(wait, SHORTEST_DELAY), LONGEST_DELAY)
        return RetryDecision.retry(delay=delay, reason=reason)

    def serialize(self) -> dict[str, Any]:
        """The policy has no settings."""
        return {}

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> LLMRetryPolicy:
        """Inverse of `serialize`."""
        return cls()


def _left(wait: timedelta | None, told_at: object) -> timedelta | None:
    """What is left of a wait that began in a trigger."""
    if wait is None or not isinstance(told_at, float):
        return wait
    passed = timedelta(seconds=max(0.0, time.time() - told_at))
    return wait - passed - LEAD


def _judgeable(exception: BaseException) -> BaseException | None:
    seen: set[int] = set()
    current: BaseException | None = exception
    while current is not None and id(current) not in seen:
        if isinstance(getattr(current, "retryable", None), bool):
            return current
        seen.add(id(current))
        current = current.__cause__
    return None


def _duration(value: object) -> timedelta | None:
    if isinstance(value, timedelta):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool) and not math.isnan(value):
        return timedelta(seconds=min(max(float(value), 0.0), LONGEST_DELAY.total_seconds()))
    return None
