"""The hook of a process that has a thousand calls in flight on one event loop: a triggerer.

Each call has its own journal, budget and job book, so each has its own hook. What is expensive is shared: the connections of a
route are read once in 50 seconds however many calls ask for them, and the SDK is imported in a thread before the first call.
The SDK's clients are shared by the providers already.
"""

from __future__ import annotations

import asyncio
import importlib
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from weakref import WeakKeyDictionary

from llm_orchestration.errors import LLMError
from llm_orchestration.hook import LLMHook
from llm_orchestration.providers.base import RemoteProvider

# Below the hook's own 60 seconds, so that a plan is replaced before the hook would read it again for each call.
_AGE = timedelta(seconds=50)
_FAILURE_AGE = timedelta(seconds=1)
_SDKS = ("openai", "httpx2")

_Key = tuple[str, str | None, str | None]


@dataclass
class _Entry:
    task: asyncio.Task[Any]
    born: float

    def usable(self, now: float) -> bool:
        """Whether the lookup is under way, or its outcome is young."""
        if not self.task.done():
            return True
        failed = self.task.cancelled() or self.task.exception() is not None
        return now - self.born < (_FAILURE_AGE if failed else _AGE).total_seconds()


_entries: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[_Key, _Entry]] = WeakKeyDictionary()


class TriggerHook(LLMHook):
    """`LLMHook` for many calls on one loop."""

    async def works_here(self) -> bool:
        """Whether the route is answered in this process (offline, scripted), so that there is nothing to wait for.

        Raises:
            LLMError: The route or its connections cannot be read.
        """
        plan = await self._aplan()
        return not isinstance(plan.targets[0].provider, RemoteProvider)

    async def cancel_job(self, job: str) -> None:
        """Asks the providers of the route to stop a submitted job; one that does not know it refuses, which is no harm."""
        from llm_orchestration import providers

        for target in (await self._aplan()).targets:
            if target.submit != "call":
                with suppress(LLMError):
                    await providers.submitting(target.provider, target.submit).cancel(job)

    async def _aplan(self) -> Any:
        return await _once((self.route, self.llm_conn_id, self.routes_path), super()._aplan)


async def _once(key: _Key, look_up: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    """The outcome of a lookup that is done once for everybody who asks at the same time."""
    entries = _entries.setdefault(asyncio.get_running_loop(), {})
    entry = entries.get(key)
    if entry is None or not entry.usable(time.monotonic()):
        entry = _Entry(asyncio.ensure_future(_prepared(look_up)), time.monotonic())
        entries[key] = entry
    # Shielded: a caller that is cancelled must not take the lookup away from the others.
    return await asyncio.shield(entry.task)


async def _prepared(look_up: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    plan = await look_up()
    if any(isinstance(target.provider, RemoteProvider) for target in plan.targets):
        await asyncio.to_thread(_import_sdks)
    return plan


def _import_sdks() -> None:
    """An import of a second on the loop would hold up every call in flight."""
    for name in _SDKS:
        importlib.import_module(name)
