"""Runs coroutines for callers that have no event loop, on one background loop per process.

One loop means one connection pool and one TLS context for all threads of a worker, and a deadline that really cancels
the request: a blocked socket read in a thread cannot be cancelled.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _Background:
    """A loop on a daemon thread, started on first use."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    def loop(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=self._loop.run_forever, name="llm-orchestration", daemon=True).start()
            return self._loop

    def forget(self) -> None:
        """Starts anew in a forked child: it inherits the loop but not the thread, and perhaps a held lock."""
        self._lock = threading.Lock()
        self._loop = None


_background = _Background()
os.register_at_fork(after_in_child=_background.forget)


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Runs a coroutine to its end and returns or raises its outcome.

    A signal that interrupts the caller (Airflow's `execution_timeout`, a kill) also cancels the coroutine.
    """
    future = asyncio.run_coroutine_threadsafe(coroutine, _background.loop())
    try:
        return future.result()
    except BaseException:
        future.cancel()
        raise
