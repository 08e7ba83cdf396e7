"""One deferred model call per run, through a connection for each way in which a model may end it."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG

from llm_orchestration.operators import LLMCallOperator

for name in ("answered", "refused", "rejected", "used_up", "busy"):
    with DAG(
        f"call_{name}",
        schedule=None,
        catchup=False,
        max_active_runs=100,
        max_active_tasks=100,
        is_paused_upon_creation=False,
    ):
        LLMCallOperator(
            task_id="ask",
            route="writing",
            prompt="What does document {{ run_id }} say?",
            llm_conn_id=f"llm_{name}",
            deferrable=True,
            retries=2,
            # Long, so that a retry within seconds can only come from the policy.
            retry_delay=timedelta(minutes=10),
        )
