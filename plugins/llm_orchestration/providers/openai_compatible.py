"""Every endpoint that speaks the OpenAI API: OpenAI, Azure, vLLM, Ollama, llama.cpp, gateways; Bedrock's builds on it.

One HTTP attempt per call. The SDK's own retries are off, because they hide a failover, hold a worker and ask again
even when the quota is used up; Airflow retries instead. The deadline covers the whole call: the SDK's timeout starts
anew with every byte, so a dripping server would never reach it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from llm_orchestration.errors import ConfigurationError, LLMError, RequestRejectedError
from llm_orchestration.model import Answer
from llm_orchestration.providers import _answers, _clients, _faults, _requests
from llm_orchestration.providers.addresses import check_address
from llm_orchestration.providers.base import Call

if TYPE_CHECKING:
    from openai import AsyncOpenAI

_OPENAI_HOSTS = ("api.openai.com", ".openai.azure.com", ".api.openai.com")


@dataclass(frozen=True)
class Endpoint:
    """Where and as whom to ask.

    Args:
        base_url: Address up to and including `/v1`; of Azure with an API version, up to and including `/openai`.
        api_key: The secret; empty for a server that asks for none.
        api: `chat` or `responses`.
        organization: OpenAI organisation id.
        project: OpenAI project id.
        azure: Whether Azure OpenAI answers there.
        azure_api_version: Dated version of Azure's API, which asks by deployment; `None` asks Azure's `/openai/v1`.

    Raises:
        ConfigurationError: The address cannot be used, a key is missing, or the parts contradict each other.
    """

    base_url: str
    api_key: str = field(repr=False)
    api: str = "chat"
    organization: str | None = None
    project: str | None = None
    azure: bool = False
    azure_api_version: str | None = None

    def __post_init__(self) -> None:
        check_address(self.base_url)
        if self.api not in ("chat", "responses"):
            raise ConfigurationError(f"api {self.api!r} is unknown; use chat or responses")
        if self.azure_api_version is not None and not self.azure:
            raise ConfigurationError("azure_api_version belongs to a connection of type llm_azure")
        if (self.is_openai or self.azure) and not self.api_key:
            raise ConfigurationError(f"{self.host} needs an API key; set the connection's password")

    @property
    def host(self) -> str:
        """Host name of the address."""
        return urlsplit(self.base_url).hostname or ""

    @property
    def is_openai(self) -> bool:
        """Whether OpenAI's own models answer there."""
        return self.host == _OPENAI_HOSTS[0] or self.host.endswith(_OPENAI_HOSTS[1:])


Access = tuple[Hashable, "Callable[[], AsyncOpenAI]"]


@dataclass(frozen=True)
class Response:
    """A successful HTTP response, read to its end."""

    status: int
    headers: Mapping[str, str]
    content: bytes


class OpenAIProvider(ABC):
    """What all endpoints with the OpenAI API share: requests, answers, errors. Each brings its client and its name."""

    name: str
    api: str

    @property
    @abstractmethod
    def identity(self) -> Mapping[str, str]:
        """What tells this endpoint from another in the journal's key; holds no secret."""

    @property
    @abstractmethod
    def host(self) -> str:
        """Where it asks, for people."""

    @property
    @abstractmethod
    def openai_models(self) -> bool:
        """Whether OpenAI's own models answer, which know parameters that others refuse."""

    @property
    @abstractmethod
    def secrets(self) -> tuple[str, ...]:
        """Keys that a provider may echo, kept out of messages."""

    @abstractmethod
    async def _access(self, call: Call) -> Access:
        """Which client to use, and how to make one."""

    async def ask(self, call: Call) -> Answer:
        """Sends one request.

        Raises:
            LLMError: The class says what happened and whether a retry helps.
        """
        path, body = self.request(call)
        return self.read(call, await self.send(call, "POST", path, body=body))

    def request(self, call: Call) -> tuple[str, dict[str, Any]]:
        """Path below the base URL, and body."""
        if self.api == "responses":
            return "/responses", _requests.responses_parameters(call)
        limit_name = "max_completion_tokens" if self.openai_models else "max_tokens"
        return "/chat/completions", _requests.chat_parameters(call, limit_name=limit_name)

    def read(self, call: Call, response: Response) -> Answer:
        """The answer that a response holds.

        Raises:
            LLMError: It holds none.
        """
        reading = self.reading(call, response)
        return _answers.read_chat(reading) if self.api == "chat" else _answers.read_response(reading)

    def reading(self, call: Call, response: Response) -> _answers.Reading:
        """A response, ready to be read.

        Raises:
            LLMError: It is no JSON object, or an error.
        """
        return _answers.Reading(
            call,
            self.name,
            status=response.status,
            headers=response.headers,
            content=response.content,
            secrets=self.secrets,
        )

    async def send(
        self,
        call: Call,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        files: Mapping[str, Any] | None = None,
    ) -> Response:
        """One HTTP attempt.

        Args:
            call: For the deadline and for messages.
            method: `GET`, `POST` or `DELETE`.
            path: Below the base URL.
            body: JSON body, or the fields beside `files`.
            files: Parts of a multipart request.

        Raises:
            LLMError: There is no successful response.
        """
        import httpx2

        deadline = _clients.Deadline(call.timeout)
        await _clients.ready("openai")
        key, build = await self._access(call)
        await _clients.turn()
        options: dict[str, Any] = {"timeout": _clients.request_timeout(deadline.left)}
        content: dict[str, Any] = {} if body is None else {"body": body}
        if files is not None:
            content["files"] = files
            options["headers"] = {"content-type": "multipart/form-data"}
        failure: LLMError | None = None
        raw: Any = None
        try:
            with _clients.client_for(key, build) as client:
                verb = getattr(client, method.lower())
                async with deadline.scope():
                    # `post` is what the SDK's `create` calls inside, without its models: those cost a quarter of
                    # the call's CPU, and the body is read by `_answers` anyway.
                    raw = await verb(path, cast_to=httpx2.Response, options=options, **content)
        except Exception as error:  # noqa: BLE001 - whatever the SDK raises becomes one class of our tree
            failure = _faults.from_exception(call, self.name, error, secrets=self.secrets)
        if failure is not None:
            # Raised outside the handler: the SDK's error would ride along as context and print the vendor's body.
            raise self._judged(failure)
        headers = {name.lower(): value for name, value in raw.headers.items()}
        return Response(raw.status_code, headers, raw.content)

    def _judged(self, failure: LLMError) -> LLMError:
        """A last look at a failure by the endpoint that knows its credentials."""
        return failure


class OpenAICompatibleProvider(OpenAIProvider):
    """Asks one endpoint with a key, or with none.

    Args:
        endpoint: Where and as whom.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self.name = "azure_openai" if endpoint.azure else "openai_compatible"
        self.api = endpoint.api

    @property
    def endpoint(self) -> Endpoint:
        """Where this provider asks."""
        return self._endpoint

    @property
    def identity(self) -> Mapping[str, str]:
        """Address and API; the key and the account do not change an answer."""
        told = {"provider": self.name, "base_url": self._endpoint.base_url, "api": self.api}
        version = self._endpoint.azure_api_version
        return told if version is None else {**told, "api_version": version}

    @property
    def host(self) -> str:
        """Host name of the address."""
        return self._endpoint.host

    @property
    def openai_models(self) -> bool:
        """True for OpenAI and Azure."""
        return self._endpoint.is_openai or self._endpoint.azure

    async def models(self, timeout: timedelta) -> list[str]:
        """Model ids that the endpoint offers; the cheapest question that proves address and key.

        Raises:
            LLMError: The endpoint cannot be used.
        """
        probe = Call(messages=(), model="-", timeout=timeout)
        response = await self.send(probe, "GET", "/models")
        failure: LLMError | None = None
        listed: Any = None
        try:
            listed = self.reading(probe, response).body.get("data")
        except LLMError:
            failure = ConfigurationError(f"{self.host} does not answer in JSON; is the base URL right?")
        if failure is not None:
            raise failure
        entries = listed if isinstance(listed, list) else []
        return [entry["id"] for entry in entries if isinstance(entry, dict) and isinstance(entry.get("id"), str)]

    async def probe(self, model: str, timeout: timedelta) -> str:
        """Asks for the list of models.

        Raises:
            RequestRejectedError: The endpoint does not list the model.
            LLMError: The endpoint cannot be used.
        """
        models = await self.models(timeout)
        if self._endpoint.azure:
            told = f"{self.host} answers and accepts the key."
            # Azure lists base models and no deployments.
            return f"{told} Whether {model} is deployed there shows only a call." if model else told
        if not model:
            return f"The endpoint answers and offers {len(models)} models; set one as extra `model`."
        if models and model not in models:
            raise RequestRejectedError(
                f"The endpoint answers but does not list the model {model}; check extra `model`.",
                provider=self.name,
                model=model,
            )
        return f"The endpoint answers; model {model} is ready."

    @property
    def secrets(self) -> tuple[str, ...]:
        """The key, if there is one."""
        return (self._endpoint.api_key,) if self._endpoint.api_key else ()

    async def _access(self, call: Call) -> Access:
        return self._endpoint, lambda: _new_client(self._endpoint)


def _new_client(endpoint: Endpoint) -> AsyncOpenAI:
    from openai import AsyncAzureOpenAI, AsyncOpenAI, DefaultAsyncHttpxClient

    options: dict[str, Any] = {
        # The SDK insists on a key; a server that asks for none ignores it.
        "api_key": endpoint.api_key or "none",
        "base_url": endpoint.base_url,
        "organization": endpoint.organization,
        "project": endpoint.project,
        "max_retries": 0,
        "http_client": DefaultAsyncHttpxClient(**_clients.client_options()),
    }
    client: AsyncOpenAI
    if endpoint.azure_api_version is not None:
        client = AsyncAzureOpenAI(api_version=endpoint.azure_api_version, **options)
    else:
        client = AsyncOpenAI(**options)
    # The SDK fills gaps from the environment, which would send one vendor's account ids to another.
    client.organization = endpoint.organization
    client.project = endpoint.project
    return client
