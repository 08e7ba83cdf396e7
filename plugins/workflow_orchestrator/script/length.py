"""How long a script speaks, before anybody has spoken it: seconds from the letters of the spoken words.

The rate is an estimate for 155 words a minute, the speed at which the offline voice is asked to speak.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from workflow_orchestrator.script.guard import Finding
from workflow_orchestrator.script.model import Script, Segment, SlideKind

# Characters of the spoken form in one second.
RATES = {"en": 14.6, "de": 14.6, "fr": 14.6}
_BETWEEN = timedelta(milliseconds=300)  # after a sentence
_AROUND = timedelta(milliseconds=1200)  # before and after a slide


@dataclass(frozen=True, slots=True)
class LengthBudget:
    """The longest that a slide may speak, and the whole video. The last slide's warnings count in the whole only."""

    slide: timedelta = timedelta(seconds=45)
    whole: timedelta = timedelta(minutes=5)


def speech_time(segment: Segment, language: str) -> timedelta:
    """The time that a slide speaks, with its pauses."""
    letters = sum(len(sentence.spoken) for sentence in segment.sentences)
    return timedelta(seconds=letters / RATES[language]) + len(segment.sentences) * _BETWEEN + _AROUND


def too_long(script: Script, budget: LengthBudget) -> Iterator[Finding]:
    """Slides and scripts over the budget: they are written again, never cut."""
    times = {segment.id: speech_time(segment, script.language) for segment in script.segments}
    for segment in script.segments:
        if segment.slide is not SlideKind.NOTICE and times[segment.id] > budget.slide:
            yield Finding(
                segment.id, f"{times[segment.id].total_seconds():.0f} seconds",
                f"of speech are more than {budget.slide.total_seconds():.0f}; say less on this slide",
            )  # fmt: skip
    whole = sum(times.values(), timedelta())
    if whole > budget.whole:
        yield Finding(
            "segments", f"{whole.total_seconds():.0f} seconds",
            f"of speech are more than {budget.whole.total_seconds():.0f}; say less",
        )  # fmt: skip
