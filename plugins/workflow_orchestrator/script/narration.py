"""The sentence file of one language, `narration.<language>.yaml`, as the business team writes it.

    language · title · kicker · source · footer · length
    segments: id → slide · heading · shows · needs · unless · instead_of · at_least · at_most · say
                                                                      a sentence, or `one_of`: the first that fits

A sentence is said only if the document has all of its values; a slide is shown only if it has what it needs. `terms.<language>.yaml`
beside it says how the workflow speaks (`terms`), and these sentences are held to it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from workflow_orchestrator.definition.language.words import duration, duration_text
from workflow_orchestrator.definition.problems import Report, did_you_mean
from workflow_orchestrator.definition.shapes import Choice, Entry, ListOf, MapOf, Record, Text, Whole
from workflow_orchestrator.definition.source import KeyPath, Source, read_source
from workflow_orchestrator.fields import LANGUAGES, FieldSet
from workflow_orchestrator.script.model import SlideKind
from workflow_orchestrator.script.phrases import Phrase, parse, problems_of
from workflow_orchestrator.script.terms import NONE, Terms, read_terms, terms_beside

ONE_OF = "one_of"
_MOST = {  # what such a slide can hold; tables go on to further slides
    SlideKind.BARS: 13, SlideKind.RETURNS: 13, SlideKind.GROWTH: 13, SlideKind.BRIDGE: 9, SlideKind.ALLOCATION: 8,
    SlideKind.HOLDINGS: 10, SlideKind.TABLE: 60,
}


@dataclass(frozen=True, slots=True)
class Line:
    """One thing to say, in the order of preference: the first alternative whose values are there is said."""

    alternatives: tuple[Phrase, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """One slide with its sentences, before a document is known.

    `shows` holds alternatives as well: of each entry the first that the document has is shown. `needs` and `unless` are
    references or `field.*`. `at_least` counts all values of the slide, `at_most` those of one entry of `shows`.
    """

    id: str
    slide: SlideKind
    heading: Phrase
    shows: tuple[tuple[str, ...], ...]
    needs: tuple[str, ...]
    unless: tuple[str, ...]
    instead_of: tuple[str, ...]
    at_least: int
    at_most: int
    say: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class LengthBudget:
    """The longest that a slide may speak, and the whole video. The last slide's warnings count in the whole only."""

    slide: timedelta = timedelta(seconds=45)
    whole: timedelta = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Narration:
    """The sentences of one language, how long they may speak, and how they are to speak."""

    language: str
    title: Line
    kicker: Line
    source: Line
    footer: str
    segments: tuple[Plan, ...]
    length: LengthBudget = LengthBudget()
    terms: Terms = NONE


@dataclass(frozen=True, slots=True)
class _Said:
    """The shape of a sentence or of `one_of` several."""

    def check(self, value: Any, at: KeyPath, source: Source, report: Report) -> None:
        if isinstance(value, dict):
            Record({ONE_OF: Entry(ListOf(Text()), required=True)}).check(value, at, source, report)
        else:
            Text().check(value, at, source, report)

    def schema(self) -> dict[str, Any]:
        text = Text().schema()
        several = {"type": "object", "additionalProperties": False, "required": [ONE_OF]}
        return {"anyOf": [text, {**several, "properties": {ONE_OF: {"type": "array", "items": text}}}]}


_SEGMENT = Record({
    "slide": Entry(Choice(tuple(kind.value for kind in SlideKind)), required=True),
    "heading": Entry(Text(longest=120), required=True),
    "shows": Entry(ListOf(_Said())),
    "needs": Entry(ListOf(Text())),
    "unless": Entry(ListOf(Text())),
    "instead_of": Entry(ListOf(Text()), "Slides before this one; it stands in for them where the document fills none of them."),
    "at_least": Entry(Whole(1, 60)),
    "at_most": Entry(Whole(1, 60)),
    "say": Entry(ListOf(_Said()), "at least one sentence", required=True),
})
SHAPE = Record({
    "language": Entry(Choice(LANGUAGES), required=True),
    "title": Entry(_Said(), required=True),
    "kicker": Entry(_Said(), required=True),
    "source": Entry(_Said(), required=True),
    "footer": Entry(Text(longest=160), required=True),
    "length": Entry(
        Record({
            "slide": Entry(duration_text, "The longest that one slide may speak: 45s."),
            "whole": Entry(duration_text, "The longest that the whole video may speak: 5m."),
        }),
        "How long it may speak; without it, 45 seconds on a slide and 5 minutes in all.",
    ),
    "segments": Entry(MapOf(_SEGMENT, r"[a-z][a-z0-9_]*", "lower-case words joined by _"), required=True),
})


def load_narration(path: Path, fields: FieldSet) -> Narration:
    """Reads `narration.<language>.yaml`.

    Raises:
        DefinitionError: everything that is wrong with the file, each with line and column.
    """
    report = Report()
    narration = read_narration(path, fields, report)
    report.raise_if_any(path.as_posix())
    if narration is None:
        raise AssertionError("a file that cannot be read is a problem of the report")
    return narration


def read_narration(path: Path, fields: FieldSet, report: Report) -> Narration | None:
    """What the file and the terminology beside it say; everything that is wrong with them goes to the report."""
    before = len(report)
    source = read_source(path, report)
    if source is None:
        return None
    SHAPE.check(source.data, (), source, report)
    if len(report) > before:
        return None
    _Checker(source, fields, report).check()
    language = source.data["language"]
    beside = terms_beside(path, language)
    terms = read_terms(beside, language, report) if beside.is_file() else NONE
    if len(report) > before:
        return None
    narration = _narration(source.data, terms)
    _check_terms(narration, source, report)
    return None if len(report) > before else narration


def narration_json_schema() -> dict[str, Any]:
    """The JSON Schema for editors."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "narration.<language>.yaml",
        "description": "What a video says, slide by slide: docs/authoring.md says how.",
        **SHAPE.schema(),
    }


class _Checker:
    """What the shape of the file cannot say: references, digits, and the order of the slides."""

    def __init__(self, source: Source, fields: FieldSet, report: Report) -> None:
        self._source, self._fields, self._report = source, fields, report

    def check(self) -> None:
        data = self._source.data
        suffixes = self._source.path.name.split(".")
        if len(suffixes) > 2 and suffixes[-2] in LANGUAGES and suffixes[-2] != data["language"]:
            name, language = self._source.path.name, data["language"]
            self._add(("language",), f"the file is named {name} but its language is {language}")
        for key in ("title", "kicker", "source"):
            self._said(data[key], (key,), pages=key == "source")
        self._phrase(data["footer"], ("footer",))
        self._length(data.get("length", {}))
        for name, segment in data["segments"].items():
            self._segment(segment, ("segments", name))
        self._order([(name, segment["slide"]) for name, segment in data["segments"].items()])

    def _segment(self, segment: dict[str, Any], at: KeyPath) -> None:
        self._phrase(segment["heading"], (*at, "heading"))
        for index, said in enumerate(segment["say"]):
            self._said(said, (*at, "say", index))
        for index, shown in enumerate(segment.get("shows", ())):
            for ref in _alternatives(shown):
                self._ref(ref, (*at, "shows", index))
        earlier = list(itertools.takewhile(lambda name: name != at[-1], self._source.data["segments"]))
        for index, name in enumerate(segment.get("instead_of", ())):
            if name not in earlier:
                self._add((*at, "instead_of", index), f"no slide before this one is called {name!r}", did_you_mean(name, earlier))
        for key in ("needs", "unless"):
            for index, ref in enumerate(segment.get(key, ())):
                self._ref(ref, (*at, key, index))
        if segment.get("at_least", 1) > segment.get("at_most", 60):
            self._add((*at, "at_least"), "at_least is more than at_most")

    def _length(self, length: dict[str, str]) -> None:
        budget = _budget(length)
        if budget.slide > budget.whole:
            self._add(("length",), f"one slide may speak {budget.slide}, longer than the whole, {budget.whole}")

    def _said(self, said: Any, at: KeyPath, *, pages: bool = False) -> None:
        for text in _alternatives(said):
            self._phrase(text, at, pages=pages)

    def _phrase(self, text: str, at: KeyPath, *, pages: bool = False) -> None:
        try:
            phrase = parse(text)
        except ValueError as error:
            self._add(at, str(error))
            return
        for message, fix in problems_of(phrase, self._fields, pages=pages):
            self._add(at, message, fix)

    def _ref(self, ref: str, at: KeyPath) -> None:
        name, _, key = ref.partition(".")
        spec = self._fields.get(name)
        if spec is None:
            self._add(at, f"there is no field {name!r}", did_you_mean(name, self._fields))
        elif bool(spec.keyed) != bool(key):
            self._add(at, f"{ref} must be written {name}.* or {name}.<key>" if spec.keyed else f"{name} has no keys")
        elif spec.keys and key != "*" and key not in spec.keys:
            self._add(at, f"{name} has no key {key!r}", did_you_mean(key, spec.keys))

    def _order(self, slides: list[tuple[str, str]]) -> None:
        kinds = [kind for _, kind in slides]
        if kinds[0] != SlideKind.TITLE:
            self._add(("segments", slides[0][0], "slide"), "the first slide must be of kind title")
        if kinds.count(SlideKind.NOTICE) != 1 or kinds[-1] != SlideKind.NOTICE:
            self._add(("segments", slides[-1][0], "slide"), "exactly one slide of kind notice is needed, as the last")

    def _add(self, at: KeyPath, message: str, fix: str = "") -> None:
        self._report.add("WF042" if "no field" in message else "WF013", self._source, at, message, fix)


def _alternatives(said: Any) -> Iterator[str]:
    yield from said[ONE_OF] if isinstance(said, dict) else (said,)


def _line(said: Any) -> Line:
    return Line(tuple(parse(text.strip()) for text in _alternatives(said)))


def _check_terms(narration: Narration, source: Source, report: Report) -> None:
    """The team's own sentences speak as its terminology says, to whomever it is stricter with."""
    said = ""
    for plan in narration.segments:
        places: list[tuple[KeyPath, str]] = [(("segments", plan.id, "heading"), plan.heading.words)]
        for index, line in enumerate(plan.say):
            places += [(("segments", plan.id, "say", index), phrase.words) for phrase in line.alternatives]
        said = "\n".join((said, *(words for _, words in places)))
        for at, words in places:
            for found, why in narration.terms.complaints(words, said=said, audience="retail"):
                report.add("WF013", source, at, f"{found!r} {why}")


def _budget(data: dict[str, str]) -> LengthBudget:
    return LengthBudget(**{name: duration(text) for name, text in data.items()})


def _narration(data: dict[str, Any], terms: Terms) -> Narration:
    return Narration(
        language=data["language"], title=_line(data["title"]), kicker=_line(data["kicker"]),
        source=_line(data["source"]), footer=data["footer"].strip(),
        segments=tuple(_plan(name, item) for name, item in data["segments"].items()),
        length=_budget(data.get("length", {})), terms=terms,
    )


def _plan(name: str, item: dict[str, Any]) -> Plan:
    slide = SlideKind(item["slide"])
    shows = tuple(tuple(_alternatives(shown)) for shown in item.get("shows", ()))
    return Plan(
        id=name, slide=slide, heading=parse(item["heading"].strip()), shows=shows,
        needs=tuple(item.get("needs", ())), unless=tuple(item.get("unless", ())),
        instead_of=tuple(item.get("instead_of", ())),
        at_least=item.get("at_least", 1 if shows else 0), at_most=item.get("at_most", _MOST.get(slide, 20)),
        say=tuple(_line(said) for said in item["say"]),
    )
