"""A process with a gate of its own over a shared store, told on stdin what to do; one JSON line in, one out.

Its wall clock stands where the command says, so that no test waits.
"""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import timedelta
from decimal import Decimal
from typing import Any

import structlog
from llm_traffic_lab import ANSWER, limits, ticket

from llm_orchestration import errors
from llm_orchestration.model import Answer
from llm_orchestration.traffic import Spending, TrafficGate, open_state_store


class Child:
    """The gate and the one request that may be kept waiting."""

    def __init__(self, url: str) -> None:
        self.now = 0.0
        self.store = open_state_store(url)
        self.gate = TrafficGate(self.store, clock=lambda: self.now)
        self.held: tuple[asyncio.Task[Any], asyncio.Future[str]] | None = None

    async def ask(self, count: int = 1, outcome: str = "answer", **more: Any) -> list[str]:
        """Asks `count` times at once; how each ended."""

        async def send() -> Answer:
            return _end(outcome)

        async def one() -> str:
            try:
                await self.gate.ask(_ticket(more), send)
            except errors.LLMError as error:
                return type(error).__name__
            return "answered"

        return list(await asyncio.gather(*(one() for _ in range(count))))

    async def hold(self, **more: Any) -> str:
        """Asks once and keeps the request at the server; `sent`, or how it ended before."""
        loop = asyncio.get_running_loop()
        sent, end = loop.create_future(), loop.create_future()

        async def send() -> Answer:
            sent.set_result(None)
            return _end(await end)

        task = loop.create_task(self.gate.ask(_ticket(more), send))
        await asyncio.wait((task, sent), return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return type(task.exception()).__name__
        self.held = (task, end)
        return "sent"

    async def finish(self, outcome: str = "answer") -> str:
        """Ends the request that `hold` kept."""
        assert self.held is not None
        task, end = self.held
        end.set_result(outcome)
        await asyncio.wait((task,))
        return "answered" if task.exception() is None else type(task.exception()).__name__

    async def count(self, key: str, times: int) -> int:
        """Adds one to a number in the store, `times` times; its last value."""
        value = 0
        for _ in range(times):
            value = await self.store.update(
                key, lambda state: ({"n": (n := (state or {"n": 0})["n"] + 1)}, n), keep=timedelta(hours=1)
            )
        return value


def _end(outcome: str) -> Answer:
    if outcome == "answer":
        return ANSWER
    raise getattr(errors, outcome)("told to fail")


def _ticket(facts: dict[str, Any]) -> Any:
    budgets = tuple(Spending(scope, Decimal(usd)) for scope, usd in facts.get("budgets", {}).items())
    more = {"request": facts["request"]} if "request" in facts else {}
    return ticket(limits=limits(**facts.get("limits", {})), budgets=budgets, **more)


async def main() -> None:
    """Obeys until stdin ends."""
    # Standard output belongs to the answers.
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    child = Child(sys.argv[1])
    while line := await asyncio.to_thread(sys.stdin.readline):
        command = json.loads(line)
        child.now = command.pop("now", child.now)
        told = await getattr(child, command.pop("do"))(**command)
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main())
