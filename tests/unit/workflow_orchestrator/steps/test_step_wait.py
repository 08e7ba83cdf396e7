"""A wait: for the moment that a parameter holds, and for no other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from step_lab import EXECUTION, Bench, opened, with_steps, work_on

from workflow_orchestrator.definition import load_workflow
from workflow_orchestrator.definition.model import WaitStep, Workflow
from workflow_orchestrator.errors import NotYetError, WaitTimeError
from workflow_orchestrator.scenarios.clock import Clock
from workflow_orchestrator.steps.wait import moment_of, perform
from workflow_orchestrator.steps.work import Work

STEP = WaitStep(name="hold", execution=EXECUTION, until="language")
"""Any parameter of type string will do for the step itself."""


@dataclass
class Waiting(Bench):
    """Services that stand at one moment and wait by moving on."""

    clock: datetime = datetime(2026, 7, 28, 12, 0, tzinfo=UTC)
    waited: timedelta = timedelta(0)

    def now(self) -> datetime:
        return self.clock

    def wait_until(self, work: Work, moment: datetime) -> None:
        self.waited += moment - self.clock
        self.clock = moment


@pytest.fixture(scope="module")
def workflow(root: Path) -> Workflow:
    """The shipped workflow with a wait in place of its steps."""
    return with_steps(load_workflow(root / "dags" / "fund_factsheet_video", root / "include"), STEP)


def waited(workflow: Workflow, place: Path, text: str) -> tuple[timedelta, str]:
    """How long a run waits whose parameter holds a text, and what its report says."""
    services = Waiting()
    work = work_on(opened(place, workflow, language=text), workflow, STEP, services)
    perform(work)
    return services.waited, work.report.facts["until"]


@pytest.mark.parametrize(
    ("text", "hours", "until"),
    [
        ("2026-07-28T16:05-04:00", 8.0 + 5 / 60, "2026-07-28T20:05:00+00:00"),
        ("2026-07-28T14:00+02:00", 0, "2026-07-28T12:00:00+00:00"),
        ("2026-07-27T09:00Z", 0, "2026-07-27T09:00:00+00:00"),
        ("", 0, ""),
        ("  ", 0, ""),
    ],
)
def test_it_waits_until_the_moment(workflow: Workflow, tmp_path: Path, text: str, hours: float, until: str) -> None:
    """In the zone that stands there; what is over or empty is no wait."""
    assert waited(workflow, tmp_path, text) == (timedelta(hours=hours), until)


@pytest.mark.parametrize("text", ["2026-07-28T16:05", "tomorrow", "2026-02-30T10:00Z", "16:05-04:00"])
def test_what_is_no_moment_is_named(workflow: Workflow, tmp_path: Path, text: str) -> None:
    """A time without a zone is another moment in each place."""
    with pytest.raises(WaitTimeError, match=r"language is .*no day and time with a zone"):
        waited(workflow, tmp_path, text)
    assert not WaitTimeError("x").retryable


def test_where_nobody_waits_it_is_said(workflow: Workflow, tmp_path: Path) -> None:
    """A run at the terminal does not sit there until the release; it ends and says when to come back."""
    run = opened(tmp_path, workflow, language="2999-01-01T00:00Z")
    with pytest.raises(NotYetError, match="hold waits until 2999-01-01T00:00"):
        perform(work_on(run, workflow, STEP, Bench()))


def test_a_moment_is_in_utc() -> None:
    """So that two runs of one release have the same moment in their records."""
    assert moment_of("x", "2026-07-28T16:05-04:00") == moment_of("x", "2026-07-28T22:05+02:00")


def test_the_clock_of_a_scenario_goes_on() -> None:
    """Waiting for a release is no wait between tries."""
    clock = Clock.at(datetime(2026, 7, 28, tzinfo=UTC).date())
    clock.pass_by(timedelta(hours=9))
    assert (clock.now.hour, clock.waited) == (20, timedelta(0))
