"""The arrivals DAG of a workflow: one run for each document whose arrival somebody tells, without waiting for the night.

    an event of the asset `inbox/<workflow>`, partition key = the document ─► one run here ─► the document's own run

Partitioned, because a plain asset schedule loses count: five events in a second make one run that knows of the first (measured on
3.3.2). With a partition key each document has its own run; two events of the same key before that has begun are one, and later ones
meet the run id that is made of the document's hash. An event that got lost costs nothing but time: the nightly scan finds the file.

Each run here follows its document's run and so is its slot: `max_active_runs` bounds the documents at work (operators/following.py).
"""

from __future__ import annotations

from airflow.sdk import DAG, Asset, PartitionedAssetTimetable

from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.factory.nightly import DOCUMENT, inbox_dag
from workflow_orchestrator.operators.following import ArrivedDocumentOperator


def inbox_asset(workflow: str) -> Asset:
    """The asset whose events tell of arrivals."""
    return Asset(f"inbox/{workflow}")


def build_arrivals_dag(workflow: Workflow) -> DAG:
    """The DAG `<workflow>_arrivals`.

    Raises:
        ValueError: the workflow does not take documents as they arrive.
    """
    schedule = workflow.schedule
    if schedule is None or not schedule.arrivals:
        raise ValueError(f"{workflow.name} has no `arrivals: true` in its schedule")
    with inbox_dag(
        workflow,
        "arrivals",
        description=f"Starts {workflow.name} for each document whose arrival is told.",
        schedule=PartitionedAssetTimetable(assets=inbox_asset(workflow.name)),
        catchup=False,
        max_active_runs=schedule.at_once,
        doc_md=_page(workflow),
    ) as dag:
        ArrivedDocumentOperator(task_id=DOCUMENT, workflow=workflow)
    return dag


def _page(workflow: Workflow) -> str:
    return f"""Starts one run of `{workflow.name}` for each document in `inbox/{workflow.name}/` whose arrival is told:

```bash
# $AIRFLOW is Airflow's address, $TOKEN a token of /auth/token
ASSET=$(curl -s -G "$AIRFLOW/api/v2/assets" --data-urlencode "name_pattern=inbox/{workflow.name}" \\
  -H "Authorization: Bearer $TOKEN" | python3 -c 'import json, sys; print(json.load(sys.stdin)["assets"][0]["id"])')
curl -X POST "$AIRFLOW/api/v2/assets/events" -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \\
  -d "{{\\"asset_id\\": $ASSET, \\"partition_key\\": \\"the document.pdf\\"}}"
```

The partition key is the document's name in the inbox, or its URI, of at most 250 characters. Telling the same document twice makes
no second video; a document that nobody told of is found by the nightly scan, if there is one.

**Definition:** `{workflow.digest}`
"""
