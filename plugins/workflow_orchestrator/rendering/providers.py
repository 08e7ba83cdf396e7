"""Video providers: whoever turns a script and its slides into a video, behind start, status and fetch.

    ref = provider.start(job, idempotency_key=…, work=…)    a JobRef is JSON and outlives the process
    provider.status(ref)                                    queued · running · succeeded · failed
    provider.fetch(ref, out)                                copies the files into our own storage

`local` renders on this machine and returns a finished reference. A provider that renders elsewhere returns at once and
must give the same reference for the same key, so that a retry never pays twice.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from workflow_orchestrator import canonical
from workflow_orchestrator.errors import ConfigurationError, RenderError
from workflow_orchestrator.fields import LANGUAGES
from workflow_orchestrator.rendering.captions import captions_of, to_srt, to_vtt
from workflow_orchestrator.rendering.paging import paged
from workflow_orchestrator.rendering.probe import check_video
from workflow_orchestrator.rendering.slides import write_atomically
from workflow_orchestrator.rendering.speech import SpeechProvider, get_voice, narrate
from workflow_orchestrator.rendering.video import make_video
from workflow_orchestrator.script.model import Script

FILES = ("video.mp4", "captions.vtt", "captions.srt", "narration.wav", "narration.json", "video.json")
_DONE = "job.json"


@dataclass(frozen=True, slots=True)
class VideoJob:
    """What a video is made of: the script, one picture per slide, the name of a voice, a title."""

    script: Script
    slides: tuple[Path, ...]
    voice: str
    title: str
    language: str

    def __post_init__(self) -> None:
        if self.language not in LANGUAGES or self.language != self.script.language:
            raise ValueError(f"the job is in {self.language!r}, its script in {self.script.language!r}")
        pages = len(paged(self.script).segments)
        if len(self.slides) != pages:
            raise ValueError(f"the job has {len(self.slides)} slides, its script {pages}")

    def digest(self) -> str:
        """What the video depends on, as one hash: two jobs with the same digest give the same video."""
        return canonical.sha256(canonical.to_bytes({
            "script": self.script.to_json(), "voice": self.voice, "title": self.title,
            "slides": [canonical.sha256(slide.read_bytes()) for slide in self.slides],
        }))


@dataclass(frozen=True, slots=True)
class JobRef:
    """A started job. `id` is the provider's own, `location` where it keeps the result if that is known."""

    provider: str
    id: str
    location: str = ""

    def to_json(self) -> dict[str, Any]:
        return {"provider": self.provider, "id": self.id, "location": self.location}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> JobRef:
        return cls(data["provider"], data["id"], data.get("location", ""))


class JobState(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class JobStatus:
    """The state of a job; a failed one says why. `progress` runs from 0 to 1 where the provider tells it."""

    state: JobState
    reason: str = ""
    progress: float | None = None

    def __post_init__(self) -> None:
        if (self.state is JobState.FAILED) != bool(self.reason):
            raise ValueError("a failed job has a reason, and no other job has one")

    @property
    def finished(self) -> bool:
        return self.state in (JobState.SUCCEEDED, JobState.FAILED)


class VideoProvider(Protocol):
    """What every provider can do."""

    name: str

    def start(self, job: VideoJob, *, idempotency_key: str, work: Path) -> JobRef:
        """Starts a job, or finds the one that was started with the same key. `work` is a folder to write in."""

    def status(self, ref: JobRef) -> JobStatus: ...

    def fetch(self, ref: JobRef, out: Path) -> tuple[Path, ...]:
        """Copies the files of a job that succeeded into a folder."""


class LocalProvider:
    """Renders on this machine, in `start`.

    Args:
        voices: gives the voice of a name.
    """

    name = "local"

    def __init__(self, voices: Callable[[str], SpeechProvider] = get_voice) -> None:
        self._voices = voices

    def start(self, job: VideoJob, *, idempotency_key: str, work: Path) -> JobRef:
        """Narrates, encodes and checks; a job that is finished under this key is not done again.

        Raises:
            SpeechError: the voice failed.
            EncoderError: ffmpeg failed; a retry can help.
            VideoCheckError: the video is not what was planned.
            RenderError: the key was used for another job.
        """
        digest = job.digest()
        folder = work / canonical.sha256(idempotency_key.encode())[:24]
        done = folder / _DONE
        if done.is_file():
            found = json.loads(done.read_bytes())["digest"]
            if found != digest:
                raise RenderError(f"the key {idempotency_key!r} was used for another video; take a key of its own")
            return JobRef(self.name, folder.name, str(folder))
        self._render(job, folder)
        write_atomically(done, canonical.to_bytes({"key": idempotency_key, "digest": digest}))
        return JobRef(self.name, folder.name, str(folder))

    def _render(self, job: VideoJob, folder: Path) -> None:
        script = paged(job.script)
        narration = narrate(script, self._voices(job.voice), folder)
        lines = captions_of(narration)
        write_atomically(folder / "captions.vtt", to_vtt(lines).encode())
        write_atomically(folder / "captions.srt", to_srt(lines).encode())
        write_atomically(folder / "narration.json", canonical.to_bytes(narration.to_json()))
        video = make_video(
            job.slides, narration, lines, folder / "video.mp4", title=job.title, language=job.language,
            chapters=[segment.heading for segment in script.segments],
        )
        facts = check_video(video, narration, job.slides)
        write_atomically(folder / "video.json", canonical.to_bytes(facts.to_json()))

    def status(self, ref: JobRef) -> JobStatus:
        """Succeeded, or failed if the files are gone: `start` returns only finished jobs."""
        if (Path(ref.location) / _DONE).is_file():
            return JobStatus(JobState.SUCCEEDED, progress=1.0)
        return JobStatus(JobState.FAILED, f"the files of job {ref.id} are gone from {ref.location}")

    def fetch(self, ref: JobRef, out: Path) -> tuple[Path, ...]:
        """Copies video, captions and narration.

        Raises:
            RenderError: the job is not finished.
        """
        status = self.status(ref)
        if status.state is not JobState.SUCCEEDED:
            raise RenderError(f"job {ref.id} cannot be fetched: {status.reason}")
        out.mkdir(parents=True, exist_ok=True)
        for name in FILES:
            part = out / f".{name}.part"
            shutil.copyfile(Path(ref.location) / name, part)
            part.replace(out / name)
        return tuple(out / name for name in FILES)


def get_provider(name: str) -> VideoProvider:
    """The provider that a workflow names.

    Raises:
        ConfigurationError: there is no such provider; the message lists those that there are.
    """
    known: dict[str, Callable[[], VideoProvider]] = {"local": LocalProvider}
    if name not in known:
        raise ConfigurationError(f"there is no video provider {name!r}; known: {', '.join(known)}")
    return known[name]()
