"""Applies the field rules and the workflow's own rules to the values of one document."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from workflow_orchestrator.fields import FieldSet
from workflow_orchestrator.rules.fieldrules import field_findings
from workflow_orchestrator.rules.findings import Finding
from workflow_orchestrator.rules.language import Rules
from workflow_orchestrator.rules.previous import Release
from workflow_orchestrator.rules.registry import Occasion
from workflow_orchestrator.values import Origin, ValueSet


def check_values(
    values: ValueSet,
    fields: FieldSet,
    rules: Rules,
    *,
    required_fields: Iterable[str],
    today: date,
    pages: int = 0,
    previous: Release | None = None,
) -> tuple[Finding, ...]:
    """Everything that is wrong with the values, the field rules first, in the order of the values and of the file.

    Args:
        values: the proven values of one document.
        fields: the fields of its schema; those it marks as required are required too.
        rules: the workflow's `rules.yaml`.
        required_fields: fields that the workflow cannot do without (`business_rules.required_fields`).
        today: the day of the run, against which dates are judged.
        pages: how many pages the document has; 0 where it does not matter.
        previous: the release before this document's; without one, nothing is compared with it.

    Returns:
        The findings; none when every rule is met or has no data to apply to.
    """
    found = list(field_findings(values, fields, rules.field_severities, required_fields, today))
    # A value that is not what the schema says has no place in arithmetic; its own finding stands already.
    sound = ValueSet(
        value for value in values.values() if not any(f.rule == "declared" and value.ref in f.refs for f in found)
    )
    for rule in rules.rules:
        if rule.check.against_previous and previous is None:
            continue
        occasion = Occasion(
            rule=rule.name,
            severity=rule.severity,
            values=sound,
            schema=fields,
            fields=rule.fields,
            lists=rule.lists,
            numbers=rule.numbers,
            today=today,
            pages=pages,
            previous=previous,
        )
        found += rule.check.evaluate(occasion)
    return tuple(_confirmed(finding, sound) for finding in found)


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
