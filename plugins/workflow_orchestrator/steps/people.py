"""What the steps that ask people share: reminders, and the end when nobody answers."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NoReturn

from workflow_orchestrator.definition.steps import ApproveStep, AskStep, Reminder
from workflow_orchestrator.errors import ApprovalError, OrchestratorError

if TYPE_CHECKING:
    from workflow_orchestrator.steps.work import Work

_log = logging.getLogger(__name__)


def nobody_answered(what: str, within: timedelta, reason: str) -> NoReturn:
    """Ends a step whose question found no answer.

    Raises:
        ApprovalError: always; silence never means yes.
    """
    raise ApprovalError(
        f"nobody answered {what!r} within {within}; a timeout never means yes. Clear the task to ask again",
        reason=reason,
    )


@dataclass(frozen=True, slots=True)
class Waiting:
    """A question that is open: since when, until when, and how often people were reminded of it."""

    subject: str
    since: datetime
    until: datetime
    reminded: int = 0

    def __post_init__(self) -> None:
        if self.until <= self.since or self.reminded < 0:
            raise ValueError("a question is open for some time, and people are reminded of it or not")

    def to_json(self) -> dict[str, Any]:
        return {
            "subject": self.subject, "since": self.since.isoformat(), "until": self.until.isoformat(), "reminded": self.reminded,
        }  # fmt: skip

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Waiting:
        times = {name: datetime.fromisoformat(data[name]) for name in ("since", "until")}
        return cls(data["subject"], reminded=data["reminded"], **times)

    def next_stop(self, reminder: Reminder | None) -> datetime:
        """When somebody has to look again: the next reminder, or the end."""
        if reminder is None:
            return self.until
        return min(self.since + (self.reminded + 1) * reminder.every, self.until)


def reminder_of(work: Work) -> Reminder | None:
    """How the step at work reminds people of its question."""
    return work.step.remind if isinstance(work.step, AskStep | ApproveStep) else None


def remind(work: Work, reminder: Reminder, waiting: Waiting, link: str) -> None:
    """Tells the channel that a question is still open. A channel that fails is noted, and the question stays open all the same."""
    step = work.step
    groups = ", ".join(step.ask) if isinstance(step, AskStep | ApproveStep) else ""
    text = (
        f"Nobody has answered since {waiting.since:%d %B %Y %H:%M} UTC. It is asked of {groups}, and its time is up on "
        f"{waiting.until:%d %B %Y at %H:%M} UTC; then the run fails, for a timeout never means yes. {link}"
    )
    try:
        how = work.services.send(reminder.notify, f"Still open: {waiting.subject}", text)
    except OrchestratorError as error:
        _log.warning("question.reminder_failed channel=%s error=%r", reminder.notify, str(error))
        how = f"failed: {error}"
    work.report.facts.update({"reminded": waiting.reminded + 1, "reminder": how})
