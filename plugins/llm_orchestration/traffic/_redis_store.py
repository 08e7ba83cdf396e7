"""The state of any number of machines in Redis."""

from __future__ import annotations

import asyncio
import random
import re
import weakref
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from llm_orchestration.errors import ConfigurationError, StateError
from llm_orchestration.traffic._state import Change, State, T, apply, decode

_PREFIX = "llm_orchestration:"
_CONNECTIONS = 16
_CONNECT_SECONDS = 3.0
_REPLY_SECONDS = 5.0
_QUEUE_SECONDS = 20.0
_TRIES = 200
_LONGEST_PAUSE = 0.02


class _Here:
    """What belongs to one loop: a client, and one lock per key so that a process never races with itself."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self._locks: weakref.WeakValueDictionary[str, asyncio.Lock] = weakref.WeakValueDictionary()

    def lock(self, key: str) -> asyncio.Lock:
        lock = self._locks.get(key)
        if lock is None:
            self._locks[key] = lock = asyncio.Lock()
        return lock


class RedisStateStore:
    """Objects as texts with an expiry, changed by watching the key (`WATCH`, `MULTI`, `EXEC`).

    A reply that got lost makes a change run again on its own result. The layer's changes bear that: what they file is
    filed under the id of its request, and one failure or request counted twice errs to the safe side.

    Args:
        url: `redis://[user:password@]host[:port]/db` or `rediss://…` with TLS.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        parts = urlsplit(url)
        self._place = f"{parts.hostname}:{parts.port or 6379}"
        self._loops: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Here] = weakref.WeakKeyDictionary()

    async def read(self, key: str) -> State | None:
        """The object of `key`, if any.

        Raises:
            StateError: Redis cannot be used.
        """

        async def get(here: _Here) -> Any:
            return await here.client.get(_PREFIX + key)

        return decode(key, await self._guarded(get))

    async def keys(self, prefix: str) -> list[str]:
        """The keys that begin so.

        Raises:
            StateError: Redis cannot be used.
        """
        # Redis reads a pattern; what would mean something in it is escaped.
        pattern = re.sub(r"([\\*?\[\]^-])", r"\\\1", _PREFIX + prefix) + "*"

        async def scan(here: _Here) -> list[str]:
            return [key.decode() async for key in here.client.scan_iter(match=pattern, count=1000)]

        return sorted(key.removeprefix(_PREFIX) for key in await self._guarded(scan))

    async def update(self, key: str, change: Change[T], *, keep: timedelta) -> T:
        """Replaces the object by what `change` makes of it.

        Raises:
            StateError: Redis cannot be used, or too many processes change the same object.
        """

        async def replace(here: _Here) -> T:
            async with here.lock(key):
                return await self._replace(here.client, key, change, keep)

        return await self._guarded(replace)

    async def close(self) -> None:
        """Closes the connections of the running loop."""
        here = self._loops.pop(asyncio.get_running_loop(), None)
        if here is not None:
            await here.client.aclose()

    async def _replace(self, client: Any, key: str, change: Change[T], keep: timedelta) -> T:
        from redis.exceptions import WatchError

        name = _PREFIX + key
        for attempt in range(_TRIES):
            async with client.pipeline(transaction=True) as pipe:
                await pipe.watch(name)
                before = await pipe.get(name)
                text, told = apply(key, before, change)
                if before == (None if text is None else text.encode()):
                    return told
                pipe.multi()
                if text is None:
                    pipe.delete(name)
                else:
                    pipe.set(name, text, px=max(keep // timedelta(milliseconds=1), 1))
                with suppress(WatchError):
                    await pipe.execute()
                    return told
            await asyncio.sleep(random.uniform(0, min(0.001 * (attempt + 1), _LONGEST_PAUSE)))
        raise StateError(f"Redis at {self._place}: others overtook {_TRIES} changes of one object in a row")

    async def _guarded(self, work: Callable[[_Here], Awaitable[T]]) -> T:
        loop = asyncio.get_running_loop()
        here = self._loops.get(loop)
        if here is None:
            # In a thread, because the import takes a third of a second and the loop serves others.
            here = self._loops.setdefault(loop, _Here(await asyncio.to_thread(self._client)))
        from redis.exceptions import RedisError

        try:
            return await work(here)
        except (RedisError, OSError) as error:
            problem = type(error).__name__
        raise StateError(f"Redis at {self._place} cannot be used ({problem}); check the state address and the server")

    def _client(self) -> Any:
        import redis.asyncio
        from redis.asyncio.retry import Retry
        from redis.backoff import NoBackoff

        try:
            pool = redis.asyncio.BlockingConnectionPool.from_url(
                self._url,
                max_connections=_CONNECTIONS,
                timeout=_QUEUE_SECONDS,
                socket_connect_timeout=_CONNECT_SECONDS,
                socket_timeout=_REPLY_SECONDS,
                # Once more on a connection that the server closed while it was idle.
                retry=Retry(NoBackoff(), 1),
            )
        except (ValueError, TypeError):
            pool = None
        if pool is None:
            raise ConfigurationError(
                f"the state address of Redis at {self._place} has an option that is not understood"
            )
        return redis.asyncio.Redis(connection_pool=pool)
