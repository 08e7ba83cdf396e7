"""Small workflows of messages only, for tests of what the factory makes of their flow."""

from __future__ import annotations

import shutil
import textwrap
from pathlib import Path
from typing import Any

HEAD = """\
workflow: small
format: 1
platform: ">=1.0,<2"
title: Small
description: A workflow for a test.
owner: platform
input:
  document: {type: pdf, max_pages: 4, max_megabytes: 1}
  parameters:
    way: {title: Way, enum: [left, right], default: left}
    names: {title: Names, type: array, items: {enum: [one, two]}, default: [one]}
    code: {title: Code, type: string, pattern: "[A-Z]{2}", default: AB}
    share: {title: Share, type: number, minimum: 0, maximum: 1, default: 0.5}
    needed: {title: Needed, type: integer, minimum: 1}
"""
INCLUDE = Path(__file__).resolve().parents[3] / "airflow_semantics" / "cases" / "include"


def tell(name: str, more: str = "") -> str:
    """A step in one line."""
    return f'{name}: {{notify: {{channel: operations, subject: "{name}", message: "said"}}{more}}}'


def folder(root: Path, steps: str, head: str = HEAD) -> Path:
    """Writes the workflow `small` below `root` and gives its folder; `steps` is all that follows `steps:`."""
    home = root / "dags" / "small"
    home.mkdir(parents=True)
    shutil.copytree(INCLUDE, root / "include")
    (home / "workflow.yaml").write_text(f"{head}steps:\n{textwrap.indent(textwrap.dedent(steps).strip(), '  ')}\n")
    return home


def dag_of(root: Path, steps: str, head: str = HEAD) -> Any:
    """The document DAG of the workflow `small`."""
    from workflow_orchestrator.factory import build_dags

    return build_dags(str(folder(root, steps, head) / "dag.py"))["small"]


def rules(dag: Any) -> dict[str, str]:
    """The trigger rule of each task."""
    return {task.task_id: task.trigger_rule.value for task in dag.tasks}


def before(dag: Any, task: str) -> set[str]:
    """The tasks that a task waits for."""
    found: set[str] = dag.get_task(task).upstream_task_ids
    return found
