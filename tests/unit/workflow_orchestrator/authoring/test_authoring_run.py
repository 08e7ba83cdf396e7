"""`run` and `test`: what happens at the terminal, who may release, and what is left behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from authoring_sample import NAME, Said, edit, load, runner

from workflow_orchestrator.authoring.exits import UsageError
from workflow_orchestrator.authoring.project import Project
from workflow_orchestrator.authoring.run import OutStorage, parameters
from workflow_orchestrator.authoring.testing import difference

SAMPLE = f"dags/{NAME}/sample.pdf"


@pytest.fixture
def run(savings: Project, tmp_path: Path) -> Callable[..., Said]:
    """Runs the sample; results go to `first` below the test's own folder."""
    command = runner(savings, cwd=tmp_path)

    def start(*more: str, **streams: object) -> Said:
        return command("run", NAME, str(savings.root / SAMPLE), "--out", "first", *more, **streams)

    return start


def test_parameters_take_the_type_that_the_workflow_gives_them(own: Project) -> None:
    """Text, numbers, truth values and lists; what does not fit says how to write it."""
    edit(
        own.dags / NAME / "workflow.yaml",
        "business_rules:\n",
        "    copies: {title: Copies, type: integer, default: 1}\n"
        "    places: {title: Places, type: array, items: {enum: [eu, uk]}, default: [eu]}\nbusiness_rules:\n",
    )
    workflow = load(own)
    given = ["audience=retail", "copies=2", "places=eu, uk", "force=true"]
    assert parameters(workflow, given) == {"audience": "retail", "copies": 2, "places": ["eu", "uk"], "force": True}
    assert parameters(workflow, ['places=["uk"]']) == {"places": ["uk"]}
    for wrong, says in (("audience", "NAME=VALUE"), ("audence=x", "audience"), ("copies=two", "integer")):
        with pytest.raises(UsageError, match=says):
            parameters(workflow, [wrong])
    assert runner(own)("run", NAME, SAMPLE, "--set", "audience=everyone").code == 2


def test_without_a_person_the_run_stops_and_shows_what_there_is(run: Callable[..., Said], tmp_path: Path) -> None:
    """Exit code 3; the slides lie there to be looked at; nothing is released, and no try is used up."""
    # On a terminal too: a program reads the output, and a question would stand in the middle of it.
    said = run("--json", "--verbose", tty=True)
    data = said.json()
    assert (said.code, data["needs_person"]) == (3, "release")
    # Log events go to the standard error, so that the output is JSON and nothing else.
    assert "llm.call.finished" in said.err and "llm.call.finished" not in said.out
    folder = tmp_path / "first"
    assert (
        (folder / "slides.pdf").is_file()
        and not (folder / "approval.json").exists()
        and not (folder / "video.mp4").exists()
    )
    assert str(folder) == data["folder"]


def test_a_person_sees_what_is_released_and_may_say_no(run: Callable[..., Said], tmp_path: Path) -> None:
    """The script's words and the slides' place are shown; Enter alone is no answer; a rejection says why, and fails the run."""
    said = run("--by", "Kim Legal", tty=True, stdin="\nyes\n2\n\n2\nNot this month.\n")
    assert said.code == 1
    assert "The price per unit is" in said.out
    assert str(tmp_path / "first" / "slides.pdf") in said.out
    assert "Type 1 or 2 or 3." in said.out
    assert "asked again: Kim Legal rejected the release of sample.pdf without a reason" in said.out
    assert "Kim Legal rejected the release of sample.pdf at" in said.out and "Not this month." in said.out
    assert (tmp_path / "first" / "manifest.json").is_file() and not (tmp_path / "first" / "video.mp4").exists()


def test_an_interrupted_run_leaves_nothing(run: Callable[..., Said], tmp_path: Path) -> None:
    """The input ends in the middle of the question: 130, and no folder."""
    assert run("--out", "deep/er/first", tty=True, stdin="").code == 130
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_released_unseen_in_production(run: Callable[..., Said], tmp_path: Path) -> None:
    """`--approve-as` and `approval=auto` are for the demo profile; nothing is begun."""
    said = run("--approve-as", "Kim")
    assert said.code == 2 and "production" in said.err
    assert not (tmp_path / "first").exists()
    refused = run("--set", "approval=auto")
    assert refused.code == 1 and "AutoApprovalRefusedError" in refused.out


def test_results_never_mix(run: Callable[..., Said], tmp_path: Path, savings: Project) -> None:
    """A folder that exists is refused; without --out each run has a folder of its own."""
    (tmp_path / "first").mkdir()
    assert run().code == 2
    command = runner(savings, cwd=tmp_path)
    for expected in (f"{NAME}_sample", f"{NAME}_sample-2"):
        assert Path(command("run", NAME, str(savings.root / SAMPLE), "--json").json()["folder"]).name == expected


def test_a_document_that_cannot_be_read_fails_with_its_name(
    run: Callable[..., Said], savings: Project, tmp_path: Path
) -> None:
    """Not a PDF: the named error, and no retry; a missing file is wrong use."""
    (tmp_path / "not.pdf").write_text("hello", encoding="utf-8")
    command = runner(savings, cwd=tmp_path)
    said = command("run", NAME, "not.pdf", "--out", "o")
    assert said.code == 1
    assert "read_document ended with NotAPdfError" in said.out
    assert command("run", NAME, "nothing.pdf").code == 2


def test_the_folder_of_a_run_is_its_storage(tmp_path: Path) -> None:
    """Files of the run lie at the top, everything else apart; names go in and come out as keys."""
    storage = OutStorage(tmp_path, "flow")
    run = "runs/flow/local_1"
    storage.write(f"{run}/steps/a.json", b"1")
    storage.write("inbox/flow/x.pdf", b"2")
    storage.write("runs/other/called_1/y.json", b"3")
    assert (tmp_path / "steps" / "a.json").read_bytes() == b"1"
    assert storage.read("inbox/flow/x.pdf") == b"2"
    assert list(storage.list(run)) == [f"{run}/steps/a.json"]
    assert list(storage.list(f"{run}/steps")) == [f"{run}/steps/a.json"]
    assert list(storage.list("inbox/flow")) == ["inbox/flow/x.pdf"]
    assert list(storage.list("runs/other")) == ["runs/other/called_1/y.json"]
    assert storage.uri_of(run) == tmp_path.as_uri()
    assert sorted(path.name for path in tmp_path.iterdir()) == [".platform", "steps"]


def test_scenarios_are_listed_and_named(command: Callable[..., Said]) -> None:
    """`--list` runs none; an unknown scenario or workflow is wrong use."""
    said = command("test", NAME, "--list")
    assert said.code == 0 and "nobody_releases_it" in said.out
    assert NAME in command("test", "--all", "--list", "--json").json()
    for words in ((NAME, "nobody_releases"), (), (NAME, "--all"), ("nothing",)):
        assert command("test", *words).code == 2, words
    assert "did you mean 'nobody_releases_it'?" in command("test", NAME, "nobody_releases").err


def test_a_scenario_that_differs_shows_both_sides(own: Project) -> None:
    """Exit code 1, with what was expected and what came."""
    path = own.dags / NAME / "scenarios.yaml"
    edit(path, "expect: {outcome: failed, error: ApprovalError, missing: [video]}", "expect: {outcome: succeeded}")
    said = runner(own)("test", NAME, "nobody_releases_it")
    assert said.code == 1
    assert "− expected succeeded" in said.out and "+ got      failed" in said.out
    assert "1 scenario failed" in said.out
    data = runner(own)("test", NAME, "nobody_releases_it", "--json")
    assert (data.code, data.json()["passed"]) == (1, False)


def _lines(text: str) -> Iterator[str]:
    yield from (line.strip() for line in difference(text))


def test_a_path_is_compared_step_by_step() -> None:
    """Only the steps that differ are marked."""
    assert [*_lines("path: expected a → b → c, got a → x → c")] == ["path: − expected, + got", "a", "− b", "+ x", "c"]
    assert [*_lines("never: 'x' was said")] == ["never: 'x' was said"]
    assert [*_lines("calls: expected 2, got 3")] == ["calls", "− expected 2", "+ got      3"]


def test_a_person_edits_at_the_terminal_field_by_field(run: Callable[..., Said], tmp_path: Path) -> None:
    """Who sends the content back goes through its words; Enter keeps what stands there, and nothing but Enter is no edit."""
    said = run("--by", "Kim Legal", tty=True, stdin="3\nToo long.\n" + "\n" * 60)
    assert "Reason or note [" in said.out and ": sentence 1 [" in said.out
    assert "asked again: the answer of Kim Legal is not taken: script: nothing was changed" in said.out
    assert said.code == 130
