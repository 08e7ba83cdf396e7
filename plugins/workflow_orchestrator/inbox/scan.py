"""The scan of an inbox: which documents are new.

    in the inbox ─┬─ no run yet ─────────────────────────► new: gets a run
                  ├─ has its run, or its video ──────────► known: nothing to do
                  ├─ its run failed, not by its fault ───► failed before: a person clears the run, or forces another
                  ├─ its run failed by its fault ────────► unfit: into quarantine
                  ├─ more bytes than the workflow takes ─► unfit
                  └─ cannot be read ─────────────────────► left out: named, and looked at again by the next scan

A document is its bytes. The run id is made of the document's and the definition's hash, so the same file under two names is one
document, a mended file is a new one, and a scan that is repeated starts nothing twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

from workflow_orchestrator.canonical import sha256
from workflow_orchestrator.definition import check_conf
from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.errors import DocumentLimitError, DocumentNotFoundError, OrchestratorError, StorageError
from workflow_orchestrator.inbox.quarantine import is_fault_of_document
from workflow_orchestrator.record import RunFolder
from workflow_orchestrator.steps.request import document_run_id, held_by_another, ledger_key
from workflow_orchestrator.storage import Storage, inbox_of

# A storage hands out a file as a whole; a larger one stays where it is and is named, instead of ending the scan's process.
LARGEST_TO_MOVE = 500_000_000


@dataclass(frozen=True, slots=True)
class Found:
    """A document that gets a run."""

    key: str
    sha256: str
    run_id: str

    @property
    def name(self) -> str:
        """What people call it."""
        return PurePosixPath(self.key).name


@dataclass(frozen=True, slots=True)
class Unfit:
    """A document that no run can use. `run_id` is the run that found out, if there was one."""

    key: str
    error: Mapping[str, Any]
    run_id: str | None = None
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file that cannot be read or told apart now."""

    key: str
    reason: str


@dataclass(frozen=True, slots=True)
class Scan:
    """What an inbox holds.

    `later` counts the new documents over the limit, `same` the files with the bytes of another new one, `known` the documents
    that had their run.
    """

    new: tuple[Found, ...] = ()
    later: int = 0
    same: int = 0
    known: int = 0
    failed_before: tuple[Found, ...] = ()
    unfit: tuple[Unfit, ...] = ()
    left_out: tuple[LeftOut, ...] = ()


def scan_inbox(
    storage: Storage, workflow: Workflow, *, limit: int, force: bool = False, now: datetime | None = None
) -> Scan:
    """Looks through `inbox/<workflow>/`, in the order of the names.

    Args:
        storage: where the inbox lies.
        workflow: the definition that documents are new under.
        limit: how many new documents are taken at most; the rest is counted.
        force: every document gets a run, also one that had its own.
        now: tells the runs of one forced scan from those of another; the time of the call if `None`.

    Raises:
        StorageError: not one file could be read, and the storage is why.
    """
    keys = [key for key in storage.list(inbox_of(workflow.name)) if key.lower().endswith(".pdf")]
    new: dict[str, Found] = {}
    failed: list[Found] = []
    unfit: list[Unfit] = []
    left_out: list[LeftOut] = []
    outages: list[StorageError] = []
    known = same = 0
    for key in keys:
        try:
            found = look_at(storage, workflow, key)
            had = None if force or isinstance(found, Unfit) else _had(storage, workflow, found)
        except OrchestratorError as error:
            outages += [error] if isinstance(error, StorageError) else []
            left_out.append(LeftOut(key, error.message))
            continue
        if isinstance(found, Unfit):
            unfit.append(found)
        elif had is None:
            # The same document under two names is one document.
            same += found.run_id in new
            new.setdefault(found.run_id, _forced(found, now) if force else found)
        elif had == "known":
            known += 1
        elif is_fault_of_document(had):
            unfit.append(Unfit(key, had, found.run_id, found.sha256))
        else:
            failed.append(found)
    if outages and len(outages) == len(keys):
        raise outages[0]
    taken = tuple(new.values())
    return Scan(taken[:limit], max(0, len(taken) - limit), same, known, tuple(failed), tuple(unfit), tuple(left_out))


def run_for(storage: Storage, workflow: Workflow, key: str) -> Found | Unfit | str:
    """The run that one document should have; or why no run can use it; or, in words, why it needs none.

    Raises:
        DocumentNotFoundError: there is no such file.
        DocumentLimitError: it is too large even to be moved.
        StorageError: the storage does not answer.
    """
    found = look_at(storage, workflow, key)
    if isinstance(found, Unfit):
        return found
    holder = _holder(storage, workflow, found)
    return f"run {holder!r} makes or made this video" if holder else found


def look_at(storage: Storage, workflow: Workflow, key: str) -> Found | Unfit:
    """The document with the run that it has under this definition, or why no run can use it.

    Raises:
        DocumentNotFoundError: there is no such file.
        DocumentLimitError: it is too large even to be moved.
        StorageError: the storage does not answer.
    """
    size, limit = storage.size(key), workflow.document.max_bytes
    if size > limit:
        error = DocumentLimitError(
            f"{key!r} has {size / 1e6:.1f} MB, more than the {limit / 1e6:.0f} MB that {workflow.name} takes "
            f"(input.document.max_megabytes)",
            bytes=size,
        )
        if size > LARGEST_TO_MOVE:
            raise error
        return Unfit(key, {**error.to_json(), "classes": ["DocumentLimitError", "DocumentError"]})
    digest = sha256(storage.read(key))
    return Found(key, digest, document_run_id(digest, workflow))


def is_new(storage: Storage, workflow: Workflow, found: Found) -> bool:
    """Whether no run has the document yet, under this definition and without parameters of its own.

    Raises:
        StorageError: the storage does not answer.
    """
    return _had(storage, workflow, found) is None


def _had(storage: Storage, workflow: Workflow, found: Found) -> Any:
    """`None` if the document is new, "known" if it had its run or video, or the error as data with which its run failed."""
    run = RunFolder(storage, workflow.name, found.run_id)
    try:
        manifest = run.read_json("manifest.json")
    except DocumentNotFoundError:
        # No manifest: at work, waiting for a person, or never started. Left out here and not only refused by Airflow, so that
        # `limit` counts new documents.
        begun = run.exists(f"steps/{workflow.steps[0].name}.json")
        return "known" if begun or _holder(storage, workflow, found) else None
    if manifest["outcome"] != "failed" or _holder(storage, workflow, found):
        return "known"
    return manifest["error"] or {"error": "unknown", "classes": []}


def _holder(storage: Storage, workflow: Workflow, found: Found) -> str | None:
    ledger = ledger_key(workflow, found.sha256, check_conf(workflow, {"document": found.key}))
    return held_by_another(storage, workflow.name, ledger, found.run_id)


def _forced(found: Found, now: datetime | None) -> Found:
    return Found(found.key, found.sha256, f"{found.run_id}_{now or datetime.now(UTC):%Y%m%dT%H%M%S}")
