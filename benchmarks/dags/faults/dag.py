"""Five tasks as a workflow has them: short, long, deferred, short, short. Each writes down when a try begins and when it ends."""

from __future__ import annotations

import json
import os
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger
from airflow.sdk import DAG, BaseOperator, Param


class MarkedOperator(BaseOperator):
    """Works for so many seconds, then waits for so many on a triggerer."""

    template_fields = ("work", "hold")

    def __init__(self, *, work: Any = 0, hold: Any = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.work, self.hold = work, hold

    def execute(self, context: Any) -> None:
        """Works; a task that waits is gone on with by `resume`."""
        self._mark(context, "begin")
        time.sleep(float(self.work))
        if float(self.hold):
            self.defer(trigger=TimeDeltaTrigger(timedelta(seconds=float(self.hold))), method_name="resume")
        self._mark(context, "end")

    def resume(self, context: Any, event: Any = None) -> None:
        """The wait is over."""
        self._mark(context, "end")

    def _mark(self, context: Any, what: str) -> None:
        ti = context["ti"]
        line = json.dumps({"task": ti.task_id, "try": ti.try_number, "what": what, "at": time.time()})
        # One write: lines of tries that overlap do not mix.
        with (Path(os.environ["BENCHMARK_MARKS"]) / f"{ti.run_id}.jsonl").open("a") as stream:
            stream.write(f"{line}\n")


with DAG(
    "faults", schedule=None, catchup=False, is_paused_upon_creation=False, params={"work": Param(20), "hold": Param(15)},
    default_args={"retries": 3, "retry_delay": timedelta(seconds=2)},
):  # fmt: skip
    first = MarkedOperator(task_id="first")
    work = MarkedOperator(task_id="work", work="{{ params.work }}")
    hold = MarkedOperator(task_id="hold", hold="{{ params.hold }}")
    first >> work >> hold >> MarkedOperator(task_id="fourth") >> MarkedOperator(task_id="last")
