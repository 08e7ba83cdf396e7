"""The seam between the engine and a provider: one call in, one answer or one typed error out.

A provider sends at most one request and never retries; retries belong to Airflow. It does not look at the schema's
content either: the engine checks every answer the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol, runtime_checkable

from llm_orchestration.model import Answer, Message
from llm_orchestration.structured import Contract


@dataclass(frozen=True)
class Call:
    """One request to one model.

    Args:
        messages: The conversation.
        model: Model id.
        timeout: Most that the whole request may take, from connecting to the last byte.
        contract: Compiled schema of a structured call.
        schema_name: Its name on the wire.
        temperature: `None` is not sent.
        max_output_tokens: `None` is not sent.
        purpose: What the call is for.
        attempt: The caller's try number.
        omit: Parameters that this model refuses.
        offline: The caller's routine without a model.
        structured_output: How the model is held to the contract: `json_schema` by the provider's own constraint,
            `json_object` by its JSON mode and the schema as text, `tool` by a forced function call, `prompt` by the
            schema as text alone.
    """

    messages: tuple[Message, ...]
    model: str
    timeout: timedelta
    contract: Contract | None = None
    schema_name: str = "answer"
    temperature: float | None = None
    max_output_tokens: int | None = None
    purpose: str = "chat"
    attempt: int = 1
    omit: frozenset[str] = frozenset()
    offline: Callable[[], object] | None = field(default=None, repr=False, compare=False)
    structured_output: str = "json_schema"


@runtime_checkable
class RemoteProvider(Protocol):
    """A provider that waits for somebody else, and therefore does so without holding a thread."""

    @property
    def name(self) -> str:
        """Kind of provider, as results and errors show it."""

    @property
    def identity(self) -> Mapping[str, str]:
        """What tells this endpoint from another in the journal's key; holds no secret."""

    async def ask(self, call: Call) -> Answer:
        """Sends one request.

        Raises:
            LLMError: The one class that says what happened.
        """


@runtime_checkable
class ProbedProvider(Protocol):
    """A remote provider whose connection can be tested for free."""

    @property
    def host(self) -> str:
        """Where it asks, for people."""

    async def probe(self, model: str, timeout: timedelta) -> str:
        """Asks a question that costs nothing.

        Args:
            model: Model id, empty when none is configured.
            timeout: Most that the question may take.

        Returns:
            One sentence that says exactly what was proven.

        Raises:
            LLMError: The connection cannot be used as it is.
        """


@runtime_checkable
class LocalProvider(Protocol):
    """A provider that answers in this process."""

    @property
    def name(self) -> str:
        """Kind of provider, as results and errors show it."""

    @property
    def identity(self) -> Mapping[str, str]:
        """What tells this provider from another in the journal's key."""

    def answer(self, call: Call) -> Answer:
        """Computes one answer.

        Raises:
            LLMError: The one class that says what happened.
        """


Provider = RemoteProvider | LocalProvider


def facts(provider: str, model: str, **more: Any) -> dict[str, Any]:
    """Keyword arguments that every provider error carries."""
    return {"provider": provider, "model": model, **more}
