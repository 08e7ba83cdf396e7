"""The language of `rules.yaml`: named rules, each an instance of a check over this workflow's own fields.

field_rules: {range: needs_person}            # how grave a breach of a field's own declaration is; optional
previous:                                     # how the release before is found; needed by checks that compare with it
  same: [[isin], [fund_name, share_class]]    # the first list that both documents print decides
  dated: as_of_date                           # which of two is earlier
rules:
  ytd_fits_months:                            # the rule's name, in findings and reports
    check: months_compound_to_ytd             # what is checked
    months: monthly_returns                   # the fields and settings that the check takes
    ytd: ytd_performance
    as_of: as_of_date
    severity: error                           # optional: error, needs_person or warning
    says: The months do not make the YTD      # optional: what a breach means, in front of the figures
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from workflow_orchestrator.definition.language import NAME, NAME_SAYS
from workflow_orchestrator.definition.problems import Report, did_you_mean
from workflow_orchestrator.definition.shapes import (
    Anything,
    Choice,
    Entry,
    ListOf,
    MapOf,
    Number,
    Record,
    Shape,
    Text,
    Whole,
    said,
)
from workflow_orchestrator.definition.source import KeyPath, Source, read_source
from workflow_orchestrator.fields import FieldSet
from workflow_orchestrator.rules.fieldrules import FIELD_RULES
from workflow_orchestrator.rules.findings import SEVERITIES, Severity
from workflow_orchestrator.rules.previous import IDENTITY_KINDS, Identity
from workflow_orchestrator.rules.registry import (
    Check,
    CheckParameter,
    DecimalParameter,
    FieldParameter,
    FieldsParameter,
    NumberParameter,
    TextParameter,
    checks,
)
from workflow_orchestrator.values import Kind


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a workflow: a check with its parameters bound to fields and numbers."""

    name: str
    check: Check
    severity: Severity
    fields: Mapping[str, str]
    numbers: Mapping[str, int | Decimal]
    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)
    says: str = ""


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of a workflow in the order of the file, how grave breaches of field declarations are, and how the release
    before is found; without `identity` none is kept and none is looked for."""

    rules: tuple[Rule, ...] = ()
    field_severities: Mapping[str, Severity] = field(default_factory=lambda: dict(FIELD_RULES))
    identity: Identity | None = None


_SEVERITY = Choice(SEVERITIES)
# What is missing or not declared is never a matter of taste.
_FIELD_RULES = Record({name: Entry(_SEVERITY) for name in FIELD_RULES if name not in ("required", "declared", "variant")})
_PREVIOUS = Record(
    {
        "same": Entry(
            ListOf(ListOf(Text())), "Lists of fields; the first that both documents print decides.", required=True
        ),
        "dated": Entry(Text(), "The date that tells which of two is earlier.", required=True),
    }
)
_FILE = Record(
    {
        "field_rules": Entry(_FIELD_RULES),
        "previous": Entry(_PREVIOUS, "How the release before is found."),
        "rules": Entry(MapOf(Anything(), NAME, NAME_SAYS, at_least=0), "The rules by name.", required=True),
    }
)


def load_rules(path: Path, fields: FieldSet) -> Rules:
    """Reads a `rules.yaml` against the fields of its workflow.

    Raises:
        DefinitionError: it has problems; every one is listed.
    """
    report = Report()
    rules = read_rules(path, fields, report)
    report.raise_if_any(path.as_posix())
    if rules is None:
        raise AssertionError("a rules file without problems gives rules")
    return rules


def read_rules(path: Path, fields: FieldSet, report: Report) -> Rules | None:
    """The rules of a file; what is wrong goes to the report, and then there are none."""
    source = read_source(path, report)
    if source is None:
        return None
    before = len(report)
    _FILE.check(source.data, (), source, report)
    if len(report) == before and "previous" in source.data:
        _check_previous(source, fields, report)
    for at, item in source.walk(("rules",)):
        _check_rule(item, at, source, fields, report)
    return _build(source) if len(report) == before else None


def _check_rule(item: Any, at: KeyPath, source: Source, fields: FieldSet, report: Report) -> None:
    if not isinstance(item, dict):
        report.add("WF012", source, at, f"a mapping is expected, not {said(item)}")
        return
    name = item.get("check")
    if name is None:
        report.add("WF011", source, at, "the key 'check' is missing", f"known: {', '.join(checks())}")
        return
    chosen = checks().get(name) if isinstance(name, str) else None
    if chosen is None:
        report.add(
            "WF050", source, (*at, "check"), f"there is no check {said(name)}", did_you_mean(str(name), checks())
        )
        return
    _shape(chosen, fields).check(item, at, source, report)
    if chosen.against_previous and "previous" not in source.data:
        report.add(
            "WF011",
            source,
            (*at, "check"),
            f"{name} compares with the release before, and the file does not say how that is found",
            "add previous: {same: [[a field, …]], dated: a date field}",
        )
    for parameter, wanted in chosen.parameters.items():
        field_name = item.get(parameter)
        if isinstance(wanted, FieldParameter) and isinstance(field_name, str) and field_name in fields:
            _check_field(wanted, field_name, (*at, parameter), source, fields, report)


def _check_previous(source: Source, fields: FieldSet, report: Report) -> None:
    named: list[tuple[KeyPath, str, tuple[Kind, ...]]] = [
        (("previous", "dated"), source.data["previous"]["dated"], (Kind.DATE,))
    ]
    for at, names in source.walk(("previous", "same")):
        named += [((*at, index), name, IDENTITY_KINDS) for index, name in enumerate(names)]
    for at, name, kinds in named:
        if name in fields:
            _check_field(FieldParameter(kinds), name, at, source, fields, report, taker="this place")
        else:
            report.add("WF013", source, at, f"{name!r} is not allowed", did_you_mean(name, fields))


def _shape(chosen: Check, fields: FieldSet) -> Record:
    entries = {"check": Entry(Anything()), "severity": Entry(_SEVERITY), "says": Entry(Text())}
    for name, parameter in chosen.parameters.items():
        entries[name] = Entry(_parameter_shape(parameter, fields), parameter.says, is_needed(parameter))
    return Record(entries)


def is_needed(parameter: CheckParameter) -> bool:
    """Whether a rule must give it."""
    match parameter:
        case FieldParameter():
            return parameter.required
        case FieldsParameter():
            return parameter.at_least > 0
        case TextParameter():
            return True
        case _:
            return False


def _parameter_shape(parameter: CheckParameter, fields: FieldSet) -> Shape:
    match parameter:
        case FieldParameter():
            return Choice(tuple(fields))
        case FieldsParameter():
            return ListOf(Choice(tuple(fields)), at_least=parameter.at_least)
        case NumberParameter():
            return Whole(parameter.minimum, parameter.maximum)
        case DecimalParameter():
            return Number(float(parameter.minimum), float(parameter.maximum))
        case TextParameter():
            return Choice(parameter.choices) if parameter.choices else Text()


def _check_field(
    wanted: FieldParameter,
    name: str,
    at: KeyPath,
    source: Source,
    fields: FieldSet,
    report: Report,
    *,
    taker: str = "the check",
) -> None:
    spec = fields[name]
    fitting = [other.name for other in fields.values() if other.kind in wanted.kinds and other.keyed in wanted.keyed]
    if name in fitting:
        return
    kinds = " or ".join(kind.value for kind in wanted.kinds)
    keyed = " or ".join(f"keyed by {key}" if key else "with one value" for key in wanted.keyed)
    is_keyed = f"keyed by {spec.keyed}" if spec.keyed else "with one value"
    report.add(
        "WF051",
        source,
        at,
        f"the field {name!r} is {spec.kind.value} {is_keyed}; {taker} takes {kinds} {keyed}",
        f"fitting fields: {', '.join(fitting)}" if fitting else "the schema has no such field",
    )


def _build(source: Source) -> Rules:
    severities: dict[str, Severity] = {**FIELD_RULES, **source.data.get("field_rules", {})}
    rules = tuple(rule_of(str(at[-1]), item) for at, item in source.walk(("rules",)))
    previous = source.data.get("previous")
    identity = previous and Identity(tuple(map(tuple, previous["same"])), previous["dated"])
    return Rules(rules, severities, identity or None)


def rule_of(name: str, item: Mapping[str, Any]) -> Rule:
    """The rule that an entry of the file says; the entry has no problems."""
    chosen = checks()[item["check"]]
    fields: dict[str, str] = {}
    lists: dict[str, tuple[str, ...]] = {}
    numbers: dict[str, int | Decimal] = {}
    words: dict[str, str] = {}
    for parameter, taken in chosen.parameters.items():
        match taken:
            case FieldParameter():
                if parameter in item:
                    fields[parameter] = item[parameter]
            case FieldsParameter():
                lists[parameter] = tuple(item.get(parameter, ()))
            case NumberParameter():
                numbers[parameter] = int(item.get(parameter, taken.default))
            case DecimalParameter():
                # Through its text: the limit is the number that is written, not the nearest binary one.
                numbers[parameter] = Decimal(str(item.get(parameter, taken.default)))
            case TextParameter():
                words[parameter] = item[parameter]
    # A full stop of the author's would stand in front of a colon.
    says = str(item.get("says", "")).strip().rstrip(".")
    return Rule(name, chosen, item.get("severity", chosen.severity), fields, numbers, lists, words, says)
