"""The gate in front of every target: waits for a request's turn, sends it once, remembers how it ended.

```text
budgets have room? ── no ─► BudgetExceededError, after `wait` when requests in flight may leave some
  │ yes
nobody waits, no limits, endpoint known to work ─► send             nothing is written, one read in a second
  │ otherwise
queue of this process ─► the first ones enter the shared state in one atomic change
  │                        └─ blocked (circuit, cooldown, slow start, limits) ─► waits, or raises once it is certain
worst case held back ─► send ─► slot free, tokens corrected, breaker told, budgets booked
```

In the queue of a process nobody overtakes. Between processes the order is that of the atomic changes. A request that
waits is woken by the end of another one of its process, and looks twice in a second for what other processes did.

A slow start may hold a request for up to ten seconds beyond its `wait`: it is over after a moment, and a whole night's
first calls on the next, dearer target would be worse.

Times that processes share are wall clock; how long a request waits is measured by its event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import structlog

from llm_orchestration import errors, telemetry
from llm_orchestration.model import Answer, Usage
from llm_orchestration.traffic import _endpoint, _outcomes, limits
from llm_orchestration.traffic._endpoint import Endpoint
from llm_orchestration.traffic._lane import Lane
from llm_orchestration.traffic._outcomes import Outcome
from llm_orchestration.traffic._purse import Accounts, Purse
from llm_orchestration.traffic._shared import Shared, Step
from llm_orchestration.traffic.budgets import NO_BILL, Account, Bill, found, reservation_id
from llm_orchestration.traffic.contract import Spending, StateStore, Ticket
from llm_orchestration.traffic.limits import Entry

_log = structlog.get_logger(__name__)

_KEEP_ENDPOINT = timedelta(days=8)


class _Here:
    """What belongs to one event loop."""

    def __init__(self, store: StateStore, clock: Callable[[], float]) -> None:
        self.loop = asyncio.get_running_loop()
        self.accounts = Accounts(store, clock)
        self._lanes: dict[str, Lane] = {}
        self._store = store
        self._clock = clock

    def lane(self, endpoint: str) -> Lane:
        """The way to an endpoint."""
        lane = self._lanes.get(endpoint)
        if lane is None:
            shared = Shared(self._store, f"endpoint:{endpoint}", Endpoint, _KEEP_ENDPOINT, self._clock)
            self._lanes[endpoint] = lane = Lane(shared, self._clock)
        return lane


@dataclass
class _Visit:
    """One request's way through the gate."""

    ticket: Ticket
    request: str
    lane: Lane
    purse: Purse | None
    arrived: float


class TrafficGate:
    """Holds limits, breaker and budgets of every endpoint in a store that processes share.

    One object serves all event loops and threads of a process, and a forked child.

    Args:
        store: What processes share.
        clock: Wall clock in seconds, the same for all processes that share the store.
    """

    def __init__(self, store: StateStore, *, clock: Callable[[], float] = time.time) -> None:
        self.store = store
        self._clock = clock
        # By thread and not in a locked table: a fork may happen while another thread holds the lock.
        self._threads = threading.local()

    async def ask(self, ticket: Ticket, send: Callable[[], Awaitable[Answer]]) -> Answer:
        """Waits for the request's turn, sends it once and remembers how it ended.

        Raises:
            CircuitOpenError: The endpoint is known to be down for longer than the request may wait.
            ThrottledError: The limits leave no turn within the time that the request may wait.
            BudgetExceededError: The worst case is above what a budget has left.
            ConfigurationError: The request alone is above the tokens of a minute; the next target may be asked.
            StateError: The store cannot be used, so nothing was sent.
            LLMError: Whatever `send` raised.
        """
        limits.refuse_too_large(ticket)
        here = self._of_loop()
        request = reservation_id(ticket.request, os.urandom(4).hex())
        purse = Purse(here.accounts, ticket, request) if ticket.budgets else None
        arrived = here.loop.time()
        visit = _Visit(ticket, request, here.lane(ticket.endpoint), purse, arrived)
        try:
            entry = await self._enter(visit)
        finally:
            ticket.waited = timedelta(seconds=here.loop.time() - arrived)
        ticket.sent = True
        try:
            answer = await send()
        except BaseException as error:
            await self._leave(visit, entry, _outcomes.of_error(error))
            raise
        await self._leave(visit, entry, _outcomes.of_answer(answer))
        return answer

    async def settle(self, request: str, budgets: tuple[Spending, ...], usage: Usage, usd: Decimal | None) -> None:
        """Books an answer that was found in the journal, if its reservation is still open.

        A store that cannot be used is logged and not raised: the answer is paid for, and its worst case stays held.
        """
        accounts = self._of_loop().accounts
        bill = Bill(usage.total_tokens, usd)

        def step(account: Account) -> tuple[Account, None]:
            return found(account, request, bill), None

        await _ended([accounts.of(scope).submit(step) for scope in {one.scope for one in budgets}], request=request)

    async def close(self) -> None:
        """Lets go of the store's connections of the running loop."""
        await self.store.close()

    def _of_loop(self) -> _Here:
        here: _Here | None = getattr(self._threads, "here", None)
        if here is None or here.loop is not asyncio.get_running_loop():
            self._threads.here = here = _Here(self.store, self._clock)
        return here

    async def _enter(self, visit: _Visit) -> Entry:
        """Waits for the turn; at the end of it everything that the request holds is held."""
        lane, ticket, purse = visit.lane, visit.ticket, visit.purse
        if purse is None:
            return await lane.turn(ticket, visit.request, visit.arrived)
        while True:
            await purse.await_room()
            entry = await lane.turn(ticket, visit.request, visit.arrived)
            try:
                lacking = await purse.reserve(ticket.hold + _endpoint.SLACK)
            except BaseException:
                lane.take_back(entry)
                raise
            if lacking is None:
                return entry
            # Others were faster by a moment.
            lane.take_back(entry)

    async def _leave(self, visit: _Visit, entry: Entry, outcome: Outcome) -> None:
        """Tells others how a request ended. Its answer or error is what counts, so a lost store is only logged."""
        shared = visit.lane.shared
        ending: list[asyncio.Future[Any]] = []
        if visit.purse is not None:
            ending += visit.purse.book(_bill(visit.ticket, outcome))
        if not entry.written and outcome.endpoint == "answered" and not shared.knows():
            # Most answers are no news; reading that takes no lock.
            with contextlib.suppress(errors.StateError):
                await shared.look()
        if _endpoint.is_news(shared.value, entry, outcome, self._clock()):
            told = shared.submit(self._ending(entry, outcome))
            told.add_done_callback(lambda future: self._spread(visit, future))
            ending.append(told)
        if ending:
            await _ended(ending, endpoint=visit.ticket.endpoint)

    def _ending(self, entry: Entry, outcome: Outcome) -> Step[Endpoint, tuple[Endpoint, Endpoint]]:
        def step(before: Endpoint) -> tuple[Endpoint, tuple[Endpoint, Endpoint]]:
            now = self._clock()
            news = _endpoint.is_news(before, entry, outcome, now)
            after = _endpoint.left(before, entry, outcome, now) if news else before
            return after, (before, after)

        return step

    def _spread(self, visit: _Visit, told: asyncio.Future[tuple[Endpoint, Endpoint]]) -> None:
        """Wakes whom the end of a request concerns and logs what concerns everybody."""
        visit.lane.ring()
        if not told.cancelled() and told.exception() is None:
            self._announce(visit.ticket, *told.result())

    def _announce(self, ticket: Ticket, before: Endpoint, after: Endpoint) -> None:
        was, now = before.breaker, after.breaker
        facts = {"endpoint": ticket.endpoint, "provider": ticket.provider, "model": ticket.model}
        if now.opened and now.until != was.until:
            pause = round(now.until - now.changed, 3)
            _log.warning("llm.circuit.opened", **facts, reason=now.reason, times=now.opened, seconds=pause)
            telemetry.circuit_opened(provider=ticket.provider, model=ticket.model)
        elif was.opened and not now.opened:
            _log.info("llm.circuit.closed", **facts, times=was.opened)
        elif now.cooldown > was.cooldown:
            _log.warning("llm.circuit.cooldown", **facts, seconds=round(now.cooldown - self._clock(), 3))


async def _ended(changes: list[asyncio.Future[Any]], **facts: str) -> None:
    """Waits until the changes are made; they are made also when the waiting is cancelled."""
    await asyncio.wait(changes)
    for change in changes:
        error = None if change.cancelled() else change.exception()
        if isinstance(error, errors.StateError):
            _log.warning("llm.gate.not_recorded", error=error.message, **facts)
        elif error is not None:
            raise error


def _bill(ticket: Ticket, outcome: Outcome) -> Bill:
    if not outcome.billed:
        return NO_BILL
    if outcome.usage is None or outcome.tokens is None:
        return Bill(None, None)
    return Bill(outcome.tokens, ticket.cost(outcome.usage))
