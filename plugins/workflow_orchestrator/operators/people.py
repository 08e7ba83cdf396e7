"""Asking named people: Airflow parks the task without a worker or a triggerer until somebody answers in the UI or by REST."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NoReturn

from airflow.sdk.exceptions import TaskAwaitingInput

from workflow_orchestrator.errors import ApprovalError, ConfigurationError


def assigned_users(groups: Mapping[str, Sequence[str]], names: Sequence[str]) -> list[dict[str, str]]:
    """The Airflow users of some groups; an empty list leaves the answer to everyone whose Airflow role may give it.

    Raises:
        ConfigurationError: a group is not in `include/orchestrator.yaml`.
    """
    unknown = [name for name in names if name not in groups]
    if unknown:
        raise ConfigurationError(
            f"group {', '.join(unknown)} is not in include/orchestrator.yaml (groups: {', '.join(sorted(groups)) or 'none'}); "
            f"add it there with the ids of its Airflow users"
        )
    users = dict.fromkeys(user for name in names for user in groups[name])
    return [{"id": user, "name": user} for user in users]


def plain(text: str) -> str:
    """Text of a document or an error as Markdown that shows it and nothing else: it must not forge headings, tables or links."""
    return re.sub(r"([\\`*_\[\]<>#|!~])", r"\\\1", " ".join(text.split()))


def ask_people(
    context: Any,
    *,
    subject: str,
    body: str,
    options: Sequence[str],
    users: Sequence[Mapping[str, str]],
    within: timedelta,
    form: Mapping[str, Any] | None = None,
    resume_with: Mapping[str, Any] | None = None,
) -> NoReturn:
    """Puts the question on the run's "required actions" page and parks the task; `execute_complete` gets the answer.

    There is no default answer: when `within` has passed, the task fails.
    """
    stored = _put(context, subject, body, list(options), dict(form or {}), [dict(user) for user in users])
    if (stored.subject, stored.body, list(stored.options)) != (subject, body, list(options)):
        # Airflow keeps one question per task instance and says so by handing back the old one (see listener.py).
        raise ApprovalError(
            "Airflow still shows the question of an earlier attempt, so an answer would be about other content; nothing was "
            "asked. Make sure that the plugin workflow_orchestrator is loaded in the API server, or trigger a new run"
        )
    raise TaskAwaitingInput(method_name="execute_complete", kwargs=dict(resume_with or {}), timeout=within)


def answer_of(event: Mapping[str, Any], subject: str, within: timedelta) -> tuple[str, dict[str, Any], str, str]:
    """The chosen option, the form's input, who answered and when.

    Raises:
        ApprovalError: nobody answered in time.
    """
    if "error" in event:
        raise ApprovalError(
            f"nobody answered {subject!r} within {within}; a timeout never means yes. Clear the task to ask again",
            reason=str(event.get("error_type", "unknown")),
        )
    user = event.get("responded_by_user") or {}
    who = user.get("name") or user.get("id") if isinstance(user, Mapping) else str(user)
    when = event["responded_at"]
    return (
        event["chosen_options"][0],
        dict(event.get("params_input") or {}),
        str(who or "unknown"),
        when.isoformat(timespec="seconds") if isinstance(when, datetime) else str(when),
    )


def _put(
    context: Any, subject: str, body: str, options: list[str], form: dict[str, Any], users: list[dict[str, str]]
) -> Any:
    """Puts the question and returns it as Airflow stores it; the SDK's own wrapper drops that answer."""
    from airflow.sdk.api.datamodels._generated import HITLUser
    from airflow.sdk.execution_time.comms import CreateHITLDetailPayload
    from airflow.sdk.execution_time.task_runner import SUPERVISOR_COMMS

    return SUPERVISOR_COMMS.send(
        CreateHITLDetailPayload(
            ti_id=context["ti"].id,
            options=options,
            subject=subject,
            body=body,
            defaults=None,
            multiple=False,
            params=form,
            assigned_users=[HITLUser(id=user["id"], name=user["name"]) for user in users],
        )
    )
