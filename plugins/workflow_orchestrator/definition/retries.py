"""Retry rules: when a failed step is tried again, and after which wait. Airflow asks; so does the scenario runner.

    1. an error that says `retryable = False` ends the step, whatever tries are left
    2. the first rule of the step's named policy whose class fits: tried again up to its `max_retries`
    3. no rule: tried again up to the step's own `max_retries`

The wait before retry n is `delay`, or `delay * 2**(n-1)` when it grows, at most `max_delay`; `jitter` takes away up to that share
of it, by a hash of run, step and try, so that a thousand steps that failed together do not come back together and a test still
knows the wait. A provider's `Retry-After` is never undercut.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from workflow_orchestrator.definition.steps import Execution


@dataclass(frozen=True, slots=True)
class RetryRule:
    """How errors of class `on` (and below) are retried; what is `None` is the step's own."""

    on: str
    max_retries: int
    delay: timedelta | None = None
    backoff: Literal["exponential", "constant"] | None = None
    max_delay: timedelta | None = None

    def __post_init__(self) -> None:
        if self.max_retries < 0:
            raise ValueError(f"max_retries must not be negative, and is {self.max_retries}")
        if self.delay is not None and self.max_delay is not None and self.max_delay < self.delay:
            raise ValueError("max_delay must not be shorter than delay")


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a failed try is followed by another one, after which wait, and why. `delay` is `None` when it is not."""

    retry: bool
    delay: timedelta | None
    reason: str


def judge(
    execution: Execution,
    *,
    classes: Collection[str],
    retryable: bool,
    try_number: int,
    key: str,
    retry_after: timedelta | None = None,
) -> Verdict:
    """Decides about one failed try.

    Args:
        execution: the step's.
        classes: the names of the error's class and of those above it.
        retryable: what the class says about itself.
        try_number: of the try that failed, from 1.
        key: names run and step, for the jitter.
        retry_after: the least wait that a provider asked for.
    """
    if not retryable:
        return Verdict(False, None, "a retry cannot help")
    rule = next((rule for rule in execution.rules if rule.on in classes), None)
    allowed = rule.max_retries if rule else execution.max_retries
    said = f"{execution.retry}: {rule.on}" if rule else "max_retries"
    if try_number > allowed:
        return Verdict(False, None, f"{said} allows {allowed} {'retry' if allowed == 1 else 'retries'}")
    delay = wait_before(execution, rule, try_number, key)
    if retry_after is not None:
        delay = max(delay, retry_after)
    return Verdict(True, delay, f"{said}, retry {try_number} of {allowed}")


def wait_before(execution: Execution, rule: RetryRule | None, retry: int, key: str) -> timedelta:
    """The wait before the retry of that number, from 1."""
    first = (rule and rule.delay) or execution.retry_delay
    longest = max((rule and rule.max_delay) or execution.max_retry_delay, first)
    grows = ((rule and rule.backoff) or execution.retry_backoff) == "exponential"
    # 2**40 of any wait is longer than any cap, and a timedelta cannot hold much more.
    wait = min(first * 2 ** min(retry - 1, 40), longest) if grows and first < longest else min(first, longest)
    return wait * (1 - execution.retry_jitter * _share(f"{key}\0{retry}"))


def _share(text: str) -> float:
    """A number from 0 up to 1 that the text alone decides."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big") / 2**48
