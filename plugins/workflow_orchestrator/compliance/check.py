"""Runs every rule of the packs over a script."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from workflow_orchestrator.compliance import words
from workflow_orchestrator.compliance.case import Case, Complaint, Facts
from workflow_orchestrator.compliance.checks import CHECKS
from workflow_orchestrator.compliance.examined import fields_of, looked_at, refs_about
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
            found = judge(rule, case, pack.label)
            results += found
            if not found:
                idle.append(rule.id)
    return ComplianceReport(
        tuple(results), tuple(idle), tuple(pack.label for pack in packs),
        tuple(item for pack in packs for item in pack.elsewhere), out,
        {"language": language, "jurisdictions": list(places), "audience": audience},
    )


def judge(rule: Rule, case: Case, pack: str = "") -> tuple[RuleResult, ...]:
    """What one rule says about one script; nothing where its case does not arise. `pack` is its name and version."""
    misspelt = _misspelt(rule, case.fields)
    if misspelt:
        unclear = Complaint(f"cannot be decided: {misspelt}", outcome=Outcome.NEEDS_APPROVAL)
        return (_result(rule, unclear, pack),)
    if not _arises(rule, case):
        return ()
    complaints = tuple(CHECKS[rule.check["kind"]](rule, case)) or (Complaint(rule.title, outcome=Outcome.PASS),)
    seen = {"looked_at": looked_at(rule, case), "refs": refs_about(rule, case)}
    return tuple(_result(rule, complaint, pack, seen) for complaint in complaints)


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
    for name in fields_of(rule):
        field = name.partition(".")[0]
        if field not in fields:
            near = difflib.get_close_matches(field, list(fields), n=1, cutoff=0.85)
            if near:
                return f"the rule names the field {field!r}; did you mean {near[0]!r}?"
    return ""


def _result(rule: Rule, complaint: Complaint, pack: str, seen: Mapping[str, Any] | None = None) -> RuleResult:
    return RuleResult(
        rule=rule.id, outcome=complaint.outcome or rule.severity, words=complaint.words, citation=rule.citation,
        source_status=rule.source_status, message=complaint.message, where=complaint.where, title=rule.title,
        severity=rule.severity, jurisdictions=rule.jurisdictions, audience=rule.audience, pack=pack, **(seen or {}),
    )
