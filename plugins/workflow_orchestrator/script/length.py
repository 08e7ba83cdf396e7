"""How long a script speaks, before anybody has spoken it: seconds from the letters of the spoken words.

Measured with the offline voice (espeak, 155 words a minute asked for) on the sample scripts, 224 to 236 sentences in each language: a
sentence is 5 % off on average and 11 to 15 % off in the worst twentieth, a whole script under 5 %. Another voice is another pace; the
budget is a promise about the text, and the finished file is measured by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from workflow_orchestrator.errors import ScriptError
from workflow_orchestrator.script.guard import Finding
from workflow_orchestrator.script.model import Script, Segment, Sentence, SlideKind
from workflow_orchestrator.script.narration import LengthBudget

# Characters of the spoken form in one second.
RATES = {"en": 14.6, "de": 14.8, "fr": 18.5}
_BETWEEN = timedelta(milliseconds=300)  # from one sentence to the next
_AROUND = timedelta(milliseconds=1200)  # before and after a slide


def speech_time(segment: Segment, language: str) -> timedelta:
    """The time that a slide speaks, with its pauses."""
    pauses = max(0, len(segment.sentences) - 1) * _BETWEEN
    return sum((sentence_time(sentence, language) for sentence in segment.sentences), _AROUND) + pauses


def sentence_time(sentence: Sentence, language: str) -> timedelta:
    """The time that a sentence speaks, without the pauses around it."""
    return timedelta(seconds=len(sentence.spoken) / RATES[language])


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


def check_length(script: Script, budget: LengthBudget) -> None:
    """Passes a script that keeps to its budget.

    Raises:
        ScriptError: it speaks too long; `details["findings"]` has every place with its seconds.
    """
    findings: Sequence[Finding] = tuple(too_long(script, budget))
    if findings:
        lines = "\n".join(f"  {finding}" for finding in findings)
        raise ScriptError(
            f"the script speaks longer than its narration allows; shorten the sentence file, or raise its `length`:\n{lines}",
            findings=[finding.to_json() for finding in findings],
        )
