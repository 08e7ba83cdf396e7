"""A provider starts a job once for a key, says where it stands, and hands out files that were checked."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from conftest import Film
from workflow_orchestrator.definition.pronunciation import Pronunciation
from workflow_orchestrator.errors import ConfigurationError, RenderError
from workflow_orchestrator.rendering import JobRef, JobState, JobStatus, LocalProvider, VideoJob, get_provider


@pytest.fixture(scope="module")
def job(short: Film) -> VideoJob:
    return VideoJob(short.script, short.slides, "espeak", short.script.title, "en")


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("work")


@pytest.fixture(scope="module")
def ref(job: VideoJob, work: Path) -> JobRef:
    return get_provider("local").start(job, idempotency_key="run 1/video", work=work)


def test_a_job_becomes_files(short: Film, ref: JobRef, tmp_path: Path) -> None:
    """The film that a provider hands out is the one that script and slides give, with its captions beside it."""
    provider = get_provider("local")
    assert provider.status(ref) == JobStatus(JobState.SUCCEEDED, progress=1.0)
    stored = JobRef.from_json(json.loads(json.dumps(ref.to_json())))
    files = {path.name: path for path in provider.fetch(stored, tmp_path)}
    assert set(files) == {
        "video.mp4", "captions.vtt", "captions.srt", "narration.wav", "narration.json", "video.json",
    }
    assert files["video.mp4"].read_bytes() == short.video.read_bytes()
    assert files["captions.vtt"].read_text().startswith("WEBVTT\n\n00:00:00.500 --> ")
    assert json.loads(files["video.json"].read_text())["faststart"] is True


def test_the_same_key_renders_once(job: VideoJob, ref: JobRef, work: Path) -> None:
    """A retry with the same key finds the finished job; no voice is asked again."""

    def nobody(job: VideoJob) -> object:
        raise AssertionError(f"the voice {job.voice} is asked for again")

    again = LocalProvider(nobody).start(job, idempotency_key="run 1/video", work=work)  # type: ignore[arg-type]
    assert again == ref


def test_a_key_is_for_one_video(job: VideoJob, ref: JobRef, work: Path) -> None:
    """The key of another video is refused, rather than handing out the wrong film."""
    with pytest.raises(RenderError, match="'run 1/video' was used for another video"):
        get_provider("local").start(replace(job, title="Another"), idempotency_key="run 1/video", work=work)


def test_lost_files_are_told(ref: JobRef, tmp_path: Path) -> None:
    """A job whose files are gone has failed, and fetching it says so."""
    lost = replace(ref, location=str(tmp_path / "gone"))
    status = get_provider("local").status(lost)
    assert status.state is JobState.FAILED
    assert status.finished
    with pytest.raises(RenderError, match="are gone from"):
        get_provider("local").fetch(lost, tmp_path / "out")


def test_a_job_refuses_contradictions(job: VideoJob) -> None:
    """Another language or another number of slides than the script's is no job."""
    with pytest.raises(ValueError, match="'de'"):
        replace(job, language="de")
    with pytest.raises(ValueError, match="2 slides, its script 3"):
        replace(job, slides=job.slides[:2])
    with pytest.raises(ValueError, match="has a reason"):
        JobStatus(JobState.FAILED)


def test_another_voice_or_lexicon_is_another_video(job: VideoJob, tmp_path: Path) -> None:
    """Whoever speaks and however: the name alone does not tell, because a file says who is behind it."""
    rendering = "format: 1\nvoices:\n  espeak: {{any: {{offline: {{prefer: [{}]}}}}}}\n"
    (tmp_path / "rendering.yaml").write_text(rendering.format("espeak"))
    same = replace(job, include=tmp_path).digest()
    (tmp_path / "rendering.yaml").write_text(rendering.format("flite"))
    spoken = replace(job, pronunciation=Pronunciation({"UCITS": ("you sits", "")}))
    digests = {job.digest(), replace(job, include=tmp_path).digest(), spoken.digest()}
    assert same == job.digest()
    assert len(digests) == 3


def test_an_unknown_provider_is_named() -> None:
    """The message lists what there is."""
    with pytest.raises(ConfigurationError, match="no video provider 'dreams'; known: local"):
        get_provider("dreams")
