"""The first task of a batch: every name on its list is looked at before anything is started."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath
from typing import Any

from airflow.sdk import BaseOperator

from workflow_orchestrator.canonical import sha256
from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.errors import BatchError
from workflow_orchestrator.inbox import Batch, check_batch, plan_batch
from workflow_orchestrator.operators.base import configuration_of, storage_of
from workflow_orchestrator.operators.inbox import put_aside
from workflow_orchestrator.steps.release import refuse_auto

# No next night waits for a batch; what is not started by then is started by the same batch once more.
WAIT = timedelta(days=1)


class ListDocumentsOperator(BaseOperator):
    """Returns the arguments of one mapped task per document whose run is started or followed; the rest is the XCom `scan`.

    Raises on a list with anything wrong in it, with all of that in the error and in the summary, and starts nothing then.
    """

    template_fields = ("definition",)

    def __init__(self, *, workflow: Workflow, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.workflow = workflow
        self.definition = workflow.digest

    def execute(self, context: Any) -> list[dict[str, Any]]:
        workflow, now = self.workflow, datetime.now(UTC)
        storage = storage_of(workflow)
        try:
            names, conf = check_batch(workflow, context["dag_run"].conf or {})
            if conf.get("approval") == "auto":
                refuse_auto(configuration_of(workflow).profile)
            force = bool(conf.pop("force", False))
            mark = sha256(context["run_id"].encode())[:8] if force else ""
            batch = plan_batch(storage, workflow, names, conf, mark=mark)
        except BatchError as error:
            problems = error.details["problems"]
            remark = error.message.splitlines()[0].removesuffix(":")
            self._tell(context, now, Batch(), left_out=problems, remark=remark[0].upper() + remark[1:])
            raise
        moved = [put_aside(storage, workflow, unfit) for unfit in batch.unfit]
        self._tell(
            context,
            now,
            batch,
            put_aside=[*((name, reason) for name, reason, done in moved if done), *batch.aside],
            left_out=[(name, reason) for name, reason, done in moved if not done],
        )
        until = (now + WAIT).isoformat()
        return [
            {
                "document": found.key,
                "run_id": found.run_id,
                "sha256": found.sha256,
                "until": until,
                "force": force,
                "conf": conf,
            }
            for found in batch.runs
        ]

    def _tell(
        self,
        context: Any,
        now: datetime,
        batch: Batch,
        *,
        put_aside: Sequence[Sequence[str]] = (),
        left_out: Sequence[Sequence[str]] = (),
        remark: str = "",
    ) -> None:
        """Leaves what the summary needs beside the list of runs."""
        context["ti"].xcom_push(
            key="scan",
            value={
                "when": now.strftime("%Y-%m-%d %H:%M:%S"),
                "remark": remark,
                "only_listed": False,
                "found": [{"document": found.key, "run_id": found.run_id} for found in batch.runs],
                "had": [result.to_json() for result in batch.had],
                "put_aside": [(PurePosixPath(name).name, reason) for name, reason in put_aside],
                "left_out": [tuple(item) for item in left_out],
                "failed_before": [],
                "later": 0,
                "same": batch.same,
            },
        )
        self.log.info(
            "batch.listed runs=%d had=%d unfit=%d aside=%d wrong=%d",
            len(batch.runs), len(batch.had), len(batch.unfit), len(batch.aside), len(left_out) if remark else 0,
        )  # fmt: skip
