"""The quarantine: documents that failed for good because of what they are leave the inbox, with the reason beside them.

    inbox/<workflow>/a.pdf  ─►  quarantine/<workflow>/a.pdf
                                quarantine/<workflow>/a.pdf.reason.json     why, by which run, what to do

A storage has no move. The copy is written, read back and compared before anything is deleted, and the order makes every broken-off
move one that is simply done again: at no moment is the document in neither place. Another document of the same name gets a number.
Only the document's own faults lead here; an outage, a budget or a refused release do not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

from workflow_orchestrator.canonical import sha256, to_bytes
from workflow_orchestrator.errors import DocumentNotFoundError, StorageError
from workflow_orchestrator.storage import Storage, inbox_of

# What the sender or operations can do about it, by the name of the error class.
WHAT_TO_DO = {
    "NotAPdfError": "The file is no PDF, whatever its name says. Ask the sender for the PDF.",
    "EmptyDocumentError": "The file holds no page or no content. Ask the sender whether the transfer broke off.",
    "EncryptedDocumentError": "The file needs a password. Ask the sender for a copy without one.",
    "ImageOnlyDocumentError": (
        "The pages are pictures. Ask the sender for the PDF that was printed, not a scan of it, or have tesseract installed."
    ),
    "CodeNotPrintedError": (
        "The document does not print the code that the run was asked for. Ask for one that it prints, or send the document of that code."
    ),
    "DamagedDocumentError": "No reader can open the file. Ask the sender to make and send it again.",
    "DocumentLimitError": (
        "The document is larger than the workflow takes. Send a smaller one, or have the limits under input.document raised."
    ),
}


@dataclass(frozen=True, slots=True)
class Quarantined:
    """Where a document and its reason lie now."""

    key: str
    reason_key: str


def is_fault_of_document(error: Mapping[str, Any] | None) -> bool:
    """Whether an error, as data, says that the document itself cannot be used: the `DocumentError` part of the tree."""
    return bool(error) and "DocumentError" in (error or {}).get("classes", ())


def quarantine_of(workflow: str) -> str:
    """The prefix of the folder in which a workflow's unfit documents lie."""
    return f"quarantine/{workflow}"


def quarantine(
    storage: Storage,
    workflow: str,
    key: str,
    error: Mapping[str, Any],
    *,
    run: Mapping[str, Any] | None = None,
    sha256_of_run: str | None = None,
) -> Quarantined | None:
    """Moves a document out of the inbox. Doing it again after it broke off finishes it.

    Args:
        storage: where both folders lie.
        workflow: the workflow's name.
        key: of the document, below `inbox/<workflow>/`.
        error: the error as data.
        run: what the reason should say about the run that found out, such as its id and link.
        sha256_of_run: of the document that the run used; a file that was put in its place meanwhile is left alone.

    Returns:
        Where it lies now, or `None` if the inbox no longer holds it.

    Raises:
        StorageError: the storage does not answer, or the copy is not what was written; the document is still in the inbox.
    """
    prefix = f"{inbox_of(workflow)}/"
    if not key.startswith(prefix):
        return None
    try:
        data = storage.read(key)
    except DocumentNotFoundError:
        return None
    digest = sha256(data)
    if sha256_of_run is not None and digest != sha256_of_run:
        return None
    target = _place(storage, f"{quarantine_of(workflow)}/{key.removeprefix(prefix)}", digest)
    reason = {
        "document": PurePosixPath(key).name,
        "from": key,
        "sha256": digest,
        "bytes": len(data),
        "workflow": workflow,
        "quarantined": datetime.now(UTC).isoformat(timespec="seconds"),
        "error": {name: error.get(name) for name in ("error", "message")},
        "what_to_do": what_to_do(error, workflow),
        "run": dict(run) if run else None,
    }
    storage.write(target, data)
    if sha256(storage.read(target)) != digest:
        raise StorageError(f"the copy {target!r} in {storage.uri} is not what was written; {key!r} stays in the inbox")
    storage.write(f"{target}.reason.json", to_bytes(reason))
    # Somebody may have put a mended file in its place since it was read.
    if sha256(storage.read(key)) == digest:
        storage.delete(key)
    return Quarantined(target, f"{target}.reason.json")


def lies_in_quarantine(storage: Storage, workflow: str, name: str) -> str | None:
    """Where a document lies that left the inbox; `None` if the inbox holds one of that name, or quarantine does not.

    Somebody may tell of an arrival twice, and the second time comes after the document was put aside.
    """
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "://" in name or "\\" in name:
        return None
    inside = name.removeprefix(f"{inbox_of(workflow)}/")
    if storage.exists(f"{inbox_of(workflow)}/{inside}"):
        return None
    key = f"{quarantine_of(workflow)}/{inside}"
    return key if storage.exists(key) else None


def what_to_do(error: Mapping[str, Any], workflow: str) -> str:
    """The advice for an error, in words for operations."""
    advice = WHAT_TO_DO.get(str(error.get("error")), "The document cannot be used as it is; the message says why.")
    return (
        f"{advice} Put the mended file into {inbox_of(workflow)}/; a changed file is a new document and gets a new run."
    )


def _place(storage: Storage, wanted: str, digest: str) -> str:
    """The wanted key, or a numbered one where another document lies there; a broken-off move finds its own copy again."""
    path = PurePosixPath(wanted)
    number, key = 1, wanted
    while storage.exists(key) and sha256(storage.read(key)) != digest:
        number += 1
        key = str(path.with_name(f"{path.stem}-{number}{path.suffix}"))
    return key
