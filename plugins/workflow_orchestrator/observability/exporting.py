"""How OpenTelemetry's own exporters over HTTP reach the collector: so that one which is away holds up no task.

Airflow flushes spans and metrics at the end of each task process and waits for the exporter, which waits up to
`OTEL_EXPORTER_OTLP_TIMEOUT` for a collector that says nothing and tries again what was refused. With

    OTEL_PYTHON_EXPORTER_OTLP_HTTP_CREDENTIAL_PROVIDER=genai_platform

the exporters, which stay Airflow's and OpenTelemetry's, post through the `requests.Session` of this module; the entry point is in
`workflow_orchestrator-*.dist-info`. It sends as any other session while the collector answers. The first request that gets no answer
in time begins an outage (`outage.py`); until that is over, all processes of the machine give up at once what they have to send. What
was given up is counted and lost, as it is without this.

Nothing is tried again later: that is what would hold a task up. What fails at once, such as a refused connection, costs a
millisecond and begins no outage.
"""

from __future__ import annotations

import contextvars
import functools
import hashlib
import os
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import requests
import structlog
from requests.adapters import HTTPAdapter
from requests.exceptions import ConnectionError as RequestsConnectionError
from requests.exceptions import RequestException, Timeout

from workflow_orchestrator.observability.outage import Outages
from workflow_orchestrator.scratch import own_folder

_log = structlog.get_logger(__name__)

GLANCE = timedelta(milliseconds=25)
"""So long one process waits to see whether the collector is back; a failure that took no longer holds nobody up."""
# By these the collector, or what stands before it, says that it cannot take more now: the OTLP specification's retryable codes.
_BUSY = frozenset({429, 502, 503, 504})

Send = Callable[[], requests.Response]


def session() -> requests.Session:
    """The session of an exporter; OpenTelemetry calls this by the entry point, once for each exporter."""
    return OutageSession()


class OutageSession(requests.Session):
    """Sends while the collector answers. Every failure is a plain `RequestException`: those the exporter does not try again."""

    def __init__(self) -> None:
        super().__init__()
        self._process = os.getpid()
        self._inherited: list[Any] = []

    def request(self, method: str, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:
        """Posts one batch.

        Raises:
            RequestException: it was not sent, or no answer came, or one that says that it was not taken; the message says which.
        """
        self._have_own_connections()
        # Without what may stand before the host: it is logged.
        place = urlsplit(str(url)).netloc.rpartition("@")[2]
        send = functools.partial(super().request, method, url, *args, **kwargs)
        outages = known_of(place)
        if outages is None:
            return send()
        try:
            turn = outages.turn()
            if turn == "hold":
                raise RequestException(_held(place, outages))
            attempt = functools.partial(_attempt, place, outages, send, kwargs.get("timeout"))
            return _glance(place, outages, attempt) if turn == "glance" else attempt()
        except RequestException:
            outages.count_lost()
            raise

    def _have_own_connections(self) -> None:
        """A fork shares its parent's connections: two that post on the same one read each other's answers.

        The parent's pool is put aside and not closed: a thread that is not in this process may hold its locks.
        """
        if self._process != os.getpid():
            self._process = os.getpid()
            self._inherited.append(dict(self.adapters))
            for scheme in ("https://", "http://"):
                self.mount(scheme, HTTPAdapter())


def _glance(place: str, outages: Outages, attempt: Send) -> requests.Response:
    """Sends in a thread and waits a moment. Where the process lives on, as services do, an answer still counts when it comes later."""
    answers: list[requests.Response | Exception] = []

    def ask() -> None:
        try:
            answers.append(attempt())
        except Exception as error:  # noqa: BLE001 - raised again below, in the thread that asked
            answers.append(error)

    # In the exporter's context, which says that its own requests are not traced.
    thread = threading.Thread(target=contextvars.copy_context().run, args=(ask,), name="collector-glance", daemon=True)
    thread.start()
    thread.join(GLANCE.total_seconds())
    found = answers[0] if answers else RequestException(_held(place, outages))
    if isinstance(found, Exception):
        raise found
    return found


def _attempt(place: str, outages: Outages, send: Send, timeout: Any) -> requests.Response:
    began = time.monotonic()
    try:
        answer = _sent(send)
    except RequestException as error:
        reason, wait = _reason(error, timeout), None
    else:
        if answer.status_code not in _BUSY:
            _tell_end(place, outages)
            return answer
        reason, wait = f"it answers {answer.status_code}", _retry_after(answer)
    if wait is None and time.monotonic() - began <= GLANCE.total_seconds():
        # It answers, if only by its machine: nobody waits for that.
        outages.end()
    elif outages.begin(reason, wait):
        _log.warning("collector.held_back", collector=place, reason=reason)
    raise RequestException(f"{place}: {reason}")


def _sent(send: Send) -> requests.Response:
    began = time.monotonic()
    try:
        return send()
    except RequestsConnectionError as error:
        if isinstance(error, Timeout) or time.monotonic() - began > GLANCE.total_seconds():
            raise
        # A connection that was kept, and that the other side closed just now.
        return send()


def known_of(place: str) -> Outages | None:
    """What is known of a collector; `None` where this user has no folder of his own, and so nothing is remembered."""
    folder = own_folder("collectors")
    return Outages(folder / f"{hashlib.sha256(place.encode()).hexdigest()[:16]}.json") if folder else None


def _held(place: str, outages: Outages) -> str:
    seen = outages.known()
    if seen is None:
        return f"{place}: not sent"
    since = datetime.fromtimestamp(seen.since, UTC).strftime("%Y-%m-%d %H:%M:%S")
    return f"{place}: not sent, and not waited for, since {since} UTC: {seen.reason}"


def _reason(error: RequestException, timeout: Any) -> str:
    if isinstance(error, Timeout):
        return "no answer" if timeout is None else f"no answer within {float(timeout):.3g} s"
    inner: BaseException | None = error
    while inner is not None:
        # What the system said, and not the five layers around it.
        if isinstance(inner, OSError) and inner.strerror:
            return f"{type(error).__name__}: {inner.strerror}"
        inner = inner.__cause__ or inner.__context__
    return f"{type(error).__name__}: {error}"


def _retry_after(answer: requests.Response) -> timedelta | None:
    """The time that the collector asks for, in whole seconds; a date is not read."""
    text = answer.headers.get("Retry-After", "").strip()
    return timedelta(seconds=int(text[:6])) if text.isdecimal() and int(text) else None


def _tell_end(place: str, outages: Outages) -> None:
    over = outages.end()
    if over is not None:
        seen, lost = over
        _log.warning("collector.answers_again", collector=place, away_since=int(seen.since), deliveries_lost=lost)
