"""From an Airflow connection, as plain values, to a provider. Imports no Airflow: the hook reads, this decides.

| type | host, port, schema | password | extra |
|---|---|---|---|
| `llm` | base URL; a bare host gets a scheme and `/v1`; empty is OpenAI | API key, empty for a local server | `model`, `api`, `organization`, `project`, `provider`, `script` |
| `llm_azure` | address of the resource | API key | `model` (the deployment), `api`, `azure_api_version` |
| `llm_bedrock` | another address, otherwise AWS's | – | `model`, `endpoint`, `api`, `region`, `aws_conn_id` |

All of them take `price_input`, `price_output` and `price_cached_input` in US dollars per million tokens. `provider` and
`script` make a connection of type `llm` play a script (object, JSON text or file) instead of asking a model.
"""  # noqa: E501 - a table row cannot be broken

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Any, Protocol

from llm_orchestration.errors import ConfigurationError
from llm_orchestration.pricing import Price
from llm_orchestration.providers import (
    AwsIdentity,
    BedrockConverseProvider,
    BedrockOpenAIProvider,
    Endpoint,
    OpenAICompatibleProvider,
    ScriptedProvider,
)
from llm_orchestration.providers._converse import STRUCTURED_OUTPUT as CONVERSE_STRUCTURED_OUTPUT
from llm_orchestration.providers.addresses import azure_base_url, check_address, openai_base_url, plain_address
from llm_orchestration.providers.aws import MANTLE, RUNTIME
from llm_orchestration.providers.base import RemoteProvider
from llm_orchestration.providers.submit import submit_problem
from llm_orchestration.routes import TargetSpec
from llm_orchestration.targets import Target

_PRICES = ("price_input", "price_output", "price_cached_input")
EXTRA_FIELDS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "llm": frozenset({"model", "api", "organization", "project", "provider", "script", *_PRICES}),
        "llm_azure": frozenset({"model", "api", "azure_api_version", *_PRICES}),
        "llm_bedrock": frozenset({"model", "api", "endpoint", "region", "aws_conn_id", *_PRICES}),
    }
)
"""Extra fields of each connection type. The form of a type shows exactly these."""

_APIS = ("chat", "responses")
_SCRIPTED = ("openai_compatible", "scripted")
_BEDROCK = ("converse", "openai", "mantle")
_REGION = re.compile(r"[a-z]{2,8}(?:-[a-z0-9]+)+-\d+\Z")
_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}(?:-preview)?\Z|(?:preview|latest|v1)\Z")


class AirflowConnection(Protocol):
    """What is read of a connection; Airflow's SDK and server classes both fit."""

    conn_type: str | None
    host: str | None
    port: int | None
    schema: str | None
    login: str | None
    password: str | None


@dataclass(frozen=True)
class ConnectionFacts:
    """A connection, checked.

    Args:
        connection: Its id.
        model: Model id, if it names one.
        api: `chat` or `responses`, if it says so.
        price: Price, if it states one.
        script: Replies to play instead of asking a model.
        provider: The provider for an API, `None` for the connection's own or the default one.
    """

    connection: str
    model: str | None
    api: str | None
    price: Price | None
    script: Any = field(repr=False)
    provider: Callable[[str | None], RemoteProvider] = field(repr=False)


def read_connection(connection: str, found: AirflowConnection, extra: Mapping[str, Any]) -> ConnectionFacts:
    """Checks a connection.

    Args:
        connection: Its id.
        found: The connection.
        extra: Its extra fields, parsed.

    Raises:
        ConfigurationError: Names the connection and every problem.
    """
    known = found.conn_type is not None and found.conn_type in EXTRA_FIELDS
    kind = str(found.conn_type) if known else "llm"
    # Connections of other types may be shared with other tools and carry their fields.
    problems = _strangers(extra, kind) if known else []
    fields = sorted(EXTRA_FIELDS[kind] - {"script"})
    texts = {name: _text(extra, name, problems) for name in fields}
    _choice(texts, "api", _APIS, problems)
    if kind == "llm":
        _check_script(texts, extra, problems)
    price = _price(texts, problems)
    provider = _builders[kind](found, texts, problems)
    if problems:
        raise ConfigurationError(f"connection {connection!r}: {'; '.join(problems)}", connection=connection)
    return ConnectionFacts(connection, texts["model"], texts["api"], price, extra.get("script") or None, provider)


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
        ConfigurationError: The two together do not make a target; names every problem.
    """
    problems: list[str] = []
    model = spec.model or facts.model
    provider: RemoteProvider | ScriptedProvider | None = None
    if facts.script is not None:
        provider = scripted.setdefault(facts.connection, ScriptedProvider(facts.script))
        model = model or provider.name
    else:
        try:
            provider = facts.provider(spec.api)
        except ConfigurationError as error:
            problems.append(error.message)
    if not model and model_required:
        problems.append("names no model; set extra `model`, or `model:` at the target in llm.yaml")
    if provider is not None and not isinstance(provider, ScriptedProvider):
        problems += _unfit(spec, provider)
    if problems or provider is None:
        raise ConfigurationError(f"connection {facts.connection!r}: {'; '.join(problems)}", connection=facts.connection)
    return Target(
        connection=facts.connection,
        provider=provider,
        model=model or "",
        max_output_tokens=spec.max_output_tokens,
        context_window=spec.context_window,
        timeout=spec.timeout,
        price=spec.price or facts.price,
        omit=spec.omit,
        limits=spec.limits,
        structured_output=spec.structured_output or "json_schema",
        # A script has nobody to submit to.
        submit="call" if isinstance(provider, ScriptedProvider) else spec.submit,
    )


def _unfit(spec: TargetSpec, provider: RemoteProvider) -> list[str]:
    """What the route asks of an endpoint that it cannot do."""
    problems: list[str] = []
    wanted = spec.structured_output
    if isinstance(provider, BedrockConverseProvider) and wanted not in (None, *CONVERSE_STRUCTURED_OUTPUT):
        problems.append(
            f"structured_output: {wanted} does not exist in the Converse API; use "
            f"{' or '.join(CONVERSE_STRUCTURED_OUTPUT)}"
        )
    if spec.submit != "call" and (problem := submit_problem(provider, spec.submit)) is not None:
        problems.append(problem)
    return problems


Texts = Mapping[str, str | None]
_Builder = Callable[[AirflowConnection, Texts, list[str]], Callable[[str | None], RemoteProvider]]


def _openai(found: AirflowConnection, texts: Texts, problems: list[str]) -> Callable[[str | None], RemoteProvider]:
    base_url = openai_base_url(found.host, found.port, found.schema)
    key = (found.password or "").strip()

    def endpoint(api: str) -> Endpoint:
        return Endpoint(base_url, key, api, texts["organization"], texts["project"])

    if texts["provider"] != "scripted":
        try:
            endpoint("chat")
        except ConfigurationError as error:
            problems.append(error.message)
    return lambda api: OpenAICompatibleProvider(endpoint(api or texts["api"] or "chat"))


def _azure(found: AirflowConnection, texts: Texts, problems: list[str]) -> Callable[[str | None], RemoteProvider]:
    version = texts["azure_api_version"]
    key = (found.password or "").strip()
    base_url = ""
    if version is not None and not _VERSION.match(version):
        problems.append(f"extra `azure_api_version` is {version!r}; use for example 2025-04-01-preview, or clear it")
    try:
        base_url = azure_base_url(found.host, found.port, found.schema, version)
        check_address(base_url)
    except ConfigurationError as error:
        problems.append(error.message)
    if not key:
        problems.append("the password is empty; put the key of the Azure resource there")

    def build(api: str | None) -> RemoteProvider:
        chosen = api or texts["api"] or "chat"
        return OpenAICompatibleProvider(Endpoint(base_url, key, chosen, azure=True, azure_api_version=version))

    return build


def _bedrock(found: AirflowConnection, texts: Texts, problems: list[str]) -> Callable[[str | None], RemoteProvider]:
    endpoint, region, own_api = texts["endpoint"] or "converse", texts["region"], texts["api"]
    address = plain_address(found.host, found.port, found.schema)
    _choice(texts, "endpoint", _BEDROCK, problems)
    if region is not None and not _REGION.match(region):
        problems.append(f"extra `region` is {region!r}; use for example eu-central-1")
    if endpoint == "converse" and own_api is not None:
        problems.append("extra `api` is for the OpenAI endpoints; clear it, or set `endpoint` to openai or mantle")
    if found.login or found.password:
        problems.append("login and password are not used; put the keys in the connection that `aws_conn_id` names")
    if address is not None:
        try:
            check_address(address)
        except ConfigurationError as error:
            problems.append(error.message)
    identity = AwsIdentity(texts["aws_conn_id"], region, MANTLE if endpoint == "mantle" else RUNTIME, address)

    def build(api: str | None) -> RemoteProvider:
        if endpoint != "converse":
            return BedrockOpenAIProvider(identity, api or own_api or "chat")
        if api is not None:
            raise ConfigurationError(
                f"the route says api: {api}, and the connection's endpoint is converse; leave `api` out at the target"
            )
        return BedrockConverseProvider(identity)

    return build


_builders: Mapping[str, _Builder] = {"llm": _openai, "llm_azure": _azure, "llm_bedrock": _bedrock}


def _strangers(extra: Mapping[str, Any], kind: str) -> list[str]:
    """Extra fields that the type does not have, with the type that has them."""
    unknown = sorted(map(str, extra.keys() - EXTRA_FIELDS[kind]))
    elsewhere = {name: other for name in unknown for other, fields in EXTRA_FIELDS.items() if name in fields}
    problems = [f"extra `{name}` belongs to a connection of type {other}" for name, other in elsewhere.items()]
    rest = [name for name in unknown if name not in elsewhere]
    if rest:
        problems.append(f"unknown extra field {', '.join(rest)}; use {', '.join(sorted(EXTRA_FIELDS[kind]))}")
    return problems


def _check_script(texts: Texts, extra: Mapping[str, Any], problems: list[str]) -> None:
    _choice(texts, "provider", _SCRIPTED, problems)
    if (texts["provider"] == "scripted") != bool(extra.get("script")):
        problems.append('extra `script` and extra `provider` "scripted" belong together')


def _choice(texts: Texts, name: str, choices: tuple[str, ...], problems: list[str]) -> None:
    if texts[name] not in (None, *choices):
        problems.append(f"extra `{name}` is {texts[name]!r}; use {' or '.join(choices)}")


def _text(extra: Mapping[str, Any], name: str, problems: list[str]) -> str | None:
    value = extra.get(name)
    if isinstance(value, int | float) and not isinstance(value, bool) and name in _PRICES:
        value = str(value)
    if value is None or isinstance(value, str):
        return (value or "").strip() or None
    problems.append(f"extra `{name}` must be text")
    return None


def _price(texts: Texts, problems: list[str]) -> Price | None:
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
