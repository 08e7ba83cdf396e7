"""The same calls with common-ai's operator, which holds a worker slot while the model thinks."""

from __future__ import annotations

import os
from datetime import timedelta

from airflow.providers.common.ai.operators.llm import LLMOperator
from airflow.sdk import DAG

MANY = 5000

with DAG(
    "llm_waiting_peer",
    schedule=None,
    catchup=False,
    max_active_runs=MANY,
    max_active_tasks=MANY,
    is_paused_upon_creation=False,
):
    for number in range(int(os.environ["BENCHMARK_CALLS"])):
        question = f"What does page {number} of document {{{{ run_id }}}} say?"
        LLMOperator(
            task_id=f"ask_{number}",
            prompt=question,
            llm_conn_id="pydanticai_default",
            retries=1,
            retry_delay=timedelta(seconds=5),
        )
