"""The two OpenAI wire formats, Chat Completions and Responses: what is sent and how an answer is read.

The body is read as JSON here and not through the SDK's models: those accept HTML as text and an error as an answer
without choices, and their `parse` loses usage and request id when an answer was cut.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NoReturn

from llm_orchestration import errors
from llm_orchestration.model import Answer, Usage
from llm_orchestration.providers import _faults
from llm_orchestration.providers.base import Call, facts

MAX_BODY_BYTES = 16 * 1024 * 1024


def chat_parameters(call: Call, *, limit_name: str) -> dict[str, Any]:
    """Body of a request to `/chat/completions`.

    Args:
        call: The request.
        limit_name: `max_completion_tokens` where OpenAI's own models answer, `max_tokens` everywhere else.
    """
    parameters: dict[str, Any] = {
        "model": call.model,
        "messages": [message.to_json() for message in call.messages],
        "temperature": call.temperature,
        limit_name: None if "max_output_tokens" in call.omit else call.max_output_tokens,
    }
    if call.contract is not None:
        schema = {"name": call.schema_name, "strict": call.contract.strict, "schema": call.contract.wire}
        parameters["response_format"] = {"type": "json_schema", "json_schema": schema}
    return _sent(parameters, call)


def responses_parameters(call: Call) -> dict[str, Any]:
    """Body of a request to `/responses`. `store` is off: documents do not stay with the provider."""
    parameters: dict[str, Any] = {
        "model": call.model,
        "input": [message.to_json() for message in call.messages],
        "temperature": call.temperature,
        "max_output_tokens": call.max_output_tokens,
        "store": False,
    }
    if call.contract is not None:
        parameters["text"] = {
            "format": {
                "type": "json_schema",
                "name": call.schema_name,
                "strict": call.contract.strict,
                "schema": call.contract.wire,
            }
        }
    return _sent(parameters, call)


def _sent(parameters: dict[str, Any], call: Call) -> dict[str, Any]:
    return {name: value for name, value in parameters.items() if value is not None and name not in call.omit}


class Reader:
    """Reads one successful HTTP response.

    Args:
        call: What was asked.
        provider: Kind of provider.
        status: HTTP status.
        headers: Response headers with lower-case names.
        content: The body.
        secret: The API key, kept out of messages.
    """

    def __init__(
        self, call: Call, provider: str, *, status: int, headers: Mapping[str, str], content: bytes, secret: str
    ) -> None:
        self._call = call
        self._provider = provider
        self._status = status
        self._headers = headers
        self._secret = secret
        self._body = self._json(content)
        self._usage = Usage()

    def chat(self) -> Answer:
        """The answer of a chat completion.

        Raises:
            LLMError: It is none, or it is cut, filtered or refused.
        """
        choices = self._body.get("choices")
        self._usage = _usage(self._body.get("usage"), "prompt_tokens", "completion_tokens")
        if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
            self._no_answer("has no choices")
        message = choices[0].get("message")
        if not isinstance(message, dict):
            self._no_answer("has a choice without a message")
        reason = choices[0].get("finish_reason")
        if message.get("refusal"):
            self._fail(errors.RefusalError, "the model declined to answer")
        self._stopped(reason)
        return self._answer(_content_text(message.get("content"), ("text", "output_text")), reason or "stop")

    def responses(self) -> Answer:
        """The answer of a response object.

        Raises:
            LLMError: It is none, or it failed, or it is cut, filtered or refused.
        """
        self._usage = _usage(self._body.get("usage"), "input_tokens", "output_tokens")
        output = self._body.get("output")
        if not isinstance(output, list):
            self._no_answer("has no output")
        status = self._body.get("status", "completed")
        details = self._body.get("incomplete_details")
        reason = details.get("reason") if isinstance(details, dict) else None
        if status == "incomplete":
            self._stopped({"max_output_tokens": "length"}.get(str(reason), reason))
        if status != "completed":
            self._no_answer(f"has the status {str(status)[:40]!r}")
        limit, spent = self._call.max_output_tokens, self._usage.output_tokens
        if limit is not None and spent is not None and spent >= limit:
            # llama.cpp reports `completed` for an answer that was cut at the limit.
            self._stopped("length")
        parts = [
            part
            for item in output
            if isinstance(item, dict) and item.get("type") == "message"
            for part in item.get("content") or ()
            if isinstance(part, dict)
        ]
        if any(part.get("type") == "refusal" for part in parts):
            self._fail(errors.RefusalError, "the model declined to answer")
        return self._answer(_content_text(parts, ("output_text",)), "stop")

    def _json(self, content: bytes) -> dict[str, Any]:
        kind = self._headers.get("content-type", "nothing").split(";")[0][:60]
        if len(content) > MAX_BODY_BYTES:
            self._no_answer(f"is {len(content)} bytes, more than {MAX_BODY_BYTES}")
        try:
            body = json.loads(content)
        except (ValueError, RecursionError):
            body = None
        if not isinstance(body, dict):
            self._no_answer(f"is {kind} and not a JSON object; is the base URL right?")
        error = body.get("error")
        if error:
            raise _faults.from_response(
                self._call,
                self._provider,
                status=self._status,
                error=error,
                headers=self._headers,
                secret=self._secret,
            )
        return body

    def _stopped(self, reason: Any) -> None:
        if reason == "length":
            limit = self._call.max_output_tokens
            told = f"at {limit} tokens" if limit is not None else "at the model's own limit"
            self._fail(errors.TruncatedError, f"the answer was cut {told}; raise max_output_tokens or ask for less")
        if reason == "content_filter":
            self._fail(errors.ContentFilterError, "the provider's content filter stopped the answer")
        if reason in ("tool_calls", "function_call"):
            self._no_answer("asks for a tool although none was offered")
        if self._body.get("status") == "incomplete":
            self._no_answer("is incomplete")

    def _answer(self, text: str, reason: str) -> Answer:
        if not text.strip():
            self._no_answer("holds no text")
        model = self._body.get("model")
        return Answer(
            text=text,
            usage=self._usage,
            model=model if isinstance(model, str) and model else self._call.model,
            request_id=self._headers.get("x-request-id"),
            finish_reason=str(reason)[:40],
        )

    def _no_answer(self, what: str) -> NoReturn:
        self._fail(errors.ProtocolError, f"the response {what}")

    def _fail(self, cls: type[errors.LLMError], message: str) -> NoReturn:
        usage = getattr(self, "_usage", Usage())
        raise cls(
            message,
            **facts(
                self._provider,
                self._call.model,
                status=self._status,
                request_id=self._headers.get("x-request-id"),
                usage=None if usage == Usage() else usage,
            ),
        )


def _content_text(content: Any, kinds: tuple[str, ...]) -> str:
    """Text of a message; some servers send it as a list of parts."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "".join(
        part["text"]
        for part in parts
        if isinstance(part, dict) and part.get("type") in kinds and isinstance(part.get("text"), str)
    )


def _usage(value: Any, input_name: str, output_name: str) -> Usage:
    if not isinstance(value, dict):
        return Usage()
    before = value.get(f"{input_name}_details")
    after = value.get(f"{output_name}_details")
    return Usage(
        input_tokens=_count(value.get(input_name)),
        output_tokens=_count(value.get(output_name)),
        cached_input_tokens=_count(before.get("cached_tokens")) if isinstance(before, dict) else None,
        reasoning_tokens=_count(after.get("reasoning_tokens")) if isinstance(after, dict) else None,
    )


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
