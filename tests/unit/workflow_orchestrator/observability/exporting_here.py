"""Collectors of every mood on loopback, and a process that exports to one of them as a task of Airflow does."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Collector:
    """Answers what `statuses` says, one after the other, then 200; `None` closes without an answer.

    From request number `silent_after` on, each waits `patience` seconds for the gate before it is answered.
    """

    url: str = ""
    statuses: list[int | None] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    gate: threading.Event = field(default_factory=threading.Event)
    patience: float = 0.0
    silent_after: int = 0
    bodies: list[tuple[str, bytes]] = field(default_factory=list)
    peers: list[int] = field(default_factory=list)


@contextmanager
def collector(**told: Any) -> Iterator[Collector]:
    """A collector on a free port."""
    found = Collector(**told)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.peers.append(self.client_address[1])
            status = found.statuses.pop(0) if found.statuses else 200
            if status is None:
                self.close_connection = True
                return
            if status == 200:
                found.bodies.append((self.path, body))
            if len(found.peers) > found.silent_after:
                found.gate.wait(found.patience)
            self.send_response(status)
            for name, value in found.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the base class's name
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    found.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        found.gate.set()
        server.shutdown()
        server.server_close()
        thread.join(10)


@contextmanager
def silent() -> Iterator[str]:
    """The address of one that takes connections and never answers."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextmanager
def nobody() -> Iterator[str]:
    """The address of a port that refuses."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{closed.getsockname()[1]}"


AS_A_TASK = """
import json, os, sys, time
from airflow import settings  # sets tracing up, as in every process of Airflow
from airflow.configuration import conf
from airflow.sdk.observability import stats
from airflow.sdk.observability.metrics import stats_utils
from opentelemetry import metrics, trace

# In this order, each in a process of its own.
for number in range(int(sys.argv[1])):
    child = os.fork()
    if child == 0:
        stats.initialize(factory=stats_utils.get_stats_factory(), export_legacy_names=False)
        stats.incr("told")
        with trace.get_tracer("t").start_as_current_span(f"span-{number}"):
            pass
        began = time.monotonic()
        trace.get_tracer_provider().force_flush(30_000)
        metrics.get_meter_provider().force_flush()
        processor = trace.get_tracer_provider()._active_span_processor._span_processors[0]
        session = type(processor.span_exporter._client._transport._session).__name__
        print(json.dumps({"seconds": time.monotonic() - began, "session": session}), flush=True)
        os._exit(0)
    os.waitpid(child, 0)
"""
"""Flushes as Airflow's task runner does, in forks of a process that was set up by Airflow; prints a line for each."""
