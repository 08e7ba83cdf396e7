"""`record_execution`: the teardown that writes manifest, compliance report and history entry, and counts the run, however it went."""

from __future__ import annotations

from typing import Any

import structlog
from airflow.sdk import BaseOperator

from workflow_orchestrator import history
from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.errors import OrchestratorError
from workflow_orchestrator.observability.emit import emit_run
from workflow_orchestrator.observability.names import RECORD_SPAN
from workflow_orchestrator.observability.spans import span, trace_id
from workflow_orchestrator.operators.base import configuration_of, storage_of
from workflow_orchestrator.operators.outlets import announce_video, video_outlet
from workflow_orchestrator.record import RunFolder, build_manifest, summary_of
from workflow_orchestrator.record.definitions import definition_for
from workflow_orchestrator.record.manifest import add_artifacts, ending_in
from workflow_orchestrator.record.waiting import close_all
from workflow_orchestrator.steps.compliance_report import keep_reports
from workflow_orchestrator.steps.request import ledger_entry
from workflow_orchestrator.web import link, seen_as

_log = structlog.get_logger(__name__)

TIMED_OUT = "timed_out"
"""Airflow's reason for a failed run that was over its `dagrun_timeout`."""


class RecordExecutionOperator(BaseOperator):
    """Builds `manifest.json` from the run's own reports, enters the run into the history and the ledger, and emits its metrics."""

    template_fields = ("definition",)
    ui_color = "#eeeeee"

    def __init__(self, *, workflow: Workflow, **kwargs: Any) -> None:
        super().__init__(task_id="record_execution", outlets=[video_outlet(workflow.name)], **kwargs)
        self.workflow = workflow
        self.definition = workflow.digest

    def execute(self, context: Any) -> dict[str, Any]:
        with span(RECORD_SPAN, workflow=self.workflow.name, run_id=context["run_id"]):
            return self._record(context)

    def _record(self, context: Any) -> dict[str, Any]:
        run = RunFolder(storage_of(self.workflow), self.workflow.name, context["run_id"])
        dag_run = context["dag_run"]
        states = context["ti"].get_task_states(dag_id=self.workflow.name, run_ids=[context["run_id"]])
        workflow = self._definition(run)
        manifest = build_manifest(
            run,
            workflow,
            states={task: str(state) for task, state in states.get(context["run_id"], {}).items() if state},
            run_facts={
                "type": str(getattr(dag_run.run_type, "value", dag_run.run_type)),
                "triggered_by": dag_run.triggering_user_name,
                "started": dag_run.start_date.isoformat(timespec="seconds") if dag_run.start_date else None,
                "trace": trace_id(),
            },
            # Only the callback of a failed run is told a reason (factory/run_timeout.py).
            timed_out=context.get("reason") == TIMED_OUT,
        )
        self._report(run, workflow, manifest)
        artifact = run.write_json("manifest.json", manifest)
        close_all(run)
        if manifest["outcome"] != "failed":
            run.storage.write(manifest["request"]["ledger"], ledger_entry(run))
        announce_video(context, run, manifest)
        entry = history.append(
            run.storage, run.workflow, lambda last: history.entry_of_run(manifest, artifact.sha256, last)
        )
        # The hash of the newest entry, outside the storage: whoever rewrites the whole chain is found by it.
        _log.info("history.appended", workflow=run.workflow, run_id=run.run_id, serial=entry.serial, sha256=entry.digest)
        emit_run(entry, run.storage, configuration_of(self.workflow).metrics)
        return {
            "outcome": manifest["outcome"],
            "manifest": artifact.uri,
            "mode": manifest["mode"]["name"],
            "error": manifest["error"],
            "degraded": [one["step"] for one in manifest["degraded"]],
            "summary": summary_of(manifest, lambda name: link(run.workflow, run.run_id, seen_as(name))),
        }

    def _report(self, run: RunFolder, workflow: Workflow, manifest: dict[str, Any]) -> None:
        """Writes the compliance report. Where it cannot be had, the manifest is written all the same, and says why."""
        try:
            artifacts = keep_reports(run, workflow, ending_in(manifest))
        except OrchestratorError as error:
            self.log.warning("record.no_compliance_report error=%s", error)
            manifest["compliance_report"] = error.to_json()
        else:
            add_artifacts(manifest, artifacts)

    def _definition(self, run: RunFolder) -> Workflow:
        """The definition that the run went by. Where it cannot be had any more, the record is written by the one that is there."""
        try:
            return definition_for(run, self.workflow)
        except OrchestratorError as error:
            self.log.warning("record.other_definition error=%s", error)
            return self.workflow
