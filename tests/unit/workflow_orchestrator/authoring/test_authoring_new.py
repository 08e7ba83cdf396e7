"""`new`: a complete workflow, whole or not at all."""

from __future__ import annotations

import ast
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from authoring_sample import NAME, TODAY, Said, edit, load, runner

from workflow_orchestrator.authoring.exits import UsageError
from workflow_orchestrator.authoring.project import Project
from workflow_orchestrator.authoring.scaffold import Wanted, fill, make, sample_pdf, sample_words
from workflow_orchestrator.scenarios import load_scenarios


def test_a_new_workflow_is_sound_and_complete(own: Project) -> None:
    """It passes check, brings scenarios for every branch of its own, and each file is in its place."""
    said = runner(own)("new", "my_flow", "--title", 'My flow: a "test"', "--owner", "team")
    assert said.code == 0
    for file in ("dag.py", "workflow.yaml", "schema.json", "rules.yaml", "scenarios.yaml", "sample.pdf"):
        assert f"dags/my_flow/{file}" in said.out
        assert (own.dags / "my_flow" / file).is_file()
    assert runner(own)("check").code == 0
    workflow = load(own, "my_flow")
    assert (workflow.title, workflow.owner) == ('My flow: a "test"', "team")
    assert len(load_scenarios(workflow).scenarios) == 6
    assert not list(own.root.glob(".workflow-new-*"))


def test_its_python_is_three_lines_and_the_same_as_everywhere(own: Project, root: Path) -> None:
    """An author writes no Python, and every workflow's dag.py is alike."""
    text = (own.dags / NAME / "dag.py").read_text(encoding="utf-8")
    assert text == (root / "dags/fund_factsheet_video/dag.py").read_text(encoding="utf-8")
    assert len(ast.parse(text).body) == 3


def test_no_place_of_the_template_is_left_open(own: Project) -> None:
    """Every file is filled in, and editors find the schema that its first line names."""
    for path in (*(own.dags / NAME).iterdir(), *(own.include / "prompts" / NAME).iterdir()):
        if path.suffix != ".pdf":
            assert "@" not in path.read_text(encoding="utf-8"), path.name
    for name in ("workflow", "scenarios"):
        first = (own.dags / NAME / f"{name}.yaml").read_text(encoding="utf-8").splitlines()[0]
        assert first == f"# yaml-language-server: $schema=../../docs/{name}.schema.json"
    with pytest.raises(KeyError):
        fill("@NOTHING@", {})


def test_it_is_short_enough_to_read_in_five_minutes(own: Project) -> None:
    """What an author reads first: under 250 lines in all."""
    files = [path for path in (own.dags / NAME).iterdir() if path.suffix in (".yaml", ".json", ".py")]
    assert sum(len(path.read_text(encoding="utf-8").splitlines()) for path in files) < 250


@pytest.mark.parametrize("name", ["My_flow", "1st", "", "a-b", "../x", "x" * 61, "x_nightly", "x_arrivals", "x_batch", "shared"])
def test_a_name_that_cannot_be_is_refused(own: Project, name: str) -> None:
    """Wrong use, and nothing is written."""
    before = sorted(own.dags.iterdir())
    assert runner(own)("new", name).code == 2
    assert sorted(own.dags.iterdir()) == before


def test_nothing_is_ever_overwritten(own: Project) -> None:
    """An existing workflow, or prompts of that name, stop it before it begins."""
    kept = (own.dags / NAME / "workflow.yaml").read_text(encoding="utf-8")
    assert runner(own)("new", NAME).code == 2
    assert (own.dags / NAME / "workflow.yaml").read_text(encoding="utf-8") == kept
    (own.include / "prompts" / "words_only").mkdir()
    assert runner(own)("new", "words_only").code == 2
    assert not (own.dags / "words_only").exists()


def test_a_title_of_two_lines_is_refused(own: Project) -> None:
    """A text that would become YAML of its own is none."""
    with pytest.raises(UsageError, match="--title"):
        make(own, Wanted("flow", "a\nowner: me", "team"), TODAY)
    assert runner(own)("new", "flow", "--owner", " ").code == 2


def test_a_copy_of_another_workflow_goes_by_its_own_name(own: Project) -> None:
    """Its name stands nowhere any more, but for words that only contain it."""
    path = own.dags / NAME / "workflow.yaml"
    edit(path, "  # Reads the document", f"  # {NAME}_like things stay\n  # Reads the document")
    assert runner(own)("new", "second", "--from", NAME, "--title", "Second").code == 0
    text = (own.dags / "second" / "workflow.yaml").read_text(encoding="utf-8")
    assert text.count(NAME) == 1 and f"{NAME}_like" in text
    assert load(own, "second").title == "Second"
    assert runner(own)("check").code == 0
    assert runner(own)("new", "third", "--from", "nothing").code == 2


def test_a_broken_source_leaves_nothing_behind(own: Project) -> None:
    """What is made is loaded before it is put into its place."""
    edit(own.dags / NAME / "workflow.yaml", "route: writing", "route: writting")
    said = runner(own)("new", "second", "--from", NAME)
    assert said.code == 1
    assert "did you mean 'writing'?" in said.err
    assert not (own.dags / "second").exists() and not (own.include / "prompts" / "second").exists()
    assert not list(own.root.glob(".workflow-new-*"))


def test_half_a_workflow_is_taken_back(own: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the second rename fails, the first one is undone."""
    import os

    real = os.replace

    def failing(source: Path, target: Path) -> None:
        if Path(target).parent == own.dags:
            raise OSError(28, "No space left on device")
        real(source, target)

    monkeypatch.setattr(os, "replace", failing)
    with pytest.raises(OSError, match="No space left"):
        make(own, Wanted("second", "Second", "team"), TODAY)
    assert not (own.dags / "second").exists() and not (own.include / "prompts" / "second").exists()


def test_the_sample_is_the_same_for_the_same_day(savings: Project) -> None:
    """Bytes that do not depend on the machine, and figures of the month before."""
    words = sample_words(date(2026, 3, 1))
    assert (words["as_of"], words["launch"]) == ("28 February 2026", "12 February 2016")
    assert sample_words(date(2024, 3, 31))["as_of"] == "29 February 2024"
    assert sample_pdf(savings, words) == sample_pdf(savings, words)
    assert sample_pdf(savings, words).startswith(b"%PDF-")


def test_json_lists_the_files(own: Project) -> None:
    """For a program that goes on from there."""
    data = runner(own)("new", "my_flow", "--json").json()
    assert data["workflow"] == "my_flow" and "dags/my_flow/dag.py" in data["files"]


def test_a_language_with_other_month_names_changes_nothing(command: Callable[..., Said]) -> None:
    """The sample prints English dates wherever it is made."""
    assert sample_words(date(2026, 4, 2))["as_of"] == "31 March 2026"
