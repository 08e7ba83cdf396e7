"""Bedrock's OpenAI-compatible endpoints, signed with an AWS identity instead of a key.

`bedrock-runtime` is where AWS puts new applications; `bedrock-mantle` has responses in background mode.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from llm_orchestration import errors
from llm_orchestration.providers import _clients, aws
from llm_orchestration.providers.base import Call
from llm_orchestration.providers.openai_compatible import Access, OpenAIProvider

if TYPE_CHECKING:
    from openai import AsyncOpenAI


# Clients are shared by all identities of an address; the SDK signs in a thread, which inherits the call's context.
_signing: ContextVar[aws.AwsSession | None] = ContextVar("llm_orchestration_signing", default=None)


class BedrockOpenAIProvider(OpenAIProvider):
    """Asks the models of one AWS region in OpenAI's words.

    Args:
        identity: Who signs, and where.
        api: `chat` or `responses`.
    """

    name = "bedrock_openai"
    openai_models = False

    def __init__(self, identity: aws.AwsIdentity, api: str = "chat") -> None:
        if api not in ("chat", "responses"):
            raise errors.ConfigurationError(f"api {api!r} is unknown; use chat or responses")
        self._identity = identity
        self.api = api

    @property
    def identity(self) -> Mapping[str, str]:
        """Address, region and API; who signs does not change an answer."""
        return {"provider": self.name, "service": self._identity.service, "api": self.api, **self._identity.told}

    @property
    def service(self) -> str:
        """`bedrock-runtime` or `bedrock-mantle`."""
        return self._identity.service

    @property
    def host(self) -> str:
        """Host name; empty where only the AWS connection knows the region."""
        return self._identity.host

    async def probe(self, model: str, timeout: timedelta) -> str:
        """Sends a signed request without a message, which is refused before it reaches a model, so it costs nothing.

        Raises:
            LLMError: The address, the credentials or the model cannot be used.
        """
        call = Call(messages=(), model=model or "-", timeout=timeout)
        return await aws.proven(self.ask(replace(call, max_output_tokens=0)), self.host or self.service, model)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Secret key and token of the running call."""
        session = _signing.get()
        return () if session is None else session.secrets

    async def _access(self, call: Call) -> Access:
        session = await aws.open_session(self._identity, call, self.name)
        _signing.set(session)
        key = ("bedrock openai", self.service, session.region, session.endpoint_url, session.verify, session.proxy)
        return key, lambda: _new_client(session)

    def _judged(self, failure: errors.LLMError) -> errors.LLMError:
        return aws.judged(failure, _signing.get())


def _new_client(session: aws.AwsSession) -> AsyncOpenAI:
    from openai import AsyncOpenAI, DefaultAsyncHttpxClient
    from openai.providers import bedrock

    provider = bedrock(
        endpoint="mantle" if session.identity.service == aws.MANTLE else "runtime",
        region=session.region,
        # Never from the environment, which could lead a signed prompt elsewhere.
        base_url=None if session.endpoint_url is None else f"{session.endpoint_url}/openai/v1",
        credential_provider=_credentials,
    )
    http_client = DefaultAsyncHttpxClient(**_clients.client_options(session.verify, session.proxy))
    client = AsyncOpenAI(provider=provider, max_retries=0, http_client=http_client)
    client.organization = client.project = None
    return client


def _credentials() -> Any:
    """The call's own credentials; fetched before the call, so this does not wait."""
    session = _signing.get()
    return None if session is None else session.current()
