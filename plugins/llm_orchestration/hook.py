"""The hook that steps use: one question, one checked answer or one typed error. Retries belong to Airflow.

The hook reads Airflow connections when it is called and never when it is built, so that a DAG file can build one. It
makes one HTTP attempt per target; `LLMRetryPolicy` tells Airflow what the error means.
"""

from __future__ import annotations

import asyncio
import functools
import hashlib
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException

from llm_orchestration import _bridge
from llm_orchestration._lookup import aconfirm_absent, confirm_absent
from llm_orchestration.connections import ConnectionFacts, bind, read_connection
from llm_orchestration.engine import Conversation, is_outage
from llm_orchestration.errors import (
    ConfigurationError,
    LLMError,
)
from llm_orchestration.journal import Journal
from llm_orchestration.model import LLMRequest, LLMResult, Message
from llm_orchestration.planning import Plan, connections_of, make_plan
from llm_orchestration.providers import ScriptedProvider
from llm_orchestration.providers.base import ProbedProvider
from llm_orchestration.routes import Route, Routes, TargetSpec, load_routes
from llm_orchestration.submission import JobBook
from llm_orchestration.targets import Target
from llm_orchestration.traffic.contract import Gate, Spending
from llm_orchestration.traffic.default import default_gate

if TYPE_CHECKING:
    from pydantic import BaseModel

Accept = Callable[[Any], object]

_TEST_TIMEOUT = timedelta(seconds=10)
# Short enough for a rotated key and a new connection to be seen by a hook that lives long.
_PLAN_AGE = timedelta(seconds=60)


@dataclass(frozen=True)
class Mode:
    """How a route works right now.

    Args:
        kind: `model` or `offline`.
        description: One sentence for people.
    """

    kind: Literal["model", "offline"]
    description: str


class LLMHook(BaseHook):
    """Asks the models of a route.

    Args:
        route: Alias in `include/llm.yaml`.
        llm_conn_id: One Airflow connection to use instead of the route's targets; it must exist.
        routes_path: Another route file; by default `[llm_orchestration] routes_path`, then `include/llm.yaml`.
        journal: Where answers are kept, so that a retry does not pay again.
        deadline: Time for one call with all its targets, instead of the route's.
        budget_usd: The most that all calls of this hook may cost together. Held only where the price is known.
        run: Name of the run that the calls belong to. Gives the run's budget its scope and decides, with the purpose
            and the first question of a call, which weighted target is asked first.
        budgets: Budgets that the calls count against beside those of the route file.
        deferred: Whether the caller waits without holding a worker slot; then a call may wait longer for its turn.
        gate: Limits, breaker and shared budgets; by default the one of this process.
        jobs: Where ids of submitted jobs are kept.
        logger_name: Logger name, as for every Airflow hook.
    """

    conn_name_attr = "llm_conn_id"
    default_conn_name = "llm_default"
    conn_type = "llm"
    hook_name = "LLM (OpenAI-compatible)"

    def __init__(
        self,
        route: str = "extraction",
        llm_conn_id: str | None = None,
        routes_path: str | None = None,
        *,
        journal: Journal | None = None,
        deadline: timedelta | None = None,
        budget_usd: Decimal | None = None,
        run: str | None = None,
        budgets: Sequence[Spending] = (),
        deferred: bool = False,
        gate: Gate | None = None,
        jobs: JobBook | None = None,
        logger_name: str | None = None,
    ) -> None:
        super().__init__(logger_name=logger_name)
        self.route = route
        self.llm_conn_id = llm_conn_id
        self.routes_path = routes_path
        self.deadline = deadline
        self.budget_usd = budget_usd
        self.spent_usd = Decimal(0)
        self.run = run
        self.budgets = tuple(budgets)
        self.deferred = deferred
        self._gate = gate
        self._jobs = jobs
        self._journal = journal
        self._scripted: dict[str, ScriptedProvider] = {}
        self._planned: tuple[float, Plan] | None = None

    def chat(self, request: LLMRequest) -> LLMResult:
        """Asks for text.

        Raises:
            LLMError: The class says what happened and whether a retry helps.
        """
        return self._run(_text_only(request))

    def structured(self, request: LLMRequest, output: type[BaseModel] | None = None) -> LLMResult:
        """Asks for JSON that fits `request.schema`; the checked value is `result.data`.

        Args:
            request: The question.
            output: A pydantic model whose schema is asked for when the request has none, and whose validators the
                answer must pass as well. `output.model_validate(result.data)` makes the object.

        Raises:
            LLMError: As for `chat`, and `InvalidOutputError` when the answer still breaks the schema after one
                question back.
        """
        return self._run(_with_schema(request, output), _accept(output))

    def complete(
        self,
        prompt: str,
        *,
        system: str | None = None,
        purpose: str = "complete",
        temperature: float | None = None,
        max_output_tokens: int | None = None,
        offline: Callable[[], object] | None = None,
    ) -> LLMResult:
        """Asks for the completion of one prompt; `chat` in short."""
        return self.chat(_single(prompt, system, purpose, temperature, max_output_tokens, offline))

    async def achat(self, request: LLMRequest) -> LLMResult:
        """`chat` on the running event loop."""
        return await self._arun(_text_only(request))

    async def astructured(self, request: LLMRequest, output: type[BaseModel] | None = None) -> LLMResult:
        """`structured` on the running event loop."""
        return await self._arun(_with_schema(request, output), _accept(output))

    async def acomplete(
        self,
        prompt: str,
        *,
        system: str | None = None,
        purpose: str = "complete",
        temperature: float | None = None,
        max_output_tokens: int | None = None,
        offline: Callable[[], object] | None = None,
    ) -> LLMResult:
        """`complete` on the running event loop."""
        return await self.achat(_single(prompt, system, purpose, temperature, max_output_tokens, offline))

    def without_model(self, request: LLMRequest, after: LLMError) -> LLMResult:
        """The end of a route that goes on without a model, for a caller who asked elsewhere.

        Args:
            request: The question, with its `offline` routine.
            after: What the route's models ended with.

        Raises:
            LLMError: `after`, when the route ends there or the failure is the caller's to mend.
        """
        plan = self._plan()
        if not (plan.route.fallback_offline and is_outage(after) and request.offline):
            raise after
        conversation = self._conversation(request, plan, None)
        return replace(conversation, targets=plan.targets[-1:], skipped=after.attempts).run()

    def mode(self) -> Mode:
        """Whether the route has a model right now, in words for the UI and the terminal.

        Raises:
            ConnectionMissingError: No connection exists and the route says `fail`.
            ConfigurationError: A connection exists but cannot be used.
        """
        plan = self._plan()
        if plan.offline:
            wanted = ", ".join(attempt.connection for attempt in plan.skipped)
            return Mode(
                "offline",
                f"Offline: no LLM connection is configured (looked for {wanted}), so every step works without a "
                "model, by its own built-in routine.",
            )
        first, *others = [target for target in plan.targets if target.connection is not None]
        if isinstance(first.provider, ScriptedProvider):
            return Mode("model", f"Scripted replies from connection {first.connection}; no model is asked.")
        place = getattr(first.provider, "host", "") or first.provider.name
        more = f", then {len(others)} more" if others else ""
        return Mode("model", f"Model {first.model} at {place} through connection {first.connection}{more}.")

    def get_conn(self) -> Target:
        """The first target of the route, with its connection read."""
        return self._plan().targets[0]

    def test_connection(self) -> tuple[bool, str]:
        """Asks the connection's endpoint a question that costs nothing, and says what that proved. Airflow's Test button."""
        connection = self.llm_conn_id or self.default_conn_name
        try:
            found = self._find(connection)
            if found is None:
                return False, f"The connection {connection} does not exist."
            target = bind(TargetSpec(connection), found, self._scripted, model_required=False)
            if isinstance(target.provider, ScriptedProvider):
                return True, f"Scripted replies for {', '.join(target.provider.purposes)}; no model is asked."
            if not isinstance(target.provider, ProbedProvider):
                return False, f"A {target.provider.name} provider cannot be tested."
            return True, _bridge.run(target.provider.probe(target.model, _TEST_TIMEOUT))
        except LLMError as error:
            return False, str(error)

    def _run(self, request: LLMRequest, accept: Accept | None = None) -> LLMResult:
        return self._spend(self._conversation(request, self._plan(), accept).run)

    async def _arun(self, request: LLMRequest, accept: Accept | None = None) -> LLMResult:
        plan = await self._aplan()
        try:
            result = await self._conversation(request, plan, accept).arun()
        except LLMError as error:
            self.spent_usd += error.cost_usd or Decimal(0)
            raise
        return self._paid(result)

    def _spend(self, call: Callable[[], LLMResult]) -> LLMResult:
        try:
            return self._paid(call())
        except LLMError as error:
            self.spent_usd += error.cost_usd or Decimal(0)
            raise

    def _paid(self, result: LLMResult) -> LLMResult:
        self.spent_usd += result.cost_usd or Decimal(0)
        return result

    def _conversation(self, request: LLMRequest, plan: Plan, accept: Accept | None) -> Conversation:
        if not self.deferred and any(target.submit == "batch" for target in plan.targets):
            raise ConfigurationError(
                f"route {plan.route.name!r} has a target with submit: batch, which answers within a day; only a deferred "
                "call can wait for it"
            )
        listed = plan.budgets.spendings(day=datetime.now(UTC).date(), run=self.run)
        return Conversation(
            request=request,
            targets=plan.ordered(functools.partial(_seed, self.run, request)),
            route=plan.route.name,
            deadline=self.deadline or plan.route.deadline,
            store=self._journal,
            budget_usd=None if self.budget_usd is None else self.budget_usd - self.spent_usd,
            skipped=() if plan.offline else plan.skipped,
            gate=self._shared_gate(),
            wait=plan.route.deferred_wait if self.deferred else plan.route.wait,
            budgets=(*self.budgets, *listed),
            accept=accept,
            jobs=self._jobs,
        )

    def _shared_gate(self) -> Gate:
        if self._gate is None:
            self._gate = default_gate(state_url())
        return self._gate

    def _routes(self) -> tuple[Routes, Route]:
        from airflow.sdk.configuration import conf

        path = self.routes_path or conf.get("llm_orchestration", "routes_path", fallback=None)
        routes = load_routes(path)
        route = routes.get(self.route)
        return routes, route if self.llm_conn_id is None else route.only(self.llm_conn_id)

    def _plan(self) -> Plan:
        if (known := self._fresh_plan()) is not None:
            return known
        routes, route = self._routes()
        found = {connection: self._find(connection) for connection in connections_of(route)}
        return self._keep(make_plan(routes, route, found, self._scripted))

    async def _aplan(self) -> Plan:
        if (known := self._fresh_plan()) is not None:
            return known
        routes, route = self._routes()
        found = {connection: await self._afind(connection) for connection in connections_of(route)}
        # In a thread: the first look at the price list would hold up everybody on the loop.
        return self._keep(await asyncio.to_thread(make_plan, routes, route, found, self._scripted))

    def _keep(self, plan: Plan) -> Plan:
        self._planned = (time.monotonic(), plan)
        return plan

    def _fresh_plan(self) -> Plan | None:
        """The last plan while it is young: in a task each connection costs a round trip to the API server."""
        if self._planned is None or time.monotonic() - self._planned[0] > _PLAN_AGE.total_seconds():
            return None
        return self._planned[1]

    def _find(self, connection: str) -> ConnectionFacts | None:
        try:
            found = self.get_connection(connection)
        except AirflowNotFoundException:
            found = None
        if found is not None:
            return read_connection(connection, found, found.extra_dejson)
        confirm_absent(connection)
        return None

    async def _afind(self, connection: str) -> ConnectionFacts | None:
        try:
            found = await self.aget_connection(connection)
        except AirflowNotFoundException:
            found = None
        if found is None:
            await aconfirm_absent(connection)
            return None
        extra = await found.aextra_dejson() if hasattr(found, "aextra_dejson") else found.extra_dejson
        return read_connection(connection, found, extra)


class LLMAzureHook(LLMHook):
    """`LLMHook` under the name of its Azure connection type."""

    conn_type = "llm_azure"
    hook_name = "LLM (Azure OpenAI)"


class LLMBedrockHook(LLMHook):
    """`LLMHook` under the name of its Bedrock connection type."""

    conn_type = "llm_bedrock"
    hook_name = "LLM (Amazon Bedrock)"


def _seed(run: str | None, request: LLMRequest) -> str:
    """What draws the target of a call: the same for its retry and for the next turns of its conversation."""
    question = next(message.content for message in request.messages if message.role == "user")
    return f"{run}|{request.purpose}|{hashlib.sha256(question.encode()).hexdigest()}"


def state_url() -> str:
    """Where limits, breaker and budgets are shared: `[llm_orchestration] state_url`, else a file in Airflow's home."""
    from airflow.sdk.configuration import conf

    home = Path(os.environ.get("AIRFLOW_HOME") or "~/airflow").expanduser()
    return conf.get("llm_orchestration", "state_url", fallback=None) or (home / "llm" / "state.db").absolute().as_uri()


def _text_only(request: LLMRequest) -> LLMRequest:
    if request.schema is not None:
        raise ConfigurationError(f"{request.purpose}: the request has a schema; call structured()")
    return request


def _accept(output: type[BaseModel] | None) -> Accept | None:
    return None if output is None else output.model_validate


def _with_schema(request: LLMRequest, output: type[BaseModel] | None) -> LLMRequest:
    if request.schema is None and output is not None:
        return replace(request, schema=output.model_json_schema(), schema_name=output.__name__)
    if request.schema is None:
        raise ConfigurationError(f"{request.purpose}: the request has no schema; call chat() or set one")
    return request


def _single(
    prompt: str,
    system: str | None,
    purpose: str,
    temperature: float | None,
    max_output_tokens: int | None,
    offline: Callable[[], object] | None,
) -> LLMRequest:
    messages = (Message("user", prompt),) if system is None else (Message("system", system), Message("user", prompt))
    return LLMRequest(
        messages,
        temperature=temperature,
        max_output_tokens=max_output_tokens,
        purpose=purpose,
        offline=offline,
    )
