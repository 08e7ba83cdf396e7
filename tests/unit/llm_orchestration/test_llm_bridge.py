"""The background loop: one per process, usable from many threads, and gone in a forked child."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable

import pytest
from llm_loopback import Reply, Server

from llm_orchestration import LLMHook, _bridge


async def _thread_name() -> str:
    return threading.current_thread().name


def test_all_threads_share_one_loop() -> None:
    """Coroutines of every thread run on the same background thread, and never on the caller's."""
    loops: set[int] = set()

    async def remember() -> None:
        loops.add(id(asyncio.get_running_loop()))

    threads = [threading.Thread(target=lambda: _bridge.run(remember())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert len(loops) == 1
    assert _bridge.run(_thread_name()) == "llm-orchestration"


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_starts_a_loop_of_its_own(server: Server, connect: Callable[..., str]) -> None:
    """Airflow forks a process per task: a call works in the child although the parent's loop ran before."""
    connect()
    LLMHook().complete("parent")
    child = os.fork()
    if child == 0:
        signal.alarm(10)
        os._exit(0 if LLMHook().complete("child").text else 1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert [request.body["messages"][0]["content"] for request in server.requests] == ["parent", "child"]


def test_a_signal_ends_a_waiting_call_at_once(server: Server, connect: Callable[..., str]) -> None:
    """Airflow's `execution_timeout` raises in the main thread; the request is cancelled and not left behind."""

    class Stopped(Exception):
        pass

    def stop(*_: object) -> None:
        raise Stopped

    connect()
    server.replies["m1"] = Reply(hang=True)
    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    try:
        with pytest.raises(Stopped):
            LLMHook().complete("x")
    finally:
        signal.signal(signal.SIGALRM, before)

    async def others() -> int:
        await asyncio.sleep(0)
        return len(asyncio.all_tasks()) - 1

    assert _bridge.run(others()) == 0
