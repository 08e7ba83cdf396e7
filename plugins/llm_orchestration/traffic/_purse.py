"""The budgets of one request on its way through the gate."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from weakref import WeakValueDictionary

from llm_orchestration.traffic._lane import JUST_READ
from llm_orchestration.traffic._queue import Bell, Queue
from llm_orchestration.traffic._shared import Shared, Step
from llm_orchestration.traffic.budgets import (
    NO_BILL,
    Account,
    Bill,
    Held,
    Shortage,
    account_key,
    booked,
    hold,
    keep_for,
)
from llm_orchestration.traffic.budgets import shortage as shortage_of
from llm_orchestration.traffic.contract import Spending, StateStore, Ticket

_RECHECK = 0.5
_SHORTEST_NAP = 0.001


@dataclass
class Accounts:
    """The accounts that one event loop works with, and who waits for room in them."""

    store: StateStore
    clock: Callable[[], float]
    shared: WeakValueDictionary[str, Shared[Account]] = field(default_factory=WeakValueDictionary)
    queues: dict[str, Queue[Bell]] = field(default_factory=dict)

    def of(self, scope: str) -> Shared[Account]:
        """The account of a scope; requests in flight keep it alive."""
        account = self.shared.get(scope)
        if account is None:
            account = Shared(self.store, account_key(scope), Account, keep_for(scope), self.clock)
            self.shared[scope] = account
        return account


class Purse:
    """Holds the worst case of a request back in all its budgets and books its end.

    Args:
        accounts: Those of the running loop.
        ticket: The request.
        request: Its id.
    """

    def __init__(self, accounts: Accounts, ticket: Ticket, request: str) -> None:
        self._accounts = accounts
        self._ticket = ticket
        self._request = request
        self._shared = [(spending, accounts.of(spending.scope)) for spending in ticket.budgets]
        self._loop = asyncio.get_running_loop()
        self._arrived = self._loop.time()

    async def await_room(self) -> None:
        """Waits until every budget has room, as long as requests in flight may leave some.

        Raises:
            BudgetExceededError: There will be none, or the request may not wait any longer.
            StateError: The store cannot be used.
        """
        queues = self._accounts.queues
        scope = next((spending.scope for spending, _ in self._shared if queues.get(spending.scope)), None)
        if scope is None:
            lacking = await self._lacking()
            if lacking is None:
                return
            scope = lacking.scope
        queue = queues.setdefault(scope, Queue())
        try:
            with queue.holding(Bell()) as place:
                while (queue.places[0] is not place and self._left > 0) or await self._lacking() is not None:
                    nap = max(self._left, _SHORTEST_NAP)
                    await place.pause(min(nap, _RECHECK) if queue.places[0] is place else nap)
        finally:
            if queue:
                queue.ring_first()
            else:
                queues.pop(scope, None)

    async def reserve(self, hold_for: timedelta) -> Shortage | None:
        """Holds the worst case back in every budget, or in none; what it is short of."""
        now = self._accounts.clock()
        held = Held(self._ticket.tokens, self._ticket.worst_usd, now + hold_for.total_seconds())

        def undo(lacking: Shortage | None) -> Step[Account, None] | None:
            return None if lacking else self._booking(NO_BILL)

        try:
            for spending, account in self._shared:
                lacking = await account.change(self._reserving(spending, held, now), undo=undo)
                if lacking is not None:
                    await asyncio.wait(self.book(NO_BILL))
                    return lacking
        except BaseException:
            self.book(NO_BILL)
            raise
        return None

    def book(self, bill: Bill) -> list[asyncio.Future[None]]:
        """Books the end of the request in every budget that still holds something for it."""
        done = [account.submit(self._booking(bill)) for _, account in self._shared]
        for (spending, _), future in zip(self._shared, done, strict=True):
            future.add_done_callback(partial(self._ring, spending.scope))
        return done

    @property
    def _left(self) -> float:
        return self._ticket.wait.total_seconds() - (self._loop.time() - self._arrived)

    async def _lacking(self) -> Shortage | None:
        """What stands in the way for now.

        Raises:
            BudgetExceededError: It will stay, or the request may not wait any longer.
        """
        held = Held(self._ticket.tokens, self._ticket.worst_usd, 0.0)
        for spending, account in self._shared:
            now = self._accounts.clock()
            lacking = shortage_of(await account.look(JUST_READ), spending, self._request, held, now)
            if lacking is not None:
                if not lacking.may_ease or self._left <= 0:
                    raise lacking.error(self._ticket)
                return lacking
        return None

    def _reserving(self, spending: Spending, held: Held, now: float) -> Step[Account, Shortage | None]:
        def step(account: Account) -> tuple[Account, Shortage | None]:
            lacking = shortage_of(account, spending, self._request, held, now)
            return (account if lacking else hold(account, self._request, held)), lacking

        return step

    def _booking(self, bill: Bill) -> Step[Account, None]:
        return lambda account: (booked(account, self._request, bill), None)

    def _ring(self, scope: str, _: object) -> None:
        queue = self._accounts.queues.get(scope)
        if queue is not None:
            queue.ring_first()
