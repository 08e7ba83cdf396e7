"""The last task of a nightly scan or a batch: what became of its documents, as note, as message and as a whole list.

runs/<workflow>_nightly/<run key>/summary.md · summary.json · summary.csv      what the note's link shows
nightly/<workflow>/<date>_<time>.md · .json · .csv                             the same, for people who look through the storage

A batch has the same files below runs/<workflow>_batch/<run key>/ and batch/<workflow>/<run key>.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from airflow.sdk import BaseOperator

from workflow_orchestrator.canonical import to_bytes
from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.inbox import DocumentResult, Summary
from workflow_orchestrator.inbox.summary import Kind, list_keys, results_from
from workflow_orchestrator.listener import NOTE_LIMIT
from workflow_orchestrator.operators.base import storage_of
from workflow_orchestrator.operators.links import absolute, page_of
from workflow_orchestrator.operators.telling import NOBODY, tell
from workflow_orchestrator.record import RunFolder
from workflow_orchestrator.web import link

# What a document's own task left no word about: it failed, and Airflow shows where.
LOST = {"error": "NotFollowed", "message": "its task in this run failed; the task's log says why", "classes": []}


class SummariseOperator(BaseOperator):
    """Sums up a scan or a batch. As a teardown it runs however that went, and what failed stays failed.

    Args:
        workflow: whose documents they are.
        scan_task: the task that found them.
        document_task: the mapped task of the documents.
        kind: what is summed up.
    """

    template_fields = ("definition",)
    ui_color = "#eeeeee"

    def __init__(
        self, *, workflow: Workflow, scan_task: str, document_task: str, kind: Kind = "scan", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.workflow = workflow
        self.definition = workflow.digest
        self.scan_task = scan_task
        self.document_task = document_task
        self.kind = kind

    def execute(self, context: Any) -> dict[str, Any]:
        task = context["ti"]
        scan = task.xcom_pull(task_ids=self.scan_task, key="scan")
        told = [item for item in task.xcom_pull(task_ids=[self.document_task]) or [] if item]
        summary = self._summary(context, scan, told)
        run = RunFolder(storage_of(self.workflow), context["dag"].dag_id, context["run_id"])
        self._keep(run, summary)
        whole = link(run.workflow, run.run_id, "summary.md")
        note = summary.note(lambda result: page_of(self.workflow.name, result), whole, NOTE_LIMIT)
        return {
            "summary": note,
            "counts": summary.counts,
            "cost_usd": str(summary.cost_usd),
            "list": run.uri("summary.json"),
            "message": self._send(context, summary, whole),
        }

    def _summary(self, context: Any, scan: Mapping[str, Any] | None, told: Sequence[Mapping[str, Any]]) -> Summary:
        when = f"{context['dag_run'].run_after:%Y-%m-%d %H:%M:%S}"
        if scan is None:
            what = "inbox could not be looked through" if self.kind == "scan" else "documents could not be looked at"
            remark = f"The {what}; the log of the {self.kind}'s task says why"
            return Summary(self.workflow.name, self.workflow.title, when, remark=remark, kind=self.kind)
        by_run = {item["run_id"]: DocumentResult.from_json(item) for item in told}
        found = tuple(
            DocumentResult(item["document"], item["run_id"], "not_started")
            if scan["only_listed"]
            else by_run.get(item["run_id"]) or DocumentResult(item["document"], item["run_id"], "failed", LOST)
            for item in scan["found"]
        )
        return Summary(
            self.workflow.name,
            self.workflow.title,
            scan["when"],
            (*found, *results_from(scan.get("had", ()))),
            put_aside=tuple((name, reason) for name, reason in scan["put_aside"]),
            left_out=tuple((name, reason) for name, reason in scan["left_out"]),
            failed_before=tuple(scan["failed_before"]),
            later=scan["later"],
            same=scan["same"],
            only_listed=scan["only_listed"],
            remark=scan["remark"],
            kind=self.kind,
        )

    def _keep(self, run: RunFolder, summary: Summary) -> None:
        def address(result: DocumentResult) -> str:
            return absolute(page_of(self.workflow.name, result))

        files = {
            "summary.json": to_bytes(summary.to_json(address)),
            "summary.md": summary.markdown(address).encode(),
            "summary.csv": summary.csv(address).encode(),
        }
        name = summary.when if self.kind == "scan" else run.run_key
        for key, (own, content) in zip(list_keys(self.workflow.name, name, self.kind), files.items(), strict=True):
            run.write(own, content)
            run.storage.write(key, content)

    def _send(self, context: Any, summary: Summary, whole: str) -> str:
        """Tells the schedule's channel, if there is news; how it was told, for the task's result."""
        if summary.only_listed or not summary.news:
            return NOBODY
        subject, text = summary.message(lambda result: absolute(page_of(self.workflow.name, result)), absolute(whole))
        return tell(context, self.workflow, subject, text)
