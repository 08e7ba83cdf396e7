"""A wait in the definition: for a parameter that there is, and that can hold a time."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from workflow_orchestrator.definition import load_workflow
from workflow_orchestrator.definition.model import WaitStep
from workflow_orchestrator.errors import DefinitionError


def with_wait(root: Path, place: Path, until: str) -> Path:
    """A copy of the shipped workflow that waits for a parameter before its video."""
    folder = place / "fund_factsheet_video"
    shutil.copytree(root / "dags" / "fund_factsheet_video", folder)
    path = folder / "workflow.yaml"
    text = path.read_text(encoding="utf-8")
    text = text.replace("  start_video_generation:\n", f"  hold:\n    wait: {{until: {until}}}\n  start_video_generation:\n")
    text = text.replace("output: [", "    public_from: {title: Public from, type: string, default: \"\"}\noutput: [")
    path.write_text(text, encoding="utf-8")
    return folder


def test_a_wait_names_its_parameter(root: Path, tmp_path: Path) -> None:
    """It makes nothing and needs nothing, and stands where the author puts it."""
    workflow = load_workflow(with_wait(root, tmp_path, "public_from"), root / "include")
    step = workflow.step("hold")
    assert isinstance(step, WaitStep)
    assert step.until == "public_from"


@pytest.mark.parametrize(
    ("until", "words"),
    [
        ("public_form", "WF052 steps.hold.wait.until: there is no parameter 'public_form'; did you mean 'public_from'?"),
        ("audience", "WF052 steps.hold.wait.until: the parameter 'audience' holds no time"),
        ("jurisdictions", "WF052 steps.hold.wait.until: the parameter 'jurisdictions' holds no time"),
        ("force", "WF052 steps.hold.wait.until: the parameter 'force' holds no time"),
    ],
)
def test_what_can_hold_no_time_is_named(root: Path, tmp_path: Path, until: str, words: str) -> None:
    """A list, a choice and a parameter that is not there."""
    with pytest.raises(DefinitionError) as caught:
        load_workflow(with_wait(root, tmp_path, until), root / "include")
    assert words in str(caught.value)
