"""Puts a script together from its parts: which slides a document fills, what they show, and where the warnings go.

    Narration ─ plans ──► Composer ◄── values, notices
                             └ one segment per plan that the document can fill; the words come from whoever writes:
                               the sentence file (`template`) or a model (`writer`)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from workflow_orchestrator.compliance.model import Notice, Placement
from workflow_orchestrator.errors import ScriptError
from workflow_orchestrator.fields import CELL, FieldSet
from workflow_orchestrator.script.model import Script, Segment, Sentence, SlideKind
from workflow_orchestrator.script.narration import Line, Narration, Plan
from workflow_orchestrator.script.phrases import ALL, IN_QUOTE, PAGES, Phrase, Place, by_size, expanded, fill, resolve
from workflow_orchestrator.script.quotes import quotable
from workflow_orchestrator.script.stray import is_order
from workflow_orchestrator.script.wording import Wording, Written
from workflow_orchestrator.values import Kind, Value, ValueSet


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """The document behind the values: its file name, its hash, and its language (`und` if nobody knows)."""

    name: str
    sha256: str
    language: str


@dataclass(frozen=True, slots=True)
class Slot:
    """A plan that the document can fill, with the values that its slide shows."""

    plan: Plan
    shown: tuple[Value, ...]

    @property
    def chosen(self) -> dict[str, tuple[Value, ...]]:
        """The shown values by field."""
        fields = dict.fromkeys(value.field for value in self.shown)
        return {name: tuple(value for value in self.shown if value.field == name) for name in fields}


Writer = Callable[[Slot], tuple[Sentence, ...]]


class Composer:
    """One document, one language, one set of warnings."""

    def __init__(
        self,
        values: ValueSet,
        fields: FieldSet,
        narration: Narration,
        notices: Sequence[Notice],
        source: SourceInfo,
        *,
        own_words: bool = False,
    ) -> None:
        self.fields, self.narration, self.notices = fields, narration, tuple(notices)
        self.wording = Wording(fields, narration.language)
        self.notes: list[str] = []
        self._own_words = own_words  # whoever writes says in words of their own what a paragraph says, in whatever language it is
        self._foreign: frozenset[str] = frozenset()
        self.values = self._tellable(values, source)

    def _tellable(self, values: ValueSet, source: SourceInfo) -> ValueSet:
        """The values without quotations in another language and without a year that is not over."""
        kept = list(values.values())
        if source.language != self.narration.language:
            quoted = [value.ref for value in kept if value.kind is Kind.PARAGRAPH]
            self._foreign = frozenset(quoted)
            kept = [value for value in kept if self._own_words or value.kind is not Kind.PARAGRAPH]
            if quoted and not self._own_words:
                self.notes.append(
                    f"{', '.join(quoted)} left out: the document's language is {source.language!r} and the video's is "
                    f"{self.narration.language!r}; quoted text is never translated"
                )
        as_of = values.get("as_of_date")
        if as_of is not None and isinstance(as_of.value, date):
            last = as_of.value.year if as_of.value.month == 12 else as_of.value.year - 1
            kept = [v for v in kept if self.fields[v.field].keyed != "year" or int(v.key) <= last]
        return ValueSet(kept)

    def slots(self) -> Iterator[Slot]:
        """The plans that this document fills, in order."""
        filled: set[str] = set()
        for plan in self.narration.segments:
            shown = self._shown(plan)
            fits = all(map(self._has, plan.needs)) and not any(map(self._has, plan.unless)) and not filled & set(plan.instead_of)
            if len(shown) >= plan.at_least and fits:
                filled.add(plan.id)
                yield Slot(plan, shown)

    def _has(self, ref: str) -> bool:
        """Whether the document has it, be it only in words of another language, which are not quoted."""
        return ref in self._foreign or bool(self._matching(ref))

    def _matching(self, ref: str) -> tuple[Value, ...]:
        name, _, key = ref.partition(".")
        if key != ALL:
            value = self.values.get(ref)
            return () if value is None else (value,)
        found, spec = self.values.of(name), self.fields[name]
        if spec.keyed == "period":
            order = list(spec.keys)
            return tuple(sorted(found, key=lambda value: order.index(value.key)))
        if spec.keyed == "cell":
            return found  # row by row, as it is printed
        if spec.keyed == "order":
            return tuple(sorted(found, key=lambda value: int(value.key)))
        return by_size(found) if spec.keyed == "name" else tuple(sorted(found, key=lambda value: value.key))

    def _shown(self, plan: Plan) -> tuple[Value, ...]:
        shown: dict[str, Value] = {}
        for alternatives in plan.shows:
            found = next((values for ref in alternatives if (values := self._matching(ref) or cells_in_quote(ref, shown, self.values))), ())
            # Of years and months the newest stay, of all others the first.
            in_time = bool(found) and self.fields[found[0].field].keyed in ("year", "year_to", "month")
            fitting = found[-plan.at_most :] if in_time else found[: plan.at_most]
            shown.update((value.ref, value) for value in fitting)
        return tuple(shown.values())

    def sentences(self, phrase: Phrase, slot: Slot) -> tuple[Sentence, ...] | None:
        """The sentences of a phrase, or `None` when the document lacks one of its values."""
        phrase = self._expanded(phrase)
        found = {place: resolve(place, self.values, self.fields, slot.chosen) for place in phrase.places}
        if any(value is None for value in found.values()):
            return None
        values = {place: value for place, value in found.items() if value is not None}
        if len(phrase.parts) == 1 and values:
            (only,) = values.values()
            if only.kind is Kind.PARAGRAPH and not phrase.places[0].form:
                return self._quotation(only)
        written = fill(phrase, lambda place: self.wording.write(values[place], place.form))
        return (Sentence(written.shown, written.spoken, tuple(dict.fromkeys(v.ref for v in values.values()))),)

    def _expanded(self, phrase: Phrase) -> Phrase:
        return expanded(phrase, self.values, self.narration.language)

    def _quotation(self, value: Value) -> tuple[Sentence, ...] | None:
        if value.ref in self._foreign:
            return None
        quoted = quotable(str(value.value))
        if any(map(is_order, quoted)):
            # Whoever put it into the document: a voice does not pass it on.
            self.notes.append(f"{value.ref} left out: it holds an instruction to a program or an editor")
            return None
        if not quoted:
            self.notes.append(f"{value.ref} left out: it has no sentence that is short enough to be quoted whole")
            return None
        return tuple(Sentence(text, text, (value.ref,)) for text in quoted)

    def first_that_fits(self, line: Line, slot: Slot) -> tuple[Sentence, ...]:
        for phrase in line.alternatives:
            sentences = self.sentences(phrase, slot)
            if sentences is not None:
                return sentences
        return ()

    def script(self, write: Writer, *, writer: str) -> Script:
        """The whole script, with the words of `write`.

        Raises:
            ScriptError: the document has no value for the title, or no slide but the last can be filled.
        """
        segments = []
        for slot in self.slots():
            sentences = self._with_notices(slot, write)
            if sentences:
                segments.append(self._segment(slot, sentences))
        if len(segments) < 2:
            raise ScriptError("the document has no value that a slide could show; check what was extracted from it")
        title = self._line(self.narration.title, segments)
        return Script(
            language=self.narration.language, title=title, subject=title,
            kicker=" · ".join((*self._short(Placement.START), self._line(self.narration.kicker, segments))),
            footer=" ".join(self._short(Placement.END)) or self.narration.footer,
            source=self._line(self.narration.source, segments), segments=tuple(segments), writer=writer,
            notes=tuple(dict.fromkeys(self.notes)), labels=self._labels(segments),
        )

    def _with_notices(self, slot: Slot, write: Writer) -> tuple[Sentence, ...]:
        """The first slide begins with notices; the last holds them, and words of its own only where there are none."""
        if slot.plan.slide is SlideKind.TITLE:
            return (*self._said(Placement.START), *write(slot))
        if slot.plan.slide is SlideKind.NOTICE:
            return self._said(Placement.END) or write(slot)
        return write(slot)

    def _said(self, place: Placement) -> tuple[Sentence, ...]:
        return tuple(Sentence(notice.shown, notice.spoken) for notice in self.notices if notice.place is place)

    def _short(self, place: Placement) -> tuple[str, ...]:
        return tuple(dict.fromkeys(n.short for n in self.notices if n.place is place and n.short))

    def _segment(self, slot: Slot, sentences: tuple[Sentence, ...]) -> Segment:
        heading = self.sentences(slot.plan.heading, slot)
        if heading is None:
            raise ScriptError(f"the heading of {slot.plan.id!r} needs a value that the document does not have")
        points: tuple[str, ...] = ()
        if slot.plan.slide is SlideKind.NOTICE:
            points = tuple(sentence.shown for sentence in sentences)
        elif slot.plan.slide is SlideKind.TEXT:
            quoted = [s.shown for s in sentences if any(self.values[ref].kind is Kind.PARAGRAPH for ref in s.refs)]
            points = (" ".join(quoted),) if quoted else ()
        shows = tuple(value.ref for value in slot.shown)
        return Segment(slot.plan.id, slot.plan.slide, heading[0].shown, sentences, shows, points)

    def _line(self, line: Line, segments: Sequence[Segment]) -> str:
        """A line for the eye alone: title, kicker or source."""
        everything = Slot(self.narration.segments[0], ())
        for phrase in map(self._expanded, line.alternatives):
            known = Phrase(tuple(part for part in phrase.parts if part != Place(PAGES)))
            if self.sentences(known, everything) is not None:
                return fill(phrase, lambda place: self._written(place, segments)).shown
        raise ScriptError(f"the document has no value for {line.alternatives[-1]}")

    def _written(self, place: Place, segments: Sequence[Segment]) -> Written:
        if place == Place(PAGES):
            pages = sorted({self.values[ref].evidence.page for ref in refs_of(segments)})
            text = ", ".join(map(str, pages))
            return Written(text, text)
        value = resolve(place, self.values, self.fields, {})
        if value is None:
            raise ScriptError(f"the document has no value for {place}")
        return self.wording.write(value, place.form)

    def _labels(self, segments: Sequence[Segment]) -> dict[str, str]:
        return {
            ref: self.wording.label(self.values[ref], first=place == 0)
            for segment in segments for place, ref in enumerate(segment.shows)
        }


def refs_of(segments: Sequence[Segment]) -> tuple[str, ...]:
    """Every reference that the segments show or speak of, once."""
    spoken = (ref for segment in segments for sentence in segment.sentences for ref in sentence.refs)
    shown = (ref for segment in segments for ref in segment.shows)
    return tuple(dict.fromkeys((*shown, *spoken)))


def cells_in_quote(ref: str, shown: Mapping[str, Value], values: ValueSet) -> tuple[Value, ...]:
    """For `table.in_quote`, the cells whose printed figure a quotation among the values of the slide prints as a whole figure too.

    Of several cells with one figure, those whose row and column the quotation names best; where it names none of them, nobody knows
    which it means, and none is shown.
    """
    name, _, key = ref.partition(".")
    quotes = [str(value.value) for value in shown.values() if value.kind is Kind.PARAGRAPH]
    if key != IN_QUOTE:
        return ()
    figures = {word for quote in quotes for word in re.findall(r"(?<![\w.,])\d[\d.,]*\d(?![\w])", quote)}
    text = " ".join(quotes).casefold()
    cells: dict[str, list[tuple[int, Value]]] = {}
    for value in values.of(name):
        printed = value.evidence.quote.strip("% \u00a0\u202f")
        if printed in figures:
            named = sum(bool(re.search(rf"(?<!\w){re.escape(part.casefold())}(?!\w)", text)) for part in value.key.split(CELL))
            cells.setdefault(printed, []).append((named, value))
    kept = {
        value.ref
        for same in cells.values()
        for named, value in same
        if len(same) == 1 or (named and named == max(most for most, _ in same))
    }
    return tuple(value for value in values.of(name) if value.ref in kept)
