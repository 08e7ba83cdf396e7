"""Every row of the error matrix: what the server does, and the one class, retry advice and request count it means."""

from __future__ import annotations

import asyncio
import pickle
import socket
from datetime import timedelta
from typing import Any

import pytest
from llm_loopback import GOOD, JSON, Reply, Server, chat, failure, html, http_date, ok, raw, responses

from llm_orchestration import _bridge
from llm_orchestration import errors as e
from llm_orchestration.model import Message, Usage
from llm_orchestration.providers import Call, Endpoint, OpenAICompatibleProvider
from llm_orchestration.providers._clients import MAX_BODY_BYTES
from llm_orchestration.structured import OutputProblem, compile_schema

KEY = "sk-secret-0123456789"
PROMPT = "The quarterly return of Example Fund was 4.2 per cent"
SECONDS = timedelta(seconds=5)
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n"


def ask(server: Server, model: str, api: str = "chat", **more: Any) -> Any:
    provider = OpenAICompatibleProvider(Endpoint(more.pop("base_url", server.base_url), more.pop("key", KEY), api))
    call = Call(
        messages=(Message("system", "Read."), Message("user", PROMPT)),
        model=model,
        timeout=more.pop("timeout", SECONDS),
        **more,
    )
    return _bridge.run(provider.ask(call))


BOTH: dict[str, tuple[Reply, type[e.LLMError], float | None]] = {
    "429 rate": (failure(429, "rate_limit_exceeded", "tokens"), e.RateLimitError, None),
    "429 Retry-After": (failure(429, "rate_limit_exceeded", retry_after="3"), e.RateLimitError, 3),
    "429 ms wins": (failure(429, "rate_limit_exceeded", retry_after_ms="250", retry_after="9"), e.RateLimitError, 0.25),
    "429 long": (failure(429, "rate_limit_exceeded", retry_after="600"), e.RateLimitError, 600),
    "429 absurd wait": (failure(429, "rate_limit_exceeded", retry_after="1e300"), e.RateLimitError, None),
    "429 quota": (failure(429, "insufficient_quota", "insufficient_quota"), e.QuotaExceededError, None),
    "429 billing": (failure(429, "billing_hard_limit_reached"), e.QuotaExceededError, None),
    "429 organization": (failure(429, "organization_spend_limit_exceeded"), e.QuotaExceededError, None),
    "429 project": (failure(429, "project_spend_limit_exceeded"), e.QuotaExceededError, None),
    "429 quota, gateway": (
        failure(429, "429", message="litellm.RateLimitError: OpenAIException - You exceeded your current quota, x"),
        e.QuotaExceededError,
        None,
    ),
    "429 rate, gateway": (failure(429, "429", message="litellm.RateLimitError: slow down"), e.RateLimitError, None),
    "429 another vendor's quota": (
        failure(429, "429", "RESOURCE_EXHAUSTED", message="You exceeded your current quota", retry_after="31"),
        e.RateLimitError,
        31,
    ),
    "429 date in the past": (
        failure(429, "rate_limit_exceeded", retry_after="Wed, 21 Oct 2015 07:28:00 GMT"),
        e.RateLimitError,
        0,
    ),
    "429 wait that is none": (failure(429, "rate_limit_exceeded", retry_after="soon"), e.RateLimitError, None),
    "402": (failure(402), e.QuotaExceededError, None),
    "500": (failure(500, kind="server_error"), e.ServerError, None),
    "502 html": (html(502), e.ServerError, None),
    "503": (failure(503, kind="service_unavailable", retry_after="1"), e.OverloadedError, 1),
    "503 llama.cpp loading": (failure(503, 503, "unavailable_error"), e.OverloadedError, None),
    "501 llama.cpp": (failure(501, 501, "not_supported_error"), e.RequestRejectedError, None),
    "504 html": (html(504), e.ServerError, None),
    "529": (failure(529, kind="overloaded_error"), e.OverloadedError, None),
    "400 overloaded type": (failure(400, kind="overloaded_error"), e.OverloadedError, None),
    "408": (failure(408), e.ServerError, None),
    "409": (failure(409), e.ServerError, None),
    "424": (failure(424), e.ServerError, None),
    "400": (failure(400, "invalid_value", "invalid_request_error"), e.RequestRejectedError, None),
    "413": (failure(413), e.RequestRejectedError, None),
    "422": (failure(422), e.RequestRejectedError, None),
    "451": (failure(451), e.RequestRejectedError, None),
    "307": (Reply(307, {**JSON, "location": "http://127.0.0.1:1/v1"}), e.RequestRejectedError, None),
    "400 context": (failure(400, "context_length_exceeded"), e.ContextWindowExceededError, None),
    "400 context llama": (failure(400, 400, "exceed_context_size_error"), e.ContextWindowExceededError, None),
    "400 context gateway": (
        failure(400, "400", message="litellm.ContextWindowExceededError: too long"),
        e.ContextWindowExceededError,
        None,
    ),
    "400 context, vLLM": (
        failure(400, 400, "BadRequestError", "This model's maximum context length is 8192 tokens. However, you"),
        e.ContextWindowExceededError,
        None,
    ),
    "400 filter, gateway": (
        failure(400, "400", message="litellm.ContentPolicyViolationError: refused"),
        e.ContentFilterError,
        None,
    ),
    "400 gateway without keys": (
        failure(400, "400", "no_db_connection", "No connected db."),
        e.AuthenticationError,
        None,
    ),
    "400 that is a rate": (failure(400, message="Too many tokens, please wait"), e.RateLimitError, None),
    "400 filter": (failure(400, "content_filter"), e.ContentFilterError, None),
    "401": (failure(401, "invalid_api_key"), e.AuthenticationError, None),
    "403": (failure(403, "unsupported_country_region_territory"), e.PermissionDeniedError, None),
    "404": (failure(404, "model_not_found"), e.ModelNotFoundError, None),
    "200 html": (html(200), e.ProtocolError, None),
    "200 cut JSON": (Reply(body=b'{"id": "x", "choices": [ {"ind'), e.ProtocolError, None),
    "200 empty": (Reply(body=b""), e.ProtocolError, None),
    "200 deep JSON": (Reply(body=b"[" * 200_000), e.ProtocolError, None),
    "200 other object": (ok({"hello": "world"}), e.ProtocolError, None),
    "200 NaN": (Reply(body=b'{"choices": [{"message": {"content": "x"}, "index": NaN}]}'), e.ProtocolError, None),
    "200 without an end": (Reply(body=b" " * (MAX_BODY_BYTES + 1)), e.ProtocolError, None),
    "200 latin": (Reply(body=b'{"choices": "\xff\xfe"}'), e.ProtocolError, None),
    "200 list": (ok([1]), e.ProtocolError, None),
    "200 error 502": (ok({"error": {"message": "Provider returned error", "code": 502}}), e.ServerError, None),
    "200 error text": (ok({"error": "boom"}), e.ProtocolError, None),
    "200 error 429": (ok({"error": {"message": "x", "code": "429"}}), e.RateLimitError, None),
    "dropped": (raw(), e.ConnectionLostError, None),
    "cut in the body": (raw(HEAD, b'{"id":'), e.ConnectionLostError, None),
}

CHAT: dict[str, tuple[Reply, type[e.LLMError]]] = {
    "no choices": (ok({"choices": []}), e.ProtocolError),
    "no message": (ok({"choices": [{"finish_reason": "stop"}]}), e.ProtocolError),
    "no text": (chat(None), e.ProtocolError),
    "length": (chat('{"name":"An', "length"), e.TruncatedError),
    "filter": (chat(None, "content_filter"), e.ContentFilterError),
    "refusal": (chat(None, refusal="I cannot."), e.RefusalError),
    "tool": (chat(None, "tool_calls"), e.ProtocolError),
    "choices that are none": (ok({"choices": [None]}), e.ProtocolError),
    "content that is none": (chat({"text": "x"}), e.ProtocolError),
}

RESPONSES: dict[str, tuple[Reply, type[e.LLMError]]] = {
    "length": (responses(status="incomplete", incomplete_details={"reason": "max_output_tokens"}), e.TruncatedError),
    "length called completed": (responses(output_tokens=300), e.TruncatedError),
    "filter": (responses(status="incomplete", incomplete_details={"reason": "content_filter"}), e.ContentFilterError),
    "incomplete": (responses(status="incomplete", incomplete_details=None), e.TruncatedError),
    "refusal": (responses("I cannot.", part="refusal"), e.RefusalError),
    "failed": (responses(status="failed", error={"code": "server_error", "message": "boom"}), e.ServerError),
    "failed rate": (
        responses(status="failed", error={"code": "rate_limit_exceeded", "message": "x"}),
        e.RateLimitError,
    ),
    "failed mute": (responses(status="failed", error=None), e.ProtocolError),
    "cancelled": (responses(status="cancelled"), e.ProtocolError),
    "content that is none": (ok({"output": [{"type": "message", "content": 5}]}), e.ProtocolError),
    "queued": (responses(status="queued"), e.ProtocolError),
    "no output": (ok({"status": "completed"}), e.ProtocolError),
    "no text": (responses(""), e.ProtocolError),
}


@pytest.mark.parametrize("api", ["chat", "responses"])
@pytest.mark.parametrize("row", BOTH)
def test_each_failure_has_one_class_one_retry_advice_and_costs_one_request(server: Server, row: str, api: str) -> None:
    """Whatever the server does on either API, exactly one request is sent and one class says what happened."""
    reply, cls, wait = BOTH[row]
    server.replies["m"] = reply
    with pytest.raises(e.LLMError) as caught:
        ask(server, "m", api)
    error = caught.value
    assert type(error) is cls
    assert server.count("m") == 1
    assert (None if error.retry_after is None else error.retry_after.total_seconds()) == wait
    assert (error.provider, error.model) == ("openai_compatible", "m")
    assert error.retryable is issubclass(cls, e.TransientError)
    moved = pickle.loads(pickle.dumps(error))
    assert (type(moved), moved.__dict__, str(moved)) == (cls, error.__dict__, str(error))
    told = f"{error!r} {error} {error.__dict__}"
    assert PROMPT not in told
    assert KEY not in told


@pytest.mark.parametrize("row", CHAT)
def test_a_chat_completion_that_is_no_whole_answer_is_never_success(server: Server, row: str) -> None:
    """Cut, filtered, refused and empty chat completions are named errors that keep the usage."""
    reply, cls = CHAT[row]
    server.replies["m"] = reply
    with pytest.raises(cls) as caught:
        ask(server, "m")
    assert type(caught.value) is cls
    assert server.count("m") == 1
    if cls is e.TruncatedError:
        assert caught.value.usage == Usage(1000, 200, 400, 50)
        assert caught.value.request_id == "req_42"


@pytest.mark.parametrize("row", RESPONSES)
def test_a_response_that_is_no_whole_answer_is_never_success(server: Server, row: str) -> None:
    """The Responses API reports failures inside a 200; each one is a named error."""
    reply, cls = RESPONSES[row]
    server.replies["m"] = reply
    with pytest.raises(cls) as caught:
        ask(server, "m", "responses", max_output_tokens=300)
    assert type(caught.value) is cls
    assert server.count("m") == 1


def test_a_limit_that_was_not_sent_cuts_no_answer(server: Server) -> None:
    """A model that refuses the parameter may write more, and its answer is whole."""
    server.replies["m"] = responses(output_tokens=300)
    assert ask(server, "m", "responses", max_output_tokens=300, omit=frozenset({"max_output_tokens"})).text == GOOD
    assert "max_output_tokens" not in server.last().body


def test_a_date_in_retry_after_is_a_wait(server: Server) -> None:
    """An HTTP date is understood as well as seconds."""
    server.replies["m"] = failure(429, "rate_limit_exceeded", retry_after=http_date(20))
    with pytest.raises(e.RateLimitError) as caught:
        ask(server, "m")
    assert caught.value.retry_after is not None
    assert timedelta(seconds=15) < caught.value.retry_after <= timedelta(seconds=20)


def test_a_dripping_server_does_not_outlive_the_deadline(server: Server) -> None:
    """The timeout is for the whole call, not for each byte."""
    server.replies["m"] = raw(HEAD, *[b" "] * 100, pause=0.05)
    with pytest.raises(e.CallTimeoutError) as caught:
        ask(server, "m", timeout=timedelta(milliseconds=300))
    assert "0.3 s" in str(caught.value)


def test_a_silent_server_is_a_timeout(server: Server) -> None:
    """No byte at all ends at the deadline too."""
    server.replies["m"] = Reply(hang=True)
    with pytest.raises(e.CallTimeoutError):
        ask(server, "m", timeout=timedelta(milliseconds=200))
    assert server.count("m") == 1


def test_a_slow_answer_keeps_its_deadline_while_others_are_asked(server: Server) -> None:
    """The deadline of one call does not touch another call of the same client."""
    server.replies["slow"] = raw(HEAD, *[b" "] * 100, pause=0.05)

    async def both() -> tuple[Any, Any]:
        provider = OpenAICompatibleProvider(Endpoint(server.base_url, KEY))
        calls = [Call((Message("user", "x"),), model, timedelta(seconds=0.4)) for model in ("slow", "m")]
        return tuple(await asyncio.gather(*map(provider.ask, calls), return_exceptions=True))  # type: ignore[return-value]

    slow, quick = _bridge.run(both())
    assert type(slow) is e.CallTimeoutError
    assert quick.text


def test_a_name_that_does_not_exist_says_that_nothing_was_sent(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that no name server knows is a connection that was never made."""

    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(e.ConnectError, match="nothing was sent"):
        ask(server, "m", base_url="http://no-such-host.invalid/v1")


NOT_JSON_ENOUGH = {
    "megabytes": '{"name":"' + "A" * 3_000_000 + '","age":3}',
    "deep": '{"name":' + "[" * 500 + "]" * 500 + ',"age":3}',
    "NaN": '{"name":"Ann","age":NaN}',
    "a key twice": '{"name":"Ann","name":"Bob","age":3}',
    "half": '{"name":"Ann","a',
}


@pytest.mark.parametrize("api", ["chat", "responses"])
@pytest.mark.parametrize("row", NOT_JSON_ENOUGH)
def test_an_answer_arrives_as_the_model_wrote_it(server: Server, person: dict[str, Any], row: str, api: str) -> None:
    """A text that is no usable JSON is paid for and kept whole; the contract is what refuses it."""
    text = NOT_JSON_ENOUGH[row]
    server.replies["m"] = chat(text) if api == "chat" else responses(text)
    contract = compile_schema(person)
    answer = ask(server, "m", api, contract=contract)
    assert answer.text == text
    with pytest.raises(OutputProblem):
        contract.check(answer.text)


def test_a_closed_port_says_that_nothing_was_sent(server: Server) -> None:
    """A refused connection is told apart from a broken one, because it is always safe to repeat."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(e.ConnectError):
        ask(server, "m", base_url=f"http://127.0.0.1:{port}/v1")


@pytest.mark.parametrize("api", ["chat", "responses"])
def test_an_answer_brings_text_usage_and_origin(server: Server, api: str) -> None:
    """Both APIs give the same normalised answer."""
    answer = ask(server, "m", api)
    assert answer.text == '{"name":"Ann","age":3}'
    assert answer.usage == Usage(1000, 200, 400, 50)
    assert (answer.model, answer.request_id, answer.finish_reason) == ("served-1", "req_42", "stop")


def test_text_in_parts_is_joined(server: Server) -> None:
    """Servers that send content as parts are understood."""
    server.replies["m"] = chat([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}])
    assert ask(server, "m").text == "ab"


def test_what_is_sent_on_chat(server: Server, person: dict[str, Any]) -> None:
    """A structured chat call sends a strict schema, the limits, the key, and nothing that was not asked for."""
    ask(server, "m", contract=compile_schema(person), schema_name="person", max_output_tokens=50)
    sent = server.last()
    assert sent.path == "/v1/chat/completions"
    assert sent.headers["authorization"] == f"Bearer {KEY}"
    assert set(sent.body) == {"model", "messages", "max_tokens", "response_format"}
    schema = sent.body["response_format"]["json_schema"]
    assert (schema["name"], schema["strict"]) == ("person", True)
    assert schema["schema"]["required"] == ["name", "age", "note"]


def test_what_is_sent_on_responses(server: Server, person: dict[str, Any]) -> None:
    """The Responses API is asked not to store the document, unless the target leaves that out."""
    ask(server, "m", "responses", contract=compile_schema(person), temperature=0)
    body = server.last().body
    assert (body["store"], body["temperature"], body["text"]["format"]["strict"]) == (False, 0, True)
    ask(server, "m", "responses", temperature=0, omit=frozenset({"store", "temperature"}))
    assert set(server.last().body) == {"model", "input"}


def test_the_environment_adds_nothing_to_a_request(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenAI's own environment variables do not travel to another vendor."""
    monkeypatch.setenv("OPENAI_ORG_ID", "org-leak")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-leak")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-leak")
    # A key of its own: a client that an earlier test built would have read an earlier environment.
    ask(server, "m", key="sk-another-0123456789")
    assert "leak" not in str(server.last().headers)
    assert server.last().headers["authorization"] == "Bearer sk-another-0123456789"


def test_no_error_repeats_the_prompt_or_the_key(server: Server) -> None:
    """A vendor that echoes prompt and key in its message does not get them into ours."""
    server.replies["m"] = failure(400, "bad", message=f"Invalid value: '{PROMPT[:30]}'")
    with pytest.raises(e.RequestRejectedError) as caught:
        ask(server, "m")
    assert "quarterly" not in str(caught.value)
    server.replies["m"] = failure(401, "invalid_api_key", message=f"Incorrect API key provided: {KEY}. Or sk-other123.")
    with pytest.raises(e.AuthenticationError) as caught_key:
        ask(server, "m")
    told = str(caught_key.value)
    assert "Incorrect API key provided: ***" in told
    assert KEY not in told
    assert "other123" not in told


def test_an_error_brings_no_context_that_prints_the_vendors_body(server: Server) -> None:
    """A traceback shows our error alone; the SDK's error would print what the vendor wrote."""
    server.replies["m"] = failure(500, message="secret words")
    with pytest.raises(e.ServerError) as caught:
        ask(server, "m")
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    ("base_url", "key", "api", "told"),
    [
        ("ftp://x/v1", "k", "chat", "not an http"),
        ("https://user:pw@x/v1", "k", "chat", "user or password"),
        ("https://api.openai.com/v1", "", "chat", "needs an API key"),
        ("https://x/v1", "k", "converse", "unknown"),
    ],
)
def test_an_endpoint_refuses_contradictions(base_url: str, key: str, api: str, told: str) -> None:
    """A wrong address, a missing key and an unknown API are refused before any request."""
    with pytest.raises(e.ConfigurationError, match=told):
        Endpoint(base_url, key, api)
    assert "pw" not in repr(Endpoint("https://x/v1", "pw"))
