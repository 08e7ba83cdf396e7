"""The hook on real sockets and real Airflow connections: routes, failover, re-ask, journal, offline, modes."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import structlog
from llm_loopback import GOOD, Reply, Server, chat, failure, raw
from pydantic import BaseModel, field_validator

from llm_orchestration import DirectoryJournal, LLMHook, LLMRequest, MemoryJournal, Message, Usage
from llm_orchestration import errors as e

Connect = Callable[..., str]
Routes = Callable[..., str]
BAD = '{"name":"Ann","age":"old"}'
KEY = "sk-secret-0123456789"
PLUGINS = {"PYTHONPATH": str(Path(__file__).resolve().parents[3] / "plugins")}


def text(words: str = "Say hello", **more: Any) -> LLMRequest:
    return LLMRequest((Message("user", words),), **more)


def test_chat_complete_and_structured_answer(server: Server, connect: Connect, person: dict[str, Any]) -> None:
    """The three calls give text, text and checked data, with usage, origin and one attempt."""
    connect()
    hook = LLMHook()
    server.replies["m1"] = chat("Hello")
    assert hook.chat(text()).text == "Hello"
    done = hook.complete("Say hello", system="Be brief", temperature=0.5)
    assert [message["role"] for message in server.last().body["messages"]] == ["system", "user"]
    assert (done.text, done.data, done.provider, done.model) == ("Hello", None, "openai_compatible", "served-1")
    assert (done.connection, done.request_id, done.cached, done.route) == ("llm_default", "req_42", False, "extraction")
    server.replies["m1"] = chat(GOOD)
    result = hook.structured(text(schema=person))
    assert result.data == {"name": "Ann", "age": 3}
    assert result.usage == Usage(1000, 200, 400, 50)
    assert result.cost_usd is None
    assert [attempt.outcome for attempt in result.attempts] == ["answered"]
    assert json.loads(json.dumps(result.to_json()))["data"] == result.data


def test_the_async_twins_do_the_same(server: Server, connect: Connect, person: dict[str, Any]) -> None:
    """On a running loop the same answers come back, and calls overlap."""
    connect()

    async def ask() -> list[Any]:
        hook = LLMHook(journal=MemoryJournal())
        return [
            *await asyncio.gather(*(hook.astructured(text(f"{n}", schema=person)) for n in range(4))),
            await hook.achat(text()),
            await hook.acomplete("x"),
        ]

    results = asyncio.run(ask())
    assert [result.data for result in results[:4]] == [{"name": "Ann", "age": 3}] * 4
    assert results[4].text == results[5].text == GOOD


def test_a_failure_is_one_request_and_one_typed_error(server: Server, connect: Connect) -> None:
    """The hook never retries; Airflow does."""
    connect()
    server.replies["m1"] = failure(429, "rate_limit_exceeded", retry_after="7")
    with pytest.raises(e.RateLimitError) as caught:
        LLMHook().chat(text())
    assert server.count("m1") == 1
    assert caught.value.retry_after == timedelta(seconds=7)
    assert caught.value.connection == "llm_default"
    assert [attempt.outcome for attempt in caught.value.attempts] == ["RateLimitError"]


@pytest.mark.parametrize(
    ("reply", "moves_on"),
    [
        (failure(429, "rate_limit_exceeded"), True),
        (failure(429, "insufficient_quota"), True),
        (failure(503), True),
        (failure(500), True),
        (raw(), True),
        (failure(400), False),
        (failure(401), False),
        (failure(404), False),
        (chat(None, "content_filter"), False),
        (chat("x", "length"), False),
    ],
)
def test_failover_follows_the_kind_of_error(
    server: Server, connect: Connect, routes_file: Routes, reply: Reply, moves_on: bool
) -> None:
    """The next target is asked when it may help, and never to hide a mistake or a paid answer."""
    path = routes_file(connect("a", model="m-a"), connect("b", model="m-b"))
    server.replies["m-a"] = reply
    hook = LLMHook(routes_path=path)
    if moves_on:
        result = hook.chat(text())
        assert result.connection == "b"
        assert [attempt.connection for attempt in result.attempts] == ["a", "b"]
    else:
        with pytest.raises(e.PermanentError):
            hook.chat(text())
    assert (server.count("m-a"), server.count("m-b")) == (1, int(moves_on))


def test_a_dead_chain_raises_what_a_retry_can_cure(server: Server, connect: Connect, routes_file: Routes) -> None:
    """Of an overload and a used-up quota the overload is raised, because waiting helps there."""
    path = routes_file(connect("a", model="m-a"), connect("b", model="m-b"))
    server.replies["m-a"] = failure(429, "insufficient_quota")
    server.replies["m-b"] = failure(503, retry_after="4")
    with pytest.raises(e.OverloadedError) as caught:
        LLMHook(routes_path=path).chat(text())
    assert [attempt.outcome for attempt in caught.value.attempts] == ["QuotaExceededError", "OverloadedError"]


def test_a_prompt_too_long_goes_to_a_larger_window_only(server: Server, connect: Connect, routes_file: Routes) -> None:
    """A target with an equal or unknown window would refuse as well."""
    small = {"connection": connect("a", model="m-a"), "context_window": 1000}
    large = {"connection": connect("b", model="m-b"), "context_window": 9000}
    server.replies["m-a"] = failure(400, "context_length_exceeded")
    server.replies["m-b"] = chat("ok")
    assert LLMHook(routes_path=routes_file(small, large)).chat(text()).connection == "b"
    with pytest.raises(e.ContextWindowExceededError):
        LLMHook(routes_path=routes_file(small, "b")).chat(text())
    assert server.count("m-b") == 1


def test_the_deadline_is_shared_by_the_chain(server: Server, connect: Connect, routes_file: Routes) -> None:
    """A target that hangs leaves its successor a fair share of the time."""
    path = routes_file(connect("a", model="m-a"), connect("b", model="m-b"))
    server.replies["m-a"] = Reply(hang=True)
    server.replies["m-b"] = chat("in time")
    result = LLMHook(routes_path=path, deadline=timedelta(seconds=2.4)).chat(text())
    assert result.text == "in time"
    assert 1.0 <= result.attempts[0].seconds <= 2.0
    assert result.seconds < 2.4


def test_an_invalid_answer_is_asked_back_once_with_the_exact_problem(
    server: Server, connect: Connect, person: dict[str, Any]
) -> None:
    """The second request holds the first answer and what is wrong with it; both are counted."""
    connect(extra={"price_input": "1", "price_output": "10", "price_cached_input": "0.5"})
    server.replies["m1"] = lambda _, number: chat(BAD if number == 1 else GOOD)
    result = LLMHook().structured(text(schema=person))
    assert result.data == {"name": "Ann", "age": 3}
    assert server.count("m1") == 2
    asked = server.last().body["messages"]
    assert [message["role"] for message in asked] == ["user", "assistant", "user"]
    assert asked[1]["content"] == BAD
    assert "$.age" in asked[2]["content"]
    assert result.usage == Usage(2000, 400, 800, 100)
    assert result.cost_usd == Decimal("0.0056")
    assert [attempt.outcome for attempt in result.attempts] == ["invalid", "answered"]


def test_a_second_invalid_answer_is_an_error_without_the_answer(
    server: Server, connect: Connect, person: dict[str, Any]
) -> None:
    """Two requests at most; the error names the rule, counts both answers and repeats no text of them."""
    connect(extra={"price_input": "1", "price_output": "10"})
    server.replies["m1"] = chat('{"name":"Ann","age":"PRIVATE"}')
    hook = LLMHook()
    with pytest.raises(e.InvalidOutputError) as caught:
        hook.structured(text(schema=person))
    assert server.count("m1") == 2
    assert caught.value.problems == ('$.age: type "integer"',)
    assert caught.value.usage == Usage(2000, 400, 800, 100)
    assert caught.value.cost_usd == hook.spent_usd == Decimal("0.006")
    assert "PRIVATE" not in str(caught.value)


def test_an_answer_that_was_paid_for_is_never_failed_over(
    server: Server, connect: Connect, routes_file: Routes, person: dict[str, Any]
) -> None:
    """After an invalid answer the same model is asked back; the next target is not paid as well."""
    path = routes_file(connect("a", model="m-a"), connect("b", model="m-b"))
    server.replies["m-a"] = lambda _, number: chat(BAD) if number == 1 else failure(503)
    with pytest.raises(e.OverloadedError) as caught:
        LLMHook(routes_path=path).structured(text(schema=person))
    assert (server.count("m-a"), server.count("m-b")) == (2, 0)
    assert caught.value.usage == Usage(1000, 200, 400, 50)


def test_a_retry_finds_the_answer_in_the_journal(server: Server, connect: Connect, person: dict[str, Any]) -> None:
    """A second try sends nothing and returns the same answer with its true cost."""
    connect(extra={"price_input": "1", "price_output": "10"})
    journal = MemoryJournal()
    first = LLMHook(journal=journal).structured(text(schema=person))
    again = LLMHook(journal=journal).structured(text(schema=person))
    assert server.count("m1") == 1
    assert (first.cached, again.cached) == (False, True)
    assert (again.data, again.usage, again.cost_usd) == (first.data, first.usage, first.cost_usd)
    assert [attempt.outcome for attempt in again.attempts] == ["journal"]


def test_a_retry_goes_on_with_the_question_back(server: Server, connect: Connect, person: dict[str, Any]) -> None:
    """The invalid first answer is not paid for again; the failed question back is asked anew."""
    connect()
    journal = MemoryJournal()
    server.replies["m1"] = lambda _, number: chat(BAD) if number <= 2 else chat(GOOD)
    with pytest.raises(e.InvalidOutputError):
        LLMHook(journal=journal).structured(text(schema=person))
    result = LLMHook(journal=journal).structured(text(schema=person))
    assert server.count("m1") == 3
    assert result.data == {"name": "Ann", "age": 3}
    assert [attempt.outcome for attempt in result.attempts] == ["journal", "answered"]


def test_the_journal_of_a_fallback_wins_over_asking_the_primary(
    server: Server, connect: Connect, routes_file: Routes
) -> None:
    """What the second target answered in the first try is used in the second, though the primary is back."""
    path = routes_file(connect("a", model="m-a"), connect("b", model="m-b"))
    journal = MemoryJournal()
    server.replies["m-a"] = failure(503)
    assert LLMHook(routes_path=path, journal=journal).chat(text()).connection == "b"
    server.replies["m-a"] = chat("back")
    again = LLMHook(routes_path=path, journal=journal).chat(text())
    assert (again.connection, again.cached) == ("b", True)
    assert (server.count("m-a"), server.count("m-b")) == (1, 1)


def test_without_any_connection_the_offline_routine_answers_and_says_so(person: dict[str, Any]) -> None:
    """No model configured: the result is marked as offline, costs nothing, and the mode says it in words."""
    hook = LLMHook()
    result = hook.structured(text(schema=person, offline=lambda: {"name": "Ann", "age": 3}))
    assert (result.provider, result.model, result.connection) == ("offline", "none", None)
    assert (result.cost_usd, result.usage.total_tokens, result.cached) == (Decimal(0), 0, False)
    assert hook.chat(text(offline=lambda: "template")).text == "template"
    mode = hook.mode()
    assert mode.kind == "offline"
    assert "no LLM connection is configured (looked for llm_default)" in mode.description


def test_without_connection_and_routine_the_error_says_what_to_configure() -> None:
    """The message names the connection and the variable."""
    with pytest.raises(e.OfflineUnavailableError, match="AIRFLOW_CONN_LLM_DEFAULT"):
        LLMHook().chat(text(purpose="step"))


@pytest.mark.parametrize("reply", [failure(503), failure(401), raw()])
def test_an_outage_never_becomes_offline(server: Server, connect: Connect, reply: Reply) -> None:
    """A connection that exists but fails is an error, although the request brings an offline routine."""
    connect()
    server.replies["m1"] = reply
    ran: list[bool] = []
    with pytest.raises(e.LLMError):
        LLMHook().chat(text(offline=lambda: ran.append(True) or "x"))
    assert ran == []


def test_an_unreadable_connection_is_not_a_missing_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Airflow calls a connection that it cannot parse "not found"; working offline then would hide the mistake."""
    monkeypatch.setenv("AIRFLOW_CONN_LLM_DEFAULT", '{"conn_type": "llm", broken')
    with pytest.raises(e.ConfigurationError, match="AIRFLOW_CONN_LLM_DEFAULT cannot be read"):
        LLMHook().chat(text(offline=lambda: "x"))


class Line:
    """The task process's line to a supervisor whose API server is in a given state."""

    def __init__(self, kind: str) -> None:
        from airflow.sdk.exceptions import ErrorType
        from airflow.sdk.execution_time.comms import ErrorResponse

        self.reply = ErrorResponse(error=ErrorType[kind], detail={})

    def send(self, message: object) -> object:
        return self.reply

    async def asend(self, message: object) -> object:
        return self.reply


@pytest.mark.parametrize("asynchronous", [False, True])
def test_an_api_server_that_is_down_is_not_a_missing_connection(
    monkeypatch: pytest.MonkeyPatch, asynchronous: bool
) -> None:
    """In a task, only the API server's own "not found" leads to offline; its silence is retried."""
    from airflow.sdk.execution_time import task_runner

    def ask() -> str:
        hook, request = LLMHook(), text(offline=lambda: "offline text")
        return (asyncio.run(hook.achat(request)) if asynchronous else hook.chat(request)).text

    monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", Line("API_SERVER_ERROR"), raising=False)
    with pytest.raises(e.ConnectionLookupError, match="API_SERVER_ERROR"):
        ask()
    monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", Line("CONNECTION_NOT_FOUND"), raising=False)
    assert ask() == "offline text"


def test_a_route_may_insist_on_a_model(routes_file: Routes) -> None:
    """`without_connection: fail` names the missing connection instead of working offline."""
    hook = LLMHook(routes_path=routes_file("my_llm", without="fail"))
    with pytest.raises(e.ConnectionMissingError, match="AIRFLOW_CONN_MY_LLM"):
        hook.chat(text(offline=lambda: "x"))
    with pytest.raises(e.ConnectionMissingError):
        hook.mode()


def test_a_named_connection_must_exist(connect: Connect) -> None:
    """`llm_conn_id` overrides the route and never turns into offline."""
    connect("other", model="m9")
    assert LLMHook(llm_conn_id="other").chat(text()).connection == "other"
    with pytest.raises(e.ConnectionMissingError, match="nowhere"):
        LLMHook(llm_conn_id="nowhere").chat(text(offline=lambda: "x"))


def test_a_missing_fallback_is_recorded_and_the_rest_is_used(connect: Connect, routes_file: Routes) -> None:
    """One of two connections is enough; the other shows as skipped."""
    path = routes_file("absent", connect("b", model="m-b"), without="offline")
    result = LLMHook(routes_path=path).chat(text())
    assert [(attempt.connection, attempt.outcome) for attempt in result.attempts] == [
        ("absent", "skipped"),
        ("b", "answered"),
    ]


def test_the_mode_names_model_place_and_connection(connect: Connect) -> None:
    """What the UI shows before a run."""
    connect()
    mode = LLMHook().mode()
    assert mode.kind == "model"
    assert mode.description == "Model m1 at 127.0.0.1 through connection llm_default."


def test_a_budget_stops_before_the_call(server: Server, connect: Connect) -> None:
    """The worst case is compared with what is left, over all calls of a hook; nothing is sent."""
    connect(extra={"price_input": "1", "price_output": "10"})
    hook = LLMHook(budget_usd=Decimal("0.005"))
    hook.chat(text(max_output_tokens=300))
    assert hook.spent_usd == Decimal("0.003")
    with pytest.raises(e.BudgetExceededError, match=r"only 0\.002000 USD is left"):
        hook.chat(text("again", max_output_tokens=300))
    assert server.count("m1") == 1


def test_requests_that_contradict_the_call_are_refused(connect: Connect, person: dict[str, Any]) -> None:
    """Text calls take no schema, structured calls need one."""
    with pytest.raises(e.ConfigurationError, match="structured"):
        LLMHook().chat(text(schema=person))
    with pytest.raises(e.ConfigurationError, match="no schema"):
        LLMHook().structured(text())


def test_a_connection_is_read_once_a_minute(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    """A step with many calls asks Airflow once; a hook that lives long sees a rotated key."""
    from llm_orchestration import hook as module

    connect("llm_default", model="old")
    hook = LLMHook()
    assert hook.get_conn().model == "old"
    connect("llm_default", model="new")
    assert hook.get_conn().model == "old"
    monkeypatch.setattr(module, "_PLAN_AGE", timedelta(seconds=-1))
    assert hook.get_conn().model == "new"


def test_building_a_hook_reads_nothing(tmp_path: Any) -> None:
    """A DAG file may build one: neither the route file nor a connection is looked at."""
    assert LLMHook(routes_path=str(tmp_path / "none.yaml"), llm_conn_id="nowhere").route == "extraction"


def test_the_connection_test_proves_address_and_key(server: Server, connect: Connect) -> None:
    """It asks for the models, costs nothing, and says what is wrong."""
    connect()
    assert LLMHook(llm_conn_id="llm_default").test_connection() == (True, "The endpoint answers; model m1 is ready.")
    assert server.last().path == "/v1/models"
    connect(model="other")
    good, told = LLMHook().test_connection()
    assert not good
    assert "does not list the model other" in told
    connect(model=None)
    assert LLMHook().test_connection() == (True, "The endpoint answers and offers 2 models; set one as extra `model`.")
    connect(host="http://127.0.0.1:9/v1")
    good, told = LLMHook().test_connection()
    assert not good
    assert "nothing was sent" in told


def test_airflow_finds_the_hook_by_its_connection_type(server: Server, connect: Connect) -> None:
    """The Test button goes through the connection's type, which the dist-info beside the package declares."""
    from airflow.sdk import BaseHook

    connect()
    assert BaseHook.get_connection("llm_default").test_connection() == (
        True,
        "The endpoint answers; model m1 is ready.",
    )


def test_no_secret_and_no_document_text_reaches_a_log_or_a_text(
    server: Server, connect: Connect, person: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """With every logger at DEBUG, neither key nor prompt nor answer is written anywhere, in success or failure."""
    connect()
    caplog.set_level(logging.DEBUG)
    secret_words = "Confidential turnover of 4711 million"
    server.replies["m1"] = lambda _, number: chat(BAD) if number == 1 else failure(400, message=f"{KEY} {secret_words}")
    hook = LLMHook(journal=MemoryJournal())
    with structlog.testing.capture_logs() as events, pytest.raises(e.RequestRejectedError) as caught:
        hook.structured(text(secret_words, schema=person))
    shown = [
        caplog.text,
        repr(events),
        str(caught.value),
        repr(caught.value),
        json.dumps([attempt.to_json() for attempt in caught.value.attempts]),
        repr(hook.get_conn()),
        hook.mode().description,
    ]
    assert events
    for leak in (KEY, "Confidential", "4711", '"old"'):
        assert not any(leak in one for one in shown), leak


class Person(BaseModel):
    """A pydantic model with a rule that no JSON schema states."""

    name: str
    age: int

    @field_validator("name")
    @classmethod
    def _known(cls, name: str) -> str:
        if name != "Ann":
            raise ValueError("is not a name that we know")
        return name


def test_a_pydantic_model_gives_the_schema_and_checks_the_answer(server: Server, connect: Connect) -> None:
    """Its validators count like the schema: their exact finding goes back to the model once."""
    connect()
    server.replies["m1"] = lambda _, number: chat('{"name":"Bob","age":3}') if number == 1 else chat(GOOD)
    result = LLMHook().structured(text(), Person)
    assert Person.model_validate(result.data) == Person(name="Ann", age=3)
    assert server.requests[0].body["response_format"]["json_schema"]["name"] == "Person"
    assert "$.name: Value error, is not a name that we know" in server.last().body["messages"][-1]["content"]
    assert [attempt.outcome for attempt in result.attempts] == ["invalid", "answered"]
    server.replies["m1"] = chat('{"name":"Bob","age":3}')
    with pytest.raises(e.InvalidOutputError, match=r"\$\.name: value_error"):
        LLMHook().structured(text(), Person)


class Household(BaseModel):
    """People by name: the keys come from the model."""

    people: dict[str, Person]


def test_keys_that_a_model_invents_stay_out_of_the_error(server: Server, connect: Connect) -> None:
    """They may be words of the document. The model itself is told them, because it wrote them."""
    connect()
    server.replies["m1"] = chat('{"people":{"Patient 4711":{"name":"Bob","age":3}}}')
    with pytest.raises(e.InvalidOutputError, match=r"\$\.people\.\*\.name: value_error") as caught:
        LLMHook().structured(text(), Household)
    assert "4711" not in f"{caught.value} {caught.value.to_json()}"
    assert "$.people.Patient 4711.name" in server.last().body["messages"][-1]["content"]


def test_weights_share_the_questions_of_one_run(server: Server, connect: Connect, routes_file: Routes) -> None:
    """Mapped tasks of one run have one purpose and go both ways; a question asked again goes the same way."""
    weighted = [{"connection": connect(f"llm_{name}", model=name), "weight": 1} for name in ("a", "b")]
    server.replies["a"] = server.replies["b"] = chat("ok")
    hook = LLMHook(routes_path=routes_file(*weighted), run="dag/run")
    ways = [hook.chat(text(f"question {number}")).connection for number in range(12)]
    assert set(ways) == {"llm_a", "llm_b"}
    turns = (Message("user", "question 1"), Message("assistant", "no"), Message("user", "again"))
    assert hook.chat(text("question 1")).connection == hook.chat(LLMRequest(turns)).connection == ways[1]


KILLED = """
import os, signal, sys
from llm_orchestration import DirectoryJournal, LLMHook, LLMRequest, Message

def die(data):
    os.kill(os.getpid(), signal.SIGKILL)

hook = LLMHook(journal=DirectoryJournal(sys.argv[1]))
hook._run(LLMRequest((Message("user", "Say hello"),), schema={"type": "object"}), die)
"""


def test_a_worker_killed_after_the_answer_does_not_pay_again(server: Server, connect: Connect, tmp_path: Path) -> None:
    """SIGKILL between answer and return: the next process finds the answer and sends nothing."""
    connect()
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], env={**os.environ, **PLUGINS}, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert server.count("m1") == 1
    result = LLMHook(journal=DirectoryJournal(tmp_path)).structured(text(schema={"type": "object"}))
    assert (result.cached, server.count("m1")) == (True, 1)
