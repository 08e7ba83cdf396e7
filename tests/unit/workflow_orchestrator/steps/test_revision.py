"""Edits that were sent back are made whole or not at all, whatever happens in between."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from approval_lab import Desk, desk

from workflow_orchestrator.definition import load_workflow
from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.errors import RenderError, SentBackError, StorageError
from workflow_orchestrator.record import RunFolder
from workflow_orchestrator.record.decisions import history_of, revisions_of
from workflow_orchestrator.steps.approval_form import APPROVE, SEND_BACK
from workflow_orchestrator.steps.release import content_of
from workflow_orchestrator.steps.revision import edits_in_force
from workflow_orchestrator.steps.staging import StagedStorage, staged
from workflow_orchestrator.storage import LocalStorage

SENTENCE = "annualised.sentence_1"
EDIT = "Over five years, the return averaged +10.53% per year."


@pytest.fixture(scope="module")
def workflow(root: Path) -> Workflow:
    """The factsheet workflow."""
    return load_workflow(root / "dags" / "fund_factsheet_video", root / "include")


@pytest.fixture
def edited(tmp_path: Path, workflow: Workflow) -> Desk:
    """A release that was sent back with one edit, which is not made yet."""
    release = desk(tmp_path, workflow)
    with pytest.raises(SentBackError):
        release.answer(SEND_BACK, **{SENTENCE: EDIT})
    return release


def files(run: RunFolder) -> dict[str, bytes]:
    """Everything in the run that a release covers, and what was drawn with it."""
    return {name: run.read(name) for name in run.names("") if not name.startswith(("steps/", "edits"))}


class Failing(LocalStorage):
    """A storage that is gone after so many writes."""

    def __init__(self, root: Path, writes: int) -> None:
        super().__init__(root)
        self.writes = writes

    def write(self, key: str, data: bytes) -> str:
        if self.writes == 0:
            raise StorageError("the storage is gone")
        self.writes -= 1
        return super().write(key, data)


@pytest.mark.parametrize("writes", range(0, 15, 2))
def test_an_attempt_that_is_killed_midway_is_made_up_for(edited: Desk, writes: int) -> None:
    """Whichever write was the last one, the next attempt comes to the same content."""
    root = edited.run.storage.root  # type: ignore[attr-defined]  # a local one
    edited.run = RunFolder(Failing(root, writes), edited.run.workflow, edited.run.run_id)
    with pytest.raises(StorageError):
        edited.ask()
    edited.run = RunFolder(LocalStorage(root), edited.run.workflow, edited.run.run_id)
    question = edited.ask()
    assert question.form[SENTENCE]["value"] == EDIT
    assert question.resume_with["content"] == content_of(edited.run)
    assert edited.run.read("slides.pdf") == edited.run.read("script.json"), "slides of the very script"
    assert [one["state"] for one in revisions_of(edited.run)] == ["applied"]


def test_asking_twice_makes_edits_once(edited: Desk) -> None:
    """The second time nothing is drawn and nothing changes."""
    edited.ask()
    drawn, before = list(edited.services.drawn), files(edited.run)
    edited.ask()
    assert (edited.services.drawn, files(edited.run)) == (drawn, before)


def test_edits_of_a_script_that_was_written_anew_are_dropped(edited: Desk) -> None:
    """Pending or made, they are of other words now, and the record says so."""
    edited.ask()
    edited.refused(SEND_BACK, **{"facts.heading": "Costs"})
    edited.write_again()
    question = edited.ask()
    assert EDIT not in question.body and "Edited by people" not in question.body
    assert [(one["state"], "written anew" in one["why"]) for one in revisions_of(edited.run)] == [("void", True)] * 2
    assert edits_in_force(edited.run) == []
    # Nobody edited the words of now, so that whoever edited others may release these.
    edited.answer(APPROVE, "Kim")
    assert edited.approval()["edits"] == 0 and len(edited.approval()["history"]) == 2


def test_a_script_written_anew_with_the_same_words_takes_the_pending_edits(edited: Desk) -> None:
    """The template writes the same bytes again; what a person typed for them is not lost."""
    edited.write_again()
    assert edited.ask().form[SENTENCE]["value"] == EDIT


def test_slides_that_cannot_be_made_refuse_the_edit(tmp_path: Path, workflow: Workflow) -> None:
    """What does not fit is found before anything is kept."""
    release = desk(tmp_path, workflow)
    release.services.broken = "the heading is too long for its slide"
    before = files(release.run)
    error = release.refused(SEND_BACK, **{SENTENCE: EDIT})
    assert "its slides cannot be made: the heading is too long" in error.message
    release.services.broken = ""
    assert {name: data for name, data in files(release.run).items() if name != "decisions.json"} == before
    assert revisions_of(release.run) == []


def test_slides_that_cannot_be_made_later_leave_the_old_content(edited: Desk) -> None:
    """Another machine lacks a font, say: the edits are void, and the question is about what is there."""
    before = edited.run.read("script.json")
    edited.services.broken = "the fonts lack a glyph"
    question = edited.ask()
    assert edited.run.read("script.json") == before and EDIT not in question.body
    assert revisions_of(edited.run)[0]["why"] == "its slides cannot be made: the fonts lack a glyph"


def test_half_made_content_that_cannot_be_finished_is_an_error(edited: Desk) -> None:
    """The script is the new one already: a question about old slides is never put."""
    draft = edited.run.read_json("edits.json")["revisions"][0]["draft"]
    edited.run.write_json("script.json", draft["script"])
    edited.services.broken = "the fonts lack a glyph"
    with pytest.raises(RenderError, match="glyph"):
        edited.ask()


def test_edits_follow_each_other(edited: Desk) -> None:
    """Two people edit one after the other: both count as editors, and the history has both."""
    edited.refused(SEND_BACK, "Lou", **{"facts.heading": "Costs"})
    edited.ask()
    assert [one["by"] for one in edits_in_force(edited.run)] == ["Kim", "Lou"]
    for editor in ("Kim", "Lou"):
        assert "edited its words" in edited.refused(APPROVE, editor).message
    edited.answer(APPROVE, "Nora")
    assert edited.approval()["edits"] == 2
    assert [one["decision"] for one in history_of(edited.run)].count("sent_back") == 2


def test_the_items_of_a_map_are_edited_apart(tmp_path: Path) -> None:
    """What is staged in an item's folder is written there, and the run around it stays as it is."""
    run = RunFolder(LocalStorage(tmp_path), "w", "r")
    run.write("script.json", b"run")
    item = run.item("each_language", 0)
    over, storage = staged(item)
    assert over.read("script.json") == b"run"
    over.write("script.json", b"item")
    assert (item.read("script.json"), over.read("script.json")) == (b"run", b"item")
    storage.commit()
    assert (item.read("script.json"), run.read("script.json")) == (b"item", b"run")


def test_a_staged_storage_is_read_like_the_real_one(tmp_path: Path) -> None:
    """Written, written over, deleted and listed: as if it were there, and nothing of it is before `commit`."""
    base = LocalStorage(tmp_path)
    for key in ("a/1", "a/2", "b/1"):
        base.write(key, b"old")
    storage: Any = StagedStorage(base)
    storage.write("a/2", b"new")
    storage.write("a/3", b"newer")
    storage.delete("a/1")
    assert list(storage.list("a")) == ["a/2", "a/3"] and list(base.list("a")) == ["a/1", "a/2"]
    assert (storage.exists("a/1"), storage.exists("b/1"), storage.size("a/3"), storage.read("b/1")) == (False, True, 5, b"old")
    with pytest.raises(Exception, match="no file 'a/1'"):
        storage.read("a/1")
    storage.commit()
    assert {key: base.read(key) for key in base.list("a")} == {"a/2": b"new", "a/3": b"newer"}
