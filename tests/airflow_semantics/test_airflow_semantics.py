"""What the factory makes of a definition, held against what Airflow does with it: by task states and tries, not by log text."""

from __future__ import annotations

import pytest
from semantics_cases import Case, cases, differences

pytestmark = [pytest.mark.airflow]

RUN_OF = {"succeeded": "success", "degraded": "success", "failed": "failed"}


def test_there_is_a_case_of_each_topic() -> None:
    """Retries, policies, catches, endings, choices, arms side by side, maps and calls."""
    assert {case.workflow for case in cases()} == {
        "retries", "catches", "endings", "choices", "side_by_side", "for_each", "calls", "called",
    }  # fmt: skip


@pytest.mark.parametrize("case", cases("calls"), ids=lambda case: case.id)
def test_a_case_in_one_process(case: Case, tested: dict[str, tuple[str, str, dict[str, tuple[str, int]]]]) -> None:
    """`dag.test()`: every task ends as expected after its tries, and the run's colour is that of its outcome."""
    outcome, run, states = tested[case.id]
    assert differences(case, outcome, states) == []
    assert run == RUN_OF[outcome]


@pytest.mark.served
@pytest.mark.parametrize("case", cases(), ids=lambda case: case.id)
def test_a_case_on_a_served_airflow(
    case: Case, served_cases: dict[str, tuple[str, str, dict[str, tuple[str, int]]]]
) -> None:
    """Scheduler, workers and triggerer come to the same."""
    outcome, run, states = served_cases[case.id]
    assert differences(case, outcome, states) == []
    assert run == RUN_OF[outcome]
