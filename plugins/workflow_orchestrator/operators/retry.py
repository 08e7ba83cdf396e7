"""Tells Airflow what the definition says about a failed try: `definition/retries.py` judges, this carries the verdict over.

Airflow writes only into its database that a task has a policy, not which: a changed policy is a new DAG version by the digest.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk.definitions.retry_policy import RetryDecision

from llm_orchestration.retry_policy import LLMRetryPolicy
from workflow_orchestrator.definition.retries import RetryRule, judge
from workflow_orchestrator.definition.steps import Execution

if TYPE_CHECKING:
    from airflow.sdk.definitions.context import Context

_MAX_REASON = 500


class StepRetryPolicy(LLMRetryPolicy):
    """Retries as the step's `execution` says.

    | error | decision |
    |---|---|
    | `retryable` is false | fail now, whatever tries are left |
    | a rule of the named policy takes its class | up to that rule's retries, after its wait |
    | any other, also one that carries no `retryable` | up to `max_retries`, after the step's wait |

    A `Retry-After` that came with the error is never undercut; it counts from the provider's answer. An error that was raised from
    another one is judged by the first of the chain that says whether a retry helps.

    Args:
        execution: the step's.
    """

    def __init__(self, execution: Execution) -> None:
        self.execution = execution

    def evaluate(
        self, exception: BaseException, try_number: int, max_tries: int, context: Context | None = None
    ) -> RetryDecision:
        """Decides for one failed try. Called by Airflow in the task's process."""
        error = _judged(exception)
        # The parent's answer has what is left of the wait that a provider asked for, counted from the provider's answer.
        asked_for = super().evaluate(exception, try_number, max_tries, context).retry_delay
        verdict = judge(
            self.execution,
            classes=[above.__name__ for above in type(error).__mro__],
            retryable=bool(getattr(error, "retryable", True)),
            # Airflow counts on after a clear, and gives the step its retries again on top.
            try_number=max(1, try_number - max(0, max_tries - self.execution.most_retries)),
            key=_key(context),
            retry_after=asked_for,
        )
        reason = f"{verdict.reason}. {type(error).__name__}: {error}"[:_MAX_REASON]
        if not verdict.retry:
            return RetryDecision.fail(reason=reason)
        return RetryDecision.retry(delay=verdict.delay, reason=reason)

    def serialize(self) -> dict[str, Any]:
        """The execution, in JSON."""
        execution = self.execution
        return {
            "max_retries": execution.max_retries,
            "timeout": execution.timeout.total_seconds(),
            "retry_backoff": execution.retry_backoff,
            "retry_delay": execution.retry_delay.total_seconds(),
            "max_retry_delay": execution.max_retry_delay.total_seconds(),
            "default_error_handler": execution.default_error_handler,
            "retry_jitter": execution.retry_jitter,
            "call_timeout": _seconds(execution.call_timeout),
            "retry": execution.retry,
            "rules": [
                [rule.on, rule.max_retries, _seconds(rule.delay), rule.backoff, _seconds(rule.max_delay)]
                for rule in execution.rules
            ],
        }

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> StepRetryPolicy:
        """Inverse of `serialize`."""
        times = {name: timedelta(seconds=data[name]) for name in ("timeout", "retry_delay", "max_retry_delay")}
        rules = tuple(
            RetryRule(on, most, _time(delay), backoff, _time(longest))
            for on, most, delay, backoff, longest in data["rules"]
        )
        return cls(Execution(**{**data, **times, "call_timeout": _time(data["call_timeout"]), "rules": rules}))


def _judged(exception: BaseException) -> BaseException:
    """The first error of the chain that says whether a retry helps; the outermost where none does."""
    seen: list[BaseException] = []
    current: BaseException | None = exception
    while current is not None and current not in seen:
        if isinstance(getattr(current, "retryable", None), bool):
            return current
        seen.append(current)
        current = current.__cause__
    return exception


def _key(context: Any) -> str:
    """Names run, task and item, so that a thousand steps that failed together do not come back together."""
    if not context:
        return ""
    ti = context["ti"]
    return f"{context['run_id']}\0{ti.task_id}\0{getattr(ti, 'map_index', -1)}"


def _seconds(time: timedelta | None) -> float | None:
    return None if time is None else time.total_seconds()


def _time(seconds: float | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)
