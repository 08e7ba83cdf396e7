"""What a narrated video costs: ours against moviepy and against the bare x264 encode, of the same pictures and the same sound.

    benchmarks/run render                  two rounds, the sides in turns; the least of each counts
    benchmarks/run render --rounds 3       more rounds
    benchmarks/run render --no-peer        without moviepy, which takes about a minute of processor time a round

The content is the script of a sample factsheet with its proven values, in English. Pictures and narration are made once, and every side
encodes the same files:

- `make_video` writes H.264, AAC at -16 LUFS, captions, chapters and the mark, to a file that streams; the part of it that
  measures and encodes the sound is measured on its own as well, because the trial that the goals come from had it ready;
- moviepy shows each picture for as long as its slide stands, at 25 frames a second, with its own defaults, and joins the sound;
- the bare encode gives x264 the very frames that `make_video` codes, as raw pictures, and throws the result away: once with the settings
  of the trial that the goals come from (veryfast, stillimage, crf 20, one thread), once with those of `make_video`, which leave out the
  search for motion by parts of a pixel.

Each side is a process of its own; processor seconds and the most memory are those of the process and of all that it starts. The whole
way is measured likewise: from script and values to slides, PDF, PowerPoint, narration, video and the check of the finished file; once with
still slides, as the trial was, and once with charts that build up, as the workflows have it. Python's byte code is cached, as it is in
an installation.

The last line is JSON with every figure. The exit status is 1 when a goal is missed.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "plugins"), str(ROOT / "benchmarks")]

from planted_scripts import Desk, fields  # noqa: E402 - behind the paths

from workflow_orchestrator.rendering import (  # noqa: E402
    Mark,
    Narration,
    build_deck,
    captions_of,
    check_video,
    ffmpeg,
    get_voice,
    make_video,
    narrate,
    paged,
    render_powerpoint,
    render_slides,
)
from workflow_orchestrator.rendering.motion import render_motion  # noqa: E402
from workflow_orchestrator.script import Script, Wording  # noqa: E402

SAMPLE = "aldermoor_global_equity_en"
THEME = ROOT / "include" / "themes" / "house"
MEBIBYTE = 1 << 20

GOALS = {"moviepy": 40.0, "bare": 1.5, "mebibytes": 250.0, "seconds per second": 25.0}


@dataclass(frozen=True)
class Cost:
    """Processor seconds of a process and all its children, seconds on the clock, and the most memory of one of them."""

    cpu: float
    wall: float
    mebibytes: float


def measured(work: Callable[..., None], *arguments: Any) -> Cost:
    """Does a piece of work in a fresh process."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_measured, args=(there, work, arguments))
    process.start()
    there.close()
    try:
        found: Cost = here.recv()
    except EOFError:
        raise SystemExit(f"{work.__name__} failed; see above") from None
    finally:
        process.join()
    return found


def _measured(pipe: Any, work: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    start = time.monotonic()
    before = _seconds()
    work(*arguments)
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    most = max(own.ru_maxrss, children.ru_maxrss) * 1024 / MEBIBYTE
    pipe.send(Cost(_seconds() - before, time.monotonic() - start, most))


def _seconds() -> float:
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(used.ru_utime + used.ru_stime for used in both)


def script() -> tuple[Script, Any]:
    """The script of the sample, and the values that its slides show."""
    desk = Desk(SAMPLE, "en")
    return desk.good(0).script, desk.values


def prepare(folder: Path) -> None:
    """Slides and narration, for all sides."""
    made, values = script()
    deck = build_deck(made, values, fields(), Wording(fields(), "en").shown)
    render_slides(deck, THEME, folder / "slides")
    narration = narrate(made, get_voice("default"), folder)
    (folder / "narration.json").write_text(json.dumps(narration.to_json()))
    motion = render_motion(deck, THEME, folder / "motion")
    (folder / "motion.json").write_text(json.dumps({n: [p.name for p in paths] for n, paths in motion.items()}))


def material(folder: Path) -> tuple[list[Path], Narration]:
    """What `prepare` made."""
    narration = Narration.from_json(json.loads((folder / "narration.json").read_text()), folder)
    return sorted((folder / "slides").glob("slide_*.png")), narration


def ours(folder: Path, out: Path, motion: bool = False) -> None:
    """Our video of the prepared material."""
    slides, narration = material(folder)
    moving = {
        int(n): tuple(folder / "motion" / name for name in names)
        for n, names in json.loads((folder / "motion.json").read_text()).items()
    }
    chapters = [f"Slide {number}" for number in range(1, len(slides) + 1)]
    make_video(
        slides, narration, captions_of(narration), out, title="Benchmark", language="en", chapters=chapters,
        mark=Mark.of("espeak", "template"), motion=moving if motion else {},
    )


def our_sound(folder: Path) -> None:
    """The sound of our video alone: its loudness, and the encode."""
    from workflow_orchestrator.rendering import video

    video._sound(material(folder)[1], folder, ffmpeg.TIMEOUT)


def moviepy(folder: Path, out: Path) -> None:
    """The same pictures and sound with moviepy, at 25 frames a second and otherwise as it comes."""
    from moviepy import AudioFileClip, ImageClip, concatenate_videoclips

    slides, narration = material(folder)
    clips = [
        ImageClip(str(slide)).with_duration((span.end - span.start).total_seconds())
        for slide, span in zip(slides, narration.slides, strict=True)
    ]
    film = concatenate_videoclips(clips).with_audio(AudioFileClip(str(narration.audio)))
    film.write_videofile(str(out), fps=25, logger=None, temp_audiofile=str(out.with_suffix(".m4a")), audio_codec="aac")


def raw_frames(folder: Path, video: Path) -> None:
    """The frames that our video codes, decoded: what a bare encode of the same pictures is given."""
    ffmpeg.run(
        ["-loglevel", "error", "-i", str(video), "-an", "-sn", "-fps_mode", "passthrough", "-f", "yuv4mpegpipe", "frames.y4m"],
        folder=folder, what="the raw frames",
    )


def bare(folder: Path, *settings: str) -> None:
    """x264 on raw frames, to nowhere."""
    subprocess.run(
        [
            ffmpeg.binary(), "-hide_banner", "-nostdin", "-loglevel", "error", "-i", "frames.y4m",
            *ffmpeg.X264, *settings, "-f", "null", "-",
        ],
        cwd=folder, check=True, timeout=600,
    )


def whole_way(folder: Path, motion: bool = False) -> None:
    """From script and values to a checked video, with everything that a run makes."""
    made, values = script()
    deck = build_deck(made, values, fields(), Wording(fields(), "en").shown)
    slides = render_slides(deck, THEME, folder / "slides")
    render_powerpoint(deck, made, THEME, folder / "slides.pptx")
    narration = narrate(made, get_voice("default"), folder)
    chapters = [segment.heading for segment in paged(made).segments]
    video = make_video(
        slides, narration, captions_of(narration), folder / "video.mp4", title=made.title, language="en",
        chapters=chapters, mark=Mark.of("espeak", made.writer),
        motion=render_motion(deck, THEME, folder / "motion") if motion else {},
    )
    check_video(video, narration, slides)


def least(costs: list[Cost]) -> Cost:
    """The least of each figure of time, and the most memory."""
    return Cost(min(c.cpu for c in costs), min(c.wall for c in costs), max(c.mebibytes for c in costs))


def sides(folder: Path, rounds: int, *, peer: bool) -> dict[str, Cost]:
    """What each side costs; they take turns."""
    found: dict[str, list[Cost]] = {}
    for number in range(rounds):
        found.setdefault("ours", []).append(measured(ours, folder, folder / "ours.mp4"))
        if number == 0:
            raw_frames(folder, folder / "ours.mp4")
        found.setdefault("ours, charts build up", []).append(measured(ours, folder, folder / "moving.mp4", True))
        found.setdefault("ours, the sound of it", []).append(measured(our_sound, folder))
        found.setdefault("bare x264, same frames", []).append(measured(bare, folder))
        found.setdefault("bare x264, our settings", []).append(measured(bare, folder, *ffmpeg.STILL))
        if peer:
            found.setdefault("moviepy", []).append(measured(moviepy, folder, folder / "moviepy.mp4"))
        for name, motion in (("whole way, checked", False), ("whole way, charts build up", True)):
            way = folder / f"way_{number}_{motion}"
            way.mkdir(exist_ok=True)
            found.setdefault(name, []).append(measured(whole_way, way, motion))
    return {name: least(costs) for name, costs in found.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=2, help="how often each side works")
    parser.add_argument("--no-peer", action="store_true", help="leave moviepy out")
    parser.add_argument("--folder", type=Path, help="where to work, and to keep what was made")
    asked = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with contextlib.ExitStack() as stack:
        folder = asked.folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        measured(prepare, folder)
        slides, narration = material(folder)
        costs = sides(folder, asked.rounds, peer=not asked.no_peer)
        made = (folder / name for name in ("ours.mp4", "moving.mp4", "moviepy.mp4"))
        sizes = {path.name: path.stat().st_size for path in made if path.exists()}
    return report(len(slides), narration.total, costs, sizes)


def report(slides: int, length: timedelta, costs: dict[str, Cost], sizes: dict[str, int]) -> int:
    """Prints the tables and says whether the goals are met.

    They are held against the whole of `make_video`. Beside them stand the figures without its sound: the trial that the goals come from had
    the sound ready.
    """
    own, way, bare_cost = costs["ours"], costs["whole way, checked"], costs["bare x264, same frames"].cpu
    silent = own.cpu - costs["ours, the sound of it"].cpu
    print(f"{slides} slides, {length.total_seconds():.1f} s of video, 1920 by 1080\n")
    print("| | processor s | wall s | times ours | most memory, MiB |\n|---|---|---|---|---|")
    for name, cost in costs.items():
        print(f"| {name} | {cost.cpu:.2f} | {cost.wall:.1f} | {cost.cpu / own.cpu:.2f} | {cost.mebibytes:.0f} |")
    found = {
        "bare": own.cpu / bare_cost,
        "mebibytes": max(own.mebibytes, way.mebibytes),
        "seconds per second": length.total_seconds() / way.cpu,
    }
    ready = {"bare": silent / bare_cost}
    if "moviepy" in costs:
        found["moviepy"], ready["moviepy"] = costs["moviepy"].cpu / own.cpu, costs["moviepy"].cpu / silent
    at_most = ("bare", "mebibytes")
    missed = [name for name, value in found.items() if (value > GOALS[name]) == (name in at_most)]
    print("\n| | found | goal | with the sound ready |\n|---|---|---|---|")
    for name, value in found.items():
        goal = f"{'≤' if name in at_most else '≥'} {GOALS[name]:g}"
        beside = f"{ready[name]:.2f}" if name in ready else ""
        print(f"| {name} | {value:.2f}{' (missed)' if name in missed else ''} | {goal} | {beside} |")
    print("\n" + json.dumps({
        "slides": slides, "seconds": length.total_seconds(), "found": found, "sound ready": ready, "missed": missed,
        "bytes": sizes, "costs": {name: asdict(cost) for name, cost in costs.items()},
    }))  # fmt: skip
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
