"""Bodies of requests in the two OpenAI wire formats, Chat Completions and Responses.

A structured call holds the model to its schema in one of four ways, because not every endpoint can do the best one:

| `structured_output` | Chat Completions | Responses |
|---|---|---|
| `json_schema` | `response_format` with the strict schema | `text.format` with the strict schema |
| `json_object` | `response_format` `json_object`, schema as text | `text.format` `json_object`, schema as text |
| `tool` | one function that must be called | one function that must be called |
| `prompt` | schema as text | schema as text |
"""

from __future__ import annotations

import json
from typing import Any

from llm_orchestration.providers.base import Call
from llm_orchestration.structured import Contract

TOOL_DESCRIPTION = "Hands over the answer."


def chat_parameters(call: Call, *, limit_name: str) -> dict[str, Any]:
    """Body of a request to `/chat/completions`.

    Args:
        call: The request.
        limit_name: `max_completion_tokens` where OpenAI's own models answer, `max_tokens` everywhere else.
    """
    parameters: dict[str, Any] = {
        "model": call.model,
        "messages": messages(call),
        "temperature": call.temperature,
        limit_name: None if "max_output_tokens" in call.omit else call.max_output_tokens,
    }
    if call.contract is not None:
        parameters |= _chat_format(call, call.contract)
    return _sent(parameters, call)


def responses_parameters(call: Call) -> dict[str, Any]:
    """Body of a request to `/responses`. `store` is off: documents do not stay with the provider."""
    parameters: dict[str, Any] = {
        "model": call.model,
        # The type is optional at OpenAI; llama.cpp refuses an assistant's turn without it.
        "input": [{"type": "message", **message} for message in messages(call)],
        "temperature": call.temperature,
        "max_output_tokens": call.max_output_tokens,
        "store": False,
    }
    if call.contract is not None:
        parameters |= _responses_format(call, call.contract)
    return _sent(parameters, call)


def messages(call: Call) -> list[dict[str, str]]:
    """The conversation; where the endpoint is not told the schema, the last message ends with it."""
    told = [message.to_json() for message in call.messages]
    if call.contract is not None and call.structured_output in ("json_object", "prompt"):
        told[-1]["content"] += schema_as_text(call.contract)
    return told


def schema_as_text(contract: Contract) -> str:
    """What is added to a question when the schema cannot be sent in any other way."""
    # The caller's own schema: a strict one would ask for nulls that nothing enforces here.
    schema = json.dumps(contract.schema, ensure_ascii=False)
    return f"\n\nAnswer with one JSON object and nothing else. It must be valid against this JSON Schema:\n{schema}"


def _chat_format(call: Call, contract: Contract) -> dict[str, Any]:
    if call.structured_output == "json_object":
        return {"response_format": {"type": "json_object"}}
    if call.structured_output == "tool":
        return {
            "tools": [{"type": "function", "function": _function(call, contract)}],
            "tool_choice": {"type": "function", "function": {"name": call.schema_name}},
        }
    if call.structured_output == "prompt":
        return {}
    schema = {"name": call.schema_name, "strict": contract.strict, "schema": contract.wire}
    return {"response_format": {"type": "json_schema", "json_schema": schema}}


def _responses_format(call: Call, contract: Contract) -> dict[str, Any]:
    if call.structured_output == "json_object":
        return {"text": {"format": {"type": "json_object"}}}
    if call.structured_output == "tool":
        return {
            "tools": [{"type": "function", **_function(call, contract)}],
            "tool_choice": {"type": "function", "name": call.schema_name},
        }
    if call.structured_output == "prompt":
        return {}
    schema = {"name": call.schema_name, "strict": contract.strict, "schema": contract.wire}
    return {"text": {"format": {"type": "json_schema", **schema}}}


def _function(call: Call, contract: Contract) -> dict[str, Any]:
    return {
        "name": call.schema_name,
        "description": TOOL_DESCRIPTION,
        "parameters": contract.wire,
        "strict": contract.strict,
    }


def _sent(parameters: dict[str, Any], call: Call) -> dict[str, Any]:
    return {name: value for name, value in parameters.items() if value is not None and name not in call.omit}
