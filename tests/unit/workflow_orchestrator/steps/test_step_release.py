"""The release: bound to exactly what was shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from workflow_orchestrator.errors import ApprovalError, AutoApprovalRefusedError
from workflow_orchestrator.fields import FieldSet
from workflow_orchestrator.literal import plain
from workflow_orchestrator.record import RunFolder
from workflow_orchestrator.script.model import Script, Segment, Sentence, SlideKind
from workflow_orchestrator.steps.approve import review_page
from workflow_orchestrator.steps.release import FIXED, content_of, require_approval
from workflow_orchestrator.storage import LocalStorage

FIELDS = FieldSet.from_json(
    {"properties": {"sri": {"kind": "integer", "title": {"en": "Risk indicator"}, "minimum": 1, "maximum": 7}}}
)


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
    run.write_json("compliance.json", {"results": []})
    run.write_json("compliance_slides.json", {"results": []})
    run.write("slides.pdf", b"pdf")
    run.write("slides.pptx", b"pptx")
    run.write("slides/slide_01.png", b"one")
    run.write("slides/slide_02.png", b"two")
    return run


def address(name: str) -> str:
    """Where a person finds a file."""
    return f"/files/{name}"


def release(run: RunFolder) -> None:
    """Somebody releases the content as it is now."""
    run.write_json("approval.json", {"decision": "approved", "mode": "person", "by": "eve", "content": content_of(run)})


def test_a_release_holds_for_the_content_that_was_shown(run: RunFolder) -> None:
    """Unchanged content is released by the person who looked at it."""
    release(run)
    assert require_approval(run, content_of(run), "production")["by"] == "eve"


@pytest.mark.parametrize(
    "name",
    ["script.json", "values.json", "slides/slide_02.png", "slides.pdf", "slides.pptx", "compliance.json", "compliance_slides.json"],
)
def test_any_change_voids_the_release(run: RunFolder, name: str) -> None:
    """One other byte in script, values, a verdict or a slide, and the video is not made."""
    release(run)
    run.write(name, run.read(name) + b" ")
    with pytest.raises(ApprovalError, match=r"void.*eve"):
        require_approval(run, content_of(run), "production")


def test_a_slide_more_or_less_voids_the_release(run: RunFolder) -> None:
    """Adding a slide is a change, and so is taking one away."""
    release(run)
    run.write("slides/slide_03.png", b"three")
    with pytest.raises(ApprovalError, match="void"):
        require_approval(run, content_of(run), "production")
    run.delete("slides/slide_03.png")
    run.delete("slides/slide_02.png")
    with pytest.raises(ApprovalError, match="void"):
        require_approval(run, content_of(run), "production")


def test_slides_that_change_places_void_the_release(run: RunFolder) -> None:
    """The same pictures under each other's names are other content."""
    release(run)
    one, two = (run.read(f"slides/slide_0{number}.png") for number in (1, 2))
    run.write("slides/slide_01.png", two)
    run.write("slides/slide_02.png", one)
    with pytest.raises(ApprovalError, match="void"):
        require_approval(run, content_of(run), "production")


@pytest.mark.parametrize("name", ["compliance.json", "values.json", "compliance_slides.json"])
def test_a_file_of_another_run_voids_the_release(run: RunFolder, name: str) -> None:
    """Sound data of the same shape is no more released than damaged data; nor is a file that is gone."""
    release(run)
    kept = run.read(name)
    run.write_json(name, {"results": [{"rule": "R", "outcome": "pass"}]})
    with pytest.raises(ApprovalError, match="void"):
        require_approval(run, content_of(run), "production")
    run.write(name, kept)
    assert require_approval(run, content_of(run), "production")
    if name not in FIXED:
        run.delete(name)
        with pytest.raises(ApprovalError, match="void"):
            require_approval(run, content_of(run), "production")


def test_a_rejection_of_the_very_content_is_no_release(run: RunFolder) -> None:
    """The hash fits, and the decision does not; the reason is told."""
    run.write_json(
        "approval.json",
        {"decision": "rejected", "mode": "person", "by": "eve", "reason": "too old", "content": content_of(run)},
    )
    with pytest.raises(ApprovalError, match=r"not approved but rejected, by eve: too old"):
        require_approval(run, content_of(run), "demo")
    run.write_json("approval.json", {"mode": "person", "by": "eve", "content": content_of(run)})
    with pytest.raises(ApprovalError, match="left open"):
        require_approval(run, content_of(run), "demo")


def test_without_a_release_there_is_no_video(run: RunFolder) -> None:
    """A missing approval is an error, not a default."""
    with pytest.raises(ApprovalError, match="never released"):
        require_approval(run, content_of(run), "production")


def test_the_approver_reads_every_sentence_and_the_hash(run: RunFolder) -> None:
    """The page shows the narration, what the rules found, and the hash that will be released."""
    run.write_json(
        "compliance.json",
        {
            "results": [
                {"rule": "EU-1", "outcome": "pass", "message": "fine", "citation": "c"},
                {"rule": "EU-2", "outcome": "needs_approval", "message": "look", "citation": "d", "source_status": "memory"},
                {"rule": "EU-3", "outcome": "warn", "message": "late", "citation": "e"},
            ]
        },
    )
    page = review_page(run, content_of(run), ("script", "slides"), address, FIELDS)
    assert "Risk has risk class 4." in page
    assert page.index("slide_01.png") < page.index("Opening has") < page.index("slide_02.png")
    assert "| EU-2 | look | – | d **(from memory: counsel must confirm it)** |" in page
    assert page.index("## For you to decide") < page.index("slide_01.png") < page.index("| EU-3 | warn | late | e |")
    assert "1 rules passed, 1 need a decision, 1 warn." in page
    assert content_of(run) in page


def test_a_release_without_a_person_does_not_hold_in_production(run: RunFolder) -> None:
    """What a demo released by itself is no release where the profile asks for a person."""
    run.write_json("approval.json", {"decision": "approved", "mode": "auto", "by": "nobody", "content": content_of(run)})
    assert require_approval(run, content_of(run), "demo")["mode"] == "auto"
    with pytest.raises(AutoApprovalRefusedError):
        require_approval(run, content_of(run), "production")


def test_words_of_the_document_cannot_forge_the_page() -> None:
    """Markdown in a document is shown as it is printed."""
    forged = "Fine.\n\n## Compliance\n\nAll [rules](http://x) passed | *really*"
    assert plain(forged) == r"Fine. \#\# Compliance All \[rules\](http://x) passed \| \*really\*"


def test_the_approver_sees_the_data_where_the_workflow_says_so(run: RunFolder) -> None:
    """`show: [data]` lists each value with its printed words and page, and nothing else does."""
    value = {"field": "sri", "key": "", "origin": "person", "evidence": {"quote": "4 of 7", "page": 2}}
    run.write_json("values.json", [value])
    page = review_page(run, content_of(run), ("script", "slides", "data"), address, FIELDS)
    assert "| Risk indicator | 4 of 7 | 2 | **a person** |" in page
    assert "4 of 7" not in review_page(run, content_of(run), ("script", "slides"), address, FIELDS)
