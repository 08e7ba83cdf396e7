"""One object of the store seen by one loop: shared reads, changes made together, and what cancellation undoes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from llm_traffic_lab import CountingStore, clock, virtually

from llm_orchestration.errors import StateError
from llm_orchestration.traffic._shared import Shared


@dataclass(frozen=True)
class Numbers:
    """A value with an order."""

    numbers: tuple[int, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {"numbers": list(self.numbers)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Numbers:
        return cls(tuple(int(one) for one in value["numbers"]))


def shared(store: CountingStore) -> Shared[Numbers]:
    return Shared(store, "n", Numbers, timedelta(hours=1), clock)


def adding(number: int) -> Any:
    return lambda value: (Numbers((*value.numbers, number)), len(value.numbers))


def removing(number: int) -> Any:
    return lambda value: (Numbers(tuple(one for one in value.numbers if one != number)), None)


def test_changes_of_one_moment_are_made_together_in_order() -> None:
    """350 changes, four writes, and each hears what its own step said."""

    async def main() -> None:
        store = CountingStore(clock)
        one = shared(store)
        told = await asyncio.gather(*(one.submit(adding(n)) for n in range(350)))
        assert told == list(range(350))
        assert (await one.look()).numbers == tuple(range(350))
        assert (store.changes, store.reads) == (4, 0)

    virtually(main())


def test_readers_of_one_moment_share_a_read() -> None:
    """And for a second they know."""

    async def main() -> None:
        store = CountingStore(clock)
        one = shared(store)
        await asyncio.gather(*(one.look() for _ in range(100)))
        await asyncio.sleep(0.9)
        await one.look()
        assert store.reads == 1
        await asyncio.sleep(0.2)
        await one.look()
        assert store.reads == 2

    virtually(main())


@pytest.mark.parametrize("steps", range(6))
def test_a_cancelled_change_is_not_made_or_undone(steps: int) -> None:
    """Whenever the cancellation comes; a change that was submitted stays."""

    async def main() -> None:
        store = CountingStore(clock)
        one = shared(store)
        task = asyncio.create_task(one.change(adding(1), undo=lambda _: removing(1)))
        kept = one.submit(adding(2))
        for _ in range(steps):
            await asyncio.sleep(0)
        cancelled = task.cancel()
        await asyncio.wait((task, kept))
        await asyncio.sleep(1)
        left = Numbers.from_json(await store.read("n") or {}).numbers
        assert sorted(left) == ([2] if cancelled else [1, 2])

    virtually(main())


def test_a_failed_change_fails_for_each_asker_and_the_next_works() -> None:
    """Each gets an error of its own, because the engine adds facts to it."""

    async def main() -> None:
        store = CountingStore(clock)
        one = shared(store)
        store.broken = StateError("the disk is full")
        errors = await asyncio.gather(*(one.submit(adding(n)) for n in range(3)), one.look(), return_exceptions=True)
        assert {type(error) for error in errors} == {StateError}
        assert len({id(error) for error in errors}) == 4
        store.broken = None
        assert await one.submit(adding(7)) == 0

    virtually(main())


def test_a_step_that_fails_harms_only_those_beside_it() -> None:
    """A fault of our own is raised where it was asked for and does not stop later changes."""

    async def main() -> None:
        one = shared(CountingStore(clock))
        with pytest.raises(ZeroDivisionError):
            await one.submit(lambda value: (value, 1 // 0))
        assert await one.submit(adding(1)) == 0

    virtually(main())
