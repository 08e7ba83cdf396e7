"""From what went wrong on the wire to the one error class that says so.

The order of the questions matters, because vendors and gateways reuse status codes: a used-up plan is a 429 like any
rate limit, a content filter and an overlong prompt are plain 400s, and some gateways answer 200 with an error inside.
So the provider's own code and type decide first, its words where a gateway flattens the code, the status last.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from llm_orchestration import errors
from llm_orchestration.providers._clients import MAX_BODY_BYTES, BodyTooLargeError
from llm_orchestration.providers.base import Call, facts

_Verdict = tuple[type[errors.LLMError], str]

_QUOTA: _Verdict = (errors.QuotaExceededError, "the account's quota is used up; waiting does not help")
_FILTER: _Verdict = (errors.ContentFilterError, "the provider's content filter stopped the prompt")
_CONTEXT: _Verdict = (errors.ContextWindowExceededError, "the prompt does not fit the model's context window")
_RATE: _Verdict = (errors.RateLimitError, "too many requests or tokens")
_BUSY: _Verdict = (errors.OverloadedError, "the provider has no capacity now")
_FAILED: _Verdict = (errors.ServerError, "the provider failed")
_KEY: _Verdict = (errors.AuthenticationError, "the API key was not accepted; check the connection's password")
_AWS_KEY: _Verdict = (errors.AuthenticationError, "AWS does not accept the credentials; check the AWS connection")
_AWS_OLD: _Verdict = (errors.AuthenticationError, "the AWS session has expired; renew the AWS connection's credentials")
_MODEL: _Verdict = (errors.ModelNotFoundError, "no such model; check the model of the connection")
_REFUSED: _Verdict = (errors.RequestRejectedError, "the provider refuses this request")

# Lower-case `code` or `type` of a body, or the exception name of AWS.
_BY_CODE: Mapping[str, _Verdict] = {
    **dict.fromkeys(
        (
            "insufficient_quota",
            "billing_hard_limit_reached",
            "organization_spend_limit_exceeded",
            "project_spend_limit_exceeded",
            "quota_exceeded",
            "quotaexceeded",
            "servicequotaexceededexception",
        ),
        _QUOTA,
    ),
    **dict.fromkeys(("content_filter", "content_policy_violation", "responsibleaipolicyviolation"), _FILTER),
    **dict.fromkeys(("context_length_exceeded", "exceed_context_size_error", "string_above_max_length"), _CONTEXT),
    **dict.fromkeys(
        (
            "overloaded_error",
            "server_overloaded",
            "engine_overloaded",
            "service_unavailable",
            "modelnotreadyexception",
            "serviceunavailableexception",
        ),
        _BUSY,
    ),
    # A batch that would exceed the tokens that may wait at the same time.
    **dict.fromkeys(("throttlingexception", "token_limit_exceeded"), _RATE),
    "mpagreementbeingcreated": (errors.OverloadedError, "AWS is still setting up the access to this model"),
    "modeltimeoutexception": (errors.CallTimeoutError, "the model did not finish in time; it may have been billed"),
    **dict.fromkeys(("modelerrorexception", "modelstreamerrorexception"), (errors.ServerError, "the model failed")),
    "internalserverexception": _FAILED,
    **dict.fromkeys(
        (
            "unrecognizedclientexception",
            "invalidsignatureexception",
            "invalidclienttokenid",
            "signaturedoesnotmatch",
            "missingauthenticationtokenexception",
            "incompletesignatureexception",
            "authfailure",
        ),
        _AWS_KEY,
    ),
    **dict.fromkeys(("expiredtokenexception", "expiredtoken"), _AWS_OLD),
    "accessdeniedexception": (errors.PermissionDeniedError, "the AWS identity may not use this model; allow it in IAM"),
    "accessdenied": (errors.PermissionDeniedError, "the AWS identity may not do this; allow it in IAM"),
    "resourcenotfoundexception": (errors.ModelNotFoundError, "no such model in this AWS region"),
    # LiteLLM cannot check a key without its database and says so with a 400.
    "no_db_connection": (errors.AuthenticationError, "the gateway does not know the key; check the password"),
}
# Codes that only say what the status says better, asked after it.
_BY_WEAK_CODE: Mapping[str, _Verdict] = {
    "rate_limit_exceeded": _RATE,
    "server_error": _FAILED,
    "invalid_api_key": _KEY,
    "model_not_found": _MODEL,
}
_BY_TEXT: tuple[tuple[frozenset[int], re.Pattern[str], _Verdict], ...] = tuple(
    (frozenset(statuses), re.compile(text, re.IGNORECASE), verdict)
    for statuses, text, verdict in (
        # Before the context window: AWS says "too many tokens, please wait" about a rate.
        ((400,), r"too many (?:tokens|requests)", _RATE),
        (
            (400, 413, 422),
            r"contextwindowexceeded|maximum context length|context length exceeded|exceeds the available context"
            r"|(?:input|prompt) is too long|input tokens exceeded",
            _CONTEXT,
        ),
        # Only these words: another vendor's "exceeded your current quota" is a limit per minute.
        ((400, 403, 429), r"insufficient_quota|billing_hard_limit|OpenAIException - You exceeded your current", _QUOTA),
        ((400,), r"ContentPolicyViolation", _FILTER),
        ((400,), r"model identifier is invalid", _MODEL),
    )
)
_BY_STATUS: Mapping[int, _Verdict] = {
    401: _KEY,
    402: (errors.QuotaExceededError, "the account has no money left; top it up or use another connection"),
    403: (errors.PermissionDeniedError, "the API key may not use this model or region; ask for the right"),
    404: (errors.ModelNotFoundError, "no such model or address; check the model and the base URL of the connection"),
    408: (errors.ServerError, "the provider gave up waiting"),
    409: (errors.ServerError, "the provider reports a conflict"),
    424: (errors.ServerError, "the model behind the provider failed"),
    429: _RATE,
    501: (errors.RequestRejectedError, "the provider does not offer what was asked for"),
    503: _BUSY,
    529: _BUSY,
}
# How long AWS takes to set up the access to a model that is asked for the first time; it sends no header.
_AGREEMENT = timedelta(minutes=15)

_REQUEST_IDS = ("x-request-id", "x-amzn-requestid", "apim-request-id", "x-litellm-call-id")
_WEEK_SECONDS = 7 * 86_400
_TOKEN = re.compile(r"[\w.:/+=@\-\[\]]{1,128}\Z")
_KEYS = re.compile(r"\b(?:(?:sk|key)-[\w*.\-]{4,}|A[A-Z]{3}[A-Z0-9]{12,})")
_MAX_SAID = 160
_OVERLAP = 16
_KEY_OVERLAP = 8


def from_response(
    call: Call,
    provider: str,
    *,
    status: int,
    error: Any,
    headers: Mapping[str, str],
    secrets: tuple[str, ...],
) -> errors.LLMError:
    """The error of a response that reports a failure.

    Args:
        call: What was asked; used to keep the prompt out of the message.
        provider: Kind of provider.
        status: HTTP status; a 200 may hold an error too.
        error: The `error` value of the body: an object, a text, or `None`.
        headers: Response headers with lower-case names.
        secrets: Keys, which some providers echo.
    """
    detail = error if isinstance(error, dict) else {}
    said = next((text for text in (detail.get("message"), detail.get("Message"), error) if isinstance(text, str)), "")
    codes = _codes(detail, headers, secrets)
    if status < 400 and (stated := next((int(code) for code in codes if _is_status(code)), None)) is not None:
        status = stated
    cls, told = _decide(status, {code.lower() for code in codes}, said)
    param = token(detail.get("param"), secrets)
    message = told if param is None else f"{told} (parameter {param})"
    quoted = _quotable(said, call, secrets)
    wait = retry_after(headers)
    if wait is None and cls is errors.OverloadedError and any("mpagreement" in code.lower() for code in codes):
        wait = _AGREEMENT
    return cls(
        f"{message}. It says: {quoted}" if quoted else message,
        **facts(
            provider,
            call.model,
            status=status,
            code=codes[0] if codes else None,
            request_id=request_id(headers, secrets),
            retry_after=wait,
        ),
    )


def _codes(detail: Mapping[str, Any], headers: Mapping[str, str], secrets: tuple[str, ...]) -> list[str]:
    """Names that the response gives its failure, the most telling first."""
    inner = detail.get("innererror")
    named = (
        # AWS: `ThrottlingException:http://…` in the header, `com.amazon.…#ThrottlingException` in the body.
        headers.get("x-amzn-errortype", "").split(":")[0],
        str(detail.get("__type") or "").rsplit("#", 1)[-1],
        detail.get("code"),
        detail.get("type"),
        inner.get("code") if isinstance(inner, dict) else None,
    )
    return [code for name in named if (code := token(name, secrets))]


def _decide(status: int, codes: set[str], said: str) -> _Verdict:
    coded = next((_BY_CODE[code] for code in sorted(codes) if code in _BY_CODE), None)
    if coded is None and any(code.startswith("mpagreementbeingcreated") for code in codes):
        coded = _BY_CODE["mpagreementbeingcreated"]
    if coded is not None:
        return coded
    for statuses, text, verdict in _BY_TEXT:
        if status in statuses and text.search(said):
            return verdict
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    weak = next((_BY_WEAK_CODE[code] for code in sorted(codes) if code in _BY_WEAK_CODE), None)
    return weak or _by_class(status)


def _by_class(status: int) -> _Verdict:
    if status >= 500:
        return _FAILED
    if status >= 400:
        return _REFUSED
    if status >= 300:
        return errors.RequestRejectedError, "the base URL redirects elsewhere; put the final one in the connection"
    return errors.ProtocolError, "the provider reports an error inside a success"


def from_exception(call: Call, provider: str, exc: BaseException, *, secrets: tuple[str, ...]) -> errors.LLMError:
    """The error of an exception of the OpenAI SDK, of the HTTP client, or of our own deadline."""
    import openai

    if isinstance(exc, openai.APIStatusError):
        return from_response(
            call,
            provider,
            status=exc.status_code,
            error=exc.body,
            headers={name.lower(): value for name, value in exc.response.headers.items()},
            secrets=secrets,
        )
    if isinstance(exc, openai.APIConnectionError) and exc.__cause__ is not None:
        exc = exc.__cause__
    return from_transport(call, provider, exc)


def from_transport(call: Call, provider: str, exc: BaseException) -> errors.LLMError:
    """The error of an exception of the HTTP client or of our own deadline."""
    import httpx2

    told = facts(provider, call.model)
    if isinstance(exc, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.PoolTimeout | httpx2.ProxyError):
        untrusted = "CERTIFICATE_VERIFY_FAILED" in str(exc)
        reason = "its TLS certificate is not trusted" if untrusted else "nothing was sent"
        return errors.ConnectError(f"no connection to the provider; {reason}", **told)
    if isinstance(exc, TimeoutError | httpx2.TimeoutException):
        seconds = f"{call.timeout.total_seconds():g}"
        return errors.CallTimeoutError(f"no whole answer within {seconds} s; the request may have been billed", **told)
    if isinstance(exc, BodyTooLargeError):
        return errors.ProtocolError(f"the response is longer than {MAX_BODY_BYTES} bytes", **told)
    if isinstance(exc, httpx2.UnsupportedProtocol | httpx2.LocalProtocolError | httpx2.InvalidURL):
        return errors.ConfigurationError("the base URL cannot be used; check the connection's host", **told)
    if isinstance(exc, httpx2.DecodingError):
        return errors.ProtocolError("the response is not encoded as its header says", **told)
    if isinstance(exc, httpx2.RequestError):
        return errors.ConnectionLostError(
            "the connection broke before the whole answer came; the request may have been billed", **told
        )
    return errors.ConfigurationError(f"the HTTP client refuses the call ({type(exc).__name__})", **told)


def request_id(headers: Mapping[str, str], secrets: tuple[str, ...]) -> str | None:
    """The provider's id of a request: OpenAI's header, AWS's, or Azure's."""
    return next((told for name in _REQUEST_IDS if (told := token(headers.get(name), secrets))), None)


def token(value: Any, secrets: tuple[str, ...]) -> str | None:
    """A code, type, id or name of a parameter, if it looks like one and not like text or a key that is echoed."""
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return text if _TOKEN.match(text) and not _repeats(text, secrets, _KEY_OVERLAP) else None


def _repeats(text: str, hidden: Iterable[str], length: int) -> bool:
    """Whether a piece of the text stands in something that must not be told."""
    pieces = [text[i : i + length] for i in range(len(text) - length + 1)]
    return any(piece in one for one in hidden for piece in pieces)


def retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """How long the provider asks to wait: `retry-after-ms`, seconds, or an HTTP date (RFC 9110, 10.2.3)."""
    milliseconds = _number(headers.get("retry-after-ms"), _WEEK_SECONDS * 1000)
    if milliseconds is not None:
        return timedelta(milliseconds=milliseconds)
    value = headers.get("retry-after")
    seconds = _number(value, _WEEK_SECONDS)
    if seconds is not None:
        return timedelta(seconds=seconds)
    try:
        moment = parsedate_to_datetime(value or "")
    except ValueError:
        return None
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return max(moment - datetime.now(UTC), timedelta(0))


def _number(value: str | None, most: int) -> float | None:
    try:
        number = float(value or "")
    except ValueError:
        return None
    # A week is longer than any limit that resets; a larger number is a mistake.
    return number if math.isfinite(number) and 0 <= number <= most else None


def _is_status(code: str) -> bool:
    return code.isdecimal() and 400 <= int(code) <= 599


def _quotable(said: str, call: Call, secrets: tuple[str, ...]) -> str:
    """The provider's own words, unless they repeat the prompt or part of a key; whole keys are taken out."""
    said = " ".join(said.split())
    for secret in secrets:
        if len(secret) >= 4:
            said = said.replace(secret, "***")
    said = _KEYS.sub("***", said)[:_MAX_SAID]
    prompt = [" ".join(message.content.split()) for message in call.messages]
    if _repeats(said, prompt, min(_OVERLAP, len(said) or 1)) or _repeats(said, secrets, _KEY_OVERLAP):
        return ""
    return said
