"""A read document: pages with their text, their words with boxes, and what the readers had to say about them.

    Document   sha256 · language · metadata · warnings
      └ Page   number · width · height · text (first reader) · words (second reader, in reading order)
          ├ Line  words that stand on one row
          └ Scale steps of which the drawing of the page marks one

Two independent readers fill a page: `text` comes from pypdf, `words` from pdfium. A value counts as printed only when both have
it, so neither is derived from the other. A page that is a picture is read by OCR, where that is allowed and installed: then two
passes stand for the two readers, and `source` says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any, Literal, get_args

from workflow_orchestrator.values import Box, Source

_BELOW_BASELINE = 0.21  # of the height of a word's box
STEPS = range(5, 11)  # of a risk scale: 7 in the EU, 10 for the UK's CCI, 5 to 10 elsewhere

UNREADABLE = "\ufffd"
"""Stands for a word of which only the place is known."""

Language = Literal["en", "de", "fr", "und"]
Ocr = Literal["auto", "off", "require"]


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """What reading one document may take. `memory_bytes` is address space of the reading process.

    `ocr` says what happens to pages without a usable text layer: `auto` reads them where tesseract is installed, `require` fails
    where it is not, `off` leaves them alone. At most `ocr_pages` of a document are read so, in `ocr_time` on top of `time`.
    """

    max_pages: int = 40
    max_bytes: int = 25 * 1024 * 1024
    time: timedelta = timedelta(seconds=60)
    memory_bytes: int = 2 * 1024**3
    max_characters: int = 200_000  # of one page; the densest real page measured has 41,000
    ocr: Ocr = "off"
    ocr_pages: int = 10
    ocr_time: timedelta = timedelta(minutes=3)

    def __post_init__(self) -> None:
        for name in ("max_pages", "max_bytes", "memory_bytes", "max_characters", "ocr_pages"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, not {getattr(self, name)}")
        for name in ("time", "ocr_time"):
            if getattr(self, name) <= timedelta(0):
                raise ValueError(f"{name} must be longer than nothing, not {getattr(self, name)}")
        if self.ocr not in get_args(Ocr):
            raise ValueError(f"ocr must be one of {', '.join(get_args(Ocr))}, not {self.ocr!r}")


@dataclass(frozen=True, slots=True)
class Word:
    """One printed word. `size` is the font size in points; words of one `style` share font, size and colour."""

    text: str
    box: Box
    size: float = 0.0
    bold: bool = False
    style: int = 0

    def to_json(self) -> list[Any]:
        box = self.box
        return [self.text, box.left, box.bottom, box.right, box.top, self.size, self.bold, self.style]


@dataclass(frozen=True, slots=True)
class Line:
    """Words on one row of a page, from left to right, whatever column they belong to."""

    words: tuple[Word, ...]

    def __post_init__(self) -> None:
        if not self.words:
            raise ValueError("a line has at least one word")

    @property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)

    @property
    def box(self) -> Box:
        return around(self.words)


@dataclass(frozen=True, slots=True)
class Scale:
    """A row of steps, 1 to the number of `boxes`, of which the drawing of the page marks one: a risk indicator.

    `printed` says that the steps are digits that stand among the words of the page, each in its box; else they are cells of a
    picture. `outlier` is how far the marked step differs from the others, and `runner_up` how far the next one does, in the same
    measure (grey levels of 255 for a fill or a frame).
    """

    boxes: tuple[Box, ...]
    marked: int
    printed: bool
    outlier: float
    runner_up: float

    def __post_init__(self) -> None:
        if len(self.boxes) not in STEPS:
            raise ValueError(f"a scale has {STEPS.start} to {STEPS.stop - 1} steps, not {len(self.boxes)}")
        if not 1 <= self.marked <= len(self.boxes):
            raise ValueError(f"step {self.marked} is none of the steps 1 to {len(self.boxes)}")
        if self.outlier <= self.runner_up:
            raise ValueError(f"step {self.marked} does not stand out: {self.outlier} against {self.runner_up}")

    @property
    def steps(self) -> int:
        """How many steps the scale has."""
        return len(self.boxes)

    @property
    def box(self) -> Box:
        """The box of the marked step."""
        return self.boxes[self.marked - 1]

    def to_json(self) -> dict[str, Any]:
        return {
            "marked": self.marked,
            "printed": self.printed,
            "outlier": self.outlier,
            "runner_up": self.runner_up,
            "boxes": [[box.left, box.bottom, box.right, box.top] for box in self.boxes],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Scale:
        boxes = tuple(Box(*sides) for sides in data["boxes"])
        return cls(boxes, data["marked"], data["printed"], data["outlier"], data["runner_up"])


@dataclass(frozen=True)
class Page:
    """One page. Boxes are in points from the bottom left corner of the page as it is read, upright.

    `source` is `text` for the page's own text layer, `ocr` for words that two passes of OCR read from its picture. `aside` are words
    that stand across the others, up or down along an edge, in the order of the file; they are none of `words`.
    """

    number: int
    width: float
    height: float
    text: str
    words: tuple[Word, ...]
    scales: tuple[Scale, ...] = ()
    source: Source = "text"
    aside: tuple[Word, ...] = ()

    def __post_init__(self) -> None:
        if self.number < 1:
            raise ValueError(f"pages count from 1, not {self.number}")

    @cached_property
    def _lines(self) -> tuple[Line, ...]:
        return _group(self.words)

    def lines(self) -> tuple[Line, ...]:
        """The rows of the page from top to bottom."""
        return self._lines

    @cached_property
    def shown(self) -> str:
        """The visible words in reading order, on one line: what a person can see, unlike `text`."""
        return " ".join(word.text for word in self.words)

    def to_json(self) -> dict[str, Any]:
        aside = {"aside": [word.to_json() for word in self.aside]} if self.aside else {}
        return {
            "number": self.number,
            "width": self.width,
            "height": self.height,
            "text": self.text,
            "words": [word.to_json() for word in self.words],
            "scales": [scale.to_json() for scale in self.scales],
            "source": self.source,
            **aside,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Page:
        words, aside = (
            tuple(
                Word(text, Box(left, bottom, right, top), size, bold, style)
                for text, left, bottom, right, top, size, bold, style in data.get(name, ())
            )
            for name in ("words", "aside")
        )
        scales = tuple(Scale.from_json(scale) for scale in data.get("scales", ()))
        source = data.get("source", "text")
        return cls(data["number"], data["width"], data["height"], data["text"], words, scales, source, aside)


@dataclass(frozen=True, slots=True)
class Document:
    """A document that could be read. `warnings` name what a person should know: repaired, pages that are pictures, …"""

    pages: tuple[Page, ...]
    metadata: Mapping[str, str]
    warnings: tuple[str, ...]
    language: Language
    sha256: str

    def __post_init__(self) -> None:
        if [page.number for page in self.pages] != list(range(1, len(self.pages) + 1)):
            raise ValueError(f"pages must be numbered 1 to {len(self.pages)} in order")
        if self.language not in get_args(Language):
            raise ValueError(f"language must be one of {', '.join(get_args(Language))}, not {self.language!r}")
        object.__setattr__(self, "metadata", dict(self.metadata))

    def page(self, number: int) -> Page | None:
        """The page with this number, or `None` when the document has no such page."""
        return self.pages[number - 1] if 1 <= number <= len(self.pages) else None

    def to_json(self) -> dict[str, Any]:
        return {
            "sha256": self.sha256,
            "language": self.language,
            "metadata": dict(self.metadata),
            "warnings": list(self.warnings),
            "pages": [page.to_json() for page in self.pages],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Document:
        return cls(
            pages=tuple(Page.from_json(page) for page in data["pages"]),
            metadata=data["metadata"],
            warnings=tuple(data["warnings"]),
            language=data["language"],
            sha256=data["sha256"],
        )


def around(words: Sequence[Word]) -> Box:
    """The smallest box that holds all words."""
    return Box(
        min(w.box.left for w in words),
        min(w.box.bottom for w in words),
        max(w.box.right for w in words),
        max(w.box.top for w in words),
    )


def _group(words: Sequence[Word]) -> tuple[Line, ...]:
    """Rows by baseline: words of one row may differ in size, words of two columns of a page may overlap in height."""
    rows: list[list[Word]] = []
    for word in sorted(words, key=lambda w: -_baseline(w)):
        near = [row for row in rows[-3:] if abs(_baseline(row[0]) - _baseline(word)) <= _tolerance(word, row[0])]
        if near:
            min(near, key=lambda row: abs(_baseline(row[0]) - _baseline(word))).append(word)
        else:
            rows.append([word])
    return tuple(Line(tuple(sorted(row, key=lambda w: w.box.left))) for row in rows)


def _baseline(word: Word) -> float:
    """Roughly where the letters stand: fonts reach a fifth of their height below it."""
    return word.box.bottom + _BELOW_BASELINE * (word.box.top - word.box.bottom)


def _tolerance(first: Word, second: Word) -> float:
    return 0.25 * min(first.box.top - first.box.bottom, second.box.top - second.box.bottom)
