"""How a step asks the LLM layer: prompt from `include/prompts`, one entry in the report for each call.

A step asks in the middle of its work, through `Services.ask_model`. Where the worker leaves while the model thinks, another stint does
the step's work again from its start: every answer that is there already is handed out again, so the stint comes to the first
question that has none, or to the end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflow_orchestrator.definition.flow import files_of
from workflow_orchestrator.errors import DocumentNotFoundError, ScriptError
from workflow_orchestrator.steps.work import Work

if TYPE_CHECKING:
    from llm_orchestration import LLMRequest, LLMResult, Prompt


def ask_model(
    work: Work,
    *,
    route: str,
    prompt: Path,
    variables: Mapping[str, Any],
    schema: Mapping[str, Any],
    offline: Callable[[], Any] | None = None,
    check: Callable[[Any], object] | None = None,
) -> LLMResult:
    """One structured call along a route.

    `offline` answers when the route has no model; without it such a call fails. `check` is the caller's own judgement of a model's
    answer: the findings of a `ScriptError` that it raises go back to the model once, word for word; the second answer is the
    caller's to judge.

    Raises:
        LLMError: whatever the call ended with; the class says whether a retry helps.
    """
    template = load_prompt(work, prompt)
    purpose = work.step.name
    request = template.request(
        variables,
        purpose=purpose,
        schema=schema,
        schema_name=purpose,
        offline=offline,
        attempt=work.attempt,
    )
    result = work.services.ask_model(work, route, request)
    _note(work, route, template, result)
    if check is None or result.provider == "offline":
        return result
    try:
        check(result.data)
    except ScriptError as error:
        result = work.services.ask_model(work, route, _again(request, result, error))
        _note(work, route, template, result)
    return result


def load_prompt(work: Work, file: Path) -> Prompt:
    """A prompt file of the workflow.

    Raises:
        PromptError: it is not there any more, or is broken.
    """
    from llm_orchestration import Prompt

    prompts = work.workflow.include / "prompts"
    return Prompt.load(file.relative_to(prompts), search_path=prompts)


def shared_variables(work: Work) -> dict[str, Any]:
    """What every prompt may name beside the variables of its kind: `parameters`, earlier generate artifacts, and the map's item."""
    variables: dict[str, Any] = {"parameters": work.conf, **{name: made(work, name) for name in work.step.uses}}
    if work.item_name:
        variables[work.item_name] = work.item
    return variables


def made(work: Work, artifact: str) -> Any:
    """What an earlier generate step made; `None` where it was passed over and the step at work can do without.

    Raises:
        DocumentNotFoundError: it is not there, and the step needs it.
    """
    (file,) = files_of(artifact)
    try:
        return work.run.read_json(file)
    except DocumentNotFoundError:
        if artifact in work.step.optional:
            return None
        raise


def _again(request: LLMRequest, result: LLMResult, error: ScriptError) -> LLMRequest:
    from llm_orchestration import Message

    told = f"That answer was refused:\n{error.message}\nSend the whole answer again with exactly these faults mended."
    return replace(request, messages=(*request.messages, Message("assistant", result.text), Message("user", told)))


def _note(work: Work, route: str, template: Prompt, result: LLMResult) -> None:
    work.report.calls.append(
        {
            "purpose": work.step.name,
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
