"""WAV files: written from samples, read with every flaw told, and cleaned of what streaming servers leave in their heads."""

from __future__ import annotations

import array
import sys
import wave
from pathlib import Path

from workflow_orchestrator.errors import SpeechError, VendorOutageError

LOWEST_RATE = 16_000
FRAMES_PER_SECOND = 25

# A server that streams does not know the length when it writes the head, and puts the largest number there.
_UNKNOWN = 0x7FFF_FF00


def write_wav(path: Path, samples: bytes, rate: int) -> None:
    """Writes mono samples of 16 bit, little-endian."""
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(samples[: len(samples) // 2 * 2])


def read_wav(path: Path, voice: str, text: str) -> tuple[int, array.array[int]]:
    """Rate and samples of a sentence.

    Raises:
        SpeechError: it is no WAV file, or not mono with 16 bit at 16 kHz or more, a multiple of the 25 frames of a second.
    """
    try:
        with wave.open(str(path), "rb") as sound:
            shape = sound.getnchannels(), sound.getsampwidth()
            rate = sound.getframerate()
            data = sound.readframes(sound.getnframes())
    except (OSError, EOFError, wave.Error) as error:
        raise SpeechError(f"the voice {voice} wrote no WAV file for {text[:120]!r}: {error}") from error
    if shape != (1, 2) or rate < LOWEST_RATE or rate % FRAMES_PER_SECOND:
        raise SpeechError(
            f"the voice {voice} gave {shape[0]} channels of {8 * shape[1]} bit at {rate} Hz; narration takes mono, "
            f"16 bit, from {LOWEST_RATE} Hz and a multiple of {FRAMES_PER_SECOND}"
        )
    samples = array.array("h", data[: len(data) // 2 * 2])
    if sys.byteorder == "big":
        samples.byteswap()
    return rate, samples


def plain_wav(data: bytes, vendor: str, out: Path) -> None:
    """Writes a WAV file that came over the wire, with the length that it really has.

    Raises:
        VendorOutageError: it is none, or ends before the length that its head states.
    """
    if data[:4] not in (b"RIFF", b"RIFX") or data[8:12] != b"WAVE":
        raise VendorOutageError(f"{vendor} sent no WAV file, but {data[:12]!r}…", vendor=vendor)
    at = 12
    rest = bytearray(data[:12])
    while at + 8 <= len(data):
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        if data[at : at + 4] == b"data":
            there = len(data) - at - 8
            if there < size < _UNKNOWN:
                raise VendorOutageError(f"{vendor} sent {there:,} of {size:,} bytes of sound", vendor=vendor)
            size = min(size, there)
            rest += b"data" + size.to_bytes(4, "little") + data[at + 8 : at + 8 + size]
            rest[4:8] = (len(rest) - 8).to_bytes(4, "little")
            out.write_bytes(rest)
            return
        rest += data[at : at + 8 + size + size % 2]
        at += 8 + size + size % 2
    raise VendorOutageError(f"{vendor} sent a WAV file without sound", vendor=vendor)
