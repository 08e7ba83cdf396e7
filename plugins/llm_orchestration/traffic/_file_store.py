"""The state of one machine in one SQLite file, shared by all its task processes.

The work is done on the event loop itself: a change takes some 20 µs and a read 10 µs, a hop to a thread several times
as much. What could block, another process's lock, is not waited for inside SQLite but by sleeping and asking again.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from llm_orchestration.errors import StateError
from llm_orchestration.traffic._state import Change, State, T, apply, decode

if TYPE_CHECKING:
    import sqlite3

_log = structlog.get_logger(__name__)

# Another layout gets another table, so that two versions can use one file.
_TABLE = "state_1"
_PATIENCE = 10.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.001, 0.05
_SWEEP_EVERY = 600.0
# Primary result codes of SQLite: https://www.sqlite.org/rescode.html
_BUSY = frozenset({5, 6})
_DAMAGED = frozenset({11, 26})

# SQLite forbids a child to use or close what its parent opened; kept here, nothing closes it.
_inherited: list[Any] = []


@dataclass(frozen=True)
class _Open:
    connection: sqlite3.Connection
    process: int
    inode: int


class FileStateStore:
    """Objects in a file of a local disk; made with its folder when first used, readable by its owner only.

    A file that was removed or replaced is noticed. One that is damaged as a whole is put aside and begun anew. A
    process that was forked opens it for itself. Network file systems do not do: SQLite's shared memory needs one machine.

    Args:
        path: The file.
        clock: Seconds since the epoch, for what has been kept long enough.
    """

    def __init__(self, path: Path | str, clock: Callable[[], float] = time.time) -> None:
        self._path = Path(path)
        self._clock = clock
        self._here = threading.local()

    async def read(self, key: str) -> State | None:
        """The object of `key`, if any.

        Raises:
            StateError: The file cannot be used.
        """
        return decode(key, await self._patiently(lambda db: self._select(db, key)))

    async def keys(self, prefix: str) -> list[str]:
        """The keys that begin so.

        Raises:
            StateError: The file cannot be used.
        """
        return await self._patiently(lambda db: self._listed(db, prefix))

    async def update(self, key: str, change: Change[T], *, keep: timedelta) -> T:
        """Replaces the object by what `change` makes of it.

        Raises:
            StateError: The file cannot be used.
        """
        return await self._patiently(lambda db: self._replace(db, key, change, keep.total_seconds()))

    async def close(self) -> None:
        """Closes the connection of this thread."""
        known: _Open | None = getattr(self._here, "open", None)
        if known is not None:
            self._here.open = None
            _dispose(known)

    def _select(self, db: sqlite3.Connection, key: str) -> str | None:
        row = db.execute(f"SELECT value FROM {_TABLE} WHERE key = ? AND until > ?", (key, self._clock())).fetchone()
        return None if row is None else str(row[0])

    def _listed(self, db: sqlite3.Connection, prefix: str) -> list[str]:
        rows = db.execute(
            f"SELECT key FROM {_TABLE} WHERE substr(key, 1, ?) = ? AND until > ? ORDER BY key", (len(prefix), prefix, self._clock())
        )
        return [str(key) for (key,) in rows]

    def _replace(self, db: sqlite3.Connection, key: str, change: Change[T], keep: float) -> T:
        db.execute("BEGIN IMMEDIATE")
        try:
            before = self._select(db, key)
            text, told = apply(key, before, change)
            if text is None:
                db.execute(f"DELETE FROM {_TABLE} WHERE key = ?", (key,))
            elif text != before:
                db.execute(
                    f"REPLACE INTO {_TABLE} (key, value, until) VALUES (?, ?, ?)", (key, text, self._clock() + keep)
                )
            self._sweep(db)
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise
        return told

    def _sweep(self, db: sqlite3.Connection) -> None:
        """Now and then removes what has been kept long enough."""
        now = self._clock()
        swept = getattr(self._here, "swept", None)
        if swept is None:
            # Task processes are many and short: only now and then one of them sweeps.
            self._here.swept = now - random.uniform(0, _SWEEP_EVERY)
        elif now - swept >= _SWEEP_EVERY:
            self._here.swept = now
            db.execute(f"DELETE FROM {_TABLE} WHERE until <= ?", (now,))

    async def _patiently(self, work: Callable[[sqlite3.Connection], T]) -> T:
        import sqlite3

        ends = time.monotonic() + _PATIENCE
        pause, mended = _FIRST_PAUSE, False
        while True:
            try:
                return work(self._connection())
            except OSError as error:
                problem, code = type(error).__name__, None
            except sqlite3.Error as error:
                problem = getattr(error, "sqlite_errorname", type(error).__name__)
                code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            if code in _DAMAGED and not mended:
                mended = True
                await self.close()
                self._put_aside()
                continue
            if code not in _BUSY or time.monotonic() >= ends:
                raise StateError(
                    f"the state file {self._path.name} cannot be used ({problem}); check its folder, its owner and the disk"
                )
            await asyncio.sleep(random.uniform(pause / 2, pause))
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _connection(self) -> sqlite3.Connection:
        known: _Open | None = getattr(self._here, "open", None)
        if known is not None:
            if known.process == os.getpid() and known.inode == self._inode():
                return known.connection
            self._here.open = None
            _dispose(known)
        connection = self._opened()
        self._here.open = _Open(connection, os.getpid(), self._inode())
        return connection

    def _opened(self) -> sqlite3.Connection:
        import sqlite3

        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Only a new file is opened here: closing it would drop the locks of this process's other connections.
        with contextlib.suppress(FileExistsError):
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        connection = sqlite3.connect(self._path, timeout=0, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            # A killed process loses nothing; a power cut may lose the last changes but never damages the file.
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute(
                f"CREATE TABLE IF NOT EXISTS {_TABLE} (key TEXT PRIMARY KEY, value TEXT NOT NULL, until REAL NOT NULL)"
            )
        except BaseException:
            connection.close()
            raise
        return connection

    def _inode(self) -> int:
        try:
            return self._path.stat().st_ino
        except FileNotFoundError:
            return 0

    def _put_aside(self) -> None:
        """Moves a damaged file away, unless another process has done so."""
        import sqlite3

        guard = os.open(self._path.with_name(f"{self._path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(guard, fcntl.LOCK_EX)
            try:
                with contextlib.closing(self._opened()) as fresh:
                    found = fresh.execute("PRAGMA quick_check").fetchone()
                if found == ("ok",):
                    return
            except sqlite3.Error:
                pass
            aside = self._path.with_name(f"{self._path.name}.damaged")
            self._path.replace(aside)
            for suffix in ("-wal", "-shm"):
                self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
            _log.error("llm.state.file_damaged", file=self._path.name, kept_as=aside.name)
        finally:
            os.close(guard)


def _dispose(known: _Open) -> None:
    if known.process == os.getpid():
        known.connection.close()
    else:
        _inherited.append(known.connection)
