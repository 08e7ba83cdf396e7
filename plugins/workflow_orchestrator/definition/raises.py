"""Which errors a step can end with: what a `catch` and a retry rule may name, and what the failure table lists.

    EVERY      any step: money or time used up, the storage away or without a file of the run, a definition that no longer fits
    FIRST      the step that opens the run: what it was started with is wrong
    MODEL      a step that asks a model
    RAISES     what else a kind ends with, from its own subject

A class is named once, at its narrowest; `family` gives the wider classes that a rule may name instead. Whether a retry can help stands
on the class itself (`retryable`).
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from functools import cache
from types import ModuleType

EVERY = ("BudgetError", "StorageError", "DocumentNotFoundError", "DefinitionChangedError")
FIRST = (
    "ConfError",
    "DocumentOutsideStorageError",
    "AlreadyProcessedError",
    "AutoApprovalRefusedError",
    "DocumentLimitError",
    "PatternTimeoutError",
)
MODEL = (
    "RateLimitError",
    "OverloadedError",
    "ServerError",
    "ConnectError",
    "ConnectionLostError",
    "CallTimeoutError",
    "ProtocolError",
    "CircuitOpenError",
    "ThrottledError",
    "InvalidOutputError",
    "ConnectionLookupError",
    "StateError",
    "JournalError",
    "QuotaExceededError",
    "RequestRejectedError",
    "ContextWindowExceededError",
    "RequestTooLargeError",
    "AuthenticationError",
    "PermissionDeniedError",
    "ModelNotFoundError",
    "ContentFilterError",
    "TruncatedError",
    "RefusalError",
    "BudgetExceededError",
    "RouteConfigError",
    "ConnectionMissingError",
    "ScriptedRepliesError",
    "PatternTimeoutError",
    "PromptError",
    "MissingVariablesError",
)
_READS = (
    "NotAPdfError",
    "EmptyDocumentError",
    "EncryptedDocumentError",
    "ImageOnlyDocumentError",
    "CodeNotPrintedError",
    "DamagedDocumentError",
    "DocumentLimitError",
    "ReaderKilledError",
    "OcrMissingError",
)
RAISES: Mapping[str, tuple[str, ...]] = {
    "extract": (*_READS, "OfflineOutputError", *MODEL),
    "validate": ("BusinessValidationError",),
    "ask": ("BusinessValidationError", "CorrectionError", "ApprovalError", "ConfigurationError"),
    "write": ("ScriptError", "UnboundFigureError", "ComplianceBlockedError", "OfflineOutputError", *MODEL),
    "slide": ("RenderError", "LayoutError", "UnboundFigureError"),
    "approve": (
        "ApprovalError",
        "SentBackError",
        "EditRefusedError",
        "ReasonMissingError",
        "FourEyesError",
        "AutoApprovalRefusedError",
        "ConfigurationError",
        # New slides for edits, where an attempt before was killed while it made them.
        "RenderError",
        "ComplianceBlockedError",
    ),
    "video": (
        "ApprovalError",
        "RenderError",
        "SpeechError",
        "VideoCheckError",
        "VendorError",
        "VendorJobError",
        "VendorDeadlineError",
        "VendorOutageError",
        "EncoderError",
        "ConfigurationError",
    ),
    "generate": (*_READS, "OfflineUnavailableError", *MODEL),
    "call": ("CalledWorkflowError", "CalledWorkflowOutageError"),
    "notify": ("NotificationError", "ConfigurationError"),
    "wait": ("WaitTimeError", "NotYetError"),
}
"""What a step of a kind can end with beside `EVERY`; narrowest classes, and a wider one only where it is raised itself."""


BLOCKS: Mapping[str, tuple[str, ...]] = {"choose": ("ConditionError",), "parallel": (), "map": ("MapLimitError",)}
"""What a block itself can end with, before a step of it runs. No retry helps, and no catch stands there: the run fails."""


def raised_by(kind: str, *, first: bool = False) -> tuple[str, ...]:
    """The error classes that a step of a kind can end with; `first` for a step that may open the run."""
    return tuple(dict.fromkeys((*RAISES[kind], *EVERY, *(FIRST if first else ()))))


@cache
def error_classes() -> Mapping[str, tuple[type[BaseException], ...]]:
    """The errors that a catch may name, of the orchestrator and the LLM layer; a name may stand in both trees."""
    found: dict[str, tuple[type[BaseException], ...]] = {}
    for module in _error_modules():
        for name, item in vars(module).items():
            if isinstance(item, type) and issubclass(item, Exception) and item.__module__ == module.__name__:
                found[name] = (*found.get(name, ()), item)
    return found


@cache
def family(name: str) -> frozenset[str]:
    """The names of an error class and of those above it, as `catch` and retry rules compare them.

    Raises:
        KeyError: no error has that name.
    """
    return frozenset(above.__name__ for one in _classes(name) for above in one.__mro__ if above is not object)


@cache
def retryable(name: str) -> bool:
    """Whether a retry can help against an error of that name; of two classes with one name, whether against either.

    Raises:
        KeyError: no error has that name.
    """
    return any(bool(getattr(one, "retryable", False)) for one in _classes(name))


def _classes(name: str) -> tuple[type[BaseException], ...]:
    return error_classes()[name]


def _error_modules() -> Iterator[ModuleType]:
    yield importlib.import_module("workflow_orchestrator.errors")
    try:
        yield importlib.import_module("llm_orchestration.errors")
    except ModuleNotFoundError:
        # The orchestrator also runs without the LLM layer: with the offline reader alone.
        return
