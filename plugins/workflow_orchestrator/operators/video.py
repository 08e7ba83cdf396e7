"""`video`: gives the released script and slides to a video provider, and checks the file that comes back."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from workflow_orchestrator.canonical import sha256, to_bytes
from workflow_orchestrator.definition.model import VideoStep
from workflow_orchestrator.errors import EncoderError, VideoCheckError
from workflow_orchestrator.operators.approve import content_hash, content_names, require_approval
from workflow_orchestrator.operators.base import StepOperator, Work, configuration_of


class VideoOperator(StepOperator):
    """Writes `video.mp4`, captions, narration and `video.json`: the facts measured in the finished file."""

    ui_color = "#dfeaf7"
    step: VideoStep

    def perform(self, work: Work) -> None:
        from workflow_orchestrator.rendering import VideoJob, get_provider
        from workflow_orchestrator.script.model import Script

        provider = get_provider(self.step.provider)
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            # Read once: what is hashed here is what is spoken and shown, whatever happens to the run's folder meanwhile.
            names = content_names(work.run)
            files = dict(zip(names, work.run.fetch(names, folder / "released"), strict=True))
            content = content_hash((item, path.read_bytes()) for item, path in files.items())
            approval = require_approval(work.run, content, configuration_of(self.workflow).profile)
            script = Script.from_json(json.loads(files["script.json"].read_bytes()))
            slides = tuple(path for item, path in files.items() if item.startswith("slides/"))
            job = VideoJob(
                script=script, slides=slides, voice=self.step.voice, title=script.title, language=script.language
            )
            # The same released content is the same job: a provider that still has it does not make it again.
            key = sha256(to_bytes([approval["content"], self.step.provider, self.step.voice]))
            ref = provider.start(job, idempotency_key=key, work=folder / "work")
            status = provider.status(ref)
            if not status.finished:
                raise EncoderError(f"provider {self.step.provider!r} is still at work on {ref.id}; a retry looks again")
            if status.reason:
                raise VideoCheckError(f"provider {self.step.provider!r} failed: {status.reason}")
            for path in provider.fetch(ref, folder / "out"):
                work.report.artifacts.append(work.run.put_file(path.name, path))
        facts = work.run.read_json("video.json")
        work.report.facts.update({"seconds": facts["duration"], "checked": True, "content": content})
