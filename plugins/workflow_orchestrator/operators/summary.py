"""The last task of a nightly scan: what became of its documents, as note, as message and as a whole list.

runs/<workflow>_nightly/<run key>/summary.md · summary.json      what the note's link shows
nightly/<workflow>/<date>_<time>.md · .json                      the same, for people who look through the storage
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from airflow.sdk import BaseOperator

from workflow_orchestrator.canonical import to_bytes
from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.inbox import DocumentResult, Summary
from workflow_orchestrator.inbox.summary import list_keys
from workflow_orchestrator.listener import NOTE_LIMIT
from workflow_orchestrator.operators.base import storage_of
from workflow_orchestrator.operators.links import absolute, page_of
from workflow_orchestrator.operators.telling import NOBODY, tell
from workflow_orchestrator.record import RunFolder
from workflow_orchestrator.web import link

# What a document's own task left no word about: it failed, and Airflow shows where.
LOST = {"error": "NotFollowed", "message": "its task in this scan failed; the task's log says why", "classes": []}


class SummariseOperator(BaseOperator):
    """Sums up a scan. As a teardown it runs however the scan went, and a failed scan stays failed.

    Args:
        workflow: whose inbox was scanned.
        scan_task: the task that scanned it.
        document_task: the mapped task of its documents.
    """

    template_fields = ("definition",)
    ui_color = "#eeeeee"

    def __init__(self, *, workflow: Workflow, scan_task: str, document_task: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.workflow = workflow
        self.definition = workflow.digest
        self.scan_task = scan_task
        self.document_task = document_task

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
            remark = "The inbox could not be looked through; the log of the scan's task says why"
            return Summary(self.workflow.name, self.workflow.title, when, remark=remark)
        by_run = {item["run_id"]: DocumentResult.from_json(item) for item in told}
        results = tuple(
            DocumentResult(item["document"], item["run_id"], "not_started")
            if scan["only_listed"]
            else by_run.get(item["run_id"]) or DocumentResult(item["document"], item["run_id"], "failed", LOST)
            for item in scan["found"]
        )
        return Summary(
            self.workflow.name,
            self.workflow.title,
            scan["when"],
            results,
            put_aside=tuple((name, reason) for name, reason in scan["put_aside"]),
            left_out=tuple((name, reason) for name, reason in scan["left_out"]),
            failed_before=tuple(scan["failed_before"]),
            later=scan["later"],
            same=scan["same"],
            only_listed=scan["only_listed"],
            remark=scan["remark"],
        )

    def _keep(self, run: RunFolder, summary: Summary) -> None:
        data = to_bytes(summary.to_json(lambda result: absolute(page_of(self.workflow.name, result))))
        page = summary.markdown(lambda result: absolute(page_of(self.workflow.name, result))).encode()
        run.write("summary.json", data)
        run.write("summary.md", page)
        for key, content in zip(list_keys(self.workflow.name, summary.when), (data, page), strict=True):
            run.storage.write(key, content)

    def _send(self, context: Any, summary: Summary, whole: str) -> str:
        """Tells the schedule's channel, if there is news; how it was told, for the task's result."""
        if summary.only_listed or not summary.news:
            return NOBODY
        subject, text = summary.message(lambda result: absolute(page_of(self.workflow.name, result)), absolute(whole))
        return tell(context, self.workflow, subject, text)
