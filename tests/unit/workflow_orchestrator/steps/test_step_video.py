"""What the video step hands on: voice and provider of the platform's file, and the lexicon of the run's own definition."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
import yaml
from PIL import Image
from step_lab import Bench, opened, work_on

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "rendering"))

from signing_sample import make_chain

from workflow_orchestrator.compliance import ComplianceReport
from workflow_orchestrator.definition import load_workflow
from workflow_orchestrator.definition.model import VideoStep, Workflow
from workflow_orchestrator.errors import ApprovalError, ConfigurationError, DefinitionError, RenderError
from workflow_orchestrator.record import RunFolder
from workflow_orchestrator.rendering import VideoJob
from workflow_orchestrator.rendering.credentials import Claims, read_back
from workflow_orchestrator.rendering.motion import pack_motion
from workflow_orchestrator.rendering.mp4 import probe
from workflow_orchestrator.script.model import Script, Segment, Sentence, SlideKind
from workflow_orchestrator.steps import video
from workflow_orchestrator.steps.release import MOTION, content_of

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


def released(place: Path, workflow: Workflow, *, motion: bool = False) -> RunFolder:
    """A run whose slide was released, with two frames that build it up if asked for."""
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
    if motion:
        frames = [(place / "1.png").rename(place / "build_01_00.png"), place / "build_01_01.png"]
        frames[1].write_bytes(frames[0].read_bytes())
        run.put_file(MOTION, pack_motion({0: tuple(frames)}, place / "motion.zip"))
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


def test_only_released_frames_move(workflow: Workflow, tmp_path: Path) -> None:
    """What builds up is in the release: the provider gets those frames, and others, or damaged ones, end the step."""
    step = next(step for step in workflow.steps if isinstance(step, VideoStep))
    run, taker = released(tmp_path / "run", workflow, motion=True), Taker()
    with pytest.raises(Handed):
        video.perform(work_on(run, workflow, replace(step, frames="constant"), taker))
    ((_, job),) = taker.jobs
    assert [path.name for path in job.slides] == ["slide_01.png"]
    assert {number: [path.name for path in paths] for number, paths in job.motion.items()} == {
        0: ["build_01_00.png", "build_01_01.png"]
    }
    assert job.constant
    run.write(MOTION, b"other frames")
    with pytest.raises(ApprovalError, match="is void"):
        video.perform(work_on(run, workflow, step, taker))
    run.write_json("approval.json", {**run.read_json("approval.json"), "content": content_of(run)})
    with pytest.raises(RenderError, match=r"motion\.zip cannot be read"):
        video.perform(work_on(run, workflow, step, taker))


def test_slides_without_motion_stand_still(workflow: Workflow, tmp_path: Path) -> None:
    """A run whose slides were made without frames, by a switch or before there were any, is filmed as it was released."""
    _, job = handed(tmp_path / "run", workflow, "local", "warm")
    assert job.motion == {}
    assert not job.constant


def test_what_is_recorded_is_the_signed_file(workflow: Workflow, tmp_path: Path) -> None:
    """With credentials the artifact and its hash are those of the signed film, which claims the hash of the run's document."""
    pytest.importorskip("c2pa", reason="the optional package c2pa-python is not installed")
    chain = make_chain(tmp_path / "chain")
    settings = yaml.safe_load(RENDERING) | {"credentials": chain.setting("es256")}
    (workflow.platform_include / "rendering.yaml").write_text(yaml.safe_dump(settings))
    workflow = replace(workflow, rules=replace(workflow.rules, compliance_checks=()))
    step = next(step for step in workflow.steps if isinstance(step, VideoStep))
    run = released(tmp_path / "run", workflow)
    work = work_on(run, workflow, replace(step, provider="local", voice="warm"), Bench())
    video.perform(work)
    recorded = {artifact.name: artifact.sha256 for artifact in work.report.artifacts}
    (film,) = run.fetch(["video.mp4"], tmp_path)
    assert recorded["video.mp4"] == hashlib.sha256(film.read_bytes()).hexdigest()
    mark = probe(film).mark
    assert mark is not None
    told = read_back(film, Claims("Fund", mark, run.read_json("request.json")["source"]["sha256"]))
    assert run.read_json("video.json")["content_credentials"] == told
    assert run.read_json("video.json")["size"] == film.stat().st_size
