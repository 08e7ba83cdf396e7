"""Providers: how one request reaches one model, or an honest stand-in for it."""

from __future__ import annotations

from llm_orchestration.providers._clients import close_clients
from llm_orchestration.providers.aws import AwsIdentity
from llm_orchestration.providers.base import Call, LocalProvider, ProbedProvider, Provider, RemoteProvider
from llm_orchestration.providers.bedrock_converse import BedrockConverseProvider
from llm_orchestration.providers.bedrock_openai import BedrockOpenAIProvider
from llm_orchestration.providers.offline import OfflineProvider
from llm_orchestration.providers.openai_compatible import Endpoint, OpenAICompatibleProvider
from llm_orchestration.providers.scripted import ScriptedProvider
from llm_orchestration.providers.submit import BackgroundResponses, BatchJob, submitting

__all__ = [
    "AwsIdentity",
    "BackgroundResponses",
    "BatchJob",
    "BedrockConverseProvider",
    "BedrockOpenAIProvider",
    "Call",
    "Endpoint",
    "LocalProvider",
    "OfflineProvider",
    "OpenAICompatibleProvider",
    "ProbedProvider",
    "Provider",
    "RemoteProvider",
    "ScriptedProvider",
    "close_clients",
    "submitting",
]
