"""A thousand deferred calls on one loop: what they share, and what each costs."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import resource
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
import structlog
from openai import AsyncOpenAI

from llm_orchestration import plans, triggers
from llm_orchestration.exchange import DeferredCall, Exchange
from llm_orchestration.hook import LLMHook
from llm_orchestration.model import LLMRequest, Message
from llm_orchestration.providers._clients import close_clients
from llm_orchestration.triggers import LLMCallTrigger

HERE = Path(__file__).parent
CALLS = 1000
DOCUMENT = "A line of a factsheet with figures such as 7.31 percent.\n" * 100


@pytest.fixture
def peer(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server in a process of its own that answers when a thousand requests wait; gives its address."""
    environment = {**os.environ, "PYTHONPATH": str(HERE)}
    arguments = [sys.executable, str(HERE / "llm_waiting_peer.py"), str(CALLS)]
    with subprocess.Popen(arguments, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
        for name, model in (("llm_default", "wait"), ("llm_now", "now")):
            fields = {
                "conn_type": "llm",
                "host": address,
                "password": "sk-secret-0123456789",
                "extra": {"model": model},
            }
            monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", json.dumps(fields))
        monkeypatch.setattr(triggers, "TIME_AWAY", timedelta(0))
        try:
            yield address
        finally:
            process.kill()


async def payload(trigger: LLMCallTrigger) -> dict[str, Any]:
    (event,) = [event async for event in trigger.run()]
    return dict(event.payload)


def test_a_thousand_calls_in_flight_share_what_is_expensive(
    peer: str, tmp_path: Path, person: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of them wait at the same time on one loop, with one request each.

    Connections are looked up once, dozens of calls share a client, and a call takes little memory and little of the loop.
    """
    exchange = Exchange.open(str(tmp_path / "llm"))
    lookups: Counter[str] = Counter()
    real = LLMHook._afind

    async def find(self: LLMHook, connection: str) -> Any:
        lookups[connection] += 1
        return await real(self, connection)

    monkeypatch.setattr(LLMHook, "_afind", find)
    # Four thousand waits for the disk are not what is measured here.
    monkeypatch.setattr(os, "fsync", lambda _: None)

    def stored(number: int, connection: str = "llm_default") -> LLMCallTrigger:
        request = LLMRequest((Message("user", f"{number}\n{DOCUMENT}"),), schema=person)
        # Every call has a journal of its own, as calls of a thousand runs have.
        journal = f"{exchange.uri}/journal/{number}"
        exchange.put_request(str(number), DeferredCall(request, "extraction", llm_conn_id=connection, journal=journal))
        return LLMCallTrigger(exchange.uri, str(number))

    async def all_of_them() -> tuple[list[dict[str, Any]], float, int]:
        await payload(stored(-1, "llm_now"))
        waiting = [stored(number) for number in range(CALLS)]
        memory, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.thread_time()
        # On a machine that starves, requests time out, the breaker opens, and the others would wait for their turn for an hour.
        async with asyncio.timeout(400):
            events = await asyncio.gather(*(payload(trigger) for trigger in waiting))
        used = time.thread_time() - began
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory
        assert 0 < sum(issubclass(type(one), AsyncOpenAI) for one in gc.get_objects()) < CALLS / 20
        await close_clients()
        return events, used, grown

    with structlog.testing.capture_logs():
        events, loop_seconds, kilobytes = asyncio.run(all_of_them())
    assert Counter(event["status"] for event in events) == {"answered": CALLS}
    assert lookups == {"llm_now": 1, "llm_default": 1}
    with urlopen(f"{peer.removesuffix('/v1')}/") as told:
        assert json.load(told)["requests"] == CALLS + 1
    assert kilobytes / CALLS < 400
    assert loop_seconds / CALLS < 0.03
    print(f"{CALLS} calls: {kilobytes / CALLS:.0f} KB and {1000 * loop_seconds / CALLS:.1f} ms of the loop each")


def test_a_lookup_that_fails_fails_for_those_who_wait_and_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """An API server that is down is asked once for everybody, and soon once more; a cancelled asker takes nothing away."""
    asked = 0
    release = asyncio.Event()

    async def look_up() -> Any:
        nonlocal asked
        asked += 1
        await release.wait()
        raise ConnectionError("down")

    async def run() -> list[Any]:
        tasks = [asyncio.create_task(plans._once(("r", None, None), look_up)) for _ in range(50)]
        await asyncio.sleep(0)
        tasks[0].cancel()
        await asyncio.sleep(0)
        release.set()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        monkeypatch.setattr(plans, "_FAILURE_AGE", timedelta(0))
        outcomes.append(await asyncio.gather(plans._once(("r", None, None), look_up), return_exceptions=True))
        return outcomes

    outcomes = asyncio.run(run())
    assert isinstance(outcomes[0], asyncio.CancelledError)
    assert all(isinstance(outcome, ConnectionError) for outcome in outcomes[1:50])
    assert asked == 2
