"""The opening: a vendor's clip is the picture while the first sentence is heard, and everything else stays ours.

    picture   ├──── clip, under it the warning of slide 1 ────┤ slide 1 ┤ slide 2 …
    sound     ├ lead ┤ first sentence ├ gap ┤ … our narration, from its start to its end

Sound, captions, chapters and every slide are those of a video without a clip, so no word and no figure comes from a vendor. The strip of
slide 1 that holds the warning and the source lies over the clip, and slide 1 itself stands for three seconds at least.
"""

from __future__ import annotations

import io
import re
import wave
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from workflow_orchestrator.errors import EncoderError, RenderError, VideoCheckError
from workflow_orchestrator.rendering import ffmpeg
from workflow_orchestrator.rendering.formats import format_of
from workflow_orchestrator.rendering.mp4 import probe
from workflow_orchestrator.rendering.speech import FRAME, FRAMES_PER_SECOND, GAP, Narration, Span

FIRST_SLIDE_STANDS = timedelta(seconds=3)
"""How long slide 1 stands behind the clip, at least: the time to read a title and a few lines."""
SHORTEST_CLIP = timedelta(seconds=1)
# A clip that was filmed to our sound and differs by more is not lip-synchronous any more.
APART = timedelta(milliseconds=500)


def opening_of(narration: Narration) -> timedelta:
    """When the clip ends: half a pause behind the first sentence, on a frame.

    Raises:
        RenderError: slide 1 has no sentence, or does not stand long enough behind it; narrate with `first_slide_stands`.
    """
    first = narration.sentences[0] if narration.sentences else None
    if first is None or first.slide != 0:
        raise RenderError("the first slide has no sentence, so there is nothing to be heard over a clip")
    end = -((first.end + GAP / 2) // -FRAME) * FRAME
    if narration.slides[0].end - end < FIRST_SLIDE_STANDS:
        raise RenderError(
            f"the first slide ends {narration.slides[0].end - end} after its first sentence; it must stand {FIRST_SLIDE_STANDS}"
        )
    return end


def sound_of(narration: Narration, end: timedelta) -> bytes:
    """The narration from its start to `end`, as a WAV file: what an avatar is filmed to."""
    target = io.BytesIO()
    with wave.open(str(narration.audio), "rb") as source, wave.open(target, "wb") as out:
        out.setparams(source.getparams())
        out.writeframes(source.readframes(round(end.total_seconds() * source.getframerate())))
    return target.getvalue()


@dataclass(frozen=True, slots=True)
class Opening:
    """A clip and when it ends. `filmed` says that it was filmed to our sound, and so must be as long.

    Raises:
        VideoCheckError: the clip is too short, or not as long as the sound that it was filmed to.
    """

    clip: Path
    end: timedelta
    filmed: bool

    def __post_init__(self) -> None:
        if self.end % FRAME:
            raise ValueError(f"a clip must end on a frame of {FRAME}, not at {self.end}")
        picture = probe(self.clip).track("vide")
        length = timedelta(0) if picture is None else picture.duration
        if self.filmed and abs(length - self.end) > APART:
            raise VideoCheckError(f"the clip lasts {length}, the sound that it was filmed to {self.end}")
        if length < SHORTEST_CLIP:
            raise VideoCheckError(f"the clip lasts {length}, less than {SHORTEST_CLIP}")

    def rest_of(self, narration: Narration) -> Narration:
        """What is to be drawn behind the clip: the same slides, counted from its end."""
        spans = tuple(Span(max(span.start - self.end, timedelta(0)), span.end - self.end) for span in narration.slides)
        return Narration(narration.audio, (), spans, narration.total - self.end)

    def put_before(self, picture: Path, slide: Path, timeout: timedelta) -> None:
        """Encodes the clip and puts it before a picture track, which keeps its name.

        Args:
            picture: the track of the slides, made by the same encoder with the same options: only then one head fits both.
            slide: slide 1, whose lower strip lies over the clip.
            timeout: for each run of ffmpeg.

        Raises:
            EncoderError: ffmpeg failed or hung, or cannot decode the clip whole.
        """
        folder = picture.parent
        self._encode(folder / "opening.mp4", slide, timeout)
        (folder / "parts.txt").write_text(
            f"ffconcat version 1.0\nfile opening.mp4\nfile {picture.name}\n", encoding="ascii"
        )
        ffmpeg.run(
            [
                "-loglevel", "error", "-f", "concat", "-safe", "0", "-i", "parts.txt", "-map", "0:v", "-c", "copy",
                "-video_track_timescale", "25000", "-fflags", "+bitexact", "joined.mp4",
            ],
            folder=folder, what="the opening before the slides", timeout=timeout,
        )  # fmt: skip
        (folder / "joined.mp4").replace(picture)

    def _encode(self, out: Path, slide: Path, timeout: timedelta) -> None:
        """The clip at 25 frames a second, filling the frame; a shorter one stands still at its end."""
        shape = format_of(slide)
        frames = self.end // FRAME
        fill = (
            f"fps={FRAMES_PER_SECOND},scale={shape.width}:{shape.height}:force_original_aspect_ratio=increase:flags=bicubic,"
            f"crop={shape.width}:{shape.height},setsar=1,format=rgb24,"
            f"tpad=stop_mode=clone:stop_duration={self.end.total_seconds():.3f}"
        )
        strip = f"format=rgb24,crop={shape.width}:{shape.height - shape.floor}:0:{shape.floor}"
        graph = (
            f"[0:v]{fill}[clip];[1:v]{strip}[strip];[clip][strip]overlay=0:{shape.floor}:format=rgb,{ffmpeg.TO_VIDEO}"
        )
        report = ffmpeg.run(
            [
                "-loglevel", "level+error", "-xerror", "-err_detect", "explode",
                "-i", str(self.clip.absolute()), "-i", str(slide.absolute()),
                "-filter_complex", graph, "-filter_complex_threads", "1", "-an", "-sn", "-frames:v", str(frames),
                "-video_track_timescale", "25000", *ffmpeg.X264, out.name,
            ],
            folder=out.parent, what="the clip of the opening", timeout=timeout, length=self.end,
        )  # fmt: skip
        # ffmpeg fills up what it could not decode, and calls that a success.
        complaints = re.findall(r"\[(?:error|fatal|panic)\] (.*)", report)
        if complaints:
            raise EncoderError(f"the clip of the opening cannot be decoded whole: {'; '.join(complaints[:3])}")
