"""From a route and the connections that exist to the targets that a call may ask. Imports no Airflow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from llm_orchestration.connections import ConnectionFacts, bind
from llm_orchestration.errors import ConnectionMissingError
from llm_orchestration.model import Attempt
from llm_orchestration.prices import price_of
from llm_orchestration.providers import OfflineProvider, ScriptedProvider
from llm_orchestration.providers.offline import NO_MODEL
from llm_orchestration.routes import Budgets, Route, Routes, TargetSpec
from llm_orchestration.targets import Target


@dataclass(frozen=True)
class Plan:
    """What a route can ask right now.

    Args:
        route: The route.
        bound: Its targets whose connection exists, in the order of the file, each with the spec that it came from.
        skipped: The others, as the record of a call shows them.
        budgets: Limits that hold for all routes together.
    """

    route: Route
    bound: tuple[tuple[TargetSpec, Target], ...]
    skipped: tuple[Attempt, ...]
    budgets: Budgets

    @property
    def targets(self) -> tuple[Target, ...]:
        """The targets in the order of the file."""
        return tuple(target for _, target in self.bound)

    @property
    def offline(self) -> bool:
        """Whether there is no model at all."""
        return self.targets[0].connection is None

    def ordered(self, seed: Callable[[], str]) -> tuple[Target, ...]:
        """The targets in the order in which one call asks them; weights decide by the seed, when there are any."""
        if not any(spec.weight is not None for spec, _ in self.bound):
            return self.targets
        by_spec = {id(spec): target for spec, target in self.bound}
        return tuple(by_spec[id(spec)] for spec in self.route.ordered(seed()) if id(spec) in by_spec)


def make_plan(
    routes: Routes,
    route: Route,
    found: Mapping[str, ConnectionFacts | None],
    scripted: dict[str, ScriptedProvider],
) -> Plan:
    """Binds the targets of a route. May read the price list, which takes a moment the first time.

    Args:
        routes: The file that the route stands in.
        route: The route.
        found: Each connection of its targets, `None` for one that does not exist.
        scripted: Scripted providers that play on from call to call, by connection.

    Raises:
        ConnectionMissingError: No connection exists and the route says `fail`.
        ConfigurationError: A connection exists but cannot be used.
    """
    missing = tuple(connection for connection, facts in found.items() if facts is None)
    bound: list[tuple[TargetSpec, Target]] = []
    for spec in route.targets:
        facts = None if spec.offline else found[spec.connection]
        if facts is not None:
            bound.append((spec, _target(routes, spec, facts, scripted)))
    if not bound and route.without_connection == "fail":
        raise ConnectionMissingError(
            f"route {route.name!r} needs the Airflow connection {' or '.join(missing)}; add it (type LLM) or set "
            f"AIRFLOW_CONN_{missing[0].upper()}",
            connection=missing[0],
        )
    if not bound or route.fallback_offline:
        bound.append((route.targets[-1], Target(None, OfflineProvider(missing), NO_MODEL)))
    skipped = tuple(
        Attempt(connection, NO_MODEL, "skipped", reason="the connection does not exist") for connection in missing
    )
    return Plan(route, tuple(bound), skipped, routes.budgets)


def connections_of(route: Route) -> tuple[str, ...]:
    """The Airflow connections that a route may use, each once."""
    return tuple(dict.fromkeys(spec.connection for spec in route.targets if not spec.offline))


def _target(
    routes: Routes, spec: TargetSpec, facts: ConnectionFacts, scripted: dict[str, ScriptedProvider]
) -> Target:
    model = spec.model or facts.model
    full = spec if model is None else spec.with_profile(routes.profile(model))
    target = bind(full, facts, scripted)
    if target.price is not None or isinstance(target.provider, ScriptedProvider):
        return target
    host = getattr(target.provider, "host", None)
    listed = price_of(host, target.provider.name, target.model, batch=target.submit == "batch")
    return replace(target, price=listed)
