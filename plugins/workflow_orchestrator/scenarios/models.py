"""How a step is answered in process: by a script, by the models that the environment names, or offline. No Airflow.

a try with replies or a fault of the model   ScriptedModel behind the real engine: schema check, question back, journal, cost
otherwise, in a scenario                     offline, as if no connection existed
otherwise, in a run from the command line    the route's models whose AIRFLOW_CONN_… is set, else offline
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from workflow_orchestrator.definition.raises import error_classes
from workflow_orchestrator.scenarios.model import Fault, Prices, Replies
from workflow_orchestrator.steps.budget import spent_money
from workflow_orchestrator.steps.work import Work

if TYPE_CHECKING:
    from llm_orchestration import LLMRequest, LLMResult
    from llm_orchestration.connections import ConnectionFacts
    from llm_orchestration.model import Answer
    from llm_orchestration.providers.base import Call
    from llm_orchestration.routes import Route
    from llm_orchestration.targets import Target

MODEL = "scenario"
"""The id of the scripted model, in reports and manifests."""

Find = Callable[[str], "ConnectionFacts | None"]
"""Finds a connection by its id."""


def no_connection(_: str) -> None:
    """Finds none, so that every route works offline."""
    return


def from_environment(connection: str) -> ConnectionFacts | None:
    """The connection that `AIRFLOW_CONN_<ID>` holds, as JSON or as a URI.

    Raises:
        ConfigurationError: it is neither, or cannot be used; the message names the connection.
    """
    from llm_orchestration import ConfigurationError
    from llm_orchestration.connections import read_connection

    name = f"AIRFLOW_CONN_{connection.upper()}"
    text = os.environ.get(name, "").strip()
    if not text:
        return None
    try:
        given = _from_json(text) if text.startswith("{") else _from_uri(text)
    except (ValueError, TypeError):
        # Without the text: it holds a key.
        problem = f"{name} is neither a JSON object nor a URI; write it as Airflow's documentation of connections shows"
    else:
        return read_connection(connection, given, given.extra)
    raise ConfigurationError(problem, connection=connection)


def _from_json(text: str) -> Any:
    data = json.loads(text)
    extra = data.get("extra") or {}
    return SimpleNamespace(
        conn_type=data.get("conn_type"),
        host=data.get("host"),
        port=data.get("port"),
        schema=data.get("schema"),
        login=data.get("login"),
        password=data.get("password"),
        extra=json.loads(extra) if isinstance(extra, str) else extra,
    )


def _from_uri(text: str) -> Any:
    parts = urlsplit(text)
    if not parts.scheme:
        raise ValueError("a URI begins with a scheme")
    query = dict(parse_qsl(parts.query))
    extra = query.pop("__extra__", None)

    def plain(value: str | None) -> str | None:
        return None if value is None else unquote(value)

    return SimpleNamespace(
        conn_type=parts.scheme.replace("-", "_"),
        host=plain(parts.hostname),
        port=parts.port,
        schema=plain(parts.path.lstrip("/")) or None,
        login=plain(parts.username),
        password=plain(parts.password),
        extra=json.loads(extra) if extra else query,
    )


class ScriptedModel:
    """Plays the answers, or the fault, of one try. Its identity is the scenario's, so the journal finds what an earlier try was told."""

    name = "scripted"

    def __init__(self, scenario: str, event: Replies | Fault) -> None:
        self._scenario = scenario
        self._event = event
        self._used = 0

    @property
    def identity(self) -> Mapping[str, str]:
        return {"provider": self.name, "scenario": self._scenario}

    @property
    def left(self) -> int:
        """How many answers nobody asked for."""
        return 0 if isinstance(self._event, Fault) else len(self._event.answers) - self._used

    def answer(self, call: Call) -> Answer:
        """The next answer of the try.

        Raises:
            LLMError: the fault of the try.
            ScriptedRepliesError: the step asks more often than the scenario answers.
        """
        from llm_orchestration.errors import ScriptedRepliesError
        from llm_orchestration.model import Answer, Usage

        if isinstance(self._event, Fault):
            raise made_error(self._event)
        if self._used >= len(self._event.answers):
            raise ScriptedRepliesError(
                f"{call.purpose} asks for answer {self._used + 1} in try {call.attempt}, and the scenario has {self._used}; "
                "list what the model answers to the question back, or let the first answer be a good one"
            )
        value = self._event.answers[self._used]
        self._used += 1
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        return Answer(text, Usage(*(self._event.tokens or (None, None))), call.model, finish_reason="stop")


def made_error(fault: Fault) -> Exception:
    """The error of a fault, as its class makes it.

    Raises:
        KeyError: no error has that name.
    """
    message = fault.message or f"{fault.error}, as the scenario says"
    cls: Any = error_classes()[fault.error][0]
    if fault.retry_after is not None:
        made: Exception = cls(message, retry_after=fault.retry_after)
        return made
    try:
        return cls(message)  # type: ignore[no-any-return]  # a class of one of the two trees
    except TypeError:
        # Errors that are made of a file and a list of what is wrong in it.
        return cls("the scenario", [message])  # type: ignore[no-any-return]


def is_models(error: str) -> bool:
    """Whether an error class is one of a model call."""
    from llm_orchestration import LLMError

    return all(issubclass(cls, LLMError) for cls in error_classes()[error])


@dataclass(frozen=True, slots=True)
class Asking:
    """Asks along the routes of a project.

    Args:
        find: finds connections.
        prices: what the scripted model costs; `None`: unknown.
    """

    find: Find = no_connection
    prices: Prices | None = None

    def ask(self, work: Work, route: str, request: LLMRequest, scripted: ScriptedModel | None) -> LLMResult:
        """One checked answer along a route, from a script where there is one.

        Raises:
            LLMError: the call failed; the class says whether a retry helps.
        """
        from llm_orchestration.planning import connections_of, make_plan
        from llm_orchestration.routes import load_routes

        routes = load_routes(work.workflow.platform_include / "llm.yaml")
        chosen = routes.get(route)
        if scripted is not None:
            return self._converse(work, chosen, request, (self._scripted(chosen, scripted),))
        found = {name: self.find(name) for name in connections_of(chosen)}
        plan = make_plan(routes, chosen, found, {})
        targets = plan.ordered(lambda: f"{work.run.run_id}/{request.purpose}")
        return self._converse(work, chosen, request, targets)

    def _scripted(self, route: Route, model: ScriptedModel) -> Target:
        from llm_orchestration.pricing import Price
        from llm_orchestration.targets import Target

        limit = next((spec.max_output_tokens for spec in route.targets if spec.max_output_tokens), None)
        price = None if self.prices is None else Price(self.prices.read, self.prices.written)
        return Target(MODEL, model, MODEL, max_output_tokens=limit, price=price)

    def _converse(self, work: Work, route: Route, request: LLMRequest, targets: tuple[Target, ...]) -> LLMResult:
        from llm_orchestration import Spending
        from llm_orchestration.engine import Conversation
        from llm_orchestration.places import open_journal
        from llm_orchestration.providers.base import RemoteProvider
        from llm_orchestration.traffic.default import default_gate

        limit, run = work.workflow.budget, work.run.root
        left = None
        if limit.usd is not None:
            left = max(Decimal(0), limit.usd - spent_money(work.run, work.workflow, work.report))
        remote = any(isinstance(target.provider, RemoteProvider) for target in targets)
        capped = limit.usd is not None or limit.tokens is not None
        journal = None if route.journal == "off" else run.storage.uri_of(f"{run.prefix}/journal")
        return Conversation(
            request=request,
            targets=targets,
            route=route.name,
            deadline=_deadline(route, work),
            store=open_journal(journal),
            budget_usd=left,
            gate=default_gate(None) if remote else None,
            wait=route.wait,
            budgets=(Spending(f"run:{run.prefix}", limit.usd, limit.tokens),) if capped else (),
        ).run()


def _deadline(route: Route, work: Work) -> timedelta:
    own = work.step.execution.call_timeout
    return route.deadline if own is None else min(route.deadline, own)
