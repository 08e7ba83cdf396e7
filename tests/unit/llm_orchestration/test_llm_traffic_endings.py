"""How requests end at the gate: cancelled, refused by a budget, failed with or without a bill, or with a broken store."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest
from llm_traffic_lab import (
    ANSWER,
    START,
    Server,
    clock,
    limits,
    new_gate,
    outcome,
    state_of,
    ticket,
    virtually,
    waiting,
)

from llm_orchestration import errors as e
from llm_orchestration.model import Answer, Usage
from llm_orchestration.traffic import Spending, TrafficGate, spent


@pytest.mark.parametrize("when", [0.0, 0.5, 1.5, 2.5])
def test_a_cancelled_request_leaves_nothing_behind(when: float) -> None:
    """In the first step, in flight, first in the queue or behind: no slot, no place, no reservation, no task."""

    async def main() -> None:
        gate, store = new_gate()
        budget = (Spending("run:a", Decimal(1000)),)
        server = Server(2.0)
        tasks = []
        for n in range(6):
            facts = {"request": f"{n:064x}", "limits": limits(concurrency=2, tokens=10_000), "budgets": budget}
            tasks.append(asyncio.create_task(gate.ask(waiting(600, **facts), server.send)))
        await asyncio.sleep(when)
        for task in tasks[1::2]:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        assert ended[::2] == [ANSWER] * 3
        assert asyncio.all_tasks() == {asyncio.current_task()}
        account = await spent(store, "run:a")
        assert (account.held, (await state_of(store)).load.leases) == ({}, {})
        answers = ended.count(ANSWER)
        assert account.tokens == answers * 40 + (len(server.times) - answers) * 100, (
            "what was sent and cancelled may be billed"
        )

    virtually(main())


@pytest.mark.parametrize("steps", range(1, 30))
def test_a_cancellation_between_any_two_steps_is_undone(steps: int) -> None:
    """Also while the shared state is being changed for the request."""

    async def main() -> None:
        gate, store = new_gate()
        budgets = (Spending("run:a", Decimal(1000)), Spending("day:d", Decimal(1000)))
        asked = ticket(limits=limits(1, 10, 10_000), budgets=budgets)
        task = asyncio.create_task(gate.ask(asked, Server(60.0).send))
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait((task,))
        await asyncio.sleep(1)
        load = (await state_of(store)).load
        assert (load.leases, sum(load.requests.values())) == ({}, int(asked.sent))
        for budget in budgets:
            account = await spent(store, budget.scope)
            assert (account.held, account.tokens) == ({}, 100 if asked.sent else 0)

    virtually(main())


def test_a_cancelled_probe_lets_the_next_one_ask() -> None:
    """The circuit does not stay shut until a lease ends."""

    async def main() -> None:
        gate, _ = new_gate()
        for _ in range(5):
            await outcome(gate.ask(ticket(), Server(0.0, e.ServerError("down")).send))
        await asyncio.sleep(5)
        probe = asyncio.create_task(gate.ask(ticket(), Server(60.0).send))
        await asyncio.sleep(1)
        refused = await outcome(gate.ask(ticket(), Server().send))
        assert isinstance(refused, e.CircuitOpenError)
        probe.cancel()
        await asyncio.wait((probe,))
        assert await gate.ask(ticket(), Server().send) == ANSWER

    virtually(main())


def test_budgets_hold_for_requests_at_once() -> None:
    """20 requests of at most 1.00 against 5.00 that may not wait: five are sent, the error names every figure."""

    async def main() -> None:
        gate, store = new_gate()
        server, budget = Server(1.0), (Spending("run:a", Decimal("5.00")),)
        asked = [ticket(f"{n:064x}", budgets=budget) for n in range(20)]
        ended = await asyncio.gather(*(outcome(gate.ask(one, server.send)) for one in asked))
        refused = [one for one in ended if isinstance(one, e.BudgetExceededError)]
        assert (len(server.times), len(refused)) == (5, 15)
        for part in ("'run:a'", "1.000000 USD", "5.000000 USD", "0.000000 USD spent", "5.000000 USD reserved"):
            assert part in refused[0].message
        account = await spent(store, "run:a")
        assert (account.usd, account.tokens, account.calls) == (Decimal("2.00"), 200, 5)

    virtually(main())


def test_who_may_wait_gets_what_others_leave() -> None:
    """Worst cases of 1.00 and bills of 0.40: twelve requests fit into 5.00, the thirteenth is refused for good."""

    async def main() -> None:
        gate, store = new_gate()
        server, budget = Server(1.0), (Spending("day:d", Decimal("5.00")),)
        asked = [waiting(60, request=f"{n:064x}", budgets=budget) for n in range(20)]
        ended = await asyncio.gather(*(outcome(gate.ask(one, server.send)) for one in asked))
        assert ended.count(ANSWER) == 11
        assert {type(one) for one in ended if one is not ANSWER} == {e.BudgetExceededError}
        assert (await spent(store, "day:d")).usd == Decimal("4.40")
        assert clock() - START < 10, "the rest is refused when it is certain, not after a minute"

    virtually(main())


BILLS: list[tuple[Exception, int]] = [
    (e.ConnectError("x"), 0),
    (e.RateLimitError("x", status=429), 0),
    (e.OverloadedError("x", status=503), 0),
    (e.ServerError("x", status=500), 0),
    (e.ServerError("x", status=504), 100),
    (e.ServerError("x", status=200), 100),
    (e.RequestRejectedError("x", status=400), 0),
    (e.ContextWindowExceededError("x", status=400), 0),
    (e.ContextWindowExceededError("x", usage=Usage(30, 10)), 40),
    (e.AuthenticationError("x", status=401), 0),
    (e.QuotaExceededError("x", status=429), 0),
    (e.ContentFilterError("x", status=400), 0),
    (e.ContentFilterError("x", usage=Usage(30, 0)), 30),
    (e.TruncatedError("x", usage=Usage(30, 60)), 90),
    (e.RefusalError("x"), 100),
    (e.ConfigurationError("x"), 0),
    (e.ConnectionLostError("x"), 100),
    (e.CallTimeoutError("x"), 100),
    (e.ProtocolError("x", status=200), 100),
    (e.ProtocolError("x", usage=Usage(30, 10)), 40),
    (e.ProtocolError("x", usage=Usage(30, None)), 100),
    (OSError("a fault of our own"), 100),
]


@pytest.mark.parametrize(("error", "tokens"), BILLS, ids=lambda one: type(one).__name__)
def test_what_a_failure_costs(error: Exception, tokens: int) -> None:
    """Nothing when surely not billed, its usage when counted, otherwise the worst case; the error itself passes."""

    async def main() -> None:
        gate, store = new_gate()

        async def send() -> Answer:
            raise error

        with pytest.raises(type(error)):
            await gate.ask(ticket(budgets=(Spending("run:a", Decimal(100)),)), send)
        account = await spent(store, "run:a")
        assert (account.tokens, account.usd, account.held) == (tokens, Decimal(tokens) / 100, {})

    virtually(main())


def test_an_answer_without_a_usage_costs_its_worst_case() -> None:
    """A provider that does not count may have counted anything."""

    async def main() -> None:
        gate, store = new_gate()
        server = Server(0.0, Answer("x", Usage(), "m1"))
        await gate.ask(ticket(budgets=(Spending("run:a", Decimal(100)),)), server.send)
        assert (await spent(store, "run:a")).tokens == 100

    virtually(main())


def test_an_answer_in_the_journal_is_booked_once() -> None:
    """A process paid and died before booking: the retry books it; a third look at the journal books nothing."""

    async def main() -> None:
        gate, store = new_gate()
        budget = (Spending("run:a", Decimal(100)),)
        killed = asyncio.create_task(gate.ask(ticket(budgets=budget), Server(1000.0).send))
        await asyncio.sleep(1)
        for _ in range(2):
            await TrafficGate(store, clock=clock).settle("a" * 64, budget, Usage(30, 10), Decimal("0.40"))
            account = await spent(store, "run:a")
            assert (account.tokens, account.usd, account.calls, account.held) == (40, Decimal("0.40"), 1, {})
        killed.cancel()

    virtually(main())


def test_without_the_store_nothing_is_sent() -> None:
    """A budget or limit that cannot be read cannot be held; everybody who waits hears it at the same time."""

    async def main() -> None:
        gate, store = new_gate(known=False)
        server = Server()
        store.broken = e.StateError("the disk is full")
        errors = await asyncio.gather(*(outcome(gate.ask(waiting(30), server.send)) for _ in range(50)))
        assert {type(error) for error in errors} == {e.StateError}
        assert len({id(error) for error in errors}) == 50
        assert (server.times, clock()) == ([], START)

    virtually(main())


def test_a_store_that_fails_while_many_wait_ends_all_waits() -> None:
    """At once and not one timeout after the other."""

    async def main() -> None:
        gate, store = new_gate()
        one = limits(concurrency=1)
        first = asyncio.create_task(gate.ask(ticket(limits=one), Server(60.0).send))
        await asyncio.sleep(0.1)
        others = [asyncio.create_task(outcome(gate.ask(waiting(600, limits=one), Server().send))) for _ in range(20)]
        await asyncio.sleep(5)
        store.broken = e.StateError("the disk is full")
        errors = await asyncio.gather(*others)
        assert {type(error) for error in errors} == {e.StateError}
        assert clock() - START < 7
        assert await first == ANSWER

    virtually(main())


def test_a_store_that_fails_after_the_answer_loses_no_answer() -> None:
    """It is paid for; what could not be booked stays reserved."""

    async def main() -> None:
        gate, store = new_gate()
        budget = (Spending("run:a", Decimal(100)),)

        async def send() -> Answer:
            store.broken = e.StateError("the disk is full")
            return ANSWER

        assert await gate.ask(ticket(budgets=budget, limits=limits(concurrency=1)), send) == ANSWER
        await gate.settle("a" * 64, budget, Usage(30, 10), Decimal("0.40"))
        store.broken = None
        account = await spent(store, "run:a")
        assert (account.tokens, account.held_tokens) == (0, 100)

    virtually(main())
