"""What each kind of rule looks for. A check answers with complaints; none means that the rule is met.

A complaint may carry an outcome of its own: `needs_approval` when the rule cannot be decided, `warn` when something was
left out to meet it. Without one, the severity of the rule applies.
"""

from __future__ import annotations

from collections.abc import Iterator

from workflow_orchestrator.compliance import plausible, presence, words
from workflow_orchestrator.compliance.case import Case, Check, Complaint, in_fields, refs_of, shown_of, spoken_of
from workflow_orchestrator.compliance.model import Outcome, Placement, Rule
from workflow_orchestrator.compliance.notices import filled
from workflow_orchestrator.compliance.periods import Standing, standing_of
from workflow_orchestrator.compliance.personal_data import find_personal_data
from workflow_orchestrator.script.model import SlideKind
from workflow_orchestrator.script.wording import Wording


def notice(rule: Rule, case: Case) -> Iterator[Complaint]:
    """The warning is shown and spoken, whole, where it belongs."""
    due = filled(rule, case.language, case.values)
    if due is None:
        yield Complaint(
            "the approved wording names a value that the document does not have; a person adds the notice or decides",
            outcome=Outcome.NEEDS_APPROVAL,
        )
        return
    at_start = due.place is Placement.START
    segments = case.script.segments[:1] if at_start else case.script.segments
    if due.spoken not in spoken_of(segments):
        yield Complaint(f"the notice is not spoken {'on the first slide' if at_start else 'anywhere'}", due.spoken)
    if due.shown not in shown_of(segments):
        yield Complaint(f"the notice is not shown {'on the first slide' if at_start else 'anywhere'}", due.shown)


def forbidden_words(rule: Rule, case: Case) -> Iterator[Complaint]:
    """Nothing is said that the rule forbids."""
    never = words.present(case.whole, words.for_language(rule.check["never"], case.language))
    if not never:
        return
    allowed = words.for_language(rule.check.get("allowed"), case.language)
    negation = rule.check["negation"] == "allowed"
    seen: set[str] = set()
    for text in case.texts:
        for hit in words.hits(text.words, never, allowed, case.language, negation=negation):
            if hit.casefold() not in seen:
                seen.add(hit.casefold())
                yield Complaint(f"{text.where} says {hit!r}", text.words, where=text.where)


def complete_periods(rule: Rule, case: Case) -> Iterator[Complaint]:
    """Figures under twelve months stand only beside the complete set; a young fund shows none."""
    standing, reason = standing_of(case.told_and_dated, rule.check)
    used = sorted(ref for ref in case.refs if in_fields(ref, rule.check["figures"]))
    short = sorted(ref for ref in case.refs if in_fields(ref, rule.check["short"]))
    kept_out = sorted(case.withheld)
    if kept_out:
        yield Complaint(f"left out of the script: {', '.join(kept_out)}; {reason}", outcome=Outcome.WARN)
    if standing is Standing.YOUNG and used:
        yield Complaint(f"{', '.join(used)} must not be shown: {reason}")
    elif standing is Standing.SPANS and used:
        yield Complaint(f"a person decides whether this is enough: {reason}", outcome=Outcome.NEEDS_APPROVAL)
    elif standing is Standing.INCOMPLETE and short:
        yield Complaint(f"{', '.join(short)} must not stand alone: {reason}")
    elif standing is Standing.INCOMPLETE and used:
        message = f"a person decides whether {', '.join(used)} may stand: {reason}"
        yield Complaint(message, outcome=Outcome.NEEDS_APPROVAL)


def standard_periods(rule: Rule, case: Case) -> Iterator[Complaint]:
    """One, five and ten years, or the whole life of a younger fund, as average annual returns."""
    yearly, total = rule.check["annualised"], rule.check["cumulative"]
    whole_life = f"{yearly}.since_inception" in case.refs
    missing = [] if f"{total}.1y" in case.refs else ["one year"]
    if not whole_life:
        longer = (("five years", "5y"), ("ten years", "10y"))
        missing += [name for name, key in longer if f"{yearly}.{key}" not in case.refs]
    if missing:
        yield Complaint(
            f"average annual returns over {' and '.join(missing)} are not shown, nor over the fund's whole life"
        )


def not_annualised(rule: Rule, case: Case) -> Iterator[Complaint]:
    """A period under a year is never turned into a yearly rate."""
    patterns = words.for_language(rule.check["words"], case.language)
    for segment in case.script.segments:
        for sentence in segment.sentences:
            if any(in_fields(ref, rule.check["short"]) for ref in sentence.refs):
                for hit in words.hits(sentence.shown, patterns, (), case.language, negation=True):
                    yield Complaint(f"{segment.id} calls a figure of less than a year {hit!r}", sentence.shown, where=segment.id)


def reference_date(rule: Rule, case: Case) -> Iterator[Complaint]:
    """The first slide that speaks of such figures says to which day they run, and the source line shows it on all."""
    ref = rule.check["date"]
    day = case.values.get(ref)
    if day is None:
        yield Complaint(f"the document has no {ref}, so nobody can say when the figures were true",
                        outcome=Outcome.NEEDS_APPROVAL)
        return
    wording = Wording(case.fields, case.language)
    shown = wording.shown(day)
    if shown not in case.script.source:
        yield Complaint(f"the source line does not show {shown}", case.script.source, where="source")
    for segment in case.script.segments:
        if any(in_fields(r, rule.check["figures"]) for sentence in segment.sentences for r in sentence.refs):
            if not any(ref in sentence.refs for sentence in segment.sentences):
                yield Complaint(f"{segment.id}, the first to speak of them, does not say their date", segment.heading, where=segment.id)
            return


def not_in_opening(rule: Rule, case: Case) -> Iterator[Complaint]:
    """Past performance is not the most prominent thing: it is neither the title nor on the first slide."""
    for segment in case.script.segments:
        if segment.slide is SlideKind.TITLE or segment is case.script.segments[0]:
            found = [ref for ref in refs_of(segment) if in_fields(ref, rule.check["figures"])]
            if found:
                names = ", ".join(dict.fromkeys(found))
                yield Complaint(f"{segment.id} shows {names} on the first slide", segment.heading, where=segment.id)


def share_of_words(rule: Rule, case: Case) -> Iterator[Complaint]:
    """Performance does not fill the narration."""
    total = len(spoken_of(case.script.segments).split())
    about = [s for s in case.script.segments if any(in_fields(ref, rule.check["figures"]) for ref in refs_of(s))]
    share = 100 * len(spoken_of(about).split()) // total if total else 0
    if share > rule.check["at_most_percent"]:
        yield Complaint(
            f"{share} of 100 words are on slides about performance, more than {rule.check['at_most_percent']}"
        )


def scale_named(rule: Rule, case: Case) -> Iterator[Complaint]:
    """A step of a scale is said with the end of its scale."""
    value = case.values.get(rule.check["field"])
    if value is None:
        return
    written = Wording(case.fields, case.language).write(value, "scale")
    if written.spoken not in spoken_of(case.script.segments):
        yield Complaint(f"{value.ref} is spoken without its scale; say {written.spoken!r}", written.shown)


def source_named(_: Rule, case: Case) -> Iterator[Complaint]:
    """The slides name their source."""
    if not case.script.source.strip():
        yield Complaint("the slides have no source line")


def no_personal_data(_: Rule, case: Case) -> Iterator[Complaint]:
    """No e-mail address, telephone number or bank account is shown or spoken."""
    for text in case.all_texts():
        for found in find_personal_data(text.words):
            # The words are not repeated: a report must not spread what it complains of.
            yield Complaint(f"{text.where} holds a {found.kind}", where=text.where)


def person_decides(rule: Rule, _: Case) -> Iterator[Complaint]:
    """The rule cannot be decided by a machine."""
    yield Complaint(rule.check["because"])


CHECKS: dict[str, Check] = {
    "notice": notice, "words": forbidden_words, "complete_periods": complete_periods,
    "standard_periods": standard_periods, "not_annualised": not_annualised, "reference_date": reference_date,
    "not_in_opening": not_in_opening, "share_of_words": share_of_words, "scale_named": scale_named,
    "source_named": source_named, "no_personal_data": no_personal_data, "person_decides": person_decides,
    **presence.CHECKS, **plausible.CHECKS,
}

