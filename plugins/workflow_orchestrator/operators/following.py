"""Starting the run of one document and following it until it needs nobody's slot any more.

    start the run ─► leave the worker ─► a trigger looks every few seconds ─► the run has ended, or waits for a person
                                                                              └► read its record; into quarantine if need be

This is also what bounds how many documents are at work. Airflow counts a task that has left its worker towards the limits of a
task (`max_active_tis_per_dag`) and its run towards those of the DAG, but knows no limit that leaves out the runs that wait for a
person: `max_active_runs` of the document's DAG counts them, so that sixteen videos nobody has released yet would stop the night;
a pool counts tasks, not documents, and a night of two hundred would begin all of them and finish none. Here the task that follows
a document is its slot, and gives it back as soon as only a person can take the document further.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

from airflow.sdk import BaseOperator

from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.inbox import DocumentResult, Unfit, is_fault_of_document, quarantine, result_of, run_for
from workflow_orchestrator.inbox.quarantine import lies_in_quarantine
from workflow_orchestrator.inbox.summary import line_of
from workflow_orchestrator.listener import NOTE_LIMIT
from workflow_orchestrator.operators.base import storage_of
from workflow_orchestrator.operators.links import absolute, page_of, run_path
from workflow_orchestrator.operators.settled import DocumentSettledTrigger
from workflow_orchestrator.operators.telling import NOBODY, tell
from workflow_orchestrator.record import RunFolder
from workflow_orchestrator.steps.request import ASKED
from workflow_orchestrator.storage import Storage, document_key

# The trigger ends by itself; this holds where no triggerer runs.
BACKSTOP = timedelta(minutes=10)


def start_run(dag_id: str, run_id: str, conf: Mapping[str, Any], note: str) -> bool:
    """Starts a run; `False` if there is one of that id already, which is then the one to follow.

    Raises:
        AirflowRuntimeError: Airflow refused it or did not answer; a retry can help.
    """
    from airflow.sdk.exceptions import ErrorType
    from airflow.sdk.execution_time.comms import ErrorResponse, TriggerDagRun
    from airflow.sdk.execution_time.task_runner import SUPERVISOR_COMMS

    answer = SUPERVISOR_COMMS.send(TriggerDagRun(dag_id=dag_id, run_id=run_id, conf=dict(conf), note=note))
    return not (isinstance(answer, ErrorResponse) and answer.error == ErrorType.DAGRUN_ALREADY_EXISTS)


def note_who_asked(run: RunFolder, dag_run: Any) -> None:
    """Keeps who started a scan or a batch by hand with a run that it is about to start; a run that is there keeps who asked for it.

    Airflow does not hand the name on to a run that a task starts, and who asked for a video does not release it.
    """
    who = getattr(dag_run, "triggering_user_name", None)
    if who and not run.exists(ASKED) and not run.exists("request.json"):
        run.write_json(ASKED, {"by": who})


class FollowingOperator(BaseOperator):
    """The base of the two operators that give a document its run. Nothing of it is a template: `{{` may stand in a file's name."""

    template_fields = ()
    ui_color = "#e8eef7"

    def definition_of(self, context: Any) -> Workflow:
        """The workflow that the document belongs to."""
        raise NotImplementedError(f"{type(self).__name__} does not say whose documents it follows")

    def follow(
        self,
        context: Any,
        document: Mapping[str, Any],
        *,
        force: bool,
        until: datetime,
        note: str,
        conf: Mapping[str, Any] | None = None,
    ) -> NoReturn:
        """Starts the run of a document (`document`, `run_id`, `sha256`) and leaves the worker until it is settled.

        `conf` has the run's parameters, besides the document and `force`.
        """
        workflow = self.definition_of(context)
        conf = {**(conf or {}), "document": document["document"], "force": force}
        note_who_asked(RunFolder(storage_of(workflow), workflow.name, document["run_id"]), context["dag_run"])
        fresh = start_run(workflow.name, document["run_id"], conf, note)
        self.log.info("inbox.following run=%s fresh=%s until=%s", document["run_id"], fresh, until.isoformat())
        self.defer(
            trigger=DocumentSettledTrigger(workflow.name, document["run_id"], until.isoformat()),
            method_name="settled",
            kwargs={"document": dict(document)},
            timeout=max(until - datetime.now(UTC), timedelta(0)) + BACKSTOP,
        )

    def settled(self, context: Any, event: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, Any]:
        """The document's result as data, once its run needs no slot any more or the time is up."""
        workflow = self.definition_of(context)
        run = RunFolder(storage_of(workflow), workflow.name, document["run_id"])
        found = result_of(run, document["document"], event["state"], event["asks"])
        return set_aside(workflow, run, found, document["sha256"]).to_json()


def set_aside(workflow: Workflow, run: RunFolder, found: DocumentResult, sha256: str) -> DocumentResult:
    """The result, after the document went into quarantine if its run failed for good by the document's own fault."""
    if found.standing != "failed" or found.error is None or not is_fault_of_document(found.error):
        return found
    page = absolute(run_path(workflow.name, run.run_id))
    moved = quarantine(
        run.storage,
        workflow.name,
        found.document,
        found.error,
        run={"id": run.run_id, "link": page},
        sha256_of_run=sha256,
    )
    if moved is None:
        return found
    return DocumentResult(
        found.document,
        found.run_id,
        "quarantined",
        found.error,
        (),
        found.cost_usd,
        found.priced,
        moved.key,
    )


class ProcessDocumentOperator(FollowingOperator):
    """One document of a nightly scan or a batch; mapped over what its first task found.

    Arguments of a mapped task travel through the serialized DAG, where a `Workflow` cannot go, so the scan's task says whose
    document it is.

    Args:
        document: its key in the storage.
        run_id: of the run that it gets.
        sha256: of its bytes.
        until: how long its run is followed, an ISO time; what has not been started by then waits for the next scan.
        force: whether it gets a run although it had one.
        scan_task: the task that found it.
        conf: the parameters of its run.
        told_as: what its run's note says of where it comes from.
    """

    def __init__(
        self,
        *,
        document: str,
        run_id: str,
        sha256: str,
        until: str,
        force: bool,
        scan_task: str,
        conf: Mapping[str, Any] | None = None,
        told_as: str = "Nightly scan",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.conf = dict(conf or {})
        self.told_as = told_as
        self.document = document
        self.run_id = run_id
        self.sha256 = sha256
        self.until = until
        self.force = force
        self.scan_task = scan_task

    @property
    def shown(self) -> str:
        """The document's name, for the list of mapped tasks."""
        return self.document.rpartition("/")[2]

    def definition_of(self, context: Any) -> Workflow:
        workflow: Workflow = context["dag"].get_task(self.scan_task).workflow
        return workflow

    def execute(self, context: Any) -> dict[str, Any]:
        until = datetime.fromisoformat(self.until)
        if datetime.now(UTC) >= until:
            return DocumentResult(self.document, self.run_id, "not_started").to_json()
        document = {"document": self.document, "run_id": self.run_id, "sha256": self.sha256}
        note = f"{self.told_as}: {self.shown}"
        return self.follow(context, document, force=self.force, until=until, note=note, conf=self.conf)


class ArrivedDocumentOperator(FollowingOperator):
    """One document whose arrival somebody told: the partition key of the run is its name in the inbox, or its URI."""

    def __init__(self, *, workflow: Workflow, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.workflow = workflow

    def definition_of(self, context: Any) -> Workflow:
        return self.workflow

    def execute(self, context: Any) -> dict[str, Any]:
        from airflow.sdk.exceptions import AirflowSkipException

        schedule, storage = self.workflow.schedule, storage_of(self.workflow)
        told = context["dag_run"].partition_key
        if not told or schedule is None:
            raise AirflowSkipException("no document was told; give its name as the partition key of the event")
        if (aside := lies_in_quarantine(storage, self.workflow.name, told)) is not None:
            raise AirflowSkipException(f"{told!r} lies in {aside}; put the mended file into the inbox")
        key = document_key(storage, self.workflow.name, told)
        found = run_for(storage, self.workflow, key)
        if isinstance(found, str):
            raise AirflowSkipException(f"{key!r} needs no run: {found}")
        if isinstance(found, Unfit):
            return self._unfit(context, storage, found)
        document = {"document": key, "run_id": found.run_id, "sha256": found.sha256}
        until = datetime.now(UTC) + schedule.wait
        return self.follow(context, document, force=False, until=until, note=f"Arrived: {found.name}")

    def settled(self, context: Any, event: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, Any]:
        return self._told(context, super().settled(context, event, document))

    def _unfit(self, context: Any, storage: Storage, unfit: Unfit) -> dict[str, Any]:
        """The result of a document that no run was started for."""
        moved = quarantine(storage, self.workflow.name, unfit.key, unfit.error)
        result = DocumentResult(unfit.key, "", "failed", unfit.error)
        if moved is not None:
            result = DocumentResult(unfit.key, "", "quarantined", unfit.error, quarantine=moved.key)
        return self._told(context, result.to_json())

    def _told(self, context: Any, data: dict[str, Any]) -> dict[str, Any]:
        """The result, with the note for the run's page; the schedule's channel hears of what somebody must look at."""
        result = DocumentResult.from_json(data)
        note = line_of(result, lambda item: page_of(self.workflow.name, item)).markdown()[:NOTE_LIMIT]
        told = NOBODY
        if result.standing in ("quarantined", "failed"):
            text = line_of(result, lambda item: absolute(page_of(self.workflow.name, item))).text()
            told = tell(context, self.workflow, f"{self.workflow.title}: {result.name}", text)
        return {**data, "summary": note, "message": told}
