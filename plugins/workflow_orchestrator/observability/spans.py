"""Spans of the orchestrator, under those that Airflow opens for runs and tasks. They cost next to nothing while nobody traces."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from llm_orchestration._telemetry_spans import tracer_of
from workflow_orchestrator.observability.names import SpanName

SCOPE = "workflow_orchestrator"
ERROR_TYPE = "error.type"
_TEXT = int | float | bool


@contextmanager
def span(which: SpanName, **attributes: Any) -> Iterator[None]:
    """A span around a block. An error is told by its class only: a message may quote the document."""
    tracer = tracer_of(SCOPE)
    if tracer is None:
        yield
        return
    from opentelemetry.trace import Status, StatusCode

    known = {name: value if isinstance(value, _TEXT) else str(value) for name, value in attributes.items() if value is not None}
    with tracer.start_as_current_span(
        which.name, attributes=known, record_exception=False, set_status_on_exception=False
    ) as opened:
        try:
            yield
        except BaseException as error:
            # Leaving a worker to wait is how Airflow parks a task, and no error.
            if isinstance(error, Exception):
                opened.set_attribute(ERROR_TYPE, type(error).__name__)
                opened.set_status(Status(StatusCode.ERROR, type(error).__name__))
            raise


def trace_id() -> str | None:
    """The id of the trace that this process is in, as its back end shows it; `None` without one."""
    api = sys.modules.get("opentelemetry.trace")
    if api is None:
        return None
    context = api.get_current_span().get_span_context()
    return format(context.trace_id, "032x") if context.is_valid else None
