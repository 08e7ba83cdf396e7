"""A collector that holds processes up: what those of one machine remember of it together, so that not each of them waits anew.

```text
not known ── nothing came back in time ─► held back ── PAUSE over: one process tries ── an answer, or a quick refusal ─► not known
                                             ▲                        └─ nothing again
                                             └────────────────────────────┘
```

Two small files in the machine's temporary folder; while all is well there is none, and looking costs some microseconds. What goes
wrong with them is never told to the caller: then nothing is held back, as without them.
"""

from __future__ import annotations

import fcntl
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Literal

FORMAT = 1
PAUSE = timedelta(seconds=15)
"""Between two tries; where the collector said how long (`Retry-After`), that, up to `LONGEST_PAUSE`."""
LONGEST_PAUSE = timedelta(minutes=5)
FULL_EVERY = 40
"""Of so many tries one has all its time: a collector that became slow meanwhile is found again."""

Turn = Literal["send", "glance", "hold"]


@dataclass(frozen=True)
class Outage:
    """Times are seconds since the epoch.

    Args:
        since: when the first one waited in vain.
        tried: the last try.
        glances: tries since one had all its time.
        pause: seconds until the next one.
        reason: what was seen.
    """

    since: float
    tried: float
    glances: int
    pause: float
    reason: str


class Outages:
    """What is known of one collector.

    Args:
        path: a file whose folder is there; beside it lie `.lock` and `.lost`.
        clock: seconds since the epoch.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self.path, self._clock = path, clock
        self._lost = path.with_suffix(".lost")

    def known(self) -> Outage | None:
        """The outage that is going on, if any; a file that cannot be read, or is of another format, says nothing."""
        try:
            told = json.loads(self.path.read_bytes())
            return Outage(**told["outage"]) if told["format"] == FORMAT else None
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def turn(self) -> Turn:
        """What a process does that has something to send: `send`, have a short `glance` whether it answers, or `hold` back.

        Of all that ask, one in each pause may try.
        """
        seen = self.known()
        if seen is None:
            return "send"
        if not self._due(seen):
            return "hold"
        with self._alone() as alone:
            # Somebody is deciding the same at this moment, or has just done so.
            seen = self.known()
            if seen is None:
                return "send"
            if not alone or not self._due(seen):
                return "hold"
            self._write(replace(seen, tried=self._clock(), glances=seen.glances + 1))
            return "send" if seen.glances + 1 >= FULL_EVERY else "glance"

    def begin(self, reason: str, pause: timedelta | None = None) -> bool:
        """Nothing came back in time. Returns whether that is news."""
        now, seconds = self._clock(), min(pause or PAUSE, LONGEST_PAUSE).total_seconds()
        with self._alone() as alone:
            before = self.known()
            if alone:
                self._write(Outage(before.since if before else now, now, 0, seconds, reason))
            return alone and before is None

    def count_lost(self) -> None:
        """One more delivery was given up, if an outage is going on."""
        if self.path.exists():
            with suppress(OSError):
                # One byte each: processes add to the same file without waiting for each other.
                handle = os.open(self._lost, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
                try:
                    os.write(handle, b".")
                finally:
                    os.close(handle)

    def end(self) -> tuple[Outage, int] | None:
        """It answers. Returns the outage that is over, and how many deliveries were given up, to the one that ended it."""
        if not self.path.exists():
            return None
        with self._alone() as alone:
            if not alone:
                return None
            seen, lost = self.known(), 0
            with suppress(OSError):
                self.path.unlink()
                lost = self._lost.stat().st_size
                self._lost.unlink()
            return None if seen is None else (seen, lost)

    def _due(self, seen: Outage) -> bool:
        """Whether one may try; a try in the future is a clock that was set back."""
        return not 0 <= self._clock() - seen.tried < seen.pause

    def _write(self, outage: Outage) -> None:
        beside = self.path.with_suffix(f".{os.getpid()}-{threading.get_ident()}")
        with suppress(OSError):
            beside.write_text(json.dumps({"format": FORMAT, "outage": asdict(outage)}), encoding="utf-8")
            beside.replace(self.path)

    @contextmanager
    def _alone(self) -> Iterator[bool]:
        """Whether no other process is at the files. Nobody is waited for: a process may have been stopped with the lock in hand."""
        try:
            handle = os.open(self.path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:
            yield False
            return
        try:
            # Of the process, and not of the file handle: a fork does not take it along.
            fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(handle)
            yield False
            return
        try:
            yield True
        finally:
            os.close(handle)
