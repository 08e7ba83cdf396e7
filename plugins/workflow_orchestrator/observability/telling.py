"""Which alerts are news: each is told when it begins and when it ends, once, however often the watch looks."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from workflow_orchestrator.canonical import to_bytes
from workflow_orchestrator.errors import DocumentNotFoundError
from workflow_orchestrator.observability.watch import Alert
from workflow_orchestrator.storage import Storage

MEMORY = "watch/alerts.json"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Ended:
    """An alert that held and does not hold any more."""

    id: str
    kind: str
    workflow: str
    says: str
    since: datetime


class Told:
    """The alerts that were told and have not ended, as the storage remembers them."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._known: dict[str, dict[str, Any]] = {}
        # A memory that is gone tells what holds once more; nothing worse.
        with suppress(DocumentNotFoundError, ValueError, KeyError, TypeError):
            self._known = dict(json.loads(storage.read(MEMORY))["alerts"])

    def news(self, alerts: Sequence[Alert]) -> list[Alert]:
        """Those that have not been told."""
        return [alert for alert in alerts if alert.id not in self._known]

    def ended(self, alerts: Sequence[Alert]) -> list[Ended]:
        """Those that were told and hold no more."""
        now = {alert.id for alert in alerts}
        return [_ended(name, one) for name, one in self._known.items() if name not in now]

    def note(self, alert: Alert, at: datetime) -> None:
        """It was told. Kept at once: what follows may fail."""
        told = {"kind": alert.kind, "workflow": alert.workflow, "says": alert.says, "since": at.isoformat()}
        self._keep({**self._known, alert.id: told})

    def forget(self, ended: Ended) -> None:
        """Its end was told."""
        self._keep({name: one for name, one in self._known.items() if name != ended.id})

    def _keep(self, known: dict[str, dict[str, Any]]) -> None:
        self._known = known
        self._storage.write(MEMORY, to_bytes({"format": FORMAT, "alerts": known}))


def _ended(name: str, one: Mapping[str, Any]) -> Ended:
    return Ended(name, str(one["kind"]), str(one["workflow"]), str(one["says"]), datetime.fromisoformat(one["since"]))
