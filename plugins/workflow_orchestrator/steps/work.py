"""What a step works with, and the seam between a step and whoever runs it.

Two run steps: the operators under Airflow, and the scenario runner in process. A step's work is the same code for both; what differs
(how a model is asked, what time it is, who makes slides and videos) comes through `Services`.

    perform(work)                              extract, validate, write, slide, video, generate, call, notify
    question(work) · take(work, answer, **…)   ask, approve: people answer in between, possibly days later;
    no_answer(work, reason)                    or nobody does

`registry.py` has the functions of each kind. Whoever runs a step may leave in the middle of `perform` (`ask_model`, `run_workflow`)
and run it again from its start: a step reads what is there already and does nothing twice that costs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, Protocol, TypeVar

from workflow_orchestrator.definition.configuration import Configuration
from workflow_orchestrator.definition.model import Step, Workflow
from workflow_orchestrator.record import RunFolder, StepReport

if TYPE_CHECKING:
    from llm_orchestration import LLMRequest, LLMResult
    from workflow_orchestrator.documents import Document, ReadLimits
    from workflow_orchestrator.documents.pictures import Cut, Pictures
    from workflow_orchestrator.rendering import VideoJob

StepKind = TypeVar("StepKind", bound=Step)


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

    def draw_pages(self, data: bytes, document: Document, pages: Sequence[int], cuts: Sequence[Cut]) -> Pictures:
        """Pictures of pages and places of a document that was read before (`documents.pictures.draw`).

        Raises:
            DocumentError: it cannot be drawn within its limits.
            ReaderKilledError: something else ended the drawing; a retry can help.
        """

    def render_slides(self, work: Work, folder: Path) -> Sequence[Path]:
        """Slides of the run's script, in a folder: the pictures in their order, beside `slides.pdf`, `slides.pptx` and `deck.json`."""

    def make_video(self, provider: str, job: VideoJob, key: str, folder: Path) -> Sequence[Path]:
        """The files of a finished video in a folder.

        Raises:
            RenderError: it cannot be made.
            EncoderError: it was not made this time.
        """

    def run_workflow(self, work: Work, called: CalledRun) -> str:
        """Starts a run of another workflow, unless that very run is there already, and waits for its end.

        Under Airflow the worker may leave here and come back (`TaskDeferred`).

        Returns:
            `success` or `failed`, as Airflow says it.

        Raises:
            CalledWorkflowError: it is not through in time, or cannot be started.
        """

    def wait_until(self, work: Work, moment: datetime) -> None:
        """Returns when a moment has come.

        Under Airflow the worker leaves here and comes back (`TaskDeferred`).

        Raises:
            NotYetError: nobody waits here.
        """

    def link(self, run: RunFolder, name: str) -> str:
        """The address at which a person finds a file of the run; without a name, the run's own page."""

    def send(self, channel: str, subject: str, text: str) -> str:
        """Sends a message to a channel and says how: `sent`, or `logged` where the channel has no notifier.

        Raises:
            NotificationError: the channel did not take it; a retry can help.
        """


@dataclass(frozen=True, slots=True)
class CalledRun:
    """A run of another workflow: which, under which id, with which conf, and how long it may take."""

    workflow: str
    run_id: str
    conf: Mapping[str, Any]
    within: timedelta


@dataclass(frozen=True, slots=True)
class Question:
    """What people are asked: options, and a form by name.

    A part of the form has `value` (what stands there at first), `description`, and `schema`: JSON Schema with `title` and `section`.
    `resume_with` is JSON that `take` gets again beside the answer. `not_by` are names of people who are left out of the groups.
    """

    subject: str
    body: str
    options: tuple[str, ...]
    groups: tuple[str, ...]
    within: timedelta
    form: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    resume_with: Mapping[str, Any] = field(default_factory=dict)
    not_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody answered: the option, the form, who (name and id) and when."""

    option: str
    values: Mapping[str, Any]
    by: str
    at: str
    by_id: str = ""


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
Ask = Callable[[Work], Question | None]
"""Asks people; `None` when the step is settled without them."""
Take = Callable[..., None]
"""Takes the answer: `take(work, answer, **question.resume_with)`."""
NoAnswer = Callable[[Work, str], NoReturn]
"""Ends the step when nobody answered: `reason` is `timeout`, or what else Airflow says."""


def step_of(work: Work, kind: type[StepKind]) -> StepKind:
    """The step that is at work, as the kind that its function is for.

    Raises:
        TypeError: it is of another kind; the registry and the step disagree.
    """
    if not isinstance(work.step, kind):
        raise TypeError(f"{work.step.name} is a {work.step.kind} step, and its work is that of {kind.__name__}")
    return work.step
