"""One operator per kind of step, each a thin hand-over to the work in `steps/`, with a colour of its own in Airflow's graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from workflow_orchestrator.definition.model import Step
from workflow_orchestrator.operators.base import StepOperator
from workflow_orchestrator.operators.links import absolute, run_path
from workflow_orchestrator.operators.people import answer_of, ask_people, assigned_users, go_on_waiting
from workflow_orchestrator.record.waiting import note_closed, note_open
from workflow_orchestrator.steps.people import Waiting, remind, reminder_of
from workflow_orchestrator.steps.registry import kind_of
from workflow_orchestrator.steps.work import Work

if TYPE_CHECKING:
    from workflow_orchestrator.operators.services import AirflowServices


class WorkingOperator(StepOperator):
    """A step that works by itself."""

    def perform(self, work: Work) -> None:
        kind = kind_of(work.step)
        if kind.perform is None:
            raise TypeError(f"{work.step.name} is a {work.step.kind} step: it asks people")
        kind.perform(work)


class AskingOperator(StepOperator):
    """A step that asks people: Airflow parks it until somebody answers, then goes on in `execute_complete`."""

    ui_color = "#fbe6d8"

    def perform(self, work: Work) -> None:
        kind = kind_of(work.step)
        if kind.question is None:
            raise TypeError(f"{work.step.name} is a {work.step.kind} step: it asks nobody")
        question = kind.question(work)
        if question is not None:
            services = cast("AirflowServices", work.services)
            users = assigned_users(work.configuration.groups, question.groups, question.not_by)
            now = work.services.now()
            waiting = Waiting(question.subject, now, now + question.within)
            note_open(work.run, work.step.name, tuple(question.groups), waiting.since, waiting.until)
            ask_people(services.context, question, users, waiting, reminder_of(work))

    def execute_complete(self, context: Any, event: Any, waiting: Mapping[str, Any], **resume_with: Any) -> Any:
        """Goes on with the answer, or without one, or waits on when people were to be reminded."""
        return self.stint(
            context, self.answered, event=event, waiting=Waiting.from_json(dict(waiting)), resume_with=resume_with
        )

    def answered(
        self, work: Work, *, event: Mapping[str, Any], waiting: Waiting, resume_with: Mapping[str, Any]
    ) -> None:
        """Hands the answer to the step.

        Raises:
            ApprovalError: nobody answered.
        """
        kind = kind_of(work.step)
        if kind.take is None or kind.no_answer is None:
            raise TypeError(f"{work.step.name} is a {work.step.kind} step: it takes no answer")
        if waiting.reminded:
            work.report.facts["reminded"] = waiting.reminded
        if "error" in event:
            reason = str(event.get("error_type", "unknown"))
            if reason == "timeout":
                self._remind(work, waiting, resume_with)
        note_closed(work.run, work.step.name)
        if "error" in event:
            kind.no_answer(work, reason)
        kind.take(work, answer_of(event), **resume_with)

    def _remind(self, work: Work, waiting: Waiting, resume_with: Mapping[str, Any]) -> None:
        """Reminds people and waits on; does nothing when the time of the question is up."""
        reminder, now = reminder_of(work), work.services.now()
        if reminder is None or waiting.next_stop(reminder) >= waiting.until:
            return
        remind(work, reminder, waiting, absolute(run_path(work.workflow.name, work.run.run_id, work.step.name)))
        go_on_waiting(resume_with, replace(waiting, reminded=waiting.reminded + 1), reminder, now)


class ExtractOperator(WorkingOperator):
    """`extract`: document.json, extracted.json."""

    ui_color = "#dfeaf7"


class ValidateOperator(WorkingOperator):
    """`validate`: validation.json, values.json."""

    ui_color = "#e3f1e6"


class AskOperator(AskingOperator):
    """`ask`: correction.json, validation.json, values.json."""


class WriteOperator(WorkingOperator):
    """`write`: script.json, compliance.json."""

    ui_color = "#f6efdd"


class SlideOperator(WorkingOperator):
    """`slide`: slides, slides.pdf, slides.pptx, deck.json."""

    ui_color = "#efe6f6"


class ApproveOperator(AskingOperator):
    """`approve`: approval.json."""


class VideoOperator(WorkingOperator):
    """`video`: video.mp4, captions, narration, video.json."""

    ui_color = "#dfeaf7"


class GenerateOperator(WorkingOperator):
    """`generate`: made/<name>.json."""

    ui_color = "#f6efdd"


class CallOperator(WorkingOperator):
    """`call`: the files that it takes from the called run."""

    ui_color = "#e6eef2"


class NotifyOperator(WorkingOperator):
    """`notify`: a message."""

    ui_color = "#f1f1e2"


class WaitOperator(WorkingOperator):
    """`wait`: nothing; Airflow's triggerer watches the clock."""

    ui_color = "#f1f1e2"


OPERATORS: Mapping[str, type[StepOperator]] = {
    "extract": ExtractOperator,
    "validate": ValidateOperator,
    "ask": AskOperator,
    "write": WriteOperator,
    "slide": SlideOperator,
    "approve": ApproveOperator,
    "video": VideoOperator,
    "generate": GenerateOperator,
    "call": CallOperator,
    "notify": NotifyOperator,
    "wait": WaitOperator,
}


def operator_for(step: Step) -> type[StepOperator]:
    """The operator class of a step's kind."""
    return OPERATORS[step.kind]
