"""The LLM orchestration layer: routes, providers, checked answers, typed errors, cost and a response journal.

`LLMHook` and `LLMRetryPolicy` need Airflow and load on first use; everything else imports neither Airflow nor a
vendor's SDK.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_orchestration.errors import (
    AuthenticationError,
    BudgetExceededError,
    CallTimeoutError,
    CircuitOpenError,
    ConfigurationError,
    ConnectError,
    ConnectionLookupError,
    ConnectionLostError,
    ConnectionMissingError,
    ContentFilterError,
    ContextWindowExceededError,
    InvalidOutputError,
    JournalError,
    LLMError,
    MissingVariablesError,
    ModelNotFoundError,
    OfflineOutputError,
    OfflineUnavailableError,
    OverloadedError,
    PatternTimeoutError,
    PermanentError,
    PermissionDeniedError,
    PromptError,
    ProtocolError,
    QuotaExceededError,
    RateLimitError,
    RefusalError,
    RequestRejectedError,
    RequestTooLargeError,
    RouteConfigError,
    ScriptedRepliesError,
    ServerError,
    StateError,
    ThrottledError,
    TransientError,
    TruncatedError,
)
from llm_orchestration.journal import DirectoryJournal, Journal, MemoryJournal, StoreJournal
from llm_orchestration.model import Attempt, LLMRequest, LLMResult, Message, Usage
from llm_orchestration.pricing import Price
from llm_orchestration.prompts import Prompt
from llm_orchestration.routes import Route, Routes, load_routes
from llm_orchestration.stores import Store, open_store
from llm_orchestration.traffic import Limits, Spending

if TYPE_CHECKING:
    from llm_orchestration.deferral import answered, defer_call
    from llm_orchestration.events import read_result
    from llm_orchestration.hook import LLMHook, Mode
    from llm_orchestration.operators import LLMCallOperator
    from llm_orchestration.retry_policy import LLMRetryPolicy

_LAZY = {
    "LLMCallOperator": "operators",
    "LLMHook": "hook",
    "LLMRetryPolicy": "retry_policy",
    "Mode": "hook",
    "answered": "deferral",
    "defer_call": "deferral",
    "read_result": "events",
}

__all__ = [
    "Attempt",
    "AuthenticationError",
    "BudgetExceededError",
    "CallTimeoutError",
    "CircuitOpenError",
    "ConfigurationError",
    "ConnectError",
    "ConnectionLookupError",
    "ConnectionLostError",
    "ConnectionMissingError",
    "ContentFilterError",
    "ContextWindowExceededError",
    "DirectoryJournal",
    "InvalidOutputError",
    "Journal",
    "JournalError",
    "LLMCallOperator",
    "LLMError",
    "LLMHook",
    "LLMRequest",
    "LLMResult",
    "LLMRetryPolicy",
    "Limits",
    "MemoryJournal",
    "Message",
    "MissingVariablesError",
    "Mode",
    "ModelNotFoundError",
    "OfflineOutputError",
    "OfflineUnavailableError",
    "OverloadedError",
    "PatternTimeoutError",
    "PermanentError",
    "PermissionDeniedError",
    "Price",
    "Prompt",
    "PromptError",
    "ProtocolError",
    "QuotaExceededError",
    "RateLimitError",
    "RefusalError",
    "RequestRejectedError",
    "RequestTooLargeError",
    "Route",
    "RouteConfigError",
    "Routes",
    "ScriptedRepliesError",
    "ServerError",
    "Spending",
    "StateError",
    "Store",
    "StoreJournal",
    "ThrottledError",
    "TransientError",
    "TruncatedError",
    "Usage",
    "answered",
    "defer_call",
    "load_routes",
    "open_store",
    "read_result",
]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        from importlib import import_module

        return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
