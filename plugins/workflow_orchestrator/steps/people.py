"""What the steps that ask people share: text that cannot forge the page it stands on, and the end when nobody answers."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import NoReturn

from workflow_orchestrator.errors import ApprovalError


def plain(text: str) -> str:
    """Text of a document or an error as Markdown that shows it and nothing else: it must not forge headings, tables or links."""
    return re.sub(r"([\\`*_\[\]<>#|!~])", r"\\\1", " ".join(text.split()))


def nobody_answered(what: str, within: timedelta, reason: str) -> NoReturn:
    """Ends a step whose question found no answer.

    Raises:
        ApprovalError: always; silence never means yes.
    """
    raise ApprovalError(
        f"nobody answered {what!r} within {within}; a timeout never means yes. Clear the task to ask again",
        reason=reason,
    )
