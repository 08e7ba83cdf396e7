"""The cases that `tests/airflow_semantics` runs on a real Airflow, run in process: same states, same tries, same outcome."""

from __future__ import annotations

from pathlib import Path

import pytest
from semantics_cases import CASES, Case, cases, differences

from workflow_orchestrator.definition import load_workflow
from workflow_orchestrator.scenarios import load_scenarios, run_scenario


def test_there_are_cases() -> None:
    """A suite without cases proves nothing."""
    assert len(cases()) >= 20


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.id)
def test_the_runner_does_what_airflow_does(case: Case) -> None:
    """Every task ends in the state, after the tries, and the run with the outcome that Airflow gave it."""
    folder: Path = CASES / "dags" / case.workflow
    workflow = load_workflow(folder, CASES / "include")
    result = run_scenario(workflow, load_scenarios(workflow).scenario(case.scenario))
    assert differences(case, result.outcome, result.states) == []
