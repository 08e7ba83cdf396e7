"""The quarantine: a document leaves the inbox with its reason, and at no moment is it in neither place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from workflow_orchestrator.canonical import sha256
from workflow_orchestrator.errors import DamagedDocumentError, DocumentError, OrchestratorError, StorageError
from workflow_orchestrator.inbox.quarantine import WHAT_TO_DO, is_fault_of_document, quarantine
from workflow_orchestrator.record.run_folder import error_data
from workflow_orchestrator.storage import LocalStorage

FLOW = "letters"
KEY = f"inbox/{FLOW}/a.pdf"
ERROR = error_data(DamagedDocumentError("no reader opens it"))


class Killed(BaseException):
    """The process ends here."""


class Breaking(LocalStorage):
    """A storage whose user is killed before the operation of a number, counting reads, writes and deletes."""

    def __init__(self, root: Path, at: int) -> None:
        super().__init__(root)
        self.left = at

    def _count(self) -> None:
        if self.left == 0:
            raise Killed
        self.left -= 1

    def read(self, key: str) -> bytes:
        self._count()
        return super().read(key)

    def write(self, key: str, data: bytes) -> str:
        self._count()
        return super().write(key, data)

    def delete(self, key: str) -> None:
        self._count()
        super().delete(key)


@pytest.fixture
def storage(tmp_path: Path) -> LocalStorage:
    """A storage with one document in the inbox."""
    storage = LocalStorage(tmp_path)
    storage.write(KEY, b"%PDF broken")
    return storage


def files(storage: LocalStorage, prefix: str = "quarantine") -> list[str]:
    """What lies there."""
    return list(storage.list(prefix))


def test_the_document_moves_and_the_reason_lies_beside_it(storage: LocalStorage) -> None:
    """The reason names the error, the run, the hash, and what to do."""
    moved = quarantine(storage, FLOW, KEY, ERROR, run={"id": "doc_1", "link": "http://airflow/doc_1"})
    assert moved is not None
    assert (moved.key, storage.exists(KEY)) == (f"quarantine/{FLOW}/a.pdf", False)
    assert storage.read(moved.key) == b"%PDF broken"
    reason = json.loads(storage.read(f"quarantine/{FLOW}/a.pdf.reason.json"))
    assert reason["error"] == {"error": "DamagedDocumentError", "message": "no reader opens it"}
    assert reason["run"]["id"] == "doc_1"
    assert reason["sha256"] == sha256(b"%PDF broken")
    assert f"inbox/{FLOW}/" in reason["what_to_do"]


def test_another_document_of_the_same_name_gets_a_number(storage: LocalStorage) -> None:
    """Nothing that lies in quarantine is written over; the very same document takes its own place again."""
    quarantine(storage, FLOW, KEY, ERROR)
    for data in (b"%PDF another", b"%PDF third", b"%PDF broken"):
        storage.write(KEY, data)
        quarantine(storage, FLOW, KEY, ERROR)
    found = [key for key in files(storage) if key.endswith(".pdf")]
    assert found == [f"quarantine/{FLOW}/a-2.pdf", f"quarantine/{FLOW}/a-3.pdf", f"quarantine/{FLOW}/a.pdf"]
    assert storage.read(f"quarantine/{FLOW}/a-2.pdf") == b"%PDF another"
    assert files(storage, "inbox") == []


def test_folders_of_the_inbox_are_kept_apart(storage: LocalStorage) -> None:
    """Two senders may use one name."""
    storage.write(f"inbox/{FLOW}/sender/a.pdf", b"%PDF other")
    moved = quarantine(storage, FLOW, f"inbox/{FLOW}/sender/a.pdf", ERROR)
    assert moved is not None
    assert moved.key == f"quarantine/{FLOW}/sender/a.pdf"


@pytest.mark.parametrize("at", range(7))
def test_a_move_that_was_killed_loses_nothing_and_is_done_again(storage: LocalStorage, tmp_path: Path, at: int) -> None:
    """Killed before any of its operations: the bytes lie in one of the places, and the next try leaves one copy and its reason."""
    try:
        quarantine(Breaking(tmp_path, at), FLOW, KEY, ERROR)
        ended = True
    except Killed:
        ended = False
    places = [key for key in (KEY, f"quarantine/{FLOW}/a.pdf") if storage.exists(key)]
    assert b"%PDF broken" in [storage.read(key) for key in places]
    if not ended:
        quarantine(storage, FLOW, KEY, ERROR)
    assert files(storage) == [f"quarantine/{FLOW}/a.pdf", f"quarantine/{FLOW}/a.pdf.reason.json"]
    assert not storage.exists(KEY)


def test_every_operation_of_a_move_can_be_the_last(tmp_path: Path, storage: LocalStorage) -> None:
    """The numbers above cover the whole move: it has no seventh operation to be killed before."""
    breaking = Breaking(tmp_path, 100)
    quarantine(breaking, FLOW, KEY, ERROR)
    assert 100 - breaking.left == 6


def test_a_copy_that_is_not_what_was_written_keeps_the_document_in_the_inbox(tmp_path: Path) -> None:
    """A storage that spoils what it stores loses nobody's document."""

    class Spoiling(LocalStorage):
        def write(self, key: str, data: bytes) -> str:
            return super().write(key, data[:-1] if key.startswith("quarantine") else data)

    storage = Spoiling(tmp_path)
    storage.write(KEY, b"%PDF broken")
    with pytest.raises(StorageError, match="stays in the inbox"):
        quarantine(storage, FLOW, KEY, ERROR)
    assert storage.exists(KEY)


def test_a_file_that_took_its_place_meanwhile_is_left_alone(storage: LocalStorage) -> None:
    """The mended file is a new document: the run was about the old one."""
    storage.write(KEY, b"%PDF mended")
    assert quarantine(storage, FLOW, KEY, ERROR, sha256_of_run=sha256(b"%PDF broken")) is None
    assert storage.read(KEY) == b"%PDF mended"
    assert files(storage) == []


def test_a_mended_file_that_comes_during_the_move_stays(tmp_path: Path, storage: LocalStorage) -> None:
    """It is looked at again right before the deletion."""

    class Busy(LocalStorage):
        def write(self, key: str, data: bytes) -> str:
            if key.endswith(".reason.json"):
                super().write(KEY, b"%PDF mended")
            return super().write(key, data)

    quarantine(Busy(tmp_path), FLOW, KEY, ERROR)
    assert storage.read(KEY) == b"%PDF mended"
    assert storage.read(f"quarantine/{FLOW}/a.pdf") == b"%PDF broken"


@pytest.mark.parametrize("key", [f"inbox/{FLOW}/gone.pdf", "runs/letters/x/source.pdf"])
def test_only_what_lies_in_the_inbox_is_moved(storage: LocalStorage, key: str) -> None:
    """A document that is gone, or that a run was given from elsewhere, stays as it is."""
    assert quarantine(storage, FLOW, key, ERROR) is None
    assert files(storage) == []


def classes_below(cls: type[OrchestratorError]) -> list[type[OrchestratorError]]:
    """Every class below one of the tree."""
    return [item for sub in cls.__subclasses__() for item in (sub, *classes_below(sub))]


def test_each_fault_of_a_document_has_its_own_advice() -> None:
    """And nothing else has: the table and the error tree name the same classes."""
    assert {cls.__name__ for cls in classes_below(DocumentError)} == set(WHAT_TO_DO)


@pytest.mark.parametrize("data", [None, {}, error_data(StorageError("away")), error_data(ValueError("x"))])
def test_what_is_not_the_document_s_fault(data: Any) -> None:
    """An outage, an unknown error and no error at all put nothing into quarantine."""
    assert not is_fault_of_document(data)
    assert is_fault_of_document(ERROR)
