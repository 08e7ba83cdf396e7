"""Bedrock at the loopback server: identities, calls and what is read of requests, for its tests."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from llm_loopback import Request, Server, aws_connection

from llm_orchestration import _bridge
from llm_orchestration.model import Answer, Message
from llm_orchestration.providers import AwsIdentity, BedrockConverseProvider, Call, aws

ARN = "arn:aws:bedrock:eu-central-1:123456789012:inference-profile/eu.example.model-v1:0"
CALL = Call((Message("system", "Read."), Message("user", "Größe?")), "m", timedelta(seconds=30))
STS = "POST /"


def clean(monkeypatch: pytest.MonkeyPatch) -> None:
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


def assume_role(server: Server, monkeypatch: pytest.MonkeyPatch) -> str:
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
