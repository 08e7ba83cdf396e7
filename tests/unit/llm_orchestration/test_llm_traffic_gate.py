"""The gate on a loop whose time jumps: outages, slow models, limits, order, cancellation, and what an idle wait costs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from llm_traffic_lab import ANSWER, START, CountingStore, clock, limits, ticket, virtually, worst_in_a_minute

from llm_orchestration import errors as e
from llm_orchestration.model import Answer, Usage
from llm_orchestration.traffic import Spending, TrafficGate, spent
from llm_orchestration.traffic._endpoint import Endpoint
from llm_orchestration.traffic.breaker import NEW, answered

Send = Callable[[], Awaitable[Answer]]


class Server:
    """Notes when requests arrive and answers, or fails, after a while."""

    def __init__(self, seconds: float = 0.0, *outcomes: Exception | Answer) -> None:
        self.seconds = seconds
        self.outcomes = outcomes or (ANSWER,)
        self.times: list[float] = []
        self.in_flight = self.peak = 0

    async def send(self) -> Answer:
        outcome = self.outcomes[min(len(self.times), len(self.outcomes) - 1)]
        self.times.append(clock())
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)
        try:
            await asyncio.sleep(self.seconds)
        finally:
            self.in_flight -= 1
        if isinstance(outcome, Exception):
            raise type(outcome)(str(outcome), **{k: v for k, v in vars(outcome).items() if v and k != "attempts"})
        return outcome


def new_gate(*, known: bool = True) -> tuple[TrafficGate, CountingStore]:
    """A gate over a store of its own; a `known` endpoint answered a moment ago."""
    store = CountingStore(clock)
    if known:
        store.put("endpoint:e", json.dumps(Endpoint(answered(NEW, "x", clock())).to_json()))
    return TrafficGate(store, clock=clock), store


def waiting(seconds: float, **more: Any) -> Any:
    return ticket(wait=timedelta(seconds=seconds), **more)


async def outcome(call: Awaitable[Any]) -> Any:
    try:
        return await call
    except e.LLMError as error:
        return error


async def state_of(store: CountingStore) -> Endpoint:
    return Endpoint.from_json(await store.read("endpoint:e") or {})


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
