"""Asking named people: Airflow parks the task without a worker or a triggerer until somebody answers in the UI or by REST."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NoReturn

from airflow.sdk.exceptions import TaskAwaitingInput

from workflow_orchestrator.definition.steps import Reminder
from workflow_orchestrator.errors import ApprovalError, ConfigurationError
from workflow_orchestrator.steps.people import Waiting
from workflow_orchestrator.steps.work import Answer, Question

WAITING = "waiting"
"""Under which key the times of an open question travel, beside what the step itself wants back."""


def assigned_users(
    groups: Mapping[str, Sequence[str]], names: Sequence[str], without: Sequence[str] = ()
) -> list[dict[str, str]]:
    """The Airflow users of some groups; an empty list leaves the answer to everyone whose Airflow role may give it.

    `without` are names of users who are not asked; the step that names them sees to it that somebody is left.

    Raises:
        ConfigurationError: a group is not in `include/orchestrator.yaml`.
    """
    unknown = [name for name in names if name not in groups]
    if unknown:
        raise ConfigurationError(
            f"group {', '.join(unknown)} is not in include/orchestrator.yaml (groups: {', '.join(sorted(groups)) or 'none'}); "
            f"add it there with the ids of its Airflow users"
        )
    users = dict.fromkeys(
        user for name in names for user in groups[name] if user.strip().casefold() not in without
    )
    return [{"id": user, "name": user} for user in users]


def ask_people(
    context: Any, question: Question, users: Sequence[Mapping[str, str]], waiting: Waiting, reminder: Reminder | None
) -> NoReturn:
    """Puts the question on the run's "required actions" page and parks the task; `execute_complete` gets the answer.

    There is no default answer: when the time has passed, the task fails. Where people are reminded, the task comes back at
    that time, tells the channel and is parked again (`go_on_waiting`): while it is parked it holds no worker.

    Raises:
        TaskAwaitingInput: Airflow takes the task from here.
        ApprovalError: Airflow shows another question than this one.
    """
    stored = _put(context, question, [dict(user) for user in users])
    asked = (question.subject, question.body, list(question.options))
    if (stored.subject, stored.body, list(stored.options)) != asked:
        # Airflow keeps one question per task instance and says so by handing back the old one (see listener.py).
        raise ApprovalError(
            "Airflow still shows the question of an earlier attempt, so an answer would be about other content; nothing was "
            "asked. Make sure that the plugin workflow_orchestrator is loaded in the API server, or trigger a new run"
        )
    go_on_waiting(question.resume_with, waiting, reminder, waiting.since)


def go_on_waiting(
    resume_with: Mapping[str, Any], waiting: Waiting, reminder: Reminder | None, now: datetime
) -> NoReturn:
    """Parks the task until the next reminder or the end. An answer that came meanwhile is found by Airflow as it parks the task.

    Raises:
        TaskAwaitingInput: always.
    """
    kwargs = {**resume_with, WAITING: waiting.to_json()}
    # Airflow takes no wait of nothing.
    left = max(waiting.next_stop(reminder) - now, timedelta(seconds=1))
    raise TaskAwaitingInput(method_name="execute_complete", kwargs=kwargs, timeout=left)


def answer_of(event: Mapping[str, Any]) -> Answer:
    """The chosen option, the form's input, who answered and when."""
    user = event.get("responded_by_user") or {}
    known = user if isinstance(user, Mapping) else {"name": user}
    who = known.get("name") or known.get("id")
    when = event["responded_at"]
    return Answer(
        option=event["chosen_options"][0],
        values=dict(event.get("params_input") or {}),
        by=str(who or "unknown"),
        at=when.isoformat(timespec="seconds") if isinstance(when, datetime) else str(when),
        by_id=str(known.get("id") or ""),
    )


def form_of(question: Question) -> dict[str, Any]:
    """The form in Airflow's own parameter format."""
    from airflow.sdk import Param

    return {
        name: Param(part["value"], description=part["description"], **part["schema"]).serialize()
        for name, part in question.form.items()
    }


def _put(context: Any, question: Question, users: list[dict[str, str]]) -> Any:
    """Puts the question and returns it as Airflow stores it; the SDK's own wrapper drops that answer."""
    from airflow.sdk.api.datamodels._generated import HITLUser
    from airflow.sdk.execution_time.comms import CreateHITLDetailPayload
    from airflow.sdk.execution_time.task_runner import SUPERVISOR_COMMS

    return SUPERVISOR_COMMS.send(
        CreateHITLDetailPayload(
            ti_id=context["ti"].id,
            options=list(question.options),
            subject=question.subject,
            body=question.body,
            defaults=None,
            multiple=False,
            params=form_of(question),
            assigned_users=[HITLUser(id=user["id"], name=user["name"]) for user in users],
        )
    )
