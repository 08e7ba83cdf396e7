"""Tampering with the history is found; erasing by the rules is not taken for it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from history_made import FLOW, manifest, record

from workflow_orchestrator.canonical import to_bytes
from workflow_orchestrator.history import forget, verify
from workflow_orchestrator.history.chain import key_of
from workflow_orchestrator.storage import LocalStorage


@pytest.fixture
def storage(tmp_path: Path) -> LocalStorage:
    """Four runs, as they were recorded."""
    storage = LocalStorage(tmp_path)
    for name in ("one", "two", "three", "four"):
        record(storage, manifest(name))
    assert verify(storage, FLOW).faults == ()
    return storage


def changed(storage: LocalStorage, serial: int, change: Callable[[dict], object]) -> None:
    """An entry with something else in it."""
    data = json.loads(storage.read(key_of(FLOW, serial)))
    change(data)
    storage.write(key_of(FLOW, serial), to_bytes(data))


def faults(storage: LocalStorage) -> list[tuple[str, str]]:
    return [(fault.key.rpartition("/")[2], fault.says) for fault in verify(storage, FLOW).faults]


@pytest.mark.parametrize("serial", [1, 2, 3, 4])
def test_a_changed_fact_is_found_wherever_it_stands(storage: LocalStorage, serial: int) -> None:
    """Also in the newest entry, which no other one names yet."""
    changed(storage, serial, lambda data: data["facts"].update(outcome="failed"))
    found = faults(storage)
    assert [name for name, says in found if "was changed" in says] == [f"{serial:09d}.json"]


@pytest.mark.parametrize("serial", [1, 3, 4])
def test_a_deleted_entry_is_found(storage: LocalStorage, serial: int) -> None:
    """In the middle and at the end; its manifest has no entry then either."""
    storage.delete(key_of(FLOW, serial))
    found = faults(storage)
    assert (f"{serial:09d}.json", "is missing") in found
    assert any("has no entry" in says for _, says in found)


def test_a_deleted_newest_entry_stays_missing_when_runs_go_on(storage: LocalStorage) -> None:
    """The next run takes the next number, so that the gap is never filled."""
    storage.delete(key_of(FLOW, 4))
    assert record(storage, manifest("five")).serial == 5
    assert ("000000004.json", "is missing") in faults(storage)


def test_names_cannot_be_put_in_or_taken_out(storage: LocalStorage) -> None:
    """Another releaser is found, and so are names that went without an erasure."""
    changed(storage, 2, lambda data: data["named"].update(released_by=["Mallory"]))
    changed(storage, 3, lambda data: data.update(named=None))
    found = dict(faults(storage))
    assert "other names" in found["000000002.json"]
    assert "lost its names" in found["000000003.json"]


def test_a_changed_manifest_is_found(storage: LocalStorage) -> None:
    """The entry has the hash of the manifest that was recorded."""
    key = f"runs/{FLOW}/two/manifest.json"
    storage.write(key, storage.read(key).replace(b"Kim Legal", b"Kim Legit"))
    assert faults(storage) == [("manifest.json", "was changed: entry 2 recorded another one")]


def test_a_chain_that_was_made_anew_is_found_by_an_anchor(storage: LocalStorage, tmp_path: Path) -> None:
    """Somebody who may write everything can make it consistent; a hash that was noted elsewhere tells."""
    noted = verify(storage, FLOW).head
    forged = LocalStorage(tmp_path / "forged")
    for name in ("one", "two", "three", "four"):
        record(forged, manifest(name, released_by="Mallory"))
    assert verify(forged, FLOW).faults == ()
    (fault,) = verify(forged, FLOW, {4: noted[:16]}).faults
    assert "noted elsewhere" in fault.says
    assert verify(storage, FLOW, {4: noted[:16]}).faults == ()


def test_an_erasure_takes_names_and_keeps_the_proof(storage: LocalStorage) -> None:
    """The names are gone from the file, facts and chain hold, and the erasure itself is an entry."""
    storage.delete(f"runs/{FLOW}/two/manifest.json")
    keys = forget(storage, lambda named: b'"two"' in named, {"finished": "2026-11-21T00:00:00+00:00"})
    assert keys == [key_of(FLOW, 2)]
    text = storage.read(key_of(FLOW, 2)).decode()
    assert "two" not in text and '"named": null' in text
    found = verify(storage, FLOW)
    assert (found.entries, found.faults) == (5, ())
