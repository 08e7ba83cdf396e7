"""The scan of a workflow's inbox."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

from airflow.sdk import BaseOperator

from workflow_orchestrator.canonical import sha256
from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.operators.base import storage_of
from workflow_orchestrator.operators.request import document_run_id
from workflow_orchestrator.record import RunFolder
from workflow_orchestrator.storage import inbox_of


class FindNewDocumentsOperator(BaseOperator):
    """Lists the inbox and returns the arguments of one `TriggerDagRunOperator` per document."""

    template_fields = ("definition",)

    def __init__(self, *, workflow: Workflow, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.workflow = workflow
        self.definition = workflow.digest

    def execute(self, context: Any) -> list[dict[str, Any]]:
        params = context["params"]
        storage = storage_of(self.workflow)
        keys = [key for key in storage.list(inbox_of(self.workflow.name)) if key.lower().endswith(".pdf")]
        first_report = f"steps/{self.workflow.steps[0].name}.json"
        runs: dict[str, dict[str, Any]] = {}
        for key in keys:
            run_id = document_run_id(sha256(storage.read(key)), self.workflow)
            if params["force"]:
                run_id = f"{run_id}_{datetime.now(UTC):%Y%m%dT%H%M%S}"
            elif RunFolder(storage, self.workflow.name, run_id).exists(first_report):
                # It had its run. Left out here and not only refused by Airflow, so that `limit` counts new documents.
                continue
            # The same document under two names is one document.
            runs.setdefault(
                run_id,
                {
                    "trigger_run_id": run_id,
                    "conf": {"document": key, "force": bool(params["force"])},
                    "note": f"Nightly scan: {PurePosixPath(key).name}",
                },
            )
        self.log.info("inbox.scanned documents=%d distinct=%d", len(keys), len(runs))
        return list(runs.values())[: params["limit"]]
