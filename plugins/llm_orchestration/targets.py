"""A target of a route with its connection read: where a request goes, and what is known of the model there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from llm_orchestration.pricing import Price
from llm_orchestration.providers.base import Provider
from llm_orchestration.traffic.contract import NO_LIMITS, Limits

StructuredOutput = Literal["json_schema", "json_object", "tool", "prompt"]
Submit = Literal["call", "background", "batch"]


@dataclass(frozen=True)
class Target:
    """A target of a route with its connection read.

    Args:
        connection: Airflow connection id, `None` offline.
        provider: How to reach the model.
        model: Model id.
        max_output_tokens: Output limit when the request states none.
        context_window: Tokens of prompt plus answer.
        timeout: Most of the deadline that this target may use.
        price: Dollars per million tokens.
        omit: Parameters that are not sent.
        limits: What the provider allows for this endpoint and model.
        structured_output: How the model is held to a schema: `json_schema`, `json_object`, `tool` or `prompt`.
        submit: `call` waits for the answer on the line, `background` and `batch` submit and ask for it later.
    """

    connection: str | None
    provider: Provider
    model: str
    max_output_tokens: int | None = None
    context_window: int | None = None
    timeout: timedelta | None = None
    price: Price | None = None
    omit: frozenset[str] = frozenset()
    limits: Limits = NO_LIMITS
    structured_output: StructuredOutput = "json_schema"
    submit: Submit = "call"

    @property
    def endpoint(self) -> str:
        """What shares limits and a breaker in every route: connection, address and model.

        The connection stands for the account: one account's used-up quota must not close another's circuit.
        """
        address = (value for _, value in sorted(self.provider.identity.items()))
        return "|".join((self.connection or "", *address, self.model))

    @property
    def label(self) -> str:
        """Name in attempts and logs."""
        return self.connection or self.provider.name
