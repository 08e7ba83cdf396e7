"""An Airflow DAG of the shape that BENCHMARK_SHAPE says, whose tasks do nothing: what Airflow itself costs."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, BaseOperator


class NothingOperator(BaseOperator):
    """Takes a worker as any task does, unlike EmptyOperator, which the scheduler itself marks as done."""

    def execute(self, context: Any) -> None:
        """Does nothing."""


shape = json.loads(Path(os.environ["BENCHMARK_SHAPE"]).read_text())
with DAG("noop", schedule=None, catchup=False, max_active_runs=64, is_paused_upon_creation=False):
    tasks = {
        task["task_id"]: (EmptyOperator if task["empty"] else NothingOperator)(
            task_id=task["task_id"],
            retries=task["retries"],
            retry_delay=timedelta(seconds=task["retry_delay"]),
            trigger_rule=task["trigger_rule"],
        )
        for task in shape["tasks"]
    }
    for task in shape["tasks"]:
        for before in task["upstream"]:
            tasks[before] >> tasks[task["task_id"]]
        if task["teardown"]:
            tasks[task["task_id"]].as_teardown()
