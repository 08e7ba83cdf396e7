"""Proof that nobody changed or removed an entry of the history, and that manifests are the ones that were recorded.

What it finds: an entry whose bytes were changed (its own hash no longer fits what the next one names, or `head.json`), one that is
missing, names that were put in or taken out without an erasure on record, and a manifest that is not the recorded one or has no entry.
Whoever may write the storage can make a whole chain anew; against that, keep the hash of the newest entry elsewhere (it is in the log of
each run, `history.appended`) and name it with `--anchor`, or lock the prefix (S3 Object Lock).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from workflow_orchestrator.canonical import sha256
from workflow_orchestrator.errors import DocumentNotFoundError, HistoryError
from workflow_orchestrator.history.chain import FOLDER, erased, head_of, key_of, parsed, serials, workflows_in
from workflow_orchestrator.history.entry import START, Entry
from workflow_orchestrator.storage import Storage


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is not as it was written: the key, and what is wrong with it."""

    key: str
    says: str


@dataclass(frozen=True, slots=True)
class Verified:
    """A workflow's chain: how many entries, number and hash of the newest, how many manifests were compared, and what is wrong."""

    workflow: str
    entries: int
    newest: int
    head: str
    manifests: int
    faults: tuple[Fault, ...]


def verify(storage: Storage, workflow: str, anchors: Mapping[int, str] | None = None) -> Verified:
    """Goes through a workflow's whole chain.

    Args:
        storage: where the history lies.
        workflow: the workflow's name.
        anchors: number → hash of entries as somebody noted them elsewhere.

    Raises:
        StorageError: the storage does not answer.
    """
    faults: list[Fault] = []
    entries: dict[int, Entry] = {}
    there = serials(storage, workflow)
    for serial in there:
        key = key_of(workflow, serial)
        try:
            entries[serial] = parsed(storage.read(key), key)
        except (HistoryError, DocumentNotFoundError) as error:
            faults.append(Fault(key, f"cannot be read: {error.message}"))
    noted, digest = head_of(storage, workflow)
    faults += _chain(workflow, entries, set(there), max([*there, noted], default=0))
    faults += _head(workflow, entries, noted, digest)
    faults += _names(workflow, entries)
    for serial, expected in sorted((anchors or {}).items()):
        found = entries.get(serial)
        if found is None or not found.digest.startswith(expected):
            faults.append(Fault(key_of(workflow, serial), f"has not the hash {expected} that was noted elsewhere"))
    compared, others = _manifests(storage, workflow, entries)
    newest = max(entries, default=0)
    last = entries[newest].digest if entries else ""
    return Verified(workflow, len(entries), newest, last, compared, (*faults, *others))


def verify_all(storage: Storage) -> list[Verified]:
    """Every workflow that has a history or a finished run."""
    ran = {key.split("/")[1] for key in storage.list("runs") if key.endswith("/manifest.json") and key.count("/") == 3}
    return [verify(storage, workflow) for workflow in sorted({*workflows_in(storage), *ran})]


def _chain(workflow: str, entries: Mapping[int, Entry], there: set[int], last: int) -> list[Fault]:
    faults = []
    for serial in range(1, last + 1):
        key, entry, before = key_of(workflow, serial), entries.get(serial), entries.get(serial - 1)
        if serial not in there:
            faults.append(Fault(key, "is missing"))
        if entry is None:
            continue
        if (entry.workflow, entry.serial) != (workflow, serial):
            faults.append(Fault(key, f"is entry {entry.serial} of {entry.workflow}"))
        if before is not None and entry.previous != before.digest:
            faults.append(Fault(key_of(workflow, serial - 1), f"was changed: entry {serial} names the hash {entry.previous[:16]}…"))
        elif serial == 1 and entry.previous != START:
            faults.append(Fault(key, "names an entry before it, and is the first"))
    return faults


def _head(workflow: str, entries: Mapping[int, Entry], noted: int, digest: str) -> list[Fault]:
    entry = entries.get(noted)
    if not digest:
        return [Fault(f"{FOLDER}/{workflow}/head.json", "is missing or cannot be read")] if entries else []
    if entry is not None and entry.digest != digest:
        return [Fault(key_of(workflow, noted), f"was changed: head.json names the hash {digest[:16]}…")]
    return []


def _names(workflow: str, entries: Mapping[int, Entry]) -> list[Fault]:
    gone = erased(entries.values())
    faults = []
    for serial, entry in sorted(entries.items()):
        if not entry.names_hold:
            faults.append(Fault(key_of(workflow, serial), "has other names than were written"))
        if entry.named is None and serial not in gone:
            faults.append(Fault(key_of(workflow, serial), "has lost its names, and no erasure is on record"))
    return faults


def _manifests(storage: Storage, workflow: str, entries: Mapping[int, Entry]) -> tuple[int, list[Fault]]:
    """The manifests that are there, against the newest entry of their run."""
    recorded: dict[str, Entry] = {}
    for _, entry in sorted(entries.items()):
        if entry.kind == "run" and entry.named:
            recorded[str(entry.named.get("run_key"))] = entry
    keys = [key for key in storage.list(f"runs/{workflow}") if key.endswith("/manifest.json") and key.count("/") == 3]
    faults = []
    for key in keys:
        data = storage.read(key)
        known = recorded.get(key.split("/")[2])
        if known is None:
            faults.append(Fault(key, f"has no entry in the history{_written_before(data)}"))
        elif known.facts["manifest_sha256"] != sha256(data):
            faults.append(Fault(key, f"was changed: entry {known.serial} recorded another one"))
    return len(keys), faults


def _written_before(data: bytes) -> str:
    try:
        return f"; it says that it was written by platform {json.loads(data)['platform']}"
    except (ValueError, KeyError, TypeError):
        return ""
