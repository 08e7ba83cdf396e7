"""The other way to a script: a model writes the sentences, with places instead of figures; the same guard judges them.

    values, sentence file ─► prompt variables ─► model ─► {"segments": [{"id", "sentences": ["… {nav} …"]}]}
                                                           └ places filled by us ─► guard ─► Script, or every finding
                                                                                             for one more try

The model never types a figure: digits and number words outside a place are refused. A name with a figure in it that the document
prints ("Reader2 in Practice") may be typed in full: a place is made of it. Warnings, headings and the choice of slides stay with the
business files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workflow_orchestrator.compliance.model import Notice
from workflow_orchestrator.documents.quality import reads_as
from workflow_orchestrator.errors import ScriptError, UnboundFigureError
from workflow_orchestrator.fields import FieldSet
from workflow_orchestrator.script.compose import Composer, Slot, SourceInfo
from workflow_orchestrator.script.full_names import with_places
from workflow_orchestrator.script.guard import Finding
from workflow_orchestrator.script.model import Script, Sentence, SlideKind
from workflow_orchestrator.script.narration import Narration
from workflow_orchestrator.script.phrases import Phrase, parse, problems_of
from workflow_orchestrator.script.review import review
from workflow_orchestrator.values import NUMERIC_KINDS, ValueSet

_PLACE = re.compile(r"\{[^{}]*\}")

LANGUAGE_NAMES = {"en": "English", "de": "German", "fr": "French"}
MOST_SENTENCES = 6   # per slide: more is no summary
LONGEST_SENTENCE = 400


class AnswerRefusedError(UnboundFigureError, ValueError):
    """The model's sentences cannot be used; the message lists every finding, so that one more try can mend them.

    A retry of the same answer cannot help. `details["findings"]` has the findings as data.
    """


def answer_schema(narration: Narration) -> dict[str, Any]:
    """The strict JSON Schema of an answer: sentences for the slides that the sentence file plans, warnings excluded."""
    ids = [plan.id for plan in narration.segments if plan.slide is not SlideKind.NOTICE]
    segment = {
        "type": "object", "additionalProperties": False, "required": ["id", "sentences"],
        "properties": {
            "id": {"type": "string", "enum": ids},
            "sentences": {"type": "array", "items": {"type": "string"}},
        },
    }
    return {
        "type": "object", "additionalProperties": False, "required": ["segments"],
        "properties": {"segments": {"type": "array", "items": segment}},
    }


def prompt_variables(
    values: ValueSet, fields: FieldSet, narration: Narration, language: str, audience: str = "retail"
) -> dict[str, str]:
    """What a prompt may say: `language`, `fund`, `values`, `segments`, `example`, `terms`.

    `values` lists every place with its meaning and figure, `segments` the slides to fill with the values that each
    shows, `example` how the business team's own sentences read, and `terms` the terminology and the lengths that are kept.
    """
    # The prompt describes the document in its own language: nothing that is quoted is missing from the list.
    composer = Composer(values, fields, narration, (), SourceInfo("", "", narration.language))
    slots = [slot for slot in composer.slots() if slot.plan.slide is not SlideKind.NOTICE]
    name = values.get("fund_name")
    return {
        "language": LANGUAGE_NAMES[language],
        "fund": "" if name is None else str(name.value),
        "values": "\n".join(_value_lines(composer, slots)),
        "segments": "\n".join(_segment_lines(slots)),
        "example": "\n".join(str(line.alternatives[0]) for slot in slots for line in slot.plan.say),
        "terms": "\n".join(_rules_of_style(narration, audience)),
    }


def _rules_of_style(narration: Narration, audience: str) -> Iterator[str]:
    terms, length = narration.terms, narration.length
    yield f"A slide speaks {length.slide.total_seconds():.0f} seconds at most, all together {length.whole.total_seconds():.0f}."
    yield f"A sentence has {terms.reading[audience].sentence} words at most."
    yield from (f"Say {use!r} instead of {term!r}." for term, use in terms.preferred.items())
    yield from (f"Do not say {term!r}: {why}" for term, why in terms.avoid.items())
    if audience == "retail":
        for term, words in terms.explained.items():
            yield f"Say {term!r} only with or after one of these explanations: {', '.join(map(repr, words))}."
        yield from (f"Do not say {term!r}: it is a word for professional investors." for term in terms.professional)
    if terms.abbreviations is not None:
        yield f"Use no abbreviation but {', '.join(terms.abbreviations)}."


def _value_lines(composer: Composer, slots: Sequence[Slot]) -> Iterator[str]:
    """The values that a slide shows, and the words of the document: not every month of ten years."""
    shown = {value.ref for slot in slots for value in slot.shown}
    wording = composer.wording
    for ref, value in composer.values.items():
        if ref in shown or value.kind not in NUMERIC_KINDS:
            title = composer.fields[value.field].title
            key = f", {wording.write(value, 'key').shown}" if value.key else ""
            yield f"{{{ref}}} = {title.get(wording.language) or title['en']}{key}: {wording.shown(value)}"


def _segment_lines(slots: Sequence[Slot]) -> Iterator[str]:
    for slot in slots:
        shows = ", ".join(f"{{{value.ref}}}" for value in slot.shown) or "no values of its own"
        yield f"{slot.plan.id} ({slot.plan.slide.value} slide, headed {str(slot.plan.heading)!r}) shows {shows}"


def script_from_answer(
    answer: Mapping[str, Any],
    values: ValueSet,
    fields: FieldSet,
    narration: Narration,
    language: str,
    notices: Sequence[Notice],
    source: SourceInfo,
    *,
    model: str = "model",
) -> Script:
    """The script of a model's answer.

    Raises:
        AnswerRefusedError: the answer misses a slide, names a place that has no value, or holds a figure of its own;
            every finding is listed.
        ScriptError: the narration is in another language.
    """
    draft = draft_from_answer(answer, values, fields, narration, language, notices, source, model=model)
    findings = draft.findings
    if draft.script is not None and not findings:
        findings = review(draft.script, values, fields, notices, narration=narration)
    if draft.script is None or findings:
        raise refusal(findings)
    return draft.script


@dataclass(frozen=True, slots=True)
class Draft:
    """What could be made of an answer, and why not more: sentences with a finding are left out, and without a sentence there is no
    script.
    """

    script: Script | None
    findings: tuple[Finding, ...]


def draft_from_answer(
    answer: Mapping[str, Any],
    values: ValueSet,
    fields: FieldSet,
    narration: Narration,
    language: str,
    notices: Sequence[Notice],
    source: SourceInfo,
    *,
    model: str = "model",
) -> Draft:
    """Fills the places of an answer; nobody has reviewed the words yet.

    Raises:
        ScriptError: the narration is in another language, or the document has nothing to show.
    """
    if language != narration.language:
        raise ScriptError(f"the sentences are in {narration.language!r}, but the video is asked for in {language!r}")
    reader = _Reader(Composer(values, fields, narration, notices, source, own_words=True), answer)
    try:
        script = reader.composer.script(reader.write, writer=model)
    except ScriptError:
        # An answer that says nothing leaves no slide, which is not the document's fault.
        if not reader.findings:
            raise
        return Draft(None, tuple(reader.findings))
    return Draft(script, tuple(reader.findings))


def refusal(findings: Sequence[Finding]) -> AnswerRefusedError:
    """The error for an answer with these findings; its message is what the model is told."""
    lines = "\n".join(f"  {finding}" for finding in findings)
    return AnswerRefusedError(
        f"the answer cannot be used; write figures only as places such as {{performance_data.1y}}:\n{lines}",
        findings=[finding.to_json() for finding in findings],
    )


class _Reader:
    """Turns the answer's sentences into bound ones and collects what is wrong with them."""

    def __init__(self, composer: Composer, answer: Mapping[str, Any]) -> None:
        self.composer = composer
        self.findings: list[Finding] = []
        self._texts: dict[str, list[str]] = {}
        for item in answer["segments"]:
            if item["id"] in self._texts:
                self._refuse(item["id"], item["id"], "is given twice")
            self._texts.setdefault(item["id"], list(item["sentences"]))
        expected = [slot.plan.id for slot in composer.slots() if slot.plan.slide is not SlideKind.NOTICE]
        if not reads_as((_PLACE.sub(" ", text) for texts in self._texts.values() for text in texts), composer.wording.language):
            self._refuse("segments", "the narration", f"is not in {LANGUAGE_NAMES[composer.wording.language]}")
        for unknown in [name for name in self._texts if name not in expected]:
            self._refuse(unknown, unknown, f"is no slide of this document; its slides are {', '.join(expected)}")

    def write(self, slot: Slot) -> tuple[Sentence, ...]:
        if slot.plan.slide is SlideKind.NOTICE:
            return tuple(s for line in slot.plan.say for s in self.composer.first_that_fits(line, slot))
        texts = self._texts.get(slot.plan.id, [])
        if not texts:
            self._refuse(slot.plan.id, slot.plan.id, "has no sentence; write at least one")
        if len(texts) > MOST_SENTENCES:
            self._refuse(slot.plan.id, str(len(texts)), f"sentences are more than {MOST_SENTENCES}")
        sentences: list[Sentence] = []
        for place, text in enumerate(texts):
            sentences += self._sentences(f"{slot.plan.id}.sentences[{place}]", text.strip(), slot)
        return tuple(sentences)

    def _sentences(self, where: str, text: str, slot: Slot) -> tuple[Sentence, ...]:
        if not text or len(text) > LONGEST_SENTENCE:
            self._refuse(where, text[:60], f"is empty or longer than {LONGEST_SENTENCE} characters")
            return ()
        try:
            phrase = parse(text)
        except ValueError as error:
            self._refuse(where, text, f"cannot be read: {error}")
            return ()
        phrase = with_places(phrase, self.composer.values, self.composer.fields, self.composer.wording.language)
        problems = list(problems_of(phrase, self.composer.fields))
        for message, fix in problems:
            self._refuse(where, text, f"is refused: {message}" + (f"; {fix}" if fix else ""))
        if problems:
            return ()
        return self._filled(where, phrase, slot)

    def _filled(self, where: str, phrase: Phrase, slot: Slot) -> tuple[Sentence, ...]:
        sentences = self.composer.sentences(phrase, slot)
        if sentences is None:
            self._refuse(where, str(phrase), "names a value that the document does not have")
            return ()
        return sentences

    def _refuse(self, where: str, text: str, why: str) -> None:
        self.findings.append(Finding(where, text, why))
