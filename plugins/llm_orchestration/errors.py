"""Every way an LLM call can end without a usable answer, as one tree.

Airflow's retry decision is *derived* from this tree (see `retry_policy.py`), and so is failover inside one call
(see `engine.py`). `R` marks what a later retry may cure, `F` what the next target of the route may cure now.

```text
LLMError
├── TransientError                    R
│   ├── RateLimitError                R F   too many requests or tokens; honours Retry-After
│   ├── OverloadedError               R F   503, 529: the model has no capacity now
│   ├── ServerError                   R F   5xx, 408, 409, 424: the provider failed
│   ├── ConnectError                  R F   nothing was sent
│   ├── ConnectionLostError           R F   sent, then the connection broke; may be billed
│   ├── CallTimeoutError              R F   sent, no whole answer within the deadline; may be billed
│   ├── ProtocolError                 R F   a "success" that is not an answer: HTML, cut JSON, no choices
│   ├── CircuitOpenError              R F   not sent: the endpoint is known to be down until `retry_after`
│   ├── ThrottledError                R F   not sent: our own limits leave no turn in time
│   ├── InvalidOutputError            R     the answer breaks the schema, also after the re-ask
│   ├── ConnectionLookupError         R     Airflow could not say whether the connection exists
│   ├── StateError                    R     limits or budgets cannot be read, so nothing may be sent
│   └── JournalError                  R     the journal could not be read, so paying twice is possible
└── PermanentError
    ├── QuotaExceededError              F   the money or the plan is used up; waiting does not help
    ├── RequestRejectedError                the provider refuses this request
    │   └── ContextWindowExceededError  (F) only to a target with a larger window
    ├── RequestTooLargeError            F   not sent: larger than the tokens per minute that the target allows
    ├── AuthenticationError                 401: the key is wrong
    ├── PermissionDeniedError               403: the key may not do this
    ├── ModelNotFoundError                  404: no such model or address
    ├── ContentFilterError                  the provider's filter stopped the prompt or the answer
    ├── TruncatedError                      the answer was cut at max_output_tokens
    ├── RefusalError                        the model declined
    ├── BudgetExceededError             (F) the next call could cost more than what is left; only to a cheaper target
    ├── OfflineUnavailableError             no model is configured and the step has no model-free routine
    ├── OfflineOutputError                  the model-free routine returned something unusable
    └── ConfigurationError                  the setup contradicts itself or is incomplete
        ├── RouteConfigError                llm.yaml; lists every problem
        ├── ConnectionMissingError          the named Airflow connection does not exist
        ├── ScriptedRepliesError            the scripted provider's script is wrong or used up
        ├── PatternTimeoutError             a pattern that somebody wrote does not end on this text
        └── PromptError                     a prompt file cannot be used
            └── MissingVariablesError       the caller did not pass all variables
```

No message holds prompt text, document text or a key. Every error survives pickling with all its attributes,
because Airflow moves exceptions between processes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import timedelta
    from decimal import Decimal

    from llm_orchestration.model import Attempt, Usage

__all__ = [
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
    "InvalidOutputError",
    "JournalError",
    "LLMError",
    "MissingVariablesError",
    "ModelNotFoundError",
    "OfflineOutputError",
    "OfflineUnavailableError",
    "OverloadedError",
    "PatternTimeoutError",
    "PermanentError",
    "PermissionDeniedError",
    "PromptError",
    "ProtocolError",
    "QuotaExceededError",
    "RateLimitError",
    "RefusalError",
    "RequestRejectedError",
    "RequestTooLargeError",
    "RouteConfigError",
    "ScriptedRepliesError",
    "ServerError",
    "StateError",
    "ThrottledError",
    "TransientError",
    "TruncatedError",
]

_MAX_MESSAGE = 500


class LLMError(Exception):
    """Base of the tree; never raised itself.

    Args:
        message: What happened, to what, and what to do. Cut at 500 characters.
        provider: Kind of provider, for example `openai_compatible`.
        model: Model that was asked.
        connection: Airflow connection id that was used.
        status: HTTP status, if there was a response.
        code: The provider's own error code.
        request_id: The provider's id of the request, for its support desk.
        retry_after: How long the provider asked to wait.
        usage: Tokens that were counted before the failure.
        cost_usd: What those tokens cost; `None` when unknown.
        attempts: Every request of the call, in order.
    """

    retryable: ClassVar[bool] = False
    """Whether the same task may succeed later without a change."""

    failover: ClassVar[bool] = False
    """Whether the next target of the route may be asked within the same call."""

    def __init__(
        self,
        message: str,
        *,
        provider: str | None = None,
        model: str | None = None,
        connection: str | None = None,
        status: int | None = None,
        code: str | None = None,
        request_id: str | None = None,
        retry_after: timedelta | None = None,
        usage: Usage | None = None,
        cost_usd: Decimal | None = None,
        attempts: Sequence[Attempt] = (),
    ) -> None:
        super().__init__(message if len(message) <= _MAX_MESSAGE else message[: _MAX_MESSAGE - 1] + "…")
        self.provider = provider
        self.model = model
        self.connection = connection
        self.status = status
        self.code = code
        self.request_id = request_id
        self.retry_after = retry_after
        self.usage = usage
        self.cost_usd = cost_usd
        self.attempts: tuple[Attempt, ...] = tuple(attempts)
        # Seconds since the epoch when a trigger told the error; a worker hears of it some seconds later.
        self.told_at: float | None = None

    @property
    def message(self) -> str:
        """The message without the facts that `str()` adds."""
        return str(self.args[0])

    def __str__(self) -> str:
        facts = {
            "connection": self.connection,
            "model": self.model,
            "status": self.status,
            "code": self.code,
            "request_id": self.request_id,
            "retry_after": f"{self.retry_after.total_seconds():g}s" if self.retry_after is not None else None,
        }
        told = " ".join(f"{name}={value}" for name, value in facts.items() if value is not None)
        return f"{self.message} [{told}]" if told else self.message

    def to_json(self) -> dict[str, Any]:
        """The whole error as JSON, for the way from a trigger to a worker."""
        told = {name: value for name, value in self.__dict__.items() if value is not None and name not in _ENCODED}
        return {
            "class": type(self).__name__,
            "message": self.message,
            "retry_after": None if self.retry_after is None else self.retry_after.total_seconds(),
            "cost_usd": None if self.cost_usd is None else format(self.cost_usd, "f"),
            "usage": None if self.usage is None else self.usage.to_json(),
            "attempts": [attempt.to_json() for attempt in self.attempts],
            "more": {name: list(value) if isinstance(value, tuple) else value for name, value in told.items()},
        }

    def __reduce__(self) -> tuple[Any, ...]:
        # The default would call `cls(*args)` and lose the keyword-only facts.
        return _rebuild, (type(self), self.args, self.__dict__.copy())


_ENCODED = frozenset({"retry_after", "cost_usd", "usage", "attempts"})


def error_from_json(value: Mapping[str, Any]) -> LLMError:
    """The error that `LLMError.to_json` told, of the same class and with the same attributes."""
    from datetime import timedelta
    from decimal import Decimal

    from llm_orchestration.model import Attempt, Usage

    cls = globals().get(value["class"], TransientError)
    state: dict[str, Any] = dict.fromkeys(("provider", "model", "connection", "status", "code", "request_id", "told_at"))
    state |= {name: tuple(one) if isinstance(one, list) else one for name, one in value["more"].items()}
    state["retry_after"] = None if value["retry_after"] is None else timedelta(seconds=value["retry_after"])
    state["cost_usd"] = None if value["cost_usd"] is None else Decimal(value["cost_usd"])
    state["usage"] = None if value["usage"] is None else Usage.from_json(value["usage"])
    state["attempts"] = tuple(Attempt(**attempt) for attempt in value["attempts"])
    return _rebuild(cls, (value["message"],), state)


def _rebuild(cls: type[LLMError], args: tuple[Any, ...], state: dict[str, Any]) -> LLMError:
    error = cls.__new__(cls, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class TransientError(LLMError):
    """Something outside failed for now. A retry can help."""

    retryable = True


class PermanentError(LLMError):
    """The same request will fail again. A retry does not help until something is changed."""


class RateLimitError(TransientError):
    """Too many requests or tokens per minute. A retry helps, after `retry_after` when it is set."""

    failover = True


class OverloadedError(TransientError):
    """The provider has no capacity for this model now. A retry helps."""

    failover = True


class ServerError(TransientError):
    """The provider failed (5xx, 408, 409, 424). A retry usually helps."""

    failover = True


class ConnectError(TransientError):
    """No connection could be opened, so nothing was sent or billed. A retry is always safe."""

    failover = True


class ConnectionLostError(TransientError):
    """The connection broke after sending. A retry can help; the lost answer may have been billed."""

    failover = True


class CallTimeoutError(TransientError):
    """No whole answer came within the deadline. A retry can help; the lost answer may have been billed."""

    failover = True


class ProtocolError(TransientError):
    """A response that claims success but is no answer. A retry can help when a proxy had a bad moment."""

    failover = True


class CircuitOpenError(TransientError):
    """Nothing was sent, because the endpoint failed again and again. A retry helps, after `retry_after`."""

    failover = True


class ThrottledError(TransientError):
    """Nothing was sent, because the limits set for the target leave no turn in time. A retry helps."""

    failover = True


class InvalidOutputError(TransientError):
    """The model's answer breaks the schema even after the re-ask. A retry asks again and may help.

    No failover: an answer was paid for, and a second model would be paid as well.

    Args:
        message: What is wrong, without any text of the answer.
        problems: Each broken rule as `path: rule`.
        **facts: As for `LLMError`.
    """

    def __init__(self, message: str, *, problems: Sequence[str] = (), **facts: Any) -> None:
        super().__init__(message, **facts)
        self.problems = tuple(problems)


class ConnectionLookupError(TransientError):
    """Airflow could not be asked for the connection. A retry helps once the API server answers again."""


class StateError(TransientError):
    """The store of limits, budgets or calls in flight cannot be used. A retry helps once it answers again.

    Raised before any request, because a budget that cannot be read cannot be held.
    """


class JournalError(TransientError):
    """The response journal could not be read. A retry helps once its store answers again.

    Raised before any request, because an answer that was already paid for may lie in the journal.
    """


class QuotaExceededError(PermanentError):
    """The account's money or plan is used up. A retry does not help; another vendor may."""

    failover = True


class RequestRejectedError(PermanentError):
    """The provider refuses the request as it is. A retry does not help."""


class ContextWindowExceededError(RequestRejectedError):
    """The prompt does not fit the model's context window. A retry does not help; a larger window does."""


class RequestTooLargeError(PermanentError):
    """Not sent: no minute has room for so many tokens. A retry does not help; a target with a higher limit does."""

    failover = True


class AuthenticationError(PermanentError):
    """The key is missing, wrong or expired. A retry does not help before the connection is mended."""


class PermissionDeniedError(PermanentError):
    """The key is valid but may not do this. A retry does not help before the rights change."""


class ModelNotFoundError(PermanentError):
    """The provider knows no such model, or the base URL is wrong. A retry does not help."""


class ContentFilterError(PermanentError):
    """The provider's content filter stopped the prompt or the answer. A retry does not help."""


class TruncatedError(PermanentError):
    """The answer was cut at the output limit. A retry does not help; a higher `max_output_tokens` does."""


class RefusalError(PermanentError):
    """The model declined to answer. A retry does not help."""


class BudgetExceededError(PermanentError):
    """The next call could cost more than the budget has left, so it was not made. A retry does not help."""


class OfflineUnavailableError(PermanentError):
    """No model is configured and the step has no routine without one. A retry does not help."""


class OfflineOutputError(PermanentError):
    """The step's model-free routine returned something that cannot be used. A retry does not help."""


class ConfigurationError(PermanentError):
    """The setup is incomplete or contradicts itself. A retry does not help before it is mended."""


class RouteConfigError(ConfigurationError):
    """The route file cannot be used. A retry does not help before the file is mended.

    Args:
        source: Name of the file.
        problems: Every problem as `key.path: what is wrong`.
    """

    def __init__(self, source: str, problems: Sequence[str]) -> None:
        self.source = source
        self.problems = tuple(problems)
        count = len(self.problems)
        lines = "\n".join(f"  {problem}" for problem in self.problems)
        super().__init__(f"{source}: {count} problem{'s' if count != 1 else ''}")
        self.report = f"{self.message}\n{lines}"

    def __str__(self) -> str:
        return self.report


class ConnectionMissingError(ConfigurationError):
    """The named Airflow connection does not exist. A retry does not help before it is added."""


class ScriptedRepliesError(ConfigurationError):
    """The scripted provider's script is wrong or has no reply left. A retry does not help."""


class PatternTimeoutError(ConfigurationError):
    """A pattern of a schema, a pack or a parameter took too long on a text. A retry does not help; another pattern does."""


class PromptError(ConfigurationError):
    """A prompt file cannot be used. A retry does not help before the file is mended."""


class MissingVariablesError(PromptError):
    """The caller left out variables that the prompt declares. A retry does not help.

    Args:
        prompt: Name of the prompt.
        names: The missing variables.
    """

    def __init__(self, prompt: str, names: Sequence[str]) -> None:
        self.prompt = prompt
        self.names = tuple(names)
        super().__init__(f"prompt {prompt!r}: missing variables: {', '.join(self.names)}; pass them to render()")
