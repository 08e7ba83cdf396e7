"""Video: slides and narration become one MP4 (H.264, AAC, captions, chapters) in three short runs of ffmpeg.

    slides ── 1 picture ──► video.mp4 ─┐
    audio ─── 2 sound ────► audio.m4a ─┼─ 3 mux (copies streams) ──► out.mp4
    captions, chapters ────────────────┘

A slide stands still, so only a frame a second is coded, and its first one is a key frame: about one fiftieth of the
work of 25 frames a second. One run for all streams would interleave them differently each time; three give the same
bytes.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from workflow_orchestrator.errors import EncoderError, RenderError, SpeechError
from workflow_orchestrator.rendering import ffmpeg
from workflow_orchestrator.rendering.captions import Caption, to_ass
from workflow_orchestrator.rendering.slides import HEIGHT, WIDTH
from workflow_orchestrator.rendering.speech import FRAME, FRAMES_PER_SECOND, Narration, Span

LOUDNESS = -16.0  # LUFS, what the web and most company players expect of speech
SAMPLE_RATE = 48_000
ISO_639_2 = {"en": "eng", "de": "deu", "fr": "fra"}

# Converted once per picture, before frames are repeated; without the matrix brand colours shift.
_CONVERT = (
    "scale=in_range=full:out_range=tv:out_color_matrix=bt709:flags=accurate_rnd+full_chroma_int,format=yuv420p"
)
_QUIET = ("-loglevel", "error")
_LOUDNESS_PASSES = 2


def make_video(
    slides: Sequence[Path], narration: Narration, captions: Sequence[Caption], out: Path,
    *, title: str, language: str, chapters: Sequence[str], timeout: timedelta = ffmpeg.TIMEOUT,
) -> Path:
    """Writes the video.

    Args:
        slides: one picture of 1920 by 1080 per slide of the narration.
        narration: the audio and the times.
        captions: the subtitles, as `captions_of` makes them.
        out: the MP4 file; it appears under this name only when it is whole.
        title: the title in the file's metadata.
        language: the language of sound and subtitles.
        chapters: a name per slide.
        timeout: for each run of ffmpeg.

    Raises:
        RenderError: the pictures or the chapters do not fit the narration.
        SpeechError: the narration is silent.
        EncoderError: ffmpeg failed or hung.
    """
    if not len(slides) == len(narration.slides) == len(chapters):
        raise RenderError(
            f"{len(slides)} pictures and {len(chapters)} chapters for {len(narration.slides)} slides of the narration"
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".video-") as scratch:
        work = Path(scratch)
        _picture(slides, narration, work, timeout)
        _sound(narration, work, timeout)
        (work / "captions.ass").write_text(to_ass(captions), encoding="utf-8")
        (work / "chapters.txt").write_text(_metadata(title, language, chapters, narration.slides), encoding="utf-8")
        _mux(work, ISO_639_2[language], bool(captions), timeout)
        (work / "out.mp4").replace(out)
    return out


def _picture(slides: Sequence[Path], narration: Narration, work: Path, timeout: timedelta) -> None:
    lines = ["ffconcat version 1.0"]
    for number, (slide, span) in enumerate(zip(slides, narration.slides, strict=True)):
        name = f"{number:03d}.png"
        _as_rgb(slide, work / name)
        lines += [f"file {name}", f"duration {span.frames / FRAMES_PER_SECOND:.3f}"]
    # The concat reader drops the duration of the last entry, so it is named once more.
    lines.append(lines[-2])
    (work / "list.txt").write_text("\n".join(lines) + "\n", encoding="ascii")
    chosen = f"{_CONVERT},fps={FRAMES_PER_SECOND},select='{_chosen(narration.slides)}'"
    (work / "filter.txt").write_text(chosen, encoding="ascii")
    starts = ",".join(f"{span.start.total_seconds():.3f}" for span in narration.slides)
    ffmpeg.run(
        [
            *_QUIET, "-f", "concat", "-safe", "0", "-i", "list.txt", "-map", "0:v", "-/filter:v", "filter.txt",
            "-fps_mode", "vfr", "-video_track_timescale", "25000", "-force_key_frames", starts,
            "-c:v", "libx264", "-preset", "veryfast", "-tune", "stillimage", "-crf", "20", "-g", "300", "-bf", "0",
            "-profile:v", "high", "-threads", "1", "-filter_threads", "1",
            "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv",
            "-fflags", "+bitexact", "-flags:v", "+bitexact", "-t", f"{narration.total.total_seconds():.3f}",
            "video.mp4",
        ],
        folder=work, what="the picture track", timeout=timeout,
    )


def _as_rgb(source: Path, target: Path) -> None:
    """A copy in RGB. Pictures of different pixel formats in one run make ffmpeg lose frames or hang."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(source) as image:
            if image.size != (WIDTH, HEIGHT):
                raise RenderError(f"{source.name} has {image.width} by {image.height} pixels, not {WIDTH} by {HEIGHT}")
            if image.mode == "RGB" and image.format == "PNG":
                target.write_bytes(source.read_bytes())
            else:
                image.convert("RGB").save(target, "PNG", compress_level=1)
    except (OSError, UnidentifiedImageError) as error:
        raise RenderError(f"{source.name} cannot be read as a picture: {error}") from error


def _chosen(slides: Sequence[Span]) -> str:
    """The frames to code, as ffmpeg's `select` wants them: slide starts, one a second, and the last two.

    The last two are there because a muxer that copies streams stretches the last frame by the one before it.
    """
    terms = []
    for span in slides:
        start, end = span.start // FRAME, span.end // FRAME
        terms.append(f"between(n,{start},{end - 1})*not(mod(n-{start},{FRAMES_PER_SECOND}))")
    last = slides[-1].end // FRAME
    return ffmpeg.any_of([*terms, f"between(n,{last - 2},{last - 1})"])


def _sound(narration: Narration, work: Path, timeout: timedelta) -> None:
    """The narration at the target loudness, mono AAC.

    Raised and limited: a limiter takes from the loudness what it takes from the peaks, so the gain is measured again
    behind it and corrected.
    """
    source = str(narration.audio.absolute())
    gain = 0.0
    for _ in range(_LOUDNESS_PASSES):
        report = ffmpeg.run(
            ["-i", source, "-af", f"{_levelled(gain)},ebur128=framelog=quiet", "-f", "null", "-"],
            folder=work, what="the loudness of the narration", timeout=timeout,
        )
        gain += LOUDNESS - loudness(report)
    ffmpeg.run(
        [
            *_QUIET, "-i", source, "-af", _levelled(gain),
            "-ac", "1", "-c:a", "aac", "-aac_coder", "fast", "-b:a", "96k", "-threads", "1",
            "-fflags", "+bitexact", "-flags:a", "+bitexact", "audio.m4a",
        ],
        folder=work, what="the sound track", timeout=timeout,
    )


def _levelled(gain: float) -> str:
    return f"volume={gain:.2f}dB,aresample={SAMPLE_RATE},alimiter=limit=0.84:level=false"


def loudness(report: str) -> float:
    """The integrated loudness in LUFS from the report of ffmpeg's `ebur128` filter.

    Raises:
        EncoderError: the report has none.
        SpeechError: it is that of silence.
    """
    found: list[str] = re.findall(r"\bI:\s+(-?[\d.]+|-?inf|nan) LUFS", report)
    if not found:
        raise EncoderError(f"ffmpeg measured no loudness: {report[-500:]}")
    value = float(found[-1])
    if not value > -70:
        raise SpeechError("the narration is silent")
    return value


def _metadata(title: str, language: str, chapters: Sequence[str], slides: Sequence[Span]) -> str:
    lines = [";FFMETADATA1", f"title={_escaped(title)}", f"language={ISO_639_2[language]}"]
    for name, span in zip(chapters, slides, strict=True):
        start, end = (moment // timedelta(milliseconds=1) for moment in (span.start, span.end))
        lines += ["[CHAPTER]", "TIMEBASE=1/1000", f"START={start}", f"END={end}", f"title={_escaped(name)}"]
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    """Text for ffmpeg's metadata format, in which = ; # \\ and line ends mean something."""
    return re.sub(r"([=;#\\])", r"\\\1", " ".join(text.split("\n")))


def _mux(work: Path, language: str, with_captions: bool, timeout: timedelta) -> None:
    captions = ["-i", "captions.ass"] if with_captions else []
    subtitle = ["-map", "3:s", "-c:s", "mov_text", "-metadata:s:s:0", f"language={language}"] if with_captions else []
    ffmpeg.run(
        [
            *_QUIET, "-i", "video.mp4", "-i", "audio.m4a", "-f", "ffmetadata", "-i", "chapters.txt", *captions,
            "-map", "0:v", "-map", "1:a", *subtitle, "-map_metadata", "2", "-map_chapters", "2",
            "-c:v", "copy", "-c:a", "copy", "-metadata:s:a:0", f"language={language}",
            "-movflags", "+faststart", "-fflags", "+bitexact", "out.mp4",
        ],
        folder=work, what="the finished file", timeout=timeout,
    )
