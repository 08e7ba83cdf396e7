"""What a call has to do in the world, as values, and the two ways of doing it.

The engine yields an effect and gets its outcome sent in. `drive` performs the effects for a plain thread and `adrive`
for an event loop; neither knows what they are for.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Coroutine, Generator
from dataclasses import dataclass
from typing import Any, TypeVar

from llm_orchestration import _bridge
from llm_orchestration.model import LLMResult

T = TypeVar("T")


@dataclass(frozen=True)
class Local:
    """An effect that runs in this process and may block."""

    run: Callable[[], Any]


@dataclass(frozen=True)
class Remote:
    """An effect that waits for somebody else."""

    start: Callable[[], Coroutine[Any, Any, Any]]


Steps = Generator[Local | Remote, Any, Any]


def drive(steps: Steps) -> LLMResult:
    """Performs the effects from a thread; remote ones run on this process's background loop."""
    effect = _advance(steps.send, None)
    while not isinstance(effect, LLMResult):
        outcome, failure = None, None
        try:
            outcome = effect.run() if isinstance(effect, Local) else _bridge.run(effect.start())
        except Exception as error:  # noqa: BLE001 - the generator decides what an outcome means
            failure = error
        # Outside the handler: what is raised from here on must not carry this failure as its context.
        effect = _advance(steps.send, outcome) if failure is None else _advance(steps.throw, failure)
    return effect


async def adrive(steps: Steps) -> LLMResult:
    """Performs the effects on the running loop; local ones run in a thread."""
    effect = _advance(steps.send, None)
    while not isinstance(effect, LLMResult):
        outcome, failure = None, None
        try:
            outcome = await (asyncio.to_thread(effect.run) if isinstance(effect, Local) else effect.start())
        except Exception as error:  # noqa: BLE001 - as in `drive`
            failure = error
        effect = _advance(steps.send, outcome) if failure is None else _advance(steps.throw, failure)
    return effect


async def to_the_end(run: Callable[[], T]) -> T:
    """Runs `run` in a thread, also when the caller is cancelled meanwhile.

    `asyncio.to_thread` would take back work that still waits for a thread.
    """
    work = asyncio.get_running_loop().run_in_executor(None, contextvars.copy_context().run, run)
    return await asyncio.shield(work)


def _advance(step: Callable[[Any], Local | Remote], value: Any) -> Local | Remote | LLMResult:
    try:
        return step(value)
    except StopIteration as finished:
        result: LLMResult = finished.value
        return result
