"""The scripted provider: replies and faults from a list, for tests and workflow scenarios.

It stands behind the same engine as a real model, so failover, re-ask, journal and errors behave as in production.

```json
{
  "extract_factsheet_data": [{"fault": "rate_limit", "retry_after": 7}, {"json": {"fund_name": "Example Fund"}}],
  "generate_summary_script": {"1": [{"fault": "timeout"}], "*": [{"text": "…"}]},
  "*": [{"text": "the reply of any other purpose"}]
}
```

A purpose maps to a list that is used up call by call, or to one list per try number (`LLMRequest.attempt`, `"*"` for
any other), which also works when every try is a process of its own. A used-up list is an error, so that a test cannot
pass by asking more often than it meant to.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from llm_orchestration import errors
from llm_orchestration.model import Answer, Usage, sha256_of
from llm_orchestration.providers.base import Call, facts

FAULTS: Mapping[str, type[errors.LLMError]] = {
    "rate_limit": errors.RateLimitError,
    "overloaded": errors.OverloadedError,
    "server": errors.ServerError,
    "connect": errors.ConnectError,
    "connection_lost": errors.ConnectionLostError,
    "timeout": errors.CallTimeoutError,
    "protocol": errors.ProtocolError,
    "quota": errors.QuotaExceededError,
    "rejected": errors.RequestRejectedError,
    "context_window": errors.ContextWindowExceededError,
    "authentication": errors.AuthenticationError,
    "permission": errors.PermissionDeniedError,
    "model_not_found": errors.ModelNotFoundError,
    "content_filter": errors.ContentFilterError,
    "truncated": errors.TruncatedError,
    "refusal": errors.RefusalError,
}
"""Faults that a script may name."""

_STEP_KEYS = {"text", "json", "fault", "retry_after", "usage", "finish_reason"}


class ScriptedProvider:
    """Plays a script.

    Args:
        script: The script as above, its JSON text, or the path of a JSON file.

    Raises:
        ScriptedRepliesError: The script is malformed; lists every problem.
    """

    name = "scripted"

    def __init__(self, script: Mapping[str, Any] | str | Path) -> None:
        self._script = _load(script)
        self._used: Counter[tuple[str, str]] = Counter()
        problems = _problems(self._script)
        if problems:
            raise errors.ScriptedRepliesError("scripted replies: " + "; ".join(problems))

    @property
    def identity(self) -> Mapping[str, str]:
        """Two equal scripts are the same endpoint."""
        return {"provider": self.name, "script": sha256_of(self._script)}

    @property
    def purposes(self) -> tuple[str, ...]:
        """Purposes that the script knows."""
        return tuple(self._script)

    def answer(self, call: Call) -> Answer:
        """Plays the next step of the call's purpose.

        Raises:
            LLMError: The fault that the step names.
            ScriptedRepliesError: No step is left or none fits.
        """
        step = self._next(call)
        if "fault" in step:
            wait = step.get("retry_after")
            raise FAULTS[step["fault"]](
                f"scripted fault {step['fault']!r} for {call.purpose}",
                **facts(
                    self.name,
                    call.model,
                    retry_after=None if wait is None else timedelta(seconds=wait),
                    usage=Usage.from_json(step["usage"]) if "usage" in step else None,
                ),
            )
        text = step["text"] if "text" in step else json.dumps(step["json"], ensure_ascii=False)
        usage = Usage.from_json(step["usage"]) if "usage" in step else Usage()
        return Answer(text, usage, call.model, finish_reason=step.get("finish_reason", "stop"))

    def _next(self, call: Call) -> Mapping[str, Any]:
        entry_name = call.purpose if call.purpose in self._script else "*"
        entry = self._script.get(entry_name)
        if entry is None:
            known = ", ".join(self._script) or "nothing"
            raise errors.ScriptedRepliesError(f"the script has no replies for {call.purpose!r}; it has {known}")
        list_name = "" if isinstance(entry, list) else str(call.attempt) if str(call.attempt) in entry else "*"
        steps = entry if isinstance(entry, list) else entry.get(list_name)
        if steps is None:
            raise errors.ScriptedRepliesError(f"the script has no replies for {call.purpose!r} at try {call.attempt}")
        # Counted per list that is used, and for "*" per try, because each try starts its list from the top.
        counter = (entry_name, f"{list_name}/{call.attempt}" if isinstance(entry, dict) else "")
        number = self._used[counter]
        if number >= len(steps):
            raise errors.ScriptedRepliesError(
                f"the script's {len(steps)} replies for {call.purpose!r} are used up at try {call.attempt}"
            )
        self._used[counter] += 1
        step: Mapping[str, Any] = steps[number]
        return step


def _load(script: Mapping[str, Any] | str | Path) -> Mapping[str, Any]:
    if isinstance(script, Mapping):
        return script
    text, source = str(script), "the script"
    if not text.lstrip().startswith("{"):
        source = text
        try:
            text = Path(text).read_text(encoding="utf-8")
        except OSError as error:
            problem = error.strerror
        else:
            problem = None
        if problem is not None:
            raise errors.ScriptedRepliesError(f"scripted replies: {source} cannot be read ({problem})")
    try:
        content = json.loads(text)
    except ValueError as error:
        raise errors.ScriptedRepliesError(f"scripted replies: {source} is not JSON: {error}") from None
    if not isinstance(content, dict):
        raise errors.ScriptedRepliesError(f"scripted replies: {source} must be a JSON object of purposes")
    return content


def _problems(script: Mapping[str, Any]) -> list[str]:
    problems: list[str] = []
    for purpose, entry in script.items():
        lists = entry if isinstance(entry, dict) else {"": entry}
        for name, steps in lists.items():
            place = f"{purpose}[{name}]" if name else purpose
            if name and name != "*" and not name.isdecimal():
                problems.append(f"{place}: a try is a number or *")
            if not isinstance(steps, list) or not steps:
                problems.append(f"{place}: must be a list of at least one step")
                continue
            for index, step in enumerate(steps):
                problem = _step_problem(step)
                if problem is not None:
                    problems.append(f"{place}[{index}]: {problem}")
    return problems


def _step_problem(step: Any) -> str | None:
    if not isinstance(step, dict):
        return "must be an object"
    unknown = step.keys() - _STEP_KEYS
    if unknown:
        return f"unknown key {', '.join(sorted(unknown))}"
    if len(step.keys() & {"text", "json", "fault"}) != 1:
        return "needs exactly one of text, json, fault"
    if "fault" in step and step["fault"] not in FAULTS:
        return f"unknown fault {step['fault']!r}; use one of {', '.join(FAULTS)}"
    if "text" in step and not isinstance(step["text"], str):
        return "text must be text"
    return _fact_problem(step)


def _fact_problem(step: dict[str, Any]) -> str | None:
    wait = step.get("retry_after", 0)
    if isinstance(wait, bool) or not isinstance(wait, int | float) or wait < 0:
        return f"retry_after is {wait!r}; use seconds from 0"
    try:
        Usage.from_json(step.get("usage", {}))
    except (TypeError, ValueError) as error:
        return f"usage: {error}"
    return None
