"""What it costs that a run tells about itself: history entry, metrics, spans and the data for CloudWatch.

    benchmarks/run observability                  the parts alone, and whole runs with everything off, on, and nobody listening
    benchmarks/run observability --parts          the parts alone, in this process

The parts are what the orchestrator itself adds to one run of eight steps: its entry in the history, its numbers through Airflow's own
StatsD client, the file for CloudWatch, the lines of the embedded metric format, and a span for each step with an exporter behind it.
They are counted in processor seconds over 200 runs, and set against the processor seconds of one whole run of a workflow with instant
steps on a served Airflow (PostgreSQL, LocalExecutor), everything off.

A flush is what Airflow does with its spans at the end of each task process, and the one place where a run can wait for the collector:
in forks of this process, one after the other, the exporter's timeout at one second as in docker-compose.yaml.

The whole runs are of the same workflow, on an Airflow that has all of it off, on with listeners, and on with a collector that falls
silent after the first runs (it takes connections and never answers) and a StatsD port where nobody listens, with Airflow's exporter as
it is and with the session of the platform (docs/operations.md). There Airflow's own metrics and traces are part of the cost, for it
sends some hundred numbers of its own. Runs go one at a time. What their tasks wait for is seen by the silent collector itself: from a
request until its process gives up. On a busy machine that tells more than the seconds of the runs, which stand beside it.

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

from orchestration_overhead import WORKFLOW, Running, measure, topology  # noqa: E402 - behind the paths

GOAL_SHARE, GOAL_DELAY = 0.02, 0.05
STEPS = 8
FLUSHES = 8
ALONE = 7
LOOKS = "silent, session, the one that looks"
SESSION = {"OTEL_PYTHON_EXPORTER_OTLP_HTTP_CREDENTIAL_PROVIDER": "genai_platform"}
KINDS = {
    "off": "nothing is told",
    "on": "with listeners",
    "exporter": "silent collector, the exporter as it is",
    "session": "silent collector, the platform's session",
}


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


def flushes() -> dict[str, list[float]]:
    """Milliseconds of each flush of processes that follow each other, by the collector and by who posts."""
    from workflow_orchestrator.observability.exporting import known_of
    from workflow_orchestrator.observability.outage import Outages

    found = {}
    for name, silent, guarded, looks in (
        ("answers, exporter", False, False, False), ("answers, session", False, True, False),
        ("silent, exporter", True, False, False), ("silent, session", True, True, False), (LOOKS, True, True, True),
    ):  # fmt: skip
        fallen = threading.Event()
        with collector(fallen, []) as address:
            if silent:
                fallen.set()
            each = []
            for _ in range(FLUSHES):
                if looks and (known := known_of(address.removeprefix("http://"))):
                    # The pause is over for each of them.
                    Outages(known.path, lambda: time.time() - 60).begin("no answer")
                each.append(round(_flush(address, guarded) * 1000, 1))
            found[name] = each
    return found


def _flush(address: str, guarded: bool) -> float:
    """Seconds that a process waits at its end, as Airflow's task runner does."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    from workflow_orchestrator.observability.exporting import session

    answer, told = os.pipe()
    child = os.fork()
    if child == 0:
        provider = TracerProvider(shutdown_on_exit=False)
        exporter = OTLPSpanExporter(f"{address}/v1/traces", timeout=1, session=session() if guarded else None)
        provider.add_span_processor(BatchSpanProcessor(exporter))
        for number in range(3):
            provider.get_tracer("benchmark").start_span(f"span {number}").end()
        began = time.perf_counter()
        provider.force_flush()
        os.write(told, repr(time.perf_counter() - began).encode())
        os._exit(0)
    os.close(told)
    os.waitpid(child, 0)
    with os.fdopen(answer) as heard:
        return float(heard.read())


@contextmanager
def collector(fallen: threading.Event | None = None, waits: list[float] | None = None) -> Iterator[str]:
    """Takes whatever is posted to it, and answers until it has fallen silent; then `waits` gets the seconds that each task waited."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if fallen is not None and fallen.is_set():
                began = time.monotonic()
                self.connection.recv(1)
                # A task's process has the span `worker.<task>`; the scheduler sends in a thread, and nobody waits for it.
                if waits is not None and b"worker." in body:
                    waits.append(time.monotonic() - began)
                self.close_connection = True
                return
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


def settings(kind: str, stack: ExitStack, fallen: threading.Event, waits: list[float]) -> dict[str, str]:
    """What the services are told."""
    if kind == "off":
        return {}
    address = stack.enter_context(collector(fallen, waits))
    listener = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    listener.bind(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    if kind in ("exporter", "session"):
        listener.close()
    return {
        "AIRFLOW__METRICS__STATSD_ON": "True", "AIRFLOW__METRICS__STATSD_HOST": "127.0.0.1",
        "AIRFLOW__METRICS__STATSD_PORT": str(port), "AIRFLOW__METRICS__STATSD_INFLUXDB_ENABLED": "True",
        "AIRFLOW__TRACES__OTEL_ON": "True", "OTEL_EXPORTER_OTLP_ENDPOINT": address, "OTEL_TRACES_EXPORTER": "otlp_proto_http",
        # As docker-compose.yaml has it: a collector that is away is given up on soon.
        "OTEL_EXPORTER_OTLP_TIMEOUT": "1",
        # What is remembered of this collector goes with it.
        "TMPDIR": stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")),
        **({} if kind == "exporter" else SESSION),
    }  # fmt: skip


def alone(running: Running, name: str) -> float:
    """Seconds of one run with nothing beside it, from its start to its end as Airflow has them."""
    measure(running, WORKFLOW, name, 1)
    query = "select extract(epoch from end_date - start_date) from dag_run where dag_id = %s and run_id = %s"
    ((seconds,),) = running.postgres.rows(query, WORKFLOW, f"{name}-0")
    return round(float(seconds), 3)


def whole(runs: int, rounds: int) -> dict[str, dict[str, Any]]:
    """Medians of wall and processor seconds of a run, by what is told."""
    found: dict[str, dict[str, Any]] = {}
    for kind, says in KINDS.items():
        fallen, waits = threading.Event(), list[float]()
        with ExitStack() as stack, topology(STEPS, 4, **settings(kind, stack, fallen, waits)) as running:
            measure(running, WORKFLOW, "warm", 2)
            if kind in ("exporter", "session"):
                fallen.set()
            each, waited = [], []
            for number in range(ALONE):
                waits.clear()
                each.append(alone(running, f"{kind}-alone{number}"))
                waited.append([round(seconds, 3) for seconds in waits])
            rows = [measure(running, WORKFLOW, f"{kind}{number}", runs) for number in range(rounds)]
        row: dict[str, Any] = {key: round(statistics.median(row[key] for row in rows), 3) for key in rows[0]}
        row |= {"each_s": each, "alone_s": round(statistics.median(each[1:]), 3), "waits_s": waited}
        row |= {"first_waits_s": round(sum(waited[0]), 3), "then_waits_s": round(statistics.median(map(sum, waited[1:])), 3)}
        found[kind] = row
        print(
            f"{says}: {row['cpu_s']:.2f} s processor per run; alone {row['alone_s']:.2f} s ({min(each):.2f} to {max(each):.2f}); "
            f"waits at the collector {row['first_waits_s']:.2f} s in the first run, then {row['then_waits_s']:.2f} s",
            flush=True,
        )
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
    ends = flushes()
    for name, each in ends.items():
        print(f"flush at the end of a process, collector {name}: the first {each[0]:.1f} ms, then {statistics.median(each[1:]):.1f} ms")
    if options.parts:
        print(json.dumps({"parts_ms": own, "flushes_ms": ends}))
        return 0
    found = whole(options.runs, options.rounds)
    share = total / 1000 / found["off"]["cpu_s"]
    print(f"ours: {total:.2f} ms of {found['off']['cpu_s']:.2f} s = {share:.2%} (goal {GOAL_SHARE:.0%})")
    for kind in ("on", "exporter", "session"):
        more = found[kind]["cpu_s"] / found["off"]["cpu_s"]
        print(f"{KINDS[kind]}: {found[kind]['alone_s'] - found['off']['alone_s']:+.3f} s for a run alone, {more:.2f} × processor")
    # The collector sees a look until its process is gone. The task waits as long as its flush takes, which takes time with any collector.
    looks = statistics.median(len(each) for each in found["session"]["waits_s"][1:])
    delay = round(looks * (statistics.median(ends[LOOKS]) - statistics.median(ends["answers, exporter"])) / 1000, 3)
    print(f"a silent collector that is known delays a run by {delay} s: {looks:g} of its tasks looks (goal {GOAL_DELAY} s)")
    print(json.dumps({"parts_ms": own, "flushes_ms": ends, "whole": found, "share": round(share, 5), "delay_s": delay}))
    return 0 if share <= GOAL_SHARE and delay <= GOAL_DELAY else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
