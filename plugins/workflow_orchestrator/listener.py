"""Writes a run's outcome as the note on its page in Airflow: what came out, why it stopped, whether a model was used.

The note belongs to the metadata database and tasks have no access to that, so it is written where Airflow announces the end
of a run: in the scheduler, inside the session that already holds the run. It reads one row and calls nothing else.
"""

from __future__ import annotations

from typing import Any

from airflow.listeners import hookimpl


@hookimpl
def on_dag_run_success(dag_run: Any, msg: str) -> None:
    """After a good end."""
    _note(dag_run)


@hookimpl
def on_dag_run_failed(dag_run: Any, msg: str) -> None:
    """After any other end."""
    _note(dag_run)


def _note(dag_run: Any) -> None:
    from airflow.models.xcom import XComModel
    from sqlalchemy import select
    from sqlalchemy.orm import object_session

    session = object_session(dag_run)
    if session is None:
        return
    value = session.scalar(
        select(XComModel.value).where(
            XComModel.dag_id == dag_run.dag_id,
            XComModel.run_id == dag_run.run_id,
            XComModel.task_id == "record_execution",
            XComModel.key == "return_value",
        )
    )
    summary = _summary(value)
    if summary:
        earlier = dag_run.note
        dag_run.note = summary if not earlier or earlier == summary else f"{summary}\n\n{earlier}"


def _summary(value: Any) -> str:
    import json

    data = json.loads(value) if isinstance(value, str) else value
    return str(data.get("summary", "")) if isinstance(data, dict) else ""
