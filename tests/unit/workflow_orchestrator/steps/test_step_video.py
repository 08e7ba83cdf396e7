"""What the video step hands on: voice and provider of the platform's file, and the lexicon of the run's own definition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from PIL import Image
from step_lab import Bench, opened, work_on

from workflow_orchestrator.compliance import ComplianceReport
from workflow_orchestrator.definition import load_workflow
from workflow_orchestrator.definition.model import VideoStep, Workflow
from workflow_orchestrator.errors import ConfigurationError, DefinitionError
from workflow_orchestrator.record import RunFolder
from workflow_orchestrator.rendering import VideoJob
from workflow_orchestrator.script.model import Script, Segment, Sentence, SlideKind
from workflow_orchestrator.steps import video
from workflow_orchestrator.steps.release import content_of

NAME = "fund_factsheet_video"
RENDERING = """format: 1
voices:
  warm: {any: {offline: {prefer: [espeak]}}}
video_providers:
  avatar: {http_avatar: {vendor: heygen, connection: heygen, avatar: anna}}
"""


class Handed(Exception):
    """The job was handed over."""


@dataclass
class Taker(Bench):
    """Services that keep the job that a step hands over."""

    jobs: list[tuple[str, VideoJob]] = field(default_factory=list)

    def make_video(self, provider: str, job: VideoJob, key: str, folder: Path) -> Sequence[Path]:
        self.jobs.append((provider, job))
        raise Handed


@pytest.fixture
def workflow(root: Path, tmp_path: Path) -> Workflow:
    """The shipped workflow with a lexicon, on a platform with a voice and a provider of its own."""
    shipped = load_workflow(root / "dags" / NAME, root / "include")
    platform, own = tmp_path / "platform", tmp_path / "own"
    (own / "prompts" / NAME).mkdir(parents=True)
    platform.mkdir()
    (own / "prompts" / NAME / "pronunciation.en.yaml").write_text("format: 1\nwords:\n  UCITS: {say: you sits}\n")
    (platform / "rendering.yaml").write_text(RENDERING)
    (platform / "orchestrator.yaml").write_bytes((root / "include" / "orchestrator.yaml").read_bytes())
    return replace(shipped, include=own, home=platform)


def released(place: Path, workflow: Workflow) -> RunFolder:
    """A run whose slide was released."""
    run = opened(place, workflow)
    script = Script(
        "en", "Fund", "Fund", "", "", "", (Segment("a", SlideKind.TEXT, "A", (Sentence("UCITS.", "UCITS."),)),)
    )
    run.write_json("script.json", script.to_json())
    run.write_json("values.json", [])
    for name in ("compliance.json", "compliance_slides.json"):
        run.write_json(name, ComplianceReport(()).to_json())
    run.write("slides.pdf", b"pdf")
    run.write("slides.pptx", b"pptx")
    Image.new("RGB", (1920, 1080), "navy").save(place / "1.png")
    run.put_file("slides/slide_01.png", place / "1.png")
    run.write_json(
        "approval.json", {"decision": "approved", "mode": "person", "by": "eve", "at": "1", "content": content_of(run)}
    )
    return run


def handed(place: Path, workflow: Workflow, provider: str, voice: str) -> tuple[str, VideoJob]:
    """What the step hands over."""
    step = next(step for step in workflow.steps if isinstance(step, VideoStep))
    taker = Taker()
    with pytest.raises(Handed):
        video.perform(
            work_on(released(place, workflow), workflow, replace(step, provider=provider, voice=voice), taker)
        )
    return taker.jobs[0]


def test_voice_provider_and_lexicon_are_those_of_the_files(workflow: Workflow, tmp_path: Path) -> None:
    """The platform says who speaks and films, the run's own definition how its words sound."""
    provider, job = handed(tmp_path / "run", workflow, "avatar", "warm")
    assert provider == "avatar"
    assert job.include == workflow.platform_include
    assert job.pronunciation.applied("UCITS.") == "you sits."


def test_an_unknown_name_ends_the_step_before_anything_is_made(workflow: Workflow, tmp_path: Path) -> None:
    """A provider or lexicon that was broken after the workflow was read."""
    step = next(step for step in workflow.steps if isinstance(step, VideoStep))
    run = released(tmp_path / "run", workflow)
    with pytest.raises(ConfigurationError, match="no video provider 'dreams'; known: local, avatar"):
        video.perform(work_on(run, workflow, replace(step, provider="dreams"), Taker()))
    (workflow.include / "prompts" / NAME / "pronunciation.en.yaml").write_text(
        "format: 1\nwords:\n  seven: {say: eight}\n"
    )
    with pytest.raises(DefinitionError, match="belongs to a figure"):
        video.perform(work_on(run, workflow, step, Taker()))
