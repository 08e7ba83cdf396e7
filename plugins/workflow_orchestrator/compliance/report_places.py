"""Places of a script in words for people: `risk.sentences[0] (spoken)` is sentence 1 of slide 4, as spoken."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from workflow_orchestrator.rendering.formats import LANDSCAPE, Format
from workflow_orchestrator.rendering.paging import paged
from workflow_orchestrator.script.model import Script

_PARTS = {
    "title": "title of the video", "subject": "name of the subject", "kicker": "small line over the headings",
    "footer": "line that stays at the foot", "source": "source line",
}
_IN_SEGMENT = re.compile(r"(?P<id>[^.]+)(?:\.(?P<part>heading|points|sentences)(?:\[(?P<number>\d+)\])?)?(?P<rest>.*)")
_NAMES = {"heading": "heading", "points": "line", "sentences": "sentence"}


@dataclass(frozen=True)
class Places:
    """Where things stand in one script. `slides` maps a segment to its slide, `told` a value to the slides that tell it, `words` has
    the words of each slide.

    Slides count from 1, as they are paged. Without a script, places are told by the names of its segments.
    """

    label: Callable[[str], str]
    slides: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    told: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    words: tuple[str, ...] = ()

    @classmethod
    def of(cls, script: Script | None, label: Callable[[str], str], shape: Format = LANDSCAPE) -> Places:
        """The places of a script. `label` gives a value's title, `shape` is that of its slides."""
        if script is None:
            return cls(label)
        slides: dict[str, tuple[int, str]] = {}
        told: dict[str, list[int]] = {}
        words: list[str] = []
        for number, segment in enumerate(paged(script, shape).segments, start=1):
            slides[segment.id] = (number, segment.heading)
            words.append("\n".join((segment.heading, *segment.points, *(sentence.shown for sentence in segment.sentences))))
            refs = [*segment.shows, *(ref for sentence in segment.sentences for ref in sentence.refs)]
            for ref in dict.fromkeys(refs):
                told.setdefault(ref, []).append(number)
        return cls(label, slides, {ref: tuple(numbers) for ref, numbers in told.items()}, tuple(words))

    def tell(self, ref: str, name: str = "") -> list[int]:
        """The slides that tell a value. A name may also stand in a warning, which is not tied to its value; `name` finds it there."""
        in_words = [number for number, text in enumerate(self.words, start=1) if name and name in text]
        return sorted({*self.told.get(ref, ()), *in_words})

    def name(self, where: str) -> str:
        """A place in words; a file keeps its name, and no place is the whole."""
        if not where:
            return ""
        if where in _PARTS:
            return _PARTS[where]
        if where.startswith("label of "):
            return f"label of {self.label(where.removeprefix('label of '))}"
        found = _IN_SEGMENT.fullmatch(where)
        if found is None or (found["id"] not in self.slides and not found["part"]):
            return where
        return ", ".join(filter(None, (self._slide(found["id"]), _part(found), _side(found["rest"]))))

    def _slide(self, name: str) -> str:
        if name not in self.slides:
            return f"slide “{name}”"
        number, heading = self.slides[name]
        return f"slide {number} “{heading}”"


def _part(found: re.Match[str]) -> str:
    if not found["part"]:
        return ""
    return " ".join(filter(None, (_NAMES[found["part"]], str(int(found["number"]) + 1) if found["number"] else "")))


def _side(rest: str) -> str:
    return "as spoken" if "spoken" in rest else ""
