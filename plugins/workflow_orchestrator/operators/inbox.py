"""The scan of a workflow's inbox, and whether it is time for one.

Airflow makes up for a missed scan once, as soon as it is up again: its cron schedule without catch-up goes on from the last time
that has passed. Two things are left to do here. The time that it had planned before it stood still is in its database, and where
the scheduler is up before the DAG file has been read again it runs that one too: a scan whose successor is due already looks for
nothing. And `catch_up: false` lets a scan that comes late go by.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath
from typing import Any
from zoneinfo import ZoneInfo

from airflow.sdk import BaseOperator

from workflow_orchestrator.definition.model import Schedule, Workflow
from workflow_orchestrator.errors import OrchestratorError
from workflow_orchestrator.inbox import Found, Scan, Unfit, quarantine, scan_inbox
from workflow_orchestrator.operators.base import storage_of
from workflow_orchestrator.operators.links import absolute, run_path
from workflow_orchestrator.storage import Storage

# A scan that starts later than this after its time was missed; schedulers are busy for minutes, not for an hour.
LATE = timedelta(hours=1)


class FindNewDocumentsOperator(BaseOperator):
    """Lists the inbox and returns the arguments of one mapped task per new document; the rest of what it saw is the XCom `scan`.

    Documents that no run can use go into quarantine. A file that cannot be read is left out and named; it does not keep the
    others from their runs.
    """

    template_fields = ("definition",)

    def __init__(self, *, workflow: Workflow, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.workflow = workflow
        self.definition = workflow.digest

    def execute(self, context: Any) -> list[dict[str, Any]]:
        params, schedule = context["params"], self.workflow.schedule
        if schedule is None:
            raise ValueError(f"{self.workflow.name} has no schedule")
        now, due = datetime.now(UTC), due_time(context["dag_run"])
        when = (due or now).astimezone(ZoneInfo(schedule.timezone)).strftime("%Y-%m-%d %H:%M:%S")
        remark = why_not_now(schedule, due, now) if due else None
        if remark:
            return self._tell(context, when, Scan(), remark=remark)
        storage, force, only_list = storage_of(self.workflow), bool(params["force"]), bool(params["only_list"])
        scan = scan_inbox(storage, self.workflow, limit=params["limit"], force=force, now=now)
        aside = [] if only_list else [put_aside(storage, self.workflow, unfit) for unfit in scan.unfit]
        self._tell(context, when, scan, aside=aside, only_list=only_list)
        return [] if only_list else [self._start(found, now + schedule.wait, force=force) for found in scan.new]

    def _start(self, found: Found, until: datetime, *, force: bool) -> dict[str, Any]:
        return {
            "document": found.key,
            "run_id": found.run_id,
            "sha256": found.sha256,
            "until": until.isoformat(),
            "force": force,
        }

    def _tell(
        self,
        context: Any,
        when: str,
        scan: Scan,
        *,
        aside: list[tuple[str, str, bool]] | None = None,
        only_list: bool = False,
        remark: str = "",
    ) -> list[dict[str, Any]]:
        """Leaves what the summary needs beside the list of new documents."""
        moved = aside or []
        context["ti"].xcom_push(
            key="scan",
            value={
                "when": when,
                "remark": remark,
                "only_listed": only_list,
                "found": [{"document": found.key, "run_id": found.run_id} for found in scan.new],
                "put_aside": [(name, reason) for name, reason, done in moved if done],
                "left_out": [(PurePosixPath(item.key).name, item.reason) for item in scan.left_out]
                + [(name, reason) for name, reason, done in moved if not done],
                "failed_before": [found.name for found in scan.failed_before],
                "later": scan.later,
                "same": scan.same,
            },
        )
        self.log.info(
            "inbox.scanned new=%d later=%d known=%d unfit=%d left_out=%d remark=%r",
            len(scan.new), scan.later, scan.known, len(scan.unfit), len(scan.left_out), remark,
        )  # fmt: skip
        return []


def put_aside(storage: Storage, workflow: Workflow, unfit: Unfit) -> tuple[str, str, bool]:
    """Puts a document that no run can use into quarantine: its name, the reason, and whether it could be moved."""
    name = PurePosixPath(unfit.key).name
    run = None
    if unfit.run_id:
        run = {"id": unfit.run_id, "link": absolute(run_path(workflow.name, unfit.run_id))}
    try:
        quarantine(storage, workflow.name, unfit.key, unfit.error, run=run, sha256_of_run=unfit.sha256)
    except OrchestratorError as error:
        return name, f"it belongs into quarantine, but {error.message}", False
    return name, f"{unfit.error.get('error')}: {unfit.error.get('message')}", True


def due_time(dag_run: Any) -> datetime | None:
    """The time for which the schedule planned this run; `None` for one that somebody started."""
    kind = str(getattr(dag_run.run_type, "value", dag_run.run_type))
    due: datetime | None = dag_run.run_after if kind == "scheduled" else None
    return due


def why_not_now(schedule: Schedule, due: datetime, now: datetime) -> str | None:
    """Why a planned scan looks for nothing; `None` if it does."""
    local = due.astimezone(ZoneInfo(schedule.timezone))
    following = following_time(schedule, due)
    if following <= now:
        return f"The scan of {local:%Y-%m-%d %H:%M} was missed; a later one is due already and looks through the inbox"
    if not schedule.catch_up and now - due > min(LATE, (following - due) / 2):
        return f"The scan of {local:%Y-%m-%d %H:%M} was missed, and `catch_up` is off: nothing was looked for"
    return None


def following_time(schedule: Schedule, due: datetime) -> datetime:
    """When the scan after that one is due, by Airflow's own reading of the cron expression."""
    import pendulum
    from airflow.timetables.base import DataInterval, TimeRestriction
    from airflow.timetables.trigger import CronTriggerTimetable

    if schedule.nightly is None:
        raise ValueError("the schedule has no time")
    timetable = CronTriggerTimetable(schedule.nightly, timezone=schedule.timezone)
    info = timetable.next_dagrun_info(
        last_automated_data_interval=DataInterval.exact(pendulum.instance(due)),
        restriction=TimeRestriction(earliest=None, latest=None, catchup=True),
    )
    if info is None:
        raise ValueError(f"{schedule.nightly!r} has no time after {due}")
    return info.run_after
