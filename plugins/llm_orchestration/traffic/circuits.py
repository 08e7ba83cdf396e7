"""Which endpoints are held back now, for those who watch and not for those who send."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from llm_orchestration.traffic._endpoint import Endpoint
from llm_orchestration.traffic.contract import StateStore

ENDPOINT = "endpoint:"
"""What the keys of endpoints begin with."""


@dataclass(frozen=True, slots=True)
class OpenCircuit:
    """An endpoint whose breaker is open: of which connection and model, why, since when and until its next probe."""

    connection: str
    model: str
    reason: str
    since: datetime
    until: datetime
    times: int


async def open_circuits(store: StateStore, now: datetime) -> list[OpenCircuit]:
    """The open circuits of every process that shares the store, by connection and model.

    One that waits for its probe counts: nobody has had an answer since it opened.

    Raises:
        StateError: The store cannot be used.
    """
    found = []
    for key in await store.keys(ENDPOINT):
        state = await store.read(key)
        breaker = Endpoint.from_json(state).breaker if state else None
        if breaker is not None and breaker.opened:
            parts = key.removeprefix(ENDPOINT).split("|")
            since, until = (datetime.fromtimestamp(at, UTC) for at in (breaker.changed, breaker.until))
            found.append(OpenCircuit(parts[0], parts[-1], breaker.reason, since, max(until, now), breaker.opened))
    return sorted(found, key=lambda one: (one.connection, one.model))
