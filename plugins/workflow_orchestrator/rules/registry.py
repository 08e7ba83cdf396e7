"""The checks that `rules.yaml` may name, each with the fields and settings that it takes.

A check is a function from the values to verdicts: what is broken, what holds, and what cannot be compared and why. No data is no
finding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from workflow_orchestrator.fields import FieldSet
from workflow_orchestrator.rules.findings import Finding, Held, NotApplicable, Severity, Verdict
from workflow_orchestrator.rules.interval import Interval
from workflow_orchestrator.rules.previous import Release
from workflow_orchestrator.rules.words import span
from workflow_orchestrator.values import Kind, Value, ValueSet


@dataclass(frozen=True, slots=True)
class FieldParameter:
    """A parameter that names a field: of which kinds, and how keyed (empty: a field with one value)."""

    kinds: tuple[Kind, ...]
    keyed: tuple[str, ...] = ("",)
    required: bool = True
    says: str = ""


@dataclass(frozen=True, slots=True)
class FieldsParameter:
    """A parameter that lists fields of any kind; with `at_least=0` it may be left out."""

    says: str = ""
    at_least: int = 1


@dataclass(frozen=True, slots=True)
class NumberParameter:
    """A parameter that is a whole number."""

    default: int
    minimum: int
    maximum: int
    says: str = ""


@dataclass(frozen=True, slots=True)
class DecimalParameter:
    """A parameter that is a number with decimals: a limit that no rounding explains, but that somebody chose."""

    default: Decimal
    minimum: Decimal
    maximum: Decimal
    says: str = ""


@dataclass(frozen=True, slots=True)
class TextParameter:
    """A parameter that is a word: one of `choices`, or any where there are none."""

    choices: tuple[str, ...] = ()
    says: str = ""


CheckParameter = FieldParameter | FieldsParameter | NumberParameter | DecimalParameter | TextParameter


@dataclass(frozen=True, slots=True)
class Basis:
    """Where a check comes from: its rows of the reference's tables (FX: funds, ER: companies), and the formula in words and signs.

    `rows` is empty for a check that the tables do not have. `table` is what the check goes by, where that is a table: its heads, then rows.
    """

    rows: tuple[str, ...]
    formula: str
    table: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Occasion:
    """What a check works with: the values, the parameters of its rule, today, and the release before this document's.

    `pages` is the number of the document's pages, 0 where nobody counted; `previous` is None where nothing of the same
    was released before.
    """

    rule: str
    severity: Severity
    values: ValueSet
    schema: FieldSet
    fields: Mapping[str, str]  # parameter → field name
    lists: Mapping[str, tuple[str, ...]]  # parameter → field names
    numbers: Mapping[str, int | Decimal]  # parameter → number
    today: date
    pages: int = 0
    previous: Release | None = None
    words: Mapping[str, str] = field(default_factory=dict)  # parameter → word
    asked: Mapping[str, object] = field(default_factory=dict)  # what the run was started with
    says: str = ""

    def whole(self, parameter: str) -> int:
        """A setting that is a whole number."""
        return int(self.numbers[parameter])

    def limit(self, parameter: str) -> Decimal:
        """A setting that is a number with decimals."""
        return Decimal(self.numbers[parameter])

    def one(self, parameter: str) -> Value | None:
        """The value of the field that a parameter names, if the document has it; of a field by period, that of the first period."""
        field = self.fields.get(parameter)
        if field is None:
            return None
        listed = self.schema[field].keys if field in self.schema else {}
        refs = [f"{field}.{key}" for key in listed] or [field]
        return next((value for ref in refs if (value := self.values.get(ref))), None)

    def day(self, parameter: str) -> date | None:
        """The same, of a date field."""
        value = self.one(parameter)
        return value.value if value is not None and isinstance(value.value, date) else None

    def keyed(self, parameter: str) -> dict[str, Value]:
        """The values of a field by key; a field with one value has it under the empty key."""
        field = self.fields.get(parameter)
        return {} if field is None else {value.key: value for value in self.values.of(field)}

    def matched(self, *parameters: str) -> Iterator[tuple[Value, ...]]:
        """The values of several fields that belong together: those of the same key, or the one value of each."""
        columns = [self.keyed(parameter) for parameter in parameters]
        for key in columns[0]:
            if all(key in column for column in columns):
                yield tuple(column[key] for column in columns)

    def before(self, parameter: str) -> dict[str, Value]:
        """The values of a field in the release before, by key."""
        field = self.fields.get(parameter)
        if field is None or self.previous is None:
            return {}
        return {value.key: value for value in self.previous.values.of(field)}

    def title(self, ref: str) -> str:
        """What people call a field or a value: `Performance, 3 years`."""
        name, _, key = ref.partition(".")
        if name not in self.schema:
            return ref
        title = self.schema.title_of(name, "en")
        return f"{title}, {self.schema.title_of(ref, 'en')}" if key else title

    def finding(
        self,
        refs: tuple[str, ...],
        message: str,
        *,
        computed: Interval | str = "",
        printed: Value | str = "",
    ) -> Finding:
        """A finding of this rule, in the author's words first where the rule has some."""
        return Finding(
            self.rule,
            self.severity,
            refs,
            f"{self.says}: {message}" if self.says else message,
            computed=_computed(computed, printed),
            printed=_printed(printed),
        )

    def held(self, refs: tuple[str, ...], *, computed: Interval | str = "", printed: Value | str = "") -> Held:
        """That a comparison holds."""
        return Held(refs, _computed(computed, printed), _printed(printed))

    def judged(
        self,
        fits: bool,
        refs: tuple[str, ...],
        message: str,
        *,
        computed: Interval | str = "",
        printed: Value | str = "",
    ) -> Finding | Held:
        """A finding with this message, or that it holds."""
        if fits:
            return self.held(refs, computed=computed, printed=printed)
        return self.finding(refs, message, computed=computed, printed=printed)

    def unmatched(self, *parameters: str) -> NotApplicable | None:
        """Why values of several fields do not belong together; nothing if some do, or a field is not there at all."""
        columns = [self.keyed(parameter) for parameter in parameters]
        if not all(columns) or set.intersection(*map(set, columns)):
            return None
        named = ", ".join(self.title(self.fields[parameter]) for parameter in parameters)
        return NotApplicable(f"no period or name is common to {named}")

    def missing(self) -> str:
        """The fields of the rule that the document does not print, in words; empty if it prints all of them."""
        names = [name for name in self.fields.values() if not self.values.of(name)]
        return ", ".join(dict.fromkeys(map(self.title, names)))


def _computed(computed: Interval | str, printed: Value | str) -> str:
    return span(computed, printed if isinstance(printed, Value) else None) if isinstance(computed, Interval) else computed


def _printed(printed: Value | str) -> str:
    return printed.evidence.quote if isinstance(printed, Value) else printed


Evaluate = Callable[[Occasion], Iterator[Verdict]]


@dataclass(frozen=True, slots=True)
class Check:
    """One check: its name, what it takes, how grave a breach is unless the rule says otherwise, and what it does.

    `says` is its first sentence, `more` what else there is to know.
    """

    name: str
    says: str
    more: str
    severity: Severity
    basis: Basis
    parameters: Mapping[str, CheckParameter]
    evaluate: Evaluate
    against_previous: bool = False


_CHECKS: dict[str, Check] = {}


def check(
    name: str, severity: Severity, basis: Basis, /, **parameters: CheckParameter
) -> Callable[[Evaluate], Evaluate]:
    """Registers a function as the check of that name; its docstring's first line is what the check says."""
    return _registered(name, severity, basis, parameters, against_previous=False)


def drift_check(
    name: str, severity: Severity, basis: Basis, /, **parameters: CheckParameter
) -> Callable[[Evaluate], Evaluate]:
    """The same, of a check that compares with the release before; without one it is not asked."""
    return _registered(name, severity, basis, parameters, against_previous=True)


def _registered(
    name: str,
    severity: Severity,
    basis: Basis,
    parameters: Mapping[str, CheckParameter],
    *,
    against_previous: bool,
) -> Callable[[Evaluate], Evaluate]:
    def register(function: Evaluate) -> Evaluate:
        if name in _CHECKS:
            raise ValueError(f"the check {name} is registered twice")
        says, _, more = (function.__doc__ or "").strip().partition("\n")
        _CHECKS[name] = Check(
            name, says, " ".join(more.split()), severity, basis, parameters, function, against_previous
        )
        return function

    return register


def checks() -> Mapping[str, Check]:
    """All checks by name."""
    # The modules register their checks as they are imported.
    from workflow_orchestrator.rules import (
        classes,
        dates,
        drift,
        earnings,
        extremes,
        figures,
        holdings,
        identifiers,
        licences,
        periods,
        quarters,
        returns,
        risk,
        sections,
        texts,
    )

    modules = (
        returns, periods, extremes, holdings, dates, risk, classes, identifiers, licences, sections, texts, drift,
        quarters, figures, earnings,
    )  # fmt: skip
    if not (all(module.__name__ for module in modules) and _CHECKS):
        raise AssertionError("the modules of the checks register them")
    return _CHECKS
