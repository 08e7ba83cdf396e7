"""What the orchestrator adds to Airflow's own cost: a workflow with instant steps against a DAG of the same shape that does nothing.

    benchmarks/run orchestration_overhead                     # 12 runs of 8 steps, three times each side
    benchmarks/run orchestration_overhead --runs 20 --rounds 5

Starts PostgreSQL and Airflow (scheduler, API server, DAG processor, triggerer, LocalExecutor) on loopback. The workflow's steps send
messages to a channel without a notifier: each opens the run's folder, reads the request, renders its message and writes its report.
The two sides take turns on the same Airflow. See benchmarks/README.md.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import instant_steps
from watching import processor_seconds

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(ROOT / "scripts" / "lib"))

from airflow_here import LocalAirflow  # noqa: E402 - found through the line above
from postgres_here import LocalPostgres  # noqa: E402

WORKFLOW, NOOP = "instant", "noop"
GOAL = 1.2
SERVICES = ("scheduler", "api-server", "dag-processor", "triggerer")


@dataclass(frozen=True)
class Running:
    """The Airflow of a measurement and its database."""

    airflow: LocalAirflow
    postgres: LocalPostgres

    def processor(self) -> float:
        """Seconds of processor time of everything so far."""
        pids = [self.airflow.pid(name) for name in SERVICES]
        return sum(processor_seconds(pid) for pid in (*pids, self.postgres.pid))

    def ended(self, dag_id: str, batch: str) -> dict[str, int]:
        """How many runs of a batch have ended, by state."""
        query = (
            "select state, count(*) from dag_run where dag_id = %s and run_id like %s "
            "and state in ('success', 'failed') group by 1"
        )
        return dict(self.postgres.rows(query, dag_id, f"{batch}-%"))


def write_project(place: Path, steps: int) -> Path:
    """The workflow with that many steps beside the DAG that does nothing; the folder of the DAG files."""
    dags = place / "dags"
    shutil.copytree(ROOT / "include", place / "include", ignore=shutil.ignore_patterns("samples"))
    (dags / WORKFLOW).mkdir(parents=True)
    (dags / WORKFLOW / "workflow.yaml").write_text(instant_steps.workflow(WORKFLOW, steps))
    shutil.copy(ROOT / "dags" / "fund_factsheet_video" / "dag.py", dags / WORKFLOW / "dag.py")
    shutil.copytree(HERE / "dags" / "noop", dags / NOOP)
    return dags


def write_shape(place: Path, dags: Path) -> Path:
    """The shape of the workflow's DAG, as JSON."""
    command = [sys.executable, str(HERE / "parse_shape.py"), str(dags / WORKFLOW / "dag.py")]
    variables = {**os.environ, "PYTHONPATH": str(ROOT / "plugins"), "AIRFLOW_HOME": str(place / "shape")}
    found = subprocess.run(command, env=variables, stdout=subprocess.PIPE, check=True).stdout.splitlines()[-1]
    shape = next(item for item in json.loads(found) if item["dag_id"] == WORKFLOW)
    path = place / "shape.json"
    path.write_text(json.dumps(shape))
    return path


@contextmanager
def topology(steps: int, slots: int, **settings: str) -> Iterator[Running]:
    """Starts everything and gives it once both DAGs are there; `settings` are further variables of the services."""
    with LocalPostgres() as postgres, tempfile.TemporaryDirectory(prefix="bench-") as state:
        place = Path(state) / "project"
        dags = write_project(place, steps)
        with LocalAirflow(
            Path(state) / "state",
            environment={
                "BENCHMARK_SHAPE": str(write_shape(place, dags)),
                "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
                **settings,
            },
            dags=dags,
            database=postgres.dsn,
            parallelism=slots,
        ) as airflow:
            inbox = airflow.storage / "inbox" / WORKFLOW
            inbox.mkdir(parents=True)
            shutil.copy(ROOT / "include" / "samples" / "hostile" / "blank.pdf", inbox / "document.pdf")
            airflow.wait_for_triggerer()
            for dag_id in (WORKFLOW, NOOP):
                airflow.wait_for_dag(dag_id)
            yield Running(airflow, postgres)


def measure(running: Running, dag_id: str, batch: str, runs: int, patience: float = 600) -> dict[str, float]:
    """Triggers the runs, waits for their end, and returns wall and processor seconds of one run.

    Raises:
        RuntimeError: a run failed, or they did not end in time.
    """
    conf = {"document": "document.pdf", "force": True} if dag_id == WORKFLOW else {}
    used, began = running.processor(), time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: running.airflow.trigger(dag_id, conf, run_id=f"{batch}-{n}"), range(runs)))
    while sum(running.ended(dag_id, batch).values()) < runs:
        running.airflow.check_services()
        if time.monotonic() - began > patience:
            raise RuntimeError(f"{dag_id}: {running.ended(dag_id, batch)} of {runs} runs ended within {patience:.0f} s")
        time.sleep(0.2)
    wall = time.monotonic() - began
    if running.ended(dag_id, batch) != {"success": runs}:
        raise RuntimeError(f"{dag_id}: the runs ended as {running.ended(dag_id, batch)}")
    return {"wall_s": wall / runs, "cpu_s": (running.processor() - used) / runs}


def idle(running: Running, seconds: float = 10) -> float:
    """Processor seconds per second while nothing is to be done."""
    used = running.processor()
    time.sleep(seconds)
    return (running.processor() - used) / seconds


def _say(found: Mapping[str, list[dict[str, float]]], tasks: int, runs: int, rest: float) -> float:
    middle = {
        side: {key: statistics.median(item[key] for item in items) for key in items[0]} for side, items in found.items()
    }
    print(
        f"{runs} runs of {tasks} tasks at a time, medians of {len(found[NOOP])} rounds; idle {rest:.2f} processor s per s"
    )
    for side, figures in middle.items():
        ratios = {key: figures[key] / middle[NOOP][key] for key in figures}
        print(
            f"{side:10} {figures['wall_s']:6.2f} s wall and {figures['cpu_s']:6.2f} s processor per run, "
            f"{figures['cpu_s'] / tasks * 1000:5.0f} ms per task   {ratios['wall_s']:.2f} × and {ratios['cpu_s']:.2f} × no-op"
        )
    print(json.dumps({"tasks": tasks, "runs": runs, "idle": round(rest, 3), "rounds": found}))
    return middle[WORKFLOW]["cpu_s"] / middle[NOOP]["cpu_s"]


def main(arguments: list[str]) -> int:
    """Measures and prints; returns 1 when the processor time is above the goal."""
    parser = argparse.ArgumentParser(
        prog="benchmarks/run orchestration_overhead", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--steps", type=int, default=8, help="steps of the workflow")
    parser.add_argument("--runs", type=int, default=12, help="runs of a round")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each side")
    parser.add_argument("--slots", type=int, default=4, help="worker slots (parallelism)")
    options = parser.parse_args(arguments)
    found: dict[str, list[dict[str, float]]] = {WORKFLOW: [], NOOP: []}
    with topology(options.steps, options.slots) as running:
        for dag_id in found:
            measure(running, dag_id, f"warm-{dag_id}", 2)
        rest = idle(running)
        for number in range(options.rounds):
            # The side that begins changes, so that whatever grows with time is shared.
            for dag_id in sorted(found, reverse=bool(number % 2)):
                found[dag_id].append(measure(running, dag_id, f"round{number}-{dag_id}", options.runs))
        tasks = len(running.airflow.tasks(NOOP, f"round0-{NOOP}-0"))
    return 0 if _say(found, tasks, options.runs, rest) <= GOAL else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
