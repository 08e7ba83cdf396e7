"""Sentences in another language than the video, by their small words: two of another language and none of the own are enough."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from workflow_orchestrator.compliance.model import Notice
from workflow_orchestrator.script.guard import Finding
from workflow_orchestrator.script.model import Script, Segment
from workflow_orchestrator.values import ValueSet

_SMALL = {
    "en": "the of and to is for with that are was were which has have not this from by as at it its in on over be an each",
    "de": "der die das und mit von zu den ist auf für dem des ein eine nicht betrug beträgt wird im zum bei sich als auch am aus über nach",
    "fr": "le la les des et une du dans pour est sur au aux par ne pas avec depuis qui que un de à en il elle ce cette l d a",
    "es": "el los las y con por del una se para en de la que un es son al",
    "it": "il di che per gli della nel con sono è e del la le un una al",
    "nl": "de het een van en in is op met voor zijn niet dat aan",
}
_WORDS = {language: frozenset(words.split()) for language, words in _SMALL.items()}
_WORD = re.compile(r"[^\W\d_]+")


def foreign(script: Script, values: ValueSet, approved: Sequence[Notice] = ()) -> Iterator[Finding]:
    """Sentences, and slides as a whole, that read as another language."""
    known = {text for notice in approved for text in (notice.shown, notice.spoken)}
    names = sorted({part for v in values.values() for part in (str(v.value), v.key) if len(part) > 2}, key=len, reverse=True)
    for segment in script.segments:
        for place, sentence in enumerate(segment.sentences):
            if sentence.shown not in known:
                other = _other(_without(sentence.shown, names), script.language)
                if other:
                    yield Finding(f"{segment.id}.sentences[{place}]", sentence.shown[:60], f"reads as {other}, not as {script.language}")
        yield from _slide(segment, script.language, known, names)


def _slide(segment: Segment, language: str, known: set[str], names: Sequence[str]) -> Iterator[Finding]:
    text = " ".join(_without(s.shown, names) for s in segment.sentences if s.shown not in known)
    if other := _other(text, language):
        yield Finding(segment.id, segment.heading, f"reads as {other}, not as {language}")


def _without(text: str, names: Sequence[str]) -> str:
    for name in names:
        text = text.replace(name, " ")
    return text


def _other(text: str, language: str) -> str:
    words = [word.casefold() for word in _WORD.findall(text)]
    counts = {code: sum(word in small for word in words) for code, small in _WORDS.items()}
    own = counts.pop(language)
    best = max(counts, key=lambda code: counts[code])
    return best if counts[best] >= 2 and counts[best] > 2 * own else ""
