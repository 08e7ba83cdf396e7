"""The checks that `rules.yaml` may name, each with the fields and settings that it takes.

A check is a function from the values to findings; what it does not have data for, it leaves alone: no data is no
finding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from workflow_orchestrator.rules.findings import Finding, Severity
from workflow_orchestrator.rules.interval import Interval
from workflow_orchestrator.values import Kind, Value, ValueSet


@dataclass(frozen=True, slots=True)
class FieldParameter:
    """A parameter that names a field: of which kinds, and how keyed (empty: a field with one value)."""

    kinds: tuple[Kind, ...]
    keyed: tuple[str, ...] = ("",)
    required: bool = True
    says: str = ""


@dataclass(frozen=True, slots=True)
class NumberParameter:
    """A parameter that is a whole number."""

    default: int
    minimum: int
    maximum: int
    says: str = ""


CheckParameter = FieldParameter | NumberParameter


@dataclass(frozen=True, slots=True)
class Occasion:
    """What a check works with: the values, the parameters of its rule, and today."""

    rule: str
    severity: Severity
    values: ValueSet
    fields: Mapping[str, str]  # parameter → field name
    numbers: Mapping[str, int]  # parameter → number
    today: date

    def one(self, parameter: str) -> Value | None:
        """The value of the field that a parameter names, if the document has it."""
        field = self.fields.get(parameter)
        return None if field is None else self.values.get(field)

    def day(self, parameter: str) -> date | None:
        """The same, of a date field."""
        value = self.one(parameter)
        return value.value if value is not None and isinstance(value.value, date) else None

    def keyed(self, parameter: str) -> dict[str, Value]:
        """The values of a keyed field, by key."""
        field = self.fields.get(parameter)
        return {} if field is None else {value.key: value for value in self.values.of(field)}

    def finding(
        self,
        refs: tuple[str, ...],
        message: str,
        *,
        computed: Interval | str = "",
        printed: Value | str = "",
    ) -> Finding:
        """A finding of this rule."""
        return Finding(
            self.rule,
            self.severity,
            refs,
            message,
            computed=_span(computed) if isinstance(computed, Interval) else computed,
            printed=printed.evidence.quote if isinstance(printed, Value) else printed,
        )


Evaluate = Callable[[Occasion], Iterator[Finding]]


@dataclass(frozen=True, slots=True)
class Check:
    """One check: its name, what it takes, how grave a breach is unless the rule says otherwise, and what it does."""

    name: str
    says: str
    severity: Severity
    parameters: Mapping[str, CheckParameter]
    evaluate: Evaluate


_CHECKS: dict[str, Check] = {}


def check(name: str, severity: Severity, **parameters: CheckParameter) -> Callable[[Evaluate], Evaluate]:
    """Registers a function as the check of that name; its docstring's first line is what the check says."""

    def register(function: Evaluate) -> Evaluate:
        if name in _CHECKS:
            raise ValueError(f"the check {name} is registered twice")
        says = (function.__doc__ or "").strip().splitlines()[0]
        _CHECKS[name] = Check(name, says, severity, parameters, function)
        return function

    return register


def checks() -> Mapping[str, Check]:
    """All checks by name."""
    # The modules register their checks as they are imported.
    from workflow_orchestrator.rules import facts, returns

    if not (facts.__name__ and returns.__name__ and _CHECKS):
        raise AssertionError("the modules of the checks register them")
    return _CHECKS


def _span(interval: Interval) -> str:
    """An interval for people: two more digits than a factsheet prints are enough to see why it does not fit."""
    low, high = (f"{end:.4f}" for end in (interval.low, interval.high))
    return low if low == high else f"{low} to {high}"
