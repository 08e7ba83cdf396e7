"""Checks of the finished video: it is what was planned, slide by slide, or it is not published.

ffmpeg has been seen to end with success and a picture track that stops early, so nothing is taken from its exit status:
the file is read box by box (see `mp4`) and decoded once, whole, and the result is held against slides and narration.
"""

from __future__ import annotations

import re
import tempfile
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from workflow_orchestrator.errors import EncoderError, SpeechError, VideoCheckError
from workflow_orchestrator.rendering import ffmpeg
from workflow_orchestrator.rendering.formats import Format, format_of
from workflow_orchestrator.rendering.mp4 import Track, VideoFacts, probe
from workflow_orchestrator.rendering.speech import FRAME, Narration, Span
from workflow_orchestrator.rendering.video import LOUDNESS, loudness, sound_rate

__all__ = ["check_video", "probe"]

LOUDNESS_TOLERANCE = 1.0  # LU
PICTURE_TOLERANCE = 2.0  # mean absolute difference of a channel, of 255
# Pictures are compared at half their width and height, each point the mean of four: the encoder's noise goes out of it, and half the work.
_HALF = 2
# The way back of the encoder's conversion; with coarser flags every channel is off by two.
_TO_RGB = (
    f"scale=iw/{_HALF}:ih/{_HALF}:in_color_matrix=bt709:in_range=tv:flags=area+accurate_rnd+full_chroma_int+full_chroma_inp,format=rgb24"
)
# Bits a second that a decoder of H.264 level 4.0, which the picture track names, must be able to take (Rec. ITU-T H.264, table A-1).
MOST_BITS = 25_000_000
# Below this it is silent, in dB of full scale; and a sentence of which so large a part is silent is not heard.
_SILENCE, _UNHEARD = -50, 0.8
LONGEST_HOLD = timedelta(seconds=1) + FRAME


def check_video(
    path: Path, narration: Narration, slides: Sequence[Path], *, opening: timedelta = timedelta(0), constant: bool = False
) -> VideoFacts:
    """Holds a finished video against its plan.

    Args:
        path: the MP4 file.
        narration: the narration it was made of.
        slides: the pictures it was made of.
        opening: when the clip that stands before the first slide ends.
        constant: whether each frame must stand for 1/25 s.

    Returns:
        The facts, with the loudness that was measured.

    Raises:
        VideoCheckError: something is not as planned; the message lists all of it.
    """
    facts = probe(path)
    # When each slide is seen: the first one only behind the clip.
    first, *others = narration.slides
    seen = (replace(first, start=opening), *others)
    problems = [*_container(facts, narration), *_tracks(facts, narration, seen, format_of(slides[0]), FRAME if constant else LONGEST_HOLD)]
    picture = facts.track("vide")
    if picture is not None and not problems:
        try:
            level, silences, differences = _decode(path, picture, seen, slides)
        except (EncoderError, SpeechError) as error:
            problems.append(f"it cannot be decoded whole: {error.message}")
        else:
            facts = replace(facts, loudness=level)
            problems += [*_heard_and_seen(level, differences), *_unheard(narration, silences)]
    if problems:
        raise VideoCheckError(f"{path.name} is not what was planned: {'; '.join(problems)}", problems=problems)
    return facts


def _container(facts: VideoFacts, narration: Narration) -> Iterator[str]:
    if not facts.faststart:
        yield "its index stands at the end (moov after mdat), so players must load the whole file first"
    if abs(facts.duration - narration.total) > FRAME:
        yield f"it lasts {facts.duration}, the narration {narration.total}"
    bits = facts.size * 8 / max(facts.duration, FRAME).total_seconds()
    if bits > MOST_BITS:
        yield f"it has {bits / 1e6:.1f} million bits a second, more than the {MOST_BITS / 1e6:.0f} that players must take"
    starts = [chapter.start for chapter in facts.chapters]
    planned = [span.start for span in narration.slides]
    if len(starts) != len(planned):
        yield f"it has {len(starts)} chapters for {len(planned)} slides"
    elif any(abs(one - other) > FRAME for one, other in zip(starts, planned, strict=True)):
        yield "its chapters do not start with the slides"


def _tracks(facts: VideoFacts, narration: Narration, seen: Sequence[Span], shape: Format, hold: timedelta) -> Iterator[str]:
    picture, sound = facts.track("vide"), facts.track("soun")
    if picture is None or sound is None:
        yield f"it has the tracks {', '.join(track.kind for track in facts.tracks) or 'none'}, not picture and sound"
        return
    if (picture.codec, picture.width, picture.height) != ("avc1", *shape.size):
        wanted = f"avc1 of {shape.width} by {shape.height}"
        yield f"its picture is {picture.codec} of {picture.width} by {picture.height}, not {wanted}"
    rate = sound_rate(narration)
    if (sound.codec, sound.rate) != ("mp4a", rate):
        yield f"its sound is {sound.codec} at {sound.rate} Hz, not mp4a at {rate} Hz"
    for name, track in (("picture", picture), ("sound", sound)):
        if abs(track.duration - narration.total) > FRAME:
            yield f"its {name} lasts {track.duration}, the narration {narration.total}"
    late = [span.start for span in seen if not any(abs(key - span.start) < FRAME for key in picture.keys)]
    if late:
        yield f"no key frame at the slides that start at {', '.join(map(str, late))}"
    if picture.longest_hold > hold:
        yield f"one frame stands for {picture.longest_hold}, longer than {hold}"
    if narration.sentences and facts.track("sbtl") is None:
        yield "it has no captions"


def _heard_and_seen(level: float, differences: list[float]) -> Iterator[str]:
    if abs(level - LOUDNESS) > LOUDNESS_TOLERANCE:
        yield f"its loudness is {level} LUFS, not {LOUDNESS} ± {LOUDNESS_TOLERANCE}"
    for number, difference in enumerate(differences, start=1):
        if difference > PICTURE_TOLERANCE:
            yield (
                f"the frame in the middle of slide {number} is not that slide (mean difference {difference:.1f} of 255)"
            )


def _unheard(narration: Narration, silences: Sequence[tuple[timedelta, timedelta]]) -> Iterator[str]:
    for number, cue in enumerate(narration.sentences, start=1):
        silent = sum((max(min(end, cue.end) - max(start, cue.start), timedelta(0)) for start, end in silences), timedelta(0))
        if silent >= _UNHEARD * (cue.end - cue.start):
            yield f"sentence {number} cannot be heard: it is silent from {cue.start} to {cue.end}"


def _silences(report: str) -> list[tuple[timedelta, timedelta]]:
    """From when to when it is silent, by the report of ffmpeg's `silencedetect`."""
    starts, ends = (re.findall(rf"silence_{edge}: (-?[\d.]+)", report) for edge in ("start", "end"))
    second = timedelta(seconds=1)
    return [(float(start) * second, float(end) * second) for start, end in zip(starts, ends, strict=False)]


def _decode(
    path: Path, picture: Track, seen: Sequence[Span], slides: Sequence[Path]
) -> tuple[float, list[tuple[timedelta, timedelta]], list[float]]:
    """Decodes everything once: any error ends it, loudness and silences are measured, the middle frame of each slide is kept."""
    middles = [bisect_right(picture.times, span.middle) - 1 for span in seen]
    chosen = ffmpeg.any_of([f"eq(n,{number})" for number in sorted(set(middles))])
    to_rgb = f"select='{chosen}',{_TO_RGB}"
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".check-") as scratch:
        work = Path(scratch)
        (work / "filter.txt").write_text(to_rgb, encoding="ascii")
        report = ffmpeg.run(
            [
                "-loglevel", "level+info", "-xerror", "-err_detect", "explode", "-threads", "1",
                "-i", str(path.absolute()),
                "-map", "0:v", "-/filter:v", "filter.txt", "-fps_mode", "passthrough", "-f", "rawvideo", "frames.rgb",
                "-map", "0:a", "-af", f"silencedetect=noise={_SILENCE}dB:d=0.3,ebur128=framelog=quiet", "-f", "null", "-",
            ],
            folder=work, what="the check of the finished file", length=picture.duration,
        )
        complaints = re.findall(r"\[(?:error|fatal|panic)\] (.*)", report)
        if complaints:
            raise EncoderError("; ".join(complaints[:3]))
        order = {number: position for position, number in enumerate(sorted(set(middles)))}
        with (work / "frames.rgb").open("rb") as frames:
            differences = [
                _difference(frames, order[number], slide) for number, slide in zip(middles, slides, strict=True)
            ]
    return loudness(report), _silences(report), differences


def _difference(frames: Any, position: int, slide: Path) -> float:
    from PIL import Image, ImageChops, ImageStat

    with Image.open(slide) as image:
        planned = image.convert("RGB").reduce(_HALF)
    size = planned.width * planned.height * 3
    frames.seek(position * size)
    data = frames.read(size)
    if len(data) != size:
        raise EncoderError(f"the picture ends before frame {position + 1} of those to look at")
    shown = Image.frombytes("RGB", planned.size, data)
    means: list[float] = ImageStat.Stat(ImageChops.difference(planned, shown)).mean
    return sum(means) / len(means)
