"""`batch`: a folder or a list of documents, one outcome for each, one summary, and a wrong list that starts nothing."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from authoring_sample import NAME, Said, runner

from workflow_orchestrator.authoring.batch import documents_of
from workflow_orchestrator.authoring.exits import UsageError
from workflow_orchestrator.authoring.project import Project

SAMPLE = f"dags/{NAME}/sample.pdf"


@pytest.fixture
def folder(savings: Project, tmp_path: Path) -> Path:
    """A good document, the same under another name, and one that is no PDF."""
    made = tmp_path / "documents"
    made.mkdir()
    for name in ("a.pdf", "copy of a.pdf"):
        shutil.copyfile(savings.root / SAMPLE, made / name)
    (made / "bad.pdf").write_text("hello", encoding="utf-8")
    return made


@pytest.fixture
def batch(savings: Project, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Said]:
    """Runs the folder in the demo profile; results go to `out` below the test's own folder."""
    monkeypatch.setenv("GENAI_PLATFORM_PROFILE", "demo")
    command = runner(savings, cwd=tmp_path)

    def start(*more: str, documents: str = "documents") -> Said:
        return command("batch", NAME, documents, "--out", "out", *more)

    return start


def test_each_document_has_an_outcome_and_starting_it_again_goes_on(
    batch: Callable[..., Said], folder: Path, tmp_path: Path
) -> None:
    """One failure fails neither the others nor hides; what has its video is not made again, and a mended file is."""
    first = batch("--approve-as", "Kim", "--json")
    told = first.json()
    assert first.code == 1
    assert told["counts"] == {"finished": 1, "failed": 1} and told["copies"] == 1
    outcomes = {Path(item["document"]).name: (item["standing"], item["error"]) for item in told["documents"]}
    assert outcomes["a.pdf"] == ("finished", None) and outcomes["bad.pdf"][1]["error"] == "NotAPdfError"
    assert (tmp_path / "out" / "a" / "video.mp4").is_file()
    assert json.loads((tmp_path / "out" / "batch.json").read_text())["counts"] == told["counts"]
    rows = list(csv.DictReader((tmp_path / "out" / "batch.csv").open(encoding="utf-8")))
    assert [row["outcome"] for row in rows] == ["finished", "failed"]
    (folder / "bad.pdf").unlink()
    again = batch("--approve-as", "Kim")
    assert again.code == 0, again.out
    assert "1 document: 1 had its video before" in again.out


def test_without_a_person_every_document_waits(batch: Callable[..., Said], folder: Path, tmp_path: Path) -> None:
    """Exit code 3; each has its slides to look at, and no video."""
    (folder / "bad.pdf").unlink()
    said = batch()
    assert said.code == 3, said.out
    assert "1 document: 1 waits for a person" in said.out and "(release)" in said.out
    assert (tmp_path / "out" / "a" / "slides.pdf").is_file() and not (tmp_path / "out" / "a" / "video.mp4").exists()


def test_everything_that_is_wrong_with_a_list_is_told_before_anything_starts(
    batch: Callable[..., Said], folder: Path, tmp_path: Path
) -> None:
    """Each line with its number; nothing is made."""
    listed = folder / "list.txt"
    listed.write_text("# October\na.pdf\n\nb.pdf\nnowhere/c.pdf\n", encoding="utf-8")
    said = batch(documents="documents/list.txt")
    assert said.code == 2
    assert "list.txt has 2 wrong lines, and nothing was started" in said.err
    assert "list.txt:4: there is no file b.pdf" in said.err and "list.txt:5: there is no file nowhere/c.pdf" in said.err
    assert not (tmp_path / "out").exists()
    listed.write_text("bad.pdf\na.pdf\nbad.pdf\n", encoding="utf-8")
    assert documents_of(listed) == (folder / "bad.pdf", folder / "a.pdf")


def test_wrong_use_is_refused(batch: Callable[..., Said], folder: Path, tmp_path: Path) -> None:
    """A document instead of a list, an empty folder, parameters that no run takes, and a folder that is no batch."""
    for source in (folder / "a.pdf", tmp_path / "nothing"):
        with pytest.raises(UsageError):
            documents_of(source)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="no PDF"):
        documents_of(tmp_path / "empty")
    assert batch("--set", "audience=everyone").code == 2
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine", encoding="utf-8")
    said = batch()
    assert said.code == 2 and "is no batch" in said.err
    (tmp_path / "out" / "batch.json").write_text('{"workflow": "other"}', encoding="utf-8")
    assert "is a batch of other" in batch().err
