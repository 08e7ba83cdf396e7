"""The deck: everything that stands on the slides, as finished words, before any renderer draws it.

    Script + ValueSet + FieldSet ── build.build_deck ──► Deck ─┬─ slides.render_slides      PNG frames and slides.pdf
                                                               └─ powerpoint.render_powerpoint   editable PPTX

A figure is put into words once, here, so that both renderers show the same digits. `amount` is there for the length
of a bar only and is never printed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from workflow_orchestrator.fields import LANGUAGES
from workflow_orchestrator.rendering.formats import FORMATS, LANDSCAPE, Format
from workflow_orchestrator.script.model import SlideKind

# What is drawn as lengths, lines or slices, and may build up.
CHARTS = frozenset({
    SlideKind.BARS, SlideKind.RETURNS, SlideKind.GROWTH, SlideKind.BRIDGE, SlideKind.ALLOCATION, SlideKind.HOLDINGS,
})
SCALE_STEPS = 7  # the summary risk indicator of PRIIPs and UCITS documents runs from 1 to 7
MISSING = "–"  # stands where the document has no value

WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "page": "Page {}", "pages": "Pages {}", "bars": "Bar chart", "holdings": "Table of weights",
        "returns": "Bar chart", "growth": "Line chart", "bridge": "Bridge chart", "allocation": "Parts of a whole",
        "table": "Table", "compounded": "How these months compound", "missing": "not given",
        "hidden": "Where the bar begins (not shown)",
        "scale": "Scale from 1 to 7, step {} marked", "low": "Lower risk", "high": "Higher risk", "slide": "Slide",
    },
    "de": {
        "page": "Seite {}", "pages": "Seiten {}", "bars": "Balkendiagramm", "holdings": "Tabelle der Gewichte",
        "returns": "Balkendiagramm", "growth": "Liniendiagramm", "bridge": "Überleitung", "allocation": "Aufteilung",
        "table": "Tabelle", "compounded": "Verkettung dieser Monate", "missing": "ohne Angabe",
        "hidden": "Beginn des Balkens (nicht gezeigt)",
        "scale": "Skala von 1 bis 7, Stufe {} markiert", "low": "Niedrigeres Risiko", "high": "Höheres Risiko",
        "slide": "Folie",
    },
    "fr": {
        "page": "Page {}", "pages": "Pages {}", "bars": "Diagramme en barres", "holdings": "Tableau des pondérations",
        "returns": "Diagramme en barres", "growth": "Courbe", "bridge": "Diagramme en cascade",
        "allocation": "Répartition", "table": "Tableau", "compounded": "Enchaînement de ces mois",
        "missing": "non indiqué", "hidden": "Début de la barre (non affiché)",
        "scale": "Échelle de 1 à 7, niveau {} marqué", "low": "Risque plus faible", "high": "Risque plus élevé",
        "slide": "Diapositive",
    },
}


@dataclass(frozen=True, slots=True)
class Figure:
    """One value as it is shown: its label, its words, and where it stands in the document.

    `amount` is the value in the unit of its kind, for lengths and directions; None where a length means nothing. In a
    bridge `base` is where the bar begins, and `amount` has the sign of its direction; a `total` stands on zero. A value
    that the document does not have, in a row or a column that others fill, is `MISSING` and has page 0.
    """

    ref: str
    label: str
    text: str
    page: int
    amount: Decimal | None = None
    base: Decimal | None = None
    total: bool = False

    def __post_init__(self) -> None:
        if not self.text:
            raise ValueError(f"{self.ref} is shown with no words")

    @property
    def negative(self) -> bool:
        return self.amount is not None and self.amount < 0

    def to_json(self) -> dict[str, Any]:
        data: dict[str, Any] = {
            "ref": self.ref, "label": self.label, "text": self.text, "page": self.page, "amount": _written(self.amount),
        }
        if self.base is not None:
            data |= {"base": _written(self.base), "total": self.total}
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Figure:
        base = _read(data.get("base"))
        return cls(
            data["ref"], data["label"], data["text"], data["page"], _read(data["amount"]), base, data.get("total", False)
        )


def _written(number: Decimal | None) -> str | None:
    return None if number is None else str(number)


def _read(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


@dataclass(frozen=True, slots=True)
class Slide:
    """One slide. `figures` are its subject, `beside` what stands next to it: a total, the figures around a scale.

    `quoted` says that the lines are the document's own words. `marked` is the step of a scale, 0 elsewhere. `evidence`
    names the pages of the document that the slide draws on, in words; `alt` is the slide for those who do not see it.

    Attributes:
        columns: what the columns of a table and the lines of a growth chart are called; `figures` are row by row.
        curve: the way of a line that carries no figure, in per cent; `note` says what it shows.
        whole: the figures are the parts of one whole.
        reach: what the longest bar stands for, where a list is continued and its pages are to be compared.
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
    columns: tuple[str, ...] = ()
    curve: tuple[Decimal, ...] = ()
    note: str = ""
    whole: bool = False
    reach: Decimal | None = None

    def __post_init__(self) -> None:
        if (self.kind is SlideKind.SCALE) != (self.marked > 0):
            raise ValueError(f"slide {self.id}: a scale has a marked step, and no other slide does")
        if not 0 <= self.marked <= SCALE_STEPS:
            raise ValueError(f"slide {self.id}: step {self.marked} is outside the scale of 1 to {SCALE_STEPS}")
        if self.columns and len(self.figures) % len(self.columns):
            raise ValueError(f"slide {self.id}: {len(self.figures)} figures fill no rows of {len(self.columns)}")

    def to_json(self) -> dict[str, Any]:
        data: dict[str, Any] = {
            "id": self.id, "kind": self.kind.value, "heading": self.heading, "lines": list(self.lines),
            "figures": [figure.to_json() for figure in self.figures],
            "beside": [figure.to_json() for figure in self.beside],
            "quoted": self.quoted, "marked": self.marked, "evidence": self.evidence, "alt": self.alt,
        }
        if self.kind in (SlideKind.GROWTH, SlideKind.TABLE):
            data["columns"] = list(self.columns)
        if self.kind is SlideKind.RETURNS:
            data |= {"curve": [str(point) for point in self.curve], "note": self.note}
        if self.kind is SlideKind.ALLOCATION:
            data["whole"] = self.whole
        if self.reach is not None:
            data["reach"] = str(self.reach)
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Slide:
        return cls(
            id=data["id"], kind=SlideKind(data["kind"]), heading=data["heading"], lines=tuple(data["lines"]),
            figures=tuple(Figure.from_json(item) for item in data["figures"]),
            beside=tuple(Figure.from_json(item) for item in data["beside"]),
            quoted=data["quoted"], marked=data["marked"], evidence=data["evidence"], alt=data["alt"],
            columns=tuple(data.get("columns", ())), curve=tuple(Decimal(point) for point in data.get("curve", ())),
            note=data.get("note", ""), whole=data.get("whole", False), reach=_read(data.get("reach")),
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
    format: Format = LANDSCAPE

    def __post_init__(self) -> None:
        if self.language not in LANGUAGES:
            raise ValueError(f"the slides speak {', '.join(LANGUAGES)}, not {self.language!r}")
        if not self.slides:
            raise ValueError(f"the deck {self.title!r} has no slide")

    def to_json(self) -> dict[str, Any]:
        return {
            "language": self.language, "title": self.title, "subject": self.subject, "kicker": self.kicker,
            "footer": self.footer, "source": self.source, "format": self.format.name,
            "slides": [slide.to_json() for slide in self.slides],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Deck:
        head = {name: data[name] for name in ("language", "title", "subject", "kicker", "footer", "source")}
        shape = FORMATS[data.get("format", LANDSCAPE.name)]
        return cls(**head, slides=tuple(Slide.from_json(item) for item in data["slides"]), format=shape)
