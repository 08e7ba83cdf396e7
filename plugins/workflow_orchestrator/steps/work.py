"""What a step works with, and the seam between a step and whoever runs it.

Two run steps: the operators under Airflow, and the scenario runner in process. A step's work is the same code for both; what differs
(how a model is asked, what time it is, who makes slides and videos) comes through `Services`.

    perform(work)                 extract, validate, write, slide, video, generate, notify
    question(work) · take(work)   ask, approve: people answer in between, possibly days later
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from workflow_orchestrator.definition.configuration import Configuration
from workflow_orchestrator.definition.model import Step, Workflow
from workflow_orchestrator.record import RunFolder, StepReport

if TYPE_CHECKING:
    from llm_orchestration import LLMRequest, LLMResult
    from workflow_orchestrator.documents import Document, ReadLimits
    from workflow_orchestrator.rendering import VideoJob


class Services(Protocol):
    """What a step cannot do by itself."""

    def now(self) -> datetime:
        """The time, in UTC."""

    def ask_model(self, work: Work, route: str, request: LLMRequest) -> LLMResult:
        """One checked answer along a route. Under Airflow the worker may leave here and come back (`TaskDeferred`).

        Raises:
            LLMError: the call failed; the class says whether a retry helps.
        """

    def read_document(self, data: bytes, limits: ReadLimits) -> Document:
        """The pages of a PDF (`documents.read_document`)."""

    def render_slides(self, work: Work, folder: Path) -> Sequence[Path]:
        """Slides of the run's script, in a folder: the pictures in their order, beside `slides.pdf`, `slides.pptx` and `deck.json`."""

    def make_video(self, provider: str, job: VideoJob, key: str, folder: Path) -> Sequence[Path]:
        """The files of a finished video in a folder.

        Raises:
            RenderError: it cannot be made.
            EncoderError: it was not made this time.
        """

    def send(self, channel: str, subject: str, text: str) -> str:
        """Sends a message to a channel and says how: `sent`, or `logged` where the channel has no notifier.

        Raises:
            NotificationError: the channel did not take it; a retry can help.
        """


@dataclass(frozen=True, slots=True)
class Question:
    """What people are asked: options, and a form of JSON Schema parts (`title`, `description`, `section`, `value`) by name."""

    subject: str
    body: str
    options: tuple[str, ...]
    groups: tuple[str, ...]
    within: timedelta
    form: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    resume_with: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody answered: the option, the form, who and when."""

    option: str
    values: Mapping[str, Any]
    by: str
    at: str


@dataclass(slots=True)
class Work:
    """One stint of one step: the run's folder, the report it fills, the checked request.

    In a map, `run` is the item's own folder (which also shows what the run made before) and `item` the item.
    """

    run: RunFolder
    report: StepReport
    step: Step
    workflow: Workflow
    request: Mapping[str, Any]
    attempt: int
    services: Services
    configuration: Configuration
    item: Any = None
    item_name: str = ""
    resumed: bool = False

    @property
    def conf(self) -> dict[str, Any]:
        """The conf of the run, complete with defaults; in a map the item takes the place of the parameter of its name."""
        conf: dict[str, Any] = dict(self.request["conf"])
        if self.item_name and self.item_name in conf:
            conf[self.item_name] = self.item
        return conf

    def keep(self, name: str, data: Any) -> Any:
        """Writes an artifact (bytes as they are, anything else as JSON) and adds it to the report."""
        artifact = self.run.write(name, data) if isinstance(data, bytes) else self.run.write_json(name, data)
        self.report.artifacts.append(artifact)
        return artifact


Perform = Callable[[Work], None]
