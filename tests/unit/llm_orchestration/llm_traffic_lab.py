"""For the tests of the gate: an event loop that does not wait, tickets, a store that counts, and processes to command."""

from __future__ import annotations

import asyncio
import json
import os
import selectors
import subprocess
import sys
from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from llm_orchestration import errors as e
from llm_orchestration.model import Answer, Usage
from llm_orchestration.traffic import Limits, MemoryStateStore, Ticket, TrafficGate
from llm_orchestration.traffic._endpoint import Endpoint
from llm_orchestration.traffic.breaker import NEW, answered
from llm_orchestration.traffic.contract import NO_LIMITS

T = TypeVar("T")

# Three seconds before a minute begins, so that tests cross one.
START = 1_800_000_057.0
ANSWER = Answer("fine", Usage(30, 10), "m1")


class _Jumping(selectors.DefaultSelector):
    """Instead of waiting for a timer, moves the time there."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0 if timeout is not None else None)
        if not ready and timeout:
            self.now += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop whose time stands still while there is something to do and jumps when there is not."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now


def clock() -> float:
    """Wall clock of the running virtual loop."""
    return START + asyncio.get_running_loop().time()


def virtually(main: Coroutine[Any, Any, T]) -> T:
    """Runs a test's main coroutine on a virtual loop."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)


def ticket(request: str = "a" * 64, **more: Any) -> Ticket:
    """A ticket for endpoint `e` that may not wait and costs 0.01 dollars a token."""
    facts: dict[str, Any] = {
        "endpoint": "e",
        "request": request,
        "limits": NO_LIMITS,
        "budgets": (),
        "tokens": 100,
        "cost": lambda usage: usage.total_tokens * Decimal("0.01"),
        "worst_usd": Decimal("1.00"),
        "wait": timedelta(0),
        "hold": timedelta(seconds=60),
        "purpose": "step",
        "provider": "openai_compatible",
        "model": "m1",
    }
    return Ticket(**{**facts, **more})


def limits(concurrency: int | None = None, requests: int | None = None, tokens: int | None = None) -> Limits:
    """Limits in short."""
    return Limits(concurrency, requests, tokens)


def worst_in_a_minute(events: list[tuple[float, int]]) -> int:
    """The most that any 60 seconds hold of `(time, amount)`."""
    ordered = sorted(events)
    worst = held = first = 0
    for time, amount in ordered:
        held += amount
        while ordered[first][0] <= time - 60:
            held -= ordered[first][1]
            first += 1
        worst = max(worst, held)
    return worst


class CountingStore(MemoryStateStore):
    """Counts reads and changes; `broken` makes it raise."""

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__(clock)
        self.reads = self.changes = 0
        self.broken: Exception | None = None

    def put(self, key: str, text: str) -> None:
        """Writes past all checks, as a disk error would."""
        self._entries[key] = (text, self._clock() + 1e6)

    async def read(self, key: str) -> Any:
        self.reads += 1
        if self.broken is not None:
            raise self.broken
        return await super().read(key)

    async def update(self, key: str, change: Any, *, keep: timedelta) -> Any:
        self.changes += 1
        if self.broken is not None:
            raise self.broken
        # A real store lets others run in between.
        await asyncio.sleep(0)
        return await super().update(key, change, keep=keep)


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


def waiting(seconds: float, **more: Any) -> Ticket:
    """A ticket that may wait."""
    return ticket(wait=timedelta(seconds=seconds), **more)


async def outcome(call: Awaitable[Any]) -> Any:
    """What the call returned or how it failed."""
    try:
        return await call
    except e.LLMError as error:
        return error


async def state_of(store: CountingStore) -> Endpoint:
    """What is stored about the endpoint."""
    return Endpoint.from_json(await store.read("endpoint:e") or {})


class Child:
    """A process with a gate of its own, told line by line what to do (see `llm_traffic_child.py`)."""

    def __init__(self, url: str) -> None:
        here = Path(__file__).parent
        plugins = here.parents[2] / "plugins"
        self._process = subprocess.Popen(
            [sys.executable, str(here / "llm_traffic_child.py"), url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": f"{plugins}{os.pathsep}{here}"},
        )

    def tell(self, **command: Any) -> None:
        """Sends a command without waiting for its end."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()

    def hear(self) -> Any:
        """The answer to the oldest command that was not heard yet."""
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())

    def do(self, **command: Any) -> Any:
        """Sends a command and waits for its answer."""
        self.tell(**command)
        return self.hear()

    def kill(self) -> None:
        """Ends the process as the kernel would when memory is short."""
        self._process.kill()
        self._process.wait()

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
