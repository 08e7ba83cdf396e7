"""Model calls with this project's operator in its two shapes, and many mapped calls in one run."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, task

from llm_orchestration.operators import LLMCallOperator

CALLS = int(os.environ["BENCHMARK_CALLS"])
MANY = 5000
COMMON: dict[str, Any] = {
    "route": "writing", "deferrable": True, "journal": "run", "retry_delay": timedelta(seconds=5),
}  # fmt: skip

for shape in ("trigger", "worker"):
    with DAG(
        f"llm_waiting_{shape}",
        schedule=None,
        catchup=False,
        max_active_runs=MANY,
        max_active_tasks=MANY,
        is_paused_upon_creation=False,
    ):
        for number in range(CALLS):
            question = f"What does page {number} of document {{{{ run_id }}}} say?"
            LLMCallOperator(task_id=f"ask_{number}", prompt=question, shape=shape, **COMMON)

with DAG("llm_waiting_mapped", schedule=None, catchup=False, max_active_tasks=MANY, is_paused_upon_creation=False):

    @task
    def pages(dag_run: Any = None) -> list[str]:
        """As many questions as the run is told to ask."""
        return [f"What does page {number} say?" for number in range(dag_run.conf["calls"])]

    LLMCallOperator.partial(task_id="ask", **COMMON).expand(prompt=pages())
