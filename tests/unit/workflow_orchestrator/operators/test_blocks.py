"""The tasks between steps: what they decide, what they leave in the run, and when they skip themselves."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException, DownstreamTasksSkipped

from workflow_orchestrator.definition import load_workflow
from workflow_orchestrator.definition.flow import walk
from workflow_orchestrator.definition.model import Execution, Workflow
from workflow_orchestrator.errors import (
    BudgetError,
    ConfError,
    ConfigurationError,
    DefinitionChangedError,
    MapLimitError,
)
from workflow_orchestrator.operators import blocks
from workflow_orchestrator.operators.blocks import (
    ContinuedOperator,
    MapItemsOperator,
    only_after_failure,
    state_of,
)
from workflow_orchestrator.record import RunFolder
from workflow_orchestrator.record.outcome import ending_of
from workflow_orchestrator.steps.conditions import passed_over
from workflow_orchestrator.storage import LocalStorage

pytestmark = pytest.mark.airflow

CASES = Path(__file__).resolve().parents[3] / "airflow_semantics" / "cases"


class Task:
    """What Airflow tells a task about itself and the other tasks of its run."""

    try_number = 1

    def __init__(self, index: int = -1, **states: str) -> None:
        self.map_index = index
        self._states = states
        self.pushed: dict[str, Any] = {}

    def get_task_states(self, *, dag_id: str, task_ids: list[str], run_ids: list[str]) -> dict[str, Any]:
        """The states of this run, those of a map with their index."""
        return {run_ids[0]: self._states}

    def xcom_push(self, *, key: str, value: Any) -> None:
        """What the next tasks may read."""
        self.pushed[key] = value


@pytest.fixture(scope="module")
def workflow() -> Workflow:
    """The conformance case with a map, a choice in it, and a step whose errors lead to three places."""
    return load_workflow(CASES / "dags" / "for_each", CASES / "include")


@pytest.fixture
def run(workflow: Workflow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunFolder:
    """A run that was opened."""
    monkeypatch.setenv("GENAI_PLATFORM_STORAGE", str(tmp_path))
    run = RunFolder(LocalStorage(tmp_path), workflow.name, "r1")
    conf = {"document": "page.pdf", "way": "right", "names": ["one", "two"]}
    run.write_json("request.json", {"conf": conf, "definition": workflow.digest})
    return run


PASSING = Execution(
    max_retries=1,
    timeout=timedelta(minutes=1),
    retry_backoff="constant",
    retry_delay=timedelta(seconds=1),
    max_retry_delay=timedelta(seconds=1),
    default_error_handler="continue",
)


def context(task: Task) -> dict[str, Any]:
    """What Airflow hands to a task."""
    return {"run_id": "r1", "ti": task, "dag_run": SimpleNamespace(conf={})}


def block(workflow: Workflow, name: str) -> Any:
    """A block by name."""
    return next(item for item in walk(workflow.flow) if item.name == name)


def fail(run: RunFolder, name: str, error: Exception) -> None:
    """A try that ended with an error."""
    with pytest.raises(type(error)), run.reporting(name, 1):
        raise error


def items(workflow: Workflow) -> MapItemsOperator:
    """The task of the map."""
    return MapItemsOperator(block=block(workflow, "names_loop"), workflow=workflow)


def test_a_map_keeps_its_list_and_tells_airflow_only_its_length(workflow: Workflow, run: RunFolder) -> None:
    """Items are looked up in the run: what stands in them reaches no template and no database of Airflow's."""
    assert items(workflow).execute(context(Task())) == [0, 1]
    assert run.read_json("each/names_loop/items.json") == {"item_name": "one_name", "items": ["one", "two"]}
    assert run.attempts("names_loop")[0]["facts"] == {"definition": workflow.digest, "items": 2}


def test_a_list_that_is_too_long_is_an_error_of_the_run(workflow: Workflow, run: RunFolder) -> None:
    """It is kept as data like any step's, and no list is."""
    request = run.read_json("request.json")
    run.write_json("request.json", request | {"conf": request["conf"] | {"names": ["one", "two", "three", "four"]}})
    with pytest.raises(MapLimitError):
        items(workflow).execute(context(Task()))
    assert run.last_error("names_loop")["error"] == "MapLimitError"  # type: ignore[index]
    assert not run.exists("each/names_loop/items.json")


@pytest.fixture
def dag(workflow: Workflow) -> Any:
    """The DAG of the workflow."""
    from workflow_orchestrator.factory.build import build_document_dag

    return build_document_dag(workflow)


@pytest.mark.parametrize(
    ("index", "chosen", "skipped"),
    [(0, "special", {"right_work", "road-otherwise"}), (1, "rightward", {"special_work", "road-otherwise"})],
)
def test_a_choice_in_a_map_skips_the_copies_of_its_own_item(
    workflow: Workflow, run: RunFolder, dag: Any, index: int, chosen: str, skipped: set[str]
) -> None:
    """Each copy is named with its index; the choice stands in the item's report."""
    items(workflow).execute(context(Task()))
    road, task = dag.get_task("road"), Task(index)
    task.task = road  # type: ignore[attr-defined]
    with pytest.raises(DownstreamTasksSkipped) as raised:
        road.execute(context(task))
    assert set(raised.value.tasks) == {(name, index) for name in skipped}
    assert run.item("names_loop", index).attempts("road")[0]["facts"]["chosen"] == chosen


def test_the_first_task_of_a_way_skips_itself_where_its_item_chose_another(
    workflow: Workflow, run: RunFolder, dag: Any
) -> None:
    """A copy that was made after the choice could not be named by it."""
    items(workflow).execute(context(Task()))
    road = dag.get_task("road")
    for index in (0, 1):
        task = Task(index)
        task.task = road  # type: ignore[attr-defined]
        with pytest.raises(DownstreamTasksSkipped):
            road.execute(context(task))
    look = dag.get_task("right_work")._pre_execute_hook
    look(context(Task(1)))
    with pytest.raises(AirflowSkipException, match="chose special"):
        look(context(Task(0)))


def continued(workflow: Workflow) -> ContinuedOperator:
    """What stands for an error of `work` that is passed over."""
    return ContinuedOperator(step=workflow.step("work"), workflow=workflow)


def test_an_error_that_continues_is_passed_on_as_data(workflow: Workflow, run: RunFolder) -> None:
    """The task succeeds and names the error; whoever reads the run sees what it went without."""
    fail(run.item("names_loop", 1), "work", BudgetError("used up"))
    passed = continued(workflow).execute(context(Task(1, work_1="failed")))
    assert passed == {"step": "work", "error": "BudgetError", "message": "used up"}


def test_an_error_that_leads_elsewhere_is_not_passed_over(workflow: Workflow, run: RunFolder) -> None:
    """The task skips itself, and the join waits for the detour."""
    fail(run.item("names_loop", 1), "work", ConfigurationError("wrong"))
    with pytest.raises(AirflowSkipException, match="is not passed over"):
        continued(workflow).execute(context(Task(1, work_1="failed")))


def test_what_is_passed_over_is_not_there_any_more(
    workflow: Workflow, run: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A later step must not read what the failed one made before a clear."""
    making = load_workflow(CASES / "dags" / "calls", CASES / "include").step("extra")
    run.write("script.json", b"of before")
    run.write("validation.json", b"of another step")
    task = ContinuedOperator(step=replace(making, take=("script",)), workflow=workflow)
    monkeypatch.setattr(blocks, "step_in", lambda workflow, step: replace(step, execution=PASSING))
    fail(run, "extra", BudgetError("used up"))
    task.execute(context(Task(extra="failed")))
    assert not run.exists("script.json")
    assert run.exists("validation.json")


@pytest.mark.parametrize("old", [None, "success"])
def test_a_killed_worker_is_an_error_that_conditions_and_the_record_hear_of(
    workflow: Workflow, run: RunFolder, old: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Airflow says failed and the step said nothing, or only what an earlier run of it came to; it is noted as its try."""
    step = workflow.step("before")
    step = replace(step, execution=PASSING)
    passing = replace(workflow, flow=(step,), steps=(step,))
    if old:
        with run.reporting("before", 1):
            pass
    monkeypatch.setattr(blocks, "definition_for", lambda *args, **more: passing)
    told = ContinuedOperator(step=step, workflow=passing).execute(context(Task(before="failed")))
    assert told["error"] == "unknown"
    assert passed_over("before", run, passing)
    ending = ending_of(run, passing, {"before": "failed"})
    assert (ending.outcome, [one["error"] for one in ending.degraded]) == ("degraded", ["unknown"])


def test_a_definition_that_fits_no_more_is_never_passed_over(
    workflow: Workflow, run: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would let a run go on half under one definition and half under another."""
    step = replace(workflow.step("before"), execution=PASSING)
    passing = replace(workflow, flow=(step,), steps=(step,))
    fail(run, "before", DefinitionChangedError("it changed"))
    monkeypatch.setattr(blocks, "definition_for", lambda *args, **more: passing)
    with pytest.raises(AirflowSkipException, match="DefinitionChangedError of before is not passed over"):
        ContinuedOperator(step=step, workflow=passing).execute(context(Task(before="failed")))
    assert ending_of(run, passing, {"before": "failed"}).outcome == "failed"


def test_a_refused_run_goes_on_without_nothing(workflow: Workflow, run: RunFolder) -> None:
    """The first step failed at what the run was started with: there is no request, and `continue` is not for that."""
    run.delete("request.json")
    step = replace(workflow.step("before"), execution=PASSING)
    passing = replace(workflow, flow=(step,), steps=(step,))
    fail(run, "before", ConfError("a key is unknown"))
    with pytest.raises(AirflowSkipException, match="refused before it was opened"):
        ContinuedOperator(step=step, workflow=passing).execute(context(Task(before="failed")))
    ending = ending_of(run, passing, {"before": "failed"})
    assert ending.outcome == "failed"
    assert ending.error is not None and ending.error["error"] == "ConfError"


def test_a_choice_that_is_made_again_takes_back_the_other_way(run: RunFolder, workflow: Workflow, dag: Any) -> None:
    """After a clear and with another answer, the run holds nothing that the old way made."""
    items(workflow).execute(context(Task()))
    road, item = dag.get_task("road"), run.item("names_loop", 1)
    task = Task(1)
    task.task = road  # type: ignore[attr-defined]
    with pytest.raises(DownstreamTasksSkipped):
        road.execute(context(task))
    with item.reporting("right_work", 1) as report:
        report.artifacts.append(item.write("made/right.json", b"{}"))
    request = run.read_json("request.json")
    run.write_json("request.json", request | {"conf": request["conf"] | {"way": "left"}})
    with pytest.raises(DownstreamTasksSkipped):
        road.execute(context(task))
    assert item.attempts("road")[-1]["facts"]["chosen"] is None
    assert not item.exists("made/right.json")
    assert item.attempts("right_work")[-1]["state"] == "skipped"


def test_a_list_that_got_shorter_leaves_no_items_behind(run: RunFolder, workflow: Workflow) -> None:
    """What the third item made is no part of a run that has two."""
    request = run.read_json("request.json")
    run.write_json("request.json", request | {"conf": request["conf"] | {"names": ["one", "two", "three"]}})
    items(workflow).execute(context(Task()))
    for index in (1, 2):
        item = run.item("names_loop", index)
        with item.reporting("work", 1) as report:
            report.artifacts.append(item.write("made/it.json", b"{}"))
    run.write_json("request.json", request)
    items(workflow).execute(context(Task()))
    assert not run.exists("each/names_loop/2/made/it.json")
    assert run.exists("each/names_loop/1/made/it.json")


@pytest.mark.parametrize("state", ["upstream_failed", "success", "skipped"])
def test_an_old_error_of_a_step_that_did_not_fail_now_leads_nowhere(
    workflow: Workflow, run: RunFolder, state: str
) -> None:
    """After a clear, the report still has the error of the earlier try; Airflow's state says what happened now."""
    fail(run.item("names_loop", 0), "work", BudgetError("used up"))
    task = continued(workflow)
    with pytest.raises(AirflowSkipException, match="did not fail itself"):
        task._pre_execute_hook(context(Task(0, work_0=state)))  # type: ignore[misc]


def test_looks_before_a_task_add_up(workflow: Workflow) -> None:
    """A detour that is the first task of a way has two."""
    task = continued(workflow)
    only_after_failure(task, workflow.step("detour"), workflow)
    with pytest.raises(AirflowSkipException, match="work did not fail"):
        task._pre_execute_hook(context(Task(work="success", detour="failed")))  # type: ignore[misc]
    with pytest.raises(AirflowSkipException, match="detour did not fail"):
        task._pre_execute_hook(context(Task(work="failed", detour="success")))  # type: ignore[misc]


@pytest.mark.parametrize(
    ("task", "expected"),
    [(Task(work="failed"), "failed"), (Task(2, work_2="skipped", work="failed"), "skipped"), (Task(), None)],
)
def test_a_state_is_that_of_the_same_item(task: Task, expected: str | None) -> None:
    """Inside a map Airflow names a state with the index of its item."""
    assert state_of(context(task), "for_each", "work") == expected
