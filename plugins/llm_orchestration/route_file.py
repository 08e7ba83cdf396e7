"""The language of `include/llm.yaml`: its keys, their types and what they mean, written once.

`read_routes` checks a file with it; `llm_json_schema` turns it into `docs/llm.schema.json` for editors. What a schema
cannot say (a route that leads back to itself, an answer longer than the model can write) is in `_route_checks.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, get_args

from llm_orchestration import _yaml
from llm_orchestration._route_checks import Draft, Item, checked_models, checked_routes
from llm_orchestration._shapes import (
    Choice,
    Count,
    Dollars,
    Entry,
    Flag,
    Found,
    ListOf,
    MapOf,
    Record,
    Seconds,
    Text,
)
from llm_orchestration._yaml import Node, Problems, Scalar
from llm_orchestration.errors import RouteConfigError
from llm_orchestration.pricing import Price
from llm_orchestration.routes import (
    OMITTABLE,
    Api,
    Budget,
    Budgets,
    JournalScope,
    Routes,
    TargetSpec,
    WithoutConnection,
)
from llm_orchestration.targets import StructuredOutput, Submit
from llm_orchestration.traffic.contract import Limits

# A batch may take a day; its route needs a deadline to match.
_MAX_DEADLINE = 172_800
_MAX_WAIT = 3_600
_MAX_DEFERRED_WAIT = 604_800

_ALIAS = Text("[a-z][a-z0-9_]{0,63}", "small letters, digits and _, a letter first", 64)
_WORD = Text()

_STRUCTURED = Choice(get_args(StructuredOutput))
_OMIT = ListOf(Choice(OMITTABLE), at_least=0)

PRICE = Record(
    {
        "input": Entry(Dollars(), "US dollars per million input tokens.", required=True),
        "output": Entry(Dollars(), "US dollars per million output tokens, reasoning included.", required=True),
        "cached_input": Entry(Dollars(), "US dollars per million input tokens from the provider's cache."),
    }
)

LIMITS = {
    "concurrency": Entry(
        Count(), "Requests in flight at the same time. Holds for connection and model in every route."
    ),
    "requests_per_minute": Entry(Count(), "Requests in any 60 seconds. Holds for connection and model in every route."),
    "tokens_per_minute": Entry(
        Count(), "Input plus output tokens in any 60 seconds. Holds for connection and model in every route."
    ),
}

TARGET = Record(
    {
        "connection": Entry(_WORD, "Name an Airflow connection, for example llm_default.", required=True),
        "model": Entry(_WORD, "Model id, instead of the connection's."),
        "api": Entry(Choice(get_args(Api)), "Which OpenAI API, instead of the connection's: chat or responses."),
        "max_output_tokens": Entry(Count(), "Output limit when the step states none."),
        "context_window": Entry(Count(), "Tokens of prompt plus answer; a longer prompt goes on to a larger window."),
        "timeout_seconds": Entry(Seconds(_MAX_DEADLINE), "The most that this target may use of the deadline."),
        "price_per_million_tokens": Entry(PRICE, "Price, instead of the connection's or the vendor's list."),
        "omit": Entry(_OMIT, "Parameters that are refused there and therefore not sent."),
        "weight": Entry(Count(0, 1_000_000), "Share of the calls that ask this target first. 0 is a reserve."),
        **LIMITS,
        "structured_output": Entry(_STRUCTURED, "How the model is held to a schema, instead of its profile's way."),
        "submit": Entry(
            Choice(get_args(Submit)),
            "call waits for the answer; background (api: responses) and batch submit and ask for it later.",
        ),
    }
)

NESTED = Record({"route": Entry(_ALIAS, "Another route, whose targets are asked in this place.", required=True)})


@dataclass(frozen=True, slots=True)
class _Target:
    """An item of `targets`: a model, another route, or the word `offline`."""

    def read(self, node: Node, path: str, problems: Problems) -> Item | None:
        if isinstance(node, Scalar) and node.text == "offline":
            return Item(node.mark, path, offline=True)
        if not isinstance(node, _yaml.Mapping):
            told = f"must be a mapping with connection or route, or the word offline, not {_yaml.said(node)}"
            problems.add(node.mark, path, told)
            return None
        nested = "route" in node.entries and "connection" not in node.entries
        found = (NESTED if nested else TARGET).read(node, path, problems)
        if found is None:
            return None
        if nested:
            return Item(node.mark, path, found=found, route=found.get("route"))
        return Item(node.mark, path, found=found, spec=_spec(found, problems))

    def schema(self) -> dict[str, Any]:
        return {"anyOf": [TARGET.schema(), NESTED.schema(), {"const": "offline"}]}


ROUTE = Record(
    {
        "targets": Entry(ListOf(_Target()), "List what is asked, in order.", required=True),
        "without_connection": Entry(
            Choice(get_args(WithoutConnection)),
            "Say what a step does when none of the connections exists: offline or fail.",
            required=True,
        ),
        "deadline_seconds": Entry(
            Seconds(_MAX_DEADLINE), "Time for a whole call; of a nested route only the outer one's counts."
        ),
        "wait_seconds": Entry(Seconds(_MAX_WAIT, zero=True), "Longest wait for a turn while a worker slot is held."),
        "deferred_wait_seconds": Entry(
            Seconds(_MAX_DEFERRED_WAIT, zero=True), "Longest wait for a turn of a deferred call, which holds no slot."
        ),
        "journal": Entry(
            Choice(get_args(JournalScope)), "Who finds an answer again: the tries of one run, every run, or nobody."
        ),
    }
)

PROFILE = Record(
    {
        "structured_output": Entry(_STRUCTURED, "The strictest way that holds the model to a schema."),
        "files": Entry(Flag(), "Whether it reads files beside text."),
        "context_window": Entry(Count(), "Tokens of prompt plus answer."),
        "max_output_tokens": Entry(Count(), "The longest answer that it can write."),
        "omit": Entry(_OMIT, "Parameters that it refuses."),
    }
)

BUDGET = Record(
    {
        "usd": Entry(Dollars(), "US dollars. Held only for calls with a known price."),
        "tokens": Entry(Count(0, 1_000_000_000_000), "Input plus output tokens."),
    }
)

FILE = Record(
    {
        "format": Entry(Count(1, 1), "Write format: 1, the version of this language.", required=True),
        "budgets": Entry(
            Record(
                {
                    "day": Entry(BUDGET, "For each calendar day in UTC, all routes together."),
                    "run": Entry(BUDGET, "For each DAG run, all routes together."),
                }
            ),
            "Limits that stop the next call before it is made.",
        ),
        "models": Entry(
            MapOf(PROFILE, Text(says="a model id or a pattern with *, ? or […]")),
            "What a model can do, by pattern of its id; the first one that matches.",
        ),
        "routes": Entry(MapOf(ROUTE, _ALIAS), "Define at least one route.", required=True),
    }
)


def llm_json_schema() -> dict[str, Any]:
    """The JSON Schema of `llm.yaml`, for editors."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "llm.yaml",
        "description": "Model routes. Written by scripts/make_schema.py; do not edit.",
        **FILE.schema(),
    }


def read_routes(text: str, source: str) -> Routes:
    """Reads and checks the text of a route file.

    Raises:
        RouteConfigError: Lists every problem.
    """
    problems = Problems(source)
    node = _yaml.read(text, problems)
    found = None if node is None else FILE.read(node, "", problems)
    if found is not None:
        budgets = _budgets(found.get("budgets"), problems)
        models = checked_models(found.get("models", {}), problems)
        routes = checked_routes(_drafts(found), models, problems)
        if not problems:
            return Routes(source, routes, budgets, models)
    raise RouteConfigError(source, tuple(problems.lines()))


def _drafts(found: Found) -> dict[str, Draft]:
    routes: dict[str, Found] = found.get("routes", {})
    return {name: Draft(name, route, tuple(route.get("targets", ()))) for name, route in routes.items()}


def _budgets(found: Found | None, problems: Problems) -> Budgets:
    budgets: dict[str, Budget] = {}
    for scope, limits in ({} if found is None else found.values).items():
        if not limits.node.entries:
            problems.add(limits.node.mark, limits.path, "is empty", "state usd, tokens or both")
        elif limits.values:
            budgets[scope] = Budget(**limits.values)
    return Budgets(**budgets)


def _spec(found: Found, problems: Problems) -> TargetSpec | None:
    """The target, `None` when it cannot be one."""
    if found.get("submit") == "background" and found.get("api") == "chat":
        problems.add(*found.at("submit"), "is background, which api: chat does not have", "use api: responses")
        return None
    if "connection" not in found.values:
        return None
    price = found.get("price_per_million_tokens")
    taken = (
        "connection",
        "model",
        "api",
        "max_output_tokens",
        "context_window",
        "weight",
        "structured_output",
        "submit",
    )
    return TargetSpec(
        timeout=found.get("timeout_seconds"),
        price=Price(**price.values) if price is not None and {"input", "output"} <= price.values.keys() else None,
        omit=frozenset(found.get("omit", ())),
        limits=Limits(**{name: value for name, value in found.values.items() if name in LIMITS}),
        **{name: value for name, value in found.values.items() if name in taken},
    )
