"""What a step sends to a model holds no personal data, and what comes back is about the words of the document again."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from step_lab import Bench, opened, work_on

from llm_orchestration import CallTimeoutError, CircuitOpenError, LLMRequest, LLMResult, RateLimitError
from llm_orchestration.model import Attempt
from workflow_orchestrator.canonical import sha256
from workflow_orchestrator.definition import load_workflow
from workflow_orchestrator.definition.model import Workflow, WriteStep
from workflow_orchestrator.errors import ScriptError
from workflow_orchestrator.steps.model_call import ask_model
from workflow_orchestrator.steps.work import Work

ROOT = Path(__file__).resolve().parents[4]
ADDRESS, NUMBER = "jane.doe@aldermoor.example", "+44 20 7946 0958"


@pytest.fixture(scope="module")
def workflow() -> Workflow:
    """The shipped workflow."""
    return load_workflow(ROOT / "dags" / "fund_factsheet_video", ROOT / "include")


class Parked(BaseException):
    """As Airflow sets a task aside while a model thinks."""


@dataclass
class Failing(Bench):
    """A bench of which a reply that is an exception is raised."""

    def ask_model(self, work: Work, route: str, request: LLMRequest) -> LLMResult:
        if isinstance(self.replies[0], BaseException):
            self.asked.append((route, request))
            raise self.replies.pop(0)
        return super().ask_model(work, route, request)


def work_of(place: Path, workflow: Workflow, bench: Bench) -> Work:
    step = next(step for step in workflow.steps if isinstance(step, WriteStep))
    return work_on(opened(place, workflow), workflow, step, bench)


def asked(work: Work, check: Callable[[Any], object] | None = None) -> LLMResult:
    """The answer to a prompt that holds an address and a number."""
    assert isinstance(work.step, WriteStep)
    variables = dict.fromkeys(("language", "fund", "values", "segments", "example", "terms"), "x")
    schema = {"type": "object", "properties": {"words": {"type": "string"}}, "required": ["words"]}
    variables["example"] = f"{ADDRESS}, {NUMBER}"
    return ask_model(work, route="writing", prompt=work.step.prompt, variables=variables, schema=schema, check=check)


def test_personal_data_leaves_in_no_message_and_comes_back_in_the_answer(tmp_path: Path, workflow: Workflow) -> None:
    """Every message of both requests is masked; answer and findings speak of the original; the report has hashes and counts only."""
    bench = Bench(replies=[{"words": "[e-mail address A]"}, {"words": "call [telephone number A]"}])
    work = work_of(tmp_path, workflow, bench)
    seen: list[Any] = []

    def check(data: Any) -> None:
        seen.append(data)
        raise ScriptError(f"{data['words']} is nobody's to hear")

    result = asked(work, check)
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


@pytest.mark.parametrize(
    ("error", "outcome", "left"),
    [
        (RateLimitError("later", attempts=[Attempt("c1", "m", "RateLimitError", 0.2, 429)]), "RateLimitError", True),
        (CallTimeoutError("late", attempts=[Attempt("c1", "m", "CallTimeoutError", 9.0)]), "CallTimeoutError", True),
        (CircuitOpenError("down", attempts=[Attempt("c1", "m", "CircuitOpenError")]), "CircuitOpenError", False),
        (Parked(), "waiting", True),
    ],
)
def test_a_call_without_an_answer_says_what_was_sent(
    tmp_path: Path, workflow: Workflow, error: BaseException, outcome: str, left: bool
) -> None:
    """A failed call, and one that is waited for, leave target, time, hashes and counts in the report of the attempt; no text."""
    bench = Failing(replies=[error])
    work = work_of(tmp_path, workflow, bench)
    with pytest.raises(type(error)), work.run.reporting("generate_summary_script", 1, (Parked,)) as report:
        work.report = report
        asked(work)
    [attempt] = work.run.attempts("generate_summary_script")
    [told] = attempt["facts"]["unanswered"]
    assert (told["outcome"], told["may_have_left"], told["route"]) == (outcome, left, "writing")
    assert [one["connection"] for one in told["attempts"]] == ([] if outcome == "waiting" else ["c1"])
    assert told["sent"]["masked"] == {"e-mail address": 1, "telephone number": 1}
    assert [one["sha256"] for one in told["sent"]["messages"]] == [sha256(one.content.encode()) for one in bench.asked[0][1].messages]
    assert datetime.fromisoformat(told["at"]).tzinfo is not None
    assert ADDRESS not in json.dumps(attempt) and NUMBER not in json.dumps(attempt)


def test_a_failed_question_back_is_told_beside_the_answer_before_it(tmp_path: Path, workflow: Workflow) -> None:
    """The refused answer counts as a call, the question back that failed as one without an answer, longer by what was found."""
    work = work_of(tmp_path, workflow, Failing(replies=[{"words": "[e-mail address A]"}, RateLimitError("later")]))

    def check(_: Any) -> None:
        raise ScriptError("refused")

    with pytest.raises(RateLimitError):
        asked(work, check)
    first, [second] = work.report.calls[0]["sent"], work.report.facts["unanswered"]
    assert second["sent"]["messages"][: len(first["messages"])] == first["messages"]
    assert len(second["sent"]["messages"]) == len(first["messages"]) + 2
