"""The batch DAG of a workflow: the documents that somebody names, each with its run, and one summary.

    list_documents ─► process_document (one for each document, `at_once` at a time) ─► summarise (teardown)

It is a DAG of its own and no parameter of the nightly one: a workflow without a schedule has it too, and a night takes what is new in the
inbox under the default parameters, whereas a batch takes what is named, under the parameters of its form. Both start and follow
their runs with the same operator, which is what bounds the documents at work (operators/following.py).
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import DAG, Param

from workflow_orchestrator.definition.model import Schedule, Workflow
from workflow_orchestrator.factory.form import trigger_params
from workflow_orchestrator.factory.nightly import DOCUMENT, SUMMARY, inbox_dag
from workflow_orchestrator.inbox.batch import DOCUMENTS, LARGEST
from workflow_orchestrator.operators.batch import WAIT, ListDocumentsOperator
from workflow_orchestrator.operators.following import ProcessDocumentOperator
from workflow_orchestrator.operators.summary import SummariseOperator

LIST = "list_documents"


def build_batch_dag(workflow: Workflow) -> DAG:
    """The DAG `<workflow>_batch`."""
    with inbox_dag(
        workflow,
        "batch",
        description=f"Starts {workflow.name} for each document of a list.",
        schedule=None,
        params=_form(workflow),
        doc_md=_page(workflow),
    ) as dag:
        listed = ListDocumentsOperator(task_id=LIST, workflow=workflow)
        documents: Any = ProcessDocumentOperator.partial(
            task_id=DOCUMENT,
            scan_task=LIST,
            told_as="Batch",
            # Airflow counts this over all runs of the DAG, so it also bounds two batches together.
            max_active_tis_per_dag=at_once(workflow),
            map_index_template="{{ task.shown }}",
        ).expand_kwargs(listed.output)
        summary = SummariseOperator(
            task_id=SUMMARY, workflow=workflow, scan_task=LIST, document_task=DOCUMENT, kind="batch"
        )
        listed >> documents >> summary.as_teardown()
    return dag


def at_once(workflow: Workflow) -> int:
    """How many documents of a batch are at work at the same time."""
    return (workflow.schedule or Schedule(None)).at_once


def _form(workflow: Workflow) -> dict[str, Param]:
    documents = Param(
        type="array",
        items={"type": "string", "minLength": 1},
        minItems=1,
        title="Documents",
        description_md=(
            f"One in a line: a name in `inbox/{workflow.name}/`, a URI inside the storage, or, with `/` at its end, a folder with all its "
            f"PDFs (`inbox/{workflow.name}/` is the whole inbox). At most {LARGEST} documents."
        ),
    )
    own = {name: param for name, param in trigger_params(workflow).items() if name != "document"}
    return {DOCUMENTS: documents, **own}


def _page(workflow: Workflow) -> str:
    hours = WAIT.total_seconds() / 3600
    return f"""Starts one run of `{workflow.name}` for each document of a list, all under the same parameters, and says what became of each.

The list is looked at first. Whatever is wrong with it is named at once, and nothing is started then. A document whose video is there
under the same definition and parameters is not made again, and one whose run failed, works or waits for a person is followed, not
started a second time; *Process again* makes every video anew. So the same batch can be started again to go on with it.

At most **{at_once(workflow)}** documents are at work at a time; one that waits for a person holds nobody up. The batch ends when every
document is finished or waits for a person, after {hours:g} h at most. Who starts a batch asks for each of its videos, and so releases
none of them where four eyes are asked for.

The summary is this run's note; the whole list lies in `batch/{workflow.name}/` as JSON, page and table.

**Definition:** `{workflow.digest}`
"""
