"""Azure OpenAI: the two ways of asking it, its key in a header of its own, and its shapes of failure."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from llm_loopback import CHAT_USAGE, JSON, Reply, Server, chat, failure, ok

from llm_orchestration import LLMHook, LLMRequest, Message, _bridge
from llm_orchestration import errors as e
from llm_orchestration.model import Answer, Usage
from llm_orchestration.providers import Call, Endpoint, OpenAICompatibleProvider

KEY = "azure-key-0123456789"
VERSION = "2025-04-01-preview"
AZURE = {"content-type": "application/json", "apim-request-id": "apim_42"}
Connect = Callable[..., str]


def provider(server: Server, api: str = "chat", version: str | None = VERSION) -> OpenAICompatibleProvider:
    path = "/openai" if version else "/openai/v1"
    return OpenAICompatibleProvider(
        Endpoint(f"{server.root_url}{path}", KEY, api, azure=True, azure_api_version=version)
    )


def ask(server: Server, **more: Any) -> Answer:
    call = Call((Message("user", "Hello there"),), "my deployment", timedelta(seconds=5), max_output_tokens=900)
    return _bridge.run(provider(server, **more).ask(call))


@pytest.mark.parametrize(
    ("api", "version", "path"),
    [
        ("chat", VERSION, f"/openai/deployments/my%20deployment/chat/completions?api-version={VERSION}"),
        ("responses", VERSION, f"/openai/responses?api-version={VERSION}"),
        ("chat", None, "/openai/v1/chat/completions"),
        ("responses", None, "/openai/v1/responses"),
    ],
)
def test_each_way_of_asking_azure(
    server: Server, monkeypatch: pytest.MonkeyPatch, api: str, version: str | None, path: str
) -> None:
    """A dated version asks by deployment with the `api-key` header, the current API like OpenAI's own."""
    monkeypatch.setenv("AZURE_OPENAI_AD_TOKEN", "token-of-somebody-else")
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "key-of-somebody-else")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-of-somebody-else")
    assert ask(server, api=api, version=version).usage == Usage(1000, 200, 400, 50)
    (request,) = server.requests
    assert request.path == path
    key = request.headers.get("api-key") if version else request.headers["authorization"].removeprefix("Bearer ")
    assert key == KEY
    assert ("authorization" in request.headers) is (version is None)
    assert "somebody-else" not in str(request.headers)
    if api == "chat":
        assert request.body["max_completion_tokens"] == 900


def filtered(code: str | None = "content_filter", inner: str | None = "ResponsibleAIPolicyViolation") -> Reply:
    error = {
        "message": "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
        "type": None,
        "param": "prompt",
        "code": code,
        "status": 400,
        "innererror": {"code": inner, "content_filter_result": {"hate": {"filtered": True, "severity": "high"}}},
    }
    return Reply(400, AZURE, json.dumps({"error": error}).encode())


def stopped() -> Reply:
    choice = {"index": 0, "finish_reason": "content_filter", "content_filter_results": {"hate": {"filtered": True}}}
    return ok({"choices": [choice], "usage": CHAT_USAGE})


FAILURES: dict[str, tuple[Reply, type[e.LLMError], float | None]] = {
    "prompt filtered": (filtered(), e.ContentFilterError, None),
    "prompt filtered, named inside": (filtered(code="400"), e.ContentFilterError, None),
    "answer filtered, no message": (stopped(), e.ContentFilterError, None),
    "answer filtered, empty message": (chat(None, "content_filter"), e.ContentFilterError, None),
    "rate": (
        failure(429, "429", message="Requests to the ChatCompletions_Create Operation have exceeded", retry_after="7"),
        e.RateLimitError,
        7,
    ),
    "no deployment": (failure(404, "DeploymentNotFound"), e.ModelNotFoundError, None),
    "no resource": (failure(404, "404", message="Resource not found"), e.ModelNotFoundError, None),
    "key": (failure(401, "401", message="Access denied due to invalid subscription key"), e.AuthenticationError, None),
    "key, gateway": (
        Reply(401, AZURE, b'{"statusCode": 401, "message": "Unauthorized."}'),
        e.AuthenticationError,
        None,
    ),
    "network rules": (failure(403, "AccessDenied", message="Public access is disabled"), e.PermissionDeniedError, None),
    "quota": (failure(403, "QuotaExceeded"), e.QuotaExceededError, None),
    "context": (failure(400, "context_length_exceeded"), e.ContextWindowExceededError, None),
    "overloaded": (failure(503, "ServiceUnavailable"), e.OverloadedError, None),
    "server": (failure(500, "InternalServerError"), e.ServerError, None),
}


@pytest.mark.parametrize("version", [VERSION, None])
@pytest.mark.parametrize("row", FAILURES)
def test_each_shape_of_failure_has_one_class_and_costs_one_request(
    server: Server, row: str, version: str | None
) -> None:
    """Azure's words, codes and inner codes lead to the same classes as everybody's."""
    reply, cls, wait = FAILURES[row]
    server.replies["my deployment"] = reply
    with pytest.raises(e.LLMError) as caught:
        ask(server, version=version)
    error = caught.value
    assert type(error) is cls, str(error)
    assert (None if error.retry_after is None else error.retry_after.total_seconds()) == wait
    assert (error.provider, len(server.requests)) == ("azure_openai", 1)
    assert KEY not in f"{error} {error.__dict__}"
    assert error.request_id == ("apim_42" if reply.headers == AZURE else "req_42")


def test_two_versions_are_two_endpoints(server: Server) -> None:
    """The version is part of what shapes an answer, so the journal keeps the two apart; the key is not."""
    one, other = provider(server).identity, provider(server, version="2024-10-21").identity
    assert one != other
    assert KEY not in str(one)


def test_azure_through_a_connection(server: Server, connect: Connect) -> None:
    """A connection of type llm_azure answers a call; the deployment is its model."""
    connect(conn_type="llm_azure", host=server.root_url, model="dep", extra={"azure_api_version": VERSION})
    result = LLMHook(llm_conn_id="llm_default").chat(LLMRequest((Message("user", "Hello"),)))
    assert (result.provider, result.model) == ("azure_openai", "served-1")
    assert server.last().path.startswith("/openai/deployments/dep/")


def test_the_test_of_an_azure_connection_says_what_it_proved(server: Server) -> None:
    """The list of base models proves address and key; whether a deployment exists it does not, and it says so."""
    asked = provider(server)
    told = _bridge.run(asked.probe("dep", timedelta(seconds=5)))
    assert "accepts the key" in told
    assert "dep" in told
    assert "shows only a call" in told
    assert (server.last().method, server.last().path) == ("GET", f"/openai/models?api-version={VERSION}")
    server.replies["GET /openai/models"] = failure(401, "401")
    with pytest.raises(e.AuthenticationError):
        _bridge.run(asked.probe("dep", timedelta(seconds=5)))
    server.replies["GET /openai/models"] = Reply(200, {**JSON, "content-type": "text/html"}, b"<html>portal</html>")
    with pytest.raises(e.ConfigurationError, match="base URL"):
        _bridge.run(asked.probe("", timedelta(seconds=5)))
