"""What must stand with what: words with words, figures with figures, one before the other."""

from __future__ import annotations

from collections.abc import Iterator

from workflow_orchestrator.compliance import words
from workflow_orchestrator.compliance.case import Case, Check, Complaint, in_fields, refs_of
from workflow_orchestrator.compliance.model import Outcome, Rule
from workflow_orchestrator.compliance.periods import matching
from workflow_orchestrator.script.model import Segment
from workflow_orchestrator.script.wording import Wording


def must_say(rule: Rule, case: Case) -> Iterator[Complaint]:
    """Where the case arises, every one of some words is there: in the script, or on the same slide."""
    patterns = words.for_language(rule.check["all_of"], case.language)
    if rule.check["on"] == "script":
        everything = " ".join(text.words for text in case.all_texts())
        if not all(words.said(everything, [pattern]) for pattern in patterns):
            yield Complaint(f"the script does not say what has to be said here: {rule.title}")
        return
    for segment in case.script.segments:
        text = case.texts_of(segment)
        if _arises_in(rule, case, segment, text) and not all(words.said(text, [pattern]) for pattern in patterns):
            yield Complaint(f"{segment.id} does not say what has to be said beside this: {rule.title}", text, where=segment.id)


def _arises_in(rule: Rule, case: Case, segment: Segment, text: str) -> bool:
    trigger = rule.trigger
    if trigger["kind"] == "said":
        return words.said(text, words.for_language(trigger["said"], case.language))
    if trigger["kind"] == "figures":
        return any(in_fields(ref, trigger["figures"]) for ref in refs_of(segment))
    return True


def told_with(rule: Rule, case: Case) -> Iterator[Complaint]:
    """Beside some figures stand others. What the document does not have, a person decides."""
    absent = [name for name in rule.check["beside"] if not matching(case.values, name)]
    if absent:
        yield Complaint(
            f"the document does not have {', '.join(absent)}, which belong beside these figures",
            outcome=Outcome.NEEDS_APPROVAL,
        )
    there = [name for name in rule.check["beside"] if name not in absent]
    if rule.check["on"] == "script":
        untold = [name for name in there if not case.has_figures([name])]
        if untold:
            yield Complaint(f"the script does not show {', '.join(untold)}, which belong beside these figures")
        return
    for segment in case.script.segments:
        refs = refs_of(segment)
        if any(in_fields(ref, rule.check["figures"]) for ref in refs):
            untold = [name for name in there if not any(in_fields(ref, [name]) for ref in refs)]
            if untold:
                yield Complaint(f"{segment.id} does not show {', '.join(untold)} beside its figures", segment.heading, where=segment.id)


def not_in_title(rule: Rule, case: Case) -> Iterator[Complaint]:
    """The title and the lines on every slide, which also stand outside the video, hold none of these figures."""
    wording = Wording(case.fields, case.language)
    for ref, value in case.values.items():
        if in_fields(ref, rule.check["figures"]):
            figure = wording.shown(value)
            for where in ("title", "subject", "kicker", "footer"):
                if figure in getattr(case.script, where):
                    yield Complaint(f"{where} holds {ref}", getattr(case.script, where), where=where)


def before(rule: Rule, case: Case) -> Iterator[Complaint]:
    """On each slide, and in the script, nothing of `then` comes before one of `first`."""
    seen = False
    for segment in case.script.segments:
        for side in (refs_of_sentences(segment), segment.shows):
            own = False
            for ref in side:
                own = own or in_fields(ref, rule.check["first"])
                if in_fields(ref, rule.check["then"]) and not (own or seen):
                    first = " or ".join(rule.check["first"])
                    yield Complaint(f"{segment.id} gives {ref} before {first}", segment.heading, where=segment.id)
                    return
        seen = seen or any(in_fields(ref, rule.check["first"]) for ref in refs_of(segment))


def refs_of_sentences(segment: Segment) -> tuple[str, ...]:
    """What a segment speaks of, in order."""
    return tuple(ref for sentence in segment.sentences for ref in sentence.refs)


CHECKS: dict[str, Check] = {
    "must_say": must_say, "told_with": told_with, "not_in_title": not_in_title, "before": before,
}
