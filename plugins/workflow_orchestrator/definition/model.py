"""One workflow as a frozen, typed object: what the loader makes of a folder, and what everything else is built from.

    Workflow
     ├ document (DocumentRule) · parameters (Parameter…) · business rules · budget · schedule · execution
     └ steps: ExtractStep | ValidateStep | AskStep | WriteStep | SlideStep | ApproveStep | VideoStep
               each with name · execution · catches

Nothing here knows Airflow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar, Literal

from workflow_orchestrator.fields import FieldSet

ErrorHandler = Literal["continue", "fail"]


@dataclass(frozen=True, slots=True)
class Execution:
    """How a step is run: tries, delays and the time that one try may take."""

    max_retries: int
    timeout: timedelta
    retry_backoff: Literal["exponential", "constant"]
    retry_delay: timedelta
    max_retry_delay: timedelta
    default_error_handler: ErrorHandler

    def __post_init__(self) -> None:
        if self.max_retries < 1:
            # A task that is queued while the API server starts fails once through no fault of its own.
            raise ValueError(f"max_retries must be at least 1, not {self.max_retries}")
        if self.timeout <= timedelta(0) or self.retry_delay <= timedelta(0):
            raise ValueError("timeout and retry delay must be longer than nothing")
        if self.max_retry_delay < self.retry_delay:
            raise ValueError("max_retry_delay must not be shorter than retry_delay")


@dataclass(frozen=True, slots=True)
class Catch:
    """What happens when a step ends with an error of class `on`: go to step `go`, `continue`, or `fail`."""

    on: str
    go: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step. Its name is the Airflow task id."""

    kind: ClassVar[str] = ""
    name: str
    execution: Execution
    catches: tuple[Catch, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractStep(Step):
    """Reads the document and binds each field to its page and printed words."""

    kind: ClassVar[str] = "extract"
    prompt: Path
    schema: Path
    route: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidateStep(Step):
    """Proves every value against the document and applies field and cross-field rules."""

    kind: ClassVar[str] = "validate"
    rules: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class AskStep(Step):
    """Asks named people for the fields that failed; reached only through a `catch`."""

    kind: ClassVar[str] = "ask"
    form: Literal["failed_fields"]
    ask: tuple[str, ...]
    within: timedelta
    otherwise: Literal["fail"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteStep(Step):
    """Writes the narration around bound values. `narration` maps a language to its sentence file."""

    kind: ClassVar[str] = "write"
    prompt: Path
    narration: Mapping[str, Path]
    route: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SlideStep(Step):
    """Renders the slides of the script in a theme."""

    kind: ClassVar[str] = "slide"
    theme: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class ApproveStep(Step):
    """Asks named people to release exactly what they were shown. A timeout never means yes."""

    kind: ClassVar[str] = "approve"
    ask: tuple[str, ...]
    show: tuple[str, ...]
    within: timedelta
    otherwise: Literal["fail"]


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoStep(Step):
    """Gives script and slides to a video provider, waits, fetches and checks the file."""

    kind: ClassVar[str] = "video"
    provider: str
    voice: str


@dataclass(frozen=True, slots=True)
class DocumentRule:
    """Which document a run takes."""

    type: Literal["pdf"]
    max_pages: int
    max_bytes: int


@dataclass(frozen=True, slots=True)
class Parameter:
    """One typed parameter of a run. `schema` is its JSON Schema without title, description and default."""

    name: str
    title: str
    description: str
    schema: Mapping[str, Any]
    default: Any = None
    required: bool = False


@dataclass(frozen=True, slots=True)
class Schedule:
    """When the nightly scan of the inbox runs: a cron expression in a time zone."""

    nightly: str
    timezone: str


@dataclass(frozen=True, slots=True)
class Budget:
    """What one run may cost, how long it may work, and how many tokens its model calls may take."""

    usd: Decimal | None = None
    time: timedelta | None = None
    tokens: int | None = None


@dataclass(frozen=True, slots=True)
class BusinessRules:
    """Fields that a run cannot do without, and the compliance packs that judge its script."""

    required_fields: tuple[str, ...] = ()
    compliance_checks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Workflow:
    """One business workflow, checked. `digest` is "sha256:" over every file that it is made of (`files`, sorted)."""

    name: str
    title: str
    description: str
    owner: str
    platform: str
    format: int
    folder: Path
    include: Path
    document: DocumentRule
    parameters: tuple[Parameter, ...]
    rules: BusinessRules
    budget: Budget
    schedule: Schedule | None
    steps: tuple[Step, ...]
    fields: FieldSet
    digest: str
    files: tuple[Path, ...] = ()
    source: str = field(default="", repr=False)  # the text of workflow.yaml, for the DAG's page

    def step(self, name: str) -> Step:
        """The step of that name.

        Raises:
            KeyError: there is none.
        """
        for step in self.steps:
            if step.name == name:
                return step
        raise KeyError(name)
