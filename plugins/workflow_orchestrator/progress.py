"""Progress of long work: how much is done, and about how long the rest takes.

    with progress.of("narrating", 16) as going:      narrating: 0 of 16
        for sentence in sentences:
            speak(sentence)
            going.done()                             narrating: 9 of 16, 56 %, about 4 s left

The first and the last line always come, others at most every few seconds. Each is a log event with the fields `work`, `done`, `total`,
`percent` and `seconds_left`, so it stands in the task's log, and goes to whoever listens in this process: the terminal of
`scripts/workflow run`. What is being worked on is told by a fixed word, never by words of a document.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog

EVENT = "progress"
EVERY = timedelta(seconds=3)
"""How long it is silent between two lines of the same work, at least."""
Clock = Callable[[], float]
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Report:
    """How far a piece of work is. `left` is None as long as nothing is done, and where everything is."""

    work: str
    done: int
    total: int
    left: timedelta | None = None

    @property
    def percent(self) -> int:
        """Rounded down: 100 means all."""
        return 100 * self.done // self.total

    def fields(self) -> dict[str, Any]:
        """What the log event says; `seconds_left` is whole, and None where nobody knows."""
        left = None if self.left is None else round(self.left.total_seconds())
        return {"work": self.work, "done": self.done, "total": self.total, "percent": self.percent, "seconds_left": left}

    def __str__(self) -> str:
        if self.total == 1:  # a wait, of which nobody knows how long it takes
            return f"{self.work}: done" if self.done else f"{self.work} …"
        left = "" if self.left is None else f", about {round(self.left.total_seconds())} s left"
        return f"{self.work}: {self.done} of {self.total}" + (f", {self.percent} %{left}" if self.done else "")


Listener = Callable[[Report], None]
# Of a context, so that two runs side by side in one process do not hear each other.
_listeners: ContextVar[tuple[Listener, ...]] = ContextVar("progress_listeners", default=())


@contextmanager
def heard_by(listener: Listener) -> Iterator[None]:
    """Tells the progress of all work in this context to somebody, besides the log."""
    token = _listeners.set((*_listeners.get(), listener))
    try:
        yield
    finally:
        _listeners.reset(token)


class Progress:
    """A piece of work with a known number of parts.

    Args:
        work: a fixed word or two: "narrating".
        total: how many parts it has; of work without any nothing is told.
        clock: seconds that only grow.
    """

    def __init__(self, work: str, total: int, clock: Clock = time.monotonic) -> None:
        self._work, self._total, self._clock = work, total, clock
        self._done = 0
        self._started = self._told = clock()
        if total:
            self._tell()

    def done(self, parts: int = 1) -> None:
        """That many parts more are done."""
        self.at(self._done + parts)

    def at(self, done: int) -> None:
        """So many parts are done. What goes back or beyond the total is taken for the nearest that can be."""
        before = self._done
        self._done = min(max(done, before), self._total)
        if self._done == before:
            return
        if self._done == self._total or self._clock() - self._told >= EVERY.total_seconds():
            self._tell()

    def finish(self) -> None:
        """All of it is done, also what nobody counted."""
        self.at(self._total)

    def _tell(self) -> None:
        self._told = self._clock()
        left = None
        if 0 < self._done < self._total:
            left = timedelta(seconds=(self._told - self._started) * (self._total - self._done) / self._done)
        report = Report(self._work, self._done, self._total, left)
        # Where nobody has set logging up, as in a script, it would get among what the script prints.
        if structlog.is_configured():
            _log.info(EVENT, **report.fields())
        for listener in _listeners.get():
            listener(report)


@contextmanager
def of(work: str, total: int, *, clock: Clock = time.monotonic) -> Iterator[Progress]:
    """Progress through a block. Leaving it by an error ends it without a last line: the error says what happened.

    Args:
        work: a fixed word or two: "narrating".
        total: how many parts it has; of work without any nothing is told.
        clock: seconds that only grow.
    """
    going = Progress(work, total, clock)
    yield going
    going.finish()
