"""What can be reckoned: bound figures, age, language, balance, risk classes, identifiers, borrowed words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from functools import partial

from workflow_orchestrator.compliance.borrowed import own_words
from workflow_orchestrator.compliance.case import Case, Check, Complaint, in_fields, refs_of
from workflow_orchestrator.compliance.model import Outcome, Placement, Rule
from workflow_orchestrator.identifiers import SCHEMES

# Annualised volatility, in per cent, up to which a class of market risk reaches.
# Delegated Regulation (EU) 2017/653, Annex II, part 1, table of point 2.
_CLASS_ENDS = (Decimal("0.5"), Decimal(5), Decimal(12), Decimal(20), Decimal(30), Decimal(80))


def bound_figures(_: Rule, case: Case) -> Iterator[Complaint]:
    """Every number that is seen or heard comes from a proven value."""
    from workflow_orchestrator.script.guard import unbound

    for finding in unbound(case.script, case.values, case.fields, case.notices):
        yield Complaint(f"{finding.where}: {finding.text!r} {finding.why}", finding.text, where=finding.where)


def in_language(_: Rule, case: Case) -> Iterator[Complaint]:
    """Script and voice are in the language of the video."""
    from workflow_orchestrator.documents.quality import reads_as

    if case.script.language != case.language:
        yield Complaint(f"the script says that it is in {case.script.language!r}, the video is in {case.language!r}")
    texts = [sentence.spoken for segment in case.script.segments for sentence in segment.sentences]
    if not reads_as(texts, case.language):
        yield Complaint(f"the words do not read as {case.language!r}", " ".join(texts)[:200])


def not_older(rule: Rule, case: Case) -> Iterator[Complaint]:
    """The figures are of a day that has come, and not of one that is long past."""
    day, today = _day(rule, case), case.facts.today
    if day is None or today is None:
        yield _no_day(rule)
    elif day > today:
        yield Complaint(f"{rule.check['date']} is {day}, a day that has not come yet", str(day), Outcome.BLOCK)
    elif today - day > timedelta(days=rule.check["at_most_days"]):
        yield Complaint(
            f"{rule.check['date']} is {day}, more than {rule.check['at_most_days']} days ago", str(day)
        )


def latest_quarter(rule: Rule, case: Case) -> Iterator[Complaint]:
    """The figures run to the end of the latest quarter that could be reported, or beyond."""
    day, today = _day(rule, case), case.facts.today
    if day is None or today is None:
        yield _no_day(rule)
        return
    last = _quarter_end(today - timedelta(days=rule.check["grace_days"]))
    if day < last:
        yield Complaint(f"{rule.check['date']} is {day}, before the quarter that ended on {last}", str(day))


def _day(rule: Rule, case: Case) -> date | None:
    value = case.values.get(rule.check["date"])
    return value.value if value is not None and isinstance(value.value, date) else None


def _no_day(rule: Rule) -> Complaint:
    message = f"the document has no {rule.check['date']}, so nobody can say how old its figures are"
    return Complaint(message, outcome=Outcome.NEEDS_APPROVAL)


def _quarter_end(day: date) -> date:
    """The last day of the latest quarter that ended on this day or before."""
    following = day + timedelta(days=1)
    month = 3 * ((following.month - 1) // 3) + 1
    return date(following.year, month, 1) - timedelta(days=1)


def risk_share(rule: Rule, case: Case) -> Iterator[Complaint]:
    """Risks and warnings have their share of the narration, and do not stand at its end alone."""
    segments = case.script.segments
    warnings = {notice.spoken for notice in case.notices if notice.place is Placement.END}
    total = about = 0
    for segment in segments:
        is_risk = any(in_fields(ref, rule.check["figures"]) for ref in refs_of(segment))
        for sentence in segment.sentences:
            count = len(sentence.spoken.split())
            total += count
            about += count if is_risk or any(sentence.spoken in text for text in warnings) else 0
    share = 100 * about // total if total else 0
    if share < rule.check["at_least_percent"]:
        yield Complaint(f"{share} of 100 words are on risks and warnings, fewer than {rule.check['at_least_percent']}")
    stays = any(notice.short and notice.short in case.script.footer for notice in case.notices)
    early = any(in_fields(ref, rule.check["figures"]) for segment in segments[:-1] for ref in refs_of(segment))
    if not stays and not early:
        yield Complaint("risks are named on the last slide alone, and no warning stays on screen", case.script.footer)


def risk_class(rule: Rule, case: Case) -> Iterator[Complaint]:
    """The risk indicator fits the volatility that the document prints."""
    risk, volatility = (case.values.get(rule.check[name]) for name in ("risk", "volatility"))
    if risk is None or volatility is None:
        return
    of_volatility = 1 + sum(Decimal(str(volatility.value)) >= end for end in _CLASS_ENDS)
    if abs(int(str(risk.value)) - of_volatility) > rule.check["within"]:
        yield Complaint(
            f"{risk.ref} is {risk.value}, and a volatility of {volatility.value} % is class {of_volatility}",
            f"{risk.evidence.quote} · {volatility.evidence.quote}",
        )


def identifier(rule: Rule, case: Case) -> Iterator[Complaint]:
    """An identifier has the form, and where its scheme has one the check digit, that it must have."""
    value = case.values.get(rule.check["field"])
    scheme = rule.check["scheme"]
    if value is not None and not _SCHEMES[scheme](str(value.value).strip()):
        yield Complaint(f"{value.ref} is {str(value.value)!r}, which is no {scheme.upper()}", str(value.value))


def _reads_as(scheme: str, text: str) -> bool:
    return SCHEMES[scheme].read(text) is not None


def _is_isin(text: str) -> bool:
    from stdnum import isin

    return bool(isin.is_valid(text))


_SCHEMES: dict[str, Callable[[str], bool]] = {
    "isin": _is_isin,
    **{name: partial(_reads_as, name) for name in ("orcid", "doi", "arxiv")},
}


def one_of(rule: Rule, case: Case) -> Iterator[Complaint]:
    """A value is one of those that are allowed; one that is missing, a person decides."""
    name = rule.check["field"]
    value = case.values.get(name)
    if value is None:
        yield Complaint(f"the document does not say its {name}", outcome=Outcome.NEEDS_APPROVAL)
    elif str(value.value).casefold() not in {word.casefold() for word in rule.check["accepted"]}:
        yield Complaint(f"{name} is {str(value.value)!r}, which does not allow this use", str(value.value))


CHECKS: dict[str, Check] = {
    "bound_figures": bound_figures, "in_language": in_language, "not_older": not_older,
    "latest_quarter": latest_quarter, "risk_share": risk_share, "risk_class": risk_class, "identifier": identifier,
    "one_of": one_of, "own_words": own_words,
}
