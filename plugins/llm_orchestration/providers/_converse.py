"""The wire format of Bedrock's Converse API: what is sent, and how an answer is read.

Shapes are those of the service model that botocore ships (`bedrock-runtime`, 2023-09-30).

| `structured_output` | how the model is held to the schema |
|---|---|
| `json_schema` | `outputConfig.textFormat`, the schema as JSON text |
| `tool` | one tool that must be used, for models without the above |
| `prompt` | schema as text |
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NoReturn

from llm_orchestration import errors
from llm_orchestration.model import Answer, Usage
from llm_orchestration.providers._answers import Reading, count, offers_tool
from llm_orchestration.providers._requests import TOOL_DESCRIPTION, schema_as_text
from llm_orchestration.providers.base import Call
from llm_orchestration.structured import Contract

STRUCTURED_OUTPUT = ("json_schema", "tool", "prompt")

_Stop = tuple[type[errors.LLMError], str]
_STOPS: Mapping[str, _Stop] = {
    "guardrail_intervened": (errors.ContentFilterError, "a Bedrock guardrail stopped the call"),
    "content_filtered": (errors.ContentFilterError, "Bedrock's content filter stopped the answer"),
    "refusal": (errors.RefusalError, "the model declined to answer"),
    "malformed_model_output": (errors.ProtocolError, "Bedrock calls the model's output malformed"),
    "malformed_tool_use": (errors.ProtocolError, "Bedrock calls the model's use of the tool malformed"),
    "model_context_window_exceeded": (
        errors.ContextWindowExceededError,
        "prompt and answer do not fit the model's context window",
    ),
}


def parameters(call: Call) -> dict[str, Any]:
    """Body of a request to `/model/{modelId}/converse`.

    `requestMetadata` is not sent: it ends up in the account's invocation logs.

    Raises:
        ConfigurationError: Converse cannot hold a model to a schema in the way that the target says.
    """
    system = [{"text": message.content} for message in call.messages if message.role == "system"]
    limits = {
        "maxTokens": None if "max_output_tokens" in call.omit else call.max_output_tokens,
        "temperature": None if "temperature" in call.omit else call.temperature,
    }
    body: dict[str, Any] = {
        "messages": _turns(call),
        "system": system,
        "inferenceConfig": {name: value for name, value in limits.items() if value is not None},
    }
    if call.contract is not None:
        body |= _format(call, call.contract)
    return {name: value for name, value in body.items() if value}


def _turns(call: Call) -> list[dict[str, Any]]:
    """The conversation; Converse wants roles to take turns, so neighbours of one role become one turn."""
    turns: list[dict[str, Any]] = []
    for message in call.messages:
        if message.role == "system":
            continue
        if turns and turns[-1]["role"] == message.role:
            turns[-1]["content"].append({"text": message.content})
        else:
            turns.append({"role": message.role, "content": [{"text": message.content}]})
    if call.contract is not None and call.structured_output == "prompt":
        turns[-1]["content"][-1]["text"] += schema_as_text(call.contract)
    return turns


def _format(call: Call, contract: Contract) -> dict[str, Any]:
    if call.structured_output == "prompt":
        return {}
    if call.structured_output == "json_schema":
        schema = {"schema": json.dumps(contract.wire), "name": call.schema_name}
        return {"outputConfig": {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": schema}}}}
    if call.structured_output == "tool":
        # Not strict: the models that know strict tools are those that know `json_schema`. And `any` of one tool is
        # that tool, for more models than know how to be told its name.
        spec = {
            "name": call.schema_name,
            "description": TOOL_DESCRIPTION,
            "inputSchema": {"json": contract.schema},
        }
        return {"toolConfig": {"tools": [{"toolSpec": spec}], "toolChoice": {"any": {}}}}
    raise errors.ConfigurationError(
        f"structured_output {call.structured_output} does not exist in the Converse API; use "
        f"{', '.join(STRUCTURED_OUTPUT)}",
        model=call.model,
    )


def read(reading: Reading) -> Answer:
    """The answer of a Converse response.

    Raises:
        LLMError: It is none, or it is cut, filtered or refused.
    """
    body = reading.body
    reading.usage = usage(body.get("usage"))
    output = body.get("output")
    message = output.get("message") if isinstance(output, dict) else None
    reason = body.get("stopReason")
    _check_stop(reading, reason)
    content = message.get("content") if isinstance(message, dict) else None
    if not isinstance(content, list):
        reading.no_answer("has no message")
    blocks = [block for block in content if isinstance(block, dict)]
    text = "".join(block["text"] for block in blocks if isinstance(block.get("text"), str))
    if offers_tool(reading.call):
        used = [block["toolUse"] for block in blocks if isinstance(block.get("toolUse"), dict)]
        if len(used) > 1:
            reading.no_answer(f"uses {len(used)} tools and not one")
        if used:
            # Bedrock parses the model's text itself, so this is the only text of it there is.
            text = json.dumps(used[0].get("input"), ensure_ascii=False)
    return reading.answer(text, reason)


def _check_stop(reading: Reading, reason: Any) -> None:
    if reason == "max_tokens":
        reading.stopped("length")
    if reason == "tool_use" and not offers_tool(reading.call):
        reading.stopped("tool_calls")
    if isinstance(reason, str) and reason in _STOPS:
        reading.fail(*_STOPS[reason])
    if reason not in ("end_turn", "stop_sequence", "tool_use"):
        _unknown(reading, reason)


def _unknown(reading: Reading, reason: Any) -> NoReturn:
    if reason is None:
        reading.no_answer("has no stopReason")
    reading.no_answer("stops for a reason that this version does not know")


def usage(value: Any) -> Usage:
    """Tokens in our way of counting: AWS leaves out of `inputTokens` what was read from and written to the cache."""
    if not isinstance(value, dict):
        return Usage()
    fresh = count(value.get("inputTokens"))
    cached = count(value.get("cacheReadInputTokens"))
    written = count(value.get("cacheWriteInputTokens"))
    return Usage(
        input_tokens=None if fresh is None else fresh + (cached or 0) + (written or 0),
        output_tokens=count(value.get("outputTokens")),
        cached_input_tokens=cached,
    )
