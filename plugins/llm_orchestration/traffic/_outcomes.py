"""What the end of a request says about its endpoint and about its bill."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from llm_orchestration import errors
from llm_orchestration.model import Answer, Usage

_FAILED = (
    errors.ServerError,
    errors.OverloadedError,
    errors.ConnectError,
    errors.ConnectionLostError,
    errors.CallTimeoutError,
    errors.ProtocolError,
    errors.QuotaExceededError,
)
_ANSWERED = (
    errors.RateLimitError,
    errors.RequestRejectedError,
    errors.AuthenticationError,
    errors.PermissionDeniedError,
    errors.ModelNotFoundError,
    errors.ContentFilterError,
    errors.TruncatedError,
    errors.RefusalError,
    errors.InvalidOutputError,
)
_UNBILLED = (
    errors.ConnectError,
    errors.RateLimitError,
    errors.OverloadedError,
    errors.QuotaExceededError,
    errors.AuthenticationError,
    errors.PermissionDeniedError,
    errors.ModelNotFoundError,
    errors.ConfigurationError,
    errors.StateError,
)
# A gateway that lost patience or contact: the model behind it may have done the work.
_GATEWAY = frozenset({502, 504, 520, 522, 524})


@dataclass(frozen=True)
class Outcome:
    """How a request ended.

    Args:
        endpoint: `answered`, if only by a refusal, `failed`, or `unknown` when it says nothing about the endpoint.
        reason: Class name of the error, empty for an answer.
        served: Whether the endpoint had capacity.
        cooldown: Seconds of a Retry-After, 0 without one.
        usage: Tokens that were counted.
        billed: Whether there may be a bill. With an unknown usage that means the worst case.
    """

    endpoint: Literal["answered", "failed", "unknown"]
    reason: str = ""
    served: bool = True
    cooldown: float = 0.0
    usage: Usage | None = None
    billed: bool = True

    @property
    def tokens(self) -> int | None:
        """Tokens that the request really used, `None` when nobody said."""
        return None if self.usage is None else self.usage.total_tokens


def of_answer(answer: Answer) -> Outcome:
    """The outcome of an answer."""
    return Outcome("answered", usage=answer.usage)


def of_error(error: BaseException) -> Outcome:
    """The outcome of a failure, of a cancellation after sending, or of a fault in our own code."""
    if not isinstance(error, errors.LLMError):
        return Outcome("unknown")
    limited = isinstance(error, errors.RateLimitError | errors.OverloadedError)
    return Outcome(
        "failed" if isinstance(error, _FAILED) else "answered" if isinstance(error, _ANSWERED) else "unknown",
        reason=type(error).__name__,
        served=not limited,
        cooldown=error.retry_after.total_seconds() if limited and error.retry_after is not None else 0.0,
        usage=error.usage,
        billed=_may_be_billed(error),
    )


def _may_be_billed(error: errors.LLMError) -> bool:
    if error.usage is not None and error.usage.total_tokens is not None:
        return True
    if isinstance(error, _UNBILLED):
        return False
    status = error.status
    return status is None or status < 400 or status in _GATEWAY
