"""Damaged copies of good PDFs, the same ones for the same seed: what broken transfers, wrong programs and attackers make of a file.

pool = material(paths)          the files, and each once more with its streams unpacked
damaged(pool, 7).data           one of them after one to three changes
"""

from __future__ import annotations

import io
import random
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

_OBJECT = re.compile(rb"\b\d+ 0 obj\b.*?\bendobj\b", re.DOTALL)
_STREAM = re.compile(rb"\bstream\r?\n(.*?)\r?\nendstream\b", re.DOTALL)
_NUMBER = re.compile(rb"(?<![\w.])\d+(?![\w.])")
_REFERENCE = re.compile(rb"\b\d+ 0 R\b")
_NAME = re.compile(rb"/[A-Za-z][A-Za-z0-9]*")
_TAIL = re.compile(rb"(?:\bxref\b|/Type\s*/XRef|\bstartxref\b)")
_EXTREMES = (
    b"0",
    b"-1",
    b"1",
    b"65535",
    b"2147483647",
    b"2147483648",
    b"4294967296",
    b"9" * 19,
    b"9" * 40,
    b"1e400",
    b"0.0000001",
)
_NESTS = ((b"[", b"]"), (b"<<", b">>"), (b"(", b")"), (b"<</A ", b">>"), (b"q ", b"Q "), (b"/P BMC ", b"EMC "))


@dataclass(frozen=True, slots=True)
class Damaged:
    """A damaged copy, and what was done to it."""

    data: bytes
    what: str


def material(paths: Iterable[Path]) -> tuple[bytes, ...]:
    """The files, and each once more without compression, so that damage reaches operators and tables and not only packed bytes."""
    import pikepdf

    pool = []
    for path in paths:
        data = path.read_bytes()
        plain = io.BytesIO()
        with pikepdf.open(io.BytesIO(data)) as document:
            document.save(
                plain,
                compress_streams=False,
                stream_decode_level=pikepdf.StreamDecodeLevel.generalized,
                object_stream_mode=pikepdf.ObjectStreamMode.disable,
            )
        pool += [data, plain.getvalue()]
    return tuple(pool)


def damaged(pool: Sequence[bytes], seed: int) -> Damaged:
    """One file of the pool after one to three changes. The same pool and seed give the same bytes."""
    dice = random.Random(seed)
    number = dice.randrange(len(pool))
    data, done = pool[number], []
    for _ in range(dice.choice((1, 1, 2, 3))):
        change = dice.choice(CHANGES)
        data = change(data, dice, pool)
        done.append(change.__name__)
    return Damaged(data, f"file {number}: {', '.join(done)}")


Change = Callable[[bytes, random.Random, Sequence[bytes]], bytes]


def flipped(data: bytes, dice: random.Random, pool: Sequence[bytes]) -> bytes:
    """Some bytes are others."""
    out = bytearray(data)
    for _ in range(dice.choice((1, 5, 50, 500))):
        if out:
            out[dice.randrange(len(out))] = dice.randrange(256)
    return bytes(out)


def cut(data: bytes, dice: random.Random, _: Sequence[bytes]) -> bytes:
    """The end is missing."""
    return data[: dice.randrange(len(data) + 1)]


def torn(data: bytes, dice: random.Random, _: Sequence[bytes]) -> bytes:
    """A piece from the middle is missing."""
    start = dice.randrange(len(data) + 1)
    return data[:start] + data[start + dice.choice((1, 7, 512, 20_000)) :]


def swapped(data: bytes, dice: random.Random, _: Sequence[bytes]) -> bytes:
    """Two objects have each other's place; the cross-reference table does not know."""
    spans = [match.span() for match in _OBJECT.finditer(data)]
    if len(spans) < 2:
        return data
    (a, b), (c, d) = sorted(dice.sample(spans, 2))
    return data[:a] + data[c:d] + data[b:c] + data[a:b] + data[d:]


def renumbered(data: bytes, dice: random.Random, _: Sequence[bytes]) -> bytes:
    """Some whole numbers anywhere (sizes, lengths, counts, operands) are extreme ones."""
    return _replaced(data, dice, _NUMBER, lambda found: dice.choice(_EXTREMES))


def mislaid(data: bytes, dice: random.Random, _: Sequence[bytes]) -> bytes:
    """Numbers of the cross-reference table and the trailer are wrong."""
    starts = [match.start() for match in _TAIL.finditer(data)]
    if not starts:
        return data
    start = dice.choice(starts)
    return data[:start] + _replaced(data[start:], dice, _NUMBER, lambda found: b"%d" % dice.randrange(2 * len(data)))


def redirected(data: bytes, dice: random.Random, _: Sequence[bytes]) -> bytes:
    """References lead to other objects, to themselves or to nothing."""
    count = max(2, data.count(b" 0 obj") + 2)
    return _replaced(data, dice, _REFERENCE, lambda found: b"%d 0 R" % dice.randrange(count))


def renamed(data: bytes, dice: random.Random, _: Sequence[bytes]) -> bytes:
    """Keys, filters, types and fonts have names that stand elsewhere in the file."""
    names = _NAME.findall(data) or [b"/A"]
    return _replaced(data, dice, _NAME, lambda found: dice.choice(names))


def spliced(data: bytes, dice: random.Random, pool: Sequence[bytes]) -> bytes:
    """A stream holds what another stream, perhaps of another file, holds."""
    own = [match.span(1) for match in _STREAM.finditer(data)]
    other = dice.choice(pool)
    theirs = [match.span(1) for match in _STREAM.finditer(other)]
    if not own or not theirs:
        return data
    (a, b), (c, d) = dice.choice(own), dice.choice(theirs)
    return data[:a] + other[c:d] + data[b:]


def doubled(data: bytes, dice: random.Random, _: Sequence[bytes]) -> bytes:
    """Objects stand in the file many times."""
    spans = [match.span() for match in _OBJECT.finditer(data)]
    if not spans:
        return data
    a, b = dice.choice(spans)
    return data[:b] + (b"\n" + data[a:b]) * dice.choice((1, 1, 20)) + data[b:]


def nested(data: bytes, dice: random.Random, _: Sequence[bytes]) -> bytes:
    """Brackets within brackets, deeper than any reader's stack."""
    start = dice.randrange(len(data) + 1)
    opening, closing = dice.choice(_NESTS)
    depth = dice.choice((3, 500, 20_000))
    return data[:start] + opening * depth + closing * depth + data[start:]


def junk(data: bytes, dice: random.Random, _: Sequence[bytes]) -> bytes:
    """Bytes of something else before and behind."""
    return dice.randbytes(dice.choice((3, 1000, 4000))) + data + dice.randbytes(dice.choice((3, 3000)))


def repeated(data: bytes, dice: random.Random, _: Sequence[bytes]) -> bytes:
    """A piece of the file, operators or a table, stands there a thousand times."""
    start = dice.randrange(len(data) + 1)
    piece = data[start : start + dice.choice((2, 40, 400))]
    return data[:start] + piece * 1000 + data[start:]


CHANGES: tuple[Change, ...] = (
    flipped, cut, torn, swapped, renumbered, mislaid, redirected, renamed, spliced, doubled, nested, junk, repeated,
)  # fmt: skip


def _replaced(data: bytes, dice: random.Random, pattern: re.Pattern[bytes], new: Callable[[bytes], bytes]) -> bytes:
    """Some matches, at most twenty, replaced."""
    matches = list(pattern.finditer(data))
    chosen = sorted(dice.sample(matches, min(len(matches), dice.choice((1, 3, 20)))), key=lambda match: match.start())
    out, end = [], 0
    for match in chosen:
        out += [data[end : match.start()], new(match.group())]
        end = match.end()
    return b"".join([*out, data[end:]])
