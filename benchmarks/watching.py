"""What a benchmark sees of a whole Airflow while it works: memory of its services, states of its tasks, processor time.

PSS shares a page among the processes that hold it, so that forked workers are not counted as if each had loaded Airflow
anew; RSS counts the page for each of them.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import TracebackType

import psutil  # type: ignore[import-untyped, unused-ignore]

MIB = 1024 * 1024
_MEMORY_EVERY = 2.0
_STATES_EVERY = 0.5


class Watch:
    """Looks at services and tasks in a thread of its own, from entering to leaving.

    Args:
        services: leading process ids by the name of the service.
        states: how many task instances are in each state now.
    """

    def __init__(self, services: Mapping[str, int], states: Callable[[], Mapping[str, int]]) -> None:
        self.peak_rss: Counter[str] = Counter()
        self.peak_pss: Counter[str] = Counter()
        self.peak_states: Counter[str] = Counter()
        self.processor: dict[str, float] = {}
        self._services = dict(services)
        self._states = states
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Watch:
        self._before = {name: processor_seconds(pid) for name, pid in self._services.items()}
        self._began = time.monotonic()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()
        self.seconds = time.monotonic() - self._began
        self.processor = {name: processor_seconds(pid) - self._before[name] for name, pid in self._services.items()}

    def _look(self) -> None:
        next_memory = 0.0
        while not self._done.wait(_STATES_EVERY):
            for state, count in self._states().items():
                self.peak_states[state] = max(self.peak_states[state], count)
            if time.monotonic() >= next_memory:
                self._look_at_memory()
                next_memory = time.monotonic() + _MEMORY_EVERY

    def _look_at_memory(self) -> None:
        for name, (rss, pss) in _memory(self._services).items():
            self.peak_rss[name] = max(self.peak_rss[name], rss)
            self.peak_pss[name] = max(self.peak_pss[name], pss)


def _memory(services: Mapping[str, int]) -> dict[str, tuple[int, int]]:
    """MiB of RSS and PSS by service; what the scheduler forked is listed as `workers`."""
    found: dict[str, tuple[int, int]] = {}
    for name, pid in services.items():
        family = _family(pid)
        if name == "scheduler":
            found["workers"] = _sum(family[1:])
            family = family[:1]
        found[name] = _sum(family)
    return found


def _sum(processes: list[psutil.Process]) -> tuple[int, int]:
    rss = pss = 0
    for process in processes:
        with suppress(psutil.Error):
            memory = process.memory_full_info()
            rss, pss = rss + memory.rss, pss + memory.pss
    return rss // MIB, pss // MIB


def _family(pid: int) -> list[psutil.Process]:
    try:
        leader = psutil.Process(pid)
        return [leader, *leader.children(recursive=True)]
    except psutil.Error:
        return []


def processor_seconds(pid: int) -> float:
    """Seconds of processor time of a service: its own, its children's, and those of the children that have ended."""
    total = 0.0
    for process in _family(pid):
        with suppress(psutil.Error):
            times = process.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total
