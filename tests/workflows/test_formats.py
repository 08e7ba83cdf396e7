"""The formats of slides and video, from the definition to the finished file."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from workflow_orchestrator.definition import load_workflow
from workflow_orchestrator.rendering.mp4 import probe
from workflow_orchestrator.scenarios import load_scenarios, run_scenario

WORKFLOW = "fund_factsheet_video"


@pytest.mark.parametrize(("shape", "size"), [("portrait", (1080, 1920)), ("square", (1080, 1080))])
def test_a_format_reaches_the_finished_video(root: Path, tmp_path: Path, shape: str, size: tuple[int, int]) -> None:
    """The video has the size of the slides and passes every check of the film."""
    shutil.copytree(root / "include", tmp_path / "include", ignore=shutil.ignore_patterns("earnings", "papers"))
    shutil.copytree(root / "dags" / WORKFLOW, tmp_path / "dags" / WORKFLOW)
    path = tmp_path / "dags" / WORKFLOW / "workflow.yaml"
    text = path.read_text(encoding="utf-8")
    assert text.count("{theme: house}") == 1
    path.write_text(text.replace("{theme: house}", f"{{theme: house, format: {shape}}}"), encoding="utf-8")
    workflow = load_workflow(path.parent, tmp_path / "include")
    scenario = next(one for one in load_scenarios(workflow).scenarios if one.name == "demonstration")
    result = run_scenario(workflow, scenario, keep=tmp_path / "storage")
    assert result.failures == ()
    (video,) = (tmp_path / "storage").glob("runs/*/*/video.mp4")
    picture = next(track for track in probe(video).tracks if track.kind == "vide")
    assert (picture.width, picture.height) == size
