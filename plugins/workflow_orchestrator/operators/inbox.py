"""The scan of a workflow's inbox."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

from airflow.sdk import BaseOperator

from workflow_orchestrator.canonical import sha256
from workflow_orchestrator.definition import check_conf
from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.errors import DocumentLimitError, OrchestratorError, StorageError
from workflow_orchestrator.operators.base import storage_of
from workflow_orchestrator.operators.request import document_run_id, held_by_another, ledger_key
from workflow_orchestrator.record import RunFolder
from workflow_orchestrator.storage import Storage, inbox_of


class FindNewDocumentsOperator(BaseOperator):
    """Lists the inbox and returns the arguments of one run per new document.

    A file that cannot be read is left out and named in the log; it does not keep the others from their runs.
    """

    template_fields = ("definition",)

    def __init__(self, *, workflow: Workflow, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.workflow = workflow
        self.definition = workflow.digest

    def execute(self, context: Any) -> list[dict[str, Any]]:
        params = context["params"]
        storage = storage_of(self.workflow)
        keys = [key for key in storage.list(inbox_of(self.workflow.name)) if key.lower().endswith(".pdf")]
        runs: dict[str, dict[str, Any]] = {}
        skipped: list[OrchestratorError] = []
        for key in keys:
            try:
                run_id = self._run_id(storage, key, force=bool(params["force"]))
            except OrchestratorError as error:
                self.log.warning("inbox.skipped key=%r error=%s", key, error)
                skipped.append(error)
                continue
            if run_id:
                # The same document under two names is one document.
                runs.setdefault(run_id, _start(run_id, key, force=bool(params["force"])))
        outages = [error for error in skipped if isinstance(error, StorageError)]
        if outages and len(outages) == len(keys):
            raise outages[0]
        self.log.info("inbox.scanned documents=%d new=%d skipped=%d", len(keys), len(runs), len(skipped))
        return list(runs.values())[: params["limit"]]

    def _run_id(self, storage: Storage, key: str, *, force: bool) -> str | None:
        """The id of the run that the document should have; None if it has had one, or gave a video before."""
        limit = self.workflow.document.max_bytes
        size = storage.size(key)
        if size > limit:
            raise DocumentLimitError(f"{key!r} has {size} bytes, more than the {limit} that {self.workflow.name} takes")
        digest = sha256(storage.read(key))
        run_id = document_run_id(digest, self.workflow)
        if force:
            return f"{run_id}_{datetime.now(UTC):%Y%m%dT%H%M%S}"
        # Left out here and not only refused by Airflow, so that `limit` counts new documents.
        first_report = f"steps/{self.workflow.steps[0].name}.json"
        had_its_run = RunFolder(storage, self.workflow.name, run_id).exists(first_report)
        ledger = ledger_key(self.workflow, digest, check_conf(self.workflow, {"document": key}))
        held = held_by_another(storage, self.workflow.name, ledger, run_id)
        return None if had_its_run or held else run_id


def _start(run_id: str, key: str, *, force: bool) -> dict[str, Any]:
    return {
        "trigger_run_id": run_id,
        "conf": {"document": key, "force": force},
        "note": f"Nightly scan: {PurePosixPath(key).name}",
    }
