"""The trace of a call, in the words of the OpenTelemetry GenAI conventions. Content is never part of it.

Airflow's tracer is the global one of the OpenTelemetry API (`airflow.sdk.observability.trace` is that module), so a span
started here is a child of whatever span is current: `worker.<task>` in a task, `trigger.<task>` in the triggerer.
`[traces] otel_on = True` turns it on in both, `OTEL_EXPORTER_OTLP_ENDPOINT` says where to, and `OTEL_TRACES_EXPORTER`
how: `otlp` is gRPC and the default, `otlp_proto_http` is HTTP. Airflow flushes the spans of a task when its process ends.

The conventions moved to a repository of their own and are still in development, so their names stand here as text and
not in a package that may rename them.
"""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from llm_orchestration.providers.base import RemoteProvider

if TYPE_CHECKING:
    from llm_orchestration.model import LLMRequest, Usage
    from llm_orchestration.targets import Target

SCOPE = "llm_orchestration"
OPERATION = "chat"

OPERATION_NAME = "gen_ai.operation.name"
PROVIDER_NAME = "gen_ai.provider.name"
REQUEST_MODEL = "gen_ai.request.model"
REQUEST_TEMPERATURE = "gen_ai.request.temperature"
REQUEST_MAX_TOKENS = "gen_ai.request.max_tokens"
OUTPUT_TYPE = "gen_ai.output.type"
RESPONSE_MODEL = "gen_ai.response.model"
RESPONSE_ID = "gen_ai.response.id"
FINISH_REASONS = "gen_ai.response.finish_reasons"
INPUT_TOKENS = "gen_ai.usage.input_tokens"
OUTPUT_TOKENS = "gen_ai.usage.output_tokens"
CACHED_TOKENS = "gen_ai.usage.cache_read.input_tokens"
REASONING_TOKENS = "gen_ai.usage.reasoning.output_tokens"
TOKEN_TYPE = "gen_ai.token.type"
SERVER_ADDRESS = "server.address"
SERVER_PORT = "server.port"
ERROR_TYPE = "error.type"
HTTP_STATUS = "http.response.status_code"

ROUTE = f"{SCOPE}.route"
PURPOSE = f"{SCOPE}.purpose"
CONNECTION = f"{SCOPE}.connection"
ATTEMPTS = f"{SCOPE}.attempts"
CACHED = f"{SCOPE}.cached"
WAITED = f"{SCOPE}.waited"
COST = f"{SCOPE}.cost_usd"

# The conventions name the vendor that runs a model, not the wire format: by kind of provider where that says it, otherwise
# by the host that answers.
_VENDOR_OF_KIND: Mapping[str, str] = {
    "azure_openai": "azure.ai.openai",
    "bedrock_converse": "aws.bedrock",
    "bedrock_openai": "aws.bedrock",
}
_VENDOR_OF_HOST: Sequence[tuple[str, str]] = (
    ("openai.azure.com", "azure.ai.openai"),
    ("cognitiveservices.azure.com", "azure.ai.openai"),
    ("services.ai.azure.com", "azure.ai.inference"),
    ("openai.com", "openai"),
)

Attributes = dict[str, Any]


@dataclass(frozen=True)
class RequestSpan:
    """One HTTP request of a call, told after it ended.

    Args:
        ended: Wall clock in nanoseconds.
        seconds: How long it took, without waiting for its turn.
        attributes: What is known of it.
    """

    ended: int
    seconds: float
    attributes: Attributes


class CallSpan:
    """The open span of one call, current until it ends.

    Args:
        tracer: Where spans come from.
        name: Name of the span.
        remote: Whether the model runs outside of this process.
        attributes: What a sampler may look at.
    """

    def __init__(self, tracer: Any, name: str, *, remote: bool, attributes: Attributes) -> None:
        from opentelemetry import context, trace

        self._tracer = tracer
        self._span = tracer.start_span(
            name, kind=trace.SpanKind.CLIENT if remote else trace.SpanKind.INTERNAL, attributes=attributes
        )
        self._token = context.attach(trace.set_span_in_context(self._span))

    @property
    def recorded(self) -> bool:
        """Whether anybody will see the span; a sampler may have left it out."""
        return bool(self._span.is_recording())

    def end(self, name: str, attributes: Attributes, requests: Sequence[RequestSpan]) -> None:
        """Ends the span.

        Args:
            name: Its name, now that the model which decided the outcome is known.
            attributes: Everything that was learned since it began.
            requests: The HTTP requests; told as children when there were several, because one alone is the call.
        """
        from opentelemetry.trace import Status, StatusCode

        if not self.recorded:
            return
        if len(requests) > 1:
            self._tell(requests)
        self._span.update_name(name)
        self._span.set_attributes(attributes)
        if ERROR_TYPE in attributes:
            # The class only: a message may quote the provider, and a recorded exception would hold the message.
            self._span.set_status(Status(StatusCode.ERROR, attributes[ERROR_TYPE]))

    def close(self) -> None:
        """Lets go of the span, whatever happened before."""
        from opentelemetry import context

        self._span.end()
        context.detach(self._token)

    def _tell(self, requests: Sequence[RequestSpan]) -> None:
        from opentelemetry import trace

        parent = trace.set_span_in_context(self._span)
        for request in requests:
            span = self._tracer.start_span(
                "llm.request",
                context=parent,
                kind=trace.SpanKind.CLIENT,
                start_time=request.ended - int(request.seconds * 1e9),
                attributes=request.attributes,
            )
            if ERROR_TYPE in request.attributes:
                span.set_status(trace.Status(trace.StatusCode.ERROR, request.attributes[ERROR_TYPE]))
            span.end(end_time=request.ended)


def begin(request: LLMRequest, route: str, target: Target) -> CallSpan | None:
    """The span of a call that begins now; `None` when nobody traces or when no model will be asked."""
    tracer = None if target.connection is None else tracer_of(SCOPE)
    if tracer is None:
        return None
    attributes = {
        OUTPUT_TYPE: "text" if request.schema is None else "json",
        ROUTE: route,
        PURPOSE: request.purpose,
        **model_attributes(target),
        **_known({REQUEST_TEMPERATURE: request.temperature, REQUEST_MAX_TOKENS: _limit(request, target)}),
    }
    remote = isinstance(target.provider, RemoteProvider)
    return CallSpan(tracer, span_name(target), remote=remote, attributes=attributes)


def span_name(target: Target) -> str:
    """`chat {model}`, as the conventions want it."""
    return f"{OPERATION} {target.model}"


def model_attributes(target: Target) -> Attributes:
    """Who is asked where: the attributes that spans and metrics share."""
    host, port = place(target)
    return {
        OPERATION_NAME: OPERATION,
        PROVIDER_NAME: vendor(target, host),
        REQUEST_MODEL: target.model,
        **_known({SERVER_ADDRESS: host or None, SERVER_PORT: port}),
    }


def usage_attributes(usage: Usage | None) -> Attributes:
    """Token counts that the provider reported."""
    if usage is None:
        return {}
    return _known(
        {
            INPUT_TOKENS: usage.input_tokens,
            OUTPUT_TOKENS: usage.output_tokens,
            CACHED_TOKENS: usage.cached_input_tokens,
            REASONING_TOKENS: usage.reasoning_tokens,
        }
    )


def request_span(target: Target, seconds: float, *, status: int | None, error: str | None) -> RequestSpan:
    """An HTTP request that ended just now. It counts no tokens: dashboards add them up over all spans of a trace."""
    host, port = place(target)
    attributes = _known(
        {
            SERVER_ADDRESS: host or None,
            SERVER_PORT: port,
            HTTP_STATUS: status,
            ERROR_TYPE: error,
            CONNECTION: target.connection,
            f"{SCOPE}.model": target.model,
        }
    )
    return RequestSpan(time.time_ns(), max(seconds, 0.0), attributes)


def place(target: Target) -> tuple[str, int | None]:
    """Host and port that a target's requests go to; an empty host when it asks nobody."""
    for value in _addresses(target.provider.identity):
        parts = urlsplit(value)
        return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    return "", None


def vendor(target: Target, host: str) -> str:
    """Who runs the model; the kind of provider where the conventions have no name for it."""
    kind = target.provider.name
    by_host = (name for suffix, name in _VENDOR_OF_HOST if host == suffix or host.endswith(f".{suffix}"))
    return _VENDOR_OF_KIND.get(kind) or next(by_host, kind)


def _addresses(identity: Mapping[str, str]) -> Iterator[str]:
    return (value for value in identity.values() if value.startswith(("https://", "http://")))


def _limit(request: LLMRequest, target: Target) -> int | None:
    return target.max_output_tokens if request.max_output_tokens is None else request.max_output_tokens


def _known(attributes: Mapping[str, Any]) -> Attributes:
    return {name: value for name, value in attributes.items() if value is not None}


def tracer_of(scope: str) -> Any:
    """The process's tracer of a scope, `None` while nobody has set tracing up. Imports nothing that is not there already."""
    api = sys.modules.get("opentelemetry.trace")
    if api is None:
        return None
    provider = api.get_tracer_provider()
    if isinstance(provider, api.ProxyTracerProvider | api.NoOpTracerProvider):
        return None
    return _made(provider, scope)


@functools.lru_cache(maxsize=2)
def _made(provider: Any, scope: str) -> Any:
    return provider.get_tracer(scope)
