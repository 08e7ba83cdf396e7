"""Small JSON objects that processes share: in memory, in one file of a machine, or in Redis.

Every change is atomic, and a change that changes nothing is not written. An entry that cannot be read counts as none
and is logged once: a damaged byte must not stop a night's work. A store that cannot be used at all raises `StateError`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit

from llm_orchestration.errors import ConfigurationError
from llm_orchestration.traffic._file_store import FileStateStore
from llm_orchestration.traffic._redis_store import RedisStateStore
from llm_orchestration.traffic._state import Change, State, T, apply, decode
from llm_orchestration.traffic.contract import StateStore

__all__ = ["FileStateStore", "MemoryStateStore", "RedisStateStore", "open_state_store"]


def open_state_store(url: str) -> StateStore:
    """The store of an address. Nothing is opened before the first use.

    Args:
        url: `memory://` for this process alone, `file:///folder/state.db` for the processes of one machine,
            `redis://host:6379/0` or `rediss://…` for any number of machines.

    Raises:
        ConfigurationError: The address is of another kind.
    """
    problem = "use memory://, file:///folder/state.db, redis://host:6379/0 or rediss://host:6379/0"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        parts, host = urlsplit(""), None
    if parts.scheme == "memory" and not parts.netloc and not parts.path:
        return MemoryStateStore()
    if parts.scheme == "file" and parts.netloc in ("", "localhost") and len(parts.path) > 1:
        return FileStateStore(Path(unquote(parts.path)))
    if parts.scheme in ("redis", "rediss") and host:
        return RedisStateStore(url)
    # The address may hold a password, so only its kind is told.
    raise ConfigurationError(f"the state address of kind {parts.scheme or 'unknown'!r} cannot be used; {problem}")


class MemoryStateStore:
    """Objects of one process, for tests and for a process that works alone.

    Args:
        clock: Seconds that `keep` is counted in.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._entries: dict[str, tuple[str, float]] = {}
        self._lock = threading.Lock()

    async def read(self, key: str) -> State | None:
        """The object of `key`, if any."""
        return decode(key, self._text(key))

    async def keys(self, prefix: str) -> list[str]:
        """The keys that begin so."""
        return sorted(key for key in tuple(self._entries) if key.startswith(prefix) and self._text(key) is not None)

    async def update(self, key: str, change: Change[T], *, keep: timedelta) -> T:
        """Replaces the object by what `change` makes of it."""
        with self._lock:
            # As text, so that nobody can change an object behind the store's back.
            text, told = apply(key, self._text(key), change)
            if text is None:
                self._entries.pop(key, None)
            else:
                self._entries[key] = (text, self._clock() + keep.total_seconds())
            return told

    async def close(self) -> None:
        """Nothing to let go of."""

    def _text(self, key: str) -> str | None:
        text, until = self._entries.get(key, (None, 0.0))
        return text if until > self._clock() else None
