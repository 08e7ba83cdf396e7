"""The script: what is said and what is shown, sentence by sentence, each tied to the values that it speaks of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class SlideKind(StrEnum):
    """The slide that goes with a segment."""

    TITLE = "title"  # fund, share class, date
    TEXT = "text"  # a quoted paragraph: the strategy
    FIGURES = "figures"  # tiles with one figure each
    BARS = "bars"  # one bar per value, in the order of `shows`
    RETURNS = "returns"  # monthly returns as bars, and how they compound as a line
    GROWTH = "growth"  # a line through the values of one field, or of two, and the values under it
    BRIDGE = "bridge"  # from the first value to the last by what is added and taken away
    ALLOCATION = "allocation"  # the parts of a whole
    SCALE = "scale"  # a risk scale with one step marked
    HOLDINGS = "holdings"  # names with weights
    TABLE = "table"  # a column for each field, a row for each key
    NOTICE = "notice"  # warnings and sources


@dataclass(frozen=True, slots=True)
class Sentence:
    """One spoken sentence.

    `shown` is its written form (captions, slides), `spoken` the words for the voice; `refs` are the values whose figures
    stand in it, in order.
    """

    shown: str
    spoken: str
    refs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Segment:
    """One slide with its narration. `shows` are the references of the values that the slide displays."""

    id: str
    slide: SlideKind
    heading: str
    sentences: tuple[Sentence, ...]
    shows: tuple[str, ...] = ()
    points: tuple[str, ...] = ()  # further lines on the slide: notices in full


@dataclass(frozen=True, slots=True)
class Script:
    """The whole narration of one video, in one language.

    `kicker` is the small line over every heading, `subject` the fund's name, `footer` the warning that stays on screen,
    `source` the source line. `writer` says who wrote the words: `template` or the model's name.
    """

    language: str
    title: str
    subject: str
    kicker: str
    footer: str
    source: str
    segments: tuple[Segment, ...]
    writer: str = "template"
    notes: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)  # ref → the label shown beside the figure

    def to_json(self) -> dict[str, Any]:
        return {
            "language": self.language,
            "title": self.title,
            "subject": self.subject,
            "kicker": self.kicker,
            "footer": self.footer,
            "source": self.source,
            "writer": self.writer,
            "notes": list(self.notes),
            "labels": dict(self.labels),
            "segments": [
                {
                    "id": segment.id,
                    "slide": segment.slide.value,
                    "heading": segment.heading,
                    "shows": list(segment.shows),
                    "points": list(segment.points),
                    "sentences": [
                        {"shown": s.shown, "spoken": s.spoken, "refs": list(s.refs)} for s in segment.sentences
                    ],
                }
                for segment in self.segments
            ],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Script:
        segments = tuple(
            Segment(
                id=item["id"],
                slide=SlideKind(item["slide"]),
                heading=item["heading"],
                shows=tuple(item["shows"]),
                points=tuple(item["points"]),
                sentences=tuple(Sentence(s["shown"], s["spoken"], tuple(s["refs"])) for s in item["sentences"]),
            )
            for item in data["segments"]
        )
        return cls(
            language=data["language"],
            title=data["title"],
            subject=data["subject"],
            kicker=data["kicker"],
            footer=data["footer"],
            source=data["source"],
            segments=segments,
            writer=data["writer"],
            notes=tuple(data["notes"]),
            labels=dict(data["labels"]),
        )
