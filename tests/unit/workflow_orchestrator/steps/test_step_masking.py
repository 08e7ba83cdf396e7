"""What a step sends to a model holds no personal data, and what comes back is about the words of the document again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from step_lab import Bench, opened, work_on

from workflow_orchestrator.canonical import sha256
from workflow_orchestrator.definition import load_workflow
from workflow_orchestrator.definition.model import Workflow, WriteStep
from workflow_orchestrator.errors import ScriptError
from workflow_orchestrator.steps.model_call import ask_model

ROOT = Path(__file__).resolve().parents[4]
ADDRESS, NUMBER = "jane.doe@aldermoor.example", "+44 20 7946 0958"


@pytest.fixture(scope="module")
def workflow() -> Workflow:
    """The shipped workflow."""
    return load_workflow(ROOT / "dags" / "fund_factsheet_video", ROOT / "include")


def test_personal_data_leaves_in_no_message_and_comes_back_in_the_answer(tmp_path: Path, workflow: Workflow) -> None:
    """Every message of both requests is masked; answer and findings speak of the original; the report has hashes and counts only."""
    step = next(step for step in workflow.steps if isinstance(step, WriteStep))
    assert step.prompt is not None
    bench = Bench(replies=[{"words": "[e-mail address A]"}, {"words": "call [telephone number A]"}])
    work = work_on(opened(tmp_path, workflow), workflow, step, bench)
    seen: list[Any] = []

    def check(data: Any) -> None:
        seen.append(data)
        raise ScriptError(f"{data['words']} is nobody's to hear")

    variables = dict.fromkeys(("language", "fund", "values", "segments", "example"), "x")
    schema = {"type": "object", "properties": {"words": {"type": "string"}}, "required": ["words"]}
    result = ask_model(
        work, route="writing", prompt=step.prompt, variables={**variables, "example": f"{ADDRESS}, {NUMBER}"}, schema=schema, check=check,
    )  # fmt: skip
    assert seen == [{"words": ADDRESS}]
    assert result.data == {"words": f"call {NUMBER}"}
    assert len(bench.asked) == 2
    for _, request in bench.asked:
        told = "\n".join(message.content for message in request.messages)
        assert "[e-mail address A], [telephone number A]" in told
        assert ADDRESS not in told and NUMBER not in told
    sent = work.report.calls[0]["sent"]
    assert sent["masked"] == {"e-mail address": 1, "telephone number": 1}
    assert [one["sha256"] for one in sent["messages"]] == [sha256(one.content.encode()) for one in bench.asked[0][1].messages]
    assert ADDRESS not in json.dumps(work.report.to_json()) and NUMBER not in json.dumps(work.report.to_json())
