"""How a script speaks: the workflow's terminology, and how hard it is to follow. Nothing here stops a video.

    a model's answer     what is found goes back to the model, once, with everything else that was found
    the script           what is found is a warning in the compliance report, and on the page of who releases it

Judged are the author's words: without names, figures and quotations of the document, and without approved notices.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from workflow_orchestrator.compliance.model import Notice, Outcome, RuleResult, SourceStatus
from workflow_orchestrator.fields import FieldSet
from workflow_orchestrator.script.guard import Finding
from workflow_orchestrator.script.model import Script, Sentence
from workflow_orchestrator.script.narration import Narration
from workflow_orchestrator.script.readability import FIGURE, readability, words_in
from workflow_orchestrator.script.terms import Limits, Terms
from workflow_orchestrator.script.wording import Wording
from workflow_orchestrator.values import Kind, Value, ValueSet

TERMS, READING, UNBACKED = "HOUSE-TERMS", "HOUSE-READING", "HOUSE-NO-VALUE"
_TITLES = {
    TERMS: "The script speaks as the workflow's terminology list says",
    READING: "The script can be followed by its audience",
    UNBACKED: "What a model says rests on a value of the document",
}
_LOOKED_AT = "the author's words, without names, figures, quotations and notices"
_FORMULAS = {"en": "Flesch (1948)", "de": "Amstad (1978)", "fr": "Kandel and Moles (1958)"}


@dataclass(frozen=True, slots=True)
class Authored:
    """The words of an author at one place: names and quotations left out, each figure replaced by `FIGURE`."""

    where: str
    segment: str
    text: str
    heading: bool = False


def style(
    script: Script,
    values: ValueSet,
    fields: FieldSet,
    approved: Sequence[Notice],
    narration: Narration,
    audience: str,
) -> tuple[Finding, ...]:
    """Everything about the words that a rewriting can mend, in the order of the script.

    Args:
        script: the words as they will be shown and spoken.
        values: the proven values.
        fields: the document kind.
        approved: notices whose wording compliance owns.
        narration: the sentence file with its terminology.
        audience: `retail` or `professional`.
    """
    words = tuple(authored(script, values, fields, approved))
    return (*_terms(words, narration.terms, audience), *_reading(words, narration.terms.reading[audience], script.language))


def style_results(
    script: Script,
    values: ValueSet,
    fields: FieldSet,
    approved: Sequence[Notice],
    narration: Narration,
    audience: str,
) -> tuple[RuleResult, ...]:
    """The same as warnings of a compliance report, and which sentences of a model rest on no value; where there is none, that it passed."""
    words = tuple(authored(script, values, fields, approved))
    file, limits = f"terms.{script.language}.yaml", narration.terms.reading[audience]
    found = {
        TERMS: tuple(_terms(words, narration.terms, audience)),
        READING: tuple(_reading(words, limits, script.language)),
        UNBACKED: tuple(unbacked(script, narration, approved)),
    }
    if script.writer == "template":
        del found[UNBACKED]
    cited = {TERMS: f"house style ({file})", READING: f"house style ({file}); {_FORMULAS[script.language]}", UNBACKED: "house style"}
    seen = {TERMS: _LOOKED_AT, READING: _measured(words, script.language), UNBACKED: "the sentences of the model"}

    def result(rule: str, outcome: Outcome, text: str, message: str, where: str) -> RuleResult:
        return RuleResult(
            rule=rule, outcome=outcome, words=text, citation=cited[rule], source_status=SourceStatus.VERIFIED, message=message,
            where=where, title=_TITLES[rule], severity=Outcome.WARN, jurisdictions=("any",), audience=(audience,),
            pack="house style", looked_at=seen[rule],
        )

    return tuple(
        one
        for rule, findings in found.items()
        for one in [result(rule, Outcome.WARN, f.text, str(f), f.where) for f in findings]
        or [result(rule, Outcome.PASS, "", _TITLES[rule], "")]
    )


def _measured(words: Sequence[Authored], language: str) -> str:
    measured = readability([place.text for place in words if not place.heading], language)
    if measured is None:
        return "no words of an author"
    return (
        f"{_LOOKED_AT}: {measured.words} in {measured.sentences} sentences, the longest of {measured.longest}; "
        f"reading ease {measured.ease:.0f}"
    )


def unbacked(script: Script, narration: Narration, approved: Sequence[Notice]) -> Iterator[Finding]:
    """Sentences that a model wrote around no value at all, and that are not the team's own: a claim in other words hides there."""
    if script.writer == "template":
        return
    known = {text for notice in approved for text in (notice.shown, notice.spoken)}
    known |= {str(phrase) for plan in narration.segments for line in plan.say for phrase in line.alternatives}
    for segment in script.segments:
        for place, sentence in enumerate(segment.sentences):
            if not sentence.refs and sentence.shown not in known:
                yield Finding(f"{segment.id}.sentences[{place}]", sentence.shown, "rests on no value of the document")


def authored(script: Script, values: ValueSet, fields: FieldSet, approved: Sequence[Notice]) -> Iterator[Authored]:
    """The author's own words, in the order of the script, headings before the sentences of their slide."""
    wording = Wording(fields, script.language)
    known = {text for notice in approved for text in (notice.shown, notice.spoken, notice.short)}
    for segment in script.segments:
        refs = dict.fromkeys((*segment.shows, *(ref for sentence in segment.sentences for ref in sentence.refs)))
        named = [values[ref] for ref in refs if ref in values]
        heading = _without(segment.heading, named, wording)
        if words_in(heading):
            yield Authored(f"{segment.id}.heading", segment.id, heading, heading=True)
        for place, sentence in enumerate(segment.sentences):
            if sentence.shown not in known and not _is_quotation(sentence, values):
                own = [values[ref] for ref in sentence.refs if ref in values]
                yield Authored(f"{segment.id}.sentences[{place}]", segment.id, _without(sentence.shown, own, wording))


def _is_quotation(sentence: Sentence, values: ValueSet) -> bool:
    return any(ref in values and values[ref].kind is Kind.PARAGRAPH for ref in sentence.refs)


def _without(text: str, values: Sequence[Value], wording: Wording) -> str:
    """The text without what its values put there."""
    marks: dict[str, str] = {}
    for value in values:
        is_name = value.kind in (Kind.TEXT, Kind.ISIN)
        for form in ("", "key", "scale", "month", "year"):
            if form and not _has(value, form, wording):
                continue
            name = wording.fields[value.field].keyed not in ("year", "year_to", "month") if form == "key" else is_name
            marks.setdefault(wording.write(value, form).shown, " " if name else FIGURE)
    if not marks:
        return text
    longest_first = sorted(filter(None, marks), key=len, reverse=True)
    pattern = re.compile("|".join(rf"(?<!\w){re.escape(form)}(?!\w)" for form in longest_first))
    return " ".join(pattern.sub(lambda match: marks[match[0]], text).split())


def _has(value: Value, form: str, wording: Wording) -> bool:
    spec = wording.fields[value.field]
    match form:
        case "key":
            # "over one year" are the author's words, beside which the key of the value stands nowhere.
            return spec.keyed not in ("", "period")
        case "scale":
            return value.kind is Kind.INTEGER and spec.maximum is not None
    return value.kind is Kind.DATE


def _terms(words: Sequence[Authored], terms: Terms, audience: str) -> Iterator[Finding]:
    said: dict[str, str] = {}
    text = ""
    for place in words:
        text += f"\n{place.text}"
        said[place.segment] = text
    for place in words:
        for found, why in terms.complaints(place.text, said=said[place.segment], audience=audience):
            yield Finding(place.where, found, why)


def _reading(words: Sequence[Authored], limits: Limits, language: str) -> Iterator[Finding]:
    spoken = [place for place in words if not place.heading]
    measured = readability([place.text for place in spoken], language)
    if measured is None:
        return
    if measured.ease < limits.ease:
        yield Finding(
            "segments", f"reading ease {measured.ease:.0f}",
            f"is under {limits.ease}, at {measured.words / measured.sentences:.0f} words a sentence; "
            "shorten sentences, and take shorter words",
        )  # fmt: skip
    for place in spoken:
        if (count := words_in(place.text)) > limits.sentence:
            yield Finding(place.where, place.text[:80], f"has {count} words, more than {limits.sentence}; make two sentences of it")

