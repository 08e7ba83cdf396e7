"""Who is asking a request right now, so that a restart, a second triggerer or a double run does not ask it twice.

```text
claims/<key>/1.json   created before sending; the store says who was first
claims/<key>/2.json   created by whoever takes over from a lost 1
owners/<owner>.json   one beat for all claims of a process, rewritten every 5 seconds
jobs/<request>.json   the provider's id of a submitted job; whoever takes over asks for it and sends nothing
```

A second asker waits while the owner's beat goes on. When it has stood still for 20 seconds, by the watcher's own clock, the
claim counts as lost and the watcher takes over. A request that was on the line then is sent again and may be billed twice;
that is said in the result. A submitted job is asked for again and is never billed twice.

The end of a call removes its claim. After a takeover the claims stay, and the last one says that it has ended: removing them
would let an older watcher take the same owner for lost once more. Every name is written by one process only, and `create`
decides every race.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import secrets
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import structlog

from llm_orchestration.stores import Store

_log = structlog.get_logger(__name__)

BEAT_EVERY = timedelta(seconds=5)
STALE_AFTER = timedelta(seconds=20)
LOOK_EVERY = timedelta(seconds=2)


class _Heart:
    """Rewrites this process's beat in one store while the process holds claims there.

    A thread of its own, so that a busy event loop does not look like a dead process.
    """

    def __init__(self, store: Store, owner: str) -> None:
        self._store = store
        self._name = f"owners/{owner}.json"
        self._lock = threading.Lock()
        self._held = 0
        self._stop: threading.Event | None = None

    def start(self) -> None:
        """One more claim is held."""
        with self._lock:
            self._held += 1
            if self._stop is None:
                self._stop = threading.Event()
                thread = threading.Thread(target=self._beat, args=(self._stop,), name="llm-claims", daemon=True)
                thread.start()

    def end(self) -> None:
        """One claim less is held."""
        with self._lock:
            self._held -= 1
            if self._held == 0 and self._stop is not None:
                self._stop.set()
                self._stop = None

    def _beat(self, stop: threading.Event) -> None:
        for number in itertools.count(1):
            try:
                self._store.put(self._name, json.dumps({"beat": f"{number}-{time.time():.3f}"}).encode())
            except Exception as error:  # noqa: BLE001 - the next beat may get through; watchers are patient
                _log.warning("llm.claims.beat_failed", error=type(error).__name__)
            if stop.wait(BEAT_EVERY.total_seconds()):
                break
        with suppress(Exception):
            self._store.delete(self._name)


@dataclass
class _Process:
    """This process as an owner of claims."""

    owner: str = field(default_factory=lambda: f"{os.getpid()}-{secrets.token_hex(8)}")
    hearts: dict[str, _Heart] = field(default_factory=dict)
    held: set[tuple[str, str]] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def heart(self, store: Store) -> _Heart:
        with self.lock:
            return self.hearts.setdefault(store.uri, _Heart(store, self.owner))

    def note(self, store: Store, name: str) -> bool:
        """Notes a claim as this process's; `False` when it is already."""
        with self.lock:
            if (store.uri, name) in self.held:
                return False
            self.held.add((store.uri, name))
            return True

    def unnote(self, store: Store, name: str) -> None:
        with self.lock:
            self.held.discard((store.uri, name))

    def holds(self, store: Store, name: str) -> bool:
        with self.lock:
            return (store.uri, name) in self.held


class _Here:
    """The process that runs this code; a forked child is another one."""

    def __init__(self) -> None:
        self.process = _Process()

    def renew(self) -> None:
        self.process = _Process()


_here = _Here()
os.register_at_fork(after_in_child=_here.renew)


class Claim:
    """The right to ask one request, held until `release` or `drop`. Both block.

    Args:
        store: Where it lies.
        key: What is claimed.
        generation: How many owners there were, this one included.
        waited: Another owner was asking before; its answer may lie there by now.
        lost: An earlier owner was lost while it may have been asking.
        process: The owner.
    """

    def __init__(self, store: Store, key: str, generation: int, *, waited: bool, lost: bool, process: _Process) -> None:
        self._store = store
        self._key = key
        self._generation = generation
        self._process = process
        self.waited = waited
        self.lost = lost

    def release(self) -> None:
        """The call has ended, with an answer or an error: the next asker may begin at once."""
        try:
            if self._generation > 1:
                self._mark("ended")
            elif self._store.get(_claim(self._key, 2)) is None:
                self._store.delete(_claim(self._key, 1))
        finally:
            self._let_go()

    def drop(self) -> None:
        """The call was cancelled on its way: the next asker may begin at once, and knows that this one was lost."""
        try:
            self._mark("dropped")
        finally:
            self._let_go()

    def _mark(self, state: str) -> None:
        self._store.put(_claim(self._key, self._generation), _record(self._process.owner, state))

    def _let_go(self) -> None:
        self._process.unnote(self._store, _claim(self._key, self._generation))
        self._process.heart(self._store).end()


@dataclass
class _Watch:
    """What a watcher has seen of the present owner."""

    seen: tuple[int, str, str | None] | None = None
    since: float = 0.0


class Claims:
    """Claims in one store.

    Args:
        store: Where they lie; every asker of a request uses the same one.
        stale_after: How long an owner's beat may stand still.
        look_every: How often a waiting asker looks.
        clock: Monotonic seconds.
        sleep: Waits on the running loop.
    """

    def __init__(
        self,
        store: Store,
        *,
        stale_after: timedelta | None = None,
        look_every: timedelta | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep,
    ) -> None:
        self._store = store
        self._stale_after = (stale_after or STALE_AFTER).total_seconds()
        self._look_every = (look_every or LOOK_EVERY).total_seconds()
        self._clock = clock
        self._sleep = sleep
        self._process = _here.process

    async def take(self, key: str) -> Claim:
        """The claim on `key`: at once when nobody holds it, otherwise when its owner has ended or was lost.

        Raises:
            Exception: Whatever the store raises.
        """
        watch = _Watch()
        waited = False
        while True:
            claim = await self._in_thread(key, watch, waited)
            if claim is not None:
                return claim
            waited = True
            await self._sleep(self._look_every)

    async def _in_thread(self, key: str, watch: _Watch, waited: bool) -> Claim | None:
        work = asyncio.ensure_future(asyncio.to_thread(self._try, key, watch, waited))
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            # The thread goes on and may have won the claim: nobody else would let it go.
            work.add_done_callback(_abandon)
            raise

    def _try(self, key: str, watch: _Watch, waited: bool) -> Claim | None:
        # Who waits already reads first: a failed `create` costs a write.
        if not waited and self._create(key, 1):
            return self._mine(key, 1, waited=False, lost=False)
        generation, record = self._present(key)
        if record is None:
            return self._mine(key, 1, waited=True, lost=False) if self._create(key, 1) else None
        lost = record.get("state") != "ended"
        if lost and not self._is_lost(key, generation, record, watch):
            return None
        if not self._create(key, generation + 1):
            return None
        if lost:
            _log.warning("llm.claims.taken_over", key=key, generation=generation + 1, owner=record.get("owner"))
        return self._mine(key, generation + 1, waited=waited, lost=lost)

    def _create(self, key: str, generation: int) -> bool:
        name = _claim(key, generation)
        # Noted before: a second asker of this process must not take a claim of its own process for a lost one.
        if not self._process.note(self._store, name):
            return False
        created = False
        try:
            created = self._store.create(name, _record(self._process.owner))
        finally:
            if not created:
                self._process.unnote(self._store, name)
        return created

    def _mine(self, key: str, generation: int, *, waited: bool, lost: bool) -> Claim:
        self._process.heart(self._store).start()
        return Claim(self._store, key, generation, waited=waited, lost=lost, process=self._process)

    def _present(self, key: str) -> tuple[int, dict[str, Any] | None]:
        """The latest claim and its number."""
        latest: dict[str, Any] | None = None
        for generation in itertools.count(1):
            value = self._store.get(_claim(key, generation))
            if value is None:
                return generation - 1, latest
            latest = _read(value)
        raise AssertionError("count does not end")

    def _is_lost(self, key: str, generation: int, record: dict[str, Any], watch: _Watch) -> bool:
        owner = str(record.get("owner"))
        if record.get("state") == "dropped":
            return True
        if owner == self._process.owner:
            return self._forgotten(_claim(key, generation))
        beat = self._store.get(f"owners/{owner}.json")
        seen = (generation, owner, None if beat is None else beat.decode(errors="replace"))
        if seen != watch.seen:
            watch.seen, watch.since = seen, self._clock()
            return False
        return self._clock() - watch.since > self._stale_after

    def _forgotten(self, name: str) -> bool:
        """Whether a claim of this process is held by nobody in it. Read again: it may have ended since it was read."""
        if self._process.holds(self._store, name):
            return False
        value = self._store.get(name)
        return value is not None and _read(value).get("state") == "asking"


class StoreJobBook:
    """The ids of submitted jobs in the store of the claims: a `JobBook` for one call.

    Args:
        store: Where they lie.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._open: dict[str, str] = {}
        self.resumed = False
        """Whether a job of an earlier process was found, so that nothing was sent again."""

    @property
    def open_jobs(self) -> tuple[str, ...]:
        """Jobs that this call knows of and that have not ended."""
        return tuple(self._open.values())

    def get(self, request: str) -> str | None:
        """The job of the request, if one was submitted."""
        value = self._store.get(_job(request))
        job = None if value is None else _read(value).get("job")
        if not isinstance(job, str):
            return None
        self._open[request] = job
        self.resumed = True
        return job

    def put(self, request: str, job: str) -> None:
        """Keeps the job of a request."""
        self._open[request] = job
        self._store.put(_job(request), json.dumps({"format": 1, "job": job}).encode())

    def forget(self, request: str) -> None:
        """The job has ended without an answer; the next asker submits anew."""
        self._open.pop(request, None)
        self._store.delete(_job(request))

    def close(self) -> None:
        """The call has its answer, or its jobs were cancelled: forgets them all."""
        for request in list(self._open):
            self.forget(request)


def _claim(key: str, generation: int) -> str:
    return f"claims/{key}/{generation}.json"


def _job(request: str) -> str:
    return f"jobs/{request}.json"


def _record(owner: str, state: str = "asking") -> bytes:
    return json.dumps({"format": 1, "owner": owner, "state": state}).encode()


def _read(value: bytes) -> dict[str, Any]:
    """A record; a damaged one names no owner, so nobody's beat keeps it and it counts as lost in its time."""
    try:
        found = json.loads(value)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _abandon(work: asyncio.Future[Claim | None]) -> None:
    if work.cancelled() or work.exception() is not None:
        return
    claim = work.result()
    if claim is not None:
        threading.Thread(target=claim.release, name="llm-claims-release", daemon=True).start()
