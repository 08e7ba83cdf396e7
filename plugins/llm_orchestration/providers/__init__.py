"""Providers: how one request reaches one model, or an honest stand-in for it."""

from __future__ import annotations

from llm_orchestration.providers.base import Call, LocalProvider, Provider, RemoteProvider
from llm_orchestration.providers.offline import OfflineProvider
from llm_orchestration.providers.openai_compatible import Endpoint, OpenAICompatibleProvider
from llm_orchestration.providers.scripted import ScriptedProvider

__all__ = [
    "Call",
    "Endpoint",
    "LocalProvider",
    "OfflineProvider",
    "OpenAICompatibleProvider",
    "Provider",
    "RemoteProvider",
    "ScriptedProvider",
]
