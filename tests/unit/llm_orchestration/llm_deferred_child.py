"""A triggerer that is killed: asks one deferred call in a process of its own and ends it with SIGKILL at a point.

Run as `python llm_deferred_child.py EXCHANGE NAME journal|asked`: `journal` kills right after the journal was written, before
anything else can happen; `asked` while the request is on its way, when a line comes on standard input.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys

from llm_orchestration.journal import StoreJournal
from llm_orchestration.triggers import LLMCallTrigger


def end() -> None:
    """As `kill -9` does: no cleanup, no goodbye."""
    os.kill(os.getpid(), signal.SIGKILL)


async def ask(exchange: str, name: str) -> None:
    """Runs the trigger."""
    async for event in LLMCallTrigger(exchange, name).run():
        print(event, flush=True)


async def ask_until_told(exchange: str, name: str) -> None:
    """Runs the trigger until a line comes on standard input."""
    asking = asyncio.create_task(ask(exchange, name))
    await asyncio.to_thread(sys.stdin.readline)
    end()
    await asking


def main() -> None:
    """Asks, and never returns."""
    exchange, name, point = sys.argv[1:]
    if point == "asked":
        asyncio.run(ask_until_told(exchange, name))
    keep = StoreJournal.put

    def put(self: StoreJournal, key: str, value: bytes) -> None:
        keep(self, key, value)
        end()

    StoreJournal.put = put  # type: ignore[method-assign]
    asyncio.run(ask(exchange, name))


if __name__ == "__main__":
    main()
