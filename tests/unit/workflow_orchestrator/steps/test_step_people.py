"""Reminders of an open question, in process: the same code that Airflow's operators call."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from workflow_orchestrator.definition import load_workflow
from workflow_orchestrator.definition.model import Reminder
from workflow_orchestrator.scenarios import load_scenarios, run_scenario
from workflow_orchestrator.steps.people import Waiting

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)


def test_a_channel_is_reminded_of_a_question_that_nobody_answers(root: Path) -> None:
    """After one of two days once, with the question, since when and until when; then the run fails and says so."""
    workflow = load_workflow(root / "dags/fund_factsheet_video", root / "include")
    scenario = next(one for one in load_scenarios(workflow).scenarios if one.name == "french_unanswered")
    result = run_scenario(workflow, scenario)
    assert result.failures == ()
    reminder, end = result.messages
    assert reminder.subject.startswith("Still open: Fund factsheet video: release the video of brevalon")
    assert "asked of compliance" in reminder.text
    assert "15 November 2026" in reminder.text
    assert "17 November 2026" in reminder.text
    assert "no full result" in end.subject


def test_a_question_is_looked_at_for_each_reminder_and_at_its_end() -> None:
    """Without a reminder only at its end."""
    waiting = Waiting("?", NOW, NOW + timedelta(hours=5))
    every = Reminder(timedelta(hours=2), "desk")
    assert waiting.next_stop(None) == waiting.until
    stops = [Waiting("?", NOW, waiting.until, number).next_stop(every) for number in range(4)]
    assert stops == [NOW + timedelta(hours=hours) for hours in (2, 4, 5, 5)]


@pytest.mark.parametrize(("hours", "reminded"), [(0, 0), (-1, 0), (1, -1)])
def test_a_question_that_is_never_open_is_no_question(hours: int, reminded: int) -> None:
    """Its end comes after its beginning, and nobody was reminded less than never."""
    with pytest.raises(ValueError, match="open for some time"):
        Waiting("?", NOW, NOW + timedelta(hours=hours), reminded)
