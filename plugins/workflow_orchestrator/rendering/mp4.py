"""Reads facts out of an MP4 file: its boxes after ISO/IEC 14496-12, no more than the checks of a video need.

    ftyp  moov ─┬ mvhd   duration                          mdat
                ├ trak ─┬ edts ─ elst  what is skipped at the start
                │       └ mdia ─┬ mdhd  language, duration
                │               ├ hdlr  vide, soun, sbtl, text
                │               └ minf ─ stbl ─ stsd codec · stts times · stss key frames
                └ udta ─┬ chpl  chapters
    uuid  XMP: the mark └ meta ─ ilst  title
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import accumulate
from pathlib import Path
from typing import Any, TypeVar

from workflow_orchestrator.errors import VideoCheckError
from workflow_orchestrator.rendering.mark import XMP_BOX, Mark, mark_in

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Track:
    """One track. `times` are the starts of its samples, `duration` is what is played: without what its edit list skips.

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
    """What an MP4 file is. `loudness` is in LUFS, None where nobody measured it; `mark` is what the file says of its origin."""

    size: int
    faststart: bool
    duration: timedelta
    tracks: tuple[Track, ...]
    chapters: tuple[Chapter, ...]
    title: str = ""
    loudness: float | None = None
    mark: Mark | None = None

    def track(self, kind: str) -> Track | None:
        """The first track of a kind: `vide`, `soun`, `sbtl`."""
        return next((track for track in self.tracks if track.kind == kind), None)

    def to_json(self) -> dict[str, Any]:
        """The facts for the record of a run; times in seconds."""
        return {
            "size": self.size, "faststart": self.faststart, "duration": self.duration.total_seconds(),
            "title": self.title, "loudness": self.loudness, "mark": self.mark.to_json() if self.mark else None,
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
    return _read(path, _facts)


def _read(path: Path, reader: Callable[[bytes], Found]) -> Found:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise VideoCheckError(f"{path.name} cannot be read: {error.strerror or error}") from error
    try:
        return reader(data)
    except (struct.error, StopIteration, ValueError, IndexError, UnicodeDecodeError) as error:
        raise VideoCheckError(f"{path.name} is no whole MP4 file: {error or type(error).__name__}") from error


def subtitles(path: Path) -> tuple[str, ...]:
    """The texts of the subtitle track in an MP4 file, in order, without those that only clear the screen; none without a track.

    Raises:
        VideoCheckError: the file is missing, cut off or no MP4.
    """
    return _read(path, _subtitles)


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
        chapters=tuple(_chapters(chapters)) if chapters else (), title=_title(moov), mark=_mark(top),
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
        duration=_time(duration - _skipped(box), scale), times=times,
        keys=tuple(times[number - 1] for number in _numbers(sync)) if sync else times,
        reordered=table.find("ctts") is not None, **more,
    )


def _skipped(track: _Box) -> int:
    """What is not played of the start of a track, in its own time scale: the samples with which an AAC decoder starts."""
    edits = track.find("edts", "elst")
    if edits is None:
        return 0
    wide = edits.read("B")[0] == 1
    (count,) = edits.read("I", 4)
    starts = [edits.read("Qq" if wide else "Ii", 8 + (20 if wide else 12) * number)[1] for number in range(count)]
    return max(starts, default=0) if count == 1 else 0


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


def _mark(top: list[_Box]) -> Mark | None:
    packets = (box.data[box.start + 16 : box.end] for box in top if box.kind == "uuid" and _is_xmp(box))
    return next((mark for packet in packets if (mark := mark_in(packet)) is not None), None)


def _is_xmp(box: _Box) -> bool:
    return box.data[box.start : box.start + 16] == XMP_BOX


def _subtitles(data: bytes) -> tuple[str, ...]:
    """The samples of the first track of kind `sbtl`: 3GPP Timed Text (TS 26.245), two bytes of length before the text."""
    moov = _Box(data, "file", 0, len(data)).need("moov")
    tracks = [box.need("mdia") for box in moov.children() if box.kind == "trak"]
    table = next((m.need("minf", "stbl") for m in tracks if m.need("hdlr").read("8x4s")[0] == b"sbtl"), None)
    samples = _samples(table) if table else []
    texts = []
    for start, size in samples:
        box = _Box(data, "sample", start, start + size)
        (length,) = box.read("H")
        texts.append(box.read(f"{length}s", 2)[0].decode())
    return tuple(text for text in texts if text)


def _samples(table: _Box) -> list[tuple[int, int]]:
    """Where each sample of a track begins in the file, and its size in bytes."""
    sizes_box, wide = table.need("stsz"), table.find("co64")
    same, count = sizes_box.read("II", 4)
    sizes = (same,) * count if same else sizes_box.read(f"{count}I", 12)
    chunk_box = wide or table.need("stco")
    (chunks,) = chunk_box.read("I", 4)
    starts = chunk_box.read(f"{chunks}{'Q' if wide else 'I'}", 8)
    runs_box = table.need("stsc")
    (runs,) = runs_box.read("I", 4)
    first = [runs_box.read("II", 8 + 12 * at) for at in range(runs)]
    found: list[tuple[int, int]] = []
    for number, start in enumerate(starts, start=1):
        at = start
        per_chunk = next((samples for begin, samples in reversed(first) if begin <= number), 0)
        for size in sizes[len(found) : len(found) + per_chunk]:
            found.append((at, size))
            at += size
    return found
