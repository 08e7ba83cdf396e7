"""One workflow as a frozen, typed object: what the loader makes of a folder, and what everything else is built from.

    Workflow
     ├ document (DocumentRule) · parameters (Parameter…) · business rules · budget · schedule · execution
     ├ flow: the steps and blocks in the order in which they run (steps.py)
     ├ last: the steps that run however it ends (`finally`)
     └ steps: every step, also those inside blocks and the detours, in the order of the file

Nothing here knows Airflow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from workflow_orchestrator.definition.steps import (
    ApproveStep,
    Arm,
    AskStep,
    Block,
    CallStep,
    Catch,
    Choose,
    Condition,
    ErrorHandler,
    Execution,
    ExtractStep,
    GenerateStep,
    Item,
    Map,
    NotifyStep,
    Outcome,
    Parallel,
    Reference,
    Reminder,
    SlideStep,
    Step,
    ValidateStep,
    VideoStep,
    WaitStep,
    WriteStep,
)
from workflow_orchestrator.fields import FieldSet

__all__ = [
    "ApproveStep",
    "Arm",
    "AskStep",
    "Block",
    "Budget",
    "BusinessRules",
    "CallStep",
    "Catch",
    "Choose",
    "Condition",
    "Deadline",
    "DocumentRule",
    "ErrorHandler",
    "Execution",
    "ExtractStep",
    "GenerateStep",
    "Item",
    "Map",
    "NotifyStep",
    "Outcome",
    "Parallel",
    "Parameter",
    "Reference",
    "Reminder",
    "Schedule",
    "SlideStep",
    "Step",
    "ValidateStep",
    "VideoStep",
    "WaitStep",
    "Workflow",
    "WriteStep",
]


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
    """When documents of the inbox are looked for: by a cron expression in a time zone, or as they arrive, or both.

    `catch_up` makes up for a scan that was missed while the platform stood still, once. The summary of a scan waits
    `wait` for its runs. `at_once` bounds the runs that a scan or arrivals have at work at the same time.
    """

    nightly: str | None
    timezone: str = "UTC"
    catch_up: bool = True
    arrivals: bool = False
    wait: timedelta = timedelta(hours=3)
    at_once: int = 16
    notify: str | None = None


@dataclass(frozen=True, slots=True)
class Deadline:
    """A run that is not through `within` its start is told to a channel; it goes on."""

    within: timedelta
    notify: str


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
    flow: tuple[Item, ...] = ()
    last: tuple[NotifyStep, ...] = ()
    outputs: tuple[str, ...] = ()
    run_timeout: timedelta | None = None
    deadline: Deadline | None = None
    rerun: Literal["same", "latest"] = "same"
    home: Path | None = None  # include/ of the platform, where this one is a run's own copy of the definition
    files: tuple[Path, ...] = ()
    source: str = field(default="", repr=False)  # the text of workflow.yaml, for the DAG's page

    @property
    def platform_include(self) -> Path:
        """Where `orchestrator.yaml` and `llm.yaml` lie: they are the platform's, whichever definition a run goes by."""
        return self.home or self.include

    def step(self, name: str) -> Step:
        """The step of that name.

        Raises:
            KeyError: there is none.
        """
        for step in self.steps:
            if step.name == name:
                return step
        raise KeyError(name)
