"""`wait`: a time that the run was started with, such as the public release of the document that its video is about.

The time stands in a parameter, so that whoever starts the run says it, and so that it stands in the run's request and manifest.
"""

from __future__ import annotations

from datetime import UTC, datetime

from workflow_orchestrator.definition.model import WaitStep
from workflow_orchestrator.errors import WaitTimeError
from workflow_orchestrator.steps.work import Work, step_of


def perform(work: Work) -> None:
    """Waits, unless the time is over or none was given.

    Raises:
        WaitTimeError: the parameter holds no time.
        NotYetError: the time has not come, and nobody waits here.
    """
    step = step_of(work, WaitStep)
    moment = moment_of(step.until, str(work.conf.get(step.until) or ""))
    if moment is None:
        work.report.facts["until"] = ""
        return
    work.report.facts["until"] = moment.isoformat()
    if moment > work.services.now():
        work.services.wait_until(work, moment)


def moment_of(name: str, text: str) -> datetime | None:
    """The moment that a parameter holds, in UTC; `None` where it is empty.

    Raises:
        WaitTimeError: it is no day and time of ISO 8601 with a zone: a time without one is another moment in each place.
    """
    if not text.strip():
        return None
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise WaitTimeError(
            f"{name} is {text[:60]!r}, which is no day and time with a zone; start the run again with one such as 2026-07-28T16:05-04:00",
            parameter=name,
        )
    return moment.astimezone(UTC)
