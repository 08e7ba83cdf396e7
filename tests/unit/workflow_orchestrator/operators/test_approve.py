"""The release: bound to exactly what was shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from workflow_orchestrator.errors import ApprovalError
from workflow_orchestrator.operators.approve import content_hash, require_approval, review_page
from workflow_orchestrator.record import RunFolder
from workflow_orchestrator.script.model import Script, Segment, Sentence, SlideKind
from workflow_orchestrator.storage import LocalStorage

pytestmark = pytest.mark.airflow


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """A run whose script and slides are ready."""
    run = RunFolder(LocalStorage(tmp_path), "w", "r")
    segments = tuple(
        Segment(name, SlideKind.TITLE, name, (Sentence(f"{name} has risk class 4.", f"{name} has risk class four."),))
        for name in ("Opening", "Risk")
    )
    script = Script("en", "Fund", "Fund", "Kicker", "Footer", "Source", segments)
    run.write_json("script.json", script.to_json())
    run.write_json("values.json", [])
    run.write("slides/slide_01.png", b"one")
    run.write("slides/slide_02.png", b"two")
    return run


def release(run: RunFolder) -> None:
    """Somebody releases the content as it is now."""
    run.write_json("approval.json", {"decision": "approved", "mode": "person", "by": "eve", "content": content_hash(run)})


def test_a_release_holds_for_the_content_that_was_shown(run: RunFolder) -> None:
    """Unchanged content is released by the person who looked at it."""
    release(run)
    assert require_approval(run)["by"] == "eve"


@pytest.mark.parametrize("name", ["script.json", "values.json", "slides/slide_02.png"])
def test_any_change_voids_the_release(run: RunFolder, name: str) -> None:
    """One other byte in script, values or a slide, and the video is not made."""
    release(run)
    run.write(name, run.read(name) + b" ")
    with pytest.raises(ApprovalError, match=r"void.*eve"):
        require_approval(run)


def test_a_slide_more_or_less_voids_the_release(run: RunFolder) -> None:
    """Adding a slide is a change, and so is taking one away."""
    release(run)
    run.write("slides/slide_03.png", b"three")
    with pytest.raises(ApprovalError, match="void"):
        require_approval(run)
    run.storage.delete(run.key("slides/slide_03.png"))
    run.storage.delete(run.key("slides/slide_02.png"))
    with pytest.raises(ApprovalError, match="void"):
        require_approval(run)


def test_without_a_release_there_is_no_video(run: RunFolder) -> None:
    """A missing approval is an error, not a default."""
    with pytest.raises(ApprovalError, match="never released"):
        require_approval(run)


def test_the_approver_reads_every_sentence_and_the_hash(run: RunFolder) -> None:
    """The page shows the narration, what the rules found, and the hash that will be released."""
    run.write_json(
        "compliance.json",
        {
            "results": [
                {"rule": "EU-1", "outcome": "pass", "message": "fine", "citation": "c"},
                {"rule": "EU-2", "outcome": "needs_approval", "message": "look", "citation": "d"},
            ]
        },
    )
    page = review_page(run, content_hash(run))
    assert "Risk has risk class 4." in page
    assert page.index("slide_01.png") < page.index("Opening has") < page.index("slide_02.png")
    assert "| EU-2 | needs_approval | look | d |" in page
    assert "1 rules passed, 1 need a look." in page
    assert content_hash(run) in page
