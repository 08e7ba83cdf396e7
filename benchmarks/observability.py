"""What it costs that a run tells about itself: history entry, metrics, spans and the data for CloudWatch.

    benchmarks/run observability                  the parts alone, and whole runs with everything off, on, and nobody listening
    benchmarks/run observability --parts          the parts alone, in this process

The parts are what the orchestrator itself adds to one run of eight steps: its entry in the history, its numbers through Airflow's own
StatsD client, the file for CloudWatch, the lines of the embedded metric format, and a span for each step with an exporter behind it.
They are counted in processor seconds over 200 runs, and set against the processor seconds of one whole run of a workflow with instant
steps on a served Airflow (PostgreSQL, LocalExecutor), everything off.

The whole runs are of the same workflow, on an Airflow that has all of it off, on with listeners, and on with a collector that takes
connections and never answers, and a StatsD port where nobody listens. There Airflow's own metrics and traces are part of the cost, for
it sends some hundred numbers of its own. The seconds of a run tell the delay.

The last line is JSON with every figure. The exit status is 1 when a goal is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "plugins"), str(HERE)]

from orchestration_overhead import WORKFLOW, measure, topology  # noqa: E402 - behind the paths

GOAL_SHARE, GOAL_DELAY = 0.02, 0.05
STEPS = 8


def made(number: int) -> dict[str, Any]:
    """The manifest of a run of eight steps that asked a model and a person."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    call = {"provider": "openai_compatible", "model": "model"}
    attempt = {"started": now, "error": None, "calls": [call], "facts": {}}
    steps = [
        {"step": f"say_{n}", "kind": "notify", "state": "success", "seconds": 0.1, "attempts": [attempt]} for n in range(STEPS)
    ]
    approval = {"decision": "approved", "mode": "person", "by": "Kim", "at": now, "content": "sha256:c"}
    return {
        "outcome": "succeeded", "error": None, "degraded": [], "mode": {"name": "model"},
        "workflow": {"name": WORKFLOW, "definition": "sha256:d"}, "platform": "1.0.0",
        "run": {"id": f"run{number}", "key": f"run{number}", "finished": now, "type": "manual", "triggered_by": "r", "started": now},
        "source": {"name": "a.pdf", "sha256": "0" * 64}, "approval": approval, "decisions": [approval],
        "usage": {"calls": 8, "input_tokens": 1, "output_tokens": 1, "cost_usd": "0.01"}, "steps": steps,
        "checks": {"validation": None, "compliance": None, "compliance_slides": None, "compliance_video": None}, "items": [],
        "values": None, "artifacts": [],
    }  # fmt: skip


def parts(runs: int = 200) -> dict[str, float]:
    """Processor milliseconds of one run, by part."""
    from airflow.sdk import BaseHook  # noqa: F401 - its import sets Airflow's stats up, which must come first
    from airflow.sdk._shared.observability.metrics.statsd_logger import SafeStatsdLogger
    from airflow.sdk.observability import stats
    from statsd import StatsClient

    from workflow_orchestrator import history
    from workflow_orchestrator.definition.configuration import Metrics
    from workflow_orchestrator.observability.emit import emit_run
    from workflow_orchestrator.storage import LocalStorage

    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        client = StatsClient(host="127.0.0.1", port=listener.getsockname()[1], prefix="airflow")
        logger = SafeStatsdLogger(client, influxdb_tags_enabled=True, statsd_influxdb_enabled=True)
        stats.initialize(factory=lambda: logger, export_legacy_names=True)
        os.environ["AIRFLOW__METRICS__STATSD_ON"] = os.environ["AIRFLOW__METRICS__STATSD_INFLUXDB_ENABLED"] = "True"
        storage = LocalStorage(Path(folder))
        settings = Metrics("bench", cloudwatch="aws_default", embedded_file=str(Path(folder) / "emf.log"))
        used = time.process_time()
        entries = [
            history.append(storage, WORKFLOW, lambda last, n=n: history.entry_of_run(made(n), "0" * 64, last)) for n in range(runs)
        ]
        entered = time.process_time()
        for entry in entries:
            emit_run(entry, storage, settings)
        emitted = time.process_time()
    spans = _spans(runs)
    per_run = {"history": (entered - used) / runs, "metrics": (emitted - entered) / runs, "spans": spans / runs}
    return {name: round(seconds * 1000, 3) for name, seconds in per_run.items()}


def _spans(runs: int) -> float:
    """Processor seconds of the spans of all steps, with an exporter in the background as Airflow has it."""
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    from workflow_orchestrator.observability.names import STEP_SPAN
    from workflow_orchestrator.observability.spans import span

    with collector() as address:
        provider = TracerProvider()
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{address}/v1/traces")))
        trace.set_tracer_provider(provider)
        used = time.process_time()
        for number in range(runs):
            for step in range(STEPS):
                with span(STEP_SPAN, workflow=WORKFLOW, run_id=f"run{number}", step=f"say_{step}", kind="notify", attempt=1):
                    pass
        provider.force_flush()
        found = time.process_time() - used
        provider.shutdown()
    return found


@contextmanager
def collector() -> Iterator[str]:
    """Takes whatever is posted to it."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the base class's name
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def settings(kind: str, stack: ExitStack) -> dict[str, str]:
    """What the services are told."""
    if kind == "off":
        return {}
    if kind == "on":
        address = stack.enter_context(collector())
        listener = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    else:
        # Connections are taken by the queue of the socket, and nobody ever answers.
        silent = stack.enter_context(socket.socket())
        silent.bind(("127.0.0.1", 0))
        silent.listen(1024)
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as closed:
            closed.bind(("127.0.0.1", 0))
            port = closed.getsockname()[1]
    return {
        "AIRFLOW__METRICS__STATSD_ON": "True", "AIRFLOW__METRICS__STATSD_HOST": "127.0.0.1",
        "AIRFLOW__METRICS__STATSD_PORT": str(port), "AIRFLOW__METRICS__STATSD_INFLUXDB_ENABLED": "True",
        "AIRFLOW__TRACES__OTEL_ON": "True", "OTEL_EXPORTER_OTLP_ENDPOINT": address, "OTEL_TRACES_EXPORTER": "otlp_proto_http",
        # As docker-compose.yaml has it: a collector that is away is given up on soon.
        "OTEL_EXPORTER_OTLP_TIMEOUT": "1",
    }  # fmt: skip


def whole(runs: int, rounds: int) -> dict[str, dict[str, float]]:
    """Medians of wall and processor seconds of a run, by what is told."""
    found = {}
    for kind in ("off", "on", "nobody"):
        with ExitStack() as stack, topology(STEPS, 4, **settings(kind, stack)) as running:
            measure(running, WORKFLOW, "warm", 2)
            rows = [measure(running, WORKFLOW, f"{kind}{number}", runs) for number in range(rounds)]
            # One at a time: what holds a run up is not hidden by others that work meanwhile.
            alone = [measure(running, WORKFLOW, f"{kind}-alone{number}", 1)["wall_s"] for number in range(5)]
        found[kind] = {key: round(statistics.median(row[key] for row in rows), 3) for key in rows[0]}
        found[kind]["alone_s"] = round(min(alone), 3)
        print(f"{kind:7} {found[kind]['cpu_s']:.2f} s processor per run, {found[kind]['alone_s']:.2f} s for one alone (the least of five)")
    return found


def main(arguments: list[str]) -> int:
    """Measures and prints; returns 1 when a goal is missed."""
    parser = argparse.ArgumentParser(prog="benchmarks/run observability", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--parts", action="store_true", help="only the parts, without an Airflow")
    parser.add_argument("--runs", type=int, default=8, help="runs of a round")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each setting")
    options = parser.parse_args(arguments)
    own = parts()
    total = sum(own.values())
    print("processor time of one run of eight steps: " + ", ".join(f"{name} {ms:.2f} ms" for name, ms in own.items()))
    if options.parts:
        print(json.dumps({"parts_ms": own}))
        return 0
    found = whole(options.runs, options.rounds)
    share = total / 1000 / found["off"]["cpu_s"]
    delay = found["nobody"]["alone_s"] - found["off"]["alone_s"]
    print(f"ours: {total:.2f} ms of {found['off']['cpu_s']:.2f} s = {share:.2%} (goal {GOAL_SHARE:.0%})")
    more = found["nobody"]["cpu_s"] / found["off"]["cpu_s"]
    print(f"nobody listens: {delay:+.3f} s for a run alone (goal {GOAL_DELAY} s); {more:.2f} × processor")
    print(json.dumps({"parts_ms": own, "whole": found, "share": round(share, 5), "delay_s": round(delay, 3)}))
    return 0 if share <= GOAL_SHARE and delay <= GOAL_DELAY else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
