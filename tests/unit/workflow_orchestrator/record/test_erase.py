"""Erasing takes away everything of a document, a run or a name, leaves the rest, and looks whether it did."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from moto_here import s3_storage
from workflow_orchestrator.authoring.cli import main
from workflow_orchestrator.canonical import sha256, to_bytes
from workflow_orchestrator.errors import DocumentNotFoundError
from workflow_orchestrator.record.erase import ERASURES, FOLDERS, erase, plan_erasure
from workflow_orchestrator.storage import LocalStorage, Storage

ROOT = Path(__file__).resolve().parents[4]
SAMPLES = ROOT / "include" / "samples"
GONE = (SAMPLES / "aldermoor_global_equity_en.pdf").read_bytes()
KEPT = (SAMPLES / "calderwick_sterling_corporate_bond_en.pdf").read_bytes()


@pytest.fixture(scope="module")
def s3(aws_address: str) -> Iterator[Storage]:
    """A bucket on moto's S3 server."""
    with s3_storage(aws_address, "aws_erase", "bucket-of-erasures") as storage:
        yield storage


@pytest.fixture(params=["folder", "s3"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    """Two documents with two and one runs, and everything that the platform keeps of them."""
    found: Storage = LocalStorage(tmp_path / "storage") if request.param == "folder" else request.getfixturevalue("s3")
    for folder in (*FOLDERS, ERASURES):
        for key in list(found.list(folder)):
            found.delete(key)
    return filled(found)


def filled(storage: Storage) -> Storage:
    storage.write("inbox/w/gone.pdf", GONE)
    storage.write("inbox/w/kept.pdf", KEPT)
    storage.write("quarantine/w/gone.pdf", GONE)
    storage.write("quarantine/w/gone.pdf.reason.json", to_bytes({"sha256": sha256(GONE)}))
    for key in ("runs/w_nightly/n1/summary.json", "runs/w_batch/b1/summary.csv", "nightly/w/n1.md", "batch/w/b1.json"):
        storage.write(key, to_bytes({"documents": [{"run_id": "run one"}]}))
    runs = (("run one", "run-one-1", "gone.pdf", GONE), ("two", "two", "gone.pdf", GONE), ("three", "three", "kept.pdf", KEPT))
    for run_id, key, name, data in runs:
        root = f"runs/w/{key}"
        source = {"name": name, "key": f"inbox/w/{name}", "sha256": sha256(data)}
        call = {"provider": "openai_compatible", "request_id": f"req-{key}", "attempts": []}
        storage.write(f"{root}/source.pdf", data)
        storage.write(f"{root}/request.json", to_bytes({"source": source, "ledger": f"ledger/w/{key}.json"}))
        storage.write(f"{root}/steps/extract.json", to_bytes({"step": "extract", "attempts": [{"calls": [call]}]}))
        storage.write(f"{root}/manifest.json", to_bytes({"run": {"id": run_id}}))
        storage.write(f"{root}/script.json", to_bytes({"words": f"Managed by {'Zoë  Ünal' if data is GONE else 'others'}"}))
        storage.write(f"ledger/w/{key}.json", to_bytes({"run_id": run_id, "video": ""}))
        storage.write(f"releases/w/abc/2026-10-31_{key}.json", to_bytes({"run_id": run_id, "run": run_id}))
        storage.write(f"journal/{key}.json", to_bytes({"body": json.dumps({"request_id": f"req-{key}"})}))
    return storage


def keys(storage: Storage) -> set[str]:
    return {key for folder in FOLDERS for key in storage.list(folder)}


@pytest.mark.parametrize("given", ["gone.pdf", "inbox/w/gone.pdf", sha256(GONE)])
def test_a_document_goes_with_all_that_was_made_of_it(storage: Storage, given: str) -> None:
    """Both runs, both copies, the reason, ledger, releases, answers and the night's page go; the other document keeps all of its own."""
    plan = plan_erasure(storage, "document", given)
    report = erase(storage, plan, by="jd", why="request of 2026-11-01")
    assert report["proven"] and report["left"] == [] and report["runs"] == 2
    assert {item.sha256 for item in plan.files} >= {sha256(GONE)}
    left = keys(storage)
    assert left == {
        "inbox/w/kept.pdf", "ledger/w/three.json", "releases/w/abc/2026-10-31_three.json", "journal/three.json",
        *(f"runs/w/three/{name}" for name in ("source.pdf", "request.json", "steps/extract.json", "manifest.json", "script.json")),
    }  # fmt: skip


def test_a_run_goes_alone(storage: Storage) -> None:
    """The document and its other run stay, and the proof does not ask for more than the run."""
    report = erase(storage, plan_erasure(storage, "run", "run one"), by="jd", why="w")
    assert report["proven"]
    assert not any("run-one" in key for key in keys(storage))
    assert {"inbox/w/gone.pdf", "runs/w/two/source.pdf", "ledger/w/two.json"} <= keys(storage)


def test_words_of_somebody_are_found_whatever_case_gap_and_escape(storage: Storage) -> None:
    """A name in a file of a run leads to its document; afterwards no file holds it."""
    report = erase(storage, plan_erasure(storage, "words", "zoë ünal"), by="jd", why="w")
    assert report["proven"] and report["documents"] == 1
    assert "inbox/w/gone.pdf" not in keys(storage) and "inbox/w/kept.pdf" in keys(storage)


def test_the_record_says_who_when_and_why_and_names_nothing(storage: Storage) -> None:
    """It has hashes in place of every name, and a later search does not trip over it."""
    report = erase(storage, plan_erasure(storage, "words", "Zoë Ünal"), by="jd", why="article 17")
    record = storage.read(report["record"]).decode()
    assert json.loads(record)["by"] == "jd" and json.loads(record)["why"] == "article 17"
    assert not any(word in record for word in ("Zo", "gone.pdf", "run one", "run-one"))
    with pytest.raises(DocumentNotFoundError, match="nothing in"):
        plan_erasure(storage, "words", "Zoë Ünal")


def test_what_comes_back_while_it_is_erased_is_told(storage: Storage) -> None:
    """A file that a run at work writes again is found by the search, and the report does not say proven."""
    plan = plan_erasure(storage, "document", "gone.pdf")
    storage.write("runs/w/late/note.json", to_bytes({"of": sha256(GONE)}))
    report = erase(storage, plan, by="jd", why="w")
    assert not report["proven"] and report["left"] == ["runs/w/late/note.json"]


def test_the_command_asks_before_it_removes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dry run and a question that nobody answers remove nothing; --yes removes, and a reason is needed."""
    monkeypatch.setenv("GENAI_PLATFORM_STORAGE", str(tmp_path / "storage"))
    storage = filled(LocalStorage(tmp_path / "storage"))
    before = keys(storage)

    def told(*arguments: str) -> tuple[int, str]:
        out = io.StringIO()
        code = main(["erase", "document", "gone.pdf", *arguments], out=out, err=io.StringIO(), stdin=io.StringIO())
        return code, out.getvalue()

    code, text = told("--dry-run", "--json")
    assert code == 0 and len(json.loads(text)["files"]) == len(before) - 9
    assert told("--yes")[0] == 2
    assert told("--why", "asked")[0] == 3
    assert keys(storage) == before
    code, text = told("--why", "asked", "--by", "jd", "--yes", "--json")
    assert code == 0 and json.loads(text)["proven"]
    assert not (tmp_path / "storage" / "runs" / "w" / "two").exists()
