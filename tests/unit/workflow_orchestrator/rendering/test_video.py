"""The finished file is what was planned, byte for byte the same each time, and whatever is not is found."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from conftest import HOSTILE, Film, film
from workflow_orchestrator.errors import EncoderError, RenderError, SpeechError, VideoCheckError
from workflow_orchestrator.rendering import Mark, captions_of, check_video, make_video
from workflow_orchestrator.rendering.ffmpeg import any_of, binary, run
from workflow_orchestrator.rendering.probe import probe
from workflow_orchestrator.rendering.video import loudness

MARK = Mark.of("espeak", "template")
COPY = ("-map", "0:v", "-map", "0:a", "-c", "copy")
FAST = (*COPY, "-map", "0:s", "-movflags", "+faststart", "-movie_timescale", "25000")


def test_the_film_is_what_was_planned(short: Film) -> None:
    """Container, tracks, chapters, key frames, loudness and pictures pass the check, and the facts say so."""
    facts = check_video(short.video, short.narration, short.slides)
    picture, sound = facts.track("vide"), facts.track("soun")
    assert picture is not None
    assert sound is not None
    assert facts.faststart
    assert (picture.profile, picture.width, picture.height) == ("avc1.640028", 1920, 1080)
    assert (sound.codec, sound.rate, sound.channels, sound.language) == ("mp4a", 22_050, 1, "eng")
    assert picture.duration == short.narration.total
    assert not picture.reordered
    assert facts.loudness == pytest.approx(-16, abs=1)
    assert [chapter.title for chapter in facts.chapters] == [part.heading for part in short.script.segments]
    assert [chapter.start for chapter in facts.chapters] == [span.start for span in short.narration.slides]
    assert facts.title == short.script.title
    # A frame a second and the last two, not twenty-five a second.
    assert len(picture.times) < 1.5 * short.narration.total.total_seconds() + 6


def test_the_same_input_gives_the_same_bytes(short: Film, tmp_path: Path) -> None:
    """Speech, encoding and muxing again change no byte of the file."""
    again = film(tmp_path, short.script, short.slides)
    assert again.narration == replace(short.narration, audio=again.narration.audio)
    assert again.video.read_bytes() == short.video.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["narration.wav", "video.mp4"]


def test_speech_starts_when_its_caption_does(short: Film) -> None:
    """In the finished file each sentence is heard within a tenth of a second of its time."""
    report = run(
        ["-i", str(short.video), "-map", "0:a", "-af", "silencedetect=noise=-45dB:d=0.25", "-f", "null", "-"],
        folder=short.video.parent, what="the silences",
    )
    onsets = [float(found) for found in re.findall(r"silence_end: ([\d.]+)", report)]
    for cue in short.narration.sentences:
        assert min(abs(onset - cue.start.total_seconds()) for onset in onsets) < 0.1


@pytest.mark.parametrize(("spoken", "encoded"), [(16_000, 16_000), (24_000, 24_000), (20_000, 22_050), (48_000, 48_000)])
def test_the_sound_has_the_rate_of_the_voice(short: Film, tmp_path: Path, spoken: int, encoded: int) -> None:
    """The track has the voice's rate, or the next one of AAC, at the loudness and length that were planned; chapters are there twice."""
    narration = replace(short.narration, audio=voiced(short, tmp_path, rate=spoken))
    video = make_video(
        short.slides, narration, captions_of(narration), tmp_path / "a.mp4", title="t", language="en", chapters=["a", "b", "c"], mark=MARK,
    )
    facts = check_video(video, narration, short.slides)
    sound, names = facts.track("soun"), facts.track("text")
    assert sound is not None
    assert sound.rate == encoded
    assert abs(sound.duration - narration.total) < timedelta(milliseconds=2)
    assert names is not None
    assert list(names.times) == [chapter.start for chapter in facts.chapters]


@pytest.mark.parametrize("decibels", [-30, -12, 16])
def test_a_voice_of_any_loudness_is_levelled(short: Film, tmp_path: Path, decibels: int) -> None:
    """A voice that whispers and one that is far too loud come out within half a unit of the target, limiter and all."""
    narration = replace(short.narration, audio=voiced(short, tmp_path, decibels=decibels))
    video = make_video(
        short.slides, narration, captions_of(narration), tmp_path / "a.mp4", title="t", language="en", chapters=["a", "b", "c"], mark=MARK,
    )
    assert check_video(video, narration, short.slides).loudness == pytest.approx(-16, abs=0.5)


def voiced(short: Film, folder: Path, *, rate: int = 22_050, decibels: int = 0) -> Path:
    """The narration at another rate or loudness."""
    out = folder / "other.wav"
    run(
        ["-i", str(short.narration.audio), "-af", f"volume={decibels}dB", "-ar", str(rate), str(out)],
        folder=folder, what="another voice",
    )  # fmt: skip
    return out


def test_pictures_of_any_format_are_encoded_alike(short: Film, tmp_path: Path) -> None:
    """RGBA and palette pictures among RGB ones neither stop the picture track nor hang the encoder."""
    mixed = []
    for number, (slide, mode) in enumerate(zip(short.slides, ("RGBA", "P", "RGB"), strict=True)):
        mixed.append(tmp_path / f"{number}.png")
        with Image.open(slide) as image:
            image.convert(mode).save(mixed[-1])
    video = make_video(
        mixed, short.narration, (), tmp_path / "mixed.mp4", title="Mixed", language="en", chapters=["a", "b", "c"],
        mark=MARK,
    )
    picture = probe(video).track("vide")
    assert picture is not None
    assert picture.duration == short.narration.total


def test_hostile_words_reach_captions_and_chapters_unchanged(short: Film, tmp_path: Path) -> None:
    """Tags, braces, arrows and signs of ffmpeg's own formats are text in the file, character for character."""
    narration = replace(
        short.narration, sentences=tuple(replace(cue, text=HOSTILE) for cue in short.narration.sentences)
    )
    chapter = "a=b; c#d \\ e\n[CHAPTER]"
    lines = captions_of(narration)
    video = make_video(
        short.slides, narration, lines, tmp_path / "hostile.mp4", title=chapter, language="de", chapters=[chapter] * 3,
        mark=MARK,
    )
    facts = probe(video)
    assert [found.title for found in facts.chapters] == [chapter.replace("\n", " ")] * 3
    track = facts.track("sbtl")
    assert track is not None
    assert track.language == "deu"
    expected = "\n".join(lines[0].lines).replace("{\\an8}", "{\u2060\\an8}").replace("\\n ", "\\\u2060n ").encode()
    assert len(expected).to_bytes(2, "big") + expected in video.read_bytes()


def test_another_slide_in_the_film_is_found(short: Film) -> None:
    """A film of other slides than those that were approved is refused, and the slides are named."""
    wrong = (short.slides[1], short.slides[0], short.slides[2])
    with pytest.raises(VideoCheckError, match=r"slide 1 is not that slide.*slide 2 is not that slide") as caught:
        check_video(short.video, short.narration, wrong)
    assert "slide 3" not in caught.value.message


def test_a_film_of_another_length_is_found(short: Film) -> None:
    """A narration that is longer than the film is told with both lengths."""
    last = short.narration.slides[-1]
    longer = replace(last, end=last.end + timedelta(seconds=1))
    narration = replace(short.narration, slides=(*short.narration.slides[:-1], longer), total=longer.end)
    with pytest.raises(VideoCheckError, match=r"its picture lasts .* the narration"):
        check_video(short.video, narration, short.slides)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([*COPY, "-map", "0:s"], r"moov after mdat"),
        ([*FAST, "-an"], "not picture and sound"),
        ([*FAST, "-map_chapters", "-1"], "0 chapters for 3 slides"),
        ([*FAST, "-sn"], "no captions"),
        ([*FAST, "-c:a", "aac", "-ar", "48000"], "48000 Hz"),
        ([*FAST, "-c:a", "aac", "-af", "volume=-8dB"], "its loudness is"),
    ],
)
def test_what_another_tool_did_to_the_file_is_found(
    short: Film, arguments: list[str], words: str, tmp_path: Path
) -> None:
    """A remuxed or re-encoded film that broke the contract is refused for that reason."""
    source, target = str(short.video), str(tmp_path / "changed.mp4")
    subprocess.run(
        [binary(), "-v", "error", "-nostdin", "-i", source, *arguments, target], check=True, timeout=60
    )
    with pytest.raises(VideoCheckError, match=words):
        check_video(tmp_path / "changed.mp4", short.narration, short.slides)


def test_a_sentence_that_is_not_heard_is_found(short: Film, tmp_path: Path) -> None:
    """A film that falls silent while one sentence should be heard is refused, and the sentence is named."""
    cue, target = short.narration.sentences[1], tmp_path / "silent.mp4"
    silent = f"volume=0:enable='between(t,{cue.start.total_seconds()},{cue.end.total_seconds()})'"
    subprocess.run(
        [binary(), "-v", "error", "-nostdin", "-i", str(short.video), *FAST, "-c:a", "aac", "-af", silent, str(target)],
        check=True, timeout=60,
    )  # fmt: skip
    with pytest.raises(VideoCheckError, match="sentence 2 cannot be heard") as caught:
        check_video(target, short.narration, short.slides)
    assert "sentence 1" not in caught.value.message


def test_a_film_with_too_many_bits_is_found(short: Film, tmp_path: Path) -> None:
    """More bits a second than the level of its picture track allows are told."""
    path = tmp_path / "large.mp4"
    rest = 4_000_000 * int(short.narration.total.total_seconds())
    path.write_bytes(short.video.read_bytes() + rest.to_bytes(4, "big") + b"free" + bytes(rest - 8))
    with pytest.raises(VideoCheckError, match="million bits a second, more than the 25"):
        check_video(path, short.narration, short.slides)


def test_damage_is_found(short: Film, tmp_path: Path) -> None:
    """A film that was cut off, overwritten in the middle, emptied or lost is refused by name."""
    whole = short.video.read_bytes()
    spoilt = bytearray(whole)
    middle = whole.index(b"mdat") + 4 + 2000
    spoilt[middle : middle + 20_000] = b"\xff" * 20_000
    half = whole[: len(whole) // 2]
    for name, data in (("cut", half), ("empty", b""), ("text", b"not a film" * 100), ("bad", spoilt)):
        path = tmp_path / f"{name}.mp4"
        path.write_bytes(data)
        with pytest.raises(VideoCheckError, match=rf"^{name}\.mp4 is"):
            check_video(path, short.narration, short.slides)
    with pytest.raises(VideoCheckError, match=r"gone\.mp4 cannot be read"):
        check_video(tmp_path / "gone.mp4", short.narration, short.slides)


def test_an_encoder_that_takes_too_long_is_stopped(short: Film, tmp_path: Path) -> None:
    """A run over its limit ends as an error that a retry may cure, and leaves no file behind."""
    with pytest.raises(EncoderError, match="did not finish the picture track") as caught:
        make_video(
            short.slides, short.narration, (), tmp_path / "a.mp4", title="t", language="en", chapters=["a", "b", "c"],
            mark=MARK, timeout=timedelta(milliseconds=1),
        )
    assert caught.value.retryable
    assert list(tmp_path.iterdir()) == []


def test_an_encoder_that_fails_says_why(tmp_path: Path) -> None:
    """The end of what ffmpeg wrote is in the message."""
    with pytest.raises(EncoderError, match=r"(?s)failed at a test with code .*missing\.wav"):
        run(["-i", "missing.wav", "-f", "null", "-"], folder=tmp_path, what="a test")


def test_pictures_that_do_not_fit_are_refused(short: Film, tmp_path: Path) -> None:
    """Too few pictures, a picture of another size and a file that is no picture are told before encoding."""
    more: dict[str, Any] = {"title": "t", "language": "en", "mark": MARK}
    with pytest.raises(RenderError, match="2 pictures and 3 chapters for 3 slides"):
        make_video(short.slides[:2], short.narration, (), tmp_path / "a.mp4", chapters=["a", "b", "c"], **more)
    small, text = tmp_path / "small.png", tmp_path / "text.png"
    Image.new("RGB", (640, 360)).save(small)
    text.write_text("no picture")
    for path, words in ((small, "640 by 360"), (text, "cannot be read as a picture")):
        slides = (path, *short.slides[1:])
        with pytest.raises(RenderError, match=words):
            make_video(slides, short.narration, (), tmp_path / "a.mp4", chapters=["a", "b", "c"], **more)


def test_a_long_list_of_terms_stays_shallow(short: Film) -> None:
    """Two hundred terms nest less than ten deep, where ffmpeg allows a hundred."""
    expression = any_of([f"eq(n,{number})" for number in range(200)])
    depth = deepest = 0
    for character in expression:
        depth += {"(": 1, ")": -1}.get(character, 0)
        deepest = max(deepest, depth)
    assert deepest < 10
    assert expression.count("eq(") == 200


def test_silence_has_no_loudness() -> None:
    """The report of a silent track is an error of speech, a missing report one of the encoder."""
    with pytest.raises(SpeechError, match="silent"):
        loudness("    I:         -70.0 LUFS")
    with pytest.raises(EncoderError, match="measured no loudness"):
        loudness("nothing")
    assert loudness("I: -23.5 LUFS\n  I:         -16.2 LUFS") == -16.2
