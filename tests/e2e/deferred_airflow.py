"""A whole Airflow on PostgreSQL with two worker slots, beside a slow model, with the words that the tests speak."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from airflow_here import LocalAirflow
from postgres_here import LocalPostgres

SLOTS = 2
LATENCY = 3.0
MODELS = {"answered": "slow", "refused": "refuse", "rejected": "reject", "used_up": "quota", "busy": "busy"}
# A triggerer that was killed is missed after seconds instead of half a minute.
_QUICK = {
    "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "4",
    "AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC": "1",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_POOL_SIZE": "20",
}


class Deferred:
    """The Airflow, its database and the model's counts."""

    def __init__(self, airflow: LocalAirflow, postgres: LocalPostgres, model: str) -> None:
        self.airflow = airflow
        self.most_running = 0
        self._postgres = postgres
        self._model = model

    def reset(self) -> None:
        """Sets the model's counts to zero."""
        httpx.post(f"{self._model}/reset", timeout=10, trust_env=False).raise_for_status()
        self.most_running = 0

    def report(self) -> dict[str, Any]:
        """The model's counts."""
        counted: dict[str, Any] = httpx.get(f"{self._model}/report", timeout=10, trust_env=False).json()
        return counted

    def trigger(self, dag_id: str, batch: str, runs: int) -> None:
        """Starts runs over the REST API, a few at a time."""
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda number: self.airflow.trigger(dag_id, {}, run_id=f"{batch}-{number}"), range(runs)))

    def states(self, batch: str) -> dict[str, int]:
        """How many calls of a batch are in each state."""
        query = "select coalesce(state, 'none'), count(*) from task_instance where run_id like %s group by 1"
        found: dict[str, int] = dict(self._postgres.rows(query, f"{batch}-%"))
        self.most_running = max(self.most_running, found.get("running", 0))
        return found

    def wait(self, until: Callable[[], bool], what: str, timeout: float = 180, every: float = 0.1) -> None:
        """Returns when something is so."""
        deadline = time.monotonic() + timeout
        while not until():
            self.airflow.check_services()
            assert time.monotonic() < deadline, f"waited {timeout:.0f} s in vain for {what}"
            time.sleep(every)

    def end(self, batch: str, runs: int, state: str, timeout: float = 180) -> None:
        """Returns when every call of a batch is in a state."""
        self.wait(lambda: self.states(batch) == {state: runs}, f"{batch} to be {state}", timeout)

    def tries(self, run_id: str) -> list[dict[str, Any]]:
        """What Airflow keeps about each try of a run's call, the first one first."""
        names = ("try_number", "state", "end_date", "retry_reason", "retry_delay_override")
        columns = ", ".join(names)
        query = (
            f"select {columns} from task_instance_history where run_id = %s "
            f"union all select {columns} from task_instance where run_id = %s order by 1"
        )
        return [dict(zip(names, row, strict=True)) for row in self._postgres.rows(query, run_id, run_id)]

    def journalled(self, batch: str) -> int:
        """How many answers of a batch have arrived and were kept."""
        return len(list((self.airflow.home / "llm" / "journal").glob(f"*/run={batch}-*/*.json")))


@contextmanager
def deferred_airflow(state: Path) -> Iterator[Deferred]:
    """Starts the model, PostgreSQL and Airflow, and ends them again."""
    here = Path(__file__).resolve().parent
    with _slow_model(here.parents[1] / "benchmarks" / "slow_model.py") as model, LocalPostgres() as postgres:
        connections = {f"AIRFLOW_CONN_LLM_{name.upper()}": _connection(model, kind) for name, kind in MODELS.items()}
        with LocalAirflow(
            state,
            environment={**connections, **_QUICK},
            dags=here / "deferred_dags",
            database=postgres.dsn,
            parallelism=SLOTS,
        ) as airflow:
            airflow.wait_for_triggerer()
            for name in MODELS:
                airflow.wait_for_dag(f"call_{name}")
            yield Deferred(airflow, postgres, model)


@contextmanager
def _slow_model(program: Path) -> Iterator[str]:
    command = [sys.executable, str(program), "--latency", str(LATENCY)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline().strip()
            assert address, "the slow model did not start"
            yield address
        finally:
            process.terminate()


def _connection(address: str, model: str) -> str:
    extra = {"model": model, "price_input": "1", "price_output": "2"}
    return json.dumps({"conn_type": "llm", "host": f"{address}/v1", "password": "key-of-the-test", "extra": extra})
