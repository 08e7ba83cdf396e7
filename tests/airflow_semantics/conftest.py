"""The two Airflows on which the cases are run: `dag.test()` in a process of its own, and a whole served one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from airflow_here import LocalAirflow
from debian_here import may_install
from postgres_here import LocalPostgres, find_programs
from semantics_cases import CASES, Case, by_task, cases, conf_of, outcome_of

HERE = Path(__file__).resolve().parent
Played = dict[str, tuple[str, str, dict[str, tuple[str, int]]]]
"""By case: outcome of the manifest, state of the run, states and tries of its tasks."""


@pytest.fixture(scope="session")
def tested(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Played:
    """Every case by `dag.test()`; two processes, since most of a run is waiting."""
    # A called workflow needs a scheduler that runs it.
    wanted = cases("calls")
    with ThreadPoolExecutor(2) as pool:
        halves = pool.map(lambda half: _in_child(tmp_path_factory.mktemp("dagtest"), half), (wanted[::2], wanted[1::2]))
        return {name: played for half in halves for name, played in half.items()}


def _in_child(home: Path, wanted: list[Case]) -> Played:
    kept = {name: value for name, value in os.environ.items() if not name.lstrip("_").startswith("AIRFLOW")}
    plan = [
        {
            "workflow": case.workflow,
            "scenario": case.scenario,
            "conf": conf_of(case.workflow, case.scenario, home / "storage"),
        }
        for case in wanted
    ]
    done = subprocess.run(
        [sys.executable, str(HERE / "dagtest_child.py"), str(home)],
        input=json.dumps(plan),
        env={**kept, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
        cwd=home,
    )
    assert done.returncode == 0, f"{done.stdout[-1000:]}\n{done.stderr[-4000:]}"
    played: Played = {}
    for case, run in zip(wanted, json.loads(done.stdout.strip().splitlines()[-1]), strict=True):
        outcome = outcome_of(home / "storage", case.workflow, run["run_id"])
        played[case.id] = (outcome, run["state"], by_task(run["tasks"]))
    return played


@pytest.fixture(scope="session")
def semantics_airflow(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Iterator[LocalAirflow]:
    """A whole Airflow whose DAGs are the cases. Forty runs at the same time are more than SQLite bears."""
    if find_programs() is None and not may_install():
        pytest.skip("PostgreSQL is not installed, and only root may install it (Debian: apt-get install postgresql)")
    paths = os.pathsep.join((str(root / "plugins"), str(HERE)))
    with (
        LocalPostgres() as postgres,
        LocalAirflow(
            tmp_path_factory.mktemp("semantics"),
            dags=CASES / "dags",
            environment={"PYTHONPATH": paths},
            database=postgres.dsn,
            parallelism=6,
        ) as airflow,
    ):
        airflow.wait_for_triggerer()
        yield airflow


@pytest.fixture(scope="session")
def served_cases(semantics_airflow: LocalAirflow) -> Played:
    """Every case on it, all runs at the same time."""
    return _on(semantics_airflow)


def _on(airflow: LocalAirflow) -> Played:
    wanted = cases()
    for workflow in dict.fromkeys(case.workflow for case in wanted):
        airflow.wait_for_dag(workflow)
    for case in wanted:
        conf = conf_of(case.workflow, case.scenario, airflow.storage)
        airflow.trigger(case.workflow, conf, run_id=case.scenario)
    played: Played = {}
    for case in wanted:
        state, tasks = "", []
        for state, tasks in airflow.watch(case.workflow, case.scenario, 600):  # noqa: B007
            pass
        rows = [(task["task_id"], task["map_index"], task["state"], task["try_number"]) for task in tasks]
        played[case.id] = (outcome_of(airflow.storage, case.workflow, case.scenario), state, by_task(rows))
    return played
