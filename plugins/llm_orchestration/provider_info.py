"""Tells Airflow about the connection type, so that the Connections form shows its fields. Imports nothing."""

from __future__ import annotations

from typing import Any


def get_provider_info() -> dict[str, Any]:
    """Metadata in the form of Airflow's `provider_info.schema.json`; the entry point in the dist-info names it."""
    return {
        "package-name": "llm-orchestration",
        "name": "LLM orchestration",
        "description": "Asks language models through routes, with checked answers and typed errors.",
        "connection-types": [
            {
                "connection-type": "llm",
                "hook-class-name": "llm_orchestration.hook.LLMHook",
                "hook-name": "LLM (OpenAI-compatible)",
                "ui-field-behaviour": {
                    "hidden-fields": ["schema", "login", "port", "extra"],
                    "relabeling": {"host": "Base URL", "password": "API key"},
                    "placeholders": {
                        "host": "https://api.openai.com/v1",
                        "password": "empty for a local server without a key",
                    },
                },
                "conn-fields": _fields(),
            }
        ],
    }


def _fields() -> dict[str, Any]:
    return {
        "model": _text("Model", "Model id as the provider names it."),
        "api": {
            "label": "API",
            "description": "Chat Completions works everywhere; Responses where the provider offers it.",
            "schema": {"type": ["string", "null"], "enum": ["chat", "responses", None]},
        },
        "organization": _text("Organization", "OpenAI organisation id, if the key belongs to several."),
        "project": _text("Project", "OpenAI project id, if the key belongs to several."),
        "price_input": _text("Input price", "US dollars per million input tokens; empty is unknown."),
        "price_output": _text("Output price", "US dollars per million output tokens; empty is unknown."),
        "price_cached_input": _text("Cached input price", "US dollars per million cached input tokens."),
        "provider": {
            "label": "Provider",
            "description": "`scripted` plays the script below instead of asking a model; for tests.",
            "schema": {"type": ["string", "null"], "enum": ["openai_compatible", "scripted", None]},
        },
        "script": _text("Script", "JSON, or a path of a JSON file, with the replies of the scripted provider."),
    }


def _text(label: str, description: str) -> dict[str, Any]:
    return {"label": label, "description": description, "schema": {"type": ["string", "null"]}}
