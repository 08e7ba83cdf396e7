"""An encoder that is missing, ended from outside or out of room, and a full disk: named, worth a retry, and nothing is left."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import vendor_film as small

from workflow_orchestrator import progress
from workflow_orchestrator.errors import EncoderError
from workflow_orchestrator.rendering import LocalProvider, ffmpeg

FULL = Path("/dev/full")


@pytest.fixture
def found_anew() -> Iterator[None]:
    """The program is looked for again, before and after."""
    ffmpeg.binary.cache_clear()
    yield
    ffmpeg.binary.cache_clear()


def stands_in(monkeypatch: pytest.MonkeyPatch, path: Path, script: str | None) -> None:
    """The program that imageio-ffmpeg would name."""
    if script is not None:
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(path))


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (None, "cannot be started for a test"),
        ("kill -9 $$", "ended from outside at a test, by signal 9"),
        ("echo 'No space left on device' >&2; exit 1", "failed at a test with code 1: No space left on device"),
    ],
)
def test_an_encoder_that_is_missing_or_ended_is_told(
    script: str | None, words: str, found_anew: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """By what it was doing; another try may have more luck."""
    stands_in(monkeypatch, tmp_path / "ffmpeg", script)
    with pytest.raises(EncoderError, match=words) as caught:
        ffmpeg.run(["-version"], folder=tmp_path, what="a test")
    assert caught.value.retryable


def test_a_wheel_without_ffmpeg_is_told(found_anew: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine for which there is none."""
    import imageio_ffmpeg

    def none() -> str:
        raise RuntimeError("No ffmpeg exe could be found.")

    monkeypatch.setattr(imageio_ffmpeg, "get_ffmpeg_exe", none)
    with pytest.raises(EncoderError, match="no ffmpeg for this machine"):
        ffmpeg.run(["-version"], folder=tmp_path, what="a test")


def test_an_encoder_tells_how_far_it_is(tmp_path: Path) -> None:
    """The seconds of the film that are written, to its end."""
    heard: list[progress.Report] = []
    with progress.heard_by(heard.append):
        ffmpeg.run(
            ["-f", "lavfi", "-i", "testsrc=d=7:s=64x64", "-f", "null", "-"],
            folder=tmp_path, what="a test", length=timedelta(seconds=7),
        )  # fmt: skip
    assert [(report.work, report.done, report.total) for report in (heard[0], heard[-1])] == [("a test", 0, 7), ("a test", 7, 7)]


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("kill -9 $$", "ended from outside at a test, by signal 9"),
        ("echo out_time_us=2000000; echo 'No space left on device' >&2; exit 1", "failed at a test with code 1: No space left on device"),
        ("echo working >&2; exec sleep 60", r"(?s)did not finish a test within 0:00:01.*working"),
        ("exec >&-; echo stuck >&2; exec sleep 60", r"(?s)did not finish a test within 0:00:01.*stuck"),
    ],
)
def test_a_watched_encoder_that_ends_badly_is_told(
    script: str, words: str, found_anew: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As without progress: what it was doing, and its last words; no 100 per cent, and one that hangs is ended."""
    stands_in(monkeypatch, tmp_path / "ffmpeg", script)
    heard: list[progress.Report] = []
    with progress.heard_by(heard.append), pytest.raises(EncoderError, match=words) as caught:
        ffmpeg.run(["-version"], folder=tmp_path, what="a test", timeout=timedelta(seconds=1), length=timedelta(seconds=9))
    assert caught.value.retryable
    assert max(report.done for report in heard) < 9


@pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
def test_an_encoder_without_room_is_told(tmp_path: Path) -> None:
    """The real one, on a device that is full."""
    with pytest.raises(EncoderError, match=r"(?s)at a test.*No space left"):
        ffmpeg.run(
            ["-v", "error", "-f", "lavfi", "-i", "testsrc=d=1", "-f", "rawvideo", str(FULL)],
            folder=tmp_path,
            what="a test",
        )


@pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_named(tmp_path: Path) -> None:
    """Whoever finds out; no job counts as done."""

    class NoRoom:
        name = "no room"

        def synthesise(self, text: str, language: str, out: Path) -> None:
            FULL.write_bytes(b"x" * 100_000)

    job = small.job(tmp_path / "slides")
    with pytest.raises(EncoderError, match="no room left on the disk") as caught:
        LocalProvider(lambda _: NoRoom()).start(job, idempotency_key="k", work=tmp_path / "work")
    assert caught.value.retryable
    assert [path for path in (tmp_path / "work").rglob("*") if path.is_file()] == []
    voice_works = LocalProvider().start(job, idempotency_key="k", work=tmp_path / "work")
    assert LocalProvider().status(voice_works).finished
