"""Edits of a script: what may be edited, and whether edits stand up. Everything is decided in memory; nothing is written here.

    typed words ─► bound again (revision_words) ─► review of the edited places ─► the whole script: bound, compliance ─► slides
                    any of them says no: the form comes back with what was typed and why

Not edited: approved wording, which compliance owns; quotations, which are the document's; headings that a value fills.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from workflow_orchestrator.canonical import sha256
from workflow_orchestrator.definition.flow import makes
from workflow_orchestrator.definition.model import SlideStep, Step, WriteStep
from workflow_orchestrator.errors import ComplianceBlockedError, RenderError, ScriptError
from workflow_orchestrator.record import StepReport
from workflow_orchestrator.steps.judging import Judge
from workflow_orchestrator.steps.staging import StagedStorage, staged
from workflow_orchestrator.steps.work import Work
from workflow_orchestrator.values import Kind

if TYPE_CHECKING:
    from workflow_orchestrator.script import Finding, Script, Segment, Sentence

_LONGEST_HEADING = 120  # as in a narration file
StepKind = TypeVar("StepKind", bound=Step)


@dataclass(frozen=True, slots=True)
class Spot:
    """A place that may be edited: its name in the form, the slide by number and heading, and the words that stand there.

    `sentence` is the place of the sentence on its slide, from 0; `None`: the heading.
    """

    name: str
    slide: int
    heading: str
    segment: int
    sentence: int | None
    text: str

    @property
    def title(self) -> str:
        part = "heading" if self.sentence is None else f"sentence {self.sentence + 1}"
        return f"Slide {self.slide}, {self.heading}: {part}"


@dataclass(frozen=True, slots=True)
class Problem:
    """Why an edit is not taken. `place` is the name of a spot; empty for the script as a whole."""

    place: str
    text: str
    why: str

    def to_json(self) -> dict[str, str]:
        return {"place": self.place, "text": self.text, "why": self.why}


@dataclass(frozen=True, slots=True)
class Draft:
    """A script with edits that stand up: what `script.json` and `compliance.json` become, and each change as data."""

    script: dict[str, Any]
    compliance: dict[str, Any]
    changes: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Editor:
    """Edits of the run's script.

    Args:
        work: that of the approve step.
        judge: by what the words are judged.
        slides: the step whose slides are made anew.
        script: as it is now.
        base: the hash of `script.json`.
    """

    work: Work
    judge: Judge
    slides: SlideStep
    script: Script
    base: str

    @classmethod
    def of(cls, work: Work) -> Editor | None:
        """The editor of the run's script; `None` where this workflow did not write it, or does not make its slides."""
        from workflow_orchestrator.script import Script

        write, slides = maker_of(work, "script", WriteStep), maker_of(work, "slides", SlideStep)
        data = work.run.read("script.json")
        script = Script.from_json(work.run.read_json("script.json"))
        if write is None or slides is None or script.language not in write.narration:
            return None
        return cls(work, Judge.of(work, write, script.language), slides, script, sha256(data))

    def spots(self) -> list[Spot]:
        """The places that may be edited, in the order of the slides."""
        return [spot for number, segment in enumerate(self.script.segments) for spot in self._spots(number, segment)]

    def draft(self, edits: Mapping[str, str]) -> Draft | list[Problem]:
        """The script with edits, or why it cannot be.

        Args:
            edits: new words by the name of a spot; no words take a sentence away.
        """
        made = _Edited(self, edits)
        after = made.script()
        if made.problems:
            return made.problems
        if not made.changes:
            return [Problem("", "", "nothing was changed; change a sentence, or reject with a reason")]
        # Words that are shown and spoken alike are found twice.
        problems = list(dict.fromkeys(self._reviewed(after, made)))
        if problems:
            return problems
        try:
            report = self.judge.judge(after)
            report.raise_for_block()
        except ScriptError as error:
            return _held_against(error)
        draft = Draft(after.to_json(), report.to_json(), tuple(made.changes))
        try:
            render(self.work, self.slides, draft.script, draft.compliance)
        except (RenderError, ComplianceBlockedError) as error:
            return [Problem("", "", f"its slides cannot be made: {error.message}")]
        return draft

    def _spots(self, number: int, segment: Segment) -> Iterator[Spot]:
        slide = slide_numbers(self.script, self.slides.format)[segment.id]
        plan = next((plan for plan in self.judge.narration.segments if plan.id == segment.id), None)
        if plan is not None and not plan.heading.places:
            yield Spot(f"{segment.id}.heading", slide, segment.heading, number, None, segment.heading)
        for place, sentence in enumerate(segment.sentences):
            if not self._is_given(sentence):
                name = f"{segment.id}.sentence_{place + 1}"
                yield Spot(name, slide, segment.heading, number, place, sentence.shown)

    def _is_given(self, sentence: Sentence) -> bool:
        """Whether the words are not the team's: approved wording, or a quotation of the document."""
        if any((sentence.shown, sentence.spoken) == (notice.shown, notice.spoken) for notice in self.judge.warnings):
            return True
        told = [self.judge.values[ref] for ref in sentence.refs if ref in self.judge.values]
        quoted = (" ".join(str(value.value).split()) for value in told if value.kind is Kind.PARAGRAPH)
        return sentence.shown == sentence.spoken and any(flat(sentence.shown) in text for text in quoted)

    def _reviewed(self, after: Script, made: _Edited) -> Iterator[Problem]:
        """What the review of a model's script says of the edited places, and of what they belong to if it is new."""
        from workflow_orchestrator.script import review

        judge, fields = self.judge, self.work.workflow.fields
        found = review(after, judge.allowed, fields, judge.warnings, narration=judge.narration)
        earlier = {
            finding.where
            for finding in review(self.script, judge.allowed, fields, judge.warnings, narration=judge.narration)
        }
        for finding in found:
            name = made.name_of(finding.where)
            if name or (not _is_of_a_sentence(finding.where) and finding.where not in earlier):
                yield Problem(name, finding.text, self._why(finding, name))

    def _why(self, finding: Finding, name: str) -> str:
        from workflow_orchestrator.steps.revision_words import Binder

        if "comes from no value" not in finding.why or not name:
            return finding.why
        segment = next(one for one in self.script.segments if one.id == name.rpartition(".")[0])
        known = Binder(self.script, self.judge.allowed, self.work.workflow.fields).figures_of(segment)
        return f"{finding.why}; this slide has {', '.join(known)}" if known else finding.why


@dataclass
class _Edited:
    """A script with edits in it: what changed, where that stands now, and what cannot be taken."""

    editor: Editor
    edits: Mapping[str, str]
    problems: list[Problem] = field(default_factory=list)
    changes: list[dict[str, Any]] = field(default_factory=list)
    _where: dict[str, str] = field(default_factory=dict)  # the name of a finding's place → that of the spot

    def script(self) -> Script:
        """The script as it would be."""
        spots: dict[int, list[Spot]] = {}
        for spot in self.editor.spots():
            spots.setdefault(spot.segment, []).append(spot)
        segments = tuple(
            self._segment(segment, spots.get(number, [])) for number, segment in enumerate(self.editor.script.segments)
        )
        return replace(self.editor.script, segments=segments)

    def name_of(self, where: str) -> str:
        """The spot that a finding is about; empty where it was not edited."""
        return next((name for begin, name in self._where.items() if re.match(rf"{re.escape(begin)}(?![\w\]])", where)), "")

    def _segment(self, segment: Segment, spots: Sequence[Spot]) -> Segment:
        from workflow_orchestrator.script import Sentence, SlideKind

        heading, sentences = segment.heading, list[Sentence]()
        by_place = {spot.sentence: spot for spot in spots}
        if None in by_place:
            heading = self._heading(segment, by_place[None])
        for place, before in enumerate(segment.sentences):
            spot = by_place.get(place)
            after = self._sentence(segment, before, spot) if spot else before
            if after is None:
                continue
            if spot and after is not before:
                self._where[f"{segment.id}.sentences[{len(sentences)}]"] = spot.name
                if segment.slide is SlideKind.NOTICE:
                    self._where[f"{segment.id}.points[{len(sentences)}]"] = spot.name
            sentences.append(after)
        if not sentences:
            self.problems.append(Problem(spots[0].name, "", "a slide keeps one sentence at least"))
        is_notice = segment.slide is SlideKind.NOTICE
        points = tuple(sentence.shown for sentence in sentences) if is_notice else segment.points
        return replace(segment, heading=heading, sentences=tuple(sentences), points=points)

    def _heading(self, segment: Segment, spot: Spot) -> str:
        text = self.edits.get(spot.name, spot.text)
        if flat(text) == flat(spot.text):
            return segment.heading
        if not text or len(text) > _LONGEST_HEADING:
            self._refuse(spot, text[:60], f"a heading has 1 to {_LONGEST_HEADING} characters")
            return segment.heading
        self._where[f"{segment.id}.heading"] = spot.name
        self._changed(spot, segment.heading, text, (), ())
        return text

    def _sentence(self, segment: Segment, before: Sentence, spot: Spot) -> Sentence | None:
        from workflow_orchestrator.script.writer import LONGEST_SENTENCE
        from workflow_orchestrator.steps.revision_words import Binder, UnboundEditError

        text = self.edits.get(spot.name, spot.text)
        if flat(text) == flat(spot.text):
            return before
        if not text:
            self._changed(spot, before.shown, None, before.refs, ())
            return None
        if len(text) > LONGEST_SENTENCE:
            self._refuse(spot, text[:60], f"a sentence has {LONGEST_SENTENCE} characters at most, and this has {len(text)}")
            return before
        try:
            binder = Binder(self.editor.script, self.editor.judge.allowed, self.editor.work.workflow.fields)
            after = binder.bind(text, segment, before)
        except UnboundEditError as error:
            for words, why in error.reasons:
                self._refuse(spot, words, why)
            return before
        if after == before:
            return before
        self._changed(spot, before.shown, after.shown, before.refs, after.refs)
        return after

    def _refuse(self, spot: Spot, text: str, why: str) -> None:
        self.problems.append(Problem(spot.name, text, why))

    def _changed(
        self, spot: Spot, before: str, after: str | None, refs_before: Iterable[str], refs_after: Iterable[str]
    ) -> None:
        self.changes.append(
            {
                "place": spot.name,
                "title": spot.title,
                "before": before,
                "after": after,
                "refs_before": list(refs_before),
                "refs_after": list(refs_after),
            }
        )


def maker_of(work: Work, artifact: str, kind: type[StepKind]) -> StepKind | None:
    """The step of that kind that made what the run has; `None` where another kind made it, or it is of the run around a map."""
    made: list[tuple[str, Step]] = []
    for step in work.workflow.steps:
        if artifact in makes(step) and step.within_map == work.step.within_map:
            last = work.run.attempts(step.name)[-1:]
            if last and last[0]["state"] == "success":
                made.append((str(last[0]["started"]), step))
    latest = max(made, key=lambda one: one[0])[1] if made else None
    return latest if isinstance(latest, kind) else None


def render(
    work: Work, slides: SlideStep, script: Mapping[str, Any], compliance: Mapping[str, Any]
) -> tuple[StagedStorage, StepReport]:
    """The script with its slides, made beside the run's folder; `commit` of the storage carries them over.

    Raises:
        RenderError: the slides cannot be made.
        ComplianceBlockedError: they do not show the words of the script.
    """
    from workflow_orchestrator.steps import slide

    run, storage = staged(work.run)
    report = StepReport(work.step.name, work.attempt, "")
    report.artifacts.append(run.write_json("script.json", script))
    report.artifacts.append(run.write_json("compliance.json", compliance))
    slide.perform(replace(work, run=run, step=slides, report=report))
    return storage, report


def slide_numbers(script: Script, shape: str) -> dict[str, int]:
    """The number of the slide on which each segment begins, by its id, in a format by name."""
    from workflow_orchestrator.rendering.formats import FORMATS
    from workflow_orchestrator.rendering.paging import paged

    return {segment.id: number for number, segment in enumerate(paged(script, FORMATS[shape]).segments, start=1)}


def typed(raw: Any) -> str:
    """Words as a form or another program sends them: one line, composed letters, the spaces that hold figures together kept."""
    text = unicodedata.normalize("NFC", "" if raw is None else str(raw))
    return re.sub(r"[ \t\r\n\f\v]+", " ", text).strip()


def flat(text: str) -> str:
    """Text with single plain spaces, for comparing."""
    return " ".join(text.split())


def _is_of_a_sentence(where: str) -> bool:
    return re.search(r"\.(?:sentences\[|points\[|heading)", where) is not None


def _held_against(error: ScriptError) -> list[Problem]:
    """What an error says of the whole script, one problem for each finding that it lists."""
    if isinstance(error, ComplianceBlockedError):
        return [
            Problem("", result["words"], f"{result['rule']}: {result['message']} ({result['citation']})")
            for result in error.details["results"]
        ]
    findings = error.details.get("findings")
    if not findings:
        return [Problem("", "", error.message)]
    return [Problem("", finding["text"], f"{finding['where']}: {finding['why']}") for finding in findings]
