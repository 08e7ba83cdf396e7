"""What one call tells the people who run it: log events, a trace, numbers. Never what was asked or answered.

The engine reports what happens, this module says it three times over: as structured log events, as OpenTelemetry spans
(`_telemetry_spans.py`) and as metrics (`_telemetry_metrics.py`). The log is always on; the others follow Airflow's own
settings and cost next to nothing while they are off.

| event | level | when |
|---|---|---|
| `llm.call.finished` | info | a usable answer |
| `llm.call.failed` | warning | a typed error |
| `llm.call.aborted` | warning | the call was interrupted from outside, or the caller's own routine raised |
| `llm.failover` | warning | the next target is asked |
| `llm.gate.waited` | info | a request waited for its turn for 0.1 s or more |
| `llm.journal.hit` | info | an answer that was paid for already |

| counter | tags |
|---|---|
| `llm.calls` | route, provider, model, connection, outcome: `answered`, `journal`, `offline` or the error class |
| `llm.failovers` | route, provider, model, connection, outcome: the error class |
| `llm.journal.hits` | route, provider, model, connection |
| `llm.gate.waits`, timer `llm.gate.waited` | route, provider, model, connection |
| `llm.budget.refusals` | route, provider, model, connection |
| `llm.circuit.opened` | provider, model: the gate reports it once per opening |
| `llm.cost.micro_usd` | route, provider, model, connection; millionths of a dollar, because StatsD counts whole numbers |

Tokens and cost are counted per request, when its answer or its bill arrives, and by the process that paid: an answer from
the journal is not counted again. Nothing here can fail a call: an answer that was paid for is worth more than its trace.
"""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from decimal import Decimal
from types import TracebackType
from typing import TYPE_CHECKING, Any, ParamSpec

import structlog

from llm_orchestration import _telemetry_spans as spans
from llm_orchestration import pricing
from llm_orchestration._telemetry_metrics import metrics as metrics
from llm_orchestration.errors import BudgetExceededError, LLMError

if TYPE_CHECKING:
    from llm_orchestration.model import Answer, LLMRequest, LLMResult, Usage
    from llm_orchestration.targets import Target
    from llm_orchestration.traffic.contract import Ticket

_log = structlog.get_logger(__name__)

P = ParamSpec("P")

# Shorter ones are the scheduling of tasks and not a queue.
NOTABLE_WAIT = timedelta(seconds=0.1)
_MICRO = Decimal(1_000_000)


def _harmless(tell: Callable[P, None]) -> Callable[P, None]:
    """Lets no failure of the telling reach the call."""

    @functools.wraps(tell)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            tell(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 - an exporter, a backend, a setting: none is worth an answer
            _note_trouble(type(error).__name__)

    return guarded


@functools.cache
def _note_trouble(error: str) -> None:
    _log.warning("llm.telemetry.failed", error=error)


class Observation:
    """One call as it is told. Entered once, around everything that the call does.

    Args:
        request: The question; only its purpose, limits and kind of output are told.
        route: Alias that was asked.
        targets: Where the call may go, in order.
    """

    def __init__(self, request: LLMRequest, route: str, targets: Sequence[Target]) -> None:
        self._request = request
        self._route = route
        self._targets = targets
        self._target = targets[0]
        self._span: spans.CallSpan | None = None
        self._requests: list[spans.RequestSpan] = []
        self._sent = 0
        self._waited = timedelta(0)
        self._result: LLMResult | None = None

    def __enter__(self) -> Observation:
        self._began = time.perf_counter()
        self._begin()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        seconds = time.perf_counter() - self._began
        if isinstance(error, LLMError) and error.connection is not None:
            # Of several failures the one that stands for the call is not always the last.
            self._target = next((one for one in self._targets if one.connection == error.connection), self._target)
        self._log_end(error, seconds)
        self._count_end(error, seconds)
        self._end_span(error)
        self._close_span()

    @_harmless
    def journal_hit(self, target: Target, answer: Answer) -> None:
        """An answer was found that some earlier try had paid for."""
        self._target = target
        _log.info("llm.journal.hit", model=answer.model, request_id=answer.request_id, **self._facts())
        self._count("llm.journal.hits")

    @_harmless
    def attempt(self, target: Target, ticket: Ticket, seconds: float, outcome: Answer | LLMError) -> None:
        """A request ended, or its way through the gate did.

        Args:
            target: Where it went.
            ticket: Its way through the gate.
            seconds: Wall time, with waiting for the turn.
            outcome: The answer, or the error with the usage of this request alone.
        """
        self._target = target
        self._sent += ticket.sent
        self._waited += ticket.waited
        if ticket.waited >= NOTABLE_WAIT:
            waited = ticket.waited.total_seconds()
            _log.info("llm.gate.waited", model=target.model, seconds=round(waited, 3), **self._facts())
            self._count("llm.gate.waits")
            if (into := metrics()) is not None:
                into.timing("llm.gate.waited", waited, tags=self._tags())
        if not ticket.sent:
            return
        if self._span is not None and self._span.recorded:
            self._requests.append(_request_span(target, seconds - ticket.waited.total_seconds(), outcome))
        if outcome.usage is not None:
            self._count_usage(target, outcome.usage)

    @_harmless
    def failover(self, error: LLMError, asked: Target, following: Target) -> None:
        """The next target is asked because of an error."""
        self._target = asked
        name = type(error).__name__
        _log.warning("llm.failover", error=name, to=following.label, status=error.status, **self._facts())
        self._count("llm.failovers", outcome=name, split="outcome")
        self._target = following

    def finished(self, result: LLMResult) -> LLMResult:
        """Takes note of the usable answer, and hands it on."""
        self._result = result
        return result

    @_harmless
    def _begin(self) -> None:
        quiet_http_logs()
        self._span = spans.begin(self._request, self._route, self._target)

    @_harmless
    def _log_end(self, error: BaseException | None, seconds: float) -> None:
        told = {"requests": self._sent, "waited": round(self._waited.total_seconds(), 3)}
        if self._result is not None and error is None:
            _log_finished(self._result, self._request.purpose, told)
        elif isinstance(error, LLMError):
            _log_failed(error, {**self._facts(), "seconds": round(seconds, 3), **told})
        elif error is not None:
            _log.warning("llm.call.aborted", error=type(error).__name__, **self._facts(), **told)

    @_harmless
    def _count_end(self, error: BaseException | None, seconds: float) -> None:
        into = metrics()
        if into is None:
            return
        into.count("llm.calls", tags={**self._tags(), "outcome": self._outcome(error)}, split="outcome")
        if isinstance(error, BudgetExceededError):
            into.count("llm.budget.refusals", tags=self._tags())
        if self._sent:
            attributes = spans.model_attributes(self._target)
            if error is not None:
                attributes[spans.ERROR_TYPE] = type(error).__name__
            into.duration(max(seconds - self._waited.total_seconds(), 0.0), attributes)

    @_harmless
    def _end_span(self, error: BaseException | None) -> None:
        if self._span is None or not self._span.recorded:
            return
        attributes = {
            **spans.model_attributes(self._target),
            spans.CONNECTION: self._target.connection or "",
            spans.ATTEMPTS: self._sent,
            spans.WAITED: self._waited.total_seconds(),
            **(_answer_attributes(self._result) if self._result is not None else _error_attributes(error)),
        }
        self._span.end(spans.span_name(self._target), attributes, self._requests)

    @_harmless
    def _close_span(self) -> None:
        if self._span is not None:
            self._span.close()

    def _outcome(self, error: BaseException | None) -> str:
        if error is not None:
            return type(error).__name__
        if self._target.connection is None:
            return "offline"
        return "answered" if self._sent else "journal"

    def _count(self, name: str, *, outcome: str | None = None, split: str | None = None) -> None:
        if (into := metrics()) is not None:
            into.count(name, tags={**self._tags(), "outcome": outcome}, split=split)

    def _count_usage(self, target: Target, usage: Usage) -> None:
        into = metrics()
        if into is None:
            return
        attributes = spans.model_attributes(target)
        if usage.input_tokens is not None:
            into.tokens("input", usage.input_tokens, attributes)
        if usage.output_tokens is not None:
            into.tokens("output", usage.output_tokens, attributes)
        usd = pricing.cost(target.price, usage)
        if usd is not None:
            into.count("llm.cost.micro_usd", int((usd * _MICRO).to_integral_value()), tags=self._tags())

    def _tags(self) -> dict[str, str | None]:
        target = self._target
        return {
            "route": self._route,
            "provider": target.provider.name,
            "model": target.model,
            "connection": target.connection,
        }

    def _facts(self) -> dict[str, Any]:
        target = self._target
        return {
            "purpose": self._request.purpose,
            "route": self._route,
            "provider": target.provider.name,
            "connection": target.connection,
        }


@_harmless
def circuit_opened(*, provider: str, model: str) -> None:
    """An endpoint is not asked for a while; all routes and connections that lead there share that."""
    if (into := metrics()) is not None:
        into.count("llm.circuit.opened", tags={"provider": provider, "model": model})


def _request_span(target: Target, seconds: float, outcome: Answer | LLMError) -> spans.RequestSpan:
    failed = isinstance(outcome, LLMError)
    return spans.request_span(
        target,
        seconds,
        status=outcome.status if isinstance(outcome, LLMError) else None,
        error=type(outcome).__name__ if failed else None,
    )


def _answer_attributes(result: LLMResult) -> spans.Attributes:
    attributes: spans.Attributes = {
        spans.RESPONSE_MODEL: result.model,
        spans.CACHED: result.cached,
        **spans.usage_attributes(result.usage),
    }
    if result.request_id is not None:
        attributes[spans.RESPONSE_ID] = result.request_id
    if result.finish_reason is not None:
        attributes[spans.FINISH_REASONS] = [result.finish_reason]
    if result.cost_usd is not None:
        attributes[spans.COST] = float(result.cost_usd)
    return attributes


def _error_attributes(error: BaseException | None) -> spans.Attributes:
    attributes: spans.Attributes = {spans.ERROR_TYPE: type(error).__name__}
    if isinstance(error, LLMError):
        attributes |= spans.usage_attributes(error.usage)
        if error.status is not None:
            attributes[spans.HTTP_STATUS] = error.status
        if error.request_id is not None:
            attributes[spans.RESPONSE_ID] = error.request_id
        if error.cost_usd is not None:
            attributes[spans.COST] = float(error.cost_usd)
    return attributes


def _log_finished(result: LLMResult, purpose: str, more: dict[str, Any]) -> None:
    _log.info(
        "llm.call.finished",
        purpose=purpose,
        route=result.route,
        provider=result.provider,
        model=result.model,
        connection=result.connection,
        request_id=result.request_id,
        input_tokens=result.usage.input_tokens,
        output_tokens=result.usage.output_tokens,
        cost_usd=None if result.cost_usd is None else format(result.cost_usd, "f"),
        seconds=round(result.seconds, 3),
        cached=result.cached,
        **more,
    )


def _log_failed(error: LLMError, more: dict[str, Any]) -> None:
    _log.warning(
        "llm.call.failed",
        error=type(error).__name__,
        retryable=error.retryable,
        retry_after=None if error.retry_after is None else error.retry_after.total_seconds(),
        model=error.model,
        status=error.status,
        code=error.code,
        request_id=error.request_id,
        cost_usd=None if error.cost_usd is None else format(error.cost_usd, "f"),
        **more,
    )


class _WithoutQuery(logging.Filter):
    """Takes the query out of every address in a record: some endpoints want their key there."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Changes the record and lets it pass."""
        if isinstance(record.args, tuple):
            record.args = tuple(str(arg).split("?")[0] if hasattr(arg, "query") else arg for arg in record.args)
        return True


_CLIENT_LOGS = ("openai", "httpx2", "httpcore2")


@functools.cache
def quiet_http_logs() -> None:
    """Silences the HTTP client below warnings, unless somebody set its level on purpose.

    It writes a line with the full address per request and, on debug, the headers of each response. This layer's own
    events say more and hold no secret. The address loses its query also where the level was set on purpose.
    """
    for name in _CLIENT_LOGS:
        logger = logging.getLogger(name)
        if logger.level == logging.NOTSET:
            logger.setLevel(logging.WARNING)
    logging.getLogger("httpx2").addFilter(_WithoutQuery())
