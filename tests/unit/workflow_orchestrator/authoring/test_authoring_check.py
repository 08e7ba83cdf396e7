"""`check`: every problem with its place, and what a person at a terminal sees of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from authoring_sample import NAME, Said, edit, runner

from workflow_orchestrator.authoring.check import snippet
from workflow_orchestrator.authoring.project import Project


def test_a_sound_project_is_good(command: Callable[..., Said]) -> None:
    """Exit code 0, one line, nothing on the standard error."""
    said = command("check")
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("Good: 1 workflow checked in ")


def test_all_problems_of_all_files_are_told_at_once(own: Project) -> None:
    """A workflow, the platform's routes and a scenario: each problem with file, line and column."""
    folder = own.dags / NAME
    edit(folder / "workflow.yaml", "route: extraction", "route: extracton")
    edit(folder / "workflow.yaml", "form: failed_fields", "form: failed_field")
    with (own.include / "llm.yaml").open("a", encoding="utf-8") as file:
        file.write("  broken: {targets: []}\n")
    said = runner(own)("check")
    assert said.code == 1
    lines = said.out.splitlines()
    assert any(
        line.startswith(f"dags/{NAME}/workflow.yaml:") and "did you mean 'extraction'?" in line for line in lines
    )
    assert any("failed_fields" in line for line in lines)
    assert any(line.startswith("include/llm.yaml:") and "broken" in line for line in lines)
    assert lines[-1].endswith("1 workflow checked.")


def test_a_mistake_in_a_scenario_is_found_too(own: Project) -> None:
    """`scenarios.yaml` is part of what check reads."""
    edit(own.dags / NAME / "scenarios.yaml", "RateLimitError", "RateLimiterror")
    said = runner(own)("check", NAME)
    assert said.code == 1
    assert f"dags/{NAME}/scenarios.yaml:" in said.out


def test_a_terminal_shows_the_line_with_a_mark(own: Project) -> None:
    """The mark stands under the column; a pipe gets the plain lines alone."""
    edit(own.dags / NAME / "workflow.yaml", "route: extraction", "route: extracton")
    plain = runner(own)("check").out
    assert "│" not in plain and "\x1b" not in plain
    lines = runner(own)("check", tty=True, environ={"NO_COLOR": "1"}).out.splitlines()
    at = next(index for index, line in enumerate(lines) if "extracton" in line and "│" in line)
    assert lines[at + 1].index("^") == lines[at].index("extracton")
    assert "\x1b" in runner(own)("check", tty=True).out


def test_json_has_the_same_problems_as_data(own: Project) -> None:
    """For a build server: good or not, and each problem with its parts."""
    edit(own.dags / NAME / "workflow.yaml", "format: 1", "format: one")
    data = runner(own)("check", "--json").json()
    assert data["good"] is False and data["problems"] >= 1
    problem = next(one for one in data["subjects"] if one["subject"] == NAME)["problems"][0]
    assert {"code", "path", "line", "column", "message", "fix"} <= set(problem)


def test_a_broken_configuration_is_told_once(own: Project) -> None:
    """The workflows are not loaded against a configuration that cannot be read."""
    edit(own.include / "orchestrator.yaml", "max_retries: 3", "max_retries: many")
    said = runner(own)("check")
    assert said.code == 1
    assert said.out.count("max_retries") == 1


def test_a_wrong_name_is_wrong_use(command: Callable[..., Said]) -> None:
    """The nearest name is said, and the exit code is that of wrong use."""
    said = command("check", "saving_plan")
    assert said.code == 2
    assert f"did you mean '{NAME}'?" in said.err
    assert command("check", NAME, "--all").code == 2


def test_a_workflow_can_be_named_by_its_path(savings: Project) -> None:
    """As the shell completes it, from where the person stands."""
    run = runner(savings, cwd=savings.dags)
    assert run("check", f"./{NAME}").code == 0
    assert run("check", f"{NAME}/workflow.yaml").code == 0
    assert run("check", "./nothing").code == 2


def test_a_long_line_is_shown_around_the_mark(tmp_path: Path) -> None:
    """The mark stays under its character where the line is cut; control characters are not shown."""
    path = tmp_path / "long.yaml"
    path.write_text(f"{'x' * 300}HERE{'y' * 300}\x1b[31m\n", encoding="utf-8")
    shown, mark = snippet(path, 1, 301, 80)
    assert shown[mark.index("^") :].startswith("HERE")
    assert "\x1b" not in shown
    assert snippet(path, 9, 1, 80) == []
    assert snippet(tmp_path / "none", 1, 1, 80) == []
