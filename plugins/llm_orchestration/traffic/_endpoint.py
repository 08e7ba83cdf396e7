"""The shared state of one endpoint as one object, because a turn depends on its breaker and its limits together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from llm_orchestration.traffic import breaker, limits
from llm_orchestration.traffic._blocks import Block, strongest
from llm_orchestration.traffic._outcomes import Outcome
from llm_orchestration.traffic.breaker import NEW, Breaker
from llm_orchestration.traffic.contract import NO_LIMITS, Limits, Ticket
from llm_orchestration.traffic.limits import IDLE, Entry, Load

# Longer than the timeout of a request, so that its own process frees the slot and not the lease's end.
SLACK = timedelta(seconds=5)


@dataclass(frozen=True)
class Endpoint:
    """What processes know together about an endpoint.

    Args:
        breaker: Whether it works.
        load: What was sent to it, where limits are known.
    """

    breaker: Breaker = NEW
    load: Load = IDLE

    def to_json(self) -> dict[str, Any]:
        """A JSON object."""
        return {"breaker": self.breaker.to_json(), "load": self.load.to_json()}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Endpoint:
        """Inverse of `to_json`.

        Raises:
            ValueError: The value is damaged.
        """
        parts = [value.get(name, {}) for name in ("breaker", "load")]
        if not all(isinstance(part, dict) for part in parts):
            raise ValueError("breaker and load are not objects")
        return cls(Breaker.from_json(parts[0]), Load.from_json(parts[1]))


def is_steady(endpoint: Endpoint, known: Limits, now: float) -> bool:
    """Whether a request may be sent at `now` without a word to other processes."""
    return known == NO_LIMITS and not endpoint.load and breaker.is_steady(endpoint.breaker, now)


def block(endpoint: Endpoint, ticket: Ticket, now: float) -> Block | None:
    """What stands in the way of the ticket's request at `now`, `None` when nothing does."""
    return strongest(
        (breaker.block(endpoint.breaker, now), limits.block(endpoint.load, ticket.limits, ticket.tokens, now))
    )


def enter(endpoint: Endpoint, ticket: Ticket, request: str, now: float) -> tuple[Endpoint, Entry | Block]:
    """Lets a request in, or says what blocks it."""
    blocked = block(endpoint, ticket, now)
    if blocked is not None:
        return endpoint, blocked
    hold = (ticket.hold + SLACK).total_seconds()
    load, entry = limits.enter(endpoint.load, ticket.limits, request, ticket.tokens, now, hold)
    entry = replace(entry, probing=bool(endpoint.breaker.opened))
    return Endpoint(breaker.enter(endpoint.breaker, request, now, hold), load), entry


def is_news(endpoint: Endpoint, entry: Entry, outcome: Outcome, now: float) -> bool:
    """Whether the end of a request changes anything that others must know."""
    if entry.leased or entry.tokens is not None or entry.probing:
        return True
    if outcome.endpoint == "answered":
        return bool(outcome.cooldown) or breaker.wants_answer(endpoint.breaker, now)
    return outcome.endpoint == "failed"


def left(endpoint: Endpoint, entry: Entry, outcome: Outcome, now: float) -> Endpoint:
    """The state after a request ended."""
    state = endpoint.breaker
    if outcome.endpoint == "answered":
        state = breaker.answered(state, entry.request, now, served=outcome.served)
    elif outcome.endpoint == "failed":
        state = breaker.failed(state, entry.request, entry.at, now, outcome.reason)
    else:
        state = breaker.withdrawn(state, entry.request)
    if outcome.cooldown > 0:
        state = breaker.cooled(state, now, outcome.cooldown)
    return Endpoint(state, limits.left(endpoint.load, entry, outcome.tokens))


def taken_back(endpoint: Endpoint, entry: Entry) -> Endpoint:
    """The state as if the request had never entered."""
    return replace(
        endpoint,
        breaker=breaker.withdrawn(endpoint.breaker, entry.request),
        load=limits.taken_back(endpoint.load, entry),
    )
