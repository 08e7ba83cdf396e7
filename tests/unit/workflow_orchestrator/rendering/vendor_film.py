"""A small film whose opening a vendor films: two plain slides, a script of a title and a notice, and a clip of a test picture."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import rendering_sample as sample
from PIL import Image, ImageDraw

from workflow_orchestrator.rendering import VideoJob
from workflow_orchestrator.rendering.ffmpeg import binary
from workflow_orchestrator.rendering.formats import FORMATS
from workflow_orchestrator.script.model import Segment, Sentence, SlideKind

FLOOR = FORMATS["landscape"].floor


def slide(path: Path, colour: tuple[int, int, int]) -> Path:
    """A plain slide with a strip of its own colour where the warning stands."""
    picture = Image.new("RGB", (1920, 1080), colour)
    ImageDraw.Draw(picture).rectangle((0, FLOOR, 1920, 1080), fill=(250, 250, 250))
    picture.save(path)
    return path


def job(folder: Path, *, title: str = "Alder Fund", more: tuple[str, ...] = ()) -> VideoJob:
    """The job: what is made of it does not depend on the machine."""
    folder.mkdir(parents=True, exist_ok=True)
    sentences = tuple(Sentence(text, text) for text in ("Here is the factsheet of Alder.", *more))
    segments = (
        Segment("title", SlideKind.TITLE, "Alder", sentences),
        Segment("facts", SlideKind.TEXT, "Facts", (Sentence("It is a fund.", "It is a fund."),)),
    )
    script = replace(sample.script("en"), title=title, segments=segments)
    slides = (slide(folder / "1.png", (200, 30, 30)), slide(folder / "2.png", (30, 30, 200)))
    return VideoJob(script, slides, "espeak", title, "en")


def clip(path: Path, length: timedelta, size: str = "640x360", *, noise: int = 0) -> bytes:
    """A vendor's clip: green, with noise where it shall be large, 30 frames a second, with a sound of its own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    seconds = length.total_seconds()
    picture = f"color=c=0x20C040:s={size}:r=30:d={seconds},noise=alls={noise}:allf=t"
    subprocess.run(
        [
            binary(), "-v", "error", "-y", "-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", f"sine=d={seconds}",
            "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p",
            "-movflags", "+faststart", str(path),
        ],
        check=True, timeout=60,
    )  # fmt: skip
    return path.read_bytes()


def colour_at(video: Path, moment: timedelta, place: tuple[int, int]) -> tuple[int, int, int]:
    """The colour of a pixel of a film."""
    shown = video.with_name(f"frame-{moment.total_seconds():.2f}.png")
    subprocess.run(
        [binary(), "-v", "error", "-y", "-ss", f"{moment.total_seconds():.3f}", "-i", str(video), "-frames:v", "1", str(shown)],
        check=True, timeout=60,
    )  # fmt: skip
    with Image.open(shown) as picture:
        red, green, blue = picture.convert("RGB").resize((192, 108)).getpixel((place[0] // 10, place[1] // 10))
    return red, green, blue


def near(one: tuple[int, int, int], other: tuple[int, int, int]) -> bool:
    """Whether two colours are the same to the eye."""
    return max(abs(a - b) for a, b in zip(one, other, strict=True)) < 25
