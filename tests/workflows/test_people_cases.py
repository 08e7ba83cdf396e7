"""Questions to people, in process: the cases that `tests/airflow_semantics` plays on a served Airflow."""

from __future__ import annotations

from pathlib import Path

import pytest
from people_cases import make_project, people_cases, scenario_of
from semantics_cases import Case, differences

from workflow_orchestrator.definition import load_workflow
from workflow_orchestrator.scenarios import run_scenario


@pytest.fixture(scope="module")
def dags(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workflows."""
    return make_project(tmp_path_factory.mktemp("people"))


@pytest.mark.parametrize("case", people_cases(), ids=lambda case: case.id)
def test_the_runner_asks_as_airflow_asks(case: Case, dags: Path) -> None:
    """Answered, refused, asked again, and left alone: each task's state and tries, and the outcome."""
    workflow = load_workflow(dags / case.workflow, dags.parent / "include")
    result = run_scenario(workflow, scenario_of(dags, case))
    assert differences(case, result.outcome, result.states) == []
