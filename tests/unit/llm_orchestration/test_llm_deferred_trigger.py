"""A deferred call in a triggerer: answers, failures, restarts, kills; on a real loop against a real server."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import aclosing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from airflow.sdk.definitions.retry_policy import RetryAction
from airflow.triggers.base import TaskSuccessEvent, TriggerEvent
from llm_loopback import GOOD, Reply, Server, chat, failure, ok, responses

from llm_orchestration import LLMRetryPolicy, answering, claims, triggers
from llm_orchestration import errors as e
from llm_orchestration.claims import Claims
from llm_orchestration.deferral import answered
from llm_orchestration.events import outcome_of, read_result
from llm_orchestration.exchange import DeferredCall, Exchange
from llm_orchestration.model import LLMRequest, Message
from llm_orchestration.places import shared_store
from llm_orchestration.retry_policy import LEAD
from llm_orchestration.triggers import LLMCallTrigger

HERE = Path(__file__).parent
KEY = "sk-secret-0123456789"
SECRET = "The Secret Fund returned 7.31 percent"
Connect = Callable[..., str]
Routes = Callable[..., str]


@pytest.fixture(autouse=True)
def _no_time_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Triggers come back at once, and a lost claim is found out in a moment."""
    monkeypatch.setattr(triggers, "TIME_AWAY", timedelta(0))
    monkeypatch.setattr(claims, "STALE_AFTER", timedelta(seconds=0.2))
    monkeypatch.setattr(claims, "LOOK_EVERY", timedelta(seconds=0.05))


@pytest.fixture
def exchange(tmp_path: Path) -> Exchange:
    """An exchange in a folder."""
    return Exchange.open(str(tmp_path / "llm"))


def stored(exchange: Exchange, name: str = "n", *, words: str = SECRET, journal: bool = True, **more: Any) -> str:
    """Keeps a call, as a worker does before it leaves."""
    request = LLMRequest((Message("user", words),), schema=more.pop("schema", None))
    address = f"{exchange.uri}/journal" if journal else None
    exchange.put_request(name, DeferredCall(request, "extraction", journal=address, **more))
    return name


async def fired(trigger: LLMCallTrigger) -> TriggerEvent:
    async with aclosing(trigger.run()) as events:  # type: ignore[type-var]
        found = [event async for event in events]
    assert len(found) == 1
    return found[0]


def fire(exchange: Exchange, name: str = "n", **more: Any) -> Any:
    """The payload of the one event, as it arrives on the worker."""
    event = asyncio.run(fired(LLMCallTrigger(exchange.uri, name, **more)))
    return json.loads(json.dumps(event.payload))


def everything_in(folder: str, *, suffix: str = "") -> str:
    root = Path(folder.removeprefix("file://"))
    return "".join(path.read_text() for path in root.rglob(f"*{suffix}") if path.is_file())


def test_an_answer_reaches_the_worker(
    server: Server, connect: Connect, exchange: Exchange, person: dict[str, Any]
) -> None:
    """One request; the event leads to the checked result, and the stored prompt is gone."""
    connect()
    event = fire(exchange, stored(exchange, schema=person))
    result = answered(event)
    assert (result.data, result.connection, result.cached) == ({"name": "Ann", "age": 3}, "llm_default", False)
    assert (event["status"], event["cached"], event["resent_after_lost_claim"]) == ("answered", False, False)
    assert server.count("m1") == 1
    assert SECRET not in everything_in(exchange.uri)


def test_text_is_asked_without_a_schema(server: Server, connect: Connect, exchange: Exchange) -> None:
    """A call without schema gives text."""
    connect()
    server.replies["m1"] = chat("Hello")
    assert answered(fire(exchange, stored(exchange))).text == "Hello"


def test_a_restart_after_the_answer_sends_nothing(
    server: Server, connect: Connect, exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The result is there: the same event again, without a request, without a journal, without a connection."""
    connect()
    first = fire(exchange, stored(exchange, journal=False))
    monkeypatch.delenv("AIRFLOW_CONN_LLM_DEFAULT")
    assert fire(exchange) == first
    assert server.count("m1") == 1


def test_a_retry_finds_the_answer_in_the_journal(server: Server, connect: Connect, exchange: Exchange) -> None:
    """Another try has another name and the same journal."""
    connect()
    fire(exchange, stored(exchange, "try1"))
    result = answered(fire(exchange, stored(exchange, "try2")))
    assert result.cached
    assert server.count("m1") == 1
    answered(fire(exchange, stored(exchange, "try3", journal=False)))
    assert server.count("m1") == 2


@pytest.mark.parametrize(
    ("reply", "cls", "action", "delay"),
    [
        (failure(429, "rate_limit_exceeded", retry_after="7"), e.RateLimitError, RetryAction.RETRY, 7),
        (failure(503), e.OverloadedError, RetryAction.RETRY, None),
        (failure(401), e.AuthenticationError, RetryAction.FAIL, None),
        (failure(429, "insufficient_quota"), e.QuotaExceededError, RetryAction.FAIL, None),
        (chat("not json"), e.InvalidOutputError, RetryAction.RETRY, None),
    ],
)
def test_a_failure_is_raised_on_the_worker_and_the_policy_decides(
    server: Server,
    connect: Connect,
    exchange: Exchange,
    person: dict[str, Any],
    reply: Reply,
    cls: type[e.LLMError],
    action: RetryAction,
    delay: float | None,
) -> None:
    """The class that the trigger saw, with its facts, so that the decision is the one a worker would have made."""
    connect()
    server.replies["m1"] = reply
    event = fire(exchange, stored(exchange, schema=person))
    with pytest.raises(cls) as caught:
        answered(event)
    assert type(caught.value) is cls
    assert SECRET not in everything_in(exchange.uri)
    assert caught.value.connection == "llm_default"
    decision = LLMRetryPolicy().evaluate(caught.value, 1, 3)
    assert decision.action is action
    if delay is None:
        assert decision.retry_delay is None
    else:
        # What has passed since the trigger told it is a moment here; the next try is made ready in time.
        assert decision.retry_delay is not None
        left = timedelta(seconds=delay) - LEAD
        assert left - timedelta(seconds=2) < decision.retry_delay <= left


@pytest.mark.parametrize("broken", ["connection", "request", "routes", "claims"])
def test_nothing_makes_the_trigger_raise(
    server: Server, connect: Connect, exchange: Exchange, broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is wrong around the call arrives as one named error, and nothing was sent."""
    name = stored(exchange)
    if broken == "request":
        exchange.store.put("calls/n.request.json", b"{")
    if broken == "routes":
        monkeypatch.setenv("AIRFLOW__LLM_ORCHESTRATION__ROUTES_PATH", "/nowhere/llm.yaml")
    if broken == "claims":
        (Path(exchange.uri.removeprefix("file://")) / "journal").write_text("in the way")
    if broken != "connection":
        connect()
    wanted = {
        "connection": e.OfflineUnavailableError,
        "request": e.StateError,
        "routes": e.RouteConfigError,
        "claims": e.StateError,
    }[broken]
    with pytest.raises(wanted):
        answered(fire(exchange, name))
    assert server.requests == []


def test_what_nobody_foresaw_has_a_name_and_no_words(exchange: Exchange, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unexpected exception becomes a retryable error with its class and place; its text may hold a document."""

    async def take(self: Claims, key: str) -> Any:
        raise ZeroDivisionError(SECRET)

    monkeypatch.setattr(answering, "_taken", take)
    with structlog.testing.capture_logs() as logs:
        event = fire(exchange, stored(exchange))
    with pytest.raises(e.TransientError, match="ZeroDivisionError in take") as caught:
        answered(event)
    assert type(caught.value) is e.TransientError
    assert SECRET not in json.dumps(event) + str(logs)


def test_a_task_that_a_worker_left_does_not_come_back_at_once(
    server: Server, connect: Connect, exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The scheduler must have heard of the leaving; a task that ends in the trigger need not wait."""
    connect()
    fire(exchange, stored(exchange, "warm"))
    monkeypatch.setattr(triggers, "TIME_AWAY", timedelta(seconds=0.3))
    began = time.monotonic()
    fire(exchange, stored(exchange))
    assert time.monotonic() - began >= 0.3
    monkeypatch.setattr(triggers, "TIME_AWAY", timedelta(hours=1))
    event = asyncio.run(fired(LLMCallTrigger(exchange.uri, "n", finish=True)))
    assert isinstance(event, TaskSuccessEvent)


def test_the_end_in_the_trigger_hands_the_result_on(
    server: Server, connect: Connect, exchange: Exchange, person: dict[str, Any]
) -> None:
    """The XCom leads to the result; a task without XComs pushes none; a failure still goes to a worker."""
    connect()
    name = stored(exchange, schema=person)
    event = asyncio.run(fired(LLMCallTrigger(exchange.uri, name, finish=True)))
    assert isinstance(event, TaskSuccessEvent)
    assert event.xcoms is not None
    assert read_result(json.dumps(event.xcoms["return_value"])).data == {"name": "Ann", "age": 3}
    silent = asyncio.run(fired(LLMCallTrigger(exchange.uri, name, finish=True, push=False)))
    assert isinstance(silent, TaskSuccessEvent)
    assert silent.xcoms is None
    server.replies["m1"] = failure(401)
    assert fire(exchange, stored(exchange, "other", words="x"), finish=True)["status"] == "failed"


def test_no_document_and_no_key_travels_through_airflow(server: Server, connect: Connect, exchange: Exchange) -> None:
    """Neither the stored trigger nor its events, successes, failures or logs hold the prompt or the key."""
    connect()
    server.replies["m1"] = lambda _, number: chat("fine") if number == 1 else failure(400, message="bad request")
    trigger = LLMCallTrigger(exchange.uri, stored(exchange), finish=True)
    with structlog.testing.capture_logs() as logs:
        success = asyncio.run(fired(trigger))
        failed = fire(exchange, stored(exchange, "m", journal=False))
    assert failed["status"] == "failed"
    assert isinstance(success, TaskSuccessEvent)
    told = f"{trigger.serialize()} {trigger!r} {success!r} {success.model_dump_json()} {failed} {logs}"
    assert SECRET not in told
    assert KEY not in told
    # Airflow writes the event itself to its log.
    assert "fine" not in repr(success)


def test_the_trigger_comes_back_from_what_it_serialises_to(exchange: Exchange) -> None:
    """Airflow makes it anew from its path and arguments, and all of them are JSON."""
    path, arguments = LLMCallTrigger(exchange.uri, "n", True, False).serialize()
    assert path == "llm_orchestration.triggers.LLMCallTrigger"
    again = LLMCallTrigger(**json.loads(json.dumps(arguments)))
    assert again.serialize() == (path, arguments)


def test_two_triggers_with_one_question_send_one_request(server: Server, connect: Connect, exchange: Exchange) -> None:
    """The second waits for the first and finds its answer in their journal; without a journal each asks for itself."""
    connect()
    together = threading.Event()

    def slow(_: dict[str, Any], number: int) -> Reply:
        together.wait(5)
        return chat("once")

    server.replies["m1"] = slow

    async def both(*names: str) -> list[TriggerEvent]:
        tasks = [asyncio.create_task(fired(LLMCallTrigger(exchange.uri, name))) for name in names]
        while not server.requests:
            await asyncio.sleep(0.01)
        together.set()
        return await asyncio.gather(*tasks)

    events = asyncio.run(both(stored(exchange, "a"), stored(exchange, "b")))
    assert server.count("m1") == 1
    assert sorted(event.payload["cached"] for event in events) == [False, True]
    assert not any(event.payload["resent_after_lost_claim"] for event in events)
    asyncio.run(both(stored(exchange, "c", journal=False), stored(exchange, "d", journal=False)))
    assert server.count("m1") == 3


def test_a_double_run_of_one_trigger_sends_one_request(server: Server, connect: Connect, exchange: Exchange) -> None:
    """Airflow may run a trigger in two triggerers for a while: also without a journal one of them asks."""
    connect()

    async def twice(name: str) -> list[TriggerEvent]:
        return await asyncio.gather(*(fired(LLMCallTrigger(exchange.uri, name)) for _ in range(2)))

    events = asyncio.run(twice(stored(exchange, journal=False)))
    assert server.count("m1") == 1
    assert events[0] == events[1]


def cancelled_on_the_way(server: Server, exchange: Exchange, name: str, *, by_a_person: bool = False) -> None:
    """Runs the trigger and cancels it when its request has arrived, as Airflow does."""

    async def run() -> None:
        trigger = LLMCallTrigger(exchange.uri, name)
        task = asyncio.create_task(fired(trigger))
        while not server.requests:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        if by_a_person:
            await trigger.on_kill()
        await trigger.cleanup()

    asyncio.run(run())


def test_a_cancelled_call_is_sent_again_and_says_so(server: Server, connect: Connect, exchange: Exchange) -> None:
    """Cancellation passes through. The next asker does not wait, and its result says that it may be billed twice."""
    connect()
    server.replies["m1"] = lambda _, number: Reply(hang=True) if number == 1 else chat("again")
    name = stored(exchange)
    cancelled_on_the_way(server, exchange, name)
    event = fire(exchange, name)
    assert event["resent_after_lost_claim"] is True
    result = answered(event)
    assert [attempt.outcome for attempt in result.attempts] == ["resent_after_lost_claim", "answered"]
    assert server.count("m1") == 2
    assert not outcome_of(fire(exchange, stored(exchange, "next")))[2].resent_after_lost_claim


def background(server: Server, connect: Connect, routes_file: Routes) -> str:
    """A route that submits in background mode: the first question for the answer hangs on, later ones find it."""
    connect(extra={"api": "responses"})
    server.replies["POST /v1/responses"] = ok({"id": "resp_1", "object": "response", "status": "queued", "output": []})
    return routes_file({"connection": "llm_default", "submit": "background"}, deadline=60)


def test_a_submitted_job_is_asked_for_again_and_never_sent_twice(
    server: Server, connect: Connect, exchange: Exchange, routes_file: Routes
) -> None:
    """Whoever takes over finds the provider's id in the book of the claim; nothing can be billed twice."""
    routes = background(server, connect, routes_file)
    server.replies["GET /v1/responses/resp_1"] = lambda _, number: (
        Reply(hang=True) if number == 1 else responses("late")
    )
    name = stored(exchange, routes_path=routes)

    async def run() -> None:
        task = asyncio.create_task(fired(LLMCallTrigger(exchange.uri, name)))
        while not server.asked("GET /v1/responses/resp_1"):
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(run())
    assert "resp_1" in everything_in(exchange.uri, suffix=".json")
    event = fire(exchange, name)
    assert answered(event).text == "late"
    assert event["resent_after_lost_claim"] is False
    assert server.asked("POST /v1/responses") == 1
    assert not list(Path(exchange.uri.removeprefix("file://")).rglob("jobs/*.json"))


def test_a_person_who_ends_the_task_ends_the_job(
    server: Server, connect: Connect, exchange: Exchange, routes_file: Routes
) -> None:
    """The submitted job is cancelled at the provider and forgotten, so that a cleared task submits a new one."""
    routes = background(server, connect, routes_file)
    server.replies["GET /v1/responses/resp_1"] = Reply(hang=True)
    server.replies["POST /v1/responses/resp_1/cancel"] = ok({"id": "resp_1", "status": "cancelled"})
    name = stored(exchange, routes_path=routes)

    async def run() -> None:
        trigger = LLMCallTrigger(exchange.uri, name)
        task = asyncio.create_task(fired(trigger))
        while not server.asked("GET /v1/responses/resp_1"):
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await trigger.on_kill()

    asyncio.run(run())
    assert server.asked("POST /v1/responses/resp_1/cancel") == 1
    assert not list(Path(exchange.uri.removeprefix("file://")).rglob("jobs/*.json"))


def test_ending_a_task_that_has_not_begun_is_no_error(exchange: Exchange) -> None:
    """A person may be faster than the trigger."""
    asyncio.run(LLMCallTrigger(exchange.uri, "n").on_kill())


def child(exchange: Exchange, name: str, point: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (HERE, HERE.parents[2] / "plugins")))}
    arguments = [sys.executable, str(HERE / "llm_deferred_child.py"), exchange.uri, name, point]
    return subprocess.Popen(
        arguments, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )


def test_killed_between_answer_and_return_nothing_is_sent_again(
    server: Server, connect: Connect, exchange: Exchange
) -> None:
    """A process killed right after the journal write: the next one takes over and sends no request."""
    connect()
    name = stored(exchange)
    with child(exchange, name, "journal") as process:
        assert process.wait(60) == -9
    assert server.count("m1") == 1
    assert exchange.find_outcome(name) is None
    event = fire(exchange, name)
    result = answered(event)
    assert (result.text, result.cached) == (GOOD, True)
    assert event["resent_after_lost_claim"] is False
    assert server.count("m1") == 1


def test_while_another_process_asks_nobody_else_does_and_its_death_is_noticed(
    server: Server, connect: Connect, exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A live owner in another process is waited for; killed with its request on the line, the request is sent again."""
    connect()
    arrived = threading.Event()

    def script(_: dict[str, Any], number: int) -> Reply:
        arrived.set()
        return Reply(hang=True) if number == 1 else chat("second")

    server.replies["m1"] = script
    name = stored(exchange)
    with child(exchange, name, "asked") as process:
        assert arrived.wait(60)
        monkeypatch.setattr(claims, "STALE_AFTER", timedelta(seconds=30))
        store = shared_store(f"{exchange.uri}/journal")
        looked = asyncio.Event()

        async def sleep(_: float) -> None:
            looked.set()
            await asyncio.sleep(0.01)

        async def wait_in_vain() -> None:
            task = asyncio.create_task(Claims(store, sleep=sleep).take(exchange.request(name).key))
            await looked.wait()
            assert not task.done()
            task.cancel()

        asyncio.run(wait_in_vain())
        assert process.stdin is not None
        process.stdin.write("now\n")
        process.stdin.flush()
        assert process.wait(60) == -9
    monkeypatch.setattr(claims, "STALE_AFTER", timedelta(seconds=0.2))
    event = fire(exchange, name)
    assert (answered(event).text, event["resent_after_lost_claim"]) == ("second", True)
    assert server.count("m1") == 2
