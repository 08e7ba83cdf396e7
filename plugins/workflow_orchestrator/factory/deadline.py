"""The deadline of a run: who is told when it is not through in time. The run itself goes on.

Airflow watches the clock in its scheduler and calls once for each run that is late (measured on 3.3.2: 7 s after queueing for a
deadline of 6 s, and not again while the run went on).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from airflow.sdk.definitions.callback import SyncCallback
from airflow.sdk.definitions.deadline import BaseDeadlineReference, DeadlineAlert

from workflow_orchestrator.definition import wording
from workflow_orchestrator.definition.model import Deadline, Workflow
from workflow_orchestrator.places import platform_include

INCLUDE = platform_include()
"""The platform's own folder of settings. The callback gets no path: one that changes with each checkout would make
a new version of every DAG that has a deadline."""


class _Platform:
    """What a message needs to know of a workflow: where the channels are written down."""

    platform_include = INCLUDE


class RunCreated(BaseDeadlineReference):
    """The moment at which a run is created: a run that nobody starts is late too.

    Not Airflow's `DAGRUN_QUEUED_AT`: on 3.3.2 a run with such a deadline cannot be cleared before it is over. The clear counts the
    deadline anew, takes the stored interval for a number of seconds, and ends as HTTP 500. This one stays what it was. The plugin
    registers it, so that the scheduler and the API server can count it.
    """

    def _evaluate_with(self, **_: Any) -> datetime:
        """Airflow asks in the transaction that creates the run."""
        return datetime.now(UTC)


def deadline_alert(workflow: Workflow, deadline: Deadline) -> DeadlineAlert:
    """Airflow's alert for a deadline.

    The callback runs where tasks run, because a notifier may wait for its service, and the triggerer's one loop must not.
    """
    within = wording.duration(deadline.within)
    return DeadlineAlert(
        reference=RunCreated(),
        interval=deadline.within,
        callback=SyncCallback(
            tell_late, kwargs={"channel": deadline.notify, "title": workflow.title, "within": within}
        ),
        name=f"through within {within}",
    )


def tell_late(*, channel: str, title: str, within: str, context: Mapping[str, Any]) -> str:
    """Tells a channel that a run is late; called by Airflow. Says how: `sent`, or `logged` where the channel has no notifier.

    Raises:
        ConfigurationError: there is no such channel, or its notifier cannot be made.
        NotificationError: the channel did not take it. Airflow does not call again; its log of the callback has the error.
    """
    from workflow_orchestrator.operators.channels import send_message
    from workflow_orchestrator.operators.links import absolute, run_path

    run = context["dag_run"]
    subject = f"{title}: not through within {within}"
    text = (
        f"Run {run['dag_run_id']} of {run['dag_id']} was queued at {run['queued_at']} and is {run['state']}. It goes on: "
        f"{absolute(run_path(run['dag_id'], run['dag_run_id']))}"
    )
    return send_message(_Platform(), channel, subject, text, context)
