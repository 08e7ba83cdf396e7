"""Problems and their report."""

from __future__ import annotations

import pickle
import re
from pathlib import Path

import pytest

from workflow_orchestrator.definition import problems, raises
from workflow_orchestrator.definition.problems import CODES, MAX_PROBLEMS, Problem, Report, did_you_mean, where
from workflow_orchestrator.errors import ConfigurationError, DefinitionError


def test_a_problem_reads_as_place_code_path_message_and_fix() -> None:
    """The line is what editors and CI know how to open."""
    problem = Problem(
        "WF031", Path("dags/x/workflow.yaml"), 12, 7, "steps.a.catch[0].go", "no step is named 'b'", "fix"
    )
    assert str(problem) == "dags/x/workflow.yaml:12:7 WF031 steps.a.catch[0].go: no step is named 'b'; fix"


def test_a_problem_refuses_an_unknown_code_and_a_line_zero() -> None:
    """A code that is not in the table, and a place that no editor can open, are mistakes of the platform."""
    with pytest.raises(ValueError, match="WF999"):
        Problem("WF999", Path("x"), 1, 1, "", "m")
    with pytest.raises(ValueError, match="count from 1"):
        Problem("WF001", Path("x"), 0, 1, "", "m")


def test_every_code_of_the_table_is_used_and_no_other() -> None:
    """The table of codes is the truth about the sources beside it."""
    package = Path(problems.__file__).parent
    sources = [*package.rglob("*.py"), *(package.parent / "rules").glob("*.py")]
    used = {
        code
        for path in sources
        if path.name != "problems.py"
        for code in re.findall(r'"(WF\d{3})"', path.read_text(encoding="utf-8"))
    }
    assert used == set(CODES)


def test_a_report_sorts_by_place_and_keeps_each_problem_once() -> None:
    """The author reads from top to bottom."""
    report = Report()
    report.add_at("WF010", Path("b"), 9, 1, "", "late")
    report.add_at("WF010", Path("b"), 2, 5, "", "early")
    report.add_at("WF010", Path("a"), 99, 1, "", "first file")
    report.add_at("WF010", Path("b"), 2, 5, "", "early")
    assert [problem.message for problem in report.problems] == ["first file", "early", "late"]


def test_a_report_shows_paths_from_the_projects_folder() -> None:
    """A click on the line opens the file; a path elsewhere stays whole."""
    report = Report(Path("/project"))
    assert report.shown(Path("/project/dags/x.yaml")) == Path("dags/x.yaml")
    assert report.shown(Path("/other/x.yaml")) == Path("/other/x.yaml")


def test_the_error_of_a_report_survives_pickling_with_its_problems() -> None:
    """Airflow moves errors between processes."""
    report = Report()
    report.raise_if_any("nothing wrong")
    report.add_at("WF010", Path("x.yaml"), 1, 2, "a", "m", "f")
    for kind in (DefinitionError, ConfigurationError):
        with pytest.raises(kind) as caught:
            report.raise_if_any("dags/x", kind)
        copy = pickle.loads(pickle.dumps(caught.value))
        assert type(copy) is kind
        assert copy.message == "dags/x has one problem:\n  x.yaml:1:2 WF010 a: m; f"
        assert copy.details["problems"] == [
            {"code": "WF010", "path": "x.yaml", "line": 1, "column": 2, "where": "a", "message": "m", "fix": "f"}
        ]


def test_a_report_stops_at_its_limit() -> None:
    """A file made of mistakes costs no more than a limit of them."""
    report = Report()
    for line in range(1, 5_000):
        report.add_at("WF010", Path("x"), line, 1, "", "m")
    assert len(report) == MAX_PROBLEMS
    with pytest.raises(DefinitionError, match="200 problems or more"):
        report.raise_if_any("x")


@pytest.mark.parametrize(
    ("word", "fix"),
    [
        ("fial", "did you mean 'fail'?"),
        ("FAIL", "did you mean 'fail'?"),
        ("zzz", "known: fail, continue"),
    ],
)
def test_the_fix_is_the_nearest_word_or_the_choice(word: str, fix: str) -> None:
    """A misspelling is named; a word from elsewhere gets the list."""
    assert did_you_mean(word, ["fail", "continue"]) == fix


def test_a_key_path_reads_as_authors_write_it() -> None:
    """Names with dots, places in lists in brackets."""
    assert where(("steps", "x", "catch", 0, "on")) == "steps.x.catch[0].on"
    assert where(()) == ""


def test_errors_of_both_trees_can_be_caught_by_name() -> None:
    """A catch may name what the orchestrator or the LLM layer raises, and nothing else."""
    known = raises.error_classes()
    assert "BusinessValidationError" in known
    assert "Exception" not in known
    assert "OrchestratorError" in known
