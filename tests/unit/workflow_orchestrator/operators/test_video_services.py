"""A video step under Airflow, from its services down to the vendors' sockets: spoken once, started once, made by whoever comes back."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "rendering"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "definition"))

import vendor_film as small
from definition_sample import WORKFLOW, write_project
from vendor_peer import Peer, Request, connection, media, ok, wav

from workflow_orchestrator.definition import load_workflow
from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.definition.pronunciation import Pronunciation
from workflow_orchestrator.errors import VendorOutageError
from workflow_orchestrator.operators.services import AirflowServices
from workflow_orchestrator.record import RunFolder
from workflow_orchestrator.rendering import VideoJob
from workflow_orchestrator.rendering.opening import opening_of
from workflow_orchestrator.rendering.providers import FILES
from workflow_orchestrator.rendering.speech import Narration
from workflow_orchestrator.storage import LocalStorage

pytestmark = pytest.mark.airflow

SETTINGS = """format: 1
voices:
  warm: {any: {openai: {connection: speech, model: tts-1, voice: alloy}}}
video_providers:
  avatar: {http_avatar: {vendor: heygen, connection: heygen, avatar: anna}}
"""
SPEAK, CREATE, LOOK = "POST /v1/audio/speech", "POST /v3/videos", "GET /v3/videos/v1"


class Left(Exception):
    """The worker was left."""


class Task:
    """The operator of a video step."""

    def __init__(self, workflow: Workflow) -> None:
        self.workflow = workflow
        self.step = SimpleNamespace(within_map=None)

    def defer(self, **how: Any) -> None:
        raise Left


@pytest.fixture
def peer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Peer]:
    """A speech endpoint and HeyGen on one server."""
    with Peer() as there:
        monkeypatch.setenv(
            "AIRFLOW_CONN_SPEECH", connection(conn_type="llm", host=f"{there.url}/v1", password="sk-1234")
        )
        monkeypatch.setenv("AIRFLOW_CONN_HEYGEN", connection(conn_type="http", host=there.url, password="k-1234"))
        there.replies |= {
            SPEAK: media(wav(1.0, 16_000), "audio/wav"),
            "POST /v3/assets": ok({"data": {"asset_id": "a1"}}),
            CREATE: ok({"data": {"video_id": "v1"}}),
            LOOK: ok({"data": {"status": "completed", "video_url": f"{there.url}/clip.mp4"}}),
        }
        yield there


@pytest.fixture
def workflow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workflow:
    """A project whose video step names a voice and a provider of its file."""
    folder, include = write_project(tmp_path / "project", WORKFLOW)
    (include / "rendering.yaml").write_text(SETTINGS)
    monkeypatch.setenv("GENAI_PLATFORM_STORAGE", str(tmp_path / "storage"))
    monkeypatch.setenv("AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE", "True")
    return load_workflow(folder, include)


@pytest.fixture
def job(workflow: Workflow, tmp_path: Path) -> VideoJob:
    lexicon = Pronunciation({"Alder": ("older", "")})
    return replace(
        small.job(tmp_path / "slides"), voice="warm", include=workflow.platform_include, pronunciation=lexicon
    )


def services(workflow: Workflow, event: dict[str, Any] | None = None) -> AirflowServices:
    return AirflowServices(Task(workflow), {"run_id": "r1"}, event)  # type: ignore[arg-type]


def test_a_vendors_video_is_waited_for_and_made(workflow: Workflow, job: VideoJob, peer: Peer, tmp_path: Path) -> None:
    """A retry before the vendor is through starts and speaks nothing again; whoever comes back makes the film."""
    for attempt in "12":
        with pytest.raises(Left):
            services(workflow).make_video("avatar", job, "key", tmp_path / attempt)
    assert len(peer.asked(CREATE)) == 1
    assert [request.body["input"] for request in peer.asked(SPEAK)] == [
        "Here is the factsheet of older.",
        "It is a fund.",
    ]

    run = RunFolder(LocalStorage(tmp_path / "storage"), workflow.name, "r1")
    (kept,) = [name for name in run.names("video_jobs") if name.endswith(".narration.json")]
    narration = Narration.from_json(run.read_json(kept), tmp_path)
    clip = small.clip(tmp_path / "clip.mp4", opening_of(narration))
    peer.replies["GET /clip.mp4"] = [media(clip[:1000], "video/mp4"), media(clip, "video/mp4")]
    event = {"job": "v1", "state": "succeeded", "reason": ""}
    with pytest.raises(VendorOutageError, match="cut off"):
        services(workflow, event).make_video("avatar", job, "key", tmp_path / "3")
    made = services(workflow, event).make_video("avatar", job, "key", tmp_path / "4")
    assert [path.name for path in made] == list(FILES)
    assert "factsheet of Alder." in (tmp_path / "4" / "out" / "captions.vtt").read_text()
    assert (len(peer.asked(CREATE)), len(peer.asked(SPEAK))) == (1, 2)


def test_this_machine_renders_with_a_voice_that_is_paid_once(
    workflow: Workflow, job: VideoJob, peer: Peer, tmp_path: Path
) -> None:
    """A try that died after some sentences leaves them in the run's folder."""

    def second_fails(request: Request, number: int) -> Any:
        return ok({"error": "later"}, 503) if number == 2 else media(wav(1.0, 16_000), "audio/wav")

    peer.replies[SPEAK] = second_fails
    with pytest.raises(VendorOutageError):
        services(workflow).make_video("local", job, "key", tmp_path / "1")
    made = services(workflow).make_video("local", job, "key", tmp_path / "2")
    assert [path.name for path in made] == list(FILES)
    assert [request.body["input"] for request in peer.asked(SPEAK)] == [
        "Here is the factsheet of older.", "It is a fund.", "It is a fund.",
    ]  # fmt: skip
    assert made[FILES.index("narration.wav")].stat().st_size > 2 * timedelta(seconds=2).total_seconds() * 16_000
