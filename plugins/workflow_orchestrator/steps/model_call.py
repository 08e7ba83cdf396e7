"""How a step asks the LLM layer: prompt from `include/prompts`, one entry in the report for each call.

A step asks in the middle of its work, through `Services.ask_model`. Where the worker leaves while the model thinks, another stint does
the step's work again from its start: every answer that is there already is handed out again, so the stint comes to the first
question that has none, or to the end.

Personal data is masked here, in every message, so that no prompt can send any; in the answer the words stand in their places again, so
that a quote is compared with what the document prints. What was sent is in the report as hashes and counts, never as text:

    report.calls                 the calls that were answered
    report.facts["unanswered"]   those that failed, and the one that is waited for: a step that dies waiting leaves it behind
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflow_orchestrator import progress
from workflow_orchestrator.canonical import sha256
from workflow_orchestrator.definition.flow import files_of
from workflow_orchestrator.errors import DocumentNotFoundError, ScriptError
from workflow_orchestrator.steps.work import Work

if TYPE_CHECKING:
    from llm_orchestration import LLMRequest, LLMResult, Prompt
    from workflow_orchestrator.compliance.personal_data import Masked


def ask_model(
    work: Work,
    *,
    route: str,
    prompt: Path,
    variables: Mapping[str, Any],
    schema: Mapping[str, Any],
    offline: Callable[[], Any] | None = None,
    check: Callable[[Any], object] | None = None,
    pages: Sequence[int] | None = None,
) -> LLMResult:
    """One structured call along a route.

    `offline` answers when the route has no model; without it such a call fails. `check` is the caller's own judgement of a model's
    answer: the findings of a `ScriptError` that it raises go back to the model once, word for word; the second answer is the
    caller's to judge. `pages` are the numbers of the document's pages that `variables` hold, for the report.

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
    result = _sent(work, route, template, request, pages)
    if check is None or result.provider == "offline":
        return result
    try:
        check(result.data)
    except ScriptError as error:
        result = _sent(work, route, template, _again(request, result, error), pages)
    return result


def _sent(
    work: Work, route: str, template: Prompt, request: LLMRequest, pages: Sequence[int] | None
) -> LLMResult:
    """The answer to a request whose messages were masked on the way, with the words of the marks in their places again."""
    from workflow_orchestrator.compliance.personal_data import mask_all

    masked = mask_all([message.content for message in request.messages])
    messages = tuple(replace(message, content=text.text) for message, text in zip(request.messages, masked, strict=True))
    told = _Told(work, route, template, work.services.now().isoformat(timespec="seconds"), _hashes(masked, pages))
    try:
        with progress.of("waiting for an answer", 1):
            result = work.services.ask_model(work, route, replace(request, messages=messages))
    except BaseException as error:
        # Also what sets the task aside, and what ends it from outside: then nobody comes back to tell.
        told.unanswered(error)
        raise
    told.answered(result)
    return result if result.provider == "offline" else replace(result, data=masked[0].unmask(result.data))


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


# Attempts of a call that sent nothing (llm_orchestration/errors.py says so of these classes).
_NOT_SENT = frozenset(
    {"skipped", "journal", "ConnectError", "CircuitOpenError", "ThrottledError", "RequestTooLargeError", "BudgetExceededError",
     "StateError", "JournalError"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Told:
    """What the report says of one call: where it went by which prompt, when it was asked, and what was sent."""

    work: Work
    route: str
    template: Prompt
    at: str
    sent: Mapping[str, Any]

    def answered(self, result: LLMResult) -> None:
        """Adds the call with its answer's facts."""
        self.work.report.calls.append(
            {
                "purpose": self.work.step.name,
                "provider": result.provider,
                "model": result.model,
                "route": self.route,
                "prompt": {**self._prompt(), "rendered": result.prompt_sha256},
                "at": self.at,
                "sent": None if result.provider == "offline" else dict(self.sent),
                "request_id": result.request_id,
                "finish_reason": result.finish_reason,
                "seconds": round(result.seconds, 3),
                "usage": result.usage.to_json(),
                "cost_usd": None if result.cost_usd is None else str(result.cost_usd),
                "cached": result.cached,
                "attempts": [attempt.to_json() for attempt in result.attempts],
            }
        )

    def unanswered(self, error: BaseException) -> None:
        """Adds the call without an answer. `may_have_left` is false only where every attempt says that it sent nothing."""
        attempts = getattr(error, "attempts", None)
        waiting = not isinstance(error, Exception)
        left = attempts is None or any(attempt.outcome not in _NOT_SENT for attempt in attempts)
        self.work.report.facts.setdefault("unanswered", []).append(
            {
                "purpose": self.work.step.name,
                "route": self.route,
                "prompt": self._prompt(),
                "at": self.at,
                "outcome": "waiting" if waiting else type(error).__name__,
                "may_have_left": left,
                "sent": dict(self.sent),
                "attempts": [attempt.to_json() for attempt in attempts or ()],
            }
        )

    def _prompt(self) -> dict[str, Any]:
        return {"file": self.template.name, "version": self.template.version, "sha256": self.template.sha256}


def _hashes(masked: Sequence[Masked], pages: Sequence[int] | None) -> dict[str, Any]:
    """What leaves the machine: each message by its hash and length, how much of each kind was taken out before, which pages."""
    messages = [{"sha256": sha256(one.text.encode()), "characters": len(one.text)} for one in masked]
    counts = dict(Counter(found.kind.value for one in masked for found in one.found))
    return {"messages": messages, "masked": counts, "pages": None if pages is None else list(pages)}
