"""The operator factory: one `Workflow` becomes a DAG for each document and a nightly DAG for the inbox.

How a `catch` compiles, seen from above (`V` is caught by `C`):

    V ──success──────────────┐
    └─failed─► C (one_failed)┴─► V_settled (one_success) ─► next step

`one_success` is the only join rule that is right both ways: with `none_failed_min_one_success` a caught failure fails the run,
and `all_done_min_one_success` skips the rest when nothing failed. The author never sees a trigger rule.

`record_execution` is a teardown: it runs however the run went. It must not be made to fail the run itself
(`on_failure_fail_dagrun`): Airflow would then take it for the run's last word, and a failed run would turn green.

`continue`, as a default or in a `catch`, means: go on where the next step can work without this one's result. No kind of step
that there is today can, so the run ends there with the step's error.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, Param

from llm_orchestration.retry_policy import LLMRetryPolicy
from workflow_orchestrator.definition import load_workflow, trigger_form
from workflow_orchestrator.definition.model import AskStep, Execution, Step, Workflow
from workflow_orchestrator.factory.nightly import build_nightly_dag
from workflow_orchestrator.factory.page import dag_page
from workflow_orchestrator.operators.base import StepOperator
from workflow_orchestrator.operators.record import RecordExecutionOperator
from workflow_orchestrator.operators.registry import operator_for


def build_dags(dag_file: str) -> dict[str, DAG]:
    """The DAGs of the workflow whose `dag.py` this is, by DAG id.

    Raises:
        DefinitionError: the folder has problems; the message lists every one with file, line and column.
    """
    folder = Path(dag_file).resolve().parent
    workflow = load_workflow(folder, folder.parents[1] / "include")
    dags = {workflow.name: _document_dag(workflow)}
    if workflow.schedule and workflow.schedule.nightly:
        nightly = build_nightly_dag(workflow)
        dags[nightly.dag_id] = nightly
    return dags


def task_arguments(execution: Execution) -> dict[str, Any]:
    """Airflow's own words for how a step is run."""
    return {
        "retries": execution.max_retries,
        "retry_delay": execution.retry_delay,
        "retry_exponential_backoff": 2.0 if execution.retry_backoff == "exponential" else 0,
        "max_retry_delay": execution.max_retry_delay,
        "execution_timeout": execution.timeout,
        "retry_policy": LLMRetryPolicy(),
    }


def _document_dag(workflow: Workflow) -> DAG:
    form = {
        name: Param(item["default"], title=item["title"], description_md=item["description"], **item["schema"])
        if "default" in item
        else Param(title=item["title"], description_md=item["description"], **item["schema"])
        for name, item in trigger_form(workflow).items()
    }
    with DAG(
        dag_id=workflow.name,
        dag_display_name=workflow.title,
        description=workflow.description,
        schedule=None,
        params=form,
        doc_md=dag_page(workflow),
        tags={"genai-platform", workflow.owner},
        default_args={"owner": workflow.owner, **task_arguments(workflow.steps[0].execution)},
        is_paused_upon_creation=False,
        max_active_runs=64,
    ) as dag:
        _wire(workflow)
    return dag


def _wire(workflow: Workflow) -> None:
    """Makes the tasks and ties them in the order of the file; a caught step gets its detour and its join."""
    detours = {catch.go for step in workflow.steps for catch in step.catches if catch.go not in ("continue", "fail")}
    tasks = {
        step.name: _task(step, workflow, detour=step.name in detours, first=position == 0)
        for position, step in enumerate(workflow.steps)
    }
    tail: Any = None
    for step in workflow.steps:
        if step.name in detours:
            continue
        task = tasks[step.name]
        if tail is not None:
            tail >> task
        tail = task
        ways = dict.fromkeys(catch.go for catch in step.catches if catch.go in detours)
        if ways:
            settled = EmptyOperator(task_id=f"{step.name}_settled", trigger_rule="one_success", retries=1)
            for detour in ways:
                task >> tasks[detour] >> settled
            task >> settled
            tail = settled
    tail >> RecordExecutionOperator(workflow=workflow).as_teardown()


def _task(step: Step, workflow: Workflow, *, detour: bool, first: bool) -> StepOperator:
    arguments: dict[str, Any] = {**task_arguments(step.execution), "opens_run": first}
    if detour:
        arguments["trigger_rule"] = "one_failed"
        arguments["caught_by"] = _caught_by(step, workflow)
    if isinstance(step, AskStep) or step.kind == "approve":
        # The time that a person may take is the step's own `within`; a task timeout would race it.
        arguments["execution_timeout"] = None
    return operator_for(step)(step=step, workflow=workflow, **arguments)


def _caught_by(step: Step, workflow: Workflow) -> dict[str, tuple[str, ...]]:
    """For a detour: the steps that lead to it, each with the error classes that do."""
    return {
        other.name: tuple(catch.on for catch in other.catches if catch.go == step.name)
        for other in workflow.steps
        if any(catch.go == step.name for catch in other.catches)
    }
