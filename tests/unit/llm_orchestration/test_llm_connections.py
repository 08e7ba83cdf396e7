"""From a connection to an endpoint: addresses in all their forms, prices, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal

import pytest

from llm_orchestration import ConfigurationError, LLMHook
from llm_orchestration.pricing import Price
from llm_orchestration.providers import OpenAICompatibleProvider

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
        ({"extra": {"api": "converse"}}, "api 'converse' is unknown"),
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


def test_a_connection_of_another_type_may_hold_other_fields(connect: Callable[..., str]) -> None:
    """A connection that is shared with another tool works as long as it names the model."""
    connect(conn_type="http", extra={"timeout": "30"})
    assert LLMHook().get_conn().model == "m1"
