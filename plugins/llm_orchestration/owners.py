"""This process as an owner of claims: which it holds, and the beat that shows others that it lives.

One beat serves all claims of a process, however many stores they lie in; a claim says where its owner's beat is. It is
rewritten by a thread of its own, so that a busy event loop does not look like a dead process.
"""

from __future__ import annotations

import itertools
import json
import os
import secrets
import threading
import time
from contextlib import suppress
from datetime import timedelta

import structlog

from llm_orchestration.stores import Store

_log = structlog.get_logger(__name__)

BEAT_EVERY = timedelta(seconds=5)


def beat_name(owner: str) -> str:
    """Where an owner's beat lies in its store."""
    return f"owners/{owner}.json"


class Owner:
    """What one process holds. Every method may be called from any thread."""

    def __init__(self) -> None:
        self.name = f"{os.getpid()}-{secrets.token_hex(8)}"
        self._lock = threading.Lock()
        self._held: set[tuple[str, str]] = set()
        self._beating: Store | None = None
        self._uses = 0
        self._stop: threading.Event | None = None

    def note(self, store: Store, claim: str) -> str | None:
        """Notes a claim as this process's before it is created.

        Returns:
            Address of the store where the beat will lie, `None` when the claim is noted already.
        """
        with self._lock:
            if (store.uri, claim) in self._held:
                return None
            self._held.add((store.uri, claim))
            self._uses += 1
            if self._beating is None:
                self._beating = store
            return self._beating.uri

    def unnote(self, store: Store, claim: str) -> None:
        """The claim is not this process's, or not any more."""
        with self._lock:
            self._held.discard((store.uri, claim))
            self._uses -= 1
            if self._uses == 0:
                self._beating = None
                if self._stop is not None:
                    self._stop.set()
                    self._stop = None

    def holds(self, store: Store, claim: str) -> bool:
        """Whether the claim is noted."""
        with self._lock:
            return (store.uri, claim) in self._held

    def beat(self) -> None:
        """Begins to beat, unless it does so already or holds nothing."""
        with self._lock:
            if self._stop is not None or self._beating is None:
                return
            self._stop = threading.Event()
            arguments = (self._beating, self._stop)
            threading.Thread(target=self._beat, args=arguments, name="llm-claims", daemon=True).start()

    def _beat(self, store: Store, stop: threading.Event) -> None:
        for number in itertools.count(1):
            try:
                store.put(beat_name(self.name), json.dumps({"beat": f"{number}-{time.time():.3f}"}).encode())
            except Exception as error:  # noqa: BLE001 - the next beat may get through; watchers are patient
                _log.warning("llm.claims.beat_failed", error=type(error).__name__)
            if stop.wait(BEAT_EVERY.total_seconds()):
                break
        with suppress(Exception):
            store.delete(beat_name(self.name))


class _Here:
    """The process that runs this code; a forked child is another one."""

    def __init__(self) -> None:
        self.owner = Owner()

    def renew(self) -> None:
        self.owner = Owner()


_here = _Here()
os.register_at_fork(after_in_child=_here.renew)


def this_process() -> Owner:
    """The owner that runs this code."""
    return _here.owner
