"""Budgets as pure functions: nothing above the limit, nothing booked twice, nothing that may be billed forgotten."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from llm_traffic_lab import ticket

from llm_orchestration.traffic import MemoryStateStore, Spending, spent
from llm_orchestration.traffic._purse import Accounts, Purse
from llm_orchestration.traffic.budgets import NO_BILL, Account, Bill, Held, booked, found, hold, shortage

DAY = Spending("day:2026-11-24", Decimal("10"), 1000)
KEY = "b" * 64
SHORT = KEY[:32]
HOLD = timedelta(seconds=60)
WHOLE = Account().to_json()


def holding(*names: str, tokens: int = 100, usd: str | None = "1", until: float = 60.0) -> Account:
    account = Account()
    for name in names:
        account = hold(account, name, Held(tokens, None if usd is None else Decimal(usd), until))
    return account


@pytest.mark.parametrize(
    ("bill", "tokens", "usd", "calls"),
    [
        (Bill(40, Decimal("0.4")), 40, "0.4", 1),
        (NO_BILL, 0, "0", 0),
        (Bill(None, None), 100, "1", 1),
        (Bill(40, None), 40, "1", 1),
    ],
    ids=["usage", "no bill", "perhaps a bill", "tokens without a price"],
)
def test_a_reservation_is_booked_once(bill: Bill, tokens: int, usd: str, calls: int) -> None:
    """What was used, nothing, or the worst case; the second booking finds nothing open."""
    account = booked(holding("k.1"), "k.1", bill)
    assert (account.tokens, account.usd, account.calls, account.held) == (tokens, Decimal(usd), calls, {})
    assert booked(account, "k.1", Bill(500, Decimal(5))) == account


def test_an_answer_from_the_journal_books_the_oldest_reservation_of_its_request() -> None:
    """The killed process's, which came first; without an open one nothing is booked."""
    account = holding(f"{SHORT}.2", "other.3", until=90.0)
    account = hold(account, f"{SHORT}.1", Held(100, Decimal(1), 60.0))
    after = found(account, KEY, Bill(40, Decimal("0.4")))
    assert (after.tokens, sorted(after.held)) == (40, [f"{SHORT}.2", "other.3"])
    assert found(holding("other.3"), KEY, Bill(40, Decimal("0.4"))) == holding("other.3")


def test_a_shortage_says_what_is_missing() -> None:
    """Scope, limit, spent, reserved and worst case, and whether waiting can help."""
    account = replace(holding("a.1", "b.1", usd="4"), usd=Decimal("1"))
    lacking = shortage(account, DAY, "c.1", Held(1, Decimal("1.5"), 0.0), now=0.0)
    assert lacking is not None
    assert lacking.may_ease
    assert str(lacking.error(ticket()).message) == (
        "step could take 1.500000 USD, and the budget 'day:2026-11-24' of 10.000000 USD has 1.000000 USD spent and "
        "8.000000 USD reserved for requests in flight; raise the budget, lower max_output_tokens or send less"
    )
    dead = shortage(account, DAY, "c.1", Held(1, Decimal("1.5"), 0.0), now=60.0)
    assert dead is not None
    assert not dead.may_ease, "nobody will settle what a killed process held"


def test_without_a_price_only_tokens_are_held() -> None:
    """An unknown price is not zero and not infinite: money cannot be held."""
    unpriced = Held(200, None, 0.0)
    assert shortage(replace(holding(), usd=Decimal("9.99")), DAY, "c.1", unpriced, 0.0) is None
    lacking = shortage(holding(*(f"{n}.1" for n in range(9))), DAY, "c.1", unpriced, 0.0)
    assert lacking is not None
    assert (lacking.unit, lacking.reserved) == ("tokens", 900)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["send", "answer", "free", "lost", "killed", "journal"]), st.integers(0, 5), st.integers(1, 400)
    ),
    max_size=60,
)


@given(STEPS)
def test_what_is_spent_and_held_never_exceeds_the_budget(steps: list[tuple[str, int, int]]) -> None:
    """Whatever ends how, as long as no bill is above its own worst case."""
    account, n = Account(), 0
    for step, which, tokens in steps:
        if step == "send":
            n += 1
            held = Held(tokens, Decimal(tokens) / 100, 60.0)
            if shortage(account, DAY, f"{n}.1", held, 0.0) is None:
                account = hold(account, f"{n}.1", held)
        elif account.held:
            name = sorted(account.held)[which % len(account.held)]
            used = min(tokens, Held.from_json(account.held[name]).tokens)
            bill = Bill(used, Decimal(used) / 100)
            if step == "journal":
                account = found(account, name.partition(".")[0], bill)
            elif step != "killed":
                account = booked(account, name, {"answer": bill, "free": NO_BILL, "lost": Bill(None, None)}[step])
        assert account.tokens + account.held_tokens <= 1000
        assert account.usd + account.held_usd <= Decimal(10)
        assert account.held_tokens == sum(tokens for tokens, _, _ in account.held.values())
        assert Account.from_json(json.loads(json.dumps(account.to_json()))) == account


async def purse(store: MemoryStateStore, *budgets: Spending) -> Purse:
    return Purse(Accounts(store, lambda: 0.0), ticket(KEY, budgets=budgets), f"{SHORT}.1")


def test_all_budgets_or_none() -> None:
    """A run has room and the day has not: nothing stays reserved in the run."""

    async def main() -> None:
        store = MemoryStateStore(lambda: 0.0)
        run, day = Spending("run:f/1", Decimal(100)), Spending("day:d", Decimal("0.5"))
        lacking = await (await purse(store, run, day)).reserve(HOLD)
        assert lacking is not None
        assert lacking.scope == "day:d"
        assert await spent(store, "run:f/1") == await spent(store, "day:d") == Account()

    asyncio.run(main())


def test_every_budget_books_the_same() -> None:
    """And a scope that is named twice books once."""

    async def main() -> None:
        store = MemoryStateStore(lambda: 0.0)
        one = await purse(store, Spending("run:f/1"), Spending("day:d", tokens=100), Spending("day:d", Decimal(1)))
        assert await one.reserve(HOLD) is None
        await asyncio.wait(one.book(Bill(10, Decimal("0.1"))))
        for scope in ("run:f/1", "day:d"):
            assert await spent(store, scope) == Account(10, Decimal("0.1"), 1)

    asyncio.run(main())


@pytest.mark.parametrize(("scope", "days"), [("day:2026-11-24", 2), ("run:f/1", 30)])
def test_a_scope_is_kept_for_as_long_as_it_matters(scope: str, days: int) -> None:
    """A day for two days, a run for thirty, after their last request."""

    async def main() -> None:
        now = 0.0
        store = MemoryStateStore(lambda: now)
        await (await purse(store, Spending(scope, Decimal(100)))).reserve(HOLD)
        now = timedelta(days=days).total_seconds() - 1
        assert (await spent(store, scope)).held_usd == 1
        now += 2
        assert await spent(store, scope) == Account()

    asyncio.run(main())


@pytest.mark.parametrize(
    "damage",
    [
        {},
        {**WHOLE, "usd": "NaN"},
        {**WHOLE, "held": []},
        {**WHOLE, "held": {"a": 1}},
        {**WHOLE, "held": {"a": [1, 2, 3]}},
    ],
)
def test_a_damaged_account_counts_as_empty(damage: dict[str, object]) -> None:
    """The night goes on; the next reservation writes a whole one."""

    async def main() -> None:
        store = MemoryStateStore(lambda: 0.0)
        await store.update("budget:day:d", lambda _: (damage, None), keep=timedelta(days=1))
        assert await spent(store, "day:d") == Account()
        await (await purse(store, Spending("day:d", Decimal(9)))).reserve(HOLD)
        assert list((await spent(store, "day:d")).held) == [f"{SHORT}.1"]

    asyncio.run(main())
