"""`show`, and how the flow is drawn as text and as a diagram."""

from __future__ import annotations

from collections.abc import Callable

from authoring_sample import NAME, Said, add_blocks, edit, load, runner

from workflow_orchestrator.authoring.mermaid import diagram
from workflow_orchestrator.authoring.project import Project
from workflow_orchestrator.definition.drawing import draw


def test_the_flow_is_drawn_with_its_detours_blocks_and_end(blocks: Project) -> None:
    """One line per step; what hangs below a step or block is indented; the kinds stand under each other."""
    lines = draw(load(blocks))
    assert [line.split() for line in lines[:3]] == [
        "read_document extract prompt read_document, route extraction".split(),
        "check_data validate rules rules.yaml".split(),
        "└ on BusinessValidationError → correct_data ask asks data-stewards within 2 d, otherwise fails".split(),
    ]
    text = "\n".join(lines)
    assert " └ on BusinessValidationError → correct_data" in text
    assert " └ on InvalidOutputError → goes on without it" in text
    assert " ├ dear: field charges is more than 2 or not (parameter audience is retail)" in text
    assert " └ rest: otherwise" in text
    assert "each" in text and "for each region of parameter regions, at most 3, one at a time" in text
    assert lines[-2:] == ["finally: however it ends", lines[-1]]
    assert "when failed: tells operations" in lines[-1]
    columns = {line.index(kind) for line in lines for kind in ("extract  ", "validate  ", "generate  ") if kind in line}
    assert len(columns) == 1


def test_the_diagram_holds_every_step_once_and_every_edge(blocks: Project) -> None:
    """Each step is a node; arms carry their condition; a detour is a dotted edge that leads on."""
    workflow = load(blocks)
    text = diagram(workflow)
    for step in (*workflow.steps, *workflow.last):
        assert text.count(f'n_{step.name}["') == 1, step.name
    assert 'n_check_data -. "BusinessValidationError" .-> n_correct_data' in text
    assert "n_correct_data --> n_outlook" in text
    assert 'n_depth -- "rest: otherwise" --> n_calm' in text
    assert "n_look_left --> item_1" in text and "n_look_right --> item_1" in text
    assert "class n_correct_data,n_release person" in text


def test_what_an_author_writes_cannot_end_a_label(own: Project) -> None:
    """A quote or an angle bracket of a condition is an entity; ways without an otherwise lead on."""
    add_blocks(own)
    path = own.dags / NAME / "workflow.yaml"
    edit(path, "enum: [retail, professional]", "type: string")
    edit(path, "- name: rest\n", "- name: rest\n        when: {parameter: audience, is: 'a \"b\" <c>'}\n")
    text = diagram(load(own))
    assert "a &quot;b&quot; &lt;c&gt;" in text
    assert 'n_depth -- "none of them" --> n_both' in text


def test_the_overview_says_what_a_stranger_asks(command: Callable[..., Said]) -> None:
    """Owner, limits, flow, people, prompts with hashes, artifacts, on one screen."""
    said = command("show", NAME)
    assert said.code == 0
    for part in ("savings-team", "at most $0.20", "Flow", "data-stewards", "read_document", "slides.pptx", "sha256:"):
        assert part in said.out, part
    # The release is tried more often than the rest, so the tries are told step by step.
    assert "every step" not in said.out
    assert "policy corrections: CorrectionError up to 10, AskedAgainError up to 20" in said.out


def test_settings_are_shown_with_their_origin(command: Callable[..., Said]) -> None:
    """Each value of each step with the line that sets it."""
    said = command("show", NAME, "--effective")
    assert "include/orchestrator.yaml:" in said.out
    assert "workflow.yaml:" in said.out
    rows = command("show", NAME, "--effective", "--json").json()["effective"]
    handler = next(row for row in rows if row["step"] == "write_script" and row["key"] == "default_error_handler")
    assert handler["value"] == "fail" and handler["origin"].startswith("workflow.yaml:")


def test_the_failure_table_is_shown_by_step(command: Callable[..., Said]) -> None:
    """What is tried again, and where an error leads."""
    said = command("show", NAME, "--failures")
    assert "correct_data asks people" in said.out
    rows = command("show", NAME, "--failures", "--json").json()["failures"]
    assert any(row["then"] == "correct_data" and "BusinessValidationError" in row["errors"] for row in rows)


def test_json_is_the_whole_of_it(blocks: Project) -> None:
    """Every part of the overview as data."""
    data = runner(blocks)("show", NAME, "--json").json()
    assert data["workflow"] == NAME
    assert [step["step"] for step in data["steps"]][:2] == ["read_document", "check_data"]
    assert {"flow", "limits", "people", "prompts", "artifacts", "failures"} <= set(data)


def test_only_one_view_at_a_time(command: Callable[..., Said]) -> None:
    """Two views are wrong use."""
    assert command("show", NAME, "--flow", "--failures").code == 2
