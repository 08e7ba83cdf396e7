"""Tesseract as a program: finds it, starts a pass over a picture, reads its words with their boxes.

It is called as a program and not through a package of Python: its answer is one XHTML page that the standard library reads, and a
process of its own can be limited and killed. It never meets a byte of the document, only grey levels that pdfium drew. Runs only
inside the reading process, and dies with it.
"""

from __future__ import annotations

import ctypes
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

from workflow_orchestrator.values import Box

_PASS_SECONDS = 30  # of processor time; a dense page takes 5
_PR_SET_PDEATHSIG = 1
_SPAN = "{http://www.w3.org/1999/xhtml}span"
_BASELINE = re.compile(r"baseline ([-\d.]+) ([-\d.]+)")
_BOX = re.compile(r"bbox (\d+) (\d+) (\d+) (\d+)")
_HEIGHT = re.compile(r"x_size ([\d.]+)")
_CONFIDENCE = re.compile(r"x_wconf (\d+)")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_SMALLER_THAN_FONT = 0.93  # of the font size: from the top of a capital to the bottom of a "g"
_POINTS = 72  # to the inch
# Heights of common fonts, of the font size: capitals and digits, small letters, what hangs below the baseline.
_CAPITAL, _SMALL, _BELOW, _BELOW_COMMA = 0.72, 0.53, 0.2, 0.12
_TALLER = 1.3
_FOOT = 0.15  # of the font size: how far a baseline may be from the foot of the ink
_TALL = re.compile(r"[A-Z0-9bdfhklßt()\[\]{}|%$€£&/]|[ÄÖÜÀ-ß]")
_LETTER = re.compile(r"[^\W\d_]")
_DEEP = re.compile(r"[gjpqyç()\[\]{}|/@$Q]")


@dataclass(frozen=True, slots=True)
class OcrWord:
    """A recognised word.

    Args:
        text: its characters.
        box: around its ink, in points from the bottom left corner of the picture.
        baseline: where its letters stand, in points from the bottom.
        size: the font size of its line in points, as far as heights tell it.
        confidence: what tesseract thinks of it, 0 to 100.
        line: counts the lines of a pass.
    """

    text: str
    box: Box
    baseline: float
    size: float
    confidence: int
    line: int


class PassFailed(Exception):
    """A pass over a picture ended without an answer; the message says why."""


class _TooFewLetters(PassFailed):
    """There is too little on the picture to tell which way up it is: tesseract takes that for an error of its own."""


@dataclass(frozen=True, slots=True)
class Tesseract:
    """An installed tesseract: its path, its version, the languages that it has data for (`eng`, `deu`, …)."""

    path: str
    version: str
    languages: frozenset[str]

    @classmethod
    def find(cls) -> Tesseract | None:
        """The program on the PATH; `None` when there is none that answers."""
        path = shutil.which("tesseract")
        if path is None:
            return None
        try:
            version = _ask(path, "--version").split(maxsplit=2)[1]
            languages = _ask(path, "--list-langs").splitlines()[1:]
        except (OSError, subprocess.SubprocessError, IndexError):
            return None
        return cls(path, version, frozenset(name.strip() for name in languages))

    def words(self, passes: Sequence[Pass], seconds: float) -> list[list[OcrWord]]:
        """The words of each pass; all passes run side by side.

        Args:
            passes: what is to be read, and how.
            seconds: how long they may take together.

        Raises:
            PassFailed: a pass took more processor time or memory than it may, or the program failed.
            TimeoutError: `seconds` are over; nothing goes on running.
        """
        answers = self._run([(one, ("-c", "tessedit_create_hocr=1")) for one in passes], seconds)
        return [list(_words(answer, one)) for answer, one in zip(answers, passes, strict=True)]

    def turn(self, picture: Any, dpi: int, seconds: float) -> int:
        """By how many degrees, clockwise, the picture must be turned to stand upright: 0, 90, 180 or 270.

        Raises:
            PassFailed, TimeoutError: as of `words`.
        """
        if "osd" not in self.languages:
            return 0
        try:
            (answer,) = self._run([(Pass(picture, dpi, 0, "osd"), ())], seconds)
        except _TooFewLetters:
            return 0
        told = dict(line.split(":", 1) for line in answer.decode("utf-8", "replace").splitlines() if ":" in line)
        sure = float(told.get("Orientation confidence", 0))
        return int(told.get("Rotate", 0)) if sure >= _SURE_OF_TURN else 0

    def _run(self, asked: Sequence[tuple[Pass, tuple[str, ...]]], seconds: float) -> list[bytes]:
        running: list[_Running] = []
        try:
            running.extend(self._start(one, options) for one, options in asked)
            end = time.monotonic() + seconds
            return [_answer(one, end - time.monotonic()) for one in running]
        finally:
            for one in running:
                if one.process.poll() is None:
                    one.process.kill()
                    one.process.wait()
                os.close(one.out)
                os.close(one.complaints)

    def _start(self, one: Pass, options: Sequence[str]) -> _Running:
        # Files in memory and no pipes: several passes can be started and waited for without a thread.
        source, out, complaints = (os.memfd_create(name) for name in ("picture", "words", "complaints"))
        try:
            with os.fdopen(os.dup(source), "wb") as file:
                file.write(b"P5 %d %d 255\n" % one.picture.size)
                file.write(one.picture.tobytes())
            os.lseek(source, 0, os.SEEK_SET)
            command = [self.path, "stdin", "stdout", "--psm", str(one.layout), "-l", one.language, "--dpi", str(one.dpi)]
            process = subprocess.Popen(
                [*command, *options],
                stdin=source,
                stdout=out,
                stderr=complaints,
                env=_environment(),
                preexec_fn=_limit_pass,  # noqa: PLW1509 - the reading process has one thread
            )
        except BaseException:
            os.close(out)
            os.close(complaints)
            raise
        finally:
            os.close(source)
        return _Running(process, out, complaints)


@dataclass(frozen=True, slots=True)
class Pass:
    """One pass: a grey picture (Pillow, mode L), its dots per inch, tesseract's layout mode (`--psm`), its language."""

    picture: Any
    dpi: int
    layout: int
    language: str


@dataclass(frozen=True, slots=True)
class _Running:
    """A pass under way, and the files in memory that get its answer and what it complains about."""

    process: subprocess.Popen[bytes]
    out: int
    complaints: int


_TOO_FEW = "Too few characters"
_MOST_COMPLAINTS = 4096  # bytes
_SURE_OF_TURN = 2.0  # tesseract's own scale; below, it guesses


def _ask(path: str, question: str) -> str:
    done = subprocess.run([path, question], env=_environment(), capture_output=True, text=True, timeout=10, check=True)
    return done.stdout or done.stderr


def _environment() -> dict[str, str]:
    passed = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "TESSDATA_PREFIX") if name in os.environ}
    # Without this, tesseract takes four threads for what one does as fast.
    return {**passed, "OMP_THREAD_LIMIT": "1", "LC_ALL": "C.UTF-8"}


def _limit_pass() -> None:
    """In the new process, before it becomes tesseract. The limits of memory and of core files are the parent's."""
    resource.setrlimit(resource.RLIMIT_CPU, (_PASS_SECONDS, _PASS_SECONDS + 1))
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _answer(one: _Running, seconds: float) -> bytes:
    try:
        code = one.process.wait(max(0.0, seconds))
    except subprocess.TimeoutExpired:
        raise TimeoutError from None
    if code == -signal.SIGXCPU:
        raise PassFailed(f"tesseract takes more than {_PASS_SECONDS} seconds of processor time")
    if code:
        complaints = os.pread(one.complaints, _MOST_COMPLAINTS, 0).decode("utf-8", "replace")
        kind = _TooFewLetters if code > 0 and _TOO_FEW in complaints else PassFailed
        raise kind(f"tesseract ended with {code}")
    return os.pread(one.out, os.lseek(one.out, 0, os.SEEK_END), 0)


def _words(answer: bytes, one: Pass) -> Iterator[OcrWord]:
    """The words of an hOCR page, in tesseract's reading order.

    Format: http://kba.github.io/hocr-spec/1.2/ (`baseline`: slope, and height over the bottom left corner of the line's box).
    """
    scale, height = _POINTS / one.dpi, one.picture.size[1]
    number = -1
    try:
        page = ElementTree.fromstring(_CONTROL.sub("", answer.decode("utf-8", "replace")))
    except ElementTree.ParseError as error:
        raise PassFailed(f"tesseract's answer is broken: {error}") from error
    for line in page.iter(_SPAN):
        says = line.get("title", "")
        tall, around = _HEIGHT.search(says), _BOX.search(says)
        if line.get("class") == "ocrx_word" or not tall or not around:
            continue
        number += 1
        base = _BASELINE.search(says)
        slope, offset = (float(base[1]), float(base[2])) if base else (0.0, 0.0)
        for word in line.iter(_SPAN):
            text, found = "".join(word.itertext()).strip(), _BOX.search(word.get("title", ""))
            if word.get("class") != "ocrx_word" or not text or not found:
                continue
            left, top, right, bottom = (int(edge) for edge in found.groups())
            foot = int(around[4]) + offset + slope * ((left + right) / 2 - int(around[1]))
            sure = _CONFIDENCE.search(word.get("title", ""))
            box = Box(left * scale, (height - bottom) * scale, right * scale, (height - top) * scale)
            baseline, size = standing(text, box, (height - foot) * scale, float(tall[1]) * scale / _SMALLER_THAN_FONT)
            yield OcrWord(
                text,
                box,
                baseline=baseline,
                size=round(size, 2),
                confidence=int(sure[1]) if sure else 0,
                line=number,
            )


def standing(text: str, box: Box, baseline: float, size: float) -> tuple[float, float]:
    """Baseline and font size of a word: those of its line if its ink allows them, else as its own ink has them.

    Tesseract joins rows that stand close, and then gives the upper one the baseline of the lower.
    """
    tall, deep = _CAPITAL if _TALL.search(text) else _SMALL if _LETTER.search(text) else 0.0, _depth(text)
    if not tall:
        return baseline, size
    own = (box.top - box.bottom) / (tall + deep)
    # A line of a table that touches the word makes its ink taller, and nothing makes it lower.
    size = own if own < size / _TALLER else size
    foot = box.bottom + deep * size
    highest = box.top - tall * size if own > _TALLER * size else foot
    fits = foot - _FOOT * size < baseline < highest + _FOOT * size
    return (baseline if fits else foot), size


def _depth(text: str) -> float:
    """How far the characters reach below the baseline, in font sizes."""
    return _BELOW if _DEEP.search(text) else _BELOW_COMMA if "," in text or ";" in text else 0.0
