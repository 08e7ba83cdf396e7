"""From a connection to an endpoint: addresses in all their forms, prices, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal

import pytest

from llm_orchestration import ConfigurationError, LLMHook
from llm_orchestration.connections import EXTRA_FIELDS
from llm_orchestration.pricing import Price
from llm_orchestration.provider_info import get_provider_info
from llm_orchestration.providers import BedrockConverseProvider, BedrockOpenAIProvider, OpenAICompatibleProvider

KEY = "sk-secret-0123456789"


@pytest.mark.parametrize(
    ("connection", "base_url"),
    [
        ({"host": "https://llm.example.com/v1"}, "https://llm.example.com/v1"),
        ({"host": "https://llm.example.com/v1/"}, "https://llm.example.com/v1"),
        ({"host": "https://llm.example.com"}, "https://llm.example.com"),
        ({"host": "llm.example.com"}, "https://llm.example.com/v1"),
        ({"host": "llm.example.com/openai/v1"}, "https://llm.example.com/openai/v1"),
        ({"host": "127.0.0.1", "port": 8080}, "http://127.0.0.1:8080/v1"),
        ({"host": "localhost:8080"}, "http://localhost:8080/v1"),
        ({"host": "http://10.0.0.1", "port": 8080, "schema": "api/v1"}, "http://10.0.0.1:8080/api/v1"),
        ({}, "https://api.openai.com/v1"),
        (f"llm://:{KEY}@llm.example.com:8443/v1?model=m1", "https://llm.example.com:8443/v1"),
        (f"llm://:{KEY}@https%3A%2F%2Fllm.example.com%2Fv1/?model=m1", "https://llm.example.com/v1"),
    ],
)
def test_a_base_url_is_understood_in_every_form(
    monkeypatch: pytest.MonkeyPatch, connection: dict[str, object] | str, base_url: str
) -> None:
    """Whole address, bare host, host and port, URI form: each gives one address."""
    text = connection
    if isinstance(text, dict):
        text = json.dumps({"conn_type": "llm", "password": KEY, "extra": {"model": "m1"}, **text})
    monkeypatch.setenv("AIRFLOW_CONN_LLM_DEFAULT", text)
    provider = LLMHook().get_conn().provider
    assert isinstance(provider, OpenAICompatibleProvider)
    assert provider.endpoint.base_url == base_url
    assert provider.endpoint.api_key == KEY


def test_route_and_connection_share_the_work(connect: Callable[..., str], routes_file: Callable[..., str]) -> None:
    """What the target states wins; the connection fills the rest."""
    connect(extra={"api": "responses", "price_input": "0.25", "price_output": 2})
    target = LLMHook().get_conn()
    assert (target.model, target.price) == ("m1", Price(Decimal("0.25"), Decimal(2)))
    assert target.provider.identity["api"] == "responses"
    stated = {
        "connection": "llm_default",
        "model": "m2",
        "api": "chat",
        "price_per_million_tokens": {"input": 1, "output": 1},
    }
    target = LLMHook(routes_path=routes_file(stated)).get_conn()
    assert (target.model, target.price, target.provider.identity["api"]) == (
        "m2",
        Price(Decimal(1), Decimal(1)),
        "chat",
    )


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"model": None}, "names no model"),
        ({"extra": {"modle": "x"}}, "unknown extra field modle"),
        ({"extra": {"api": "converse"}}, "`api` is 'converse'; use chat or responses"),
        (
            {"extra": {"azure_api_version": "2025-01-01"}},
            "`azure_api_version` belongs to a connection of type llm_azure",
        ),
        ({"host": "https://x/v1?key=1"}, "leave it out"),
        ({"host": "https://x:port/v1"}, "not an http"),
        ({"extra": {"price_input": "cheap"}}, "price_input"),
        ({"extra": {"price_input": "1"}}, "belong together"),
        ({"extra": {"price_input": "-1", "price_output": "1"}}, "-1"),
        ({"extra": {"provider": "scripted"}}, "belong together"),
        ({"extra": {"provider": "bedrock"}}, "bedrock"),
        ({"extra": {"organization": ["x"]}}, "must be text"),
        ({"host": "ftp://x"}, "not an http"),
        ({"host": "", "password": ""}, "needs an API key"),
    ],
)
def test_a_connection_that_cannot_work_is_named_with_its_problem(
    connect: Callable[..., str], more: dict[str, object], told: str
) -> None:
    """Mistakes in the form show before a request, with the connection's id."""
    connect(**more)
    with pytest.raises(ConfigurationError, match=told) as caught:
        LLMHook().get_conn()
    assert "llm_default" in str(caught.value)
    assert KEY not in str(caught.value)


def test_every_problem_of_a_connection_is_told_at_once(connect: Callable[..., str]) -> None:
    """One look at the form is enough to mend it."""
    connect(host="ftp://x", extra={"api": "x", "price_input": "1", "modle": "y", "provider": "scripted"})
    with pytest.raises(ConfigurationError) as caught:
        LLMHook().get_conn()
    told = str(caught.value)
    assert all(word in told for word in ("`api`", "belong together", "modle", "scripted"))


@pytest.mark.parametrize(
    ("host", "version", "base_url"),
    [
        ("https://res.openai.azure.com", None, "https://res.openai.azure.com/openai/v1"),
        ("https://res.openai.azure.com/", "2025-04-01-preview", "https://res.openai.azure.com/openai"),
        ("res.openai.azure.com", None, "https://res.openai.azure.com/openai/v1"),
        ("https://res.openai.azure.com/openai/v1/", None, "https://res.openai.azure.com/openai/v1"),
        ("https://res.openai.azure.com/openai", "2024-10-21", "https://res.openai.azure.com/openai"),
        ("https://gateway.example.com/llm/azure", "2024-10-21", "https://gateway.example.com/llm/azure"),
    ],
)
def test_an_azure_resource_is_understood_in_every_form(
    connect: Callable[..., str], host: str, version: str | None, base_url: str
) -> None:
    """The resource's address, with or without the path of either API; a gateway's path stays as it is."""
    connect(conn_type="llm_azure", host=host, extra={"azure_api_version": version})
    provider = LLMHook(llm_conn_id="llm_default").get_conn().provider
    assert isinstance(provider, OpenAICompatibleProvider)
    assert provider.endpoint.base_url == base_url
    assert (provider.name, provider.endpoint.azure_api_version) == ("azure_openai", version)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"host": ""}, "use https://<resource>.openai.azure.com"),
        ({"host": "https://r.openai.azure.com/openai/deployments/d/chat/completions"}, "address of one deployment"),
        (
            {"host": "https://r.openai.azure.com/openai/v1", "extra": {"azure_api_version": "2024-10-21"}},
            "has no versions",
        ),
        ({"extra": {"azure_api_version": "newest"}}, "azure_api_version"),
        ({"password": ""}, "password is empty"),
        ({"extra": {"region": "eu-central-1"}}, "`region` belongs to a connection of type llm_bedrock"),
        ({"extra": {"organization": "o"}}, "`organization` belongs to a connection of type llm"),
    ],
)
def test_an_azure_connection_that_cannot_work_says_why(
    connect: Callable[..., str], more: dict[str, object], told: str
) -> None:
    """What people copy from the portal, and what contradicts itself, is named."""
    connect(**{"conn_type": "llm_azure", "host": "https://r.openai.azure.com", **more})
    with pytest.raises(ConfigurationError, match=told):
        LLMHook(llm_conn_id="llm_default").get_conn()


def bedrock(connect: Callable[..., str], **extra: object) -> LLMHook:
    """A hook over a connection of type llm_bedrock."""
    fields = {name: extra.pop(name) for name in ("host", "login", "password", "model") if name in extra}
    connect(**{"conn_type": "llm_bedrock", "host": "", "password": "", **fields, "extra": extra})
    return LLMHook(llm_conn_id="llm_default")


@pytest.mark.parametrize(
    ("extra", "kind", "identity"),
    [
        (
            {"region": "eu-central-1", "aws_conn_id": "aws_x"},
            BedrockConverseProvider,
            {"base_url": "https://bedrock-runtime.eu-central-1.amazonaws.com", "region": "eu-central-1"},
        ),
        (
            {"region": "us-east-1", "endpoint": "openai", "api": "responses"},
            BedrockOpenAIProvider,
            {"base_url": "https://bedrock-runtime.us-east-1.amazonaws.com", "api": "responses"},
        ),
        (
            {"region": "us-east-1", "endpoint": "mantle"},
            BedrockOpenAIProvider,
            {"base_url": "https://bedrock-mantle.us-east-1.api.aws", "api": "chat"},
        ),
        ({"aws_conn_id": "aws_x"}, BedrockConverseProvider, {"aws_conn_id": "aws_x"}),
        (
            {"host": "https://vpce-1.bedrock-runtime.eu-west-1.vpce.amazonaws.com", "region": "eu-west-1"},
            BedrockConverseProvider,
            {"base_url": "https://vpce-1.bedrock-runtime.eu-west-1.vpce.amazonaws.com"},
        ),
    ],
)
def test_a_bedrock_connection_chooses_the_endpoint(
    connect: Callable[..., str], extra: dict[str, object], kind: type, identity: dict[str, str]
) -> None:
    """Converse unless the connection says otherwise; reading it asks nobody, so it needs no AWS connection yet."""
    provider = bedrock(connect, **extra).get_conn().provider
    assert type(provider) is kind
    assert identity.items() <= provider.identity.items()


@pytest.mark.parametrize(
    ("extra", "told"),
    [
        ({"region": "Frankfurt"}, "`region` is 'Frankfurt'; use for example eu-central-1"),
        ({"endpoint": "runtime"}, "use converse or openai or mantle"),
        ({"api": "chat"}, "`api` is for the OpenAI endpoints"),
        ({"password": "k" * 20}, "login and password are not used"),
        ({"login": "AKIA"}, "login and password are not used"),
        ({"host": "ftp://x"}, "not an http"),
        ({"host": "https://a:b@x"}, "user or password"),
        ({"organization": "o"}, "belongs to a connection of type llm"),
        ({"model": None, "region": "eu-central-1"}, "names no model"),
    ],
)
def test_a_bedrock_connection_that_cannot_work_says_why(
    connect: Callable[..., str], extra: dict[str, object], told: str
) -> None:
    """Each contradiction is named with what to use instead."""
    with pytest.raises(ConfigurationError, match=told):
        bedrock(connect, **extra).get_conn()


def test_a_route_cannot_ask_an_endpoint_for_what_it_does_not_have(
    connect: Callable[..., str], routes_file: Callable[..., str]
) -> None:
    """Every contradiction between a target and its connection is told at once, before any request."""
    bedrock(connect, region="eu-central-1", model=None)
    target = {"connection": "llm_default", "structured_output": "json_object", "submit": "batch"}
    with pytest.raises(ConfigurationError) as caught:
        LLMHook(routes_path=routes_file(target)).get_conn()
    assert all(word in str(caught.value) for word in ("json_object does not exist", "submit: batch", "names no model"))
    bedrock(connect, region="eu-central-1")
    with pytest.raises(ConfigurationError, match="leave `api` out"):
        LLMHook(routes_path=routes_file({"connection": "llm_default", "api": "chat"})).get_conn()
    connect()
    target = {"connection": "llm_default", "submit": "background"}
    with pytest.raises(ConfigurationError, match="only with api: responses"):
        LLMHook(routes_path=routes_file(target)).get_conn()


def test_what_the_route_states_reaches_the_target(connect: Callable[..., str], routes_file: Callable[..., str]) -> None:
    """Limits, the way of structured output and the way of submitting come from the route."""
    connect()
    stated = {
        "connection": "llm_default",
        "api": "responses",
        "structured_output": "tool",
        "submit": "background",
        "requests_per_minute": 9,
    }
    target = LLMHook(routes_path=routes_file(stated)).get_conn()
    assert (target.structured_output, target.submit, target.limits.requests_per_minute) == ("tool", "background", 9)


def test_the_forms_and_the_reader_agree() -> None:
    """Each type's form shows exactly the fields that are read; choices are those that the reader takes."""
    types = {kind["connection-type"]: kind for kind in get_provider_info()["connection-types"]}
    assert {name: set(kind["conn-fields"]) for name, kind in types.items()} == EXTRA_FIELDS
    assert types["llm_bedrock"]["conn-fields"]["endpoint"]["schema"]["enum"] == ["converse", "openai", "mantle", None]
    for kind in types.values():
        assert kind["conn-fields"]["api"]["schema"]["enum"] == ["chat", "responses", None]
        # Airflow masks a password field; a secret in any other field would be shown.
        assert not [name for name in kind["conn-fields"] if "key" in name or "secret" in name or "token" in name]


def test_a_connection_of_another_type_may_hold_other_fields(connect: Callable[..., str]) -> None:
    """A connection that is shared with another tool works as long as it names the model."""
    connect(conn_type="http", extra={"timeout": "30"})
    assert LLMHook().get_conn().model == "m1"
