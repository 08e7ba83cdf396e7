"""The gate across real processes that share a file: limits, the one probe, and what a killed process leaves."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path

import pytest
from llm_traffic_lab import START, Child

from llm_orchestration.model import Usage
from llm_orchestration.traffic import FileStateStore, Spending, TrafficGate, spent


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The file that the processes share."""
    return tmp_path / "state.db"


@pytest.fixture
def children(path: Path) -> Iterator[list[Child]]:
    """Three processes."""
    with ExitStack() as stack:
        yield [stack.enter_context(Child(path.as_uri())) for _ in range(3)]


def test_three_processes_keep_one_limit(children: list[Child]) -> None:
    """30 a minute: whatever second they ask in, and across the turn of the minute, no 60 seconds have more."""
    limit = {"requests": 30}
    warm = children[0].do(do="ask", now=START - 200, limits={})
    assert warm == ["answered"]
    sent: dict[float, int] = {}
    for after in (0.0, 0.9, 5.0, 59.0, 61.0, 62.1, 63.0, 120.0, 124.3):
        for child in children:
            child.tell(do="ask", now=START + after, count=20 if after else 7, limits=limit)
        ended = [one for child in children for one in child.hear()]
        assert set(ended) <= {"answered", "ThrottledError"}
        sent[after] = ended.count("answered")
    assert sent == {0.0: 21, 0.9: 9, 5.0: 0, 59.0: 0, 61.0: 0, 62.1: 30, 63.0: 0, 120.0: 0, 124.3: 30}


def test_one_probe_across_processes(children: list[Child]) -> None:
    """Five failures of one process shut the endpoint for all; then one asks, and its answer opens it for all."""
    assert children[0].do(do="ask", now=START, count=5, outcome="ServerError") == ["ServerError"] * 5
    for child in children:
        assert child.do(do="ask", now=START + 1) == ["CircuitOpenError"]
    for child in children:
        child.tell(do="hold", now=START + 6)
    ended = [child.hear() for child in children]
    assert sorted(ended) == ["CircuitOpenError", "CircuitOpenError", "sent"]
    prober = children[ended.index("sent")]
    assert prober.do(do="finish") == "answered"
    for child in children:
        # Two seconds later, because a process that saw the circuit open may believe that for one.
        assert child.do(do="ask", now=START + 8, count=20) == ["answered"] * 20


def test_a_killed_probe_is_replaced(children: list[Child]) -> None:
    """When its request would have timed out, another process may ask."""
    children[0].do(do="ask", now=START, count=5, outcome="ConnectError")
    assert children[0].do(do="hold", now=START + 6) == "sent"
    children[0].kill()
    assert children[1].do(do="ask", now=START + 60) == ["CircuitOpenError"]
    assert children[2].do(do="ask", now=START + 6 + 66) == ["answered"]


def test_a_killed_process_gives_its_slot_back(children: list[Child]) -> None:
    """One in flight, killed: the slot is free when the request would have timed out, and not before."""
    one = {"concurrency": 1}
    assert children[0].do(do="hold", now=START, limits=one) == "sent"
    children[0].kill()
    assert children[1].do(do="ask", now=START + 59, limits=one) == ["ThrottledError"]
    assert children[2].do(do="ask", now=START + 66, limits=one) == ["answered"]


def test_processes_share_one_budget(children: list[Child], path: Path) -> None:
    """Three processes with 10 requests each that may cost 1.00 and cost 0.40: 3.60 is never exceeded."""
    assert children[0].do(do="ask", now=START - 10) == ["answered"]
    for n, child in enumerate(children):
        child.tell(do="ask", now=START, count=10, budgets={"day:d": "3.60"}, request=f"{n:064x}")
    ended = [one for child in children for one in child.hear()]
    account = asyncio.run(spent(FileStateStore(path), "day:d"))
    assert set(ended) == {"answered", "BudgetExceededError"}
    assert account.usd == Decimal("0.40") * ended.count("answered")
    assert Decimal("1.20") <= account.usd <= Decimal("2.80"), "three fit at once, and the eighth never"
    assert account.held == {}


def test_what_a_killed_process_held_stays_held_until_its_answer_is_found(children: list[Child], path: Path) -> None:
    """It may have been billed. The journal's answer settles it, without one the worst case stays."""
    for n in range(2):
        assert children[n].do(do="hold", now=START, budgets={"run:a": "2.00"}, request=f"{n:064x}") == "sent"
        children[n].kill()
    assert children[2].do(do="ask", now=START + 1000, budgets={"run:a": "2.00"}) == ["BudgetExceededError"]

    async def settle() -> None:
        store = FileStateStore(path)
        await TrafficGate(store).settle(f"{0:064x}", (Spending("run:a"),), Usage(30, 10), Decimal("0.40"))
        account = await spent(store, "run:a")
        assert (account.usd, account.held_usd, account.calls) == (Decimal("0.40"), Decimal("1.00"), 1)
        await store.close()

    asyncio.run(settle())
