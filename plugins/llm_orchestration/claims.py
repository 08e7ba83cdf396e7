"""Who is asking a request right now, so that a restart, a second triggerer or a double run does not ask it twice.

```text
claims/<key>/1.json   created before sending; the store says who was first
claims/<key>/2.json   created by whoever takes over from a lost 1
owners/<owner>.json   the beat of a process, rewritten every 5 seconds; in the store that its claims name
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
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog

from llm_orchestration.errors import StateError
from llm_orchestration.owners import Owner, beat_name, this_process
from llm_orchestration.places import shared_store
from llm_orchestration.stores import Store

_log = structlog.get_logger(__name__)

STALE_AFTER = timedelta(seconds=20)
LOOK_EVERY = timedelta(seconds=2)


class Claim:
    """The right to ask one request, held until `release` or `drop`. Both block.

    Args:
        store: Where it lies.
        key: What is claimed.
        generation: How many owners there were, this one included.
        waited: Another owner was asking before; its answer may lie there by now.
        lost: An earlier owner was lost while it may have been asking.
        owner: The process.
        beats: Address of the store where its beat lies.
    """

    def __init__(
        self, store: Store, key: str, generation: int, *, waited: bool, lost: bool, owner: Owner, beats: str
    ) -> None:
        self._store = store
        self._key = key
        self._generation = generation
        self._owner = owner
        self._beats = beats
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
        self._store.put(_claim(self._key, self._generation), _record(self._owner.name, self._beats, state))

    def _let_go(self) -> None:
        self._owner.unnote(self._store, _claim(self._key, self._generation))


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
        self._owner = this_process()

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
        if not waited and (claim := self._create(key, 1, waited=False, lost=False)) is not None:
            return claim
        generation, record = self._present(key)
        if record is None:
            return self._create(key, 1, waited=True, lost=False)
        lost = record.get("state") != "ended"
        if lost and not self._is_lost(key, generation, record, watch):
            return None
        claim = self._create(key, generation + 1, waited=waited, lost=lost)
        if claim is not None and lost:
            _log.warning("llm.claims.taken_over", key=key, generation=generation + 1, owner=record.get("owner"))
        return claim

    def _create(self, key: str, generation: int, *, waited: bool, lost: bool) -> Claim | None:
        name = _claim(key, generation)
        # Noted before: a second asker of this process must not take a claim of its own process for a lost one.
        beats = self._owner.note(self._store, name)
        if beats is None:
            return None
        created = False
        try:
            created = self._store.create(name, _record(self._owner.name, beats))
        finally:
            if not created:
                self._owner.unnote(self._store, name)
        if not created:
            return None
        self._owner.beat()
        return Claim(self._store, key, generation, waited=waited, lost=lost, owner=self._owner, beats=beats)

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
        if owner == self._owner.name:
            return self._forgotten(_claim(key, generation))
        beats = record.get("beats")
        beat = shared_store(beats).get(beat_name(owner)) if isinstance(beats, str) else None
        seen = (generation, owner, None if beat is None else beat.decode(errors="replace"))
        if seen != watch.seen:
            watch.seen, watch.since = seen, self._clock()
            return False
        return self._clock() - watch.since > self._stale_after

    def _forgotten(self, name: str) -> bool:
        """Whether a claim of this process is held by nobody in it. Read again: it may have ended since it was read."""
        if self._owner.holds(self._store, name):
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
        """The job of the request, if one was submitted.

        Raises:
            StateError: A newer release wrote it down.
        """
        value = self._store.get(_job(request))
        found = {} if value is None else _read(value)
        if found.get("format", 1) != 1:
            # Half understood, the job would be submitted and paid a second time.
            raise StateError(f"{_job(request)} has format {found['format']!r}, this release reads 1; a newer one submitted the job")
        job = found.get("job")
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


def _record(owner: str, beats: str, state: str = "asking") -> bytes:
    return json.dumps({"format": 1, "owner": owner, "beats": beats, "state": state}).encode()


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
