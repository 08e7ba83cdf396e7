"""The nightly DAG of a workflow: it looks through the inbox, gives each new document its run, and says what became of them.

    find_new_documents ─► process_document (one for each document, `at_once` at a time) ─► summarise (teardown)

A document DAG has a required parameter and so cannot have a schedule itself. The run id is made of the document's and the
definition's hash: the same pair gives the same id, and Airflow refuses a second run of it, so scanning twice starts nothing twice.

Measured on Airflow 3.3.2 with a simulated clock, and held by tests: a time that the clock skips in spring runs once, an hour later;
one that comes twice in autumn runs once. `run_immediately=False` does not mean never: it takes up a time that passed within a tenth
of the interval, so a nightly DAG deployed at three scans at once; a minute does, and it also keeps the first scan from being lost
where the file is read again just after its time. A start date would scan at deployment too. What was missed while the platform
stood still is made up for once (operators/inbox.py).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, CronTriggerTimetable, Param

from llm_orchestration.retry_policy import LLMRetryPolicy
from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.operators.following import ProcessDocumentOperator
from workflow_orchestrator.operators.inbox import FindNewDocumentsOperator
from workflow_orchestrator.operators.summary import SummariseOperator

SCAN = "find_new_documents"
DOCUMENT = "process_document"
SUMMARY = "summarise"
# How late the very first scan after a deployment may be; later ones have a predecessor and are made up for in any case.
GRACE = timedelta(minutes=1)


def build_nightly_dag(workflow: Workflow) -> DAG:
    """The DAG `<workflow>_nightly`.

    Raises:
        ValueError: the workflow has no nightly schedule.
    """
    schedule = workflow.schedule
    if schedule is None or schedule.nightly is None:
        raise ValueError(f"{workflow.name} has no nightly schedule")
    with inbox_dag(
        workflow,
        "nightly",
        description=f"Starts {workflow.name} for each new document in its inbox.",
        schedule=CronTriggerTimetable(schedule.nightly, timezone=schedule.timezone, run_immediately=GRACE),
        catchup=False,
        max_active_runs=1,
        params=_form(),
        doc_md=_page(workflow),
    ) as dag:
        found = FindNewDocumentsOperator(task_id=SCAN, workflow=workflow)
        documents: Any = ProcessDocumentOperator.partial(
            task_id=DOCUMENT,
            scan_task=SCAN,
            max_active_tis_per_dag=schedule.at_once,
            map_index_template="{{ task.shown }}",
        ).expand_kwargs(found.output)
        summary = SummariseOperator(task_id=SUMMARY, workflow=workflow, scan_task=SCAN, document_task=DOCUMENT)
        found >> documents >> summary.as_teardown()
    return dag


def inbox_dag(workflow: Workflow, kind: str, **own: Any) -> DAG:
    """The DAG `<workflow>_<kind>` around the workflow's inbox, without tasks; `own` is what Airflow's DAG takes besides.

    Its tasks try an outage again, and what cannot be helped they do not.
    """
    return DAG(
        dag_id=f"{workflow.name}_{kind}",
        dag_display_name=f"{workflow.title}, {kind}",
        default_args={
            "owner": workflow.owner,
            "retries": 3,
            "retry_delay": timedelta(seconds=30),
            "retry_policy": LLMRetryPolicy(),
            "execution_timeout": timedelta(minutes=30),
        },
        tags={"genai-platform", workflow.owner},
        is_paused_upon_creation=False,
        **own,
    )


def _form() -> dict[str, Param]:
    return {
        "limit": Param(
            200,
            type="integer",
            minimum=1,
            maximum=1000,
            title="Documents at most",
            description_md="In the order of their names; the rest waits for the next scan.",
        ),
        "force": Param(
            False,
            type="boolean",
            title="Process again",
            description_md="Start a run for every document, also for those that have one.",
        ),
        "only_list": Param(
            False,
            type="boolean",
            title="Only list",
            description_md="Say which documents would get a run, and start, move and send nothing.",
        ),
    }


def _page(workflow: Workflow) -> str:
    schedule = workflow.schedule
    if schedule is None:
        return ""
    hours = schedule.wait.total_seconds() / 3600
    missed = (
        "A scan that was missed while the platform stood still is made up for once"
        if schedule.catch_up
        else "A scan that was missed is not made up for"
    )
    told = f" and sent to the channel `{schedule.notify}`" if schedule.notify else ""
    return f"""Looks through `inbox/{workflow.name}/` at `{schedule.nightly}` ({schedule.timezone}) and starts one run of
`{workflow.name}` for each PDF that has none yet under the current definition. {missed}.

At most **{schedule.at_once}** documents are at work at a time; one that waits for a person holds nobody up. The scan ends when every
document is finished or waits for a person, after {hours:g} h at most; what was not started by then waits for the next scan.

A document that failed for good because of what it is moves to `quarantine/{workflow.name}/`, with the reason beside it. Put the
mended file into the inbox: it is a new document. The summary is this run's note{told}; the whole list lies in
`nightly/{workflow.name}/`.

**Definition:** `{workflow.digest}`
"""
