"""The scan: what is new, what had its run, what no run can use, and that no odd file stops the others."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from workflow_orchestrator.canonical import sha256
from workflow_orchestrator.definition import check_conf, load_workflow
from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.errors import DocumentLimitError, StorageError
from workflow_orchestrator.inbox import Found, Unfit, run_for, scan_inbox
from workflow_orchestrator.record import RunFolder
from workflow_orchestrator.steps.request import document_run_id, ledger_key
from workflow_orchestrator.storage import LocalStorage

NAME = "fund_factsheet_video"


@pytest.fixture(scope="module")
def workflow(root: Path) -> Workflow:
    """The shipped workflow."""
    return load_workflow(root / "dags" / NAME, root / "include")


@pytest.fixture
def storage(tmp_path: Path) -> LocalStorage:
    """An empty storage."""
    return LocalStorage(tmp_path)


def put(storage: LocalStorage, name: str, data: bytes = b"") -> str:
    """Puts a document into the inbox; its key."""
    key = f"inbox/{NAME}/{name}"
    storage.write(key, data or f"%PDF {name}".encode())
    return key


def ended(storage: LocalStorage, workflow: Workflow, data: bytes, outcome: str, *classes: str) -> RunFolder:
    """A run of a document that ended."""
    run = RunFolder(storage, NAME, document_run_id(sha256(data), workflow))
    error = {"error": classes[0], "message": "why", "classes": list(classes)} if classes else None
    run.write_json("manifest.json", {"outcome": outcome, "error": error, "usage": {"cost_usd": "0"}})
    return run


def names(found: Any) -> list[str]:
    """The names of some documents."""
    return [item.key.rpartition("/")[2] for item in found]


def test_odd_files_do_not_keep_the_others_from_their_runs(
    workflow: Workflow, storage: LocalStorage, tmp_path: Path
) -> None:
    """A name with a backslash and a link out of the storage are named and left; what is no PDF is no document."""
    put(storage, "{{ conn.x.password }}.pdf")
    put(storage, "notes.txt")
    (tmp_path / "inbox" / NAME / "a\\b.pdf").write_bytes(b"%PDF b")
    (tmp_path / "inbox" / NAME / "link.pdf").symlink_to("/etc/hostname")
    scan = scan_inbox(storage, workflow, limit=200)
    assert names(scan.new) == ["{{ conn.x.password }}.pdf"]
    assert sorted(item.key.rpartition("/")[2] for item in scan.left_out) == ["a\\b.pdf", "link.pdf"]
    assert all(item.reason for item in scan.left_out)


def test_the_limit_counts_new_documents_and_the_rest_is_counted(workflow: Workflow, storage: LocalStorage) -> None:
    """A document that had its run, or whose video somebody made by hand, takes no place."""
    for name in "abcd":
        put(storage, f"{name}.pdf", f"%PDF {name}".encode())
    run = RunFolder(storage, NAME, document_run_id(sha256(b"%PDF a"), workflow))
    with run.reporting(workflow.steps[0].name, 1):
        pass
    conf = check_conf(workflow, {"document": "b.pdf"})
    storage.write(ledger_key(workflow, sha256(b"%PDF b"), conf), b'{"run_id": "by hand"}')
    scan = scan_inbox(storage, workflow, limit=1)
    assert (names(scan.new), scan.later, scan.known) == (["c.pdf"], 1, 2)


def test_the_same_bytes_under_two_names_are_one_document(workflow: Workflow, storage: LocalStorage) -> None:
    """One run, under the first name; the copy is counted."""
    put(storage, "one.pdf", b"%PDF same")
    put(storage, "two.pdf", b"%PDF same")
    scan = scan_inbox(storage, workflow, limit=200)
    assert (names(scan.new), scan.same) == (["one.pdf"], 1)


def test_a_mended_file_and_a_new_definition_make_a_new_document(workflow: Workflow, storage: LocalStorage) -> None:
    """The run id is made of both hashes."""
    put(storage, "a.pdf", b"%PDF a")
    ended(storage, workflow, b"%PDF a", "succeeded")
    assert scan_inbox(storage, workflow, limit=200).known == 1
    other = dataclasses.replace(workflow, digest="sha256:" + "0" * 64)
    assert names(scan_inbox(storage, other, limit=200).new) == ["a.pdf"]
    put(storage, "a.pdf", b"%PDF a, mended")
    assert names(scan_inbox(storage, workflow, limit=200).new) == ["a.pdf"]


@pytest.mark.parametrize(
    ("classes", "place"),
    [
        (("EncryptedDocumentError", "DocumentError", "OrchestratorError"), "unfit"),
        (("StorageError", "OrchestratorError"), "failed_before"),
        ((), "failed_before"),
    ],
)
def test_only_the_document_s_own_fault_makes_it_unfit(
    workflow: Workflow, storage: LocalStorage, classes: tuple[str, ...], place: str
) -> None:
    """A run that failed by an outage leaves its document where it is, and the scan says so."""
    put(storage, "a.pdf", b"%PDF a")
    run = ended(storage, workflow, b"%PDF a", "failed", *classes)
    scan = scan_inbox(storage, workflow, limit=200)
    assert not scan.new
    (item,) = getattr(scan, place)
    assert item.run_id == run.run_id


def test_force_starts_every_document_under_an_id_of_its_own(workflow: Workflow, storage: LocalStorage) -> None:
    """Also those that had their run; the time tells one forced scan from the next."""
    put(storage, "a.pdf", b"%PDF a")
    run = ended(storage, workflow, b"%PDF a", "failed", "DamagedDocumentError", "DocumentError")
    (found,) = scan_inbox(storage, workflow, limit=200, force=True, now=datetime(2026, 11, 24, 2, tzinfo=UTC)).new
    assert found.run_id == f"{run.run_id}_20261124T020000"


def test_more_bytes_than_the_workflow_takes_need_no_run_to_find_out(
    workflow: Workflow, storage: LocalStorage, tmp_path: Path
) -> None:
    """The scan itself finds the document unfit, without reading it."""
    put(storage, "big.pdf")
    with (tmp_path / "inbox" / NAME / "big.pdf").open("wb") as file:
        file.truncate(workflow.document.max_bytes + 1)
    (unfit,) = scan_inbox(storage, workflow, limit=200).unfit
    assert unfit.error["error"] == "DocumentLimitError"
    assert isinstance(run_for(storage, workflow, unfit.key), Unfit)


def test_a_file_too_large_to_move_is_named_and_stays(workflow: Workflow, storage: LocalStorage, tmp_path: Path) -> None:
    """Moving it would need its bytes in memory; neither scan nor arrival tries."""
    key = put(storage, "huge.pdf")
    with (tmp_path / key).open("wb") as file:
        file.truncate(500_000_001)
    scan = scan_inbox(storage, workflow, limit=200)
    assert (scan.unfit, names(scan.left_out)) == ((), ["huge.pdf"])
    with pytest.raises(DocumentLimitError):
        run_for(storage, workflow, key)


def test_a_storage_that_does_not_answer_fails_the_scan(workflow: Workflow, tmp_path: Path) -> None:
    """An empty scan would say that there was nothing new."""

    class Away(LocalStorage):
        def size(self, key: str) -> int:
            raise StorageError(f"{key} cannot be read")

    put(Away(tmp_path), "a.pdf")
    with pytest.raises(StorageError):
        scan_inbox(Away(tmp_path), workflow, limit=200)


def test_one_document_is_judged_as_in_a_scan(workflow: Workflow, storage: LocalStorage) -> None:
    """An arrival gets the run id that the scan would give it; a video made by hand is reason enough for none."""
    key = put(storage, "a.pdf", b"%PDF a")
    assert scan_inbox(storage, workflow, limit=1).new == (run_for(storage, workflow, key),)
    assert isinstance(run_for(storage, workflow, key), Found)
    conf = check_conf(workflow, {"document": "a.pdf"})
    storage.write(ledger_key(workflow, sha256(b"%PDF a"), conf), b'{"run_id": "by hand"}')
    assert "'by hand'" in str(run_for(storage, workflow, key))
