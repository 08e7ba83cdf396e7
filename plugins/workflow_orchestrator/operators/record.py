"""`record_execution`: the teardown that writes manifest and compliance report, however the run went."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from airflow.sdk import BaseOperator

from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.errors import OrchestratorError
from workflow_orchestrator.operators.base import storage_of
from workflow_orchestrator.operators.outlets import announce_video, video_outlet
from workflow_orchestrator.record import RunFolder, build_manifest, summary_of
from workflow_orchestrator.record.definitions import definition_for
from workflow_orchestrator.record.manifest import add_artifacts, ending_in
from workflow_orchestrator.steps.compliance_report import keep_reports
from workflow_orchestrator.steps.request import ledger_entry
from workflow_orchestrator.web import link

TIMED_OUT = "timed_out"
"""Airflow's reason for a failed run that was over its `dagrun_timeout`."""


class RecordExecutionOperator(BaseOperator):
    """Builds `manifest.json` from the run's own reports, notes a finished document in the ledger, and emits the run's metrics."""

    template_fields = ("definition",)
    ui_color = "#eeeeee"

    def __init__(self, *, workflow: Workflow, **kwargs: Any) -> None:
        super().__init__(task_id="record_execution", outlets=[video_outlet(workflow.name)], **kwargs)
        self.workflow = workflow
        self.definition = workflow.digest

    def execute(self, context: Any) -> dict[str, Any]:
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
            },
            # Only the callback of a failed run is told a reason (factory/run_timeout.py).
            timed_out=context.get("reason") == TIMED_OUT,
        )
        self._report(run, workflow, manifest)
        artifact = run.write_json("manifest.json", manifest)
        if manifest["outcome"] != "failed":
            run.storage.write(manifest["request"]["ledger"], ledger_entry(run))
        announce_video(context, run, manifest)
        _emit(self.workflow, manifest, dag_run.start_date)
        return {
            "outcome": manifest["outcome"],
            "manifest": artifact.uri,
            "mode": manifest["mode"]["name"],
            "error": manifest["error"],
            "degraded": [one["step"] for one in manifest["degraded"]],
            "summary": summary_of(manifest, lambda name: link(run.workflow, run.run_id, name)),
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


def _emit(workflow: Workflow, manifest: dict[str, Any], started: datetime | None) -> None:
    from airflow.sdk.observability import stats

    tags = {"workflow": workflow.name, "outcome": manifest["outcome"], "mode": manifest["mode"]["name"]}
    if started:
        elapsed = (datetime.now(UTC) - started).total_seconds()
        stats.timing("OrchestratorExecutionTime", elapsed * 1000, tags=tags)
    stats.incr("OrchestratorExecutions", tags=tags)
