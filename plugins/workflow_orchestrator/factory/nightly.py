"""The nightly DAG of a workflow: it looks through the inbox and starts one run for each new document.

A document DAG has a required parameter and so cannot have a schedule itself. The run id is made of the document's and the
definition's hash: the same pair gives the same id, and Airflow refuses a second run of it, so scanning twice starts nothing twice.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import DAG, CronTriggerTimetable, Param

from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.operators.inbox import FindNewDocumentsOperator


class StartRunOperator(TriggerDagRunOperator):
    """Starts one document's run. Nothing of it is a template: file names come from outside, and `{{` may stand in one."""

    template_fields = ()


def build_nightly_dag(workflow: Workflow) -> DAG:
    """The DAG `<workflow>_nightly`."""
    schedule = workflow.schedule
    if schedule is None or schedule.nightly is None:
        raise ValueError(f"{workflow.name} has no schedule")
    with DAG(
        dag_id=f"{workflow.name}_nightly",
        dag_display_name=f"{workflow.title}, nightly",
        description=f"Starts {workflow.name} for each new document in its inbox.",
        # No start date: with one in the past Airflow would make up for last night's scan as soon as it is deployed.
        schedule=CronTriggerTimetable(schedule.nightly, timezone=schedule.timezone),
        catchup=False,
        max_active_runs=1,
        params={
            "limit": Param(
                200,
                type="integer",
                minimum=1,
                maximum=1000,
                title="Documents at most",
                description_md="The oldest names first; the rest waits for the next scan.",
            ),
            "force": Param(
                False,
                type="boolean",
                title="Process again",
                description_md="Start a run for every document, also for those that have one.",
            ),
        },
        default_args={"owner": workflow.owner, "retries": 2, "retry_delay": timedelta(seconds=30)},
        tags={"genai-platform", workflow.owner},
        is_paused_upon_creation=False,
        doc_md=_page(workflow),
    ) as dag:
        found = FindNewDocumentsOperator(task_id="find_new_documents", workflow=workflow)
        started: Any = StartRunOperator.partial(
            task_id="start_runs",
            trigger_dag_id=workflow.name,
            skip_when_already_exists=True,
            max_active_tis_per_dagrun=4,
        ).expand_kwargs(found.output)
        found >> started
    return dag


def _page(workflow: Workflow) -> str:
    return (
        f"Looks through `inbox/{workflow.name}/` and starts one run of `{workflow.name}` for each PDF that has none yet "
        f"under the current definition.\n\n**Definition:** `{workflow.digest}`\n"
    )
