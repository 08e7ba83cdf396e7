"""A generated artifact: what the prompt sees, and where the answer goes."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from step_lab import EXECUTION, Bench, opened, with_steps, work_on

from workflow_orchestrator.definition import load_workflow
from workflow_orchestrator.definition.model import GenerateStep, Workflow
from workflow_orchestrator.errors import DefinitionError, DocumentNotFoundError
from workflow_orchestrator.record import RunFolder
from workflow_orchestrator.steps.generate import perform
from workflow_orchestrator.values import Evidence, Kind, Origin, Value, ValueSet

SCHEMA = {
    "type": "object",
    "properties": {"text": {"type": "string"}},
    "required": ["text"],
    "additionalProperties": False,
}
PROMPT = """---
version: 1
variables: [{names}]
---
{{% block user %}}{body}{{% endblock %}}
"""


@pytest.fixture
def workflow(root: Path, tmp_path: Path) -> Workflow:
    """The shipped workflow with one generate step, and prompts of the test's own."""
    shipped = load_workflow(root / "dags" / "fund_factsheet_video", root / "include")
    folder, include = tmp_path / "folder", tmp_path / "include"
    (include / "prompts").mkdir(parents=True)
    folder.mkdir()
    (folder / "outlook.json").write_text(json.dumps(SCHEMA), encoding="utf-8")
    step = GenerateStep(
        name="outlook", execution=EXECUTION, prompt=include / "prompts" / "outlook.md.j2", output=folder / "outlook.json",
        route="writing", into="outlook",
    )  # fmt: skip
    return replace(with_steps(shipped, step), include=include, home=root / "include")


@pytest.fixture
def run(workflow: Workflow, tmp_path: Path) -> RunFolder:
    """A run that was opened."""
    return opened(tmp_path / "storage", workflow)


def asked(run: RunFolder, workflow: Workflow, names: str, body: str, **more: Any) -> str:
    """The user's message of the question that a prompt makes."""
    (step,) = workflow.steps
    assert isinstance(step, GenerateStep)
    changed = replace(step, **{name: more.pop(name) for name in ("uses", "optional") if name in more})
    step.prompt.write_text(PROMPT.format(names=names, body=body), encoding="utf-8")
    bench = Bench(replies=[{"text": "x"}])
    perform(work_on(run, workflow, changed, bench, **more))
    ((route, request),) = bench.asked
    assert (route, request.schema, request.offline) == ("writing", SCHEMA, None)
    return request.messages[-1].content


def test_the_answer_becomes_an_artifact(workflow: Workflow, run: RunFolder) -> None:
    """`made/<into>.json` holds it, and the report names it."""
    (step,) = workflow.steps
    asked(run, workflow, "title", "{{ title }}")
    assert run.read_json("made/outlook.json") == {"text": "x"}
    work = work_on(run, workflow, step, Bench(replies=[{"text": "y"}]))
    perform(work)
    assert [item.name for item in work.report.artifacts] == ["made/outlook.json"]
    assert work.report.facts["into"] == "outlook"
    assert work.report.calls[0]["purpose"] == "outlook"


def test_an_old_answer_does_not_outlive_a_failure(workflow: Workflow, run: RunFolder) -> None:
    """Where the model gives nothing, a later prompt finds nothing, and not what an earlier try said."""
    (step,) = workflow.steps
    asked(run, workflow, "title", "{{ title }}")
    with pytest.raises(IndexError):
        perform(work_on(run, workflow, step, Bench()))
    assert not run.exists("made/outlook.json")


def test_a_prompt_sees_parameters_artifacts_and_the_item(workflow: Workflow, run: RunFolder) -> None:
    """By the names that the language gives them."""
    run.write_json("made/risks.json", {"list": ["a"]})
    said = asked(
        run, workflow, "parameters, risks, language", "{{ parameters.audience }} {{ risks.list[0] }} {{ language }}",
        uses=("risks",), item="de", item_name="language",
    )  # fmt: skip
    assert said == "retail a de"


def test_what_was_passed_over_is_none_only_where_it_may_be(workflow: Workflow, run: RunFolder) -> None:
    """An optional artifact that is missing is `None`; a needed one is an error."""
    said = asked(run, workflow, "risks", "{{ risks is none }}", uses=("risks",), optional=("risks",))
    assert said == "True"
    with pytest.raises(DocumentNotFoundError):
        asked(run, workflow, "risks", "{{ risks }}", uses=("risks",))


def test_values_are_the_proven_ones(workflow: Workflow, run: RunFolder) -> None:
    """One line each with the printed words and the page; `None` before any was proven."""
    assert asked(run, workflow, "values", "{{ values is none }}") == "True"
    proven = Value("sharpe_ratio", Kind.RATIO, Decimal("0.61"), Evidence(2, "0.61"), Origin.OFFLINE, decimals=2)
    run.write_json("values.json", ValueSet([proven]).to_json())
    assert asked(run, workflow, "values", "{{ values }}") == "sharpe_ratio (Sharpe ratio): 0.61, page 2"


def test_the_document_is_read_where_no_step_read_it(root: Path, workflow: Workflow, run: RunFolder) -> None:
    """Its words are in the prompt without personal data; a reading that is there already is taken."""
    run.write("source.pdf", (root / "include" / "samples" / "aldermoor_global_equity_en.pdf").read_bytes())
    assert "=== page 1 ===" in asked(run, workflow, "document", "{{ document }}")


def test_a_shape_that_is_gone_is_named(workflow: Workflow, run: RunFolder) -> None:
    """The file of the answer's shape was taken away after the definition was loaded."""
    (step,) = workflow.steps
    assert isinstance(step, GenerateStep)
    step.output.unlink()
    with pytest.raises(DefinitionError, match=r"outlook\.json"):
        asked(run, workflow, "title", "{{ title }}")
