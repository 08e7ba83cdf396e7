"""When a failed step is tried again, and after which wait."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow_orchestrator.definition.retries import RetryRule, judge, wait_before
from workflow_orchestrator.definition.steps import Execution


def execution(**own: Any) -> Execution:
    """Three retries, 10 s doubling up to 60 s."""
    said: dict[str, Any] = {
        "max_retries": 3,
        "timeout": timedelta(minutes=5),
        "retry_backoff": "exponential",
        "retry_delay": timedelta(seconds=10),
        "max_retry_delay": timedelta(seconds=60),
        "default_error_handler": "fail",
    }
    return Execution(**{**said, **own})


def waits(one: Execution, classes: tuple[str, ...], tries: int = 6) -> list[float | None]:
    """The wait in seconds after each of so many failed tries; `None` where none follows."""
    verdicts = [
        judge(one, classes=classes, retryable=True, try_number=number, key="run/step") for number in range(1, tries + 1)
    ]
    return [verdict.delay.total_seconds() if verdict.delay is not None else None for verdict in verdicts]


def test_without_rules_the_steps_own_settings_hold() -> None:
    """Doubling waits, as many as `max_retries`."""
    assert waits(execution(), ("ServerError",)) == [10, 20, 40, None, None, None]


def test_growth_stops_at_the_cap() -> None:
    """No wait is longer than the longest."""
    assert waits(execution(max_retries=5), ("ServerError",)) == [10, 20, 40, 60, 60, None]


def test_constant_waits_do_not_grow() -> None:
    """`constant` means constant."""
    assert waits(execution(retry_backoff="constant"), ("ServerError",)) == [10, 10, 10, None, None, None]


def test_the_first_rule_that_fits_decides() -> None:
    """Rules are ordered, take what lies below their class, and leave the rest to the step."""
    rules = (
        RetryRule("RateLimitError", 5, delay=timedelta(seconds=1), max_delay=timedelta(seconds=4)),
        RetryRule("TransientError", 1, backoff="constant"),
    )
    one = execution(rules=rules)
    assert waits(one, ("RateLimitError", "TransientError")) == [1, 2, 4, 4, 4, None]
    assert waits(one, ("ServerError", "TransientError")) == [10, None, None, None, None, None]
    assert waits(one, ("StorageError",)) == [10, 20, 40, None, None, None]
    assert one.most_retries == 5


def test_a_rule_can_forbid_retries() -> None:
    """`max_retries: 0` ends the step with its first error of that class."""
    assert waits(execution(rules=(RetryRule("StateError", 0),)), ("StateError",))[0] is None


def test_what_no_retry_can_help_is_not_retried() -> None:
    """The class's own word comes before every rule."""
    one = execution(rules=(RetryRule("AuthenticationError", 5),))
    verdict = judge(one, classes=("AuthenticationError",), retryable=False, try_number=1, key="k")
    assert (verdict.retry, verdict.delay) == (False, None)


def test_retry_after_is_never_undercut() -> None:
    """A provider's own wait is the least; a longer one of ours stays."""
    one = execution()
    said = {"classes": ("RateLimitError",), "retryable": True, "key": "k"}
    long = judge(one, try_number=1, retry_after=timedelta(seconds=90), **said)  # type: ignore[arg-type]
    short = judge(one, try_number=2, retry_after=timedelta(seconds=5), **said)  # type: ignore[arg-type]
    assert (long.delay, short.delay) == (timedelta(seconds=90), timedelta(seconds=20))


@given(st.floats(0, 1), st.integers(1, 20), st.text(max_size=30))
def test_jitter_takes_away_at_most_its_share(jitter: float, retry: int, key: str) -> None:
    """The wait lies between the whole one and what the share leaves of it, and is the same each time it is asked."""
    whole = wait_before(execution(), None, retry, key)
    one = execution(retry_jitter=jitter)
    wait = wait_before(one, None, retry, key)
    assert whole * (1 - jitter) - timedelta(microseconds=1) <= wait <= whole
    assert wait == wait_before(one, None, retry, key)


def test_jitter_parts_steps_that_failed_together() -> None:
    """A thousand steps that failed in the same moment come back spread over the share."""
    one = execution(retry_jitter=0.5)
    spread = {round(wait_before(one, None, 1, f"run{number}/step").total_seconds()) for number in range(1000)}
    assert spread == set(range(5, 11))


@pytest.mark.parametrize(
    "own",
    [
        {"max_retries": 0},
        {"timeout": timedelta(0)},
        {"max_retry_delay": timedelta(seconds=5)},
        {"retry_jitter": 1.5},
        {"call_timeout": timedelta(minutes=6)},
        {"call_timeout": timedelta(0)},
    ],
)
def test_contradictions_are_refused(own: dict[str, Any]) -> None:
    """An execution that cannot be meant is not built."""
    with pytest.raises(ValueError, match="must"):
        execution(**own)


def test_a_rule_with_a_cap_below_its_delay_is_refused() -> None:
    """Nor is such a rule."""
    with pytest.raises(ValueError, match="max_delay"):
        RetryRule("ServerError", 1, delay=timedelta(seconds=9), max_delay=timedelta(seconds=3))
