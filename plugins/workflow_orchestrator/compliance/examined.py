"""What a rule looked at, in words: for the report, which says so of passes too.

    check kind ─► one short text     the notice, the periods with their dates, how many texts were searched
    rule ─► references               the values whose figures the rule is about, as far as the script tells them
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain

from workflow_orchestrator.compliance import words
from workflow_orchestrator.compliance.borrowed import RUN, measured
from workflow_orchestrator.compliance.case import Case, in_fields, refs_of, spoken_of
from workflow_orchestrator.compliance.model import Placement, Rule
from workflow_orchestrator.compliance.notices import filled
from workflow_orchestrator.compliance.periods import matching, standing_of
from workflow_orchestrator.script.wording import Wording

_LISTS = ("figures", "short", "years", "spans", "beside", "first", "then")
_SINGLE = ("date", "field", "annualised", "cumulative", "risk", "volatility")
# The kinds that judge a value of the document, whether or not the script tells it.
_OF_DOCUMENT = frozenset({
    "complete_periods", "not_older", "latest_quarter", "reference_date", "risk_class", "identifier", "one_of", "scale_named",
})


def looked_at(rule: Rule, case: Case) -> str:
    """What the rule examined in this script, in a sentence or less."""
    return EXAMINED[rule.check["kind"]](rule, case)


def fields_of(rule: Rule) -> Iterator[str]:
    """The fields, or fields with a key, that trigger and check of a rule name."""
    yield from rule.trigger.get("figures", ())
    if rule.trigger["kind"] == "value":
        yield rule.trigger["value"]["field"]
    for key in _LISTS:
        yield from rule.check.get(key, ())
    for key in _SINGLE:
        if key in rule.check:
            yield rule.check[key]


def refs_about(rule: Rule, case: Case) -> tuple[str, ...]:
    """The values that the rule is about, in the order of the document: those that are told, and for a rule that judges the
    document itself those that it has.
    """
    names = list(fields_of(rule))
    if rule.check["kind"] == "complete_periods":
        names += ["as_of_date", "launch_date"]
    known = case.values if rule.check["kind"] in _OF_DOCUMENT else case.told
    return tuple(ref for ref in known if in_fields(ref, names))


def _notice(rule: Rule, case: Case) -> str:
    due = filled(rule, case.language, case.values)
    if due is None:
        return "the approved wording, which cannot be filled from this document"
    at = "the first slide" if due.place is Placement.START else "all slides"
    return f"what is spoken and shown on {at}, for: “{due.shown}”"


def _words(rule: Rule, case: Case) -> str:
    return f"{_count(len(_patterns(rule, case, 'never')), 'pattern')} in {_texts(case)}"


def _must_say(rule: Rule, case: Case) -> str:
    wanted = _count(len(_patterns(rule, case, "all_of")), "pattern")
    where = "in the script" if rule.check["on"] == "script" else "on the same slide"
    return f"{wanted} that must be found {where}, in {_texts(case)}"


def _complete_periods(rule: Rule, case: Case) -> str:
    standing, reason = standing_of(case.told_and_dated, rule.check)
    days = [f"{name} {case.values[name].value}" for name in ("as_of_date", "launch_date") if name in case.values]
    told = [ref for ref in case.refs if in_fields(ref, rule.check["figures"])]
    return (
        f"{', '.join(days) or 'no dates'}; {_count(len(told), 'performance figure')} in the script, of which "
        f"{_count(rule.check['how_many'], 'complete year')} are asked for: {standing.value} ({reason})"
    )


def _standard_periods(rule: Rule, case: Case) -> str:
    names = (rule.check["annualised"], rule.check["cumulative"])
    return f"periods in the script: {_listed(sorted(ref for ref in case.refs if in_fields(ref, names)))}"


def _not_annualised(rule: Rule, case: Case) -> str:
    about = [s for segment in case.script.segments for s in segment.sentences if _any(s.refs, rule.check["short"])]
    return f"{_count(len(about), 'sentence')} with a figure of less than a year"


def _reference_date(rule: Rule, case: Case) -> str:
    day = case.values.get(rule.check["date"])
    shown = Wording(case.fields, case.language).shown(day) if day is not None else "none"
    return f"date {shown}, on the first slide of such figures and in the source line “{case.script.source}”"


def _not_in_opening(rule: Rule, case: Case) -> str:
    first = case.script.segments[0] if case.script.segments else None
    return f"values on the first slide: {_listed(dict.fromkeys(refs_of(first)) if first else ())}"


def _share_of_words(rule: Rule, case: Case) -> str:
    segments = case.script.segments
    total = len(spoken_of(segments).split())
    about = [segment for segment in segments if _any(refs_of(segment), rule.check["figures"])]
    part = len(spoken_of(about).split())
    return f"{part} of {total} spoken words on {_count(len(about), 'slide')} about performance; {rule.check['at_most_percent']} % allowed"


def _risk_share(rule: Rule, case: Case) -> str:
    segments = case.script.segments
    total = len(spoken_of(segments).split())
    about = [segment for segment in segments if _any(refs_of(segment), rule.check["figures"])]
    return (
        f"{total} spoken words, {len(spoken_of(about).split())} of them on {_count(len(about), 'slide')} about risk, "
        f"and {_count(len(case.notices), 'warning')}; {rule.check['at_least_percent']} % asked for"
    )


def _scale_named(rule: Rule, case: Case) -> str:
    value = case.values.get(rule.check["field"])
    if value is None:
        return f"no {rule.check['field']} in the document"
    return f"“{Wording(case.fields, case.language).write(value, 'scale').spoken}” in all spoken words"


def _source_named(_: Rule, case: Case) -> str:
    return f"the source line “{case.script.source}”"


def _personal_data(_: Rule, case: Case) -> str:
    return f"{_count(sum(1 for _ in case.all_texts()), 'text')}, warnings too"


def _told_with(rule: Rule, case: Case) -> str:
    about = [segment for segment in case.script.segments if _any(refs_of(segment), rule.check["figures"])]
    where = "in the script" if rule.check["on"] == "script" else "on the same slide"
    return f"{_count(len(about), 'slide')} with such figures, for {_listed(rule.check['beside'])} {where}"


def _not_in_title(rule: Rule, case: Case) -> str:
    figures = sum(1 for ref in case.values if in_fields(ref, rule.check["figures"]))
    return f"title, subject, kicker and footer, for {_count(figures, 'figure')}"


def _before(rule: Rule, case: Case) -> str:
    return f"the order of {_listed(chain(rule.check['first'], rule.check['then']))} in {_count(len(case.script.segments), 'slide')}"


def _bound_figures(_: Rule, case: Case) -> str:
    return f"every number and number word in {_texts(case)}, against {_count(len(case.told), 'value')} of the script"


def _in_language(_: Rule, case: Case) -> str:
    count = len(spoken_of(case.script.segments).split())
    return f"the script's own language {case.script.language!r} and {_count(count, 'spoken word')}, against {case.language!r}"


def _not_older(rule: Rule, case: Case) -> str:
    return f"{_dated(rule, case)}; at most {_count(rule.check['at_most_days'], 'day')} old"


def _latest_quarter(rule: Rule, case: Case) -> str:
    return f"{_dated(rule, case)}; {_count(rule.check['grace_days'], 'day')} after the quarter's end allowed"


def _dated(rule: Rule, case: Case) -> str:
    value = case.values.get(rule.check["date"])
    return f"{rule.check['date']} {value.value if value is not None else 'missing'}, judged on {case.facts.today}"


def _risk_class(rule: Rule, case: Case) -> str:
    return f"{_value(case, rule.check['risk'])} and {_value(case, rule.check['volatility'])}"


def _identifier(rule: Rule, case: Case) -> str:
    return f"{_value(case, rule.check['field'])}, by the rules of {rule.check['scheme'].upper()}"


def _one_of(rule: Rule, case: Case) -> str:
    return f"{_value(case, rule.check['field'])}, among {_listed(rule.check['accepted'])}"


def _own_words(rule: Rule, case: Case) -> str:
    measure = measured(case)
    if measure is None:
        return "no text of the source"
    return (
        f"{_count(measure.words, 'word')} of the script against {_count(measure.source, 'word')} of the source: "
        f"{measure.quoted_percent:.0f} % quoted, {measure.percent:.0f} % of the rest in runs of {RUN} or more; "
        f"{rule.check['longest_run']} in a row are too many"
    )


def _person_decides(_: Rule, __: Case) -> str:
    return "nothing: no machine can decide this"


EXAMINED: dict[str, Callable[[Rule, Case], str]] = {
    "notice": _notice, "words": _words, "must_say": _must_say, "complete_periods": _complete_periods,
    "standard_periods": _standard_periods, "not_annualised": _not_annualised, "reference_date": _reference_date,
    "not_in_opening": _not_in_opening, "share_of_words": _share_of_words, "risk_share": _risk_share,
    "scale_named": _scale_named, "source_named": _source_named, "no_personal_data": _personal_data, "told_with": _told_with,
    "not_in_title": _not_in_title, "before": _before, "bound_figures": _bound_figures, "in_language": _in_language,
    "not_older": _not_older, "latest_quarter": _latest_quarter, "risk_class": _risk_class, "identifier": _identifier,
    "one_of": _one_of, "own_words": _own_words, "person_decides": _person_decides,
}


def _patterns(rule: Rule, case: Case, key: str) -> list[str]:
    return list(words.for_language(rule.check[key], case.language))


def _texts(case: Case) -> str:
    return f"{_count(len(case.texts), 'text')} of {_count(len(case.script.segments), 'slide')}"


def _value(case: Case, name: str) -> str:
    found = matching(case.values, name)
    return f"{name} “{found[0].evidence.quote}”" if found else f"no {name}"


def _any(refs: Iterable[str], names: Iterable[str]) -> bool:
    wanted = tuple(names)
    return any(in_fields(ref, wanted) for ref in refs)


def _listed(names: Iterable[str], most: int = 8) -> str:
    found = list(names)
    more = f" and {len(found) - most} more" if len(found) > most else ""
    return (", ".join(found[:most]) or "none") + more


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
