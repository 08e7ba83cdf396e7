"""What a step cannot do by itself, done in this process: the other side of the seam in `steps/work.py`. No Airflow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from workflow_orchestrator.canonical import sha256, to_bytes
from workflow_orchestrator.record import RunFolder
from workflow_orchestrator.scenarios.clock import Clock
from workflow_orchestrator.scenarios.memo import SHARED, Memo
from workflow_orchestrator.scenarios.misprints import misprinted
from workflow_orchestrator.scenarios.model import Misprint
from workflow_orchestrator.scenarios.models import Asking, ScriptedModel
from workflow_orchestrator.steps.services import LocalServices
from workflow_orchestrator.steps.work import CalledRun, Work

if TYPE_CHECKING:
    from llm_orchestration import LLMRequest, LLMResult
    from workflow_orchestrator.documents import Document, ReadLimits
    from workflow_orchestrator.documents.pictures import Cut, Pictures
    from workflow_orchestrator.rendering import VideoJob


@dataclass(frozen=True, slots=True)
class Message:
    """A message that a step sent to a channel."""

    channel: str
    subject: str
    text: str


Call = Callable[[Work, CalledRun, Clock], str]
"""Runs another workflow to its end: `success` or `failed`."""


@dataclass(slots=True)
class RunServices:
    """The services of one try of one step.

    Args:
        clock: the run's time.
        asking: how models are asked.
        call: how another workflow is run.
        sent: where messages are kept.
        misprints: what the document prints otherwise.
        scripted: the model's answers, or its fault, in this try; `None`: the route decides.
        memo: what the process remembers of slow work.
    """

    clock: Clock
    asking: Asking
    call: Call
    sent: list[Message]
    misprints: tuple[Misprint, ...] = ()
    scripted: ScriptedModel | None = None
    memo: Memo = field(default_factory=lambda: SHARED)

    def now(self) -> datetime:
        return self.clock.now

    def ask_model(self, work: Work, route: str, request: LLMRequest) -> LLMResult:
        return self.asking.ask(work, route, request, self.scripted)

    def read_document(self, data: bytes, limits: ReadLimits) -> Document:
        from workflow_orchestrator.documents import read_document

        document = self.memo.value(f"document {sha256(data)} {limits}", lambda: read_document(data, limits))
        return misprinted(document, self.misprints)

    def draw_pages(self, data: bytes, document: Document, pages: Sequence[int], cuts: Sequence[Cut]) -> Pictures:
        from workflow_orchestrator.documents.pictures import Pictures

        return Pictures({}, ())  # the people of a scenario look at nothing

    def render_slides(self, work: Work, folder: Path) -> Sequence[Path]:
        from workflow_orchestrator.steps import slide

        # The digest stands for theme, fonts and the fields' titles; the script says everything else that is drawn.
        drawn = [work.run.read(name) for name in ("script.json", "values.json")]
        key = sha256(to_bytes([work.workflow.digest, work.step.name, *(sha256(data) for data in drawn)]))
        return self.memo.files(f"slides {key}", lambda place: slide.render(work, place), folder)

    def make_video(self, provider: str, job: VideoJob, key: str, folder: Path) -> Sequence[Path]:
        from workflow_orchestrator.steps import video

        # A scenario spends no money and asks nobody: this machine renders, with the voice that comes with the package.
        here = replace(job, voice="espeak", include=None)
        return self.memo.files(f"video {here.digest()}", lambda place: video.make("local", here, key, place), folder)

    def run_workflow(self, work: Work, called: CalledRun) -> str:
        return self.call(work, called, self.clock)

    def wait_until(self, work: Work, moment: datetime) -> None:
        if self.clock.sleep:  # the real time: a run at the terminal does not sit there until a release
            LocalServices().wait_until(work, moment)
        self.clock.pass_by(moment - self.clock.now)

    def link(self, run: RunFolder, name: str) -> str:
        return run.uri(name)

    def send(self, channel: str, subject: str, text: str) -> str:
        self.sent.append(Message(channel, subject, text))
        return "logged"
