"""Bedrock through an AWS connection: as whom a request is signed, and what happens when credentials run out."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from llm_bedrock_here import CALL, STS, ask, assume_role, at, clean, key_of, models
from llm_loopback import (
    AWS_KEY_ID,
    AWS_SECRET,
    Reply,
    Server,
    assumed_role,
    aws_connection,
    aws_failure,
    raw,
)

from llm_orchestration import _bridge
from llm_orchestration import errors as e
from llm_orchestration.providers import AwsIdentity, BedrockConverseProvider, BedrockOpenAIProvider, aws


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    clean(monkeypatch)
    yield
    aws._sessions.clear()


@pytest.fixture
def role(server: Server, monkeypatch: pytest.MonkeyPatch) -> str:
    """The id of an AWS connection that assumes a role."""
    return assume_role(server, monkeypatch)


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
