"""Applies the field rules and the workflow's own rules to the values of one document."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from workflow_orchestrator.fields import FieldSet
from workflow_orchestrator.rules.fieldrules import field_findings
from workflow_orchestrator.rules.findings import Finding, NotApplicable, Outcome
from workflow_orchestrator.rules.language import Rule, Rules
from workflow_orchestrator.rules.previous import Release
from workflow_orchestrator.rules.registry import Occasion
from workflow_orchestrator.values import Origin, ValueSet


@dataclass(frozen=True, slots=True)
class Examination:
    """All that the rules say about one document: what its fields' declarations find, and what became of each rule."""

    of_fields: tuple[Finding, ...]
    outcomes: tuple[Outcome, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Everything that is wrong, the field rules first, in the order of the values and of the file."""
        return (*self.of_fields, *(finding for outcome in self.outcomes for finding in outcome.findings))


def check_values(
    values: ValueSet,
    fields: FieldSet,
    rules: Rules,
    *,
    required_fields: Iterable[str],
    today: date,
    pages: int = 0,
    previous: Release | None = None,
    asked: Mapping[str, object] | None = None,
) -> tuple[Finding, ...]:
    """Everything that is wrong with the values; none when every rule is met or has no data to apply to.

    The arguments are those of `examine`.
    """
    examined = examine(
        values,
        fields,
        rules,
        required_fields=required_fields,
        today=today,
        pages=pages,
        previous=previous,
        asked=asked,
    )
    return examined.findings


def examine(
    values: ValueSet,
    fields: FieldSet,
    rules: Rules,
    *,
    required_fields: Iterable[str],
    today: date,
    pages: int = 0,
    previous: Release | None = None,
    asked: Mapping[str, object] | None = None,
) -> Examination:
    """What every rule says about the values: broken, holds, or not applicable and why.

    Args:
        values: the proven values of one document.
        fields: the fields of its schema; those it marks as required are required too.
        rules: the workflow's `rules.yaml`.
        required_fields: fields that the workflow cannot do without (`business_rules.required_fields`).
        today: the day of the run, against which dates are judged.
        pages: how many pages the document has; 0 where it does not matter.
        previous: the release before this document's; without one, nothing is compared with it.
        asked: what the run was started with, by the name of the parameter.
    """
    found = tuple(field_findings(values, fields, rules.field_severities, required_fields, today))
    # A value that is not what the schema says has no place in arithmetic; its own finding stands already.
    sound = ValueSet(
        value for value in values.values() if not any(f.rule == "declared" and value.ref in f.refs for f in found)
    )
    outcomes = []
    for rule in rules.rules:
        occasion = Occasion(
            rule=rule.name,
            severity=rule.severity,
            values=sound,
            schema=fields,
            fields=rule.fields,
            lists=rule.lists,
            numbers=rule.numbers,
            words=rule.words,
            says=rule.says,
            today=today,
            pages=pages,
            previous=previous,
            asked=asked or {},
        )
        outcomes.append(_outcome(rule, occasion, sound))
    return Examination(tuple(_confirmed(finding, sound) for finding in found), tuple(outcomes))


def _outcome(rule: Rule, occasion: Occasion, values: ValueSet) -> Outcome:
    if rule.check.against_previous and occasion.previous is None:
        return Outcome(rule.name, rule.check.name, (NotApplicable("nothing of the same was released before"),))
    verdicts = tuple(
        _confirmed(verdict, values) if isinstance(verdict, Finding) else verdict
        for verdict in rule.check.evaluate(occasion)
    )
    return Outcome(rule.name, rule.check.name, verdicts or (NotApplicable(_why(occasion)),))


def _why(occasion: Occasion) -> str:
    missing = occasion.missing()
    return f"the document does not print {missing}" if missing else "it prints nothing that could be compared"


def _confirmed(finding: Finding, values: ValueSet) -> Finding:
    """A finding that needs a person is a warning once a person has entered every value that it names.

    Only `needs_person` is answered so: what cannot be right is not right because somebody says so.
    """
    if finding.severity != "needs_person":
        return finding
    named = [values.get(ref) for ref in finding.refs]
    if not all(value is not None and value.origin is Origin.PERSON for value in named):
        return finding
    return replace(finding, severity="warning", message=f"{finding.message}; a person confirmed it")
