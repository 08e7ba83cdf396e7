"""Prints the shape of the DAGs in a file as JSON; `dag_parse.py` runs it with this project's plugins on its path."""

from __future__ import annotations

import json
import runpy
import sys
from typing import Any

from airflow.sdk import DAG


def shape(dag: DAG) -> dict[str, Any]:
    """What others need to write a DAG that looks the same to Airflow."""
    timetable: Any = dag.timetable
    cron = getattr(timetable, "expression", None)
    return {
        "dag_id": dag.dag_id,
        "title": dag.dag_display_name,
        "description": dag.description or "",
        "cron": cron,
        "timezone": str(getattr(timetable, "timezone", "UTC")) if cron else None,
        "params": {name: _param(dag.params.get_param(name)) for name in dag.params},
        "tags": sorted(dag.tags),
        "doc_md": dag.doc_md or "",
        "owner": dag.default_args.get("owner", "airflow"),
        "tasks": [_task(task) for task in dag.tasks],
    }


def _param(param: Any) -> dict[str, Any]:
    found = {"schema": dict(param.schema)}
    if param.has_value:
        found["default"] = param.value
    return found


def _task(task: Any) -> dict[str, Any]:
    return {
        "task_id": task.task_id,
        "empty": task.task_type == "EmptyOperator",
        "retries": task.retries or 0,
        "retry_delay": task.retry_delay.total_seconds(),
        "trigger_rule": str(getattr(task.trigger_rule, "value", task.trigger_rule)),
        "teardown": bool(task.is_teardown),
        "upstream": sorted(task.upstream_task_ids),
    }


if __name__ == "__main__":
    found = runpy.run_path(sys.argv[1])
    print(json.dumps([shape(item) for item in found.values() if isinstance(item, DAG)]))
