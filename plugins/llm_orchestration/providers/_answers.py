"""Reads an answer in the two OpenAI wire formats, and says so when it is none.

The body is read as JSON here and not through the SDK's models: those accept HTML as text and an error as an answer
without choices, and their `parse` loses usage and request id when an answer was cut.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NoReturn

from llm_orchestration import errors
from llm_orchestration.model import Answer, Usage
from llm_orchestration.providers import _faults
from llm_orchestration.providers._clients import MAX_BODY_BYTES
from llm_orchestration.providers.base import Call, facts

_FENCED = re.compile(r"^```(?:json)?[ \t]*\n(.*?)^[ \t]*```[ \t]*$", re.DOTALL | re.MULTILINE | re.IGNORECASE)


class Reading:
    """One response of one call: where it came from, its body, and how its problems are told.

    Args:
        call: What was asked.
        provider: Kind of provider.
        status: HTTP status.
        headers: Response headers with lower-case names.
        content: The body.
        secrets: Keys, kept out of messages.

    Raises:
        LLMError: The body is no JSON object, or reports an error.
    """

    def __init__(
        self,
        call: Call,
        provider: str,
        *,
        status: int,
        headers: Mapping[str, str],
        content: bytes,
        secrets: tuple[str, ...],
    ) -> None:
        self.call = call
        self.usage = Usage()
        self._provider = provider
        self._status = status
        self._headers = headers
        self._secrets = secrets
        self.body = self._json(content)

    def _json(self, content: bytes) -> dict[str, Any]:
        kind = self.token(self._headers.get("content-type", "").split(";")[0]) or "nothing known"
        if len(content) > MAX_BODY_BYTES:
            self.no_answer(f"is longer than {MAX_BODY_BYTES} bytes")
        try:
            body = json.loads(content, parse_constant=_refuse)
        except (ValueError, RecursionError):
            body = None
        if not isinstance(body, dict):
            self.no_answer(f"is {kind} and not a JSON object; is the base URL right?")
        error = body.get("error")
        if error:
            raise _faults.from_response(
                self.call,
                self._provider,
                status=self._status,
                error=error,
                headers=self._headers,
                secrets=self._secrets,
            )
        return body

    def stopped(self, reason: Any) -> None:
        """Raises when the model stopped for a reason that leaves no whole answer."""
        if reason == "length":
            limit = self.call.max_output_tokens
            told = f"at {limit} tokens" if limit is not None else "at the model's own limit"
            self.fail(errors.TruncatedError, f"the answer was cut {told}; raise max_output_tokens or ask for less")
        if reason == "content_filter":
            self.fail(errors.ContentFilterError, "the provider's content filter stopped the answer")
        if reason in ("tool_calls", "function_call") and not offers_tool(self.call):
            self.no_answer("asks for a tool although none was offered")

    def answer(self, text: str, reason: Any) -> Answer:
        """The answer, unless it is empty."""
        if not text.strip():
            self.no_answer("holds no text")
        if self.call.contract is not None and self.call.structured_output == "prompt":
            text = unfenced(text)
        return Answer(
            text=text,
            usage=self.usage,
            model=self.token(self.body.get("model")) or self.call.model,
            request_id=_faults.request_id(self._headers, self._secrets),
            finish_reason=self.token(reason) or "stop",
        )

    def token(self, value: Any) -> str | None:
        """A short word of the response that may be told."""
        return _faults.token(value, self._secrets)

    def no_answer(self, what: str) -> NoReturn:
        """Says that a response which claims success is no answer."""
        self.fail(errors.ProtocolError, f"the response {what}")

    def fail(self, cls: type[errors.LLMError], message: str) -> NoReturn:
        """Raises with what is known of the response, usage included: it may have been billed."""
        raise cls(
            message,
            **facts(
                self._provider,
                self.call.model,
                status=self._status,
                request_id=_faults.request_id(self._headers, self._secrets),
                usage=None if self.usage == Usage() else self.usage,
            ),
        )


def read_chat(reading: Reading) -> Answer:
    """The answer of a chat completion.

    Raises:
        LLMError: It is none, or it is cut, filtered or refused.
    """
    choices = reading.body.get("choices")
    reading.usage = _usage(reading.body.get("usage"), "prompt_tokens", "completion_tokens")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        reading.no_answer("has no choices")
    message = choices[0].get("message")
    reason = choices[0].get("finish_reason")
    if not isinstance(message, dict):
        # Azure leaves the message out when its filter stopped the answer.
        reading.stopped(reason)
        reading.no_answer("has a choice without a message")
    if message.get("refusal"):
        reading.fail(errors.RefusalError, "the model declined to answer")
    reading.stopped(reason)
    functions = [one.get("function") for one in _objects(message.get("tool_calls"))]
    return reading.answer(
        _arguments(reading, functions) or _content_text(message.get("content"), ("text", "output_text")), reason
    )


def read_response(reading: Reading) -> Answer:
    """The answer of a response object.

    Raises:
        LLMError: It is none, or it failed, or it is cut, filtered or refused.
    """
    body = reading.body
    reading.usage = _usage(body.get("usage"), "input_tokens", "output_tokens")
    output = body.get("output")
    if not isinstance(output, list):
        reading.no_answer("has no output")
    _check_status(reading)
    items = _objects(output)
    parts = [part for item in items if item.get("type") == "message" for part in _objects(item.get("content"))]
    if any(part.get("type") == "refusal" for part in parts):
        reading.fail(errors.RefusalError, "the model declined to answer")
    functions = [item for item in items if item.get("type") == "function_call"]
    if functions and not offers_tool(reading.call):
        reading.stopped("tool_calls")
    return reading.answer(_arguments(reading, functions) or _content_text(parts, ("output_text",)), "stop")


def _check_status(reading: Reading) -> None:
    body = reading.body
    status = body.get("status", "completed")
    if status == "incomplete":
        details = body.get("incomplete_details")
        reason = details.get("reason") if isinstance(details, dict) else None
        # Without a reason it was cut: a filter always says so.
        reading.stopped("length" if reason in ("max_output_tokens", None) else reason)
        reading.no_answer("is incomplete")
    if status != "completed":
        reading.no_answer(f"has the status {reading.token(status) or 'nothing known'!r}")
    limit, spent = reading.call.max_output_tokens, reading.usage.output_tokens
    if "max_output_tokens" not in reading.call.omit and limit is not None and spent is not None and spent >= limit:
        # llama.cpp reports `completed` for an answer that was cut at the limit.
        reading.stopped("length")


def offers_tool(call: Call) -> bool:
    """Whether the model is to answer by calling a function."""
    return call.contract is not None and call.structured_output == "tool"


def unfenced(text: str) -> str:
    """The one fenced block of an answer, when a model wrote words around its JSON; otherwise the text as it is."""
    if text.lstrip().startswith("{"):
        return text
    blocks = _FENCED.findall(text)
    return str(blocks[0]) if len(blocks) == 1 else text


def _arguments(reading: Reading, functions: list[Any]) -> str:
    """Arguments of the one function call; empty when there is none, because some servers answer in text instead."""
    if not functions:
        return ""
    if len(functions) > 1:
        reading.no_answer(f"calls {len(functions)} functions and not one")
    arguments = functions[0].get("arguments") if isinstance(functions[0], dict) else None
    # Some servers send the object and not its text.
    return json.dumps(arguments, ensure_ascii=False) if isinstance(arguments, dict) else str(arguments or "")


def _content_text(content: Any, kinds: tuple[str, ...]) -> str:
    """Text of a message; some servers send it as a list of parts."""
    if isinstance(content, str):
        return content
    return "".join(
        part["text"] for part in _objects(content) if part.get("type") in kinds and isinstance(part.get("text"), str)
    )


def _objects(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _usage(value: Any, input_name: str, output_name: str) -> Usage:
    if not isinstance(value, dict):
        return Usage()
    before = value.get(f"{input_name}_details")
    after = value.get(f"{output_name}_details")
    return Usage(
        input_tokens=count(value.get(input_name)),
        output_tokens=count(value.get(output_name)),
        cached_input_tokens=count(before.get("cached_tokens")) if isinstance(before, dict) else None,
        reasoning_tokens=count(after.get("reasoning_tokens")) if isinstance(after, dict) else None,
    )


def count(value: Any) -> int | None:
    """A number of tokens, if it is one."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")
