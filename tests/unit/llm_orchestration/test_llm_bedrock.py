"""Bedrock through an AWS connection: what is signed and sent, as whom, and what happens when credentials run out."""

from __future__ import annotations

import asyncio
import functools
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from llm_loopback import (
    AWS_KEY_ID,
    AWS_SECRET,
    Reply,
    Request,
    Server,
    assumed_role,
    aws_connection,
    aws_failure,
    converse,
    failure,
    raw,
)

from llm_orchestration import _bridge
from llm_orchestration import errors as e
from llm_orchestration.model import Answer, Message
from llm_orchestration.providers import AwsIdentity, BedrockConverseProvider, BedrockOpenAIProvider, Call, aws
from llm_orchestration.structured import compile_schema

ARN = "arn:aws:bedrock:eu-central-1:123456789012:inference-profile/eu.example.model-v1:0"
CALL = Call((Message("system", "Read."), Message("user", "Größe?")), "m", timedelta(seconds=30))
STS = "POST /"


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No AWS settings of this machine, no sessions of other tests, and a bearer token that nobody may use."""
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "bedrock-api-key-of-somebody-else")
    monkeypatch.setenv("AWS_BEDROCK_BASE_URL", "http://127.0.0.1:1/elsewhere")
    monkeypatch.setenv("AIRFLOW_CONN_AWS_KEYS", aws_connection())
    aws._sessions.clear()
    yield
    aws._sessions.clear()


@pytest.fixture
def role(server: Server, monkeypatch: pytest.MonkeyPatch) -> str:
    """An AWS connection that assumes a role at the loopback STS, with one attempt."""
    more = {
        "role_arn": "arn:aws:iam::123456789012:role/writer",
        "service_config": {"sts": {"endpoint_url": server.root_url}},
        "config_kwargs": {"retries": {"total_max_attempts": 1}},
    }
    monkeypatch.setenv("AIRFLOW_CONN_AWS_ROLE", aws_connection(**more))
    return "aws_role"


def at(server: Server, conn_id: str | None = "aws_keys", **more: Any) -> AwsIdentity:
    return AwsIdentity(conn_id, more.pop("region", "eu-central-1"), endpoint_url=server.root_url, **more)


def ask(identity: AwsIdentity, **more: Any) -> Answer:
    return _bridge.run(BedrockConverseProvider(identity).ask(replace(CALL, **more)))


def key_of(request: Request) -> str:
    return request.headers["authorization"].split("Credential=")[1].split("/")[0]


def models(server: Server) -> list[Request]:
    """Requests to the model, without those to STS."""
    return [request for request in server.requests if request.path != "/"]


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


def test_a_role_is_assumed_once_for_many_calls(server: Server, role: str) -> None:
    """Fifty calls at once and ten in a row ask STS one time and share one HTTP client."""

    async def many() -> None:
        provider = BedrockConverseProvider(at(server, role))
        await asyncio.gather(*(provider.ask(CALL) for _ in range(50)))

    _bridge.run(many())
    for _ in range(10):
        ask(at(server, role))
    assert server.asked(STS) == 1
    assert len(models(server)) == 60
    assert {key_of(request) for request in models(server)} == {"ASIAROLE0001EXAMPLE"}
    assert {request.headers["x-amz-security-token"] for request in models(server)} == {"role-token-1"}


def test_credentials_that_run_out_are_fetched_anew_before_the_call(server: Server, role: str) -> None:
    """A role's session about to end is renewed; the request already carries the new key."""
    server.replies[STS] = lambda _, number: assumed_role(number, seconds=30 if number == 1 else 3600)
    ask(at(server, role))
    assert [key_of(request) for request in models(server)] == ["ASIAROLE0002EXAMPLE"]
    assert server.asked(STS) == 2


def test_an_expired_session_of_a_role_is_worth_one_retry(server: Server, role: str) -> None:
    """AWS calls an old session expired: transient, and the next try has a new one. A new one expired is a fault."""
    identity = at(server, role)
    ask(identity)
    now = time.monotonic()
    aws._sessions[identity].clock = lambda: now + 59  # younger than a minute: as good as new
    server.replies["m"] = aws_failure(403, "ExpiredTokenException")
    with pytest.raises(e.AuthenticationError):
        ask(identity)
    server.replies.pop("m")
    ask(identity)
    aws._sessions[identity].clock = lambda: now + 3000
    server.replies["m"] = aws_failure(403, "ExpiredTokenException")
    with pytest.raises(e.ServerError, match="next try fetches a new one") as caught:
        ask(identity)
    assert (caught.value.retryable, caught.value.code) == (True, "ExpiredTokenException")
    server.replies.pop("m")
    ask(identity)
    assert [key_of(request)[-11:-7] for request in models(server)] == ["0001", "0001", "0002", "0002", "0003"]


def test_expired_keys_are_a_fault(server: Server) -> None:
    """Keys that stand in the connection do not renew themselves, however old they are."""
    ask(at(server))
    now = time.monotonic()
    aws._sessions[at(server)].clock = lambda: now + 3000
    server.replies["m"] = aws_failure(403, "ExpiredTokenException")
    with pytest.raises(e.AuthenticationError, match="renew the AWS connection"):
        ask(at(server))


def test_a_rotated_key_is_seen(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """The AWS connection is read again after a minute, and at once after AWS refused its key."""
    ask(at(server))
    monkeypatch.setenv("AIRFLOW_CONN_AWS_KEYS", aws_connection(login="AKIASECOND0123456789"))
    ask(at(server))
    now = time.monotonic()
    aws._sessions[at(server)].clock = lambda: now + 61
    ask(at(server))
    monkeypatch.setenv("AIRFLOW_CONN_AWS_KEYS", aws_connection(login="AKIATHIRD00123456789"))
    server.replies["m"] = aws_failure(403, "UnrecognizedClientException")
    with pytest.raises(e.AuthenticationError):
        ask(at(server))
    server.replies.pop("m")
    ask(at(server))
    seen = [key_of(request)[:9] for request in server.requests]
    assert seen == ["AKIAEXAMP", "AKIAEXAMP", "AKIASECON", "AKIASECON", "AKIATHIRD"]


STS_DOWN: dict[str, tuple[Reply, type[e.LLMError], str]] = {
    "denied": (
        Reply(
            403,
            {"content-type": "text/xml"},
            b"<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not authorized to perform: "
            b"sts:AssumeRole</Message></Error><RequestId>r</RequestId></ErrorResponse>",
        ),
        e.PermissionDeniedError,
        "sts:AssumeRole",
    ),
    "throttled": (
        Reply(
            400,
            {"content-type": "text/xml"},
            b"<ErrorResponse><Error><Code>ThrottlingException</Code><Message>x</Message></Error></ErrorResponse>",
        ),
        e.RateLimitError,
        "no credentials",
    ),
    "dropped": (raw(), e.ConnectError, "nothing was sent"),
}


@pytest.mark.parametrize("row", STS_DOWN)
def test_a_role_that_cannot_be_assumed_says_so_and_nothing_is_sent(server: Server, role: str, row: str) -> None:
    """What STS says decides whether a retry helps; the model is not asked."""
    reply, cls, told = STS_DOWN[row]
    server.replies[STS] = reply
    with pytest.raises(e.LLMError, match=told) as caught:
        ask(at(server, role))
    assert type(caught.value) is cls, str(caught.value)
    assert models(server) == []
    assert "aws_role" in str(caught.value)


def test_credentials_that_do_not_come_end_at_the_deadline(server: Server, role: str) -> None:
    """STS that says nothing holds up neither the loop nor the call's deadline."""
    ask(at(server))  # the provider is imported
    server.replies[STS] = raw(b"", pause=1.0)
    ticks = 0

    async def main() -> None:
        nonlocal ticks
        call = asyncio.ensure_future(
            BedrockConverseProvider(at(server, role)).ask(replace(CALL, timeout=timedelta(seconds=0.3)))
        )
        while not call.done():
            ticks += 1
            await asyncio.sleep(0)
        await call

    with pytest.raises(e.ConnectError, match=r"no AWS credentials within 0\.3 s"):
        _bridge.run(main())
    assert ticks > 100
    assert [request.path for request in models(server)] == ["/model/m/converse"]


def test_calls_that_wait_for_one_failure_get_an_error_each(server: Server, role: str) -> None:
    """The engine writes into an error, so two calls must not share one."""
    server.replies[STS] = raw()

    async def two() -> list[Any]:
        provider = BedrockConverseProvider(at(server, role))
        return await asyncio.gather(provider.ask(CALL), provider.ask(CALL), return_exceptions=True)

    one, other = _bridge.run(two())
    assert type(one) is type(other) is e.ConnectError
    assert one is not other


def test_a_missing_aws_connection_is_never_replaced_by_the_machine(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Airflow's hook would go on with the machine's own identity; the call stops instead."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", AWS_KEY_ID)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", AWS_SECRET)
    with pytest.raises(e.ConnectionMissingError, match="aws_gone"):
        ask(at(server, "aws_gone"))
    assert server.requests == []
    ask(at(server, None))
    assert key_of(server.last()) == AWS_KEY_ID


def test_an_identity_without_credentials_or_region_says_what_to_set(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both gaps are named before anything is sent."""
    with pytest.raises(e.AuthenticationError, match="machine has no AWS credentials"):
        ask(at(server, None))
    monkeypatch.setenv("AIRFLOW_CONN_AWS_KEYS", json.dumps({"conn_type": "aws", "login": "a", "password": "b" * 20}))
    with pytest.raises(e.ConfigurationError, match="AWS region"):
        ask(at(server, region=None))
    monkeypatch.setenv("AIRFLOW_CONN_AWS_KEYS", aws_connection(profile_name="nobody", session_kwargs={"x": 1}))
    with pytest.raises(e.ConfigurationError, match="aws_keys"):
        ask(at(server, region="eu-west-1"))
    assert server.requests == []


def test_address_region_and_trust_come_from_the_aws_connection(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the connection of type llm_bedrock says nothing, the AWS connection decides, as for any AWS hook."""
    more = {"service_config": {"bedrock-runtime": {"endpoint_url": server.root_url}}, "verify": False}
    monkeypatch.setenv("AIRFLOW_CONN_AWS_KEYS", aws_connection(**more))
    identity = AwsIdentity("aws_keys")
    ask(identity)
    assert "/eu-central-1/bedrock/" in server.last().headers["authorization"]
    session = aws._sessions[identity]
    assert (session.region, session.verify, session.endpoint_url) == ("eu-central-1", False, server.root_url)
    _bridge.run(BedrockOpenAIProvider(identity).ask(CALL))
    assert server.last().path == "/openai/v1/chat/completions"


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


def test_an_expired_session_is_worth_one_retry_at_the_openai_endpoint(server: Server, role: str) -> None:
    """The rule is the same for both ways to Bedrock."""
    identity = at(server, role)
    provider = BedrockOpenAIProvider(identity)
    _bridge.run(provider.ask(CALL))
    now = time.monotonic()
    aws._sessions[identity].clock = lambda: now + 3000
    server.replies["m"] = aws_failure(403, "ExpiredTokenException")
    with pytest.raises(e.ServerError, match="next try"):
        _bridge.run(provider.ask(CALL))
    server.replies.pop("m")
    _bridge.run(provider.ask(CALL))
    assert key_of(models(server)[-1]) == "ASIAROLE0002EXAMPLE"


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


def test_a_library_that_is_missing_is_named(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Airflow's Amazon provider there is no identity, and the message says what to install."""
    monkeypatch.setattr(aws, "find_spec", lambda name: None)
    with pytest.raises(e.ConfigurationError, match="apache-airflow-providers-amazon"):
        ask(at(server))


def test_an_outage_of_airflow_does_not_stop_what_is_known(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """When Airflow cannot say whether the connection still exists, the opened one is used on."""
    ask(at(server))
    now = time.monotonic()
    aws._sessions[at(server)].clock = lambda: now + 61

    def unsure(_: str) -> SimpleNamespace:
        raise e.ConnectionLookupError("the API server does not answer")

    monkeypatch.setattr(aws, "_connection", unsure)
    ask(at(server))
    assert len(server.requests) == 2
    aws._sessions.clear()
    with pytest.raises(e.ConnectionLookupError):
        ask(at(server))
