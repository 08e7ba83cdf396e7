"""The deck: everything that stands on the slides, as finished words, before any renderer draws it.

    Script + ValueSet + FieldSet ── build_deck ──► Deck ─┬─ slides.render_slides      PNG frames and slides.pdf
                                                         └─ powerpoint.render_powerpoint   editable PPTX

A figure is put into words once, here, so that both renderers show the same digits. `amount` is there for the length
of a bar only and is never printed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from workflow_orchestrator.errors import LayoutError, UnboundFigureError
from workflow_orchestrator.fields import LANGUAGES, FieldSet
from workflow_orchestrator.rendering.paging import paged
from workflow_orchestrator.script.model import Script, Segment, SlideKind
from workflow_orchestrator.values import Kind, Value, ValueSet

SCALE_STEPS = 7  # the summary risk indicator of PRIIPs and UCITS documents runs from 1 to 7

# How many figures a slide of a kind holds. More is a mistake of the script, not a matter of a smaller type size.
MOST = {
    SlideKind.TITLE: 4,
    SlideKind.TEXT: 3,
    SlideKind.FIGURES: 8,
    SlideKind.BARS: 13,
    SlideKind.SCALE: 1,
    SlideKind.HOLDINGS: 10,
    SlideKind.NOTICE: 0,
}
MOST_BESIDE = 4

WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "page": "Page {}", "pages": "Pages {}", "bars": "Bar chart", "holdings": "Table of weights",
        "scale": "Scale from 1 to 7, step {} marked", "low": "Lower risk", "high": "Higher risk", "slide": "Slide",
    },
    "de": {
        "page": "Seite {}", "pages": "Seiten {}", "bars": "Balkendiagramm", "holdings": "Tabelle der Gewichte",
        "scale": "Skala von 1 bis 7, Stufe {} markiert", "low": "Niedrigeres Risiko", "high": "Höheres Risiko",
        "slide": "Folie",
    },
    "fr": {
        "page": "Page {}", "pages": "Pages {}", "bars": "Diagramme en barres", "holdings": "Tableau des pondérations",
        "scale": "Échelle de 1 à 7, niveau {} marqué", "low": "Risque plus faible", "high": "Risque plus élevé",
        "slide": "Diapositive",
    },
}


@dataclass(frozen=True, slots=True)
class Figure:
    """One value as it is shown: its label, its words, and where it stands in the document.

    `amount` is the value in the unit of its kind, for lengths and directions; None where a length means nothing.
    """

    ref: str
    label: str
    text: str
    page: int
    amount: Decimal | None = None

    def __post_init__(self) -> None:
        if not self.text:
            raise ValueError(f"{self.ref} is shown with no words")

    def to_json(self) -> dict[str, Any]:
        amount = None if self.amount is None else str(self.amount)
        return {"ref": self.ref, "label": self.label, "text": self.text, "page": self.page, "amount": amount}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Figure:
        amount = None if data["amount"] is None else Decimal(data["amount"])
        return cls(data["ref"], data["label"], data["text"], data["page"], amount)


@dataclass(frozen=True, slots=True)
class Slide:
    """One slide. `figures` are its subject, `beside` what stands next to it: a total, the figures around a scale.

    `quoted` says that the lines are the document's own words. `marked` is the step of a scale, 0 elsewhere. `evidence`
    names the pages of the document that the slide draws on, in words; `alt` is the slide for those who do not see it.
    """

    id: str
    kind: SlideKind
    heading: str
    lines: tuple[str, ...] = ()
    figures: tuple[Figure, ...] = ()
    beside: tuple[Figure, ...] = ()
    quoted: bool = False
    marked: int = 0
    evidence: str = ""
    alt: str = ""

    def __post_init__(self) -> None:
        if (self.kind is SlideKind.SCALE) != (self.marked > 0):
            raise ValueError(f"slide {self.id}: a scale has a marked step, and no other slide does")
        if not 0 <= self.marked <= SCALE_STEPS:
            raise ValueError(f"slide {self.id}: step {self.marked} is outside the scale of 1 to {SCALE_STEPS}")

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id, "kind": self.kind.value, "heading": self.heading, "lines": list(self.lines),
            "figures": [figure.to_json() for figure in self.figures],
            "beside": [figure.to_json() for figure in self.beside],
            "quoted": self.quoted, "marked": self.marked, "evidence": self.evidence, "alt": self.alt,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Slide:
        return cls(
            id=data["id"], kind=SlideKind(data["kind"]), heading=data["heading"], lines=tuple(data["lines"]),
            figures=tuple(Figure.from_json(item) for item in data["figures"]),
            beside=tuple(Figure.from_json(item) for item in data["beside"]),
            quoted=data["quoted"], marked=data["marked"], evidence=data["evidence"], alt=data["alt"],
        )


@dataclass(frozen=True, slots=True)
class Deck:
    """All slides of one script, in one language; slide n goes with segment n of the paged script."""

    language: str
    title: str
    subject: str
    kicker: str
    footer: str
    source: str
    slides: tuple[Slide, ...]

    def __post_init__(self) -> None:
        if self.language not in LANGUAGES:
            raise ValueError(f"the slides speak {', '.join(LANGUAGES)}, not {self.language!r}")
        if not self.slides:
            raise ValueError(f"the deck {self.title!r} has no slide")

    def to_json(self) -> dict[str, Any]:
        return {
            "language": self.language, "title": self.title, "subject": self.subject, "kicker": self.kicker,
            "footer": self.footer, "source": self.source, "slides": [slide.to_json() for slide in self.slides],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Deck:
        head = {name: data[name] for name in ("language", "title", "subject", "kicker", "footer", "source")}
        return cls(**head, slides=tuple(Slide.from_json(item) for item in data["slides"]))


def build_deck(script: Script, values: ValueSet, fields: FieldSet, shown: Callable[[Value], str]) -> Deck:
    """The deck of a script.

    Args:
        script: the narration; a notice that is too long for one slide is continued on further ones (see `paged`).
        values: where every reference of the script is looked up.
        fields: gives a value its title where the script has no label of its own.
        shown: the written form of a value in the script's language.

    Raises:
        UnboundFigureError: a slide shows a reference that has no value.
        LayoutError: a slide shows more, or something else, than its kind can hold.
    """
    builder = _Builder(script, values, fields, shown)
    slides = tuple(builder.slide(segment) for segment in paged(script).segments)
    head = (script.title, script.subject, script.kicker, script.footer, script.source)
    title, subject, kicker, footer, source = (clean(text) for text in head)
    return Deck(script.language, title, subject, kicker, footer, source, slides)


def clean(text: str) -> str:
    """Text on one line: runs of ordinary white space become one space; no-break spaces stay as they are."""
    return re.sub(r"[ \t\r\n\f\v]+", " ", text).strip(" ")


class _Builder:
    def __init__(self, script: Script, values: ValueSet, fields: FieldSet, shown: Callable[[Value], str]) -> None:
        self._script, self._values, self._fields, self._shown = script, values, fields, shown
        self._words = WORDS.get(script.language, WORDS["en"])

    def slide(self, segment: Segment) -> Slide:
        values = [self._value(segment, ref) for ref in segment.shows]
        main, beside = _divide(segment.slide, values)
        figures = tuple(self._figure(value) for value in main)
        around = tuple(self._figure(value) for value in beside)
        _refuse_too_many(segment, figures, around)
        lines, quoted = _lines(segment, values)
        marked = _marked(segment, main)
        return Slide(
            id=segment.id, kind=segment.slide, heading=clean(segment.heading), lines=lines, figures=figures,
            beside=around, quoted=quoted, marked=marked, evidence=self._evidence(_own(segment.slide, values, main)),
            alt=self._alt(segment.slide, figures + around, marked),
        )

    def _value(self, segment: Segment, ref: str) -> Value:
        if ref not in self._values:
            raise UnboundFigureError(
                f"slide {segment.id} shows {ref}, which has no value; take it out of `shows` or provide the value",
                slide=segment.id, ref=ref,
            )
        return self._values[ref]

    def _figure(self, value: Value) -> Figure:
        label = self._script.labels.get(value.ref) or self._title(value)
        amount = value.value if isinstance(value.value, Decimal) else None
        return Figure(value.ref, clean(label), clean(self._shown(value)), value.evidence.page, amount)

    def _title(self, value: Value) -> str:
        if value.field not in self._fields:
            raise LayoutError(
                f"{value.ref} has no label: the script gives none and the schema has no field {value.field}",
                ref=value.ref,
            )
        return self._fields.title_of(value.ref, self._script.language)

    def _evidence(self, values: Iterable[Value]) -> str:
        pages = sorted({value.evidence.page for value in values})
        if not pages:
            return ""
        word = self._words["page" if len(pages) == 1 else "pages"]
        return word.format(", ".join(str(page) for page in pages))

    def _alt(self, kind: SlideKind, figures: Iterable[Figure], marked: int) -> str:
        listed = "; ".join(f"{figure.label} {figure.text}" for figure in figures)
        if kind is SlideKind.SCALE:
            return f"{self._words['scale'].format(marked)}. {listed}"
        if kind in (SlideKind.BARS, SlideKind.HOLDINGS):
            return f"{self._words[kind.value]}. {listed}"
        return listed


def _divide(kind: SlideKind, values: list[Value]) -> tuple[list[Value], list[Value]]:
    """The values that a slide is about, and those that stand beside them."""
    if kind is SlideKind.SCALE:
        step = next((value for value in values if value.kind is Kind.INTEGER), None)
        return [value for value in values if value is step], [value for value in values if value is not step]
    if kind is SlideKind.HOLDINGS:
        return [value for value in values if value.key], [value for value in values if not value.key]
    if kind is SlideKind.TEXT:
        return [], [value for value in values if value.kind is not Kind.PARAGRAPH]
    return values, []


def _own(kind: SlideKind, values: list[Value], main: list[Value]) -> list[Value]:
    """The values whose pages a slide names once for all; tiles name their own."""
    if kind is SlideKind.TEXT:
        return [value for value in values if value.kind is Kind.PARAGRAPH]
    return main if kind is SlideKind.SCALE else values


def _refuse_too_many(segment: Segment, figures: tuple[Figure, ...], beside: tuple[Figure, ...]) -> None:
    kind = segment.slide
    if len(figures) > MOST[kind] or len(beside) > MOST_BESIDE:
        raise LayoutError(
            f"slide {segment.id} shows {len(figures) + len(beside)} figures, more than a {kind} slide holds "
            f"({MOST[kind]}, and {MOST_BESIDE} beside them); divide the segment",
            slide=segment.id,
        )
    if kind in (SlideKind.FIGURES, SlideKind.BARS, SlideKind.HOLDINGS) and not figures:
        raise LayoutError(f"slide {segment.id} is a {kind} slide with no figure to show", slide=segment.id)
    if kind in (SlideKind.BARS, SlideKind.HOLDINGS):
        wordy = [figure.ref for figure in figures if figure.amount is None]
        if wordy:
            raise LayoutError(
                f"slide {segment.id} draws lengths, and {', '.join(wordy)} is no number; show it on a figures slide",
                slide=segment.id,
            )


def _lines(segment: Segment, values: Iterable[Value]) -> tuple[tuple[str, ...], bool]:
    """The lines of a text or notice slide, and whether they are the document's own words.

    A text slide shows its points; without points, the sentences that quote a paragraph it shows; else all sentences.
    """
    points = tuple(clean(point) for point in segment.points)
    if segment.slide is SlideKind.NOTICE:
        return points or tuple(clean(sentence.shown) for sentence in segment.sentences), False
    if segment.slide is not SlideKind.TEXT:
        return points, False
    printed = [clean(str(value.value)) for value in values if value.kind is Kind.PARAGRAPH]
    lines = points or tuple(clean(sentence.shown) for sentence in segment.sentences)
    quotes = tuple(line for line in lines if any(line.strip("“”„«» ") in text for text in printed))
    if quotes:
        return (" ".join(quotes),), True
    return lines, False


def _marked(segment: Segment, main: list[Value]) -> int:
    if segment.slide is not SlideKind.SCALE:
        return 0
    step = main[0].value if main else None
    if step not in range(1, SCALE_STEPS + 1):
        found = f"shows {main[0].ref} = {main[0].value}" if main else "shows no whole number"
        raise LayoutError(
            f"slide {segment.id} is a risk scale and {found}; it needs a step from 1 to {SCALE_STEPS}",
            slide=segment.id,
        )
    return int(str(step))


