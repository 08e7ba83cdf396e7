"""Speech: makes one narration of a script, sentence by sentence, with the exact time of every sentence.

    slide 1                                        slide 2
    ├ lead ┤ sentence ├ gap ┤ sentence ├ tail ┤ … ├ lead ┤ sentence …
                                               └ padded, so that every slide starts on a frame of 1/25 s

A voice speaks one sentence at a time, so sentence times need no help of the engine. The spoken form goes to the voice,
the written form to the captions.
"""

from __future__ import annotations

import array
import sys
import tempfile
import wave
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

from workflow_orchestrator import progress
from workflow_orchestrator.errors import SpeechError
from workflow_orchestrator.rendering.paging import letters_to_read, paged
from workflow_orchestrator.rendering.voices.sound import (
    FRAMES_PER_SECOND as FRAMES_PER_SECOND,  # the captions count in it too
)
from workflow_orchestrator.rendering.voices.sound import read_wav
from workflow_orchestrator.script.model import Script, Segment

FRAME = timedelta(seconds=1) / FRAMES_PER_SECOND
LEAD, GAP, TAIL = timedelta(milliseconds=500), timedelta(milliseconds=300), timedelta(milliseconds=700)
SHORTEST_STILL = timedelta(seconds=2)

# A page of a notice or a table without a sentence of its own stays as long as it takes to read it: 15 characters a second, the slow end of
# what subtitling guides allow.
READING = timedelta(seconds=1) / 15

# Below this a 16-bit sample counts as silence (-44 dB); speech starts a little before it gets loud.
_QUIET = 200
_EDGE = timedelta(milliseconds=30)


class SpeechProvider(Protocol):
    """A voice. One that is also a context manager is entered for the time of a narration."""

    @property
    def name(self) -> str: ...

    def synthesise(self, text: str, language: str, out: Path) -> None:
        """Speaks one sentence into a WAV file: mono, 16 bit, one rate for all sentences.

        Raises:
            SpeechError: the voice cannot speak the language or the text.
        """


@dataclass(frozen=True, slots=True)
class Cue:
    """One sentence in its written form, and when it is heard. `slide` counts from 0."""

    slide: int
    text: str
    start: timedelta
    end: timedelta

    def __post_init__(self) -> None:
        if not timedelta(0) <= self.start < self.end:
            raise ValueError(f"a sentence must end after it starts, not {self.start} to {self.end}: {self.text!r}")


@dataclass(frozen=True, slots=True)
class Span:
    """From when to when a slide stands."""

    start: timedelta
    end: timedelta

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise ValueError(f"a slide must end after it starts, not {self.start} to {self.end}")
        if self.start % FRAME or self.end % FRAME:
            raise ValueError(f"a slide must start and end on a frame of {FRAME}, not {self.start} to {self.end}")

    @property
    def frames(self) -> int:
        return (self.end - self.start) // FRAME

    @property
    def middle(self) -> timedelta:
        return self.start + (self.end - self.start) / 2


@dataclass(frozen=True, slots=True)
class Narration:
    """The audio of a script with the times of its sentences and slides."""

    audio: Path
    sentences: tuple[Cue, ...]
    slides: tuple[Span, ...]
    total: timedelta

    def __post_init__(self) -> None:
        edges = [timedelta(0), *(span.end for span in self.slides)]
        if not self.slides or [span.start for span in self.slides] != edges[:-1] or edges[-1] != self.total:
            raise ValueError("the slides of a narration follow one another from its start to its end")
        for cue in self.sentences:
            if cue.slide >= len(self.slides) or cue.end > self.slides[cue.slide].end:
                raise ValueError(f"a sentence is heard while its slide stands: {cue.text!r}")

    def to_json(self) -> dict[str, Any]:
        """Times in seconds with microseconds."""
        return {
            "audio": self.audio.name, "total": self.total.total_seconds(),
            "slides": [{"start": s.start.total_seconds(), "end": s.end.total_seconds()} for s in self.slides],
            "sentences": [
                {"slide": c.slide, "text": c.text, "start": c.start.total_seconds(), "end": c.end.total_seconds()}
                for c in self.sentences
            ],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any], folder: Path) -> Narration:
        """The narration whose audio lies in a folder."""
        second = timedelta(seconds=1)
        return cls(
            audio=folder / data["audio"],
            sentences=tuple(
                Cue(item["slide"], item["text"], item["start"] * second, item["end"] * second)
                for item in data["sentences"]
            ),
            slides=tuple(Span(item["start"] * second, item["end"] * second) for item in data["slides"]),
            total=data["total"] * second,
        )


def narrate(
    script: Script,
    voice: SpeechProvider,
    out_dir: Path,
    *,
    still: timedelta | None = None,
    first_slide_stands: timedelta = timedelta(0),
) -> Narration:
    """Speaks a script into `narration.wav`.

    Args:
        script: the narration; a long notice is paged as on the slides.
        voice: speaks the sentences.
        out_dir: the folder for the audio; it is made if it is not there.
        still: how long a slide stands that has no sentence, at least two seconds. Without it such a slide is refused;
            the continued page of a notice or a table stands as long as it takes to read.
        first_slide_stands: how long the first slide stands at least behind its first sentence, in silence if it has no other.

    Raises:
        SpeechError: the voice failed, gave no sound, or a slide has no sentence.
    """
    if still is not None and still < SHORTEST_STILL:
        raise SpeechError(f"a slide that stands for {still} cannot be read; give it at least {SHORTEST_STILL}")
    out_dir.mkdir(parents=True, exist_ok=True)
    segments = paged(script).segments
    session = voice if isinstance(voice, AbstractContextManager) else nullcontext()
    counted = progress.of("narrating", sum(len(segment.sentences) for segment in segments))
    with session, tempfile.TemporaryDirectory(dir=out_dir) as scratch, counted as going:
        recorder = _Recorder(script.language, voice, still, first_slide_stands, going)
        for number, segment in enumerate(segments):
            recorder.segment(number, segment, Path(scratch))
    return recorder.save(out_dir / "narration.wav")


class _Recorder:
    """Joins sentences to one track. Positions are samples, so no time is rounded before the end."""

    def __init__(
        self, language: str, voice: SpeechProvider, still: timedelta | None, first: timedelta, going: progress.Progress
    ) -> None:
        self._language, self._voice, self._still, self._first, self._going = language, voice, still, first, going
        self._rate = 0
        self._samples = array.array("h")
        self._cues: list[tuple[int, str, int, int]] = []
        self._slides: list[tuple[int, int]] = []

    def segment(self, number: int, segment: Segment, scratch: Path) -> None:
        if not segment.sentences:
            self._silent(segment)
            return
        spoken = [
            (sentence.shown, self._speak(sentence.spoken or sentence.shown, segment.id, scratch))
            for sentence in segment.sentences
        ]
        start = len(self._samples)
        self._pause(LEAD)
        for index, (shown, sound) in enumerate(spoken):
            if index:
                self._pause(GAP)
            self._cues.append((number, shown, len(self._samples), len(self._samples) + len(sound)))
            self._samples.extend(sound)
        self._pause(TAIL)
        if not self._slides and self._first:
            missing = self._cues[0][3] + self._count(self._first + GAP) - len(self._samples)
            self._pause(max(timedelta(0), timedelta(seconds=missing / self._rate)))
        self._close(start)

    def _silent(self, segment: Segment) -> None:
        stands = self._still
        letters = letters_to_read(segment)
        if letters:
            stands = max(letters * READING, stands or SHORTEST_STILL)
        if stands is None:
            raise SpeechError(
                f"segment {segment.id} has no sentence; give it one, or say how long a silent slide stands",
                segment=segment.id,
            )
        if not self._rate:  # the first sentence tells the rate of the voice
            raise SpeechError(f"segment {segment.id} is silent; the first slide needs a sentence", segment=segment.id)
        start = len(self._samples)
        self._pause(stands)
        self._close(start)

    def _pause(self, length: timedelta) -> None:
        self._samples.extend(array.array("h", bytes(2 * self._count(length))))

    def _count(self, length: timedelta) -> int:
        return round(length.total_seconds() * self._rate)

    def _close(self, start: int) -> None:
        per_frame = self._rate // FRAMES_PER_SECOND
        self._samples.extend(array.array("h", bytes(2 * (-len(self._samples) % per_frame))))
        self._slides.append((start, len(self._samples)))

    def _speak(self, text: str, segment: str, scratch: Path) -> array.array[int]:
        out = scratch / f"{len(self._slides):03d}.wav"
        out.unlink(missing_ok=True)
        self._voice.synthesise(text, self._language, out)
        rate, sound = read_wav(out, self._voice.name, text)
        if self._rate not in (0, rate):
            raise SpeechError(f"the voice {self._voice.name} changed its rate from {self._rate} to {rate} Hz")
        self._rate = rate
        self._going.done()
        trimmed = _trimmed(sound, self._count(_EDGE))
        if not trimmed:
            raise SpeechError(
                f"the voice {self._voice.name} gave no sound for {text[:120]!r} in segment {segment}; check the text",
                segment=segment,
            )
        return trimmed

    def save(self, path: Path) -> Narration:
        part = path.with_name(f".{path.name}.part")
        samples = self._samples
        if sys.byteorder == "big":
            samples.byteswap()
        with wave.open(str(part), "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(self._rate)
            out.writeframes(samples.tobytes())
        part.replace(path)
        return Narration(
            audio=path,
            sentences=tuple(Cue(slide, text, self._at(a), self._at(b)) for slide, text, a, b in self._cues),
            slides=tuple(Span(self._at(a), self._at(b)) for a, b in self._slides),
            total=self._at(len(samples)),
        )

    def _at(self, sample: int) -> timedelta:
        return timedelta(microseconds=round(sample * 1_000_000 / self._rate))


def _trimmed(sound: array.array[int], edge: int) -> array.array[int]:
    """The sound without the silence around it, but for a short edge; empty if there is nothing but silence."""
    first = next((at for at, sample in enumerate(sound) if abs(sample) > _QUIET), None)
    if first is None:
        return array.array("h")
    last = next(at for at in range(len(sound) - 1, -1, -1) if abs(sound[at]) > _QUIET)
    return sound[max(0, first - edge) : last + 1 + edge]
