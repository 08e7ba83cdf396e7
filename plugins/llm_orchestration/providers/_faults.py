"""From what went wrong on the wire to the one error class that says so.

The order of the questions matters, because vendors and gateways reuse status codes: a used-up plan is a 429 like any
rate limit, a content filter and an overlong prompt are plain 400s, and some gateways answer 200 with an error inside.
So the provider's own code and type decide first, the status last.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from llm_orchestration import errors
from llm_orchestration.providers.base import Call, facts

_QUOTA = frozenset(
    {
        "insufficient_quota",
        "billing_hard_limit_reached",
        "organization_spend_limit_exceeded",
        "project_spend_limit_exceeded",
        "quota_exceeded",
    }
)
_CONTEXT_CODES = frozenset({"context_length_exceeded", "exceed_context_size_error", "string_above_max_length"})
_CONTEXT_TEXT = re.compile(
    r"contextwindowexceeded|maximum context length|context length exceeded|exceeds the available context"
    r"|(?:input|prompt) is too long|input tokens exceeded",
    re.IGNORECASE,
)
_RATE_TEXT = re.compile(r"too many (?:tokens|requests)", re.IGNORECASE)
_FILTER = frozenset({"content_filter", "content_policy_violation", "responsibleaipolicyviolation"})
_OVERLOAD = frozenset({"overloaded_error", "server_overloaded", "engine_overloaded", "service_unavailable"})

_BY_STATUS: Mapping[int, tuple[type[errors.LLMError], str]] = {
    401: (errors.AuthenticationError, "the API key was not accepted; check the connection's password"),
    402: (errors.QuotaExceededError, "the account has no money left; top it up or use another connection"),
    403: (errors.PermissionDeniedError, "the API key may not use this model or region; ask for the right"),
    404: (errors.ModelNotFoundError, "no such model or address; check the model and the base URL of the connection"),
    408: (errors.ServerError, "the provider gave up waiting"),
    409: (errors.ServerError, "the provider reports a conflict"),
    424: (errors.ServerError, "the model behind the provider failed"),
    429: (errors.RateLimitError, "too many requests or tokens"),
    503: (errors.OverloadedError, "the provider has no capacity now"),
    529: (errors.OverloadedError, "the provider has no capacity now"),
}
_BY_CODE: Mapping[str, tuple[type[errors.LLMError], str]] = {
    "rate_limit_exceeded": (errors.RateLimitError, "too many requests or tokens"),
    "server_error": (errors.ServerError, "the provider failed"),
    "invalid_api_key": (errors.AuthenticationError, "the API key was not accepted; check the connection's password"),
    "model_not_found": (errors.ModelNotFoundError, "no such model; check the model of the connection"),
}

_TOKEN = re.compile(r"[\w.\-\[\]]{1,80}\Z")
_MAX_SAID = 160
_OVERLAP = 16


def from_response(
    call: Call,
    provider: str,
    *,
    status: int,
    error: Any,
    headers: Mapping[str, str],
    secret: str,
) -> errors.LLMError:
    """The error of a response that reports a failure.

    Args:
        call: What was asked; used to keep the prompt out of the message.
        provider: Kind of provider.
        status: HTTP status; a 200 may hold an error too.
        error: The `error` value of the body: an object, a text, or `None`.
        headers: Response headers with lower-case names.
        secret: The API key, which some providers echo.
    """
    detail = error if isinstance(error, dict) else {}
    said = detail.get("message") if isinstance(detail.get("message"), str) else error
    said = said if isinstance(said, str) else ""
    code, kind = _token(detail.get("code")), _token(detail.get("type"))
    if status < 400 and code is not None and code.isdecimal() and 400 <= int(code) <= 599:
        status = int(code)
    cls, told = _decide(status, code, kind, said)
    param = _token(detail.get("param"))
    message = told if param is None else f"{told} (parameter {param})"
    quoted = _quotable(said, call, secret)
    return cls(
        f"{message}. It says: {quoted}" if quoted else message,
        **facts(
            provider,
            call.model,
            status=status,
            code=code or kind,
            request_id=headers.get("x-request-id"),
            retry_after=retry_after(headers),
        ),
    )


def _decide(status: int, code: str | None, kind: str | None, said: str) -> tuple[type[errors.LLMError], str]:
    names = {name.lower() for name in (code, kind) if name}
    if names & _QUOTA:
        return errors.QuotaExceededError, "the account's quota is used up; waiting does not help"
    if names & _FILTER:
        return errors.ContentFilterError, "the provider's content filter stopped the prompt"
    if names & _CONTEXT_CODES or (status in (400, 413, 422) and _CONTEXT_TEXT.search(said)):
        return errors.ContextWindowExceededError, "the prompt does not fit the model's context window"
    if names & _OVERLOAD:
        return errors.OverloadedError, "the provider has no capacity now"
    if status == 400 and _RATE_TEXT.search(said):
        return errors.RateLimitError, "too many requests or tokens"
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    named = next((_BY_CODE[name] for name in sorted(names) if name in _BY_CODE), None)
    return named or _by_class(status)


def _by_class(status: int) -> tuple[type[errors.LLMError], str]:
    if status >= 500:
        return errors.ServerError, "the provider failed"
    if status >= 400:
        return errors.RequestRejectedError, "the provider refuses this request"
    if status >= 300:
        return errors.RequestRejectedError, "the base URL redirects elsewhere; put the final one in the connection"
    return errors.ProtocolError, "the provider reports an error inside a success"


def from_exception(call: Call, provider: str, exc: Exception, *, secret: str) -> errors.LLMError:
    """The error of an exception of the SDK or of our own deadline."""
    import openai

    if isinstance(exc, openai.APIStatusError):
        return from_response(
            call,
            provider,
            status=exc.status_code,
            error=exc.body,
            headers={name.lower(): value for name, value in exc.response.headers.items()},
            secret=secret,
        )
    told = facts(provider, call.model)
    cause = type(exc.__cause__).__name__
    if cause in ("ConnectError", "ConnectTimeout", "PoolTimeout"):
        return errors.ConnectError("no connection to the provider; nothing was sent", **told)
    if isinstance(exc, TimeoutError | openai.APITimeoutError):
        seconds = f"{call.timeout.total_seconds():g}"
        return errors.CallTimeoutError(f"no whole answer within {seconds} s; the request may have been billed", **told)
    if isinstance(exc, openai.APIConnectionError):
        if cause in ("UnsupportedProtocol", "LocalProtocolError", "InvalidURL"):
            return errors.ConfigurationError("the base URL cannot be used; check the connection's host", **told)
        return errors.ConnectionLostError(
            "the connection broke before the whole answer came; the request may have been billed", **told
        )
    return errors.ConfigurationError(f"the OpenAI client refuses the call ({type(exc).__name__})", **told)


def retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """How long the provider asks to wait: `retry-after-ms`, seconds, or an HTTP date (RFC 9110, 10.2.3)."""
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return timedelta(milliseconds=milliseconds)
    value = headers.get("retry-after")
    seconds = _number(value)
    if seconds is not None:
        return timedelta(seconds=seconds)
    try:
        moment = parsedate_to_datetime(value or "")
    except ValueError:
        return None
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return max(moment - datetime.now(UTC), timedelta(0))


def _number(value: str | None) -> float | None:
    try:
        number = float(value or "")
    except ValueError:
        return None
    # A week is longer than any limit that resets; a larger number is a mistake and would overflow.
    return number if math.isfinite(number) and 0 <= number <= 7 * 86_400_000 else None


def _token(value: Any) -> str | None:
    """A code, type or parameter name, if it looks like one and not like text of somebody's document."""
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return text if _TOKEN.match(text) else None


def _quotable(said: str, call: Call, secret: str) -> str:
    """The provider's own words, unless they repeat the prompt; the key is taken out."""
    said = " ".join(said.split())[:_MAX_SAID]
    if not said:
        return ""
    if len(secret) >= 4:
        said = said.replace(secret, "***")
    said = re.sub(r"\b(sk|key)-[\w*.\-]{4,}", "***", said)
    prompt = [" ".join(message.content.split()) for message in call.messages]
    pieces = [said[i : i + _OVERLAP] for i in range(max(1, len(said) - _OVERLAP + 1))]
    return "" if any(piece in text for text in prompt for piece in pieces) else said
