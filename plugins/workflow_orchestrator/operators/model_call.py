"""How a step asks the LLM layer: prompt from `include/prompts`, journal in the storage, one entry in the report.

A step asks in the middle of its work. Where Airflow defers (`[operators] default_deferrable`), the worker leaves while the
model thinks, and another stint does the step's work again from its start: every answer that is there already is read from the
run's folder, so the stint comes to the first question that has none, or to the end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.errors import ScriptError
from workflow_orchestrator.operators.base import Work, spent_money

if TYPE_CHECKING:
    from llm_orchestration import LLMRequest, LLMResult, Prompt
    from llm_orchestration.exchange import DeferredCall, Exchange

RESUME = "resume"
"""The method of a step that goes on after a wait."""


def ask_model(
    work: Work,
    *,
    route: str,
    prompt: Path,
    workflow: Workflow,
    variables: Mapping[str, Any],
    schema: Mapping[str, Any],
    offline: Callable[[], Any],
    check: Callable[[Any], object] | None = None,
) -> LLMResult:
    """One structured call along a route.

    `offline` answers when the route has no model. `check` is the caller's own judgement of a model's answer: the findings of
    a `ScriptError` that it raises go back to the model once, word for word; the second answer is the caller's to judge.

    Raises:
        TaskDeferred: the worker leaves until the answer is there; the step goes on in `resume`.
        LLMError: whatever the call ended with; the class says whether a retry helps.
    """
    from llm_orchestration import Prompt

    prompts = workflow.include / "prompts"
    template = Prompt.load(prompt.relative_to(prompts), search_path=prompts)
    purpose = str(work.context["ti"].task_id)
    request = template.request(
        variables,
        purpose=purpose,
        schema=schema,
        schema_name=purpose,
        offline=offline,
        attempt=work.context["ti"].try_number,
    )
    asking = _Asking(work, workflow, route)
    result = asking.ask(request)
    _note(work, route, template, result)
    if check is None or result.provider == "offline":
        return result
    try:
        check(result.data)
    except ScriptError as error:
        result = asking.ask(_again(request, result, error))
        _note(work, route, template, result)
    return result


class _Asking:
    """The calls of one step along one route: where their files lie, and what they may cost."""

    def __init__(self, work: Work, workflow: Workflow, route: str) -> None:
        from llm_orchestration.exchange import Exchange
        from llm_orchestration.routes import load_routes

        self._work = work
        self._workflow = workflow
        self._routes = workflow.include / "llm.yaml"
        self._route = load_routes(self._routes).get(route)
        self._exchange: Exchange = Exchange.open(work.run.storage.uri_of(work.run.prefix))

    def ask(self, request: LLMRequest) -> LLMResult:
        """The answer, if it is there or can be had at once.

        Raises:
            TaskDeferred: it is being waited for.
            LLMError: the call failed.
        """
        from llm_orchestration.deferral import answered, defer_call
        from llm_orchestration.exchange import Outcome

        call = self._call(request)
        name = f"{self._work.context['ti'].task_id}/try{self._work.context['ti'].try_number}-{call.key[:20]}"
        known = self._exchange.find_outcome(name)
        if known is not None:
            return known.result
        event, self._work.event = self._work.event, None
        if event is not None and event["status"] == "failed":
            result = answered(event, call)
            # Kept, so that a later stint does not take the failure of a later question for this one's.
            self._exchange.put_result(name, Outcome(result))
            return result
        return defer_call(self._work.operator, self._exchange, call, name=name, method_name=RESUME)

    def _call(self, request: LLMRequest) -> DeferredCall:
        from llm_orchestration import Spending
        from llm_orchestration.exchange import DeferredCall

        run, limit = self._work.run, self._workflow.budget
        name = f"{run.workflow}/{run.run_key}"
        capped = limit.usd is not None or limit.tokens is not None
        left = None
        if limit.usd is not None:
            left = max(Decimal(0), limit.usd - spent_money(run, self._workflow, self._work.report))
        return DeferredCall(
            request=request,
            route=self._route.name,
            routes_path=str(self._routes),
            journal=self._journal(),
            run=name,
            # Two ledgers: the step's reports outlive a lost state store, the state store sees calls whose report was lost.
            budget_usd=left,
            budgets=(Spending(f"run:{name}", limit.usd, limit.tokens),) if capped else (),
        )

    def _journal(self) -> str | None:
        storage, run = self._work.run.storage, self._work.run
        if self._route.journal == "off":
            return None
        return storage.uri_of("journal" if self._route.journal == "shared" else f"{run.prefix}/journal")


def _again(request: LLMRequest, result: LLMResult, error: ScriptError) -> LLMRequest:
    from llm_orchestration import Message

    told = f"That answer was refused:\n{error.message}\nSend the whole answer again with exactly these faults mended."
    return replace(request, messages=(*request.messages, Message("assistant", result.text), Message("user", told)))


def _note(work: Work, route: str, template: Prompt, result: LLMResult) -> None:
    work.report.calls.append(
        {
            "purpose": str(work.context["ti"].task_id),
            "provider": result.provider,
            "model": result.model,
            "route": route,
            "prompt": {
                "file": template.name,
                "version": template.version,
                "sha256": template.sha256,
                "rendered": result.prompt_sha256,
            },
            "request_id": result.request_id,
            "finish_reason": result.finish_reason,
            "seconds": round(result.seconds, 3),
            "usage": result.usage.to_json(),
            "cost_usd": None if result.cost_usd is None else str(result.cost_usd),
            "cached": result.cached,
            "attempts": [attempt.to_json() for attempt in result.attempts],
        }
    )
