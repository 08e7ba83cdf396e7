"""A batch: which documents a list means, which run each has, and that a wrong list is refused as a whole with all that is wrong in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from workflow_orchestrator.canonical import sha256, to_bytes
from workflow_orchestrator.definition import check_conf, load_workflow
from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.errors import BatchError, StorageError
from workflow_orchestrator.inbox import batch as batches
from workflow_orchestrator.inbox import check_batch, plan_batch, scan_inbox
from workflow_orchestrator.record import RunFolder
from workflow_orchestrator.steps.request import document_run_id, ledger_key
from workflow_orchestrator.storage import LocalStorage

NAME = "earnings_report_video"


@pytest.fixture(scope="module")
def workflow(root: Path) -> Workflow:
    """A shipped workflow."""
    return load_workflow(root / "dags" / NAME, root / "include")


@pytest.fixture
def storage(tmp_path: Path) -> LocalStorage:
    """Two documents in a folder of the inbox, one above it, and a note that is no document."""
    found = LocalStorage(tmp_path)
    for name in ("2026-10/a.pdf", "2026-10/b.pdf", "c.pdf"):
        put(found, name)
    put(found, "2026-10/notes.txt")
    return found


def put(storage: LocalStorage, name: str, data: bytes = b"") -> str:
    """Puts a document into the inbox; its key."""
    key = f"inbox/{NAME}/{name}"
    storage.write(key, data or f"%PDF {name}".encode())
    return key


def ended(storage: LocalStorage, run_id: str, outcome: str) -> None:
    """A run that ended."""
    error = None if outcome == "succeeded" else {"error": "StorageError", "message": "away", "classes": ["StorageError"]}
    RunFolder(storage, NAME, run_id).write_json(
        "manifest.json", {"outcome": outcome, "error": error, "usage": {"cost_usd": "0"}}
    )


def names(found: Any) -> list[str]:
    """The names of some documents."""
    return [item.key.removeprefix(f"inbox/{NAME}/") for item in found]


def test_a_list_means_names_uris_and_folders(workflow: Workflow, storage: LocalStorage) -> None:
    """In its order, each document once; a folder is all its PDFs, and the inbox itself is one."""
    batch = plan_batch(storage, workflow, ["c.pdf", "2026-10/", f"{storage.uri}/inbox/{NAME}/c.pdf"], {})
    assert names(batch.runs) == ["c.pdf", "2026-10/a.pdf", "2026-10/b.pdf"]
    assert batch.same == 0
    whole = plan_batch(storage, workflow, [f"inbox/{NAME}/"], {})
    assert set(names(whole.runs)) == set(names(batch.runs))


def test_the_same_bytes_under_two_names_have_one_run(workflow: Workflow, storage: LocalStorage) -> None:
    """The other name is counted as a copy."""
    put(storage, "copy of c.pdf", b"%PDF c.pdf")
    batch = plan_batch(storage, workflow, ["c.pdf", "copy of c.pdf"], {})
    assert (names(batch.runs), batch.same) == (["c.pdf"], 1)


def test_everything_that_is_wrong_with_a_list_is_told_at_once(workflow: Workflow, storage: LocalStorage) -> None:
    """A misspelt name, an empty folder, a place outside the storage and one that climbs out, each with its reason."""
    wrong = ["c.pfd", "2026-11/", "file:///etc/passwd", "../../secret.pdf"]
    with pytest.raises(BatchError) as refused:
        plan_batch(storage, workflow, ["c.pdf", *wrong], {})
    assert [name for name, _ in refused.value.details["problems"]] == wrong
    assert "has 4 problems, and nothing was started" in refused.value.message
    assert "did you mean 'c.pdf'?" in refused.value.message
    assert not refused.value.retryable


@pytest.mark.parametrize(
    ("conf", "says"),
    [
        ({}, "give a list"),
        ({"documents": "a.pdf"}, "give a list"),
        ({"documents": ["a.pdf", " "]}, "give a list"),
        ({"documents": [1]}, "give a list"),
        ({"documents": ["a.pdf"], "document": "b.pdf"}, "a batch takes documents"),
        ({"documents": ["a.pdf"], "langauge": "de"}, "did you mean 'language'?"),
        ({"documents": ["a.pdf"], "jurisdictions": ["mars"]}, "allowed are us, eu, uk"),
    ],
)
def test_a_wrong_conf_is_refused_before_any_document_is_looked_at(
    workflow: Workflow, conf: dict[str, Any], says: str
) -> None:
    """With the words that a single run is refused with."""
    with pytest.raises(BatchError, match="nothing was started") as refused:
        check_batch(workflow, conf)
    assert says in refused.value.message


def test_a_batch_gives_the_parameters_to_each_run(workflow: Workflow) -> None:
    """Everything but the list."""
    asked = {"documents": [" a.pdf "], "language": "de", "approval": "auto"}
    assert check_batch(workflow, asked) == (("a.pdf",), {"language": "de", "approval": "auto"})


def test_under_default_parameters_a_document_has_the_run_of_the_scan(workflow: Workflow, storage: LocalStorage) -> None:
    """So a night after a batch starts nothing twice; other parameters make another video, and always the same run for the same ones."""
    scanned = {found.key: found.run_id for found in scan_inbox(storage, workflow, limit=10).new}
    batch = plan_batch(storage, workflow, ["2026-10/"], {"approval": "auto", "jurisdictions": ["us"]})
    assert all(scanned[found.key] == found.run_id for found in batch.runs)
    german = [plan_batch(storage, workflow, ["c.pdf"], {"language": "de"}).runs[0].run_id for _ in range(2)]
    assert german[0] == german[1] != scanned[f"inbox/{NAME}/c.pdf"]


def test_a_video_that_is_there_is_not_made_again(workflow: Workflow, storage: LocalStorage) -> None:
    """Whether the document's own run made it or one that somebody started by hand; Airflow need not know the run any more."""
    by_scan, by_hand = sha256(b"%PDF c.pdf"), sha256(b"%PDF 2026-10/a.pdf")
    ended(storage, document_run_id(by_scan, workflow), "succeeded")
    ended(storage, "by-hand", "succeeded")
    conf = check_conf(workflow, {"document": "2026-10/a.pdf"})
    storage.write(ledger_key(workflow, by_hand, conf), to_bytes({"run_id": "by-hand"}))
    batch = plan_batch(storage, workflow, ["c.pdf", "2026-10/"], {})
    assert names(batch.runs) == ["2026-10/b.pdf"]
    assert {(item.name, item.run_id, item.standing) for item in batch.had} == {
        ("c.pdf", document_run_id(by_scan, workflow), "had_before"), ("a.pdf", "by-hand", "had_before"),
    }  # fmt: skip


def test_a_run_that_failed_or_waits_is_followed_and_not_started_a_second_time(
    workflow: Workflow, storage: LocalStorage
) -> None:
    """A batch that is started again says how each document stands."""
    run_id = document_run_id(sha256(b"%PDF c.pdf"), workflow)
    ended(storage, run_id, "failed")
    assert [found.run_id for found in plan_batch(storage, workflow, ["c.pdf"], {}).runs] == [run_id]


def test_a_forced_batch_makes_every_video_again_once(workflow: Workflow, storage: LocalStorage) -> None:
    """Each try of the batch names the same runs, another batch names others."""
    run_id = document_run_id(sha256(b"%PDF c.pdf"), workflow)
    ended(storage, run_id, "succeeded")
    first, again, other = (plan_batch(storage, workflow, ["c.pdf"], {}, mark=mark).runs for mark in ("one", "one", "two"))
    assert first == again != other
    assert first[0].run_id == f"{run_id}_one"


def test_a_name_in_quarantine_is_told_and_holds_nobody_up(workflow: Workflow, storage: LocalStorage) -> None:
    """A batch that put it there can be started again; a mended file of that name is a document."""
    storage.write(f"quarantine/{NAME}/bad.pdf", b"MZ")
    batch = plan_batch(storage, workflow, ["bad.pdf", "c.pdf"], {})
    assert names(batch.runs) == ["c.pdf"]
    assert batch.aside[0][0] == "bad.pdf" and f"quarantine/{NAME}/bad.pdf" in batch.aside[0][1]
    put(storage, "bad.pdf")
    assert plan_batch(storage, workflow, ["bad.pdf"], {}).aside == ()


def test_what_no_run_can_use_is_no_mistake_of_the_list(
    workflow: Workflow, storage: LocalStorage, tmp_path: Path
) -> None:
    """A document over the workflow's limit is unfit, as in a scan."""
    with (tmp_path / put(storage, "big.pdf")).open("wb") as file:
        file.truncate(workflow.document.max_bytes + 1)
    batch = plan_batch(storage, workflow, ["big.pdf", "c.pdf"], {})
    assert (names(batch.unfit), names(batch.runs)) == (["big.pdf"], ["c.pdf"])


def test_a_batch_is_bounded(workflow: Workflow, storage: LocalStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Airflow maps a task over so many items and no more; a longer list is refused before it is read."""
    monkeypatch.setattr(batches, "LARGEST", 2)
    with pytest.raises(BatchError, match="3 documents are more than the 2 of one batch"):
        plan_batch(storage, workflow, [f"inbox/{NAME}/"], {})


def test_an_outage_is_no_mistake_of_the_list(
    workflow: Workflow, storage: LocalStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It passes, so that the task is tried again."""

    def away(self: LocalStorage, key: str) -> bytes:
        raise StorageError("away")

    monkeypatch.setattr(LocalStorage, "read", away)
    with pytest.raises(StorageError):
        plan_batch(storage, workflow, ["c.pdf"], {})
