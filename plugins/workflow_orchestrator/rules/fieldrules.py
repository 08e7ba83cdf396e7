"""What the declaration of a field demands of its values: presence, limits, choices, check digits, codes, dates."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal

from workflow_orchestrator.fields import FieldSet, FieldSpec
from workflow_orchestrator.rules.currencies import CURRENCIES, MINOR
from workflow_orchestrator.rules.findings import Finding, Severity
from workflow_orchestrator.values import Kind, Value, ValueSet

# A value outside its field's limits is suspicious, not impossible; the others cannot be right.
FIELD_RULES: dict[str, Severity] = {
    "required": "error",
    "variant": "needs_person",  # which of several share classes is meant
    "declared": "error",
    "range": "needs_person",
    "choice": "error",
    "isin": "error",
    "currency": "error",
    "date_not_in_future": "error",
}


def field_findings(
    values: ValueSet,
    fields: FieldSet,
    severities: Mapping[str, Severity],
    required: Iterable[str],
    today: date,
) -> Iterator[Finding]:
    """The findings of the field rules: first what is missing, then value by value."""
    given = {value.field for value in values.values()}
    for name in dict.fromkeys((*(spec.name for spec in fields.values() if spec.required), *required)):
        if name not in given:
            title = fields[name].title["en"] if name in fields else name
            yield Finding(
                "required", severities["required"], (name,), f"{title} ({name}) is required, and no value was found"
            )
    for value in values.values():
        spec = fields.get(value.field)
        if spec is None or spec.kind is not value.kind or bool(spec.keyed) != bool(value.key):
            yield Finding("declared", severities["declared"], (value.ref,), _undeclared(value, spec))
            continue
        for rule, message, expected in _of_value(value, spec, today):
            yield Finding(
                rule, severities[rule], (value.ref,), message, computed=expected, printed=value.evidence.quote
            )


def _undeclared(value: Value, spec: FieldSpec | None) -> str:
    if spec is None:
        return f"{value.ref} is not a field of the schema"
    if spec.kind is not value.kind:
        return f"{value.ref} is {value.kind}, and the schema says {spec.kind}"
    if value.key:
        return f"{value.ref} has a key, and the schema says one value"
    return f"{value.ref} has no key, and the schema asks for one"


def _of_value(value: Value, spec: FieldSpec, today: date) -> Iterator[tuple[str, str, str]]:
    """Rule, message and what would be right, for each field rule that a value breaks."""
    shown = f"{value.ref} ({value.evidence.quote}, page {value.evidence.page})"
    content = value.value
    if isinstance(content, Decimal):
        if spec.minimum is not None and content < spec.minimum:
            yield "range", f"{shown} is below {spec.minimum}", f"at least {spec.minimum}"
        if spec.maximum is not None and content > spec.maximum:
            yield "range", f"{shown} is above {spec.maximum}", f"at most {spec.maximum}"
    elif isinstance(content, date):
        if content > today:
            yield "date_not_in_future", f"{shown} is after today, {today}", f"at most {today}"
    elif spec.kind is Kind.CHOICE:
        words = [choice.value for choice in spec.choices]
        if content not in words:
            yield "choice", f"{shown} is {content!r}, not one of {', '.join(words)}", ", ".join(words)
    elif spec.kind is Kind.ISIN and not _is_isin(content):
        yield "isin", f"{shown} is not an ISIN: its form or its check digit is wrong", ""
    code = content if spec.kind is Kind.CURRENCY else value.unit if spec.kind is Kind.MONEY else None
    # A price may be quoted in pence; a currency is never one.
    quoted = spec.kind is Kind.MONEY and code in MINOR
    if code is not None and code not in CURRENCIES and not quoted:
        yield "currency", f"{shown}: {code!r} is not a currency code of ISO 4217", ""


def _is_isin(text: str) -> bool:
    from stdnum import isin

    # The library forgives spaces and small letters; the value itself must be the code.
    return bool(isin.is_valid(text)) and isin.compact(text) == text
