"""Waiting for a vendor's video: every end is an event, an outage is waited out, and a retried task starts nothing."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "rendering"))

from vendor_peer import Peer, connection, ok

from workflow_orchestrator.definition.rendering_file import Spec
from workflow_orchestrator.errors import (
    ConfigurationError,
    VendorDeadlineError,
    VendorError,
    VendorJobError,
    VendorOutageError,
)
from workflow_orchestrator.operators import video_wait
from workflow_orchestrator.operators.video_wait import BACKSTOP, Bell, VideoJobTrigger, filmed_video, told_error, watch
from workflow_orchestrator.rendering import JobRef, JobState, JobStatus
from workflow_orchestrator.rendering.vendors.callbacks import hang_up, take_call, take_down
from workflow_orchestrator.storage import LocalStorage

pytestmark = pytest.mark.airflow

REF = JobRef("heygen", "v1")
LOOK = "GET /v3/videos/v1"
SPEC = Spec("http_avatar", {"vendor": "heygen", "connection": "heygen", "avatar": "anna", "within": "30m"})
RUNNING, DONE = JobStatus(JobState.RUNNING), JobStatus(JobState.SUCCEEDED)


class Clock:
    """A time that passes only by waiting."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.waits: list[float] = []

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.time += seconds


def watched(*answers: Any, within: float = 600.0) -> tuple[dict[str, Any], Clock]:
    """How a watch ends that gets these answers, the last one again and again."""
    clock, told = Clock(), list(answers)

    def look(ref: JobRef) -> JobStatus:
        assert ref == REF
        answer = told.pop(0) if len(told) > 1 else told[0]
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, JobStatus)
        return answer

    event = asyncio.run(watch(look, REF, 1000.0 + within, 5.0, now=clock.now, sleep=clock.sleep))
    return event, clock


def test_it_is_asked_more_and_more_seldom() -> None:
    """Five seconds first, half as long again each time, a minute at most."""
    event, clock = watched(*[RUNNING] * 9, DONE)
    assert event == {"state": "succeeded", "reason": ""}
    assert clock.waits[:3] == [5.0, 7.5, 11.25]
    assert clock.waits[-1] == 60.0


def test_the_vendors_wait_is_kept() -> None:
    """A 429 that asks for two minutes is not asked again before."""
    event, clock = watched(VendorOutageError("busy", retry_after=120), VendorOutageError("down"), DONE)
    assert event["state"] == "succeeded"
    assert clock.waits[1] == 120.0


def test_a_job_that_never_ends_is_told_in_time() -> None:
    """With the outage that was there at last; one that ends with the time has ended."""
    event, clock = watched(RUNNING, within=100.0)
    assert event == {"state": "timeout", "reason": ""}
    assert clock.time == 1100.0
    assert watched(VendorOutageError("gone"), within=100.0)[0] == {"state": "timeout", "reason": "gone"}
    assert watched(RUNNING, DONE, within=6.0)[0]["state"] == "succeeded"


def test_a_refusal_to_say_ends_the_watch() -> None:
    """A key that was withdrawn does not come back by waiting."""
    with pytest.raises(VendorError, match="key"):
        watched(VendorError("key"))


HOOKED = Spec(SPEC.kind, {**SPEC.settings, "webhook": "heygen_webhook"})


def ring(storage: LocalStorage, body: dict[str, Any], provider: str = "avatar") -> bool:
    """HeyGen calls."""
    data = json.dumps(body).encode()
    headers = {"Signature": hmac.new(b"whsec", data, hashlib.sha256).hexdigest()}
    return take_call(storage, provider, HOOKED, "whsec", headers, data, datetime.now(UTC))


CALL = {"event_type": "avatar_video.success", "event_data": {"video_id": "v1"}}


def test_a_call_of_the_vendor_ends_a_pause(tmp_path: Path) -> None:
    """Whoever waits looks at once, and once for each call; the vendor is asked, and the call's own words are not believed."""
    storage, clock = LocalStorage(tmp_path), Clock()
    bell = Bell(storage.uri_of(hang_up(storage, "avatar", "v1")))
    looks: list[float] = []

    def look(ref: JobRef) -> JobStatus:
        looks.append(clock.time)
        return DONE if len(looks) == 4 else RUNNING

    async def sleep(seconds: float) -> None:
        await clock.sleep(seconds)
        if clock.time == 1003.0:
            assert ring(storage, CALL)

    event = asyncio.run(watch(look, REF, 2000.0, 5.0, bell=bell, now=clock.now, sleep=sleep))
    assert event["state"] == "succeeded"
    assert looks[:2] == [1003.0, 1010.5], "the pause of 7.5 s after the call is whole"


def test_a_call_for_a_job_of_others_leaves_nothing(tmp_path: Path) -> None:
    """Only a bell that hangs can ring; one that is hung up again keeps what it has rung, and is taken down at the end."""
    storage = LocalStorage(tmp_path)
    assert not ring(storage, CALL)
    assert not list(storage.list("video_callbacks"))
    key = hang_up(storage, "avatar", "v1")
    assert not ring(storage, CALL, "another")
    assert ring(storage, CALL)
    assert hang_up(storage, "avatar", "v1") == key
    assert Bell(storage.uri_of(key)).rang()
    take_down(storage, "avatar", "v1")
    assert not Bell(storage.uri_of(key)).rang()


def test_the_bell_does_not_undercut_the_vendors_wait(tmp_path: Path) -> None:
    """A vendor that asked for two minutes is not asked before, whoever rings."""
    storage, clock = LocalStorage(tmp_path), Clock()
    bell = Bell(storage.uri_of(hang_up(storage, "avatar", "v1")))
    answers: list[Any] = [VendorOutageError("busy", retry_after=120), DONE]
    looks: list[float] = []

    def look(ref: JobRef) -> JobStatus:
        ring(storage, CALL)
        looks.append(clock.time)
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, JobStatus)
        return answer

    asyncio.run(watch(look, REF, 2000.0, 5.0, bell=bell, now=clock.now, sleep=clock.sleep))
    assert looks == [1005.0, 1125.0]


@pytest.fixture
def peer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Peer]:
    with Peer() as there:
        monkeypatch.setenv("AIRFLOW_CONN_HEYGEN", connection(conn_type="http", host=there.url, password="k-1234"))
        yield there


def told(trigger: VideoJobTrigger) -> dict[str, Any]:
    """The one event of a trigger."""

    async def events() -> list[Any]:
        return [event.payload async for event in trigger.run()]

    (payload,) = asyncio.run(events())
    assert isinstance(payload, dict)
    return payload


def trigger(spec: Spec = SPEC) -> VideoJobTrigger:
    return VideoJobTrigger(spec.to_json(), REF.to_json(), 4_000_000_000.0, 0.0)


def test_a_trigger_asks_the_vendor(peer: Peer) -> None:
    """By the Airflow connection that the settings name, until the job has ended."""
    peer.replies[LOOK] = [ok({"data": {"status": word}}) for word in ("processing", "completed")]
    assert told(trigger()) == {"job": "v1", "state": "succeeded", "reason": ""}
    assert len(peer.asked(LOOK)) == 2
    peer.replies[LOOK] = ok({"data": {"status": "failed", "failure_message": "ill"}})
    assert told(trigger()) == {"job": "v1", "state": "failed", "reason": "ill"}


def test_a_trigger_never_raises(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A refusal, a missing connection and a surprise come as data, and are raised by the worker as what they were."""
    peer.replies[LOOK] = ok({"message": "no"}, 401)
    refused = told_error(told(trigger())["error"])
    assert type(refused) is VendorError
    assert refused.details["status"] == 401
    monkeypatch.delenv("AIRFLOW_CONN_HEYGEN")
    assert type(told_error(told(trigger())["error"])) is ConfigurationError
    surprise = told_error(told(trigger(Spec("http_avatar", {})))["error"])
    assert type(surprise) is VendorOutageError
    assert "KeyError" in surprise.message


def test_a_trigger_travels_without_a_key(peer: Peer) -> None:
    """Another process makes the same one of what was written, and nothing secret was."""
    path, arguments = trigger().serialize()
    assert path == "workflow_orchestrator.operators.video_wait.VideoJobTrigger"
    assert VideoJobTrigger(**arguments).serialize() == (path, arguments)
    assert "k-1234" not in str(arguments)


class Films:
    """A provider that has started a job."""

    name = "avatar"

    def __init__(self, status: JobStatus = DONE) -> None:
        self.spec = SPEC
        self.state = status
        self.noted: list[str] = []

    def start(self, job: Any, *, idempotency_key: str, work: Path) -> JobRef:
        assert idempotency_key == "k"
        return REF

    def status(self, ref: JobRef) -> JobStatus:
        return self.state

    def failed(self, ref: JobRef, reason: str) -> None:
        self.noted.append(reason)

    def fetch(self, ref: JobRef, out: Path, *, job: Any) -> tuple[Path, ...]:
        return (out / "video.mp4",)


class Left(Exception):
    """The worker was left."""


class Task:
    """The operator of a task."""

    def defer(self, **how: Any) -> None:
        self.how = how
        raise Left


def through(films: Films, event: dict[str, Any] | None, task: Task | None = None) -> Any:
    return filmed_video(task or Task(), films, None, "k", Path("f"), event, "resume")  # type: ignore[arg-type]


def test_the_worker_is_left_while_the_vendor_works(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a limit of its own behind the vendor's time."""
    monkeypatch.setenv("AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE", "True")
    task = Task()
    with pytest.raises(Left):
        through(Films(), None, task)
    assert task.how["timeout"] == timedelta(minutes=30) + BACKSTOP
    assert task.how["method_name"] == "resume"
    assert task.how["trigger"].ref == REF.to_json()


def test_without_deferral_the_worker_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    """And goes on as it would after an event."""
    monkeypatch.setenv("AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE", "False")
    monkeypatch.setattr(video_wait, "FIRST_LOOK", 0.0)
    assert through(Films(), None) == (Path("f/out/video.mp4"),)
    films = Films(JobStatus(JobState.FAILED, "ill"))
    with pytest.raises(VendorJobError):
        through(films, None)


def test_the_bell_hangs_while_somebody_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From when the worker leaves until one comes back; without a webhook in the settings there is none."""
    monkeypatch.setenv("AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE", "True")
    storage, films, task = LocalStorage(tmp_path), Films(), Task()

    def step(event: dict[str, Any] | None) -> None:
        filmed_video(task, films, None, "k", tmp_path, event, "resume", storage)  # type: ignore[arg-type]

    with pytest.raises(Left):
        step(None)
    assert (task.how["trigger"].bell, list(storage.list("video_callbacks"))) == (None, [])
    films.spec = HOOKED
    with pytest.raises(Left):
        step(None)
    (key,) = storage.list("video_callbacks")
    assert task.how["trigger"].bell == storage.uri_of(key)
    step({"job": "v1", "state": "succeeded", "reason": ""})
    assert not list(storage.list("video_callbacks"))


def test_an_event_of_another_job_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """It told of the wait before."""
    monkeypatch.setenv("AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE", "True")
    with pytest.raises(Left):
        through(Films(), {"job": "v0", "state": "succeeded"})


def test_each_end_has_its_error() -> None:
    """A failed job is noted, so that a cleared step starts a new one; a late one is not."""
    films = Films()
    assert through(films, {"job": "v1", "state": "succeeded", "reason": ""}) == (Path("f/out/video.mp4"),)
    with pytest.raises(VendorJobError, match="avatar failed at the video v1: ill") as failed:
        through(films, {"job": "v1", "state": "failed", "reason": "ill"})
    assert films.noted == ["ill"]
    with pytest.raises(
        VendorDeadlineError, match=r"within 0:30:00\. It could not be asked at last: down\. Clear"
    ) as late:
        through(films, {"job": "v1", "state": "timeout", "reason": "down"})
    assert not failed.value.retryable
    assert not late.value.retryable
    busy = VendorOutageError("busy", retry_after=9, vendor="v")
    with pytest.raises(VendorOutageError, match="busy") as caught:
        through(films, {"job": "v1", "state": "error", "error": busy.to_json()})
    assert caught.value.retry_after == timedelta(seconds=9)
    assert films.noted == ["ill"]
