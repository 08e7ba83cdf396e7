"""One model call per run with common-ai's operator, which holds a worker slot while the model thinks."""

from __future__ import annotations

import os

from airflow.providers.common.ai.operators.llm import LLMOperator
from airflow.sdk import DAG

with DAG(
    "llm_waiting_peer",
    schedule=None,
    catchup=False,
    max_active_runs=int(os.environ["BENCHMARK_RUNS"]),
    is_paused_upon_creation=False,
):
    LLMOperator(task_id="ask", prompt="What did the fund of document {{ run_id }} return?", llm_conn_id="pydanticai_default")
