"""HTTP clients and slow preparations, shared by all calls of one event loop.

Clients are kept per endpoint and loop: a connection pool belongs to the loop that opened it, and the TLS context, which
costs 20 times a call, is made once per process. A client serves a few dozen requests at a time and then another one is
added, because the work of a connection pool grows with the square of what is in flight: a thousand requests in one pool
stop the loop for seconds. Whatever blocks (an import, a credential refresh) runs in a thread, once for all calls that
need it at the same time.
"""

from __future__ import annotations

import asyncio
import functools
import importlib
import ssl
import sys
from collections import deque
from collections.abc import AsyncIterator, Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    import httpx2

T = TypeVar("T")

CONNECT_TIMEOUT = timedelta(seconds=5)
MAX_BODY_BYTES = 16 * 1024 * 1024
REQUESTS_PER_CLIENT = 40
BEGINNINGS_PER_ROUND = 8

_Loop = asyncio.AbstractEventLoop
_shards: WeakKeyDictionary[_Loop, dict[Hashable, list[_Shard]]] = WeakKeyDictionary()
_running: WeakKeyDictionary[_Loop, dict[Hashable, asyncio.Task[Any]]] = WeakKeyDictionary()


class BodyTooLargeError(Exception):
    """A response that is longer than any answer. Internal: it becomes a `ProtocolError`."""


@dataclass
class _Shard:
    client: Any
    busy: int = 0


@contextmanager
def client_for(key: Hashable, build: Callable[[], T]) -> Iterator[T]:
    """A client of the running loop for one request.

    Args:
        key: What tells one endpoint from another.
        build: Makes a client.
    """
    loop = asyncio.get_running_loop()
    if loop not in _shards:
        for other in [known for known in _shards if known.is_closed()]:
            del _shards[other]
    shards = _shards.setdefault(loop, {}).setdefault(key, [])
    shard = next((one for one in shards if one.busy < REQUESTS_PER_CLIENT), None)
    if shard is None:
        shard = _Shard(build())
        shards.append(shard)
    shard.busy += 1
    try:
        yield shard.client
    finally:
        shard.busy -= 1


class _Pace:
    """Lets a few requests begin in each round of the loop, and the others in the next ones."""

    def __init__(self) -> None:
        self._begun = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def turn(self) -> None:
        if self._begun < BEGINNINGS_PER_ROUND and not self._waiting:
            if not self._begun:
                asyncio.get_running_loop().call_soon(self._next_round)
            self._begun += 1
            return
        waiting = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        await waiting

    def _next_round(self) -> None:
        self._begun = 0
        while self._waiting and self._begun < BEGINNINGS_PER_ROUND:
            waiting = self._waiting.popleft()
            if not waiting.done():
                waiting.set_result(None)
                self._begun += 1
        if self._begun:
            asyncio.get_running_loop().call_soon(self._next_round)


_paces: WeakKeyDictionary[_Loop, _Pace] = WeakKeyDictionary()


async def turn() -> None:
    """Waits until one more request may begin on this loop.

    A thousand calls that start at once would otherwise sign and connect in one round, during which the loop sees no
    answer, no deadline and no connection that is ready, so that connections time out which nobody refused.
    """
    await _paces.setdefault(asyncio.get_running_loop(), _Pace()).turn()


async def close_clients() -> None:
    """Closes the clients of the running loop."""
    for shards in _shards.pop(asyncio.get_running_loop(), {}).values():
        for shard in shards:
            await (shard.client.aclose() if hasattr(shard.client, "aclose") else shard.client.close())


@functools.cache
def trust(verify: bool | str) -> bool | ssl.SSLContext:
    """How certificates are checked, as the HTTP client takes it.

    Args:
        verify: True for the usual authorities, False for no check, or the path of a file or folder of authorities.
    """
    import httpx2

    if verify is True:
        return httpx2.create_ssl_context()
    if verify is False:
        return False
    folder = Path(verify).is_dir()
    return ssl.create_default_context(cafile=None if folder else verify, capath=verify if folder else None)


async def in_thread_once(key: Hashable, run: Callable[[], T]) -> T:
    """Runs `run` in a thread, once for all callers of this loop that ask while it runs.

    A caller that is cancelled leaves the others their outcome. All of them get the same exception object, so they must
    not change it.
    """
    running = _running.setdefault(asyncio.get_running_loop(), {})
    task: asyncio.Task[T] | None = running.get(key)
    if task is None:
        task = asyncio.create_task(asyncio.to_thread(run))
        running[key] = task
        task.add_done_callback(lambda done: (running.pop(key, None), done.cancelled() or done.exception()))
    return await asyncio.shield(task)


async def ready(module: str) -> None:
    """Imports a heavy module without stopping the loop."""
    if module not in sys.modules:
        await in_thread_once(("import", module), lambda: importlib.import_module(module))


class Deadline:
    """The end of one request, preparations included.

    Args:
        timeout: Time for everything from now on.
    """

    def __init__(self, timeout: timedelta) -> None:
        self._ends = asyncio.get_running_loop().time() + timeout.total_seconds()

    @property
    def left(self) -> timedelta:
        """What is left of it, nothing when it is over."""
        return timedelta(seconds=max(self._ends - asyncio.get_running_loop().time(), 0))

    def scope(self) -> asyncio.Timeout:
        """Cancels what runs inside when the time is over."""
        return asyncio.timeout_at(self._ends)


def request_timeout(timeout: timedelta) -> httpx2.Timeout:
    """The whole time for every phase but connecting, which is quick or does not happen."""
    import httpx2

    seconds = timeout.total_seconds()
    return httpx2.Timeout(seconds, connect=min(seconds, CONNECT_TIMEOUT.total_seconds()))


def client_options(verify: bool | str = True, proxy: str | None = None) -> dict[str, Any]:
    """Options of every HTTP client of this package.

    Args:
        verify: As for `trust`.
        proxy: Proxy to use instead of the environment's.
    """
    import httpx2

    return {
        "verify": trust(verify),
        "proxy": proxy,
        # A redirect would carry the prompt to an address that nobody configured.
        "follow_redirects": False,
        # How many requests may be in flight is said by the route, not by a pool that nobody sees.
        "limits": httpx2.Limits(max_connections=None, max_keepalive_connections=REQUESTS_PER_CLIENT),
        "event_hooks": {"response": [_bound]},
    }


async def _bound(response: httpx2.Response) -> None:
    """Stops reading a body that is too long, instead of filling the memory that all calls share."""
    response.stream = _bounded_stream()(response.stream)


@functools.cache
def _bounded_stream() -> Any:
    import httpx2

    class Bounded(httpx2.AsyncByteStream):
        def __init__(self, stream: Any) -> None:
            self._stream = stream

        async def __aiter__(self) -> AsyncIterator[bytes]:
            size = 0
            async for piece in self._stream:
                size += len(piece)
                if size > MAX_BODY_BYTES:
                    raise BodyTooLargeError
                yield piece

        async def aclose(self) -> None:
            await self._stream.aclose()

    return Bounded
