"""A step that asks a model: it leaves the worker, comes back, and finds every answer that is there."""

from __future__ import annotations

import asyncio
import functools
import json
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "llm_orchestration"))

from airflow.sdk.exceptions import TaskDeferred
from llm_loopback import Server, chat, failure

from llm_orchestration import errors as e
from workflow_orchestrator.definition import load_workflow
from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.errors import ScriptError
from workflow_orchestrator.operators.base import StepOperator
from workflow_orchestrator.operators.registry import ExtractOperator
from workflow_orchestrator.record import RunFolder
from workflow_orchestrator.steps.model_call import ask_model
from workflow_orchestrator.steps.work import Work
from workflow_orchestrator.storage import LocalStorage

pytestmark = pytest.mark.airflow

NAME = "fund_factsheet_video"
STEP = "generate_summary_script"
SCHEMA = {"type": "object", "properties": {"words": {"type": "string"}}, "required": ["words"]}


class Asker(StepOperator):
    """A step that asks twice: its second question holds the first answer."""

    def __init__(self, check: Callable[[Any], object] | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.check = check

    def perform(self, work: Work) -> None:
        variables: dict[str, Any] = dict.fromkeys(("language", "fund", "values", "segments", "example", "terms"), "x")
        for turn in range(2):
            result = ask_model(
                work, route="writing", prompt=self.step.prompt,
                variables={**variables, "example": f"turn {turn} {variables['fund']}"}, schema=SCHEMA,
                offline=lambda: {"words": "offline"}, check=self.check,
            )  # fmt: skip
            variables["fund"] = result.data["words"]
            work.report.facts[f"turn{turn}"] = result.data["words"]


@pytest.fixture(scope="module")
def workflow(root: Path) -> Workflow:
    """The shipped workflow."""
    return load_workflow(root / "dags" / NAME, root / "include")


@pytest.fixture
def server() -> Iterator[Server]:
    """A model on loopback."""
    with Server() as running:
        yield running


@pytest.fixture
def run(workflow: Workflow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunFolder:
    """A run that was opened, in a storage of its own."""
    monkeypatch.setenv("GENAI_PLATFORM_STORAGE", str(tmp_path / "storage"))
    monkeypatch.setenv("AIRFLOW__LLM_ORCHESTRATION__STATE_URL", (tmp_path / "state.db").as_uri())
    folder = RunFolder(LocalStorage(tmp_path / "storage"), NAME, "r1")
    folder.write_json("request.json", {"conf": {"isin": ""}, "definition": workflow.digest})
    return folder


@pytest.fixture
def connected(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """The route's connection leads to the loopback model, and Airflow defers."""
    connection = {"conn_type": "llm", "host": server.base_url, "password": "k", "extra": {"model": "m1"}}
    monkeypatch.setenv("AIRFLOW_CONN_LLM_DEFAULT", json.dumps(connection))
    monkeypatch.setenv("AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE", "True")


def asker(workflow: Workflow, **more: Any) -> Asker:
    return Asker(step=workflow.step(STEP), workflow=workflow, **more)


def context(attempt: int = 1, run_id: str = "r1") -> dict[str, Any]:
    return {"run_id": run_id, "ti": SimpleNamespace(task_id=STEP, try_number=attempt)}


def event_of(deferred: TaskDeferred) -> dict[str, Any]:
    """What the trigger tells, run on a loop as a triggerer would."""

    async def first() -> Any:
        async for event in deferred.trigger.run():
            return event.payload
        raise AssertionError("the trigger ended without an event")

    payload: dict[str, Any] = asyncio.run(first())
    return payload


def finish(step: Asker, attempt: int = 1, run_id: str = "r1") -> tuple[Any, int]:
    """The step's result and how often it left the worker."""
    left = 0
    go_on: Callable[[], Any] = lambda: step.execute(context(attempt, run_id))  # noqa: E731 - replaced below
    while True:
        try:
            return go_on(), left
        except TaskDeferred as deferred:
            left += 1
            assert deferred.method_name == "resume"
            event = event_of(deferred)
            go_on = lambda event=event: step.resume(context(attempt, run_id), event)  # noqa: E731


def numbered(body: dict[str, Any], number: int) -> Any:
    return chat(json.dumps({"words": f"answer {number}"}))


@pytest.mark.usefixtures("connected")
def test_a_step_leaves_for_each_question_and_asks_each_once(workflow: Workflow, run: RunFolder, server: Server) -> None:
    """Two questions are two waits and two requests; the report has both calls, once, with their tokens."""
    server.replies["m1"] = numbered
    result, left = finish(asker(workflow))
    assert (left, server.count("m1")) == (2, 2)
    assert (result["turn0"], result["turn1"]) == ("answer 1", "answer 2")
    [attempt] = run.attempts(STEP)
    assert attempt["state"] == "success"
    assert [call["usage"]["input_tokens"] for call in attempt["calls"]] == [1000, 1000]
    assert [call["cached"] for call in attempt["calls"]] == [False, False]


@pytest.mark.usefixtures("connected")
def test_what_a_check_refuses_goes_back_to_the_model(workflow: Workflow, run: RunFolder, server: Server) -> None:
    """The question back is a wait of its own, and holds the finding word for word."""

    def check(data: Any) -> None:
        if data["words"] == "answer 1":
            raise ScriptError("one is not enough")

    server.replies["m1"] = numbered
    result, left = finish(asker(workflow, check=check))
    assert (left, server.count("m1")) == (3, 3)
    assert result["turn0"] == "answer 2"
    assert "one is not enough" in server.requests[1].body["messages"][-1]["content"]


@pytest.mark.usefixtures("connected")
def test_a_failure_is_raised_on_the_worker_and_a_retry_goes_on(
    workflow: Workflow, run: RunFolder, server: Server
) -> None:
    """The typed error stands in the report; the next try finds the answers of this one in the journal."""
    server.replies["m1"] = lambda body, number: failure(429, retry_after="7") if number == 2 else numbered(body, number)
    with pytest.raises(e.RateLimitError) as caught:
        finish(asker(workflow))
    assert caught.value.retry_after is not None
    assert run.attempts(STEP)[-1]["error"]["error"] == "RateLimitError"
    # The cooldown that the provider asked for is over by the time of a real retry.
    (Path(run.storage.uri.removeprefix("file://")).parent / "state.db").unlink()
    result, left = finish(asker(workflow), attempt=2)
    assert (result["turn0"], result["turn1"]) == ("answer 1", "answer 3")
    assert server.count("m1") == 3
    assert left == 2


@pytest.mark.usefixtures("connected")
@pytest.mark.parametrize(("journal", "requests"), [("run", 4), ("shared", 2), ("off", 4)])
def test_a_second_run_on_the_same_document_asks_nothing_with_a_shared_journal(
    root: Path, workflow: Workflow, run: RunFolder, server: Server, tmp_path: Path, journal: str, requests: int
) -> None:
    """`journal: shared` finds the answers of every run; `run` and `off` ask again, and the report says which it was."""
    include = tmp_path / "include"
    include.mkdir()
    for name in ("prompts", "orchestrator.yaml"):
        (include / name).symlink_to(root / "include" / name)
    route = {"without_connection": "fail", "journal": journal, "targets": [{"connection": "llm_default"}]}
    (include / "llm.yaml").write_text(json.dumps({"format": 1, "routes": {"writing": route}}))
    prompt = include / workflow.step(STEP).prompt.relative_to(root / "include")
    there = replace(workflow, include=include)
    server.replies["m1"] = lambda _, __: chat(json.dumps({"words": "the same"}))
    second = RunFolder(run.storage, NAME, "r2")
    second.write_json("request.json", {"conf": {"isin": ""}, "definition": workflow.digest})
    for run_id in ("r1", "r2"):
        step = Asker(step=replace(workflow.step(STEP), prompt=prompt), workflow=there)
        finish(step, run_id=run_id)
    assert server.count("m1") == requests
    assert [call["cached"] for call in second.attempts(STEP)[-1]["calls"]] == [journal == "shared"] * 2


@pytest.mark.usefixtures("run")
def test_without_a_model_nothing_is_waited_for(workflow: Workflow, monkeypatch: pytest.MonkeyPatch) -> None:
    """Offline, the step answers itself on the worker, also where Airflow defers."""
    monkeypatch.setenv("AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE", "True")
    monkeypatch.delenv("AIRFLOW_CONN_LLM_DEFAULT", raising=False)
    result, left = finish(asker(workflow))
    assert (result["turn1"], left) == ("offline", 0)


@pytest.mark.usefixtures("run", "connected")
def test_an_outage_that_lasts_ends_each_question_without_a_model(root: Path, tmp_path: Path, server: Server) -> None:
    """On a route that goes on without a model the step leaves once for each question, and not for ever."""
    include = tmp_path / "include"
    shutil.copytree(root / "include", include, ignore=shutil.ignore_patterns("samples"))
    routes = include / "llm.yaml"
    routes.write_text(f"{routes.read_text(encoding='utf-8').rstrip()}\n      - offline\n", encoding="utf-8")
    server.replies["m1"] = failure(503, "overloaded")
    step = asker(load_workflow(root / "dags" / NAME, include))
    go_on: Callable[[], Any] = lambda: step.execute(context())  # noqa: E731 - replaced below
    for _ in range(2):
        with pytest.raises(TaskDeferred) as deferred:
            go_on()
        go_on = functools.partial(step.resume, context(), event_of(deferred.value))
    assert go_on()["turn1"] == "offline"


@pytest.mark.usefixtures("connected")
def test_a_set_up_without_triggerer_asks_on_the_worker(
    workflow: Workflow, run: RunFolder, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`default_deferrable` off: the same step, the same answers, no wait."""
    monkeypatch.setenv("AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE", "False")
    server.replies["m1"] = numbered
    result, left = finish(asker(workflow))
    assert (left, result["turn1"]) == (0, "answer 2")


@pytest.mark.usefixtures("connected")
def test_no_prompt_travels_through_airflow(workflow: Workflow, run: RunFolder, server: Server) -> None:
    """The trigger carries an address; the request lies in the run's folder until it is answered."""
    server.replies["m1"] = numbered
    with pytest.raises(TaskDeferred) as deferred:
        asker(workflow).execute(context())
    told = json.dumps(deferred.value.trigger.serialize())
    assert len(told) < 600
    assert "narration" not in told
    stored = run.names("calls", ".request.json")
    assert len(stored) == 1
    event_of(deferred.value)
    assert run.names("calls", ".request.json") == []


def test_a_try_that_is_run_again_reads_the_document_by_itself_again(
    root: Path, workflow: Workflow, run: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Offline, an earlier process of the same try kept the result of its question, and the reading went with it."""
    monkeypatch.delenv("AIRFLOW_CONN_LLM_DEFAULT", raising=False)
    run.write("source.pdf", (root / "include" / "samples" / "aldermoor_global_equity_en.pdf").read_bytes())
    step = ExtractOperator(step=workflow.step("extract_factsheet_data"), workflow=workflow)
    here = {"run_id": "r1", "ti": SimpleNamespace(task_id=step.task_id, try_number=1)}
    first, again = step.execute(here), step.execute(here)
    assert (again["mode"], again["values"]) == ("offline", first["values"])
    assert first["values"] > 0
