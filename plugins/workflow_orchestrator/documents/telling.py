"""How far the reading process is: it tells its parent in short lines on a pipe of their own, apart from the answer and from its last words.

    child    read_page …  tell("reading words", 3, 40) ──► "reading words/3/40\\n"
    parent   with listening() as pipe      ◄── only lines of exactly this shape; what a taken-over child writes besides is dropped
"""

from __future__ import annotations

import contextvars
import os
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workflow_orchestrator.progress import Progress

WORKS = ("reading text", "reading words", "reading pictures")
"""What is told of; nothing else passes, so no word of a document gets into a log this way."""
_LINE = re.compile(rf"({'|'.join(WORKS)})/([0-9]{{1,6}})/([0-9]{{1,6}})")
_LONGEST = 64
_told_to: int | None = None


def tell_to(pipe: int | None) -> None:
    """In the child: where `tell` writes. Programs that the child starts do not inherit it."""
    global _told_to  # noqa: PLW0603 - one process, one pipe
    _told_to = pipe
    if pipe is not None:
        os.set_inheritable(pipe, False)
        # Nobody waits for these lines: when the parent is slow to read, one is left out.
        os.set_blocking(pipe, False)


def tell(work: str, done: int, total: int) -> None:
    """In the child: so many pages are through."""
    if _told_to is not None:
        with suppress(OSError):
            os.write(_told_to, f"{work}/{done}/{total}\n".encode("ascii"))


@contextmanager
def listening() -> Iterator[int]:
    """In the parent: tells what comes over a pipe as progress. Gives the end that the child writes to."""
    from workflow_orchestrator.progress import Progress  # not at the top: the child has no log

    ours, theirs = os.pipe()
    here = contextvars.copy_context()  # who listens, and what the log binds
    thread = threading.Thread(target=here.run, args=(_hear, ours, Progress), name="document progress", daemon=True)
    thread.start()
    try:
        yield theirs
    finally:
        os.close(theirs)  # with the child's end gone, too, the thread comes to its end
        thread.join(1)


def _hear(pipe: int, progress: Callable[[str, int], Progress]) -> None:
    going: dict[str, Progress] = {}
    rest = b""
    with os.fdopen(pipe, "rb", buffering=0) as source:
        while more := source.read(4096):
            *lines, rest = (rest + more).split(b"\n")
            rest = rest[-_LONGEST:]
            for line in lines:
                _take(line[-_LONGEST:].decode("ascii", "replace"), going, progress)


def _take(line: str, going: dict[str, Progress], progress: Callable[[str, int], Progress]) -> None:
    found = _LINE.fullmatch(line)
    if found is None:
        return
    work, done, total = found[1], int(found[2]), int(found[3])
    if work not in going:
        going[work] = progress(work, total)
    going[work].at(done)
