"""The DAG `orchestrator_watch`: every few minutes it looks at questions, inboxes, outcomes, money and circuits."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG

from llm_orchestration.retry_policy import LLMRetryPolicy
from workflow_orchestrator.operators.watch import WatchOperator

WATCH = "orchestrator_watch"
EVERY = timedelta(minutes=5)

_PAGE = """Looks at every workflow every five minutes and sets the gauges of open questions and inboxes, tells the channel of `alerts:` in
`include/orchestrator.yaml` when an alert begins and when it ends, and delivers numbers to CloudWatch where `metrics.cloudwatch` names a
connection. What it saw is the result of its task. Numbers that could not be delivered wait in the storage.
"""


def build_watch_dag() -> DAG:
    """The DAG, for the project in whose `dags/<folder>/` the file lies that asks for it."""
    with DAG(
        dag_id=WATCH,
        dag_display_name="Watch",
        description="Gauges, alerts and delivery of numbers.",
        schedule=EVERY,
        catchup=False,
        max_active_runs=1,
        # What is minutes old is looked at by the next one.
        dagrun_timeout=2 * EVERY,
        default_args={
            "owner": "platform",
            "retries": 1,
            "retry_delay": timedelta(seconds=30),
            "retry_policy": LLMRetryPolicy(),
            "execution_timeout": EVERY,
        },
        tags={"genai-platform", "platform"},
        is_paused_upon_creation=False,
        doc_md=_PAGE,
    ) as dag:
        WatchOperator(task_id="watch")
    return dag
