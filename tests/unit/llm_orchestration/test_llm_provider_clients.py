"""What all calls of one event loop share: clients, slow preparations, and their turn to begin."""

from __future__ import annotations

import asyncio
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from llm_orchestration.providers import _clients, close_clients


class Client:
    """A client that notes that it was closed."""

    closed = False

    async def aclose(self) -> None:
        self.closed = True


def test_a_client_serves_a_few_dozen_requests_and_then_another_is_added() -> None:
    """One after the other share one client; a hundred at once are spread, and their places are used again."""

    async def main() -> None:
        made: list[Client] = []

        def build() -> Client:
            made.append(Client())
            return made[-1]

        for _ in range(100):
            with _clients.client_for("k", build):
                pass
        assert len(made) == 1
        with ExitStack() as stack:
            for _ in range(100):
                stack.enter_context(_clients.client_for("k", build))
            assert len(made) == -(-100 // _clients.REQUESTS_PER_CLIENT)
            with _clients.client_for("other", build) as client:
                assert client is made[-1]
        with pytest.raises(ZeroDivisionError), _clients.client_for("k", build):
            1 / 0  # noqa: B018 - a request that fails
        with _clients.client_for("k", build) as client:
            assert client is made[0]
        await close_clients()
        assert all(one.closed for one in made)

    asyncio.run(main())


def test_the_clients_of_a_closed_loop_are_forgotten() -> None:
    """A client holds sockets of its loop, so it must not outlive it."""
    before = len(_clients._shards)

    async def use() -> None:
        with _clients.client_for("k", Client):
            pass

    for _ in range(3):
        asyncio.run(use())
    assert len(_clients._shards) <= before + 1


def test_slow_work_is_done_once_for_all_that_wait_for_it() -> None:
    """Twenty callers, one thread, one outcome; the loop goes on meanwhile; the next caller does it anew."""
    runs: list[int] = []
    go_on = threading.Event()

    def slow() -> int:
        runs.append(threading.get_ident())
        go_on.wait(10)
        return len(runs)

    async def main() -> None:
        waiting = [asyncio.ensure_future(_clients.in_thread_once("k", slow)) for _ in range(20)]
        while not runs:
            await asyncio.sleep(0)
        waiting[0].cancel()
        go_on.set()
        outcomes = await asyncio.gather(*waiting, return_exceptions=True)
        assert isinstance(outcomes[0], asyncio.CancelledError)
        assert outcomes[1:] == [1] * 19
        assert threading.get_ident() not in runs
        assert await _clients.in_thread_once("k", slow) == 2

    asyncio.run(main())


def test_a_failure_of_slow_work_reaches_everybody_and_is_not_kept() -> None:
    """The next caller tries again."""
    outcomes: list[Any] = [OSError("down"), 7]

    def slow() -> Any:
        outcome = outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def main() -> None:
        with pytest.raises(OSError, match="down"):
            await _clients.in_thread_once("k", slow)
        assert await _clients.in_thread_once("k", slow) == 7

    asyncio.run(main())


def test_a_few_requests_begin_in_each_round_of_the_loop() -> None:
    """A hundred at once begin in order, a handful a round; one that gave up keeps nobody waiting."""

    async def main() -> None:
        begun: list[int] = []
        rounds = 0

        async def call(number: int) -> None:
            await _clients.turn()
            begun.append(number)

        calls = [asyncio.ensure_future(call(number)) for number in range(100)]
        seen = 0
        while len(begun) < 99:
            await asyncio.sleep(0)
            rounds += 1
            assert len(begun) - seen <= _clients.BEGINNINGS_PER_ROUND
            seen = len(begun)
            if rounds == 3:
                calls[90].cancel()
            assert rounds < 1000
        assert begun == [number for number in range(100) if number != 90]
        # Nobody waits now, so the next one begins at once.
        await asyncio.wait_for(call(100), 5)

    asyncio.run(main())


def test_trust_is_read_once() -> None:
    """Making a TLS context costs more than a call, so the same authorities give the same context."""
    import ssl

    import certifi

    usual = _clients.trust(True)
    assert isinstance(usual, ssl.SSLContext)
    assert usual is _clients.trust(True)
    assert _clients.trust(False) is False
    own = _clients.trust(certifi.where())
    assert isinstance(own, ssl.SSLContext)
    assert own.get_ca_certs()
    assert isinstance(_clients.trust(str(Path(certifi.where()).parent)), ssl.SSLContext)
