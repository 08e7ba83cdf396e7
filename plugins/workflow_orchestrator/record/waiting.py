"""Which runs wait for a person now: one small file for each open question, so that nobody must look through every run to know.

    waiting/<workflow>/<run key>__<step>[__<item>].json      there while the question is open
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import structlog

from workflow_orchestrator.canonical import to_bytes
from workflow_orchestrator.errors import DocumentNotFoundError, HistoryError
from workflow_orchestrator.file_format import refuse_newer
from workflow_orchestrator.record.run_folder import RunFolder
from workflow_orchestrator.storage import Storage

_log = structlog.get_logger(__name__)
FOLDER = "waiting"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Open:
    """An open question: of which run and step, whom it is for, since when and until when."""

    workflow: str
    run_id: str
    step: str
    groups: tuple[str, ...]
    since: datetime
    until: datetime


def note_open(run: RunFolder, step: str, groups: tuple[str, ...], since: datetime, until: datetime) -> None:
    """Notes that a question was put. Asked again, it is as old as the new question."""
    data = {
        "format": FORMAT, "run_id": run.run_id, "step": step, "groups": list(groups),
        "since": since.isoformat(), "until": until.isoformat(),
    }  # fmt: skip
    run.storage.write(_key(run, step), to_bytes(data))


def note_closed(run: RunFolder, step: str) -> None:
    """Notes that a question is answered, or nobody's any more."""
    run.storage.delete(_key(run, step))


def close_all(run: RunFolder) -> None:
    """A run that is recorded asks nobody any more."""
    for key in list(run.storage.list(f"{FOLDER}/{run.workflow}")):
        if key.rpartition("/")[2].startswith(f"{run.run_key}__"):
            run.storage.delete(key)


def open_questions(storage: Storage, workflow: str) -> Iterator[Open]:
    """The open questions of a workflow. One that is answered while they are read, or cannot be read, is left out."""
    for key in storage.list(f"{FOLDER}/{workflow}"):
        try:
            data = json.loads(storage.read(key))
            refuse_newer(data, FORMAT, key, HistoryError)
            times = {name: datetime.fromisoformat(data[name]) for name in ("since", "until")}
            yield Open(workflow, data["run_id"], data["step"], tuple(data["groups"]), **times)
        except HistoryError as error:
            _log.warning("waiting.newer", key=key, message=error.message)
        except (DocumentNotFoundError, ValueError, KeyError, TypeError):
            continue


def _key(run: RunFolder, step: str) -> str:
    item = f"__{run.scope.replace('/', '-')}" if run.scope else ""
    return f"{FOLDER}/{run.workflow}/{run.run_key}__{step}{item}.json"
