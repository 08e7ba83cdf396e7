"""The frames in which charts build up are made with the slides, released with them, and gone when nothing moves any more."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from approval_lab import Studio, desk
from step_lab import work_on

from workflow_orchestrator.definition import load_workflow
from workflow_orchestrator.definition.model import SlideStep, Workflow
from workflow_orchestrator.steps import slide
from workflow_orchestrator.steps.release import MOTION, content_names, content_of
from workflow_orchestrator.steps.work import Work


class Drawing(Studio):
    """Services that draw real slides."""

    def render_slides(self, work: Work, folder: Path) -> Sequence[Path]:
        return slide.render(work, folder)


@pytest.fixture(scope="module")
def workflow(root: Path) -> Workflow:
    """The factsheet workflow."""
    return load_workflow(root / "dags" / "fund_factsheet_video", root / "include")


def test_frames_are_made_with_the_slides_and_gone_with_the_switch(workflow: Workflow, tmp_path: Path) -> None:
    """`motion: build` keeps one file of frames, which the release covers; made again with `motion: none`, the run has none."""
    run = desk(tmp_path / "run", workflow).run
    step = next(step for step in workflow.steps if isinstance(step, SlideStep))
    assert step.motion == "build"
    slide.perform(work_on(run, workflow, step, Drawing()))
    moving = content_of(run)
    assert MOTION in content_names(run)
    (tmp_path / "frames.zip").write_bytes(run.read(MOTION))
    with zipfile.ZipFile(tmp_path / "frames.zip") as archive:
        names = archive.namelist()
    assert names == sorted(names)
    assert names[0] == "build_01_00.png"
    slide.perform(work_on(run, workflow, replace(step, motion="none"), Drawing()))
    assert MOTION not in content_names(run)
    assert run.exists("slides/slide_01.png")
    assert content_of(run) != moving
