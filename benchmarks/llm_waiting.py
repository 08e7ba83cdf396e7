"""Many calls of a slow model at once: how long they take, what they hold, and what they need, on a whole Airflow.

    benchmarks/run llm_waiting --ours --n 50,200,1000 --latency 20 --slots 4
    benchmarks/run llm_waiting --ours --shape worker --n 200
    benchmarks/run llm_waiting --peer --n 50

Starts PostgreSQL, Airflow (scheduler, API server, DAG processor, one triggerer, LocalExecutor with that many slots) and a
model that answers after the latency, all on loopback; triggers N runs of a DAG with one call each, over REST; and prints
the figures of each N. See benchmarks/README.md for how to read them.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from watching import Watch

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "scripts" / "lib"))

from airflow_here import LocalAirflow  # noqa: E402 - found through the line above
from postgres_here import LocalPostgres  # noqa: E402

AT_ONCE = 16

# What a thousand calls in flight need beyond Airflow's defaults; README.md says what each one does.
SETTINGS = {
    "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.2",
    "SCHEDULER__MAX_DAGRUNS_PER_LOOP_TO_SCHEDULE": "60",
    "DATABASE__SQL_ALCHEMY_POOL_SIZE": "20",
    "DATABASE__SQL_ALCHEMY_MAX_OVERFLOW": "40",
    "LOGGING__LOGGING_LEVEL": "WARNING",
    "TRIGGERER__CAPACITY": "2000",
}


@dataclass(frozen=True)
class Variant:
    """A way of asking: what to call it, the folder of its DAG file, and the DAG in it."""

    name: str
    dags: Path
    dag_id: str
    mapped: bool = False


VARIANTS = {
    "peer": Variant("common-ai LLMOperator", HERE / "dags" / "peer", "llm_waiting_peer"),
    "trigger": Variant("LLMCallOperator, trigger only", HERE / "dags" / "ours", "llm_waiting_trigger"),
    "worker": Variant("LLMCallOperator, worker and trigger", HERE / "dags" / "ours", "llm_waiting_worker"),
    "mapped": Variant("LLMCallOperator, mapped in one run", HERE / "dags" / "ours", "llm_waiting_mapped", mapped=True),
}


@dataclass(frozen=True)
class Topology:
    """What runs while a benchmark measures."""

    airflow: LocalAirflow
    postgres: LocalPostgres
    model: str

    def states(self, dag_id: str) -> dict[str, int]:
        """How many calls of the DAG are in each state."""
        found = self.postgres.rows(
            "select coalesce(state, 'none'), count(*) from task_instance "
            "where dag_id = %s and task_id like 'ask%%' group by 1",
            dag_id,
        )
        return dict(found)

    def report(self) -> dict[str, Any]:
        """What the model has counted."""
        counted: dict[str, Any] = httpx.get(f"{self.model}/report", timeout=30, trust_env=False).json()
        return counted


@contextmanager
def slow_model(latency: float) -> Iterator[str]:
    """Serves the model in a process of its own; gives its address."""
    command = [sys.executable, str(HERE / "slow_model.py"), "--latency", str(latency)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            address = process.stdout.readline().strip() if process.stdout else ""
            if not address:
                raise RuntimeError("the model did not start; its message is above")
            yield address
        finally:
            process.terminate()


@contextmanager
def topology(
    variant: Variant, latency: float, slots: int, settings: Mapping[str, str], calls: int = 1
) -> Iterator[Topology]:
    """Starts everything for one variant whose runs make that many calls each."""
    with (
        slow_model(latency) as model,
        LocalPostgres() as postgres,
        tempfile.TemporaryDirectory(prefix="bench-") as state,
    ):
        environment = {f"AIRFLOW__{name}": value for name, value in settings.items()} | {
            "AIRFLOW_CONN_LLM_DEFAULT": _connection("llm", model, model="slow", price_input="1", price_output="2"),
            "AIRFLOW_CONN_PYDANTICAI_DEFAULT": _connection("pydanticai", model, model="openai-chat:slow"),
            "BENCHMARK_CALLS": str(calls),
        }
        with LocalAirflow(
            Path(state), environment=environment, dags=variant.dags, database=postgres.dsn, parallelism=slots
        ) as airflow:
            airflow.wait_for_triggerer()
            airflow.wait_for_dag(variant.dag_id)
            yield Topology(airflow, postgres, model)


def _connection(kind: str, address: str, **extra: str) -> str:
    return json.dumps({"conn_type": kind, "host": f"{address}/v1", "password": "none", "extra": extra})


def measure(running: Topology, variant: Variant, n: int, patience: float, calls: int = 1) -> dict[str, Any]:
    """Triggers as many runs as make N calls, waits for their end and returns the figures."""
    httpx.post(f"{running.model}/reset", timeout=30, trust_env=False).raise_for_status()
    before = running.states(variant.dag_id)
    services = {name: running.airflow.pid(name) for name in ("scheduler", "api-server", "dag-processor", "triggerer")}
    services |= {"postgres": running.postgres.pid}
    began = time.time()
    with Watch(services, lambda: running.states(variant.dag_id)) as watch:
        runs = 1 if variant.mapped else n // calls
        asyncio.run(
            _trigger(running.airflow, variant.dag_id, runs, str(int(began)), {"calls": n} if variant.mapped else {})
        )
        triggered = time.time() - began
        ended = _wait(running, variant.dag_id, n, before, time.monotonic() + patience)
        finished = time.time()
    report = running.report()
    sent, answered = (report[name] or [began] for name in ("received", "answered_at"))
    return {
        "n": n,
        "wall_s": round(finished - began, 1),
        "triggered_s": round(triggered, 1),
        "first_send_s": round(min(sent) - began, 1),
        "first_to_last_send_s": round(max(sent) - min(sent), 1),
        "last_answer_to_end_s": round(finished - max(answered), 1),
        "peak_in_flight": report["peak"],
        "requests": report["requests"],
        "ended": ended,
        **_seen(watch),
    }


async def _trigger(airflow: LocalAirflow, dag_id: str, runs: int, batch: str, conf: Mapping[str, Any]) -> None:
    gate = asyncio.Semaphore(AT_ONCE)
    headers = dict(airflow.client.headers)
    limits = httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE)
    async with httpx.AsyncClient(headers=headers, timeout=120, limits=limits, trust_env=False) as client:

        async def one(number: int) -> None:
            body = {"logical_date": None, "dag_run_id": f"{batch}-{number}", "conf": conf}
            async with gate:
                answer = await client.post(f"{airflow.url}/api/v2/dags/{dag_id}/dagRuns", json=body)
                answer.raise_for_status()

        await asyncio.gather(*(one(number) for number in range(runs)))


def _wait(running: Topology, dag_id: str, n: int, before: Mapping[str, int], deadline: float) -> dict[str, int]:
    """Waits until every call has ended, or the time is up; the calls that this measurement added, by state."""
    while True:
        running.airflow.check_services()
        now = running.states(dag_id)
        added = {state: now.get(state, 0) - before.get(state, 0) for state in now.keys() | before.keys()}
        if added.get("success", 0) + added.get("failed", 0) >= n or time.monotonic() > deadline:
            return {state: count for state, count in added.items() if count}
        time.sleep(0.5)


def _seen(watch: Watch) -> dict[str, Any]:
    return {
        **{f"peak_{state}": watch.peak_states[state] for state in ("running", "queued", "deferred")},
        "peak_rss_mib": dict(watch.peak_rss),
        "peak_pss_mib": dict(watch.peak_pss),
        "processor_s": {name: round(seconds, 1) for name, seconds in watch.processor.items()},
        "load": round(os.getloadavg()[0], 1),
    }


def _say(variant: Variant, figures: Mapping[str, Any], latency: float, slots: int) -> None:
    n, ended = figures["n"], " ".join(f"{count} {state}" for state, count in figures["ended"].items())
    print(f"\n{variant.name}, N={n}, model answers after {latency:g} s, {slots} worker slots")
    print(
        f"  wall {figures['wall_s']} s (N·latency/slots = {n * latency / slots:g} s); triggered in {figures['triggered_s']} s"
    )
    print(f"  sent from {figures['first_send_s']} s on, within {figures['first_to_last_send_s']} s; ", end="")
    print(f"the end came {figures['last_answer_to_end_s']} s after the last answer")
    print(f"  in flight at most {figures['peak_in_flight']}; requests {figures['requests']}; ended: {ended}")
    print(
        f"  tasks that held a worker slot at most {figures['peak_running']}, deferred at most {figures['peak_deferred']}"
    )
    for kind in ("pss", "rss"):
        parts = "   ".join(f"{name} {size}" for name, size in figures[f"peak_{kind}_mib"].items())
        print(f"  peak {kind.upper()} in MiB: {parts}")
    print("  processor seconds: " + "   ".join(f"{name} {spent}" for name, spent in figures["processor_s"].items()))
    print(json.dumps(figures), flush=True)


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--peer", action="store_true", help="common-ai's LLMOperator")
    which.add_argument("--ours", action="store_true", help="LLMCallOperator")
    parser.add_argument(
        "--shape", choices=("trigger", "worker", "mapped"), default="trigger", help="of LLMCallOperator"
    )
    parser.add_argument("--n", default="50", help="numbers of calls, with commas between")
    parser.add_argument("--calls", type=int, default=1, help="parallel calls in one run")
    parser.add_argument("--latency", type=float, default=20, help="seconds until the model answers")
    parser.add_argument("--slots", type=int, default=4, help="worker slots (parallelism)")
    parser.add_argument("--patience", type=float, default=900, help="seconds until a measurement is given up")
    parser.add_argument("--defaults", action="store_true", help="leave Airflow's own settings as they are")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="SECTION__OPTION=VALUE",
        help="a setting of Airflow, may be repeated",
    )
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Measures every N and returns 1 when a call did not succeed."""
    options = _options(arguments)
    variant = VARIANTS["peer" if options.peer else options.shape]
    sizes = [int(part) for part in options.n.split(",")]
    settings = {} if options.defaults else SETTINGS
    settings = {**settings, **dict(part.split("=", 1) for part in options.set)}
    failures = 0
    with topology(variant, options.latency, options.slots, settings, options.calls) as running:
        for n in sizes:
            figures = measure(running, variant, n, options.patience, options.calls)
            _say(variant, figures, options.latency, options.slots)
            failures += n - figures["ended"].get("success", 0)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
