"""Telling a channel without losing what was to be told: the note on the run's page is written whether or not the message goes out."""

from __future__ import annotations

from typing import Any

from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.errors import ConfigurationError, NotificationError
from workflow_orchestrator.operators.channels import send_message

NOBODY = "nobody"


def tell(context: Any, workflow: Workflow, subject: str, text: str) -> str:
    """Tells the channel of the workflow's schedule, and says how: `sent`, `logged`, `nobody` without a channel, or why not.

    Raises:
        NotificationError: the channel did not take it, and the task has tries left.
    """
    channel = workflow.schedule.notify if workflow.schedule else None
    if not channel:
        return NOBODY
    try:
        return send_message(workflow, channel, subject, text, context)
    except NotificationError as error:
        if context["ti"].try_number <= context["ti"].max_tries:
            raise
        return f"not sent: {error.message}"
    except ConfigurationError as error:
        return f"not sent: {error.message}"
