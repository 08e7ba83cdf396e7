"""What the engine hands to the gate in front of a target, and what it expects back.

The gate decides *when* a request may be sent: limits of the target, the circuit breaker, budgets. It sends it once and
remembers how it ended. It never retries, and it never chooses another target; those are Airflow's and the engine's.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any, Protocol, TypeVar

from llm_orchestration.errors import ConfigurationError
from llm_orchestration.model import Answer, Usage

T = TypeVar("T")
State = Mapping[str, Any]


@dataclass(frozen=True)
class Limits:
    """What a provider allows for one endpoint and model; `None` is no limit that is known here.

    Args:
        concurrency: Requests in flight at the same time.
        requests_per_minute: Requests in any 60 seconds.
        tokens_per_minute: Input plus output tokens in any 60 seconds.
    """

    concurrency: int | None = None
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None

    def __post_init__(self) -> None:
        for name in ("concurrency", "requests_per_minute", "tokens_per_minute"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ConfigurationError(f"limit {name} is {value}; use a whole number from 1")


NO_LIMITS = Limits()


@dataclass(frozen=True)
class Spending:
    """One budget that a request counts against.

    Args:
        scope: Whose budget, for example `run:fund_factsheet_video/doc_1f` or `day:2026-11-24`.
        usd: The most that the scope may cost, `None` for no limit in money.
        tokens: The most tokens that the scope may use, `None` for no limit in tokens.
    """

    scope: str
    usd: Decimal | None = None
    tokens: int | None = None


@dataclass
class Ticket:
    """One request's way through the gate.

    Args:
        endpoint: Key of the endpoint and model that share limits and a breaker; holds no secret.
        request: Key of the request (the journal's), so that a reservation is settled once, also after a crash.
        limits: Limits of the endpoint.
        budgets: Budgets that this request counts against.
        tokens: Worst case of input plus output tokens, as an estimate.
        cost: Price of a usage in US dollars, `None` when unknown.
        worst_usd: Worst case in US dollars, `None` when the price is unknown.
        wait: The most time that the request may wait for its turn.
        hold: The most time that the request itself may take.
        purpose: What the call is for, in messages.
        provider: Kind of provider, for errors.
        model: Model id, for errors.
        waited: Filled by the gate: time spent waiting for the turn.
        sent: Filled by the gate: whether the request left.
    """

    endpoint: str
    request: str
    limits: Limits
    budgets: tuple[Spending, ...]
    tokens: int
    cost: Callable[[Usage], Decimal | None]
    worst_usd: Decimal | None
    wait: timedelta
    hold: timedelta
    purpose: str
    provider: str
    model: str
    waited: timedelta = field(default=timedelta(0))
    sent: bool = False


class Gate(Protocol):
    """What stands in front of every target."""

    async def ask(self, ticket: Ticket, send: Callable[[], Awaitable[Answer]]) -> Answer:
        """Waits for the request's turn, sends it once and remembers how it ended.

        Raises:
            CircuitOpenError: The endpoint is known to be down for longer than the request may wait.
            ThrottledError: The limits leave no turn within the time that the request may wait.
            BudgetExceededError: The worst case is above what a budget has left.
            LLMError: Whatever `send` raised.
        """

    async def settle(self, request: str, budgets: tuple[Spending, ...], usage: Usage, usd: Decimal | None) -> None:
        """Books an answer that was found in the journal, if its reservation is still open."""


class StateStore(Protocol):
    """Small JSON objects that processes share; every change is atomic."""

    async def read(self, key: str) -> dict[str, Any] | None:
        """The object of `key`, `None` when there is none."""

    async def keys(self, prefix: str) -> list[str]:
        """The keys of all objects that begin so, in order."""

    async def update(
        self, key: str, change: Callable[[dict[str, Any] | None], tuple[dict[str, Any] | None, T]], *, keep: timedelta
    ) -> T:
        """Replaces the object by what `change` makes of it and returns what `change` says beside it.

        `change` may run several times and must not have other effects. `None` deletes the object. The object is kept
        at least `keep` after the last change.
        """

    async def close(self) -> None:
        """Lets go of connections of the running loop."""
