"""Coverage: what no scenario exercises is named with its place, and too little of it fails the suite."""

from __future__ import annotations

from pathlib import Path

from scenario_project import write_project, write_scenarios

from workflow_orchestrator.scenarios import run_all

WARM = """\
floor: {steps: 50, catches: 100, branches: 50}
failures: none
scenarios:
  warm:
    says: One of the two ways.
    input: {document: samples/page.pdf, tone: warm}
    steps:
      fetch: [{scenario: answers}]
      line: [{reply: {text: A line}}]
    expect: {outcome: succeeded}
"""


def test_what_is_left_out_is_named_with_its_place(tmp_path: Path) -> None:
    """Steps, ways and catches at their own lines."""
    caller, _ = write_project(tmp_path)
    write_scenarios(caller, WARM)
    report = run_all(caller.folder, caller.include)
    lines = (caller.folder / "workflow.yaml").read_text().splitlines()
    places = {point.says: lines[point.line - 1].strip().split(":")[0] for point in report.coverage.missing}  # type: ignore[union-attr]
    assert places == {
        "step state never runs": "state",
        "step tell never runs": "tell",
        "step alarm never runs": "alarm",
        "way: the way plain is never taken": "- name",
        "line: no LLMError goes to continue": "line",
    }


def test_below_the_floor_the_suite_fails(tmp_path: Path) -> None:
    """Although every scenario passed."""
    caller, _ = write_project(tmp_path)
    write_scenarios(caller, WARM)
    report = run_all(caller.folder, caller.include)
    assert report.failed == ()
    assert report.coverage is not None
    assert report.coverage.counts("steps") == (3, 6)
    assert report.coverage.below == ("catches: 0 of 1 are exercised, 0 %, below the floor of 100 %",)
    assert not report.passed
    assert report.to_json()["coverage"]["percent"] == {"steps": 50.0, "catches": 0.0, "branches": 50.0, "rules": 100.0}


def test_single_scenarios_are_not_measured(tmp_path: Path) -> None:
    """Whoever asks for one wants that one; progress tells before and after."""
    caller, _ = write_project(tmp_path)
    write_scenarios(caller, WARM)
    told: list[tuple[str, bool]] = []
    report = run_all(
        caller.folder, caller.include, ["warm"], lambda event: told.append((event.name, event.result is not None))
    )
    assert report.passed and report.coverage is None and report.cells == ()
    assert told == [("warm", False), ("warm", True)]
