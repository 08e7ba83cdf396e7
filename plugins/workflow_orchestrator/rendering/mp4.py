"""Reads facts out of an MP4 file: its boxes after ISO/IEC 14496-12, no more than the checks of a video need.

    ftyp  moov ─┬ mvhd   duration                          mdat
                ├ trak ─ mdia ─┬ mdhd  language, duration
                │              ├ hdlr  vide, soun, sbtl, text
                │              └ minf ─ stbl ─ stsd codec · stts times · stss key frames
                └ udta ─ chpl  chapters
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import accumulate
from pathlib import Path
from typing import Any

from workflow_orchestrator.errors import VideoCheckError


@dataclass(frozen=True, slots=True)
class Track:
    """One track. `times` are the starts of its samples.

    `width` and `height` are 0 for all but pictures, `rate` and `channels` for all but sound.
    """

    kind: str
    codec: str
    language: str
    duration: timedelta
    times: tuple[timedelta, ...]
    keys: tuple[timedelta, ...] = ()
    profile: str = ""
    width: int = 0
    height: int = 0
    rate: int = 0
    channels: int = 0
    reordered: bool = False

    @property
    def longest_hold(self) -> timedelta:
        """The longest time that one sample stands."""
        ends = (*self.times[1:], self.duration)
        return max((end - start for start, end in zip(self.times, ends, strict=True)), default=timedelta(0))


@dataclass(frozen=True, slots=True)
class Chapter:
    """A named start."""

    title: str
    start: timedelta


@dataclass(frozen=True, slots=True)
class VideoFacts:
    """What an MP4 file is. `loudness` is in LUFS, None where nobody measured it."""

    size: int
    faststart: bool
    duration: timedelta
    tracks: tuple[Track, ...]
    chapters: tuple[Chapter, ...]
    title: str = ""
    loudness: float | None = None

    def track(self, kind: str) -> Track | None:
        """The first track of a kind: `vide`, `soun`, `sbtl`."""
        return next((track for track in self.tracks if track.kind == kind), None)

    def to_json(self) -> dict[str, Any]:
        """The facts for the record of a run; times in seconds."""
        return {
            "size": self.size, "faststart": self.faststart, "duration": self.duration.total_seconds(),
            "title": self.title, "loudness": self.loudness,
            "tracks": [
                {
                    "kind": track.kind, "codec": track.profile or track.codec, "language": track.language,
                    "duration": track.duration.total_seconds(), "samples": len(track.times),
                    "width": track.width, "height": track.height, "rate": track.rate, "channels": track.channels,
                }
                for track in self.tracks
            ],
            "chapters": [{"title": c.title, "start": c.start.total_seconds()} for c in self.chapters],
        }


def probe(path: Path) -> VideoFacts:
    """The facts of an MP4 file.

    Raises:
        VideoCheckError: the file is missing, cut off or no MP4.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise VideoCheckError(f"{path.name} cannot be read: {error.strerror or error}") from error
    try:
        return _facts(data)
    except (struct.error, StopIteration, ValueError, IndexError, UnicodeDecodeError) as error:
        raise VideoCheckError(f"{path.name} is no whole MP4 file: {error or type(error).__name__}") from error


@dataclass(frozen=True, slots=True)
class _Box:
    """The content of one box, from `start` to `end` of the file."""

    data: bytes
    kind: str
    start: int
    end: int

    def read(self, form: str, at: int = 0) -> tuple[Any, ...]:
        form = ">" + form
        if self.start + at + struct.calcsize(form) > self.end:
            raise ValueError(f"the box {self.kind} is too short")
        return struct.unpack_from(form, self.data, self.start + at)

    def children(self, skip: int = 0) -> Iterator[_Box]:
        at = self.start + skip
        while at + 8 <= self.end:
            size, kind = struct.unpack_from(">I4s", self.data, at)
            head = 8
            if size == 1:
                (size,), head = struct.unpack_from(">Q", self.data, at + 8), 16
            elif size == 0:
                size = self.end - at
            if size < head or at + size > self.end:
                raise ValueError(f"the box {kind!r} says {size} bytes, and {self.end - at} are there")
            yield _Box(self.data, kind.decode("latin-1"), at + head, at + size)
            at += size

    def find(self, *path: str) -> _Box | None:
        box: _Box | None = self
        for kind in path:
            box = next((child for child in box.children() if child.kind == kind), None) if box else None
        return box

    def need(self, *path: str) -> _Box:
        box = self.find(*path)
        if box is None:
            raise ValueError(f"there is no box {'/'.join(path)}")
        return box


def _facts(data: bytes) -> VideoFacts:
    top = list(_Box(data, "file", 0, len(data)).children())
    order = [box.kind for box in top]
    if "moov" not in order or "mdat" not in order:
        raise ValueError(f"it has the boxes {', '.join(order) or 'none'}, not moov and mdat")
    moov = top[order.index("moov")]
    scale, duration = _clock(moov.need("mvhd"))
    chapters = moov.find("udta", "chpl")
    return VideoFacts(
        size=len(data), faststart=order.index("moov") < order.index("mdat"), duration=_time(duration, scale),
        tracks=tuple(_track(box) for box in moov.children() if box.kind == "trak"),
        chapters=tuple(_chapters(chapters)) if chapters else (), title=_title(moov),
    )


def _time(units: int, scale: int) -> timedelta:
    if scale <= 0:
        raise ValueError("a time scale is zero")
    return timedelta(microseconds=round(units * 1_000_000 / scale))


def _clock(box: _Box) -> tuple[int, int]:
    """Time scale and duration of `mvhd` or `mdhd`, which begin alike."""
    wide = box.read("B")[0] == 1
    scale, duration = box.read("IQ", 20) if wide else box.read("II", 12)
    return scale, duration


def _track(box: _Box) -> Track:
    media = box.need("mdia")
    header = media.need("mdhd")
    scale, duration = _clock(header)
    packed = header.read("H", 32 if header.read("B")[0] == 1 else 20)[0]
    table = media.need("minf", "stbl")
    entry = next(table.need("stsd").children(8))
    starts = _starts(table.need("stts"))
    times = tuple(_time(units, scale) for units in starts)
    sync = table.find("stss")
    more: dict[str, Any] = {}
    if entry.kind == "avc1":
        width, height = entry.read("HH", 24)
        profile = entry.data[entry.data.index(b"avcC", entry.start, entry.end) + 5 :][:3]
        more = {"width": width, "height": height, "profile": f"avc1.{profile.hex()}"}
    elif entry.kind == "mp4a":
        more = {"channels": entry.read("H", 16)[0], "rate": entry.read("I", 24)[0] >> 16}
    return Track(
        kind=media.need("hdlr").read("8x4s")[0].decode("latin-1"), codec=entry.kind,
        language="".join(chr((packed >> shift & 31) + 96) for shift in (10, 5, 0)),
        duration=_time(duration, scale), times=times,
        keys=tuple(times[number - 1] for number in _numbers(sync)) if sync else times,
        reordered=table.find("ctts") is not None, **more,
    )


def _starts(box: _Box) -> list[int]:
    (count,) = box.read("I", 4)
    runs = [box.read("II", 8 + 8 * index) for index in range(count)]
    lengths = [length for samples, length in runs for _ in range(samples)]
    return [0, *accumulate(lengths)][:-1] if lengths else []


def _numbers(box: _Box) -> tuple[int, ...]:
    (count,) = box.read("I", 4)
    return box.read(f"{count}I", 8)


def _chapters(box: _Box) -> Iterator[Chapter]:
    """The chapter list that most players read; its times count 100 nanoseconds."""
    (count,) = box.read("B", 8)
    at = 9
    for _ in range(count):
        start, length = box.read("QB", at)
        title = box.read(f"{length}s", at + 9)[0].decode("utf-8", "replace")  # cut at 255 bytes by the format
        yield Chapter(title, timedelta(microseconds=start / 10))
        at += 9 + length


def _title(moov: _Box) -> str:
    meta = moov.find("udta", "meta")
    items = next((box for box in meta.children(4) if box.kind == "ilst"), None) if meta else None
    text = items.find("©nam", "data") if items else None
    return text.data[text.start + 8 : text.end].decode() if text else ""
