"""Reading a run's `manifest.json` again."""

from __future__ import annotations

import json
from typing import Any

from workflow_orchestrator.errors import DocumentNotFoundError, HistoryError
from workflow_orchestrator.file_format import refuse_newer
from workflow_orchestrator.record.run_folder import RunFolder

FORMAT = 1
NAME = "manifest.json"


def read_manifest(run: RunFolder) -> dict[str, Any]:
    """The manifest of a run.

    Raises:
        DocumentNotFoundError: the run has none.
        HistoryError: a newer platform wrote it.
        StorageError: the storage does not answer.
    """
    return parsed_manifest(run.read(NAME), f"{NAME} of run {run.run_id!r}")


def find_manifest(run: RunFolder) -> dict[str, Any] | None:
    """The manifest of a run, `None` where it has none.

    Raises:
        HistoryError: a newer platform wrote it.
        StorageError: the storage does not answer.
    """
    try:
        return read_manifest(run)
    except DocumentNotFoundError:
        return None


def parsed_manifest(data: bytes, what: str) -> dict[str, Any]:
    """The manifest in some bytes; `what` names them in a message.

    Raises:
        HistoryError: a newer platform wrote it.
        ValueError: it is no JSON.
    """
    manifest: dict[str, Any] = json.loads(data)
    refuse_newer(manifest, FORMAT, what, HistoryError)
    return manifest
