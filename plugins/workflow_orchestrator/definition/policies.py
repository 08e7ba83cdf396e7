"""Named retry policies: from `retry_policies` of include/orchestrator.yaml to rules, and the rules that could never decide.

A rule is unreachable when no error has its name, when no retry can help against it, when a wider rule above it takes the error
first, or when no kind of step ends with it. Each is a problem at its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from typing import Any

from workflow_orchestrator.definition import raises
from workflow_orchestrator.definition.problems import Report, did_you_mean
from workflow_orchestrator.definition.retries import RetryRule
from workflow_orchestrator.definition.source import KeyPath, Source


def build_policies(source: Source, report: Report) -> Mapping[str, tuple[RetryRule, ...]]:
    """The policies of a file; what is wrong goes to the report, and a rule that is wrong is left out."""
    policies: dict[str, tuple[RetryRule, ...]] = {}
    for at, _ in source.walk(("retry_policies",)):
        rules = []
        above: list[str] = []
        for rule_at, item in source.walk(at):
            if isinstance(item, dict):
                rule = _rule(item, rule_at, above, source, report)
                rules += [] if rule is None else [rule]
        policies[str(at[-1])] = tuple(rules)
    return policies


def _rule(item: dict[str, Any], at: KeyPath, above: list[str], source: Source, report: Report) -> RetryRule | None:
    name = item.get("on")
    if not isinstance(name, str):
        return None
    message, fix = _unreachable(name, above)
    if message:
        report.add("WF061", source, (*at, "on"), message, fix)
    above.append(name)
    try:
        return RetryRule(
            on=name,
            max_retries=int(item["max_retries"]),
            delay=_time(item.get("delay_seconds")),
            backoff=item.get("backoff"),
            max_delay=_time(item.get("max_delay_seconds")),
        )
    except ValueError as error:
        report.add("WF024", source, at, str(error))
    except (KeyError, TypeError):
        # The key that is missing or of the wrong type has been reported.
        pass
    return None


def _unreachable(name: str, above: list[str]) -> tuple[str, str]:
    known = raises.error_classes()
    if name not in known:
        return f"no error is named {name!r}", did_you_mean(name, known)
    family = raises.family(name)
    wider = next((other for other in above if other in family), None)
    if wider is not None:
        return f"{name} never gets here: the rule for {wider} above takes it", "put the narrower error first"
    if not _can_retry(name):
        return f"{name} is never retried, because a retry cannot help", "remove the rule"
    if not any(raised_within(name, kind) for kind in raises.RAISES):
        return f"no step ends with {name}", "remove the rule"
    return "", ""


@cache
def _can_retry(name: str) -> bool:
    """Whether a retry can help against the error or one below it."""
    return any(raises.retryable(other) for other in raises.error_classes() if name in raises.family(other))


@cache
def raised_within(name: str, kind: str) -> bool:
    """Whether a step of a kind can end with the error or with one below it."""
    known = raises.error_classes()
    return any(name in raises.family(one) for one in raises.raised_by(kind, first=True) if one in known)


def _time(seconds: float | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)
