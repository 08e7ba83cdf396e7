"""The chain of a workflow's entries in the storage: adding to it, reading it, and forgetting names in it.

Many runs end at once and nobody may wait for a lock: whoever adds an entry reads the last one and creates the file of the next
number, which the storage lets one writer do. The others read what is there now and take the number after it. `head.json` only says
where to begin to look; whoever finds it old looks on from there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from workflow_orchestrator.canonical import sha256, to_bytes
from workflow_orchestrator.errors import DocumentNotFoundError, HistoryError
from workflow_orchestrator.history.entry import FIRST, Entry, Link, after
from workflow_orchestrator.storage import LocalStorage, Storage

FOLDER = "history"
HEAD = "head.json"
_READERS = 16
_AT_ONCE = 256


def key_of(workflow: str, serial: int) -> str:
    """The key of an entry."""
    return f"{FOLDER}/{workflow}/{serial:09d}.json"


def append(storage: Storage, workflow: str, make: Callable[[Link], Entry]) -> Entry:
    """Adds an entry at the end of a workflow's chain.

    Args:
        storage: where the history lies.
        workflow: the workflow's name.
        make: gives the entry that follows another one. It may be asked again.

    Raises:
        StorageError: the storage does not answer.
    """
    last = last_link(storage, workflow)
    while True:
        entry = make(last)
        if storage.create(key_of(workflow, entry.serial), entry.to_bytes()):
            storage.write(f"{FOLDER}/{workflow}/{HEAD}", to_bytes({"serial": entry.serial, "sha256": entry.digest}))
            return entry
        last = _onwards(storage, workflow, last)


def last_link(storage: Storage, workflow: str) -> Link:
    """The newest entry of a workflow, found from where `head.json` says that it was."""
    noted, digest = head_of(storage, workflow)
    # An entry that somebody removed is followed by the hash that was noted of it, so that the gap stays where it is.
    found = _read(storage, workflow, noted) or (Link(noted, digest) if digest else FIRST)
    return _onwards(storage, workflow, found)


def head_of(storage: Storage, workflow: str) -> tuple[int, str]:
    """Number and hash of the newest entry as its writer noted them; 0 where no entry was ever written.

    Without a readable `head.json` the number is that of the last file, and the hash is empty.
    """
    with suppress(DocumentNotFoundError, ValueError, KeyError, TypeError):
        head = json.loads(storage.read(f"{FOLDER}/{workflow}/{HEAD}"))
        return int(head["serial"]), str(head["sha256"])
    return max(serials(storage, workflow), default=0), ""


def _onwards(storage: Storage, workflow: str, last: Link) -> Link:
    while following := _read(storage, workflow, last.serial + 1):
        last = following
    return last


def _read(storage: Storage, workflow: str, serial: int) -> Link | None:
    if serial < 1:
        return None
    try:
        data = storage.read(key_of(workflow, serial))
    except DocumentNotFoundError:
        return None
    try:
        return parsed(data, key_of(workflow, serial)).link
    except HistoryError:
        # Somebody damaged it. What comes after must be recorded all the same; `verify` tells of this one.
        return Link(serial, sha256(data))


def parsed(data: bytes, key: str) -> Entry:
    """The entry of a file.

    Raises:
        HistoryError: it is none; the message names the file.
    """
    try:
        return Entry.from_json(json.loads(data))
    except (ValueError, HistoryError) as error:
        raise HistoryError(f"{key}: {error}; scripts/workflow verify says what else is wrong") from None


def serials(storage: Storage, workflow: str) -> list[int]:
    """The numbers of the files that are there, in order."""
    names = (key.rpartition("/")[2].removesuffix(".json") for key in storage.list(f"{FOLDER}/{workflow}"))
    return sorted(int(name) for name in names if name.isascii() and name.isdigit())


def workflows_in(storage: Storage) -> list[str]:
    """The workflows that have a history."""
    return sorted({key.split("/")[1] for key in storage.list(FOLDER) if key.count("/") == 2})


def read_entries(storage: Storage, workflow: str, *, newest_first: bool = True) -> Iterator[Entry]:
    """The entries of a workflow, read as they are asked for.

    Raises:
        HistoryError: a file is no entry.
        StorageError: the storage does not answer.
    """
    order = serials(storage, workflow)
    keys = [key_of(workflow, serial) for serial in (reversed(order) if newest_first else order)]
    # A bucket answers each request late and many at once; a folder is as quick from one thread.
    workers = 1 if isinstance(storage, LocalStorage) else _READERS
    with ThreadPoolExecutor(workers) as pool:
        for start in range(0, len(keys), _AT_ONCE):
            part = keys[start : start + _AT_ONCE]
            for key, data in zip(part, pool.map(storage.read, part), strict=True):
                yield parsed(data, key)


def forget(storage: Storage, holds: Callable[[bytes], bool], facts: Mapping[str, Any]) -> list[str]:
    """Takes the names out of every entry of which `holds` says that they are meant, and adds an `erasure` to each chain.

    Args:
        storage: where the history lies.
        holds: whether the names of an entry, as JSON, are meant.
        facts: what is known of the erasure, without names; the numbers of the entries are added.

    Returns:
        The keys of the entries.
    """
    found: list[str] = []
    for workflow in workflows_in(storage):
        meant = [entry for entry in read_entries(storage, workflow) if entry.named and holds(to_bytes(dict(entry.named)))]
        for entry in meant:
            storage.write(key_of(workflow, entry.serial), _nameless(entry).to_bytes())
            found.append(key_of(workflow, entry.serial))
        if meant:
            numbers = sorted(entry.serial for entry in meant)
            append(storage, workflow, _erasure(workflow, {**facts, "erased": numbers}))
    return found


def _erasure(workflow: str, facts: Mapping[str, Any]) -> Callable[[Link], Entry]:
    return lambda last: after(last, workflow, "erasure", {**facts, "recent": last.recent}, {})


def _nameless(entry: Entry) -> Entry:
    return Entry(entry.workflow, entry.serial, entry.previous, entry.kind, entry.facts, None)


def erased(entries: Iterable[Entry]) -> set[int]:
    """The numbers of the entries whose names went by an erasure that is on record."""
    return {int(serial) for entry in entries if entry.kind == "erasure" for serial in entry.facts.get("erased", ())}
