"""Who is next: requests of one event loop in the order in which they came, each woken when looking again makes sense."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

from llm_orchestration.errors import StateError


class Bell:
    """Ends a pause, also one that begins after it rang."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._pause: asyncio.Future[None] | None = None
        self._rung = False

    async def pause(self, seconds: float | None) -> None:
        """Waits for the bell, at most `seconds`.

        Raises:
            Exception: The problem of whoever rang, for example a `StateError`.
        """
        if self._rung:
            self._rung = False
            return
        self._pause = pause = self._loop.create_future()
        timer = None if seconds is None else self._loop.call_later(seconds, self.ring)
        try:
            await pause
        finally:
            self._pause = None
            if timer is not None:
                timer.cancel()

    def ring(self, problem: Exception | None = None) -> None:
        """Ends the pause, with an error if there is a problem."""
        if self._pause is None:
            self._rung = True
        elif not self._pause.done():
            if problem is None:
                self._pause.set_result(None)
            else:
                # One for each: an error collects facts on its way up.
                self._pause.set_exception(StateError(problem.message) if isinstance(problem, StateError) else problem)


P = TypeVar("P", bound=Bell)


class Queue(Generic[P]):
    """Places in order."""

    def __init__(self) -> None:
        self.places: deque[P] = deque()

    def __bool__(self) -> bool:
        return bool(self.places)

    @contextmanager
    def holding(self, place: P) -> Iterator[P]:
        """Holds the place at the end of the queue until the end of the block."""
        self.places.append(place)
        try:
            yield place
        finally:
            if place in self.places:
                self.places.remove(place)

    def ring_first(self) -> None:
        """Lets the first look again."""
        if self.places:
            self.places[0].ring()

    def ring_all(self, problem: Exception | None = None) -> None:
        """Lets everybody look again, or fail for the same reason."""
        for place in tuple(self.places):
            place.ring(problem)
