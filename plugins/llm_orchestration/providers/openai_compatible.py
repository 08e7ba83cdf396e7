"""Every endpoint that speaks the OpenAI API: OpenAI, Azure, vLLM, Ollama, llama.cpp, gateways.

One HTTP attempt per call. The SDK's own retries are off, because they hide a failover, hold a worker and ask again
even when the quota is used up; Airflow retries instead. The deadline covers the whole call: the SDK's timeout starts
anew with every byte, so a dripping server would never reach it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from llm_orchestration.errors import ConfigurationError, LLMError
from llm_orchestration.model import Answer
from llm_orchestration.providers import _faults, _wire
from llm_orchestration.providers.base import Call

if TYPE_CHECKING:
    from openai import AsyncOpenAI

OPENAI_BASE_URL = "https://api.openai.com/v1"
CONNECT_TIMEOUT = timedelta(seconds=5)
_OPENAI_HOSTS = ("api.openai.com", ".openai.azure.com", ".api.openai.com")


@dataclass(frozen=True)
class Endpoint:
    """Where and as whom to ask.

    Args:
        base_url: Address up to and including `/v1`.
        api_key: The secret; empty for a server that asks for none.
        api: `chat` or `responses`.
        organization: OpenAI organisation id.
        project: OpenAI project id.

    Raises:
        ConfigurationError: The address cannot be used, or OpenAI itself is addressed without a key.
    """

    base_url: str
    api_key: str = field(repr=False)
    api: str = "chat"
    organization: str | None = None
    project: str | None = None

    def __post_init__(self) -> None:
        parts = urlsplit(self.base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigurationError(
                f"base URL {self.base_url!r} is not an http(s) address; use for example {OPENAI_BASE_URL}"
            )
        if parts.username is not None or parts.password is not None:
            raise ConfigurationError("the base URL holds a user or password; put the key in the connection's password")
        if self.api not in ("chat", "responses"):
            raise ConfigurationError(f"api {self.api!r} is unknown; use chat or responses")
        if self.is_openai and not self.api_key:
            raise ConfigurationError(f"{parts.hostname} needs an API key; set the connection's password")

    @property
    def host(self) -> str:
        """Host name of the address."""
        return urlsplit(self.base_url).hostname or ""

    @property
    def is_openai(self) -> bool:
        """Whether OpenAI's own models answer there."""
        return self.host == _OPENAI_HOSTS[0] or self.host.endswith(_OPENAI_HOSTS[1:])


class OpenAICompatibleProvider:
    """Asks one endpoint.

    Args:
        endpoint: Where and as whom.
    """

    name = "openai_compatible"

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    @property
    def endpoint(self) -> Endpoint:
        """Where this provider asks."""
        return self._endpoint

    @property
    def identity(self) -> Mapping[str, str]:
        """Address and API; the key and the account do not change an answer."""
        return {"provider": self.name, "base_url": self._endpoint.base_url, "api": self._endpoint.api}

    async def ask(self, call: Call) -> Answer:
        """Sends one request.

        Raises:
            LLMError: The class says what happened and whether a retry helps.
        """
        client = _client(self._endpoint)
        failure: LLMError | None = None
        raw: Any = None
        try:
            async with asyncio.timeout(call.timeout.total_seconds()):
                raw = await self._create(client, call)
        except Exception as error:  # noqa: BLE001 - whatever the SDK raises becomes one class of our tree
            failure = _faults.from_exception(call, self.name, error, secret=self._endpoint.api_key)
        if failure is not None:
            # Raised outside the handler: the SDK's error would ride along as context and print the vendor's body.
            raise failure
        reader = _wire.Reader(
            call,
            self.name,
            status=raw.status_code,
            headers={name.lower(): value for name, value in raw.headers.items()},
            content=raw.content,
            secret=self._endpoint.api_key,
        )
        return reader.chat() if self._endpoint.api == "chat" else reader.responses()

    async def models(self, timeout: timedelta) -> list[str]:
        """Model ids that the endpoint offers; the cheapest question that proves address and key.

        Raises:
            LLMError: The endpoint cannot be used.
        """
        import httpx2

        probe = Call(messages=(), model="-", timeout=timeout)
        failure: LLMError | None = None
        content: Any = None
        try:
            async with asyncio.timeout(timeout.total_seconds()):
                response = await _client(self._endpoint).get("/models", cast_to=httpx2.Response)
                content = response.json()
        except ValueError:
            failure = ConfigurationError(f"{self._endpoint.host} does not answer in JSON; is the base URL right?")
        except Exception as error:  # noqa: BLE001 - as in `ask`
            failure = _faults.from_exception(probe, self.name, error, secret=self._endpoint.api_key)
        if failure is not None:
            raise failure
        entries = content.get("data") if isinstance(content, dict) else None
        return [entry["id"] for entry in entries or () if isinstance(entry, dict) and isinstance(entry.get("id"), str)]

    async def _create(self, client: AsyncOpenAI, call: Call) -> Any:
        import httpx2

        seconds = call.timeout.total_seconds()
        timeout = httpx2.Timeout(seconds, connect=min(seconds, CONNECT_TIMEOUT.total_seconds()))
        # `post` is what the SDK's `create` calls inside, without its models: those cost a quarter of the call's CPU,
        # and the body is read by `_wire` anyway.
        if self._endpoint.api == "responses":
            path, body = "/responses", _wire.responses_parameters(call)
        else:
            limit_name = "max_completion_tokens" if self._endpoint.is_openai else "max_tokens"
            path, body = "/chat/completions", _wire.chat_parameters(call, limit_name=limit_name)
        return await client.post(path, cast_to=httpx2.Response, body=body, options={"timeout": timeout})


_ClientKey = tuple[str, str, str | None, str | None]
# One client per endpoint and event loop: building one costs 20 times a call (TLS context), and its connection pool
# belongs to the loop that opened it.
_clients: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[_ClientKey, AsyncOpenAI]] = WeakKeyDictionary()


def _client(endpoint: Endpoint) -> AsyncOpenAI:
    loop = asyncio.get_running_loop()
    if loop not in _clients:
        for other in [known for known in _clients if known.is_closed()]:
            del _clients[other]
    clients = _clients.setdefault(loop, {})
    key = (endpoint.base_url, endpoint.api_key, endpoint.organization, endpoint.project)
    if key not in clients:
        clients[key] = _new_client(endpoint)
    return clients[key]


def _new_client(endpoint: Endpoint) -> AsyncOpenAI:
    from openai import AsyncOpenAI, DefaultAsyncHttpxClient

    client = AsyncOpenAI(
        # The SDK insists on a key; a server that asks for none ignores it.
        api_key=endpoint.api_key or "none",
        base_url=endpoint.base_url,
        organization=endpoint.organization,
        project=endpoint.project,
        max_retries=0,
        # A redirect would carry the prompt to an address that nobody configured.
        http_client=DefaultAsyncHttpxClient(follow_redirects=False),
    )
    # The SDK fills gaps from the environment, which would send one vendor's account ids to another.
    client.organization = endpoint.organization
    client.project = endpoint.project
    return client


async def close_clients() -> None:
    """Closes the clients of the running loop."""
    for client in _clients.pop(asyncio.get_running_loop(), {}).values():
        await client.close()
