"""Nothing that people can read holds a document, a prompt or a key, whatever a provider sends back.

The loopback server is as hostile as it can be: it repeats the key and the prompt in messages, codes, types, parameters,
headers, model names, reasons and answers. Three canaries stand for what must stay inside; after each call everything that
leaves it is searched for them.
"""

from __future__ import annotations

import json
import logging
import pickle
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from llm_loopback import CHAT_USAGE, JSON, RESPONSES_USAGE, Reply, Server, ok, raw
from llm_observed import Numbers, Traces, otel_numbers
from structlog.testing import capture_logs

from llm_orchestration import LLMHook, LLMRequest, LLMResult, MemoryJournal, Message
from llm_orchestration import errors as e
from llm_orchestration.connections import read_connection

Connect = Callable[..., str]
RoutesFile = Callable[..., str]

# Shaped like nothing that a filter could know: no `sk-`, no label, no blanks in the key.
DOCUMENT = "Heliotrope Growth lost 4711 basis points in March"
PROMPT = "Answer as the auditor Wilhelmina Quux would"
KEY = "hush9f8e7d6c5b4a3210"
CANARIES = (DOCUMENT, PROMPT, KEY)
ECHO = f"{KEY} {PROMPT} {DOCUMENT}"


def _pieces(text: str, size: int) -> set[str]:
    return {text[start : start + size] for start in range(len(text) - size + 1)}


# A quotation need not be whole to be one: 16 characters of a text, 10 of a key. A word alone may be anybody's.
PIECES = _pieces(DOCUMENT, 16) | _pieces(PROMPT, 16) | _pieces(KEY, 10)


def found(text: str) -> list[str]:
    """What of the canaries is in a text: the whole ones, else the pieces."""
    whole = [canary for canary in CANARIES if canary in text]
    return whole or sorted(piece for piece in PIECES if piece in text)


class Watch:
    """Everything that leaves a call."""

    def __init__(self, traces: Traces, numbers: Numbers) -> None:
        self.traces = traces
        self.numbers = numbers
        self.events: list[Any] = []
        self.records: list[logging.LogRecord] = []

    def told(self) -> dict[str, str]:
        """What was told, by the way it took."""
        return {
            "structlog": repr(self.events),
            "logging": "\n".join(_record(record) for record in self.records),
            "spans": "\n".join(span.to_json() for span in self.traces.spans),
            "metrics": "\n".join(metric.to_json() for metric in self.numbers.all().values()),
        }

    def assert_silent(self, **more: str) -> None:
        assert self.events, "the call logged nothing, so nothing was searched"
        leaks = {way: hits for way, text in {**self.told(), **more}.items() if (hits := found(text))}
        assert leaks == {}


def _record(record: logging.LogRecord) -> str:
    trace = "".join(traceback.format_exception(*record.exc_info)) if record.exc_info else ""
    return f"{record.name} {record.getMessage()} {record.__dict__} {trace}"


class _Keep(logging.Handler):
    def __init__(self, records: list[logging.LogRecord]) -> None:
        super().__init__(logging.DEBUG)
        self._records = records

    def emit(self, record: logging.LogRecord) -> None:
        self._records.append(record)


@contextmanager
def _all_records(records: list[logging.LogRecord]) -> Iterator[None]:
    """Everything that the standard library's loggers get to see, down to debug."""
    loggers = [logging.getLogger(), logging.getLogger("llm_orchestration"), logging.getLogger("airflow.task")]
    before = [(logger, logger.level) for logger in loggers]
    handler = _Keep(records)
    loggers[0].addHandler(handler)
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
    yield
    loggers[0].removeHandler(handler)
    for logger, level in before:
        logger.setLevel(level)


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Iterator[Watch]:
    with otel_numbers(monkeypatch) as numbers:
        watch = Watch(Traces(monkeypatch), numbers)
        with _all_records(watch.records), capture_logs() as events:
            watch.events = events
            yield watch


@pytest.fixture
def hook(connect: Connect, routes_file: RoutesFile) -> Callable[..., LLMHook]:
    """A hook over connections whose password is the canary, one per model."""

    def make(*models: str, api: str = "chat", **more: Any) -> LLMHook:
        names = [connect(f"llm_{n}", model=model, password=KEY, extra={"api": api}) for n, model in enumerate(models)]
        targets = [
            {"connection": name, "price_per_million_tokens": {"input": "2", "output": "8"}, "max_output_tokens": 500}
            for name in names
        ]
        return LLMHook(routes_path=routes_file(*targets), **more)

    return make


def ask(schema: Any = None, **more: Any) -> LLMRequest:
    messages = (Message("system", PROMPT), Message("user", f"<document>{DOCUMENT}</document>"))
    return LLMRequest(messages, schema=schema, purpose="extract", **more)


def whole(error: BaseException) -> dict[str, str]:
    """Every form in which an error leaves the process."""
    forms = {
        "str": str(error),
        "repr": repr(error),
        "traceback": "".join(traceback.format_exception(error)),
        "pickle": pickle.dumps(error, protocol=0).decode("latin1") + repr(pickle.loads(pickle.dumps(error)).__dict__),
    }
    if isinstance(error, e.LLMError):
        forms["json"] = json.dumps(error.to_json(), ensure_ascii=False)
    return forms


def beside_the_answer(result: LLMResult) -> dict[str, str]:
    """The result without the answer itself, which is what the caller asked for."""
    bare = replace(result, text="", data=None)
    return {"result": repr(bare) + json.dumps(bare.to_json(), ensure_ascii=False)}


def echoing(status: int, code: Any = None, kind: Any = None, message: str = ECHO, param: Any = None) -> Reply:
    """An error whose every field that can hold words holds the canaries."""
    headers = {**JSON, "x-request-id": KEY, "x-echo": ECHO, "server": KEY, "retry-after": "3"}
    body = {"error": {"message": message, "type": kind or KEY, "code": code or KEY, "param": param or KEY}}
    return Reply(status, headers, json.dumps(body).encode())


def answered(content: Any = "fine", finish: Any = "stop", **top: Any) -> Reply:
    """A chat completion that repeats the canaries in every field beside the answer."""
    choice = {"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": finish}
    body = {"id": KEY, "object": ECHO, "model": ECHO, "choices": [choice], "usage": CHAT_USAGE, "note": ECHO}
    return Reply(200, {**JSON, "x-request-id": KEY, "x-echo": ECHO}, json.dumps({**body, **top}).encode())


def response(**top: Any) -> Reply:
    """A response object that repeats the canaries."""
    output = [{"type": "message", "content": [{"type": "output_text", "text": "fine"}]}]
    body = {"id": KEY, "object": ECHO, "model": KEY, "status": "completed", "output": output, "usage": RESPONSES_USAGE}
    return Reply(200, {**JSON, "x-request-id": PROMPT}, json.dumps({**body, **top}).encode())


FAILURES: dict[str, tuple[type[e.LLMError], Reply]] = {
    "rate limit": (e.RateLimitError, echoing(429)),
    "rate limit as text": (e.RateLimitError, echoing(400, message=f"Too many tokens {ECHO}")),
    "overloaded": (e.OverloadedError, echoing(503)),
    "server": (e.ServerError, echoing(500)),
    "server with the key alone": (e.ServerError, echoing(500, message=KEY)),
    "server with half a key": (e.ServerError, echoing(500, message=f"bad key {KEY[:12]}...{KEY[-4:]}")),
    "server with half a prompt": (e.ServerError, echoing(500, message=f"what is {DOCUMENT[5:25]}?")),
    "server with a text": (e.ServerError, Reply(500, {"content-type": f"text/{KEY}"}, ECHO.encode())),
    "quota": (e.QuotaExceededError, echoing(429, "insufficient_quota")),
    "rejected": (e.RequestRejectedError, echoing(400)),
    "redirected": (e.RequestRejectedError, Reply(302, {"location": f"https://x.example/{KEY}"}, b"")),
    "window": (e.ContextWindowExceededError, echoing(400, "context_length_exceeded")),
    "authentication": (e.AuthenticationError, echoing(401)),
    "permission": (e.PermissionDeniedError, echoing(403)),
    "no such model": (e.ModelNotFoundError, echoing(404)),
    "filtered prompt": (e.ContentFilterError, echoing(400, "content_filter")),
    "filtered answer": (e.ContentFilterError, answered(ECHO, "content_filter")),
    "truncated": (e.TruncatedError, answered(ECHO, "length")),
    "refusal": (
        e.RefusalError,
        ok({"model": ECHO, "choices": [{"message": {"refusal": ECHO, "content": None}, "finish_reason": ECHO}]}),
    ),
    "error in a success": (e.ProtocolError, ok({"error": {"message": ECHO, "type": KEY, "code": KEY}})),
    "no choices": (e.ProtocolError, answered(choices=[])),
    "not JSON": (e.ProtocolError, Reply(200, {"content-type": KEY}, ECHO.encode())),
    "cut JSON": (e.ProtocolError, Reply(200, dict(JSON), json.dumps({"model": ECHO}).encode()[:-9])),
    "no text": (e.ProtocolError, answered("")),
    "connection lost": (e.ConnectionLostError, raw(f"HTTP/1.1 200 OK\r\nx: {ECHO}\r\n".encode())),
    "not HTTP": (e.ConnectionLostError, raw(f"{ECHO}\r\n\r\n".encode())),
    "bad header": (e.ConnectionLostError, raw(f"HTTP/1.1 200 OK\r\n{ECHO}\x00: {KEY}\r\n\r\n".encode())),
}
RESPONSE_FAILURES: dict[str, tuple[type[e.LLMError], Reply]] = {
    "failed": (e.LLMError, response(status="failed", error={"message": ECHO, "code": KEY})),
    "unknown status": (e.ProtocolError, response(status=KEY, output=[])),
    "unknown status in words": (e.ProtocolError, response(status=f"because {PROMPT}"[:39])),
    "incomplete": (e.LLMError, response(status="incomplete", incomplete_details={"reason": KEY})),
    "truncated": (e.TruncatedError, response(status="incomplete", incomplete_details={"reason": "max_output_tokens"})),
    "refusal": (
        e.RefusalError,
        response(output=[{"type": "message", "content": [{"type": "refusal", "refusal": ECHO}]}]),
    ),
    "no output": (e.ProtocolError, response(output=ECHO)),
}


def fails(hook: LLMHook, request: LLMRequest, expected: type[e.LLMError]) -> e.LLMError:
    with pytest.raises(expected) as caught:
        (hook.chat if request.schema is None else hook.structured)(request)
    error: e.LLMError = caught.value
    return error


@pytest.mark.parametrize("name", FAILURES)
def test_no_failure_of_a_chat_endpoint_tells_anything(
    name: str, watch: Watch, hook: Callable[..., LLMHook], server: Server
) -> None:
    """Every class of error, with the canaries in every field that the server controls."""
    expected, server.replies["m1"] = FAILURES[name]
    error = fails(hook("m1"), ask(), expected)
    watch.assert_silent(**whole(error))


@pytest.mark.parametrize("name", RESPONSE_FAILURES)
def test_no_failure_of_a_responses_endpoint_tells_anything(
    name: str, watch: Watch, hook: Callable[..., LLMHook], server: Server
) -> None:
    """The same for the other wire format."""
    expected, server.replies["m1"] = RESPONSE_FAILURES[name]
    error = fails(hook("m1", api="responses"), ask(), expected)
    watch.assert_silent(**whole(error))


@pytest.mark.parametrize("api", ["chat", "responses"])
def test_an_answer_holds_its_text_and_nothing_else_of_the_servers(
    api: str, watch: Watch, hook: Callable[..., LLMHook], server: Server
) -> None:
    """Model name, request id, reasons and headers are as hostile as the rest."""
    server.replies["m1"] = answered(ECHO, finish=ECHO) if api == "chat" else response()
    result = hook("m1", api=api, journal=MemoryJournal()).chat(ask())
    assert result.text == (ECHO if api == "chat" else "fine")
    watch.assert_silent(**beside_the_answer(result))
    assert watch.traces.spans


def test_a_failover_tells_nothing(watch: Watch, hook: Callable[..., LLMHook], server: Server) -> None:
    """Two requests, two spans of their own, and the first one's complaint in the attempts."""
    server.replies["m1"], server.replies["m2"] = echoing(503), answered("fine")
    result = hook("m1", "m2").chat(ask())
    assert [attempt.outcome for attempt in result.attempts] == ["OverloadedError", "answered"]
    watch.assert_silent(**beside_the_answer(result))


def test_a_question_back_tells_nothing(
    watch: Watch, hook: Callable[..., LLMHook], server: Server, person: dict[str, Any]
) -> None:
    """The model's answer repeats the document where a number and a known name belong, and is right the second time."""
    wrong = json.dumps({"name": ECHO, "age": DOCUMENT, KEY: PROMPT})
    server.replies["m1"] = lambda body, number: answered(wrong if number == 1 else '{"name":"Ann","age":3}')
    result = hook("m1").structured(ask(person))
    assert server.count("m1") == 2
    watch.assert_silent(**beside_the_answer(result))


def test_an_invalid_answer_tells_only_the_schemas_side(
    watch: Watch, hook: Callable[..., LLMHook], server: Server, person: dict[str, Any]
) -> None:
    """Both answers break the schema with words of the document, as values and as names."""
    for content in (json.dumps({"name": 1, "age": ECHO, KEY: ECHO}), f"{ECHO} {{", f'{{"{PROMPT}": 1, "{PROMPT}": 2}}'):
        server.replies["m1"] = answered(content)
        error = fails(hook("m1"), ask(person), e.InvalidOutputError)
        watch.assert_silent(**whole(error))


def test_a_refused_budget_tells_nothing(watch: Watch, hook: Callable[..., LLMHook]) -> None:
    """Nothing is sent and nothing is quoted."""
    error = fails(hook("m1", budget_usd=Decimal("0.0000001")), ask(), e.BudgetExceededError)
    watch.assert_silent(**whole(error))


class Talkative(MemoryJournal):
    """A journal whose store repeats the entry in its error, as some do."""

    def __init__(self, *, read: bool) -> None:
        super().__init__()
        self._read = read

    def get(self, key: str) -> bytes | None:
        if not self._read:
            raise OSError(ECHO)
        return None

    def put(self, key: str, value: bytes) -> None:
        raise OSError(f"cannot write {value!r}")


def test_a_broken_journal_tells_nothing(watch: Watch, hook: Callable[..., LLMHook], server: Server) -> None:
    """Neither when it cannot be read nor when it cannot be written."""
    error = fails(hook("m1", journal=Talkative(read=False)), ask(), e.JournalError)
    server.replies["m1"] = answered(ECHO)
    result = hook("m1", journal=Talkative(read=True)).chat(ask())
    assert [event["event"] for event in watch.events].count("llm.journal.write_failed") == 1
    watch.assert_silent(**whole(error), **beside_the_answer(result))


def test_a_timeout_tells_nothing(watch: Watch, hook: Callable[..., LLMHook], server: Server) -> None:
    """The server repeats everything and never comes to an end."""
    head = f"HTTP/1.1 200 OK\r\nx-request-id: {KEY}\r\ncontent-length: 9999\r\n\r\n"
    server.replies["m1"] = raw(head.encode(), *[ECHO.encode()] * 20, pause=0.1)
    error = fails(hook("m1", deadline=timedelta(seconds=0.3)), ask(), e.CallTimeoutError)
    watch.assert_silent(**whole(error))


def test_a_key_in_the_address_is_refused_and_not_shown(connect: Connect, server: Server) -> None:
    """An address is told in many places; the password field is the one for a key."""
    connect("llm_default", host=f"{server.base_url}?key={KEY}", password="")
    error = fails(LLMHook(llm_conn_id="llm_default"), ask(), e.ConfigurationError)
    assert server.requests == []
    assert not [text for text in whole(error).values() if found(text)]


def test_no_connection_no_key(watch: Watch, connect: Connect) -> None:
    """A closed port; the address is told, what was meant for it is not."""
    connect("llm_default", host="http://127.0.0.1:1/v1", password=KEY)
    error = fails(LLMHook(llm_conn_id="llm_default"), ask(), e.ConnectError)
    watch.assert_silent(**whole(error))


def test_what_people_print_while_debugging_holds_no_key(
    hook: Callable[..., LLMHook], server: Server, watch: Watch
) -> None:
    """`repr` of the hook, of a target, of its provider, of what was read of a connection."""
    from airflow.sdk import Connection

    made = hook("m1")
    made.chat(ask())
    assert server.last().headers["authorization"] == f"Bearer {KEY}"
    target = made.get_conn()
    found_there = Connection(conn_id="llm_0", conn_type="llm", host=server.base_url, password=KEY)
    facts = read_connection("llm_0", found_there, {"model": "m1"})
    endpoint = target.provider.endpoint  # type: ignore[union-attr]
    shown = [made, target, target.provider, endpoint, facts, vars(facts), vars(target), made.test_connection()]
    watch.assert_silent(**{f"{number} {type(one).__name__}": repr(one) for number, one in enumerate(shown)})
    watch.assert_silent(mode=repr(made.mode()), identity=repr(target.provider.identity), endpoint=target.endpoint)
