"""Bedrock on the wire: what is signed and sent at each of its endpoints, and what is read of their answers."""

from __future__ import annotations

import asyncio
import functools
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from llm_bedrock_here import ARN, CALL, ask, at, clean
from llm_loopback import (
    AWS_KEY_ID,
    AWS_SECRET,
    Reply,
    Request,
    Server,
    aws_connection,
    aws_failure,
    converse,
    failure,
)

from llm_orchestration import LLMHook, LLMRequest, _bridge
from llm_orchestration import errors as e
from llm_orchestration.model import Answer, Message
from llm_orchestration.providers import AwsIdentity, BedrockConverseProvider, BedrockOpenAIProvider, aws
from llm_orchestration.structured import compile_schema


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    clean(monkeypatch)
    yield
    aws._sessions.clear()


def signature(request: Request, secret: str, service: str) -> str:
    """The signature that the request should carry, made by botocore from what arrived."""
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    said = request.headers["authorization"]
    names = said.split("SignedHeaders=")[1].split(",")[0].split(";")
    headers = {name: request.headers[name] for name in names}
    url = f"http://{request.headers['host']}{request.path}"
    again = AWSRequest(request.method, url, headers=headers, data=request.raw)
    again.context["timestamp"] = request.headers["x-amz-date"]
    signer = SigV4Auth(Credentials("x", secret), service, "eu-central-1")
    return str(signer.signature(signer.string_to_sign(again, signer.canonical_request(again)), again))


CALLS: dict[str, dict[str, Any]] = {
    "plain": {},
    "an ARN": {"model": ARN},
    "numbers": {"temperature": 0, "max_output_tokens": 64},
    "omitted": {"temperature": 0, "max_output_tokens": 64, "omit": frozenset({"temperature", "max_output_tokens"})},
    "turns": {
        "messages": (
            Message("user", "a"),
            Message("user", "b"),
            Message("assistant", "c"),
            Message("system", "d"),
            Message("user", "e"),
        )
    },
    "json_schema": {"contract": True},
    "tool": {"contract": True, "structured_output": "tool"},
    "prompt": {"contract": True, "structured_output": "prompt"},
}


@pytest.mark.parametrize("row", CALLS)
def test_botocore_would_send_the_same_request(server: Server, person: dict[str, Any], row: str) -> None:
    """botocore accepts the body against AWS's own service model, and sends the same bytes of JSON to the same path."""
    import boto3
    from botocore.config import Config

    more = {**CALLS[row]}
    if more.get("contract"):
        more["contract"] = compile_schema(person)
    ask(at(server), schema_name="person", **more)
    ours = server.last()
    session = boto3.session.Session(AWS_KEY_ID, AWS_SECRET, region_name="eu-central-1")
    config = Config(retries={"total_max_attempts": 1}, signature_version="v4")
    client = session.client("bedrock-runtime", endpoint_url=server.root_url, config=config)
    client.converse(modelId=more.get("model", "m"), **ours.body)
    theirs = server.last()
    assert ours is not theirs
    assert (ours.method, ours.path, ours.body) == (theirs.method, theirs.path, theirs.body)
    assert ours.headers["content-type"] == theirs.headers["content-type"]
    assert (
        ours.headers["authorization"].split("Signature=")[0] == theirs.headers["authorization"].split("Signature=")[0]
    )
    assert signature(theirs, AWS_SECRET, "bedrock") == theirs.headers["authorization"].split("Signature=")[1]


def test_what_is_sent(server: Server, person: dict[str, Any]) -> None:
    """System texts stand apart, neighbours of one role are one turn, and each mode says the schema in its own way."""
    ask(at(server), **CALLS["turns"])
    body = server.last().body
    assert body["system"] == [{"text": "d"}]
    assert [(turn["role"], len(turn["content"])) for turn in body["messages"]] == [
        ("user", 2),
        ("assistant", 1),
        ("user", 1),
    ]
    assert set(body) == {"messages", "system"}
    contract = compile_schema(person)
    ask(at(server), contract=contract, schema_name="person")
    told = server.last().body["outputConfig"]["textFormat"]["structure"]["jsonSchema"]
    assert (json.loads(told["schema"])["required"], told["name"]) == (["name", "age", "note"], "person")
    ask(at(server), contract=contract, structured_output="prompt")
    assert json.loads(server.last().body["messages"][0]["content"][0]["text"].partition("Schema:\n")[2]) == person
    with pytest.raises(e.ConfigurationError, match="json_object does not exist"):
        ask(at(server), contract=contract, structured_output="json_object")


def test_a_tool_brings_its_input(server: Server, person: dict[str, Any]) -> None:
    """The one tool must be used; its input is the answer. Text instead of a tool is read, two tools are not."""
    used = {"toolUse": {"toolUseId": "t", "name": "person", "input": {"name": "Jörg", "age": 3}}}
    server.replies["m"] = converse({"text": "Sure."}, used, stop="tool_use")
    tool = {"contract": compile_schema(person), "structured_output": "tool", "schema_name": "person"}
    assert ask(at(server), **tool).text == '{"name": "Jörg", "age": 3}'
    config = server.last().body["toolConfig"]
    assert config["toolChoice"] == {"any": {}}
    assert config["tools"][0]["toolSpec"]["inputSchema"]["json"] == person
    server.replies["m"] = converse()
    assert json.loads(ask(at(server), **tool).text) == {"name": "Ann", "age": 3}
    server.replies["m"] = converse(used, used, stop="tool_use")
    with pytest.raises(e.ProtocolError, match="2 tools"):
        ask(at(server), **tool)


@pytest.mark.parametrize(
    ("service", "api", "path", "name"),
    [
        (None, None, f"/model/{ARN.replace(':', '%3A').replace('/', '%2F')}/converse", "bedrock"),
        (aws.RUNTIME, "chat", "/openai/v1/chat/completions", "bedrock"),
        (aws.RUNTIME, "responses", "/openai/v1/responses", "bedrock"),
        (aws.MANTLE, "responses", "/openai/v1/responses", "bedrock-mantle"),
    ],
)
def test_what_arrives_is_what_was_signed(
    server: Server, monkeypatch: pytest.MonkeyPatch, service: str | None, api: str | None, path: str, name: str
) -> None:
    """The signature holds for path, headers and body as they arrive, with session token; no bearer token is used."""
    monkeypatch.setenv("AIRFLOW_CONN_AWS_KEYS", aws_connection(aws_session_token="session-token-0123456789"))
    if service is None:
        provider: Any = BedrockConverseProvider(at(server))
    else:
        provider = BedrockOpenAIProvider(at(server, service=service), str(api))
    assert _bridge.run(provider.ask(replace(CALL, model=ARN))).text
    (request,) = server.requests
    assert request.path == path
    assert request.headers["x-amz-security-token"] == "session-token-0123456789"
    said = request.headers["authorization"]
    assert said.startswith(f"AWS4-HMAC-SHA256 Credential={AWS_KEY_ID}/")
    assert f"/eu-central-1/{name}/aws4_request" in said
    assert signature(request, AWS_SECRET, name) == said.split("Signature=")[1]
    assert "somebody-else" not in str(request.headers)


@pytest.mark.parametrize("endpoint", ["converse", "openai", "mantle"])
def test_bedrock_through_a_connection(
    server: Server, connect: Callable[..., str], person: dict[str, Any], endpoint: str
) -> None:
    """A connection of type llm_bedrock gives checked data, usage and origin over each of the endpoints."""
    extra = {"region": "eu-central-1", "aws_conn_id": "aws_keys", "endpoint": endpoint}
    connect(conn_type="llm_bedrock", host=server.root_url, password="", model=ARN, extra=extra)
    result = LLMHook(llm_conn_id="llm_default").structured(LLMRequest((Message("user", "Who?"),), schema=person))
    assert result.data == {"name": "Ann", "age": 3}
    assert result.provider == ("bedrock_converse" if endpoint == "converse" else "bedrock_openai")
    assert (result.usage.input_tokens, len(server.requests)) == (1000, 1)


AWS_FRONT: dict[str, tuple[Reply, type[e.LLMError]]] = {
    "throttled": (aws_failure(429, "ThrottlingException"), e.RateLimitError),
    "not allowed": (aws_failure(403, "AccessDeniedException"), e.PermissionDeniedError),
    "expired keys": (aws_failure(403, "ExpiredTokenException"), e.AuthenticationError),
    "no such model": (aws_failure(404, "ResourceNotFoundException"), e.ModelNotFoundError),
    "OpenAI's words": (failure(400, "context_length_exceeded"), e.ContextWindowExceededError),
    "OpenAI's quota": (failure(429, "insufficient_quota"), e.QuotaExceededError),
}


@pytest.mark.parametrize("row", AWS_FRONT)
def test_both_error_languages_are_understood_at_the_openai_endpoint(server: Server, row: str) -> None:
    """AWS's front speaks its own language, the model behind it OpenAI's; one request each."""
    reply, cls = AWS_FRONT[row]
    server.replies["m"] = reply
    with pytest.raises(e.LLMError) as caught:
        _bridge.run(BedrockOpenAIProvider(at(server)).ask(CALL))
    assert type(caught.value) is cls, str(caught.value)
    assert (caught.value.provider, len(server.requests)) == ("bedrock_openai", 1)
    assert AWS_SECRET not in f"{caught.value} {caught.value.__dict__}"


PROBES: dict[str, tuple[Reply, str, type[e.LLMError] | None]] = {
    "refused as meant": (aws_failure(400, "ValidationException"), "m", None),
    "no model set": (aws_failure(404, "ResourceNotFoundException"), "", None),
    "no such model": (
        aws_failure(400, "ValidationException", "model identifier is invalid"),
        "m",
        e.ModelNotFoundError,
    ),
    "key unknown": (aws_failure(403, "UnrecognizedClientException"), "m", e.AuthenticationError),
    "not allowed": (aws_failure(403, "AccessDeniedException"), "m", e.PermissionDeniedError),
    "down": (aws_failure(503, "ServiceUnavailableException"), "m", e.OverloadedError),
}


@pytest.mark.parametrize("kind", [BedrockConverseProvider, BedrockOpenAIProvider])
@pytest.mark.parametrize("row", PROBES)
def test_the_test_of_a_connection_says_what_it_proved(
    server: Server, row: str, kind: type[BedrockConverseProvider]
) -> None:
    """A signed request that must be refused proves address and credentials for nothing, and claims no more."""
    reply, model, cls = PROBES[row]
    server.replies[model or "-"] = reply
    probe = functools.partial(kind(at(server)).probe, model, timedelta(seconds=30))
    if cls is not None:
        with pytest.raises(cls):
            _bridge.run(probe())
        return
    told = _bridge.run(probe())
    assert "accepts the credentials" in told
    assert "shows only a call" in told if model else "Set a model" in told
    (request,) = server.requests
    assert request.body["messages"] == []


@pytest.mark.parametrize(
    ("region", "service", "host"),
    [
        ("eu-central-1", aws.RUNTIME, "bedrock-runtime.eu-central-1.amazonaws.com"),
        ("cn-north-1", aws.RUNTIME, "bedrock-runtime.cn-north-1.amazonaws.com.cn"),
        ("us-east-1", aws.MANTLE, "bedrock-mantle.us-east-1.api.aws"),
        (None, aws.RUNTIME, ""),
    ],
)
def test_the_address_that_is_told_is_the_one_that_is_asked(region: str | None, service: str, host: str) -> None:
    """The host in messages and in the journal's key is botocore's, respectively the SDK's; no secret is in it."""
    identity = AwsIdentity("aws_keys", region, service)
    assert identity.host == host
    if service == aws.RUNTIME and region is not None:
        session = _bridge.run(aws.open_session(identity, CALL, "x"))
        assert session.endpoint_url == f"https://{host}"
        assert AWS_SECRET not in repr(session)
    told = BedrockConverseProvider(identity).identity
    assert told["provider"] == "bedrock_converse"
    assert told.get("region") == region


def test_a_timeout_of_one_call_cancels_that_call_alone(server: Server) -> None:
    """Two hundred calls hang on one loop, none holds a thread, and all end at their deadline."""
    server.replies["m"] = Reply(hang=True)
    provider = BedrockConverseProvider(at(server))
    ask(at(server), model="warm")

    async def all_of_them() -> list[Any]:
        call = replace(CALL, timeout=timedelta(seconds=1.5))
        hanging = [provider.ask(call) for _ in range(200)]
        return await asyncio.gather(*hanging, provider.ask(replace(CALL, model="ok")), return_exceptions=True)

    *hung, answer = _bridge.run(all_of_them())
    assert {type(error) for error in hung} == {e.CallTimeoutError}
    assert isinstance(answer, Answer)
