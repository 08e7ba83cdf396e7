"""The DAG files that `dag_parse.py` compares: N copies of a workflow, and DAGs of the same shape without this project.

The shape is read from the DAGs that this project's factory makes of the workflow: the same task ids, edges, trigger rules, retries,
parameters, schedule and page. Every task of the others does nothing.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
SHIPPED = "fund_factsheet_video"
_SMALL = """\
workflow: small
format: 1
platform: ">=1.0,<2"
title: Small
description: Reads a document.
owner: benchmarks
input:
  document: {type: pdf, max_pages: 40, max_megabytes: 25}
steps:
  read:
    extract: {prompt: read, schema: schema.json, route: extraction}
  check:
    validate: {rules: rules.yaml}
"""
_PROMPT = """\
---
version: 1
variables: [document, fields]
---
{% block user %}Read {{ fields }} from {{ document }}{% endblock %}
"""
_SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Document",
    "type": "object",
    "required": ["name"],
    "properties": {"name": {"kind": "text", "title": {"en": "Name"}, "labels": {"en": ["Name"]}}},
}


def write_ours(root: Path, count: int) -> dict[str, list[Path]]:
    """A project with that many copies of the shipped workflow and of a small one; their DAG files by name of the workload."""
    include = root / "include"
    shutil.copytree(ROOT / "include", include, ignore=shutil.ignore_patterns("samples", "prompts"))
    shutil.copytree(ROOT / "include" / "prompts" / "shared", include / "prompts" / "shared")
    small = root / "small"
    _write_small(small, include / "prompts" / "small")
    files: dict[str, list[Path]] = {"shipped": [], "small": []}
    for number in range(count):
        source = (ROOT / "dags" / SHIPPED, ROOT / "include" / "prompts" / SHIPPED)
        files["shipped"].append(_copy(source, root, f"shipped_{number:03}"))
        files["small"].append(_copy((small, include / "prompts" / "small"), root, f"small_{number:03}"))
    return files


def _write_small(folder: Path, prompts: Path) -> None:
    folder.mkdir(parents=True)
    prompts.mkdir(parents=True)
    (folder / "workflow.yaml").write_text(_SMALL)
    (folder / "schema.json").write_text(json.dumps(_SCHEMA, indent=2))
    (folder / "rules.yaml").write_text("rules: {}\n")
    (prompts / "read.md.j2").write_text(_PROMPT)
    shutil.copy(ROOT / "dags" / SHIPPED / "dag.py", folder / "dag.py")


def _copy(source: tuple[Path, Path], root: Path, name: str) -> Path:
    folder = root / "dags" / name
    shutil.copytree(source[0], folder)
    shutil.copytree(source[1], root / "include" / "prompts" / name)
    text = (folder / "workflow.yaml").read_text()
    (folder / "workflow.yaml").write_text(re.sub(r"(?m)^workflow: .*$", f"workflow: {name}", text))
    return folder / "dag.py"


def write_by_hand(root: Path, name: str, dags: Sequence[Mapping[str, Any]]) -> Path:
    """A Python file with DAGs of that shape."""
    lines = [
        '"""An Airflow DAG, written by hand."""',
        "from datetime import timedelta",
        "from airflow.providers.standard.operators.empty import EmptyOperator",
        "from airflow.sdk import DAG, CronTriggerTimetable, Param",
    ]
    for number, dag in enumerate(dags):
        lines += _dag_lines(dag, number)
    folder = root / "dags" / name
    folder.mkdir(parents=True)
    (folder / "dag.py").write_text("\n".join(lines) + "\n")
    return folder / "dag.py"


def _dag_lines(dag: Mapping[str, Any], number: int) -> list[str]:
    params = ", ".join(f"{name!r}: Param({_arguments(item)})" for name, item in dag["params"].items())
    schedule = "None" if dag["cron"] is None else f"CronTriggerTimetable({dag['cron']!r}, timezone={dag['timezone']!r})"
    lines = [
        f"with DAG(dag_id={dag['dag_id']!r}, dag_display_name={dag['title']!r}, description={dag['description']!r},",
        f"    schedule={schedule}, catchup=False, params={{{params}}}, tags={dag['tags']!r}, doc_md={dag['doc_md']!r},",
        f"    default_args={{'owner': {dag['owner']!r}}}, is_paused_upon_creation=False):",
    ]
    places = {task["task_id"]: f"t{number}_{place}" for place, task in enumerate(dag["tasks"])}
    for task in dag["tasks"]:
        lines.append(
            f"    {places[task['task_id']]} = EmptyOperator(task_id={task['task_id']!r}, retries={task['retries']}, "
            f"retry_delay=timedelta(seconds={task['retry_delay']}), trigger_rule={task['trigger_rule']!r})"
            f"{'.as_teardown()' if task['teardown'] else ''}"
        )
    for task in dag["tasks"]:
        lines += [f"    {places[before]} >> {places[task['task_id']]}" for before in task["upstream"]]
    return lines


def _arguments(item: Mapping[str, Any]) -> str:
    default = [repr(item["default"])] if "default" in item else []
    return ", ".join([*default, *(f"{name}={value!r}" for name, value in item["schema"].items())])


def write_for_dag_factory(root: Path, name: str, dags: Sequence[Mapping[str, Any]]) -> Path:
    """A YAML file for dag-factory with DAGs of that shape, and the Python file that loads it."""
    folder = root / "dags" / name
    folder.mkdir(parents=True)
    (folder / "dags.yaml").write_text(json.dumps({dag["dag_id"]: _peer_dag(dag) for dag in dags}, indent=1))
    (folder / "dag.py").write_text(
        '"""An Airflow DAG that dag-factory makes."""\n'
        "from pathlib import Path\n"
        "from dagfactory import load_yaml_dags\n"
        'load_yaml_dags(globals_dict=globals(), config_filepath=str(Path(__file__).with_name("dags.yaml")))\n'
    )
    return folder / "dag.py"


def _peer_dag(dag: Mapping[str, Any]) -> dict[str, Any]:
    tasks = []
    for task in dag["tasks"]:
        item = {
            "task_id": task["task_id"],
            "operator": "airflow.providers.standard.operators.empty.EmptyOperator",
            "retries": task["retries"],
            "retry_delay": {"__type__": "datetime.timedelta", "seconds": task["retry_delay"]},
            # It cannot say that a task is a teardown.
            "trigger_rule": "all_done" if task["teardown"] else task["trigger_rule"],
        }
        if task["upstream"]:
            item["dependencies"] = task["upstream"]
        tasks.append(item)
    return {
        "description": dag["description"],
        "schedule": dag["cron"],
        "catchup": False,
        "doc_md": dag["doc_md"],
        "tags": dag["tags"],
        "default_args": {"owner": dag["owner"], "start_date": "2026-01-01"},
        "params": {
            key: {"__type__": "airflow.sdk.Param", "__args__": [item.get("default")], **item["schema"]}
            for key, item in dag["params"].items()
        },
        "tasks": tasks,
    }


WRITERS: dict[str, Callable[[Path, str, Sequence[Mapping[str, Any]]], Path]] = {
    "hand": write_by_hand,
    "dag-factory": write_for_dag_factory,
}
