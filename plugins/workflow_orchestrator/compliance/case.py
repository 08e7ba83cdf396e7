"""One script under examination: its texts with their places, and what of them is approved wording or a printed name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from workflow_orchestrator.compliance.model import Notice, Outcome, Rule
from workflow_orchestrator.fields import FieldSet
from workflow_orchestrator.script.model import Script, Segment
from workflow_orchestrator.values import Kind, ValueSet

NAME = "\u25a1"  # stands where a printed name was: "Best Buy" is a holding, not praise


@dataclass(frozen=True, slots=True)
class Complaint:
    """What is wrong, in which words, and where these stand. `outcome` is set where the severity of the rule does not apply."""

    message: str
    words: str = ""
    outcome: Outcome | None = None
    where: str = ""


@dataclass(frozen=True, slots=True)
class Text:
    """One text of the script, and where it stands."""

    where: str
    words: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What a rule may know of the run. `document` is the text of the source, where the run has it."""

    today: date | None = None
    document: str | None = None


@dataclass(frozen=True)
class Case:
    """The script with everything that a rule may look at."""

    script: Script
    values: ValueSet
    fields: FieldSet
    notices: tuple[Notice, ...]
    language: str
    jurisdictions: tuple[str, ...]
    audience: str
    withheld: frozenset[str] = field(default_factory=frozenset)
    facts: Facts = Facts()

    @cached_property
    def refs(self) -> frozenset[str]:
        """Every value that is shown or spoken of."""
        return frozenset(ref for segment in self.script.segments for ref in refs_of(segment))

    @cached_property
    def told(self) -> ValueSet:
        """The values of the script."""
        return ValueSet(value for ref, value in self.values.items() if ref in self.refs)

    @cached_property
    def told_and_dated(self) -> ValueSet:
        """The values of the script with the days of the document, by which periods are reckoned."""
        days = (ref for ref in ("as_of_date", "launch_date") if ref in self.values and ref not in self.refs)
        return self.told.replacing(self.values[ref] for ref in days)

    @cached_property
    def texts(self) -> tuple[Text, ...]:
        """Every text that is seen or heard, each once, without the approved notices and with names blotted out."""
        return tuple(self._texts())

    @cached_property
    def whole(self) -> str:
        """These texts in one, a line each."""
        return "\n".join(text.words for text in self.texts)

    def _texts(self) -> Iterator[Text]:
        approved = {_flat(text) for notice in self.notices for text in (notice.shown, notice.spoken, notice.short)}
        seen: set[str] = set()
        for text in self.all_texts():
            flat = _flat(text.words)
            if flat and flat not in approved and flat not in seen:
                seen.add(flat)
                yield Text(text.where, self._names.sub(NAME, flat))

    def all_texts(self) -> Iterator[Text]:
        """Every text, as it is."""
        script = self.script
        for where in ("title", "subject", "kicker", "footer", "source"):
            yield Text(where, getattr(script, where))
        for segment in script.segments:
            yield Text(f"{segment.id}.heading", segment.heading)
            for place, point in enumerate(segment.points):
                yield Text(f"{segment.id}.points[{place}]", point)
            for place, sentence in enumerate(segment.sentences):
                yield Text(f"{segment.id}.sentences[{place}]", sentence.shown)
                yield Text(f"{segment.id}.sentences[{place}] (spoken)", sentence.spoken)
        for ref, label in script.labels.items():
            yield Text(f"label of {ref}", label)

    def texts_of(self, segment: Segment) -> str:
        """All that is seen or heard with one segment, as one text, with names blotted out."""
        words = [segment.heading, *segment.points]
        words += [text for sentence in segment.sentences for text in (sentence.shown, sentence.spoken)]
        words += [self.script.labels.get(ref, "") for ref in segment.shows]
        return self._names.sub(NAME, _flat(" . ".join(words)))

    @cached_property
    def _names(self) -> re.Pattern[str]:
        names = {str(value.value) for value in self.values.values() if value.kind is Kind.TEXT}
        names |= {value.key for value in self.values.values() if self.fields[value.field].keyed == "name"}
        longest_first = sorted((_flat(name) for name in names if len(name) > 2), key=len, reverse=True)
        return re.compile("|".join(rf"(?<!\w){re.escape(name)}(?!\w)" for name in longest_first) or r"(?!)")

    def has_figures(self, refs: Iterable[str]) -> bool:
        """Whether the script shows or speaks of a value of these fields."""
        return any(in_fields(ref, refs) for ref in self.refs)


def refs_of(segment: Segment) -> tuple[str, ...]:
    """What a segment shows and speaks of."""
    return (*segment.shows, *(ref for sentence in segment.sentences for ref in sentence.refs))


def in_fields(ref: str, names: Iterable[str]) -> bool:
    """Whether a reference is one of `names` or a key of one of them."""
    return any(ref == name or ref.startswith(f"{name}.") for name in names)


def spoken_of(segments: Sequence[Segment]) -> str:
    """All that is said, as one text."""
    return _flat(" ".join(sentence.spoken for segment in segments for sentence in segment.sentences))


def shown_of(segments: Sequence[Segment]) -> str:
    """All sentences and points that are written, as one text."""
    words = (text for s in segments for text in (*(sentence.shown for sentence in s.sentences), *s.points))
    return _flat(" ".join(words))


def _flat(text: str) -> str:
    return " ".join(text.split())


Check = Callable[[Rule, Case], Iterator[Complaint]]
