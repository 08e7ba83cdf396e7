"""Runs cases by `dag.test()` in a process of its own: a plan as JSON on standard input, what came of it on standard output.

python dagtest_child.py HOME
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]


def prepare(home: Path) -> None:
    """An Airflow of its own on SQLite, before anything of it is imported."""
    os.environ |= {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(HERE / "cases" / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
        "GENAI_PLATFORM_STORAGE": str(home / "storage"),
    }
    sys.path[:0] = [str(ROOT / "plugins"), str(HERE)]


def main(home: Path, plan: list[dict[str, Any]]) -> None:
    """Runs each case after the other."""
    prepare(home)
    from airflow.dag_processing.bundles.manager import DagBundlesManager
    from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
    from airflow.utils.db import initdb

    initdb()
    DagBundlesManager().sync_bundles_to_db()
    bag = DagBag(str(HERE / "cases" / "dags"))
    if bag.import_errors:
        raise SystemExit(json.dumps(bag.import_errors))
    sync_bag_to_db(bag, "dags-folder", None)
    print(json.dumps([play(bag.dags[case["workflow"]], case["scenario"], case["conf"]) for case in plan]))


def play(dag: Any, scenario: str, conf: dict[str, Any]) -> dict[str, Any]:
    """One run: its id, its state, and its task instances as (task, map index, state, tries)."""
    from scripted_steps import SCENARIO

    os.environ[SCENARIO] = scenario
    run = dag.test(run_conf=conf)
    return {"run_id": run.run_id, "state": plain(run.state), "tasks": instances(dag.dag_id, run.run_id)}


def instances(dag_id: str, run_id: str) -> list[tuple[str, int, str | None, int]]:
    """The run's task instances as Airflow's database has them."""
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session
    from sqlalchemy import select

    columns = (TaskInstance.task_id, TaskInstance.map_index, TaskInstance.state, TaskInstance.try_number)
    where = (TaskInstance.dag_id == dag_id, TaskInstance.run_id == run_id)
    with create_session() as session:
        rows = session.execute(select(*columns).where(*where)).all()
    return [(task, index, plain(state), tries) for task, index, state, tries in rows]


def plain(state: Any) -> str | None:
    """A state's word."""
    return None if state is None else str(getattr(state, "value", state))


if __name__ == "__main__":
    main(Path(sys.argv[1]), json.load(sys.stdin))
