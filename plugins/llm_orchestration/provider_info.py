"""Tells Airflow about the connection types, so that the Connections form shows their fields. Imports nothing."""

from __future__ import annotations

from typing import Any

_HOOKS = "llm_orchestration.hook"
_APIS = ("chat", "responses")


def get_provider_info() -> dict[str, Any]:
    """Metadata in the form of Airflow's `provider_info.schema.json`; the entry point in the dist-info names it."""
    return {
        "package-name": "llm-orchestration",
        "name": "LLM orchestration",
        "description": "Asks language models through routes, with checked answers and typed errors.",
        "connection-types": [_openai(), _azure(), _bedrock()],
        "config": {"llm_orchestration": _section()},
    }


def _section() -> dict[str, Any]:
    """The options of `[llm_orchestration]`. The address of the state is sensitive: it may hold a password, so Airflow masks it and takes
    it from `AIRFLOW__LLM_ORCHESTRATION__STATE_URL_CMD` too."""
    return {
        "description": "What calls of language models share.",
        "options": {
            "state_url": _option("Where limits, breakers and budgets are shared; a file in Airflow's home by default.", sensitive=True),
            "store": _option("Where requests and answers under way lie; a folder in Airflow's home by default.", sensitive=False),
        },
    }


def _option(description: str, *, sensitive: bool) -> dict[str, Any]:
    return {
        "description": description, "version_added": "1.0.0", "type": "string", "example": None, "default": None,
        "sensitive": sensitive,
    }  # fmt: skip


def _openai() -> dict[str, Any]:
    return {
        "connection-type": "llm",
        "hook-class-name": f"{_HOOKS}.LLMHook",
        "hook-name": "LLM (OpenAI-compatible)",
        "ui-field-behaviour": {
            "hidden-fields": ["schema", "login", "port", "extra"],
            "relabeling": {"host": "Base URL", "password": "API key"},
            "placeholders": {
                "host": "https://api.openai.com/v1",
                "password": "empty for a local server without a key",
            },
        },
        "conn-fields": {
            "model": _text("Model", "Model id as the provider names it."),
            "api": _choice(
                "API",
                "Chat Completions works everywhere; Responses where the provider offers it.",
                *_APIS,
            ),
            "organization": _text("Organization", "OpenAI organisation id, if the key belongs to several."),
            "project": _text("Project", "OpenAI project id, if the key belongs to several."),
            **_prices(),
            "provider": _choice(
                "Provider",
                "`scripted` plays the script below instead of asking a model; for tests.",
                "openai_compatible",
                "scripted",
            ),
            "script": _text("Script", "JSON, or a path of a JSON file, with the replies of the scripted provider."),
        },
    }


def _azure() -> dict[str, Any]:
    return {
        "connection-type": "llm_azure",
        "hook-class-name": f"{_HOOKS}.LLMAzureHook",
        "hook-name": "LLM (Azure OpenAI)",
        "ui-field-behaviour": {
            "hidden-fields": ["schema", "login", "port", "extra"],
            "relabeling": {"host": "Resource address", "password": "API key"},
            "placeholders": {"host": "https://my-resource.openai.azure.com", "password": "key of the Azure resource"},
        },
        "conn-fields": {
            "model": _text("Deployment", "Name of the deployment in the Azure resource."),
            "api": _choice("API", "Chat Completions or Responses.", *_APIS),
            "azure_api_version": _text(
                "API version",
                "Dated version such as 2025-04-01-preview; empty asks the resource's current API below /openai/v1.",
            ),
            **_prices(),
        },
    }


def _bedrock() -> dict[str, Any]:
    return {
        "connection-type": "llm_bedrock",
        "hook-class-name": f"{_HOOKS}.LLMBedrockHook",
        "hook-name": "LLM (Amazon Bedrock)",
        "ui-field-behaviour": {
            "hidden-fields": ["schema", "login", "password", "port", "extra"],
            "relabeling": {"host": "Address"},
            "placeholders": {"host": "empty for AWS's own address; otherwise for example of a VPC endpoint"},
        },
        "conn-fields": {
            "model": _text("Model", "Model id, inference profile id or ARN."),
            "aws_conn_id": _text(
                "AWS connection",
                "Id of a connection of type Amazon Web Services that signs; empty is the machine's own identity.",
            ),
            "region": _text("Region", "For example eu-central-1; empty is the AWS connection's region."),
            "endpoint": _choice(
                "Endpoint",
                "Converse (default), or an OpenAI-compatible endpoint: `openai` at bedrock-runtime, `mantle` at "
                "bedrock-mantle.",
                "converse",
                "openai",
                "mantle",
            ),
            "api": _choice("API", "Of the OpenAI-compatible endpoints: chat (default) or responses.", *_APIS),
            **_prices(),
        },
    }


def _prices() -> dict[str, Any]:
    return {
        "price_input": _text("Input price", "US dollars per million input tokens; empty is the list price, if known."),
        "price_output": _text("Output price", "US dollars per million output tokens; empty is the list price."),
        "price_cached_input": _text("Cached input price", "US dollars per million cached input tokens."),
    }


def _text(label: str, description: str) -> dict[str, Any]:
    return {"label": label, "description": description, "schema": {"type": ["string", "null"]}}


def _choice(label: str, description: str, *values: str) -> dict[str, Any]:
    return {
        "label": label,
        "description": description,
        "schema": {"type": ["string", "null"], "enum": [*values, None]},
    }
