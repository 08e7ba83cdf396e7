"""How a step asks the LLM layer: prompt from `include/prompts`, journal in the run's folder, one entry in the report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.errors import DocumentNotFoundError, ScriptError
from workflow_orchestrator.operators.base import Work, spent_money
from workflow_orchestrator.record import RunFolder

if TYPE_CHECKING:
    from llm_orchestration import LLMRequest, LLMResult, Prompt


class RunJournal:
    """The answers of a run, kept under its folder: a retry or a clear asks no model twice for the same thing."""

    def __init__(self, run: RunFolder) -> None:
        self._run = run

    def get(self, key: str) -> bytes | None:
        """The kept answer, or None."""
        try:
            return self._run.read(f"journal/{key}.json")
        except DocumentNotFoundError:
            return None

    def put(self, key: str, value: bytes) -> None:
        """Keeps an answer."""
        self._run.write(f"journal/{key}.json", value)


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
        LLMError: whatever the call ended with; the class says whether a retry helps.
    """
    from llm_orchestration import LLMHook, Prompt

    prompts = workflow.include / "prompts"
    template = Prompt.load(prompt.relative_to(prompts), search_path=prompts)
    purpose = str(work.context["ti"].task_id)
    limit = workflow.budget.usd
    hook = LLMHook(
        route=route,
        routes_path=str(workflow.include / "llm.yaml"),
        journal=RunJournal(work.run),
        budget_usd=None if limit is None else max(Decimal(0), limit - spent_money(work.run, workflow)),
    )
    request = template.request(
        variables,
        purpose=purpose,
        schema=schema,
        schema_name=purpose,
        offline=offline,
        attempt=work.context["ti"].try_number,
    )
    result = hook.structured(request)
    _note(work, route, template, result)
    if check is None or result.provider == "offline":
        return result
    try:
        check(result.data)
    except ScriptError as error:
        result = hook.structured(_again(request, result, error))
        _note(work, route, template, result)
    return result


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
