"""The sentence file of one language, `narration.<language>.yaml`, as the business team writes it.

    language · title · kicker · source · footer
    segments: id → slide · heading · shows · needs · unless · at_least · at_most · say
                                                                      a sentence, or `one_of`: the first that fits

A sentence is said only if the document has all of its values; a slide is shown only if it has what it needs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workflow_orchestrator.definition.problems import Report, did_you_mean
from workflow_orchestrator.definition.shapes import Choice, Entry, ListOf, MapOf, Record, Text, Whole
from workflow_orchestrator.definition.source import KeyPath, Source, read_source
from workflow_orchestrator.fields import LANGUAGES, FieldSet
from workflow_orchestrator.script.model import SlideKind
from workflow_orchestrator.script.phrases import Phrase, parse, problems_of

ONE_OF = "one_of"
_MOST = {SlideKind.BARS: 13, SlideKind.HOLDINGS: 10}  # what such a slide can hold


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
    at_least: int
    at_most: int
    say: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Narration:
    """The sentences of one language."""

    language: str
    title: Line
    kicker: Line
    source: Line
    footer: str
    segments: tuple[Plan, ...]


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
    "at_least": Entry(Whole(1, 20)),
    "at_most": Entry(Whole(1, 20)),
    "say": Entry(ListOf(_Said()), "at least one sentence", required=True),
})
SHAPE = Record({
    "language": Entry(Choice(LANGUAGES), required=True),
    "title": Entry(_Said(), required=True),
    "kicker": Entry(_Said(), required=True),
    "source": Entry(_Said(), required=True),
    "footer": Entry(Text(longest=160), required=True),
    "segments": Entry(MapOf(_SEGMENT, r"[a-z][a-z0-9_]*", "lower-case words joined by _"), required=True),
})


def load_narration(path: Path, fields: FieldSet) -> Narration:
    """Reads `narration.<language>.yaml`.

    Raises:
        DefinitionError: everything that is wrong with the file, each with line and column.
    """
    report = Report()
    source = read_source(path, report)
    if source is not None:
        SHAPE.check(source.data, (), source, report)
        if not report:
            _Checker(source, fields, report).check()
    report.raise_if_any(path.as_posix())
    if source is None:
        raise AssertionError("a file that cannot be read is a problem of the report")
    return _narration(source.data)


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
        for key in ("needs", "unless"):
            for index, ref in enumerate(segment.get(key, ())):
                self._ref(ref, (*at, key, index))
        if segment.get("at_least", 1) > segment.get("at_most", 20):
            self._add((*at, "at_least"), "at_least is more than at_most")

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


def _narration(data: dict[str, Any]) -> Narration:
    return Narration(
        language=data["language"], title=_line(data["title"]), kicker=_line(data["kicker"]),
        source=_line(data["source"]), footer=data["footer"].strip(),
        segments=tuple(_plan(name, item) for name, item in data["segments"].items()),
    )


def _plan(name: str, item: dict[str, Any]) -> Plan:
    slide = SlideKind(item["slide"])
    shows = tuple(tuple(_alternatives(shown)) for shown in item.get("shows", ()))
    return Plan(
        id=name, slide=slide, heading=parse(item["heading"].strip()), shows=shows,
        needs=tuple(item.get("needs", ())), unless=tuple(item.get("unless", ())),
        at_least=item.get("at_least", 1 if shows else 0), at_most=item.get("at_most", _MOST.get(slide, 20)),
        say=tuple(_line(said) for said in item["say"]),
    )
