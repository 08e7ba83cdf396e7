"""The JSON Schemas of what a run leaves for others to read: `manifest.json`, and an entry of the execution history.

What a step itself reports (`facts`), and what checks say in detail, are open objects: they belong to their steps. Everything that
tells what happened, who decided, what it cost and which files there are is closed: a name that is not here is not written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

_TEXT = {"type": "string"}
_OPTIONAL_TEXT = {"type": ["string", "null"]}
_COUNT = {"type": "integer", "minimum": 0}
_SECONDS = {"type": "number", "minimum": 0, "description": "Seconds."}
_MONEY = {"type": ["string", "null"], "pattern": r"^\d+(\.\d+)?$", "description": "US dollars; null where a price is unknown."}
_SHA = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_DIGEST = {"type": "string", "pattern": "^sha256:"}
_TIME = {"type": "string", "format": "date-time"}
_OPEN = {"type": "object"}
_OPEN_OR_NONE = {"type": ["object", "null"]}
_OUTCOME = {"enum": ["succeeded", "degraded", "failed"]}


def _object(properties: Mapping[str, Any], *, optional: Iterable[str] = (), says: str = "") -> dict[str, Any]:
    """A closed object; what is not optional is required."""
    left_out = set(optional)
    found: dict[str, Any] = {
        "type": "object", "additionalProperties": False, "properties": dict(properties),
        "required": [name for name in properties if name not in left_out],
    }  # fmt: skip
    return {**found, "description": says} if says else found


def _each(item: Mapping[str, Any], says: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {"type": "array", "items": dict(item)}
    return {**found, "description": says} if says else found


def _or_none(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"anyOf": [dict(schema), {"type": "null"}]}


_ERROR = {
    "type": "object",
    "required": ["error", "message"],
    "properties": {"step": _TEXT, "error": _TEXT, "message": _TEXT, "retryable": {"type": "boolean"}, "classes": _each(_TEXT)},
    "description": "The class of an error and what it said; further details belong to the class.",
}
_ARTIFACT = _object({"name": _TEXT, "uri": _TEXT, "sha256": _SHA, "bytes": _COUNT})
_ATTEMPT = _object(
    {
        "attempt": {"type": "integer", "minimum": 0},
        "state": _TEXT,
        "started": _TIME,
        "seconds": _SECONDS,
        "facts": _OPEN,
        "artifacts": _each(_ARTIFACT),
        "calls": _each(_OPEN, "Each answered model call: prompt, model, tokens, cost, attempts."),
        "error": _or_none(_ERROR),
    }
)
_STEP = _object(
    {
        "step": _TEXT, "kind": _TEXT, "map": _TEXT, "index": _COUNT, "item": {}, "state": _OPTIONAL_TEXT, "seconds": _SECONDS,
        "attempts": _each(_ATTEMPT),
    },
    optional=("map", "index", "item"),
)  # fmt: skip
_SOURCE = _object({"name": _TEXT, "key": _TEXT, "sha256": _SHA, "bytes": _COUNT})
_VALUE = {
    "type": "object",
    "required": ["field", "key", "kind", "value", "unit", "origin", "evidence"],
    "properties": {
        "field": _TEXT, "key": _TEXT, "kind": _TEXT, "unit": _TEXT, "origin": {"enum": ["offline", "model", "person"]},
        "evidence": {
            "type": ["object", "null"],
            "required": ["page", "quote"],
            "properties": {"page": {"type": "integer", "minimum": 1}, "quote": _TEXT, "label": _TEXT, "box": {"type": "array"}},
        },
    },
}  # fmt: skip
_DECISION = {
    "type": "object",
    "required": ["decision", "at"],
    "properties": {"decision": _TEXT, "by": _TEXT, "by_id": _TEXT, "at": _TIME, "note": _TEXT, "content": _TEXT},
}


def manifest_json_schema() -> dict[str, Any]:
    """The JSON Schema of `manifest.json`, format 1."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "manifest.json",
        "description": "What a run did, said, cost and was allowed. Written by scripts/make_schema.py; do not edit.",
        **_object(
            {
                "format": {"const": 1},
                "outcome": _OUTCOME,
                "error": _or_none(_ERROR),
                "degraded": _each(_OPEN, "What the run went on without."),
                "mode": _object(
                    {"name": {"enum": ["none", "offline", "model"]}, "says": _TEXT, "providers": _each(_TEXT)}, optional=["providers"]
                ),
                "workflow": _object(
                    {
                        "name": _TEXT, "title": _TEXT, "owner": _TEXT, "definition": _DIGEST, "definitions": _each(_DIGEST),
                        "files": _each(_TEXT),
                    }
                ),
                "platform": {**_TEXT, "description": "The platform's version."},
                "run": _object(
                    {
                        "id": _TEXT, "key": _TEXT, "finished": _TIME, "type": _TEXT, "triggered_by": _OPTIONAL_TEXT,
                        "started": _OPTIONAL_TEXT, "trace": _OPTIONAL_TEXT,
                    },
                    optional=("trace",),
                ),
                "request": _OPEN_OR_NONE,
                "source": _or_none(_SOURCE),
                "approval": _or_none(_DECISION),
                "decisions": _each(_DECISION, "Every answer about the release, the oldest first."),
                "usage": USAGE,
                "called": _each(_OPEN, "Runs of other workflows that steps started."),
                "steps": _each(_STEP),
                "checks": _object(
                    {name: _OPEN_OR_NONE for name in ("validation", "compliance", "compliance_slides", "compliance_video")}
                ),
                "items": _each(_OPEN, "What each item of a map has of its own."),
                "values": _or_none(_each(_VALUE, "Every value, with page and printed words.")),
                "artifacts": _each(_ARTIFACT),
                "compliance_report": _ERROR,
            },
            optional=("compliance_report",),
        ),
    }  # fmt: skip


USAGE = _object(
    {
        "calls": _COUNT, "input_tokens": {"type": ["integer", "null"]}, "output_tokens": {"type": ["integer", "null"]},
        "cost_usd": _MONEY, "called_usd": _MONEY, "video_usd": _MONEY,
    },
    optional=("video_usd",),
    says="Calls, tokens and money of the run; an answer that was read from the journal again is one call.",
)  # fmt: skip


def history_json_schema() -> dict[str, Any]:
    """The JSON Schema of an entry of the execution history, format 1."""
    names = {
        "salt": _TEXT, "run_id": _TEXT, "run_key": _TEXT, "document": _OPTIONAL_TEXT, "document_sha256": _OPTIONAL_TEXT,
        "requested_by": _OPTIONAL_TEXT,
        **{role: _each(_TEXT) for role in ("corrected_by", "edited_by", "released_by", "rejected_by")},
    }  # fmt: skip
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "history entry",
        "description": "One run in the execution history. Written by scripts/make_schema.py; do not edit.",
        **_object(
            {
                "format": {"const": 1},
                "workflow": _TEXT,
                "serial": {"type": "integer", "minimum": 1},
                "previous": {**_SHA, "description": "The hash of the entry before it; zeros for the first."},
                "kind": {"enum": ["run", "erasure"]},
                "facts": {
                    "type": "object",
                    "required": ["finished", "recent", "named_sha256"],
                    "properties": {
                        "finished": _TIME, "started": _OPTIONAL_TEXT, "seconds": {"type": ["number", "null"]}, "outcome": _OUTCOME,
                        "recent": {"type": "string", "pattern": "^[01]{0,50}$"}, "named_sha256": _SHA, "manifest_sha256": _SHA,
                        "cost_usd": _MONEY, "erased": _each({"type": "integer", "minimum": 1}),
                        "retries": {"type": "object", "additionalProperties": _COUNT},
                        "findings": {"type": "object", "additionalProperties": _COUNT},
                    },
                },
                "named": _or_none(_object(names, optional=[name for name in names if name != "salt"])),
            }
        ),
    }  # fmt: skip
