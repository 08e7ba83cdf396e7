"""One model call per run with this project's operator, in its two shapes, and many mapped calls in one run."""

from __future__ import annotations

import os
from typing import Any

from airflow.sdk import DAG, task
from llm_orchestration.operators import LLMCallOperator

RUNS = int(os.environ["BENCHMARK_RUNS"])
QUESTION = "What did the fund of document {{ run_id }} return?"
CALL: dict[str, Any] = {"route": "writing", "deferrable": True, "journal": "run"}

for shape in ("trigger", "worker"):
    with DAG(
        f"llm_waiting_{shape}",
        schedule=None,
        catchup=False,
        max_active_runs=RUNS,
        max_active_tasks=RUNS,
        is_paused_upon_creation=False,
    ):
        LLMCallOperator(task_id="ask", prompt=QUESTION, shape=shape, **CALL)

with DAG(
    "llm_waiting_mapped", schedule=None, catchup=False, max_active_tasks=RUNS, is_paused_upon_creation=False
):

    @task
    def pages(dag_run: Any = None) -> list[str]:
        """As many questions as the run is told to ask."""
        return [f"What does page {number} of the document say?" for number in range(dag_run.conf["calls"])]

    LLMCallOperator.partial(task_id="ask", **CALL).expand(prompt=pages())
