"""The gate on a loop whose time jumps: outages, slow models, limits, order, cancellation, and what an idle wait costs."""

from __future__ import annotations

import asyncio
from datetime import timedelta
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
    ticket,
    virtually,
    waiting,
    worst_in_a_minute,
)

from llm_orchestration import errors as e
from llm_orchestration.model import Answer, Usage
from llm_orchestration.traffic import Spending, spent


def test_an_outage_costs_a_handful_of_requests() -> None:
    """200 tasks with Airflow's retries over four minutes: five requests open the circuit, then one probe per pause."""

    async def main() -> None:
        gate, _ = new_gate(known=False)
        server = Server(0.1, e.ServerError("down"))

        async def task() -> str:
            for _ in range(10):
                error = await outcome(gate.ask(waiting(30), server.send))
                if clock() - START > 240:
                    break
                await asyncio.sleep((error.retry_after or timedelta(seconds=5)).total_seconds())
            return type(error).__name__

        ended = await asyncio.gather(*(task() for _ in range(200)))
        assert set(ended) <= {"ServerError", "CircuitOpenError"}
        assert 8 <= len(server.times) <= 12
        assert clock() - START > 240

    virtually(main())


def test_after_an_outage_everybody_is_served() -> None:
    """The first probe that succeeds lets all who wait go."""

    async def main() -> None:
        gate, _ = new_gate(known=False)
        server = Server(0.1, *[e.ConnectError("refused")] * 6, ANSWER)
        ended = await asyncio.gather(*(outcome(gate.ask(waiting(60), server.send)) for _ in range(200)))
        assert ended.count(ANSWER) == 194
        assert len(server.times) == 200
        # Five at the start, a failed probe after 5 s, a good one after 10 more, then all.
        assert [round(time - START, 1) for time in server.times[:8]] == [0, 0, 0, 0, 0, 5.1, 15.2, 15.3]

    virtually(main())


def test_a_healthy_slow_model_is_soon_in_full_use() -> None:
    """1,000 requests to a model that needs 20 s are all in flight in 8 s, although nobody had an answer yet."""

    async def main() -> None:
        gate, _ = new_gate(known=False)
        server = Server(20.0)
        tickets = [waiting(0) for _ in range(1000)]
        await asyncio.gather(*(gate.ask(one, server.send) for one in tickets))
        assert server.peak == 1000
        assert server.times[-1] - START <= 8
        assert max(one.waited for one in tickets) <= timedelta(seconds=8)
        assert all(one.sent for one in tickets)

    virtually(main())


def test_a_healthy_endpoint_costs_one_read_a_second_and_one_write_a_minute() -> None:
    """1,000 calls over two minutes without limits and budgets."""

    async def main() -> None:
        gate, store = new_gate()
        server = Server(0.2)
        for _ in range(600):
            await gate.ask(ticket(), server.send)
        assert clock() - START == pytest.approx(120)
        assert store.reads <= 122
        assert store.changes <= 2

    virtually(main())


def test_known_limits_are_never_exceeded() -> None:
    """60 calls at once against 20 a minute and 4 in flight: all are answered, the server sees no more."""

    async def main() -> None:
        gate, _ = new_gate()
        server = Server(2.0)
        few = limits(concurrency=4, requests=20)
        await asyncio.gather(*(gate.ask(waiting(3600, limits=few), server.send) for _ in range(60)))
        assert server.peak == 4
        assert worst_in_a_minute([(time, 1) for time in server.times]) == 20
        assert server.times[-1] - START < 3 * 62

    virtually(main())


def test_tokens_of_a_short_answer_are_free_again() -> None:
    """Worst cases of 900 would allow one request a minute; answers of 40 let all ten go one after the other."""

    async def main() -> None:
        gate, _ = new_gate()
        server = Server(1.0)
        few = limits(tokens=1000)
        await asyncio.gather(*(gate.ask(waiting(60, limits=few, tokens=600), server.send) for _ in range(10)))
        assert server.times[-1] - START < 15

    virtually(main())


@pytest.mark.parametrize(
    ("known", "expected", "after"),
    [
        ({"requests": 1}, e.ThrottledError, 62),
        ({"concurrency": 1}, e.ThrottledError, 15),
        ({"tokens": 100}, e.ThrottledError, 15),
    ],
    ids=["requests", "concurrency", "tokens"],
)
def test_who_may_not_wait_is_told_at_once(known: dict[str, int], expected: type[e.LLMError], after: float) -> None:
    """A target with another one behind it: the limit is named, the wait is said, nothing was sent."""

    async def main() -> None:
        gate, _ = new_gate()
        first = asyncio.create_task(gate.ask(ticket(limits=limits(**known)), Server(5.0).send))
        await asyncio.sleep(0.1)
        refused, second = Server(), ticket(limits=limits(**known))
        error = await outcome(gate.ask(second, refused.send))
        assert type(error) is expected
        assert error.retry_after == pytest.approx(timedelta(seconds=after), abs=timedelta(seconds=1.2))
        assert next(iter(known)) in error.message
        assert (refused.times, second.sent) == ([], False)
        assert await first == ANSWER

    virtually(main())


def test_a_hopeless_wait_ends_when_it_is_certain() -> None:
    """Nobody who may wait 30 s waits them out for a turn that is 62 s away; who may wait 100 s gets it."""

    async def main() -> None:
        gate, _ = new_gate()
        server, one = Server(), limits(requests=1)
        await gate.ask(ticket(limits=one), server.send)
        patient = asyncio.create_task(gate.ask(waiting(100, limits=one), server.send))
        hasty = [asyncio.create_task(outcome(gate.ask(waiting(30, limits=one), server.send))) for _ in range(5)]
        for error in await asyncio.gather(*hasty):
            assert isinstance(error, e.ThrottledError)
        assert clock() == START
        assert await patient == ANSWER
        assert clock() - START == pytest.approx(62 - START % 1, abs=0.01)

    virtually(main())


def test_a_circuit_that_opens_tells_all_who_wait() -> None:
    """Those behind the first of the queue do not wait for their turn to hear it."""

    async def main() -> None:
        gate, _ = new_gate(known=False)
        server = Server(1.0, e.OverloadedError("full", retry_after=timedelta(seconds=120)))
        errors = await asyncio.gather(*(outcome(gate.ask(waiting(30), server.send)) for _ in range(50)))
        refused = [error for error in errors if isinstance(error, e.CircuitOpenError)]
        # Five in the first second and, because the first answer came just after it, up to ten in the next.
        assert 5 <= len(server.times) <= 15
        assert len(refused) == 50 - len(server.times)
        assert clock() - START < 2.5
        assert all(timedelta(seconds=117) < error.retry_after <= timedelta(seconds=120) for error in refused)

    virtually(main())


def test_retry_after_holds_for_everybody() -> None:
    """One 429 with 30 s: the others are sent 30 s later, not one by one into the same wall."""

    async def main() -> None:
        gate, _ = new_gate()
        server = Server(0.0, e.RateLimitError("slow down", retry_after=timedelta(seconds=30)), ANSWER)
        first = await outcome(gate.ask(ticket(), server.send))
        assert isinstance(first, e.RateLimitError)
        refused = await outcome(gate.ask(waiting(29), server.send))
        assert isinstance(refused, e.CircuitOpenError)
        assert refused.retry_after == timedelta(seconds=30)
        await asyncio.gather(*(gate.ask(waiting(60), server.send) for _ in range(20)))
        assert min(server.times[1:]) - START >= 30

    virtually(main())


def test_a_used_up_quota_is_asked_once() -> None:
    """199 of 200 tasks hear of it without a request; a refused key is each connection's own matter."""

    async def main() -> None:
        gate, _ = new_gate()
        server = Server(0.1, e.QuotaExceededError("no money"))
        assert isinstance(await outcome(gate.ask(ticket(), server.send)), e.QuotaExceededError)
        errors = await asyncio.gather(*(outcome(gate.ask(waiting(30), server.send)) for _ in range(199)))
        assert len(server.times) == 1
        assert {type(error) for error in errors} == {e.CircuitOpenError}
        assert "quota" in errors[0].message

        gate, _ = new_gate()
        server = Server(0.0, e.AuthenticationError("wrong key"))
        for _ in range(20):
            assert isinstance(await outcome(gate.ask(ticket(), server.send)), e.AuthenticationError)
        assert len(server.times) == 20

    virtually(main())


def test_nobody_overtakes() -> None:
    """Requests of one process are sent in the order in which they came."""

    async def main() -> None:
        gate, _ = new_gate()
        order: list[int] = []

        async def ask(n: int) -> None:
            async def send() -> Answer:
                order.append(n)
                await asyncio.sleep(1)
                return ANSWER

            await gate.ask(waiting(600, limits=limits(concurrency=2)), send)

        async with asyncio.TaskGroup() as group:
            for n in range(30):
                group.create_task(ask(n))
                await asyncio.sleep(0.05)
        assert order == list(range(30))

    virtually(main())


def test_who_stands_behind_a_large_request_waits_no_longer_than_it_may() -> None:
    """There would be room for the small ones, but the large one came first; after it is gone they are sent."""

    async def main() -> None:
        gate, _ = new_gate()
        few, server = limits(tokens=1000), Server(1.0, Answer("x", Usage(600, 0), "m1"), ANSWER)
        await gate.ask(ticket(limits=few, tokens=600), server.send)
        large = asyncio.create_task(outcome(gate.ask(waiting(20, limits=few, tokens=900), server.send)))
        await asyncio.sleep(0.1)
        asked = [waiting(seconds, limits=known) for seconds in (0, 5, 40) for known in (few, limits())]
        ended = await asyncio.gather(*(outcome(gate.ask(one, server.send)) for one in asked))
        assert isinstance(await large, e.ThrottledError)
        assert [type(one) for one in ended[:4]] == [e.ThrottledError] * 4
        assert [round(one.waited.total_seconds()) for one in asked] == [0, 0, 5, 5, 20, 20]
        assert ended[4:] == [ANSWER] * 2

    virtually(main())


def test_a_thousand_at_once_cost_a_handful_of_changes() -> None:
    """What begins or ends in one moment is written together: two scopes and an endpoint, entered and left."""

    async def main() -> None:
        gate, store = new_gate()
        budgets = (Spending("run:a", Decimal(10_000)), Spending("day:d", Decimal(10_000)))
        known = limits(concurrency=1000, requests=1000)
        asked = [ticket(f"{n:064x}", limits=known, budgets=budgets) for n in range(1000)]
        assert await asyncio.gather(*(gate.ask(one, Server(20.0).send) for one in asked)) == [ANSWER] * 1000
        assert store.changes < 100
        account = await spent(store, "day:d")
        assert (account.calls, account.usd, account.held) == (1000, Decimal(400), {})

    virtually(main())


def test_a_damaged_endpoint_is_a_new_one() -> None:
    """One bad object must not stop a night's work."""

    async def main() -> None:
        gate, store = new_gate()
        for damage in ('{"breaker": 5}', '{"load": {"requests": "x"}}', "[]", "{"):
            store.put("endpoint:e", damage)
            assert await gate.ask(ticket(limits=limits(requests=5)), Server().send) == ANSWER
            await asyncio.sleep(100)

    virtually(main())


def test_a_ticket_tells_how_long_it_waited_also_when_refused() -> None:
    """The engine does not count waiting against the deadline."""

    async def main() -> None:
        gate, _ = new_gate()
        one = limits(concurrency=1)
        first = asyncio.create_task(gate.ask(ticket(limits=one), Server(10.0).send))
        await asyncio.sleep(0.1)
        refused, served = waiting(4, limits=one), waiting(60, limits=one)
        errors = await asyncio.gather(outcome(gate.ask(refused, Server().send)), gate.ask(served, Server().send), first)
        assert isinstance(errors[0], e.ThrottledError)
        assert (round(refused.waited.total_seconds(), 1), refused.sent) == (4.0, False)
        assert (round(served.waited.total_seconds(), 1), served.sent) == (9.9, True)

    virtually(main())
