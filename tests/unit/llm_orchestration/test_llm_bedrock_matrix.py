"""Every row of Bedrock's error matrix: what AWS does, and the one class, retry advice and request count it means."""

from __future__ import annotations

import json
import pickle
import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from llm_loopback import (
    AWS,
    AWS_SECRET,
    GOOD,
    Reply,
    Server,
    aws_connection,
    aws_failure,
    converse,
    html,
    http_date,
    ok,
    raw,
)

from llm_orchestration import _bridge
from llm_orchestration import errors as e
from llm_orchestration.model import Answer, Message, Usage
from llm_orchestration.providers import AwsIdentity, BedrockConverseProvider, Call
from llm_orchestration.providers.aws import open_session
from llm_orchestration.structured import OutputProblem, compile_schema

PROMPT = "The quarterly return of Example Fund was 4.2 per cent"
CALL = Call((Message("system", "Read."), Message("user", PROMPT)), "m", timedelta(seconds=5))
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n"
MINUTES = 60


@pytest.fixture(autouse=True)
def _connection(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AIRFLOW_CONN_AWS_MATRIX", aws_connection())
    # The first use of Airflow's Amazon provider imports it, which is no part of the deadlines below.
    _bridge.run(open_session(identity(server.root_url), replace(CALL, timeout=timedelta(seconds=60)), "x"))
    yield


def identity(address: str) -> AwsIdentity:
    return AwsIdentity("aws_matrix", "eu-central-1", endpoint_url=address)


def ask(server: Server, **more: Any) -> Answer:
    address = more.pop("address", server.root_url)
    return _bridge.run(BedrockConverseProvider(identity(address)).ask(replace(CALL, **more)))


def bare(status: int, body: Any) -> Reply:
    """An error without AWS's header."""
    return Reply(status, AWS, json.dumps(body).encode())


FAILURES: dict[str, tuple[Reply, type[e.LLMError], float | None]] = {
    "throttled": (aws_failure(429, "ThrottlingException"), e.RateLimitError, None),
    "throttled, seconds": (aws_failure(429, "ThrottlingException", retry_after="3"), e.RateLimitError, 3),
    "throttled, ms": (aws_failure(429, "ThrottlingException", retry_after_ms="250"), e.RateLimitError, 0.25),
    "throttled, long": (aws_failure(429, "ThrottlingException", retry_after="600"), e.RateLimitError, 600),
    "too many tokens": (
        aws_failure(429, "ThrottlingException", "Too many tokens, please wait before trying again."),
        e.RateLimitError,
        None,
    ),
    "too many tokens, called invalid": (
        aws_failure(400, "ValidationException", "Too many tokens, please wait before trying again."),
        e.RateLimitError,
        None,
    ),
    "model not ready": (aws_failure(429, "ModelNotReadyException"), e.OverloadedError, None),
    "internal": (aws_failure(500, "InternalServerException"), e.ServerError, None),
    "unavailable": (aws_failure(503, "ServiceUnavailableException"), e.OverloadedError, None),
    "model timeout": (aws_failure(408, "ModelTimeoutException"), e.CallTimeoutError, None),
    "model error": (aws_failure(424, "ModelErrorException"), e.ServerError, None),
    "stream error": (aws_failure(424, "ModelStreamErrorException"), e.ServerError, None),
    "quota": (aws_failure(400, "ServiceQuotaExceededException"), e.QuotaExceededError, None),
    "invalid": (aws_failure(400, "ValidationException", "maxTokens is too high"), e.RequestRejectedError, None),
    "input too long": (
        aws_failure(400, "ValidationException", "Input is too long for requested model."),
        e.ContextWindowExceededError,
        None,
    ),
    "prompt too long": (
        aws_failure(400, "ValidationException", "prompt is too long: 210000 tokens > 200000 maximum"),
        e.ContextWindowExceededError,
        None,
    ),
    "input tokens": (
        aws_failure(400, "ValidationException", "The number of input tokens exceeded the limit"),
        e.ContextWindowExceededError,
        None,
    ),
    "no such model id": (
        aws_failure(400, "ValidationException", "The provided model identifier is invalid."),
        e.ModelNotFoundError,
        None,
    ),
    "no such model": (aws_failure(404, "ResourceNotFoundException"), e.ModelNotFoundError, None),
    "not allowed": (aws_failure(403, "AccessDeniedException"), e.PermissionDeniedError, None),
    "key unknown": (aws_failure(403, "UnrecognizedClientException"), e.AuthenticationError, None),
    "bad signature": (aws_failure(403, "InvalidSignatureException"), e.AuthenticationError, None),
    "expired keys": (aws_failure(403, "ExpiredTokenException"), e.AuthenticationError, None),
    "agreement": (aws_failure(403, "MPAgreementBeingCreatedException"), e.OverloadedError, 15 * MINUTES),
    "agreement, stated": (
        aws_failure(403, "MPAgreementBeingCreatedException", retry_after="60"),
        e.OverloadedError,
        60,
    ),
    "type in the body": (bare(429, {"__type": "com.amazon.coral#ThrottlingException"}), e.RateLimitError, None),
    "code in the body": (bare(400, {"code": "ServiceQuotaExceededException"}), e.QuotaExceededError, None),
    "capital message": (
        bare(400, {"__type": "ValidationException", "Message": "Input is too long for requested model."}),
        e.ContextWindowExceededError,
        None,
    ),
    "429 alone": (bare(429, {"message": "slow down"}), e.RateLimitError, None),
    "429 numbered": (bare(429, {"code": "429"}), e.RateLimitError, None),
    "401 alone": (bare(401, {}), e.AuthenticationError, None),
    "402 alone": (bare(402, {}), e.QuotaExceededError, None),
    "403 alone": (bare(403, {}), e.PermissionDeniedError, None),
    "404 alone": (bare(404, {}), e.ModelNotFoundError, None),
    "408 alone": (bare(408, {}), e.ServerError, None),
    "413 alone": (bare(413, {}), e.RequestRejectedError, None),
    "451 alone": (bare(451, {}), e.RequestRejectedError, None),
    "500 alone": (bare(500, {}), e.ServerError, None),
    "502 html": (html(502), e.ServerError, None),
    "503 alone": (bare(503, {}), e.OverloadedError, None),
    "529 alone": (bare(529, {}), e.OverloadedError, None),
    "400 not JSON": (Reply(400, AWS, b"{"), e.RequestRejectedError, None),
    "400 deep": (Reply(400, AWS, b"[" * 200_000), e.RequestRejectedError, None),
    "307": (Reply(307, {**AWS, "location": "http://127.0.0.1:1/"}), e.RequestRejectedError, None),
    "dropped": (raw(), e.ConnectionLostError, None),
    "cut in the body": (raw(HEAD, b'{"output":'), e.ConnectionLostError, None),
    "200 html": (html(200), e.ProtocolError, None),
    "200 cut JSON": (Reply(headers=AWS, body=b'{"output": {"mess'), e.ProtocolError, None),
    "200 empty": (Reply(headers=AWS, body=b""), e.ProtocolError, None),
    "200 deep": (Reply(headers=AWS, body=b"[" * 200_000), e.ProtocolError, None),
    "200 NaN": (Reply(headers=AWS, body=b'{"stopReason": NaN}'), e.ProtocolError, None),
    "200 other object": (ok({"hello": "world"}), e.ProtocolError, None),
    "200 error": (ok({"error": {"message": "x", "code": 502}}), e.ServerError, None),
    "no output": (ok({"stopReason": "end_turn"}), e.ProtocolError, None),
    "no message": (ok({"stopReason": "end_turn", "output": {}}), e.ProtocolError, None),
    "no text": (converse({"reasoningContent": {"reasoningText": {"text": "hm"}}}), e.ProtocolError, None),
    "no stop reason": (converse(stop=None), e.ProtocolError, None),
    "unknown stop reason": (converse(stop="out_of_coffee"), e.ProtocolError, None),
    "cut": (converse(stop="max_tokens"), e.TruncatedError, None),
    "guardrail": (converse(stop="guardrail_intervened"), e.ContentFilterError, None),
    "filter": (converse(stop="content_filtered"), e.ContentFilterError, None),
    "refusal": (converse(stop="refusal"), e.RefusalError, None),
    "malformed output": (converse(stop="malformed_model_output"), e.ProtocolError, None),
    "malformed tool": (converse(stop="malformed_tool_use"), e.ProtocolError, None),
    "window": (converse(stop="model_context_window_exceeded"), e.ContextWindowExceededError, None),
    "a tool nobody offered": (converse(stop="tool_use"), e.ProtocolError, None),
}


@pytest.mark.parametrize("row", FAILURES)
def test_each_failure_has_one_class_one_retry_advice_and_costs_one_request(server: Server, row: str) -> None:
    """Whatever Bedrock does, exactly one request is sent and one class says what happened, without prompt or key."""
    reply, cls, wait = FAILURES[row]
    server.replies["m"] = reply
    with pytest.raises(e.LLMError) as caught:
        ask(server)
    error = caught.value
    assert type(error) is cls, str(error)
    assert server.count("m") == 1
    assert (None if error.retry_after is None else error.retry_after.total_seconds()) == wait
    assert (error.provider, error.model) == ("bedrock_converse", "m")
    assert (error.__cause__, error.__context__) == (None, None)
    moved = pickle.loads(pickle.dumps(error))
    assert (type(moved), moved.__dict__) == (cls, error.__dict__)
    told = f"{error!r} {error} {error.__dict__}"
    assert PROMPT not in told
    assert AWS_SECRET not in told


def test_a_failure_keeps_what_aws_says_and_counts(server: Server) -> None:
    """Code, status and request id reach the error; an answer that was cut keeps its usage."""
    server.replies["m"] = aws_failure(400, "ValidationException", "maxTokens is too high")
    with pytest.raises(e.RequestRejectedError, match="maxTokens is too high") as caught:
        ask(server)
    assert (caught.value.code, caught.value.status, caught.value.request_id) == ("ValidationException", 400, "aws_42")
    server.replies["m"] = converse(stop="max_tokens")
    with pytest.raises(e.TruncatedError, match="at 7 tokens") as cut:
        ask(server, max_output_tokens=7)
    assert cut.value.usage == Usage(1000, 200, 300, None)


def test_nothing_that_is_echoed_reaches_an_error(server: Server) -> None:
    """Prompt, secret key and key id in AWS's words, code and headers stay out of the error."""
    echo = f"{PROMPT} {AWS_SECRET} AKIAEXAMPLE123456789"
    for message in (echo, f"The security token {AWS_SECRET} is invalid", "no such AKIAEXAMPLE123456789"):
        reply = aws_failure(403, "UnrecognizedClientException", message)
        server.replies["m"] = replace(reply, headers={**reply.headers, "x-amzn-requestid": AWS_SECRET})
        with pytest.raises(e.AuthenticationError) as caught:
            ask(server)
        told = f"{caught.value} {caught.value.__dict__} {pickle.dumps(caught.value)!r}"
        assert not any(secret in told for secret in (PROMPT[:20], AWS_SECRET, "AKIAEXAMPLE"))


def test_a_date_in_retry_after_is_a_wait(server: Server) -> None:
    """An HTTP date is understood as well as seconds."""
    server.replies["m"] = aws_failure(429, "ThrottlingException", retry_after=http_date(20))
    with pytest.raises(e.RateLimitError) as caught:
        ask(server)
    assert caught.value.retry_after is not None
    assert timedelta(seconds=10) < caught.value.retry_after <= timedelta(seconds=20)


def test_a_dripping_and_a_silent_server_end_at_the_deadline(server: Server) -> None:
    """The timeout is for the whole call: bytes that drip do not extend it, and none at all ends too."""
    for reply in (raw(HEAD, *[b" "] * 100, pause=0.05), Reply(hang=True)):
        server.replies["m"] = reply
        with pytest.raises(e.CallTimeoutError, match=r"0\.4 s"):
            ask(server, timeout=timedelta(seconds=0.4))
    assert server.count("m") == 2


def test_a_closed_port_and_an_unknown_name_say_that_nothing_was_sent(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection that was never made is safe to repeat."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(e.ConnectError, match="nothing was sent"):
        ask(server, address=f"http://127.0.0.1:{port}")

    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(e.ConnectError, match="nothing was sent"):
        ask(server, address="http://no-such-host.invalid")


def test_a_body_without_an_end_is_not_read_to_its_end(server: Server) -> None:
    """Reading stops at the limit, long before the server has sent everything."""
    piece = b" " * 1_048_576
    server.replies["m"] = raw(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n", *[piece] * 40)
    with pytest.raises(e.ProtocolError, match="longer than"):
        ask(server, timeout=timedelta(seconds=20))


@pytest.mark.parametrize("mode", ["json_schema", "tool", "prompt"])
@pytest.mark.parametrize("text", ['{"name":"A","name":"B","age":3}', "[" * 500 + "]" * 500, '{"age":1e400}', '{"na'])
def test_an_answer_arrives_as_the_model_wrote_it(server: Server, person: dict[str, Any], mode: str, text: str) -> None:
    """A text that is no usable JSON is paid for and kept; the contract is what refuses it."""
    server.replies["m"] = converse({"text": text})
    contract = compile_schema(person)
    answer = ask(server, contract=contract, structured_output=mode)
    assert answer.text == text
    with pytest.raises(OutputProblem):
        contract.check(answer.text)


def test_megabytes_are_an_answer(server: Server) -> None:
    """A long text is no error of the transport."""
    server.replies["m"] = converse({"text": "x" * 3_000_000})
    assert len(ask(server, timeout=timedelta(seconds=20)).text) == 3_000_000


def test_an_answer_brings_text_usage_and_origin(server: Server) -> None:
    """Texts are joined, reasoning is left out, and cached tokens count as input, as OpenAI counts."""
    reasoning = {"reasoningContent": {"reasoningText": {"text": "hm"}}}
    server.replies["m"] = converse(reasoning, {"text": GOOD[:5]}, {"text": GOOD[5:]})
    answer = ask(server)
    assert (answer.text, answer.usage) == (GOOD, Usage(1000, 200, 300, None))
    assert (answer.model, answer.request_id, answer.finish_reason) == ("m", "aws_42", "end_turn")
    server.replies["m"] = converse(usage={"inputTokens": 7, "outputTokens": 3, "totalTokens": 10})
    assert ask(server).usage == Usage(7, 3, None, None)
