"""Runs every rule of the packs over a script."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from workflow_orchestrator.compliance import words
from workflow_orchestrator.compliance.case import Case, Complaint, Facts
from workflow_orchestrator.compliance.checks import CHECKS
from workflow_orchestrator.compliance.language import ALWAYS, WRITTEN_BY_MODEL
from workflow_orchestrator.compliance.model import ComplianceReport, Outcome, Pack, Rule, RuleResult
from workflow_orchestrator.compliance.notices import is_due, notices
from workflow_orchestrator.compliance.periods import withheld
from workflow_orchestrator.fields import FieldSet
from workflow_orchestrator.script.model import Script
from workflow_orchestrator.values import ValueSet


def check_compliance(
    script: Script,
    values: ValueSet,
    fields: FieldSet,
    packs: Sequence[Pack],
    *,
    language: str,
    jurisdictions: Sequence[str],
    audience: str,
    facts: Facts | None = None,
) -> ComplianceReport:
    """Judges a script by the rules that concern its language, places and audience.

    Args:
        script: the narration as it will be spoken and shown.
        values: every proven value of the document, including those that were kept out of the script.
        fields: the document kind.
        packs: the rules.
        language: of the video.
        jurisdictions: `eu`, `uk`, `us`: where it will be shown. None given means all of them.
        audience: `retail` or `professional`; empty means `retail`, the stricter one.
        facts: what is known of the run; without a day, the rules on the age of figures take the day of the check.
    """
    places = tuple(jurisdictions) or ("eu", "uk", "us")
    audience = audience or "retail"
    known = facts or Facts()
    if known.today is None:
        known = replace(known, today=datetime.now(UTC).date())
    told = notices(packs, language=language, jurisdictions=places, audience=audience, values=values)
    out = withheld(packs, values=values, language=language, jurisdictions=places, audience=audience)
    refs = {ref for segment in script.segments for ref in segment.shows}
    refs |= {ref for segment in script.segments for sentence in segment.sentences for ref in sentence.refs}
    kept_out = frozenset(item.ref for item in out if item.ref not in refs)
    case = Case(script, values, fields, told, language, places, audience, kept_out, known)
    results: list[RuleResult] = []
    idle: list[str] = []
    for pack in packs:
        for rule in pack.rules:
            if not rule.concerns(language=language, jurisdictions=places, audience=audience):
                continue
            found = judge(rule, case)
            results += found
            if not found:
                idle.append(rule.id)
    return ComplianceReport(
        tuple(results), tuple(idle), tuple(f"{pack.name} {pack.version}" for pack in packs),
        tuple(item for pack in packs for item in pack.elsewhere),
    )


def judge(rule: Rule, case: Case) -> tuple[RuleResult, ...]:
    """What one rule says about one script; nothing where its case does not arise."""
    return tuple(_verdicts(rule, case))


def _verdicts(rule: Rule, case: Case) -> Iterator[RuleResult]:
    misspelt = _misspelt(rule, case.fields)
    if misspelt:
        yield _result(rule, Complaint(f"cannot be decided: {misspelt}", outcome=Outcome.NEEDS_APPROVAL))
        return
    if not _arises(rule, case):
        return
    complaints = tuple(CHECKS[rule.check["kind"]](rule, case))
    for complaint in complaints:
        yield _result(rule, complaint)
    if not complaints:
        yield _result(rule, Complaint(rule.title, outcome=Outcome.PASS))


def _arises(rule: Rule, case: Case) -> bool:
    match rule.trigger["kind"]:
        case "figures":
            # A notice is chosen by what the document holds; every other rule looks at what the script tells.
            if rule.check["kind"] == "notice":
                return is_due(rule, case.jurisdictions, case.told)
            return case.has_figures(rule.trigger["figures"]) or _left_something_out(rule, case)
        case "foreign_currency" | "value":
            return is_due(rule, case.jurisdictions, case.values)
        case "said":
            patterns = words.present(case.whole, words.for_language(rule.trigger["said"], case.language))
            return any(words.said(text.words, patterns) for text in case.texts) if patterns else False
        case kind if kind == WRITTEN_BY_MODEL:
            return case.script.writer != "template"
        case kind if kind == ALWAYS:
            return True
    return False


def _left_something_out(rule: Rule, case: Case) -> bool:
    return rule.check["kind"] == "complete_periods" and bool(case.withheld)


def _misspelt(rule: Rule, fields: FieldSet) -> str:
    """A field that the document kind does not have but nearly has: a slip that would switch the rule off in silence."""
    for name in _fields_of(rule):
        field = name.partition(".")[0]
        if field not in fields:
            near = difflib.get_close_matches(field, list(fields), n=1, cutoff=0.85)
            if near:
                return f"the rule names the field {field!r}; did you mean {near[0]!r}?"
    return ""


def _fields_of(rule: Rule) -> Iterator[str]:
    yield from rule.trigger.get("figures", ())
    if rule.trigger["kind"] == "value":
        yield rule.trigger["value"]["field"]
    for key in ("figures", "short", "spans", "beside", "first", "then"):
        yield from rule.check.get(key, ())
    for key in ("years", "date", "field", "annualised", "cumulative", "risk", "volatility"):
        if key in rule.check:
            yield rule.check[key]


def _result(rule: Rule, complaint: Complaint) -> RuleResult:
    return RuleResult(
        rule=rule.id, outcome=complaint.outcome or rule.severity, words=complaint.words, citation=rule.citation,
        source_status=rule.source_status, message=complaint.message,
    )
