"""`video`: gives the released script and slides to a video provider, and checks the file that comes back.

Writes `video.mp4`, captions, narration and `video.json`: the facts measured in the finished file.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from workflow_orchestrator.canonical import sha256, to_bytes
from workflow_orchestrator.definition.model import VideoStep
from workflow_orchestrator.errors import EncoderError, VideoCheckError
from workflow_orchestrator.steps.release import content_hash, content_names, require_approval
from workflow_orchestrator.steps.work import Work, step_of

if TYPE_CHECKING:
    from workflow_orchestrator.rendering import VideoJob


def perform(work: Work) -> None:
    """Does the step's work.

    Raises:
        ApprovalError: nobody released exactly this content.
        RenderError: the video cannot be made.
        EncoderError: it was not made this time.
    """
    from workflow_orchestrator.rendering import VideoJob, get_provider
    from workflow_orchestrator.script.model import Script

    step = step_of(work, VideoStep)
    get_provider(step.provider)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # Read once: what is hashed here is what is spoken and shown, whatever happens to the run's folder meanwhile.
        names = content_names(work.run)
        files = dict(zip(names, work.run.fetch(names, folder / "released"), strict=True))
        content = content_hash((item, path.read_bytes()) for item, path in files.items())
        approval = require_approval(work.run, content, work.configuration.profile)
        script = Script.from_json(json.loads(files["script.json"].read_bytes()))
        slides = tuple(path for item, path in files.items() if item.startswith("slides/"))
        job = VideoJob(script=script, slides=slides, voice=step.voice, title=script.title, language=script.language)
        # The same released content is the same job: a provider that still has it does not make it again.
        key = sha256(to_bytes([approval["content"], step.provider, step.voice]))
        for path in work.services.make_video(step.provider, job, key, folder):
            work.report.artifacts.append(work.run.put_file(path.name, path))
    facts = work.run.read_json("video.json")
    work.report.facts.update({"seconds": facts["duration"], "checked": True, "content": content})


def make(provider: str, job: VideoJob, key: str, folder: Path) -> Sequence[Path]:
    """The files of a video, made in a folder; what `Services.make_video` does where nothing is remembered.

    Raises:
        VideoCheckError: the provider refused it.
        EncoderError: the provider is not through yet.
    """
    from workflow_orchestrator.rendering import get_provider

    maker = get_provider(provider)
    ref = maker.start(job, idempotency_key=key, work=folder / "work")
    status = maker.status(ref)
    if not status.finished:
        raise EncoderError(f"provider {provider!r} is still at work on {ref.id}; a retry looks again")
    if status.reason:
        raise VideoCheckError(f"provider {provider!r} failed: {status.reason}")
    return maker.fetch(ref, folder / "out")
