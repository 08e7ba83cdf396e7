"""The requests of one event loop that wait for one endpoint, let in by its door in the order in which they came."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from itertools import islice

from llm_orchestration.traffic import _endpoint
from llm_orchestration.traffic._blocks import Block
from llm_orchestration.traffic._endpoint import Endpoint
from llm_orchestration.traffic._queue import Bell, Queue
from llm_orchestration.traffic._refusals import refusal
from llm_orchestration.traffic._shared import Shared, Step
from llm_orchestration.traffic.contract import Ticket
from llm_orchestration.traffic.limits import Entry

_RECHECK = 0.5
_LONGEST_NAP = 5.0
_SHORTEST_NAP = 0.001
# What is younger than this, this process has just learned itself.
JUST_READ = 0.2
_SLOW_START_PATIENCE = 10.0
_AT_ONCE = 100


class _Place(Bell):
    """A waiting request."""

    def __init__(self, ticket: Ticket, request: str) -> None:
        super().__init__()
        self.ticket = ticket
        self.request = request
        self.entry: Entry | None = None
        self.blocked = False
        self.gone = False


class Lane(Queue[_Place]):
    """The way to one endpoint.

    While somebody waits, one task, the door, enters the shared state for the first of the queue, as many as the state
    lets in at once. Who waits only looks whether waiting still makes sense.

    Args:
        shared: The endpoint's state.
        clock: Wall clock in seconds.
    """

    def __init__(self, shared: Shared[Endpoint], clock: Callable[[], float]) -> None:
        super().__init__()
        self.shared = shared
        self._clock = clock
        self._bell = Bell()
        self._door: asyncio.Task[None] | None = None
        self._barrier: Block | None = None

    async def turn(self, ticket: Ticket, request: str, arrived: float) -> Entry:
        """Waits for the request's turn.

        Args:
            ticket: The request.
            request: Its id.
            arrived: Since when it waits, on the loop's clock.

        Raises:
            CircuitOpenError: It will not come in time, because of the endpoint.
            ThrottledError: It will not come in time, because of limits.
            StateError: The store cannot be used.
        """
        if not self.shared.knows():
            await self.shared.look()
        now = self._clock()
        if not self.places and _endpoint.is_steady(self.shared.value, ticket.limits, now):
            return Entry(request, now)
        place = _Place(ticket, request)
        try:
            with self.holding(place):
                return await self._let_in(place, arrived)
        finally:
            place.gone = True
            if place.entry is not None:
                self.take_back(place.entry)
            self.ring()

    def take_back(self, entry: Entry) -> None:
        """Makes it as if a request had never had its turn."""
        if entry.written:
            self.shared.submit(_undone(entry)).add_done_callback(lambda _: self.ring())

    def ring(self) -> None:
        """Something changed: lets the door look again."""
        self._bell.ring()

    async def _let_in(self, place: _Place, arrived: float) -> Entry:
        loop = asyncio.get_running_loop()
        while place.entry is None:
            self._open_door()
            endpoint = await self.shared.look(JUST_READ)
            if place.entry is not None:
                break
            blocked = _endpoint.block(endpoint, place.ticket, self._clock())
            if blocked is None and self._barrier is not None:
                # There would be room for this one, but not for one in front of it, which may give up at any moment.
                blocked = replace(self._barrier, certain=False)
            place.blocked = blocked is not None
            await place.pause(self._patience(place.ticket, blocked, loop.time() - arrived))
        entry, place.entry = place.entry, None
        return entry

    def _patience(self, ticket: Ticket, block: Block | None, waited: float) -> float | None:
        """Seconds that the request may go on waiting, `None` while only others are in front of it."""
        if block is None:
            return None
        left = ticket.wait.total_seconds() - waited
        if block.kind == "slow start":
            left = max(left, _SLOW_START_PATIENCE - waited)
        rest = block.at - self._clock()
        if left <= 0 or (block.certain and rest > left):
            raise refusal(ticket, block, rest)
        return max(left, _SHORTEST_NAP)

    def _open_door(self) -> None:
        if self._door is None:
            self._door = asyncio.create_task(self._stand_at_door())

    async def _stand_at_door(self) -> None:
        try:
            while self.places:
                blocked = await self._enter_some()
                self._raise_barrier(blocked)
                if blocked is not None:
                    rest = blocked.at - self._clock()
                    nap = min(rest, _LONGEST_NAP if blocked.certain else _RECHECK)
                    await self._bell.pause(max(nap, _SHORTEST_NAP))
        except Exception as problem:  # noqa: BLE001 - whatever it is, it belongs to those who wait
            # All at once, because everybody would find the same, one timeout after the other.
            self.ring_all(problem)
        finally:
            self._door = self._barrier = None

    def _raise_barrier(self, blocked: Block | None) -> None:
        """Tells those who wait what holds the first of them up, unless they have heard of it."""
        was, self._barrier = self._barrier, blocked
        if blocked is None:
            return
        news = was is None or was.kind != blocked.kind or (blocked.certain and was.at != blocked.at)
        for place in self.places:
            # Whoever waits without a block does not know for how long.
            if news or not place.blocked:
                place.ring()

    async def _enter_some(self) -> Block | None:
        """Lets in the first of the queue until one is blocked; what blocks it."""
        endpoint = await self.shared.look(JUST_READ)
        if not self.places:
            return None
        blocked = _endpoint.block(endpoint, self.places[0].ticket, self._clock())
        if blocked is not None:
            return blocked
        batch = tuple(islice(self.places, _AT_ONCE))

        def step(state: Endpoint) -> tuple[Endpoint, list[Entry | Block]]:
            got: list[Entry | Block] = []
            for place in batch:
                state, one = _endpoint.enter(state, place.ticket, place.request, self._clock())
                got.append(one)
                if isinstance(one, Block):
                    break
            return state, got

        got = await self.shared.change(step, undo=lambda _: None)
        for place, one in zip(batch, got, strict=False):
            if isinstance(one, Block):
                return one
            if place.gone:
                self.take_back(one)
                continue
            self.places.remove(place)
            place.entry = one
            place.ring()
        return None


def _undone(entry: Entry) -> Step[Endpoint, None]:
    return lambda state: (_endpoint.taken_back(state, entry), None)
