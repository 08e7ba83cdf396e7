"""Airflow renders template fields: none of ours holds anything that came from a conf, a document or a person."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.airflow

# What may be rendered: the digest of a workflow's files.
OURS = {"definition"}
# Operators of Airflow's own in our DAGs, with fields that come from the DAG file alone.
AIRFLOWS = {"EmptyOperator"}


def tasks(root: Path) -> list[Any]:
    """Every task of every shipped DAG."""
    from workflow_orchestrator.factory import build_dags

    found = []
    for folder in sorted((root / "dags").glob("*/workflow.yaml")):
        for dag in build_dags(str(folder.parent / "dag.py")).values():
            found += [(dag.dag_id, task) for task in dag.tasks]
    return found


def operator_of(task: Any) -> Any:
    return getattr(task, "operator_class", type(task))


def test_no_task_renders_what_comes_from_outside(root: Path) -> None:
    """Neither a step nor a scan, a batch, an arrival or the watch has a template field besides the digest."""
    found = tasks(root)
    assert len(found) > 40
    for dag_id, task in found:
        kind = operator_of(task)
        if kind.__module__.startswith("workflow_orchestrator"):
            assert set(kind.template_fields) <= OURS, (dag_id, task.task_id)
        else:
            assert kind.__name__ in AIRFLOWS, (dag_id, task.task_id, kind)


def test_the_digest_is_no_template(root: Path) -> None:
    """It is hexadecimal, so rendering it changes nothing."""
    for _, task in tasks(root):
        definition = getattr(task, "definition", None) or getattr(task, "partial_kwargs", {}).get("definition", "")
        assert "{" not in str(definition)
