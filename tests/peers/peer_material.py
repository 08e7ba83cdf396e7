"""What the peers are asked and what those answer that play fixtures: one nested schema, and a model for each way to fail."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from llm_orchestration import LLMRequest, Message

FIELDS = ("nav", "ytd_performance", "performance_data")
MOST_VALUES = 6
MAX_OUTPUT_TOKENS = 1200
"""More than the longest answer that the schema allows, at one token per character."""

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "document": {
            "type": "object",
            "properties": {
                "language": {"type": "string", "enum": ["en", "de", "fr"]},
                "pages": {"type": "integer", "minimum": 1, "maximum": 40},
            },
            "required": ["language", "pages"],
            "additionalProperties": False,
        },
        "values": {
            "type": "array",
            "minItems": 1,
            "maxItems": MOST_VALUES,
            "items": {
                "type": "object",
                "properties": {
                    "field": {"type": "string", "enum": list(FIELDS)},
                    "key": {"type": "string", "maxLength": 8},
                    "quote": {"type": "string", "minLength": 1, "maxLength": 24},
                    "page": {"type": "integer", "minimum": 1, "maximum": 40},
                },
                "required": ["field", "key", "quote", "page"],
                "additionalProperties": False,
            },
        },
    },
    "required": ["document", "values"],
    "additionalProperties": False,
}


def short_schema() -> dict[str, Any]:
    """The same schema for one short value, so that many answers take little time."""
    schema: dict[str, Any] = json.loads(json.dumps(SCHEMA))
    values = schema["properties"]["values"]
    values["maxItems"] = 1
    values["items"]["properties"]["quote"]["maxLength"] = 8
    values["items"]["properties"]["key"]["maxLength"] = 4
    return schema


ANSWER: dict[str, Any] = {
    "document": {"language": "en", "pages": 2},
    "values": [
        {"field": "nav", "key": "", "quote": "EUR 65.94", "page": 1},
        {"field": "performance_data", "key": "1y", "quote": "3.44%", "page": 2},
    ],
}
_USAGE = {"prompt_tokens": 120, "completion_tokens": 60, "input_tokens": 120, "output_tokens": 60}


def fixtures() -> list[dict[str, Any]]:
    """aimock's fixtures: the name of the model picks what happens."""
    good = json.dumps(ANSWER)
    told = {"content": good, "usage": _USAGE}
    wrong = {"content": json.dumps({**ANSWER, "values": []}), "usage": _USAGE}
    return [
        _fixture("extract", told),
        _fixture("cut", {"content": good[:40], "finishReason": "length", "usage": _USAGE}),
        _fixture("filtered", {"content": "{", "finishReason": "content_filter", "usage": _USAGE}),
        _fixture("guarded", {"content": "{", "finishReason": "guardrail_intervened", "usage": _USAGE}),
        _fixture("wrong", wrong),
        _fixture("prose", {"content": "I have found two values.", "usage": _USAGE}),
        _error("rate", 429, "rate_limit_exceeded", "Rate limit reached for requests per min.", retryAfter=7),
        _error("quota", 429, "insufficient_quota", "You exceeded your current quota, please check your plan."),
        _error("context", 400, "context_length_exceeded", "This model's maximum context length is 8192 tokens."),
        _error("overloaded", 503, "overloaded_error", "The model is overloaded."),
        _fixture("chaos-rate", told, chaos={"rateLimitRate": 1}),
        _fixture("chaos-drop", told, chaos={"dropRate": 1}),
        _fixture("chaos-malformed", told, chaos={"malformedRate": 1}),
        _fixture("chaos-disconnect", told, chaos={"disconnectRate": 1}),
        _fixture("chaos-late", told, chaos={"latencyMs": 20_000}),
    ]


def _fixture(model: str, response: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {"match": {"model": model}, "response": dict(response), **more}


def _error(model: str, status: int, code: str, message: str, **more: Any) -> dict[str, Any]:
    # A vendor's own words, because a gateway passes on only those.
    error = {"message": message, "type": code, "code": code}
    return _fixture(model, {"error": error, "status": status, **more})


def gateway_models(*, llama: str, aimock: str, locked: str) -> dict[str, dict[str, Any]]:
    """The gateway's models: a real llama.cpp behind it, aimock with each of its failures, and one whose key it lacks."""
    behind = ("extract", "rate", "quota", "context", "overloaded", "chaos-malformed", "chaos-disconnect")
    models: dict[str, dict[str, Any]] = {"tiny": {"model": "openai/tiny", "api_base": llama, "api_key": "none"}}
    for name in behind:
        models[name] = {"model": f"openai/{name}", "api_base": aimock, "api_key": "none"}
    models["no-key"] = {"model": "openai/extract", "api_base": locked, "api_key": "sk-wrong-0123456789"}
    return models


def question(words: str = "Find the values.", *, schema: Mapping[str, Any] | None = SCHEMA, **more: Any) -> LLMRequest:
    """The request that every peer gets."""
    return LLMRequest((Message("user", words),), schema=schema, **{"max_output_tokens": MAX_OUTPUT_TOKENS, **more})
