"""`video`: gives the released script and slides to a video provider, and checks the file that comes back."""

from __future__ import annotations

import tempfile
from pathlib import Path

from workflow_orchestrator.canonical import sha256, to_bytes
from workflow_orchestrator.definition.model import VideoStep
from workflow_orchestrator.errors import VideoCheckError
from workflow_orchestrator.operators.approve import require_approval
from workflow_orchestrator.operators.base import StepOperator, Work


class VideoOperator(StepOperator):
    """Writes `video.mp4`, captions, narration and `video.json`: the facts measured in the finished file."""

    ui_color = "#dfeaf7"
    step: VideoStep

    def perform(self, work: Work) -> None:
        from workflow_orchestrator.rendering import VideoJob, get_provider
        from workflow_orchestrator.script.model import Script

        approval = require_approval(work.run)
        script = Script.from_json(work.run.read_json("script.json"))
        names = work.run.names("slides", ".png")
        provider = get_provider(self.step.provider)
        with tempfile.TemporaryDirectory() as folder:
            slides = work.run.fetch(names, Path(folder) / "slides")
            job = VideoJob(
                script=script, slides=slides, voice=self.step.voice, title=script.title, language=script.language
            )
            # The same released content is the same job: a retry finds it instead of starting a second one.
            key = sha256(to_bytes([approval["content"], self.step.provider, self.step.voice]))
            ref = provider.start(job, idempotency_key=key, work=Path(folder) / "work")
            status = provider.status(ref)
            if status.state != "succeeded":
                raise VideoCheckError(f"provider {self.step.provider!r} ended with {status.state}: {status.reason}")
            self._keep(work, provider.fetch(ref, Path(folder) / "out"))

    def _keep(self, work: Work, files: tuple[Path, ...]) -> None:
        for path in files:
            work.report.artifacts.append(work.run.put_file(path.name, path))
        facts = work.run.read_json("video.json")
        work.report.facts.update({"seconds": facts["duration"], "checked": True})
