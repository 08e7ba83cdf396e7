"""What the watch looks at every few minutes: open questions, the inbox, the last runs, money, circuits; and what it says of it.

Everything is read from small files: open questions have one each, the newest entry of a history knows how the last runs ended, and
which documents of an inbox are known is remembered in `watch/inbox/<workflow>.json`, so that a document is read once and not
each time.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from workflow_orchestrator.canonical import to_bytes
from workflow_orchestrator.definition.configuration import Alerts
from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.errors import DocumentNotFoundError, OrchestratorError
from workflow_orchestrator.history import Asked, find
from workflow_orchestrator.history.chain import last_link
from workflow_orchestrator.history.entry import WINDOW
from workflow_orchestrator.inbox.scan import Found, Unfit, is_new, look_at
from workflow_orchestrator.observability import names
from workflow_orchestrator.observability.numbers import Number
from workflow_orchestrator.record.waiting import Open, open_questions
from workflow_orchestrator.storage import Storage, inbox_of

# A share of fewer runs says nothing.
ENOUGH = 5


@dataclass(frozen=True, slots=True)
class Circuit:
    """A model that is held back: its connection and name, why and since when."""

    connection: str
    model: str
    reason: str
    since: datetime


@dataclass(frozen=True, slots=True)
class View:
    """What there is of a workflow now: open questions, documents without a run with the time when each was first seen, how the last
    runs ended (`Link.recent`), and the known cost of today's runs in US dollars."""

    workflow: str
    questions: tuple[Open, ...]
    inbox: Mapping[str, datetime]
    recent: str
    cost_today: Decimal


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that somebody should look at. `kind` and `about` tell it from others; `run_id` is where to look, if it is one run."""

    kind: str
    workflow: str
    says: str
    about: str = ""
    run_id: str = ""

    @property
    def id(self) -> str:
        """The same as long as it is the same trouble."""
        return "/".join(part for part in (self.kind, self.workflow, self.about) if part)


def view_of(storage: Storage, workflow: Workflow, now: datetime) -> View:
    """Looks at one workflow.

    Raises:
        StorageError: the storage does not answer.
    """
    today = find(storage, Asked(workflow=workflow.name, since=now.astimezone(UTC).date()))
    costs = [Decimal(entry.facts["cost_usd"]) for entry in today if entry.facts["cost_usd"] is not None]
    return View(
        workflow.name,
        tuple(open_questions(storage, workflow.name)),
        _inbox(storage, workflow, now),
        last_link(storage, workflow.name).recent,
        sum(costs, Decimal(0)),
    )


def _inbox(storage: Storage, workflow: Workflow, now: datetime) -> dict[str, datetime]:
    """The documents that have no run, by key, with the time when the watch first saw each."""
    memory = f"watch/inbox/{workflow.name}.json"
    known: dict[str, Any] = {}
    with suppress(DocumentNotFoundError, ValueError):
        known = dict(json.loads(storage.read(memory)))
    seen = {}
    for key in storage.list(inbox_of(workflow.name)):
        if key.lower().endswith(".pdf"):
            with suppress(OrchestratorError):
                seen[key] = _seen(storage, workflow, key, known.get(key), now)
    if seen != known:
        storage.write(memory, to_bytes(seen))
    waiting = {key: one["since"] for key, one in seen.items() if _waits(storage, workflow, key, one)}
    return {key: datetime.fromisoformat(since) for key, since in waiting.items()}


def _seen(storage: Storage, workflow: Workflow, key: str, before: Any, now: datetime) -> dict[str, Any]:
    size = storage.size(key)
    if isinstance(before, dict) and (before.get("bytes"), before.get("definition")) == (size, workflow.digest):
        return before
    found = look_at(storage, workflow, key)
    own = {"run_id": None, "sha256": None} if isinstance(found, Unfit) else {"run_id": found.run_id, "sha256": found.sha256}
    since = before.get("since") if isinstance(before, dict) and before.get("bytes") == size else None
    return {"bytes": size, "definition": workflow.digest, **own, "since": since or now.isoformat()}


def _waits(storage: Storage, workflow: Workflow, key: str, one: Mapping[str, Any]) -> bool:
    if one["run_id"] is None:
        return True
    return is_new(storage, workflow, Found(key, one["sha256"], one["run_id"]))


def numbers_of_view(view: View, now: datetime) -> list[Number]:
    """The gauges of a workflow."""
    tags = {"workflow": view.workflow}
    oldest_question = min((one.since for one in view.questions), default=now)
    oldest_document = min(view.inbox.values(), default=now)
    return [
        Number(names.APPROVALS_WAITING, len(view.questions), tags),
        Number(names.APPROVAL_AGE, _seconds(now - oldest_question), tags),
        Number(names.INBOX_WAITING, len(view.inbox), tags),
        Number(names.INBOX_AGE, _seconds(now - oldest_document), tags),
    ]


def alerts_of(views: Sequence[View], circuits: Sequence[Circuit], limits: Alerts, now: datetime) -> list[Alert]:
    """Everything that is over a limit now."""
    found = [alert for view in views for alert in _of_view(view, limits, now)]
    if limits.breaker_open:
        found += [
            Alert(
                "breaker_open", "", f"model {one.model} of connection {one.connection} is held back since {one.since:%H:%M} UTC: "
                f"{one.reason}", about=f"{one.connection}/{one.model}",
            )
            for one in circuits
        ]  # fmt: skip
    return found


def _of_view(view: View, limits: Alerts, now: datetime) -> list[Alert]:
    found = []
    rate = view.recent.count("1") / len(view.recent) if view.recent else 1.0
    if limits.success_under is not None and len(view.recent) >= ENOUGH and rate < limits.success_under:
        found.append(
            Alert(
                "success_rate", view.workflow, f"{rate:.0%} of the last {len(view.recent)} runs (at most {WINDOW}) did not fail; "
                f"wanted are {limits.success_under:.0%}",
            )
        )  # fmt: skip
    if limits.approval_older_than is not None:
        found += [
            Alert(
                "approval_overdue", view.workflow, f"{', '.join(one.groups) or 'nobody'} has not answered {one.step} of run "
                f"{one.run_id} for {_hours(now - one.since)}; it ends at {one.until:%Y-%m-%d %H:%M} UTC",
                about=f"{one.run_id}/{one.step}", run_id=one.run_id,
            )
            for one in view.questions if now - one.since > limits.approval_older_than
        ]  # fmt: skip
    old = [key for key, since in view.inbox.items() if limits.inbox_older_than and now - since > limits.inbox_older_than]
    if old:
        found.append(
            Alert(
                "inbox_overdue", view.workflow, f"{len(old)} documents of the inbox have no run for more than "
                f"{_hours(limits.inbox_older_than or timedelta())}: {', '.join(key.rpartition('/')[2] for key in old[:5])}",
            )
        )  # fmt: skip
    if limits.cost_over_usd is not None and view.cost_today > limits.cost_over_usd:
        found.append(
            Alert(
                "cost_of_day", view.workflow, f"today's runs cost USD {view.cost_today}, more than {limits.cost_over_usd}",
                about=f"{now.astimezone(UTC):%Y-%m-%d}",
            )
        )  # fmt: skip
    return found


def _hours(age: timedelta) -> str:
    hours = age.total_seconds() / 3600
    return f"{hours:.0f} h" if hours >= 10 else f"{hours:.1f} h"


def _seconds(age: timedelta) -> float:
    return max(0.0, age.total_seconds())
