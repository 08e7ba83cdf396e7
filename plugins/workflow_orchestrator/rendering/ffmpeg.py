"""Runs ffmpeg as a process of its own, with a time limit, and turns what goes wrong into an `EncoderError`.

ffmpeg comes with the wheel of `imageio-ffmpeg`. Its exit status alone proves nothing (see `probe`), and some inputs
make it wait for ever, so no run is without a limit.
"""

from __future__ import annotations

import errno
import os
import re
import selectors
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import lru_cache
from pathlib import Path

from workflow_orchestrator import progress
from workflow_orchestrator.errors import EncoderError

TIMEOUT = timedelta(minutes=10)
TO_VIDEO = (
    "scale=in_range=full:out_range=tv:out_color_matrix=bt709:flags=accurate_rnd+full_chroma_int,format=yuv420p"
)
"""From RGB to the encoder's colours; without the matrix brand colours shift."""
X264 = (
    "-c:v", "libx264", "-preset", "veryfast", "-tune", "stillimage", "-crf", "20", "-g", "300", "-bf", "0",
    "-profile:v", "high", "-threads", "1", "-filter_threads", "1",
    "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv",
    "-fflags", "+bitexact", "-flags:v", "+bitexact",
)  # fmt: skip
"""How every picture track is encoded: tracks that are put behind one another share one head."""
STILL = ("-x264-params", "subme=0:mbtree=0")
"""Besides, for pictures that stand still: nothing moves by parts of a pixel, and a slide is as sharp at its start as at its end.

A third less time and memory at the same similarity (SSIM); the head of the track stays the same."""
_TAIL = 1500
_TIME = re.compile(rb"^out_time_us=(\d+)$", re.MULTILINE)


def run(
    arguments: Sequence[str], *, folder: Path, what: str, timeout: timedelta = TIMEOUT, length: timedelta | None = None
) -> str:
    """Runs ffmpeg in a folder and returns what it wrote to standard error.

    Args:
        arguments: everything after the name of the program.
        folder: the working directory; relative file names start there.
        what: the purpose, for messages: "the picture track".
        timeout: how long it may take.
        length: how long what is written lasts; with it, progress is told in seconds of the film.

    Raises:
        EncoderError: ffmpeg cannot be started, failed or took too long.
    """
    command = [binary(), "-hide_banner", "-nostdin", "-y", *arguments]
    try:
        if length is None:
            done = subprocess.run(
                command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                timeout=timeout.total_seconds(), check=False,
            )  # fmt: skip
        else:
            done = _watched(command, folder, what, timeout, length)
    except subprocess.TimeoutExpired as error:
        raise EncoderError(
            f"ffmpeg did not finish {what} within {timeout} and was stopped; try again, or raise the limit if the "
            f"machine is slow. Its last words: {_tail(error.stderr)}"
        ) from error
    except OSError as error:
        raise EncoderError(f"ffmpeg cannot be started for {what}: {error}") from error
    if done.returncode < 0:
        raise EncoderError(
            f"ffmpeg was ended from outside at {what}, by signal {-done.returncode}; try again, and look whether the machine ran out of "
            "memory",
            code=done.returncode,
        )
    if done.returncode != 0:
        raise EncoderError(
            f"ffmpeg failed at {what} with code {done.returncode}: {_tail(done.stderr)}", code=done.returncode
        )
    return done.stderr.decode("utf-8", "replace")


def _watched(
    command: list[str], folder: Path, what: str, timeout: timedelta, length: timedelta
) -> subprocess.CompletedProcess[bytes]:
    """Like `subprocess.run`, and tells how far it is. Its words go to a file, so that they cannot fill a pipe that nobody empties."""
    asked = [command[0], "-progress", "pipe:1", "-nostats", *command[1:]]
    going = progress.Progress(what, round(length.total_seconds()))
    with tempfile.TemporaryFile() as words:
        with subprocess.Popen(asked, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=words) as child:
            try:
                for seconds in _times(child, timeout):
                    going.at(seconds)
                child.wait(timeout.total_seconds())
            except BaseException as error:
                child.kill()
                if isinstance(error, subprocess.TimeoutExpired):
                    words.seek(0)
                    error.stderr = words.read()
                raise
        words.seek(0)
        done = subprocess.CompletedProcess(asked, child.returncode, stderr=words.read())
    if done.returncode == 0:
        going.finish()
    return done


def _times(child: subprocess.Popen[bytes], timeout: timedelta) -> Iterator[int]:
    """The whole seconds that are written, as ffmpeg tells them, until it closes its output."""
    if child.stdout is None:
        raise AssertionError("the child is started with a pipe")
    deadline = time.monotonic() + timeout.total_seconds()
    told = b""
    with selectors.DefaultSelector() as selector:
        selector.register(child.stdout, selectors.EVENT_READ)
        while True:
            if not selector.select(max(0.0, deadline - time.monotonic())):
                raise subprocess.TimeoutExpired(child.args, timeout.total_seconds())
            more = os.read(child.stdout.fileno(), 65_536)
            if not more:
                return
            *lines, told = (told + more).split(b"\n")
            times = _TIME.findall(b"\n".join(lines))
            if times:
                yield int(times[-1]) // 1_000_000


@contextmanager
def room_in(folder: Path) -> Iterator[None]:
    """Names a full disk for what it is, whoever of those inside wanted to write.

    Raises:
        EncoderError: the disk is full; a retry can help, on another worker or later.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise EncoderError(f"there is no room left on the disk of {folder} to make the video; free some and try again") from error


def any_of(terms: Sequence[str]) -> str:
    """An expression that holds where one of the terms does.

    Nested by halves: ffmpeg refuses an expression that is deeper than a hundred, and a plain sum is as deep as long.
    """
    if len(terms) == 1:
        return terms[0]
    half = len(terms) // 2
    return f"({any_of(terms[:half])}+{any_of(terms[half:])})"


def _tail(stderr: bytes | None) -> str:
    return (stderr or b"").decode("utf-8", "replace").strip()[-_TAIL:] or "(nothing)"


@lru_cache(maxsize=1)
def binary() -> str:
    """The path of ffmpeg.

    Raises:
        EncoderError: the wheel has no ffmpeg for this machine.
    """
    import imageio_ffmpeg

    try:
        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError as error:
        raise EncoderError(f"imageio-ffmpeg has no ffmpeg for this machine: {error}") from error
