"""Video: slides and narration become one MP4 (H.264, AAC, captions, chapters) in three short runs of ffmpeg.

    slides ── 1 picture ──► video.mp4 ─┐
    audio ─── 2 sound ────► audio.m4a ─┼─ 3 mux (copies streams) ──► out.mp4
    captions, chapters ────────────────┘   + the mark that a machine made it

A slide stands still, so only a frame a second is coded, and its first one is a key frame: a small part of the work of 25 frames
a second, which are there for those who ask for a constant rate. The frames of a chart that builds up are coded one by one. One run for
all streams would interleave them differently each time; three give the same bytes.
"""

from __future__ import annotations

import re
import tempfile
import wave
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType

from workflow_orchestrator.errors import EncoderError, RenderError, SpeechError
from workflow_orchestrator.rendering import ffmpeg
from workflow_orchestrator.rendering.captions import Caption, to_ass
from workflow_orchestrator.rendering.formats import format_of
from workflow_orchestrator.rendering.mark import Mark, append_mark
from workflow_orchestrator.rendering.motion import Motion
from workflow_orchestrator.rendering.opening import Opening
from workflow_orchestrator.rendering.speech import FRAME, FRAMES_PER_SECOND, Narration, Span

NO_MOTION: Motion = MappingProxyType({})
LOUDNESS = -16.0  # LUFS, what the web and most company players expect of speech
RATES = (16_000, 22_050, 24_000, 32_000, 44_100, 48_000)  # Hz, of those that ISO/IEC 14496-3 has for AAC
ISO_639_2 = {"en": "eng", "de": "deu", "fr": "fra"}

_QUIET = ("-loglevel", "error")
# A first guess of the gain in dB, about what the offline voice needs; and how near to the target a measured loudness must be, in LU, for
# the gain to be right once it is corrected by what is missing.
_GUESS, _NEAR, _MOST_PASSES = 5.0, 1.0, 4
# Bits a second. A block of AAC-LC holds 6,144 bits a channel at most, which is 96,000 a second at 16 kHz.
_BITS, _FEWER_BITS = "96k", "64k"


def make_video(
    slides: Sequence[Path], narration: Narration, captions: Sequence[Caption], out: Path,
    *, title: str, language: str, chapters: Sequence[str], mark: Mark, opening: Opening | None = None, motion: Motion = NO_MOTION,
    constant: bool = False, timeout: timedelta = ffmpeg.TIMEOUT,
) -> Path:
    """Writes the video.

    Args:
        slides: one picture per slide of the narration, all in one format.
        narration: the audio and the times.
        captions: the subtitles, as `captions_of` makes them.
        out: the MP4 file; it appears under this name only when it is whole.
        title: the title in the file's metadata.
        language: the language of sound and subtitles.
        chapters: a name per slide.
        mark: what the file says of its origin.
        opening: a clip that is the picture until its end; the first slide follows it.
        motion: pictures that stand for one frame each at the start of a slide, by its number; left out on a slide that
            does not stand four times as long.
        constant: code all 25 frames of each second, for players and programs that want a constant rate. It takes about ten times as long.
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
        _picture(slides, narration if opening is None else opening.rest_of(narration), motion, work, timeout, constant=constant)
        if opening is not None:
            opening.put_before(work / "video.mp4", slides[0], timeout)
        _sound(narration, work, timeout)
        (work / "captions.ass").write_text(to_ass(captions), encoding="utf-8")
        about = _metadata(title, mark.description, language, chapters, narration.slides)
        (work / "chapters.txt").write_text(about, encoding="utf-8")
        _mux(work, ISO_639_2[language], bool(captions), timeout)
        append_mark(work / "out.mp4", mark)
        (work / "out.mp4").replace(out)
    return out


def _picture(slides: Sequence[Path], narration: Narration, motion: Motion, work: Path, timeout: timedelta, *, constant: bool) -> None:
    lines = ["ffconcat version 1.0"]
    size = format_of(slides[0]).size
    builds: list[int] = []
    alike = _alike([*slides, *(picture for pictures in motion.values() for picture in pictures)])
    for number, (slide, span) in enumerate(zip(slides, narration.slides, strict=True)):
        moving = motion.get(number, ())
        moving = moving if len(moving) * 4 <= span.frames else ()
        builds.append(len(moving))
        stands = [(f"{number:03d}_{frame:02d}.png", picture, 1) for frame, picture in enumerate(moving)]
        for name, picture, frames in (*stands, (f"{number:03d}.png", slide, span.frames - len(moving))):
            _put(picture, work / name, size, as_it_is=alike)
            lines += [f"file {name}", f"duration {frames / FRAMES_PER_SECOND:.3f}"]
    # The concat reader drops the duration of the last entry, so it is named once more.
    lines.append(lines[-2])
    (work / "list.txt").write_text("\n".join(lines) + "\n", encoding="ascii")
    # Converted once per picture, before frames are repeated.
    chosen = f"{ffmpeg.TO_VIDEO},fps={FRAMES_PER_SECOND}"
    if not constant:
        chosen += f",select='{_chosen(narration.slides, builds)}'"
    (work / "filter.txt").write_text(chosen, encoding="ascii")
    starts = ",".join(f"{span.start.total_seconds():.3f}" for span in narration.slides)
    ffmpeg.run(
        [
            *_QUIET, "-f", "concat", "-safe", "0", "-i", "list.txt", "-map", "0:v", "-/filter:v", "filter.txt",
            "-fps_mode", "vfr", "-video_track_timescale", "25000", "-force_key_frames", starts,
            *ffmpeg.X264, *ffmpeg.STILL, "-t", f"{narration.total.total_seconds():.3f}",
            "video.mp4",
        ],
        folder=work, what="the picture track", timeout=timeout, length=narration.total,
    )


def _alike(pictures: Sequence[Path]) -> bool:
    """Whether all are PNG files of one pixel format that has a red, a green and a blue channel."""
    from PIL import Image, UnidentifiedImageError

    found = set()
    for path in pictures:
        try:
            with Image.open(path) as image:
                found.add((image.format, image.mode))
        except (OSError, UnidentifiedImageError) as error:
            raise RenderError(f"{path.name} cannot be read as a picture: {error}") from error
    return len(found) == 1 and found <= {("PNG", "RGB"), ("PNG", "RGBA")}


def _put(source: Path, target: Path, size: tuple[int, int], *, as_it_is: bool) -> None:
    """A copy, in RGB if not all are alike. Pictures of different pixel formats in one run make ffmpeg lose frames or hang."""
    from PIL import Image

    try:
        with Image.open(source) as image:
            if image.size != size:
                raise RenderError(f"{source.name} has {image.width} by {image.height} pixels, not {size[0]} by {size[1]}")
            if as_it_is:
                target.write_bytes(source.read_bytes())
            else:
                image.convert("RGB").save(target, "PNG", compress_level=1)
    except OSError as error:
        raise RenderError(f"{source.name} cannot be read as a picture: {error}") from error


def _chosen(slides: Sequence[Span], builds: Sequence[int]) -> str:
    """The frames to code, as ffmpeg's `select` wants them: slide starts, one a second, all that move, and the last two.

    The last two are there because a muxer that copies streams stretches the last frame by the one before it.
    """
    terms = []
    for span, moving in zip(slides, builds, strict=True):
        start, end = span.start // FRAME, span.end // FRAME
        terms.append(f"between(n,{start},{end - 1})*not(mod(n-{start},{FRAMES_PER_SECOND}))")
        if moving:  # the slide itself, too, at once: not only at the next full second
            terms.append(f"between(n,{start + 1},{start + moving})*mod(n-{start},{FRAMES_PER_SECOND})")
    last = slides[-1].end // FRAME
    return ffmpeg.any_of([*terms, f"between(n,{last - 2},{last - 1})"])


def sound_rate(narration: Narration) -> int:
    """The rate of the sound track in Hz: that of the voice, or the next one that AAC has.

    A higher rate carries nothing that the voice has not, and takes twice the time to encode.

    Raises:
        SpeechError: the audio of the narration cannot be read.
    """
    try:
        with wave.open(str(narration.audio), "rb") as sound:
            rate = sound.getframerate()
    except (OSError, EOFError, wave.Error) as error:
        raise SpeechError(f"the narration {narration.audio.name} cannot be read: {error}") from error
    return next((known for known in RATES if known >= rate), RATES[-1])


def _sound(narration: Narration, work: Path, timeout: timedelta) -> None:
    """The narration at the target loudness, mono AAC."""
    source, rate = str(narration.audio.absolute()), sound_rate(narration)
    gain = _gain(source, rate, work, timeout)
    ffmpeg.run(
        [
            *_QUIET, "-i", source, "-af", _levelled(gain, rate), "-ac", "1", "-c:a", "aac", "-aac_coder", "fast",
            "-b:a", _BITS if rate > RATES[0] else _FEWER_BITS, "-threads", "1",
            "-fflags", "+bitexact", "-flags:a", "+bitexact", "audio.m4a",
        ],
        folder=work, what="the sound track", timeout=timeout, length=narration.total,
    )


def _gain(source: str, rate: int, work: Path, timeout: timedelta) -> float:
    """The gain in dB at which the limited sound has the target loudness.

    The limiter takes from the loudness what it takes from the peaks, so what is measured is the limited sound, from a gain that is near;
    once the target is near as well, what is missing in loudness is missing in gain.
    """
    gain = _GUESS
    for _ in range(_MOST_PASSES):
        report = ffmpeg.run(
            ["-i", source, "-af", f"{_levelled(gain, rate)},ebur128=framelog=quiet", "-f", "null", "-"],
            folder=work, what="the loudness of the narration", timeout=timeout,
        )
        missing = LOUDNESS - loudness(report)
        gain += missing
        if abs(missing) <= _NEAR:
            break
    return gain


def _levelled(gain: float, rate: int) -> str:
    return f"volume={gain:.2f}dB,aresample={rate},alimiter=limit=0.84:level=false"


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


def _metadata(title: str, comment: str, language: str, chapters: Sequence[str], slides: Sequence[Span]) -> str:
    # Players show the comment; programs read the mark.
    lines = [";FFMETADATA1", f"title={_escaped(title)}", f"comment={_escaped(comment)}", f"language={ISO_639_2[language]}"]
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
            # Fine enough for frames and for milliseconds. Left alone, ffmpeg takes a common multiple of all tracks, and with 22,050 Hz
            # the times of the chapters grow too large for their track, which it then leaves out, without a word and with success.
            "-movie_timescale", "25000", "-movflags", "+faststart", "-fflags", "+bitexact", "out.mp4",
        ],
        folder=work, what="the finished file", timeout=timeout,
    )
