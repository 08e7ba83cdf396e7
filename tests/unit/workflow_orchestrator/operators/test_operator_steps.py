"""What the operators add to the steps: who is skipped, whose folder it is, and which definition holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException, TaskAwaitingInput

from llm_orchestration import OfflineUnavailableError
from workflow_orchestrator.definition import load_workflow
from workflow_orchestrator.definition.model import ApproveStep, Catch, GenerateStep, NotifyStep, Reminder, Workflow
from workflow_orchestrator.definition.steps import Step
from workflow_orchestrator.errors import ApprovalError, NotificationError
from workflow_orchestrator.operators.base import item_of
from workflow_orchestrator.operators.registry import OPERATORS, AskingOperator, operator_for
from workflow_orchestrator.record import RunFolder
from workflow_orchestrator.steps.people import Waiting
from workflow_orchestrator.steps.registry import KINDS
from workflow_orchestrator.storage import LocalStorage

pytestmark = pytest.mark.airflow

NAME = "fund_factsheet_video"


@pytest.fixture(scope="module")
def shipped(root: Path) -> Workflow:
    """The shipped workflow."""
    return load_workflow(root / "dags" / NAME, root / "include")


@pytest.fixture
def run(shipped: Workflow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunFolder:
    """A run that was opened."""
    monkeypatch.setenv("GENAI_PLATFORM_STORAGE", str(tmp_path))
    run = RunFolder(LocalStorage(tmp_path), NAME, "r1")
    source = {"name": "a.pdf", "key": "inbox/a.pdf"}
    run.write_json("request.json", {"conf": {"language": "en"}, "definition": shipped.digest, "source": source})
    return run


def step(workflow: Workflow, name: str, *catches: Catch, message: str = "m", **more: Any) -> NotifyStep:
    """A message to the log."""
    return NotifyStep(
        name=name, execution=workflow.steps[0].execution, channel="operations", subject="{{ outcome }}", message=message,
        catches=catches, **more,
    )  # fmt: skip


def context(index: int = -1, attempt: int = 1, conf: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What Airflow hands to a task, as far as a step looks at it."""
    return {
        "run_id": "r1",
        "ti": SimpleNamespace(try_number=attempt, map_index=index),
        "dag_run": SimpleNamespace(conf=conf or {}, triggering_user_name="eve"),
    }


def with_steps(shipped: Workflow, *steps: Step, last: tuple[NotifyStep, ...] = ()) -> Workflow:
    return replace(shipped, steps=steps, flow=steps, last=last)


def failed(run: RunFolder, name: str, error: Exception) -> None:
    """A step that ended with an error."""
    with pytest.raises(type(error)), run.reporting(name, 1):
        raise error


def test_every_kind_has_an_operator_that_fits_it() -> None:
    """A kind that asks people is parked, one that works is not; each is told apart in the graph."""
    assert set(OPERATORS) == set(KINDS)
    for name, operator in OPERATORS.items():
        assert issubclass(operator, AskingOperator) == (KINDS[name].question is not None)


def test_a_detour_runs_only_for_the_error_that_leads_to_it(shipped: Workflow, run: RunFolder) -> None:
    """The first catch that takes the error decides, as everywhere else; without an error there is nothing to do."""
    leader = step(shipped, "a", Catch("ApprovalError", "fail"), Catch("OrchestratorError", "d"))
    detour = step(shipped, "d")
    workflow = with_steps(shipped, leader, detour)
    operator = operator_for(detour)(step=detour, workflow=workflow, caught_by={"a": ("OrchestratorError",)})
    with pytest.raises(AirflowSkipException):
        operator.execute(context())
    failed(run, "a", ApprovalError("no"))
    with pytest.raises(AirflowSkipException):
        operator.execute(context())
    assert run.attempts("d") == []
    failed(run, "a", NotificationError("no"))
    assert operator.execute(context())["how"] == "logged"


def test_in_a_map_a_step_works_in_the_folder_of_its_item(shipped: Workflow, run: RunFolder) -> None:
    """Report and message are the item's; a detour looks at the error of the same item."""
    leader = step(shipped, "a", Catch("NotificationError", "d"), within_map="m")
    detour = step(shipped, "d", within_map="m", message="{{ language }} {{ parameters.language }}")
    workflow = with_steps(shipped, leader, detour)
    run.write_json("each/m/items.json", {"item_name": "language", "items": ["de", "fr"]})
    failed(run.item("m", 1), "a", NotificationError("no"))
    operator = operator_for(detour)(step=detour, workflow=workflow, caught_by={"a": ("NotificationError",)})
    with pytest.raises(AirflowSkipException):
        operator.execute(context(0))
    operator.execute(context(1))
    assert run.attempts("d") == []
    assert [attempt["state"] for attempt in run.item("m", 1).attempts("d")] == ["success"]
    assert item_of(run.item("m", 1), "m") == ("language", "fr")


def test_a_last_step_is_for_the_outcomes_that_it_names(shipped: Workflow, run: RunFolder) -> None:
    """It looks at the record of the run; where there is none, the run has failed."""
    last = step(shipped, "tell", on=("failed", "degraded"))
    operator = operator_for(last)(step=last, workflow=with_steps(shipped, last=(last,)))
    assert operator.execute(context())["subject"] == "failed"
    for outcome, told in (("succeeded", False), ("degraded", True)):
        run.write_json("manifest.json", {"outcome": outcome, "error": None, "usage": {"cost_usd": "0"}})
        if told:
            assert operator.execute(context(attempt=2))["subject"] == outcome
        else:
            with pytest.raises(AirflowSkipException, match="succeeded"):
                operator.execute(context())


def test_the_end_of_a_run_that_was_never_opened_is_told(shipped: Workflow, run: RunFolder) -> None:
    """A wrong conf leaves no request; the message has the document as it was given."""
    run.delete("request.json")
    last = step(shipped, "tell", message="{{ document }}")
    operator = operator_for(last)(step=last, workflow=with_steps(shipped, last=(last,)))
    result = operator.execute(context(conf={"document": "x.pdf"}))
    assert result["how"] == "logged"


def test_people_are_reminded_until_the_time_of_the_question_is_up(
    shipped: Workflow, run: RunFolder, caplog: pytest.LogCaptureFixture
) -> None:
    """A wait that ends before the question does tells the channel and waits on; at the end the step fails."""
    asking = next(one for one in shipped.steps if isinstance(one, ApproveStep))
    assert asking.remind == Reminder(timedelta(days=1), "operations")
    operator = operator_for(asking)(step=asking, workflow=with_steps(shipped, asking))
    assert isinstance(operator, AskingOperator)
    now = datetime.now(UTC)
    timeout = {"error": "passed", "error_type": "timeout"}
    open_yet = Waiting("Release the video?", now - timedelta(days=1), now + timedelta(days=1))
    with caplog.at_level("INFO"), pytest.raises(TaskAwaitingInput) as parked:
        operator.execute_complete(context(), timeout, open_yet.to_json(), content="x")
    assert parked.value.kwargs == {"content": "x", "waiting": replace(open_yet, reminded=1).to_json()}
    assert "Still open: Release the video?" in caplog.text
    over = replace(open_yet, since=now - timedelta(days=2), until=now, reminded=1)
    with pytest.raises(ApprovalError, match="never means yes"):
        operator.execute_complete(context(), timeout, over.to_json(), content="x")
    (attempt,) = run.attempts(asking.name)
    assert (attempt["state"], attempt["facts"]["reminded"]) == ("failed", 1)


def test_without_a_model_nothing_is_generated(
    root: Path, shipped: Workflow, run: RunFolder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The error names the connection that is missing, and is one that a workflow can pass over."""
    monkeypatch.delenv("AIRFLOW_CONN_LLM_DEFAULT", raising=False)
    include = tmp_path / "include"
    (include / "prompts").mkdir(parents=True)
    prompt, output = include / "prompts" / "o.md.j2", tmp_path / "o.json"
    prompt.write_text("---\nversion: 1\nvariables: [title]\n---\n{% block user %}{{ title }}{% endblock %}\n", "utf-8")
    output.write_text('{"type": "object", "properties": {"x": {"type": "string"}}, "required": ["x"], ', "utf-8")
    output.write_text(output.read_text("utf-8") + '"additionalProperties": false}', "utf-8")
    made = GenerateStep(
        name="o", execution=shipped.steps[0].execution, prompt=prompt, output=output, route="writing", into="o",
        catches=(Catch("OfflineUnavailableError", "continue"),),
    )  # fmt: skip
    workflow = replace(with_steps(shipped, made), include=include, home=root / "include")
    with pytest.raises(OfflineUnavailableError, match="llm_default"):
        operator_for(made)(step=made, workflow=workflow).execute(context())
    error = run.last_error("o")
    assert error is not None
    assert "OfflineUnavailableError" in error["classes"]
