"""What the orchestrator does where Airflow announces things: the run's note, and questions that must not outlive their attempt.

The note belongs to the metadata database and tasks have no access to that, so it is written where Airflow announces the end
of a run: in the scheduler, inside the session that already holds the run. It reads a row or two and calls nothing else.
"""

from __future__ import annotations

from typing import Any

from airflow.listeners import hookimpl

# dag_run_note.content is VARCHAR(1000): PostgreSQL refuses more, inside the scheduler's own transaction.
NOTE_LIMIT = 1000
# The tasks whose result holds a summary: the last one of a document's run, of a nightly scan, and of an arrival.
TELLERS = ("record_execution", "summarise", "process_document")


@hookimpl
def on_starting(component: Any) -> None:
    """In the scheduler and the other services."""
    forget_questions_with_their_attempt()


@hookimpl
def on_dag_run_success(dag_run: Any, msg: str) -> None:
    """After a good end."""
    _note(dag_run)


@hookimpl
def on_dag_run_failed(dag_run: Any, msg: str) -> None:
    """After any other end."""
    _note(dag_run, over_time=msg == "timed_out")


def forget_questions_with_their_attempt() -> None:
    """Makes Airflow put a question anew on each attempt.

    Airflow 3.3.2 hands the question of one attempt on to the next, and ignores the text that the next attempt asks with: after
    a clear, a person would read the old words and release the new ones. When an attempt goes into the history, its question goes
    with it. Works in the processes that write history, the API server and the scheduler; it does nothing in a task.
    """
    from airflow.models.hitl_history import HITLDetailHistory
    from sqlalchemy import event

    if not event.contains(HITLDetailHistory, "after_insert", _forget):
        event.listen(HITLDetailHistory, "after_insert", _forget)


def _forget(mapper: Any, connection: Any, target: Any) -> None:
    from airflow.models.hitl import HITLDetail
    from sqlalchemy import delete

    table = HITLDetail.__table__
    connection.execute(delete(table).where(table.c.ti_id == target.ti_history_id))


def _note(dag_run: Any, *, over_time: bool = False) -> None:
    from airflow.models.xcom import XComModel
    from sqlalchemy import select
    from sqlalchemy.orm import object_session

    session = object_session(dag_run)
    if session is None:
        return
    values = session.scalars(
        select(XComModel.value).where(
            XComModel.dag_id == dag_run.dag_id,
            XComModel.run_id == dag_run.run_id,
            XComModel.task_id.in_(TELLERS),
            XComModel.key == "return_value",
            # A scan has a task for each of its documents; what they tell is in the scan's own summary.
            XComModel.map_index == -1,
        )
    )
    summary = next(filter(None, map(_summary, values)), "")
    if over_time and not summary and _is_ours(dag_run, session):
        # Airflow ends such a run from outside; its record is written by the DAG's callback, elsewhere and a little later.
        summary = "**Stopped: RunTimeoutError.** The time that the workflow gives a run (`run_timeout`) was up; see the manifest."
    if summary:
        dag_run.note = joined(summary, dag_run.note)


def _is_ours(dag_run: Any, session: Any) -> bool:
    from airflow.models.taskinstance import TaskInstance
    from sqlalchemy import select

    recorder = select(TaskInstance.task_id).where(
        TaskInstance.dag_id == dag_run.dag_id,
        TaskInstance.run_id == dag_run.run_id,
        TaskInstance.task_id == "record_execution",
    )
    return session.scalar(recorder) is not None


def joined(summary: str, earlier: str | None) -> str:
    """The summary before what the note said, within what the column takes; a run that ends again replaces its own summary."""
    first = summary.splitlines()[0]
    kept = "" if not earlier or earlier.startswith(first) else earlier
    note = f"{summary}\n\n{kept}" if kept else summary
    return note if len(note) <= NOTE_LIMIT else note[: NOTE_LIMIT - 1] + "…"


def _summary(value: Any) -> str:
    import json

    data = json.loads(value) if isinstance(value, str) else value
    return str(data.get("summary", "")) if isinstance(data, dict) else ""
