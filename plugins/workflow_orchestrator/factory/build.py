"""The operator factory: one `Workflow` becomes a DAG for each document, one for batches of them, and DAGs for its inbox where
it has a schedule.

    dag.py ─► build_dags ─► load_workflow ─► document DAG     form · page · deadline · tasks (wiring.py)
                                          ├► batch DAG        batch.py
                                          ├► nightly DAG      nightly.py
                                          └► arrivals DAG     arrivals.py

Nothing here reads a connection, the database or the network. What a definition says is in the DAG by its digest: Airflow makes a
new DAG version only when the serialized DAG changes, and that has no place for a prompt or a rule.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from airflow.sdk import DAG, get_parsing_context

from workflow_orchestrator.definition.cache import recall_workflow
from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.factory.arguments import BETWEEN_STEPS
from workflow_orchestrator.factory.deadline import deadline_alert
from workflow_orchestrator.factory.form import trigger_params
from workflow_orchestrator.factory.run_timeout import settle
from workflow_orchestrator.factory.wiring import wire
from workflow_orchestrator.places import includes_of

AT_ONCE = 10_000
"""Runs of one workflow that are on their way at the same time. Airflow counts those that wait for a model or a person too, and they
hold nothing; what may work at the same time is for pools, worker slots and `schedule.at_once` to say."""


def build_dags(dag_file: str) -> dict[str, DAG]:
    """The DAGs of the workflow whose `dag.py` this is, by DAG id.

    Raises:
        DefinitionError: the folder has problems; the message lists every one with file, line and column.
    """
    folder = Path(dag_file).resolve().parent
    include, home = includes_of(folder)
    workflow = recall_workflow(folder, include, home=home)
    # A task's process parses the file for one DAG, and says which; the scheduler's wants them all.
    wanted = get_parsing_context().dag_id
    return {name: make(workflow) for name, make in _makers(workflow).items() if wanted in (None, name)}


def _makers(workflow: Workflow) -> dict[str, Callable[[Workflow], DAG]]:
    """The DAGs of a workflow by id, each with what makes it."""
    makers: dict[str, Callable[[Workflow], DAG]] = {workflow.name: build_document_dag, f"{workflow.name}_batch": _batch}
    schedule = workflow.schedule
    if schedule and schedule.nightly:
        makers[f"{workflow.name}_nightly"] = _nightly
    if schedule and schedule.arrivals:
        makers[f"{workflow.name}_arrivals"] = _arrivals
    return makers


def _batch(workflow: Workflow) -> DAG:
    from workflow_orchestrator.factory.batch import build_batch_dag

    return build_batch_dag(workflow)


def _nightly(workflow: Workflow) -> DAG:
    from workflow_orchestrator.factory.nightly import build_nightly_dag

    return build_nightly_dag(workflow)


def _arrivals(workflow: Workflow) -> DAG:
    from workflow_orchestrator.factory.arrivals import build_arrivals_dag

    return build_arrivals_dag(workflow)


def _page(workflow: Workflow) -> str:
    if get_parsing_context().task_id is not None:
        # Nobody reads it in a task's process, and to draw it is a good part of what parsing costs.
        return ""
    from workflow_orchestrator.factory.page import dag_page

    return dag_page(workflow)


def build_document_dag(workflow: Workflow) -> DAG:
    """The DAG `<workflow>`: one run is one document."""
    limits: dict[str, Any] = {}
    if workflow.run_timeout:
        limits |= {"dagrun_timeout": workflow.run_timeout, "on_failure_callback": settle}
    if workflow.deadline:
        limits["deadline"] = deadline_alert(workflow, workflow.deadline)
    with DAG(
        dag_id=workflow.name,
        dag_display_name=workflow.title,
        description=workflow.description,
        schedule=None,
        params=trigger_params(workflow),
        doc_md=_page(workflow),
        tags={"genai-platform", workflow.owner},
        default_args={"owner": workflow.owner, **BETWEEN_STEPS},
        # A run of a paused DAG waits for ever and says nothing.
        is_paused_upon_creation=False,
        max_active_runs=AT_ONCE,
        **limits,
    ) as dag:
        wire(workflow)
    return dag
