"""Reads a document as the platform does, and measures what the reading process took: for tests and benchmarks."""

from __future__ import annotations

import faulthandler
import json
import math
import os
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workflow_orchestrator.documents import Document, ReadLimits, read_document
from workflow_orchestrator.errors import DocumentError


@dataclass(frozen=True, slots=True)
class Reading:
    """How a reading ended.

    Args:
        outcome: `Document`, or the class of the error. Anything but a `DocumentError` is a fault of the reader.
        named: whether the outcome is a document or a `DocumentError`.
        message: of the error, or the warnings.
        pages: that were read.
        wall: seconds from the call to its end.
        cpu: processor seconds of the reading process, its start included.
        peak_bytes: the most memory that the reading process held at once. Of a program, not less than what this process
            holds, because Linux counts what a process was before it became another program. Of a fork, without what
            it held from this process when it began.
        left: processes of this reading that were still there when it had ended.
    """

    outcome: str
    named: bool
    message: str
    pages: int
    wall: float
    cpu: float
    peak_bytes: int
    left: int


def measure(data: bytes, limits: ReadLimits | None = None) -> Reading:
    """Reads in a fork of this process, whose only child is the reading process: what its children took is what that took.

    Raises:
        RuntimeError: the fork itself was killed; then the parent of a reading process did not survive the document.
    """
    return _forked(lambda: _read(lambda: read_document(data, limits), resource.RUSAGE_CHILDREN))


def measure_inside(data: bytes, limits: ReadLimits | None = None) -> Reading:
    """Reads in a fork of this process without starting a program: many times faster when the readers are loaded here already.

    Raises:
        RuntimeError: the fork was killed: by a limit of processor time, or because a reader crashed.
    """
    from workflow_orchestrator.documents import child

    _load_readers()
    allowed = limits or ReadLimits()

    def read() -> Document:
        resource.setrlimit(resource.RLIMIT_AS, (_held() + allowed.memory_bytes,) * 2)
        resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(allowed.time.total_seconds()),) * 2)
        found = child.read(data, allowed.max_pages, allowed.max_characters)
        return Document.from_json({**json.loads(json.dumps(found)), "sha256": ""})

    return _forked(lambda: _read(read, resource.RUSAGE_SELF))


def measure_quickly(data: bytes, limits: ReadLimits | None = None) -> Reading:
    """Reads in a fork without a program of its own; once more with one when the fork was killed: then its parent names the end."""
    try:
        return measure_inside(data, limits)
    except RuntimeError:
        return measure(data, limits)


def _load_readers() -> None:
    """So that a fork has the libraries at once, those of a repair too."""
    import pikepdf  # noqa: F401
    import PIL.ImageChops  # noqa: F401
    import pypdf  # noqa: F401
    import pypdfium2.raw  # noqa: F401


def _forked(work: Callable[[], dict[str, Any]]) -> Reading:
    reader, writer = os.pipe()
    started = time.monotonic()
    fork = os.fork()
    if not fork:
        faulthandler.disable()  # an abort is one of the things that a file may do here
        try:
            os.close(reader)
            told = json.dumps(work()).encode()
            with os.fdopen(writer, "wb") as out:
                out.write(told)
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as answers:
        answer = answers.read()
    wall = time.monotonic() - started
    left = len(_readers_of(fork))
    _, status = os.waitpid(fork, 0)
    if status or not answer:
        raise RuntimeError(f"the process that called the reader ended with status {status}")  # a signal, below 128
    return Reading(**json.loads(answer), wall=wall, left=left)


def _read(read: Callable[[], Document], whose: int) -> dict[str, Any]:
    pages, named = 0, True
    before = _held(resident=True) if whose == resource.RUSAGE_SELF else 0
    try:
        document = read()
    except DocumentError as error:
        outcome, message = type(error).__name__, error.message
    except MemoryError as error:
        outcome, message = "DocumentLimitError", f"memory: {error}"
    except BaseException as error:  # noqa: BLE001 - what is no named error is what this is to find
        outcome, message, named = type(error).__name__, str(error), False
    else:
        outcome, message, pages = "Document", "; ".join(document.warnings), len(document.pages)
    used = resource.getrusage(whose)
    return {
        "outcome": outcome,
        "named": named,
        "message": message,
        "pages": pages,
        "cpu": used.ru_utime + used.ru_stime,
        "peak_bytes": max(used.ru_maxrss * 1024 - before, 0),
    }


def _readers_of(parent: int) -> list[int]:
    """The processes that were started to read for this parent, wherever they hang in the tree."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue  # it ended in the meantime
        if b"workflow_orchestrator.documents.child" in words and f'"parent": {parent}'.encode() in b" ".join(words):
            found.append(int(folder.name))
    return found


def _held(*, resident: bool = False) -> int:
    """Address space of this process in bytes, or what of it is in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1 if resident else 0]) * resource.getpagesize()
