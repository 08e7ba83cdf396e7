"""A `scenarios.yaml` as frozen, typed objects: what a run is given, what happens in it, and what must come of it.

Suite ─ Scenario ┬ conf, document, misprints, today
                 ├ script: step → what happens at each of its tries (Fault · Replies · Reaction · Played)
                 └ Expectation
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, TypeAlias

from workflow_orchestrator.definition.configuration import Ocr
from workflow_orchestrator.definition.steps import Outcome


class ScenarioError(Exception):
    """A scenario does not fit the run that it is about; the message says what to write. It is no error of the run."""

    retryable = False


MEASURES = ("steps", "catches", "branches", "rules")
"""What coverage counts: steps that ran, catches that were taken, ways of choose blocks, rules that were broken."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A try that ends with an error of class `error`: at the model call of a step that asks a model, else at its start."""

    error: str
    message: str = ""
    retry_after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Replies:
    """What the model answers to the calls of one try, in their order: text as it stands, or data that is sent as JSON.

    No answer at all: the step must not come to ask. `tokens` are those read and written by each call, where the scenario looks at money.
    """

    answers: tuple[Any, ...]
    tokens: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Reaction:
    """What people answer to the question of one try.

    `answer`: send, stop, approve, reject, send_back, or nobody (the time runs out). `enter` maps a reference to the words and the page
    that a person gives for it; words `None` empty the field. `edit` maps a place of the script to its new words, and `None` leaves the
    sentence out. `reason` is the reason or note of a release.
    """

    answer: Literal["send", "stop", "approve", "reject", "send_back", "nobody"]
    by: str = ""
    enter: Mapping[str, tuple[str | None, int | None]] = field(default_factory=dict)
    after: timedelta = timedelta(0)
    edit: Mapping[str, str | None] = field(default_factory=dict)
    reason: str = ""

    def __post_init__(self) -> None:
        if (self.answer == "nobody") == bool(self.by):
            raise ValueError("an answer says who gave it, and nobody is nobody")


@dataclass(frozen=True, slots=True)
class Played:
    """How the other workflow of a call step goes: by that scenario of its own."""

    scenario: str


@dataclass(frozen=True, slots=True)
class Works:
    """A try in which the step works for real."""


Event: TypeAlias = Fault | Replies | Reaction | Played | Works


@dataclass(frozen=True, slots=True)
class Misprint:
    """Words that the document prints, and what it prints instead in this scenario; `nth` of them on the page, from 1."""

    page: int
    printed: str
    instead: str
    nth: int | None = None

    def __post_init__(self) -> None:
        if len(self.printed.split()) != len(self.instead.split()):
            raise ValueError(f"{self.printed!r} and {self.instead!r} must have the same number of words")


@dataclass(frozen=True, slots=True)
class Expectation:
    """What must come of a scenario; what is `None` or empty is not looked at."""

    outcome: Outcome
    error: str | None = None
    message: tuple[str, ...] = ()
    path: tuple[str, ...] | None = None
    states: Mapping[str, str] = field(default_factory=dict)
    artifacts: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    values: Mapping[str, str | None] = field(default_factory=dict)
    findings: tuple[str, ...] | None = None
    says: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    calls: int | None = None
    cost: Decimal | None = None
    waited: timedelta | None = None

    def __post_init__(self) -> None:
        if self.outcome == "succeeded" and self.error is not None:
            raise ValueError("a run that succeeds has no error")


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario. `document` is the file that the run is started with, `conf` its parameters.

    `profile` and `ocr` are the platform's, for this scenario: what a machine has installed changes nothing. `follows` runs before it
    in the same storage. `requested_by` asks for the video. `line` is where it stands in its file.
    """

    name: str
    says: str
    document: Path
    conf: Mapping[str, Any]
    script: Mapping[str, tuple[Event, ...]] = field(default_factory=dict)
    misprints: tuple[Misprint, ...] = ()
    today: date | None = None
    profile: Literal["production", "demo"] = "production"
    ocr: Ocr = "off"
    follows: Scenario | None = None
    requested_by: str = "scenario"
    expect: Expectation = field(default_factory=lambda: Expectation("succeeded"))
    line: int = 1

    def event(self, label: str, step: str, number: int) -> Event:
        """What happens at one try of a step; `label` names its item in a map too. Beyond what is listed it works for real."""
        events = self.script.get(label) or self.script.get(step) or ()
        return events[number - 1] if number <= len(events) else Works()


@dataclass(frozen=True, slots=True)
class Prices:
    """What the scripted model of the scenarios costs, in US dollars per million tokens."""

    read: Decimal
    written: Decimal


@dataclass(frozen=True, slots=True)
class Suite:
    """The scenarios of one workflow. `floor` holds per cent by measure; `failures` asks for the whole failure table."""

    workflow: str
    path: Path
    scenarios: tuple[Scenario, ...]
    floor: Mapping[str, int] = field(default_factory=dict)
    failures: bool = True
    prices: Prices | None = None

    def scenario(self, name: str) -> Scenario:
        """The scenario of that name.

        Raises:
            KeyError: there is none.
        """
        for scenario in self.scenarios:
            if scenario.name == name:
                return scenario
        raise KeyError(name)
