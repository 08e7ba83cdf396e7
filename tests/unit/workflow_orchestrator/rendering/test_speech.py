"""A narration has the exact time of every sentence, whole frames per slide, and never silence instead of speech."""

from __future__ import annotations

import array
import math
import os
import signal
import wave
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import rendering_sample as sample

from workflow_orchestrator.errors import ConfigurationError, SpeechError
from workflow_orchestrator.rendering import Narration, SpeechProvider, get_voice, narrate
from workflow_orchestrator.rendering.espeak import EspeakVoice
from workflow_orchestrator.rendering.speech import FRAME, GAP, LEAD, TAIL
from workflow_orchestrator.script.model import Script, Segment, Sentence, SlideKind

RATE = 16_000
SECOND = timedelta(seconds=1)


class Tone:
    """A voice that hums a tenth of a second per word, with silence around it."""

    name = "tone"

    def __init__(self, *, level: int = 8000, rate: int = RATE, width: int = 2) -> None:
        self.level, self.rate, self.width = level, rate, width
        self.said: list[str] = []

    def synthesise(self, text: str, language: str, out: Path) -> None:
        self.said.append(text)
        count = len(text.split()) * self.rate // 10
        tone = [round(self.level * math.sin(at * 0.3 + 1)) for at in range(count)]
        silence = [0] * (self.rate // 2)
        with wave.open(str(out), "wb") as sound:
            sound.setnchannels(1)
            sound.setsampwidth(self.width)
            sound.setframerate(self.rate)
            sound.writeframes(array.array("h", [*silence, *tone, *silence]).tobytes())


def script_of(*segments: Segment) -> Script:
    return replace(sample.script("en"), segments=segments)


def said(*texts: str, kind: SlideKind = SlideKind.TEXT, points: tuple[str, ...] = ()) -> Segment:
    name = f"part{len(texts)}{len(points)}"
    return Segment(name, kind, "Heading", tuple(Sentence(text, f"spoken {text}") for text in texts), points=points)


@pytest.mark.parametrize("language", sample.LANGUAGES)
def test_the_offline_voice_speaks(language: str, tmp_path: Path) -> None:
    """English, German and French are spoken at a calm pace, the same way each time."""
    script = sample.script(language, ("figures", "risk"))
    one, two = (narrate(script, get_voice("default"), tmp_path / name) for name in "12")
    assert one.audio.read_bytes() == two.audio.read_bytes()
    words = sum(len(sentence.spoken.split()) for part in script.segments for sentence in part.sentences)
    spoken = sum(((cue.end - cue.start) for cue in one.sentences), timedelta())
    assert 110 < words / (spoken / timedelta(minutes=1)) < 200
    assert [path.name for path in (tmp_path / "1").iterdir()] == ["narration.wav"]


def test_sentences_are_placed_to_the_sample(tmp_path: Path) -> None:
    """Silence around a sentence is cut, the pauses are ours, and slides end on a frame."""
    narration = narrate(script_of(said("one two three", "four five"), said("six")), Tone(), tmp_path)
    first, second, third = narration.sentences
    edge = timedelta(milliseconds=30)
    assert first.start == LEAD
    assert abs(first.end - first.start - (0.4 * SECOND + 2 * edge)) < timedelta(milliseconds=1)
    assert second.start - first.end == GAP
    assert narration.slides[0].end - second.end - TAIL < FRAME
    assert third.start == narration.slides[1].start + LEAD
    assert all(span.end % FRAME == timedelta(0) for span in narration.slides)
    with wave.open(str(narration.audio), "rb") as sound:
        assert sound.getnframes() / RATE == pytest.approx(narration.total.total_seconds())


def test_the_spoken_form_is_said_and_the_written_form_captioned(tmp_path: Path) -> None:
    """The voice gets the words, the captions the figures."""
    voice = Tone()
    narration = narrate(script_of(said("+1.93%")), voice, tmp_path)
    assert voice.said == ["spoken +1.93%"]
    assert [cue.text for cue in narration.sentences] == ["+1.93%"]


def test_a_narration_survives_json(tmp_path: Path) -> None:
    """Times come back as they were."""
    narration = narrate(script_of(said("one"), said("two", "three")), Tone(), tmp_path)
    assert Narration.from_json(narration.to_json(), tmp_path) == narration


@pytest.mark.parametrize(
    ("voice", "words"),
    [
        (Tone(level=0), "no sound for 'spoken hello'"),
        (Tone(level=90), "no sound"),
        (Tone(rate=8000), "8000 Hz"),
        (Tone(width=1), "8 bit"),
    ],
)
def test_unusable_audio_is_an_error(voice: SpeechProvider, words: str, tmp_path: Path) -> None:
    """Silence, a whisper below the noise, telephone quality and another width are refused; no narration is left."""
    with pytest.raises(SpeechError, match=words):
        narrate(script_of(said("hello")), voice, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_voice_that_writes_nothing_is_an_error(tmp_path: Path) -> None:
    """A voice that returns without a file is told by name."""

    class Mute(Tone):
        def synthesise(self, text: str, language: str, out: Path) -> None:
            pass

    with pytest.raises(SpeechError, match="wrote no WAV file"):
        narrate(script_of(said("hello")), Mute(), tmp_path)


def test_words_without_sound_are_an_error_of_the_real_voice(tmp_path: Path) -> None:
    """A sentence of nothing but signs gives no speech, and that is told."""
    with pytest.raises(SpeechError, match=r"no sound"):
        narrate(script_of(Segment("s", SlideKind.TEXT, "H", (Sentence("x", "   "),))), get_voice("espeak"), tmp_path)


def test_a_silent_segment_needs_a_time(tmp_path: Path) -> None:
    """A slide without a sentence is refused unless it is told how long it stands, and that is never too short."""
    script = script_of(said("one"), said())
    with pytest.raises(SpeechError, match="part00 has no sentence"):
        narrate(script, Tone(), tmp_path)
    with pytest.raises(SpeechError, match="cannot be read"):
        narrate(script, Tone(), tmp_path, still=SECOND)
    narration = narrate(script, Tone(), tmp_path, still=3 * SECOND)
    assert narration.slides[1].end - narration.slides[1].start == 3 * SECOND


def test_a_continued_notice_stands_as_long_as_it_takes_to_read(tmp_path: Path) -> None:
    """A page of warnings that nobody reads aloud stays for fifteen characters a second."""
    points = tuple(f"{letter} " + "A warning that is long enough to fill a slide. " * 12 for letter in "ABC")
    narration = narrate(script_of(said("Read this.", kind=SlideKind.NOTICE, points=points)), Tone(), tmp_path)
    assert len(narration.slides) == 3
    letters = len(points[1].strip())
    assert narration.slides[1].end - narration.slides[1].start >= SECOND * (letters / 15) - FRAME


@pytest.mark.parametrize("sign", [signal.SIGSTOP, signal.SIGKILL])
def test_a_voice_that_hangs_or_dies_is_an_error(sign: signal.Signals, tmp_path: Path) -> None:
    """A child process that stops answering is killed and told; the voice works again afterwards."""
    with EspeakVoice(timeout=timedelta(seconds=0.4 if sign is signal.SIGSTOP else 20)) as voice:
        voice._started()
        patient, voice._timeout = voice._timeout, timedelta(seconds=20)
        voice.synthesise("hello", "en", tmp_path / "a.wav")
        voice._timeout = patient
        child = voice._child
        assert child is not None
        os.kill(child.pid, sign)
        with pytest.raises(SpeechError, match=r"failed at 'again'"):
            voice.synthesise("again", "en", tmp_path / "b.wav")
        assert child.returncode is not None
        voice._timeout = timedelta(seconds=20)
        voice.synthesise("once more", "en", tmp_path / "c.wav")
        assert (tmp_path / "c.wav").stat().st_size > 5000


def test_the_child_ends_with_the_narration(tmp_path: Path) -> None:
    """No process outlives the narration that started it."""
    voice = EspeakVoice()
    narrate(script_of(said("hello")), voice, tmp_path)
    assert voice._child is None


def test_a_text_is_spoken_and_never_interpreted(tmp_path: Path) -> None:
    """Markup, phoneme brackets and control characters are words to the voice, not orders."""
    hostile = 'Say <break time="60s"/> [[h@l\'oU]] \x00 \x01+100P {"a": 1}\nnext'
    script = script_of(Segment("s", SlideKind.TEXT, "H", (Sentence("x", hostile),)))
    narration = narrate(script, EspeakVoice(), tmp_path)
    assert timedelta(seconds=2) < narration.total < timedelta(seconds=40)


def test_an_unknown_voice_or_language_is_named(tmp_path: Path) -> None:
    """The message lists what there is."""
    with pytest.raises(ConfigurationError, match="known: default, espeak"):
        get_voice("morgan")
    with pytest.raises(SpeechError, match="speaks en, de, fr, not 'ja'"):
        EspeakVoice().synthesise("a", "ja", tmp_path / "a.wav")
