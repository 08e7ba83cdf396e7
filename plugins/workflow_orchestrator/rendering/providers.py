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
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Protocol

from workflow_orchestrator import canonical
from workflow_orchestrator.definition.pronunciation import NONE, Pronunciation
from workflow_orchestrator.definition.rendering_file import load_rendering
from workflow_orchestrator.errors import ConfigurationError, RenderError
from workflow_orchestrator.fields import LANGUAGES
from workflow_orchestrator.rendering import ffmpeg
from workflow_orchestrator.rendering.captions import captions_of, to_srt, to_vtt
from workflow_orchestrator.rendering.credentials import NONE as NO_CREDENTIALS
from workflow_orchestrator.rendering.credentials import Claims, Credentials, open_credentials, read_back, sign
from workflow_orchestrator.rendering.jobs import JobRef, JobState, JobStatus
from workflow_orchestrator.rendering.mark import Mark
from workflow_orchestrator.rendering.motion import Motion
from workflow_orchestrator.rendering.opening import Opening
from workflow_orchestrator.rendering.paging import paged
from workflow_orchestrator.rendering.probe import check_video
from workflow_orchestrator.rendering.slides import write_atomically
from workflow_orchestrator.rendering.speech import Narration, SpeechProvider, narrate
from workflow_orchestrator.rendering.video import make_video
from workflow_orchestrator.rendering.voices import Files, get_voice
from workflow_orchestrator.script.model import Script

FILES = ("video.mp4", "captions.vtt", "captions.srt", "narration.wav", "narration.json", "video.json")
_DONE = "job.json"


@dataclass(frozen=True, slots=True)
class VideoJob:
    """What a video is made of: the script, one picture per slide, the name of a voice, a title.

    `include` is the platform's folder, whose `rendering.yaml` says who the voice is; without it there are only built-in voices.
    `pronunciation` is the workflow's lexicon for the language, `source_sha256` the hash of the document, for content credentials.
    `motion` has the frames that were released with the slides, `constant` asks for a constant frame rate.
    `most_usd` is what a vendor's clip may cost, None where nothing limits it.
    """

    script: Script
    slides: tuple[Path, ...]
    voice: str
    title: str
    language: str
    include: Path | None = field(default=None, compare=False)
    pronunciation: Pronunciation = NONE
    source_sha256: str = ""
    motion: Motion = field(default_factory=dict)
    constant: bool = False
    most_usd: Decimal | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if self.language not in LANGUAGES or self.language != self.script.language:
            raise ValueError(f"the job is in {self.language!r}, its script in {self.script.language!r}")
        pages = len(paged(self.script).segments)
        if len(self.slides) != pages:
            raise ValueError(f"the job has {len(self.slides)} slides, its script {pages}")

    def digest(self) -> str:
        """What the video depends on, as one hash: two jobs with the same digest give the same video.

        Raises:
            ConfigurationError: there is no such voice.
        """
        settings = load_rendering(self.include)
        signed = {} if settings.credentials is None else {"credentials": settings.credentials.to_json(), "source": self.source_sha256}
        return canonical.sha256(canonical.to_bytes({
            **signed,
            "motion": [[number, [canonical.sha256(path.read_bytes()) for path in self.motion[number]]] for number in sorted(self.motion)],
            "constant": self.constant,
            "script": self.script.to_json(), "title": self.title, "voice": self.voice,
            "engine": settings.engine(self.voice, self.language).to_json(),
            "pronunciation": self.pronunciation.to_json(),
            "slides": [canonical.sha256(slide.read_bytes()) for slide in self.slides],
        }))


class VideoProvider(Protocol):
    """What every provider can do."""

    name: str

    def start(self, job: VideoJob, *, idempotency_key: str, work: Path) -> JobRef:
        """Starts a job, or finds the one that was started with the same key. `work` is a folder to write in."""

    def status(self, ref: JobRef) -> JobStatus: ...

    def fetch(self, ref: JobRef, out: Path, *, job: VideoJob | None = None) -> tuple[Path, ...]:
        """Copies the files of a job that succeeded into a folder. A provider that makes only a part elsewhere needs the job."""


class LocalProvider:
    """Renders on this machine, in `start`.

    Args:
        voices: gives the voice of a job; without it, that of its name.
        files: where sentences of a voice that costs money are kept.
    """

    name = "local"

    def __init__(
        self, voices: Callable[[VideoJob], SpeechProvider] | None = None, *, files: Files | None = None
    ) -> None:
        self._voices = voices or (lambda job: voice_of(job, files))

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
        credentials_of(job)  # opened first: what is wrong with them is told before a voice is paid
        voice = self._voices(job)
        with ffmpeg.room_in(folder):
            narration = narrate(paged(job.script), voice, folder)
            film(job, narration, Mark.of(voice.name, job.script.writer), folder)

    def status(self, ref: JobRef) -> JobStatus:
        """Succeeded, or failed if the files are gone: `start` returns only finished jobs."""
        if (Path(ref.location) / _DONE).is_file():
            return JobStatus(JobState.SUCCEEDED, progress=1.0)
        return JobStatus(JobState.FAILED, f"the files of job {ref.id} are gone from {ref.location}")

    def fetch(self, ref: JobRef, out: Path, *, job: VideoJob | None = None) -> tuple[Path, ...]:
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


def voice_of(job: VideoJob, files: Files | None = None) -> SpeechProvider:
    """The voice of a job, with its lexicon.

    Raises:
        ConfigurationError: there is no such voice.
    """
    return get_voice(job.voice, include=job.include, pronunciation=job.pronunciation, files=files)


def credentials_of(job: VideoJob) -> Credentials | None:
    """What the video of a job is signed with; None where the platform signs nothing.

    Raises:
        ConfigurationError: they cannot be used.
    """
    return open_credentials(load_rendering(job.include).credentials)


def film(job: VideoJob, narration: Narration, mark: Mark, folder: Path, *, opening: Opening | None = None) -> None:
    """Writes captions, video and the facts of the finished file beside a narration, checked against the plan.

    Raises:
        EncoderError: ffmpeg failed; a retry can help.
        VideoCheckError: the video is not what was planned.
    """
    lines = captions_of(narration)
    write_atomically(folder / "captions.vtt", to_vtt(lines).encode())
    write_atomically(folder / "captions.srt", to_srt(lines).encode())
    write_atomically(folder / "narration.json", canonical.to_bytes(narration.to_json()))
    video = make_video(
        job.slides, narration, lines, folder / "video.mp4", title=job.title, language=job.language,
        chapters=[segment.heading for segment in paged(job.script).segments], mark=mark, opening=opening,
        motion=job.motion, constant=job.constant,
    )
    credentials, claims = credentials_of(job), Claims(job.title, mark, job.source_sha256)
    if credentials is not None:
        sign(video, credentials, claims)
    # Behind the signature, because it is the signed file that is handed out.
    ends = timedelta(0) if opening is None else opening.end
    facts = check_video(video, narration, job.slides, opening=ends, constant=job.constant)
    signed = NO_CREDENTIALS if credentials is None else read_back(video, claims)
    write_atomically(folder / "video.json", canonical.to_bytes({**facts.to_json(), "content_credentials": signed}))


def get_provider(name: str, *, include: Path | None = None, files: Files | None = None) -> VideoProvider:
    """The provider that a workflow names.

    Args:
        name: its name.
        include: the platform's folder with `rendering.yaml`; without it there is only `local`.
        files: the run's folder, where started jobs and sentences that cost money are kept; without it they are kept nowhere.

    Raises:
        ConfigurationError: there is no such provider, or the file is wrong; the message lists those that there are.
    """
    if name == LocalProvider.name:
        return LocalProvider(files=files)
    settings = load_rendering(include).video_providers
    if name not in settings:
        known = ", ".join((LocalProvider.name, *settings))
        raise ConfigurationError(f"there is no video provider {name!r}; known: {known}")
    from workflow_orchestrator.rendering.vendors.film import FilmedOpening

    return FilmedOpening(name, settings[name], files=files)
