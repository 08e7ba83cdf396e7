"""From an Airflow connection, as plain values, to a provider. Imports no Airflow: the hook reads, this decides.

| connection | meaning |
|---|---|
| host | base URL, `https://api.example.com/v1`; a bare host gets a scheme and `/v1`; empty is OpenAI |
| port, schema | port and path, when the host does not state them (URI form `llm://:key@host:8080/v1`) |
| password | API key; empty for a local server |
| extra `model`, `api` | model id; `chat` (default) or `responses` |
| extra `organization`, `project` | OpenAI account ids |
| extra `price_input`, `price_output`, `price_cached_input` | US dollars per million tokens |
| extra `provider`, `script` | `scripted` plays a script (object, JSON text or file) instead of asking a model |
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Protocol
from urllib.parse import urlsplit

from llm_orchestration.errors import ConfigurationError, LLMError
from llm_orchestration.pricing import Price
from llm_orchestration.providers import Endpoint, OpenAICompatibleProvider, ScriptedProvider
from llm_orchestration.providers.openai_compatible import OPENAI_BASE_URL
from llm_orchestration.routes import TargetSpec
from llm_orchestration.targets import Target

CONNECTION_TYPE = "llm"
_PRICES = ("price_input", "price_output", "price_cached_input")
_EXTRA = {"model", "api", "organization", "project", "provider", "script", *_PRICES}
_PROVIDERS = ("openai_compatible", "scripted")


class AirflowConnection(Protocol):
    """What is read of a connection; Airflow's SDK and server classes both fit."""

    conn_type: str | None
    host: str | None
    port: int | None
    schema: str | None
    password: str | None


@dataclass(frozen=True)
class ConnectionFacts:
    """A connection, checked."""

    connection: str
    base_url: str
    api_key: str = field(repr=False)
    model: str | None
    api: str | None
    organization: str | None
    project: str | None
    script: Any = field(repr=False)
    price: Price | None


def read_connection(connection: str, found: AirflowConnection, extra: Mapping[str, Any]) -> ConnectionFacts:
    """Checks a connection.

    Args:
        connection: Its id.
        found: The connection.
        extra: Its extra fields, parsed.

    Raises:
        ConfigurationError: Names the connection and every problem.
    """
    problems: list[str] = []
    unknown = sorted(map(str, extra.keys() - _EXTRA))
    # Connections of other types may be shared with other tools and carry their fields.
    if unknown and found.conn_type == CONNECTION_TYPE:
        problems.append(f"unknown extra field {', '.join(unknown)}; use {', '.join(sorted(_EXTRA))}")
    texts = {name: _text(extra, name, problems) for name in sorted(_EXTRA - {"script"})}
    provider = texts["provider"] or "openai_compatible"
    if provider not in _PROVIDERS:
        problems.append(f"extra `provider` is {provider!r}; use {' or '.join(_PROVIDERS)}")
    script = extra.get("script") or None
    if (provider == "scripted") != (script is not None):
        problems.append('extra `script` and extra `provider` "scripted" belong together')
    price = _price(texts, problems)
    if problems:
        raise ConfigurationError(f"connection {connection!r}: {'; '.join(problems)}", connection=connection)
    return ConnectionFacts(
        connection=connection,
        base_url=_base_url(found),
        api_key=(found.password or "").strip(),
        model=texts["model"],
        api=texts["api"],
        organization=texts["organization"],
        project=texts["project"],
        script=script,
        price=price,
    )


def bind(
    spec: TargetSpec,
    facts: ConnectionFacts,
    scripted: dict[str, ScriptedProvider],
    *,
    model_required: bool = True,
) -> Target:
    """A target of a route with its connection.

    Args:
        spec: The target as the route states it; it wins over the connection.
        facts: The connection.
        scripted: Scripted providers that play on from call to call, by connection.
        model_required: Whether a missing model id is an error.

    Raises:
        ConfigurationError: The two together do not make a target.
    """
    model = spec.model or facts.model
    provider: OpenAICompatibleProvider | ScriptedProvider
    if facts.script is not None:
        provider = scripted.setdefault(facts.connection, ScriptedProvider(facts.script))
        model = model or provider.name
    else:
        provider = OpenAICompatibleProvider(_endpoint(facts, spec.api or facts.api or "chat"))
    if not model and model_required:
        raise ConfigurationError(
            f"connection {facts.connection!r} names no model; set extra `model`, or `model:` at the target in llm.yaml",
            connection=facts.connection,
        )
    return Target(
        connection=facts.connection,
        provider=provider,
        model=model or "",
        max_output_tokens=spec.max_output_tokens,
        context_window=spec.context_window,
        timeout=spec.timeout,
        price=spec.price or facts.price,
        omit=spec.omit,
    )


def _endpoint(facts: ConnectionFacts, api: str) -> Endpoint:
    problem: LLMError
    try:
        return Endpoint(facts.base_url, facts.api_key, api, facts.organization, facts.project)
    except ConfigurationError as error:
        problem = error
    raise ConfigurationError(
        f"connection {facts.connection!r}: {problem.message}", connection=facts.connection
    ) from None


def _base_url(found: AirflowConnection) -> str:
    host = (found.host or "").strip().rstrip("/")
    if not host:
        return OPENAI_BASE_URL
    path = (found.schema or "").strip("/")
    if "://" not in host:
        host = f"{'http' if _is_loopback(host) else 'https'}://{host}"
        path = path if path or urlsplit(host).path else "v1"
    if found.port and ":" not in host.split("://", 1)[1].rsplit("]", 1)[-1].split("/", 1)[0]:
        head, slash, tail = host.split("://", 1)[1].partition("/")
        host = f"{host.split('://', 1)[0]}://{head}:{found.port}{slash}{tail}"
    return f"{host}/{path}" if path and not urlsplit(host).path else host


def _is_loopback(host: str) -> bool:
    name = host.split("/", 1)[0].rsplit(":", 1)[0].strip("[]")
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


def _text(extra: Mapping[str, Any], name: str, problems: list[str]) -> str | None:
    value = extra.get(name)
    if isinstance(value, int | float) and not isinstance(value, bool) and name in _PRICES:
        value = str(value)
    if value is None or isinstance(value, str):
        return (value or "").strip() or None
    problems.append(f"extra `{name}` must be text")
    return None


def _price(texts: Mapping[str, str | None], problems: list[str]) -> Price | None:
    amounts: dict[str, Decimal | None] = {}
    for name in _PRICES:
        text = texts[name]
        try:
            amounts[name] = None if text is None else Decimal(text)
        except InvalidOperation:
            problems.append(f"extra `{name}` is {text!r}; use US dollars per million tokens")
            return None
    price_input, price_output, cached = (amounts[name] for name in _PRICES)
    if price_input is None or price_output is None:
        if any(amount is not None for amount in amounts.values()):
            problems.append("extra `price_input` and `price_output` belong together")
        return None
    try:
        return Price(price_input, price_output, cached)
    except ValueError as error:
        problems.append(str(error))
        return None
