"""How a run ended, judged by its flow: what stopped it, and what was passed over."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from workflow_orchestrator.definition import load_workflow
from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.definition.steps import (
    Arm,
    Catch,
    Choose,
    Condition,
    Item,
    Map,
    NotifyStep,
    Parallel,
    Reference,
    Step,
)
from workflow_orchestrator.errors import ApprovalError, MapLimitError, NotificationError
from workflow_orchestrator.record import RunFolder, build_manifest, summary_of
from workflow_orchestrator.record.outcome import Ending, ending_of
from workflow_orchestrator.storage import LocalStorage

NAME = "fund_factsheet_video"
CHOICE = Condition("is", Reference("parameter", "audience"), "retail")


@pytest.fixture(scope="module")
def shipped(root: Path) -> Workflow:
    """The shipped workflow, whose execution the steps here take."""
    return load_workflow(root / "dags" / NAME, root / "include")


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """A run that has begun."""
    return RunFolder(LocalStorage(tmp_path), NAME, "r")


class Made:
    """Steps of one kind, and a workflow of them."""

    def __init__(self, shipped: Workflow) -> None:
        self.shipped = shipped
        self.steps: list[Step] = []

    def step(self, name: str, *catches: tuple[str, str], within_map: str | None = None) -> Step:
        execution = replace(self.shipped.steps[0].execution, default_error_handler="fail")
        made = NotifyStep(
            name=name, execution=execution, channel="operations", subject="s", message="m", within_map=within_map,
            catches=tuple(Catch(on, go) for on, go in catches),
        )  # fmt: skip
        self.steps.append(made)
        return made

    def workflow(self, *flow: Item) -> Workflow:
        return replace(self.shipped, steps=tuple(self.steps), flow=flow)


@pytest.fixture
def made(shipped: Workflow) -> Made:
    return Made(shipped)


def went(run: RunFolder, *steps: str, **failed: type[Exception]) -> dict[str, str]:
    """Reports of steps that went well and of steps that failed, and Airflow's states of them."""
    for name in steps:
        with run.reporting(name, 1):
            pass
    for name, error in failed.items():
        with pytest.raises(error), run.reporting(name, 1):
            raise error("no")
    return {**dict.fromkeys(steps, "success"), **dict.fromkeys(failed, "failed")}


def test_a_run_without_a_video_can_succeed(run: RunFolder, made: Made) -> None:
    """Its last step says itself that it ran."""
    workflow = made.workflow(made.step("a"), made.step("b"))
    assert ending_of(run, workflow, went(run, "a", "b")) == Ending()
    marked = ending_of(run, made.workflow(*workflow.flow, made.step("c")), {**went(run, "a", "b"), "c": "success"})
    assert marked.outcome == "failed"
    assert marked.error is not None
    assert (marked.error["step"], "marked as successful" in marked.error["message"]) == ("c", True)


def test_a_run_whose_time_was_up_says_so(run: RunFolder, made: Made) -> None:
    """The class is its own, the message names step, limit and what to do, and the last try's error is kept beside it."""
    flow = made.workflow(made.step("a"), made.step("b"), made.step("c"))
    workflow = replace(flow, run_timeout=timedelta(days=3))
    states = {**went(run, "a", b=NotificationError), "b": "skipped", "c": "skipped"}
    ending = ending_of(run, workflow, states, timed_out=True)
    assert ending.outcome == "failed" and ending.error is not None
    assert (ending.error["step"], ending.error["error"]) == ("b", "RunTimeoutError")
    assert "run_timeout: 3 d" in ending.error["message"] and "NotificationError: no" in ending.error["message"]
    assert ending.error["last_error"]["error"] == "NotificationError"
    assert ending.error["retryable"] is False
    plain = ending_of(run, workflow, states).error
    assert plain is not None and plain["error"] == "OrchestratorError"


def test_a_run_that_never_began_or_was_through_when_its_time_was_up(run: RunFolder, made: Made) -> None:
    """Queued until the end: the first step is named. Through already: the result stands, only its record was late."""
    workflow = made.workflow(made.step("a"))
    early = ending_of(run, workflow, {"a": "skipped"}, timed_out=True)
    assert early.error is not None and (early.error["step"], early.error["error"]) == ("a", "RunTimeoutError")
    assert ending_of(run, workflow, went(run, "a"), timed_out=True) == Ending()


def test_the_error_that_ended_a_run_stays_its_error(run: RunFolder, made: Made) -> None:
    """A step that failed for good before the time was up is the reason, whatever was still under way."""
    workflow = made.workflow(made.step("a"), made.step("b"))
    ending = ending_of(run, workflow, {**went(run, a=NotificationError), "b": "skipped"}, timed_out=True)
    assert ending.error is not None and ending.error["error"] == "NotificationError"


def test_what_is_passed_over_is_kept(run: RunFolder, made: Made) -> None:
    """The run is degraded, and step and error stand in the list."""
    workflow = made.workflow(made.step("a", ("NotificationError", "continue")), made.step("b"))
    ending = ending_of(run, workflow, went(run, "b", a=NotificationError))
    assert (ending.outcome, ending.error) == ("degraded", None)
    assert [(one["step"], one["error"]) for one in ending.degraded] == [("a", "NotificationError")]


def test_an_error_that_no_catch_takes_stops_the_run(run: RunFolder, made: Made) -> None:
    """Also where another error of the step would have been passed over."""
    workflow = made.workflow(made.step("a", ("NotificationError", "continue")), made.step("b"))
    ending = ending_of(run, workflow, {**went(run, a=ApprovalError), "b": "upstream_failed"})
    assert ending.outcome == "failed"
    assert ending.error is not None
    assert (ending.error["step"], ending.error["error"]) == ("a", "ApprovalError")
    assert ending.degraded == []


def test_a_detour_that_went_well_makes_the_error_good(run: RunFolder, made: Made) -> None:
    """The run is not degraded by it; one that failed stops the run with its own error, or is passed over itself."""
    lead = made.step("a", ("NotificationError", "d"))
    workflow = made.workflow(lead, made.step("b"))
    made.step("d")
    workflow = made.workflow(*workflow.flow)
    assert ending_of(run, workflow, went(run, "b", "d", a=NotificationError)).outcome == "succeeded"
    failed = ending_of(run, workflow, {**went(run, d=ApprovalError), "a": "failed", "b": "upstream_failed"})
    assert failed.error is not None
    assert failed.error["error"] == "ApprovalError"
    made.steps[-1] = replace(made.steps[-1], catches=(Catch("ApprovalError", "continue"),))
    over = ending_of(run, made.workflow(*workflow.flow), {"a": "failed", "d": "failed", "b": "success"})
    assert (over.outcome, [one["step"] for one in over.degraded]) == ("degraded", ["d"])


def test_only_the_chosen_arm_counts(run: RunFolder, made: Made) -> None:
    """Steps of other arms are skipped and no failure; no arm at all goes on."""
    block = Choose("c", (Arm("x", (made.step("a"),), CHOICE), Arm("y", (made.step("b"),))))
    workflow = made.workflow(block, made.step("z"))
    with run.reporting("c", 1) as report:
        report.facts["chosen"] = "y"
    states = {**went(run, "b", "z"), "a": "skipped", "c": "success"}
    assert ending_of(run, workflow, states).outcome == "succeeded"
    stopped = ending_of(run, workflow, {**states, **went(run, b=ApprovalError), "z": "upstream_failed"})
    assert stopped.error is not None
    assert stopped.error["step"] == "b"
    with run.reporting("c", 2) as report:
        report.facts["chosen"] = None
    assert ending_of(run, workflow, {**states, "b": "skipped"}).outcome == "succeeded"


def test_any_arm_of_a_parallel_stops_it(run: RunFolder, made: Made) -> None:
    """What the other arms passed over is told all the same."""
    block = Parallel("p", (Arm("l", (made.step("a"),)), Arm("r", (made.step("b", ("NotificationError", "continue")),))))
    workflow = made.workflow(block, made.step("z"))
    states = {**went(run, a=ApprovalError, b=NotificationError), "z": "upstream_failed"}
    ending = ending_of(run, workflow, states)
    assert ending.error is not None
    assert (ending.outcome, ending.error["step"], len(ending.degraded)) == ("failed", "a", 1)


def test_a_map_is_judged_item_by_item(run: RunFolder, made: Made) -> None:
    """Each item has its own errors, named with the item; an empty list goes on; a list that is too long is the cause itself."""
    step = made.step("s", ("NotificationError", "continue"), within_map="m")
    block = Map("m", Reference("parameter", "languages"), "language", 3, 2, (step,))
    workflow = made.workflow(block, made.step("z"))
    run.write_json("each/m/items.json", {"item_name": "language", "items": ["de", "fr"]})
    went(run.item("m", 0), "s")
    went(run.item("m", 1), s=NotificationError)
    states = {"m": "success", "s_0": "success", "s_1": "failed", **went(run, "z")}
    ending = ending_of(run, workflow, states)
    assert [(one["step"], one["index"], one["item"]) for one in ending.degraded] == [("s", 1, "fr")]
    went(run.item("m", 1), s=ApprovalError)
    stopped = ending_of(run, workflow, {**states, "z": "upstream_failed"}).error
    assert stopped is not None
    assert (stopped["step"], stopped["item"]) == ("s", "fr")
    run.write_json("each/m/items.json", {"item_name": "language", "items": []})
    assert ending_of(run, workflow, {"m": "success", "z": "success"}).outcome == "succeeded"
    went(run, m=MapLimitError)
    limit = ending_of(run, workflow, {"m": "failed", "z": "upstream_failed"}).error
    assert limit is not None
    assert (limit["step"], limit["error"]) == ("m", "MapLimitError")


def test_a_run_that_was_cut_short_is_no_success(run: RunFolder, made: Made) -> None:
    """Steps that somebody or the run's time skipped did not run; before any report there is no error to tell."""
    workflow = made.workflow(made.step("a"), made.step("b"))
    ending = ending_of(run, workflow, {**went(run, "a"), "b": "skipped"})
    assert ending.outcome == "failed"
    assert ending.error is not None
    assert ending.error["step"] == "b"
    assert ending_of(RunFolder(run.storage, NAME, "none"), workflow, {}) == Ending("failed")


def test_a_killed_worker_leaves_an_error_too(run: RunFolder, made: Made) -> None:
    """Airflow says failed and the step says nothing: the step is named, and its log."""
    ending = ending_of(run, made.workflow(made.step("a")), {"a": "failed"})
    assert ending.error is not None
    assert (ending.error["step"], ending.error["error"]) == ("a", "unknown")


def test_the_manifest_has_items_called_runs_and_what_is_missing(run: RunFolder, made: Made) -> None:
    """Each item's steps and files, the runs that were called with their cost, and a note that says what the run went without."""
    step = made.step("s", ("NotificationError", "continue"), within_map="m")
    block = Map("m", Reference("parameter", "languages"), "language", 3, 2, (step,))
    workflow = made.workflow(block, made.step("z"))
    run.write_json("each/m/items.json", {"item_name": "language", "items": ["de", "fr"]})
    with run.item("m", 0).reporting("s", 1) as report:
        report.artifacts.append(run.item("m", 0).write("video.mp4", b"v"))
    went(run.item("m", 1), s=NotificationError)
    with run.reporting("z", 1) as report:
        report.facts["called"] = {"workflow": "w", "run_id": "c1", "outcome": "succeeded", "cost_usd": "0.25"}
    states = {"m": "success", "s_0": "success", "s_1": "failed", "z": "success"}
    found = build_manifest(run, workflow, states=states, run_facts={})
    assert [(one["step"], one.get("item"), one["state"]) for one in found["steps"]] == [
        ("s", "de", "success"), ("s", "fr", "failed"), ("z", None, "success"),
    ]  # fmt: skip
    assert [item["name"] for item in found["artifacts"]] == ["each/m/0/video.mp4"]
    assert (found["usage"]["cost_usd"], found["called"][0]["run_id"]) == ("0.25", "c1")
    note = summary_of(found, lambda name: f"/{name}")
    assert "Finished without: s (NotificationError)." in note
    assert "[Video de](/each/m/0/video.mp4)" in note


def test_a_note_with_many_failed_items_stays_short(run: RunFolder, made: Made) -> None:
    """A map that failed a hundred times in the same way is one entry."""
    step = made.step("s", ("NotificationError", "continue"), within_map="m")
    workflow = made.workflow(Map("m", Reference("parameter", "x"), "item", 200, 2, (step,)), made.step("z"))
    run.write_json("each/m/items.json", {"item_name": "item", "items": list(range(100))})
    for index in range(100):
        went(run.item("m", index), s=NotificationError)
    states = {"m": "success", **went(run, "z"), **{f"s_{index}": "failed" for index in range(100)}}
    note = summary_of(build_manifest(run, workflow, states=states, run_facts={}), lambda name: name)
    assert "s (NotificationError), 100 times" in note
    assert len(note) < 1000
