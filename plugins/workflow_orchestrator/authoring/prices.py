"""What stands behind a route here and now: targets with their prices, as far as they are known without Airflow.

--price IN/OUT   ─► holds for every target that has no price of its own
--model ID       ─► its public list price, the same way
price_per_million_tokens of the target in include/llm.yaml
AIRFLOW_CONN_<ID> in the environment: its price, or the vendor's list price of its model
none of these    ─► unknown, which is not zero
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from workflow_orchestrator.authoring.exits import UsageError

if TYPE_CHECKING:
    from llm_orchestration import Price, Route, Routes

OPENAI_HOST, OPENAI = "api.openai.com", "openai_compatible"


@dataclass(frozen=True, slots=True)
class Priced:
    """One target of a route: its connection, its limits and its price; `model` is empty where only the connection knows it."""

    connection: str
    model: str
    price: Price | None
    max_output_tokens: int | None
    context_window: int | None


def assumed(price: str | None, model: str | None) -> Price | None:
    """The price that the command line states for targets without one.

    Raises:
        UsageError: it is no price, or no list knows the model.
    """
    from llm_orchestration.prices import price_of
    from llm_orchestration.pricing import Price

    if price and model:
        raise UsageError("say --price or --model, not both")
    if model:
        found = price_of(OPENAI_HOST, OPENAI, model)
        if found is None:
            raise UsageError(f"no public price is known for the model {model!r}; state one with --price IN/OUT")
        return found
    if not price:
        return None
    try:
        amounts = [Decimal(part) for part in price.split("/")]
        if len(amounts) != 2:
            raise UsageError(f"--price {price!r}: write dollars per million tokens, read/written, such as 0.40/1.60")
        return Price(amounts[0], amounts[1])
    except (InvalidOperation, ValueError):
        raise UsageError(
            f"--price {price!r}: write dollars per million tokens, read/written, such as 0.40/1.60"
        ) from None


def targets(routes: Routes, route: Route, assume: Price | None) -> tuple[Priced, ...]:
    """The models that a route may ask, in order.

    Raises:
        LLMError: a connection of the environment cannot be used.
    """
    return tuple(_target(routes, spec, assume) for spec in route.targets if not spec.offline)


def _target(routes: Routes, spec: Any, assume: Price | None) -> Priced:
    from llm_orchestration.prices import price_of
    from workflow_orchestrator.scenarios.models import from_environment

    facts = from_environment(spec.connection)
    model = spec.model or (facts.model if facts else None) or ""
    full = spec.with_profile(routes.profile(model)) if model else spec
    price = full.price or (facts.price if facts else None)
    if price is None and facts is not None and facts.script is None and model:
        provider = facts.provider(spec.api)
        price = price_of(getattr(provider, "host", None), provider.name, model, batch=spec.submit == "batch")
    return Priced(spec.connection, model, price or assume, full.max_output_tokens, full.context_window)
