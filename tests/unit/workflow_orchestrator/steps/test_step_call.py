"""A call: one run of the other workflow however often it is tried, and its outputs in this run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from step_lab import EXECUTION, Bench, opened, with_steps, work_on

from workflow_orchestrator.definition import load_workflow
from workflow_orchestrator.definition.model import CallStep, Workflow
from workflow_orchestrator.errors import CalledWorkflowError, CalledWorkflowOutageError
from workflow_orchestrator.record import RunFolder
from workflow_orchestrator.steps.call import perform
from workflow_orchestrator.steps.work import CalledRun, Work

STEP = CallStep(
    name="fetch", execution=EXECUTION, workflow="fund_data", within=timedelta(hours=1), take=("data",),
    parameters={"language": "en", "audience": {"parameter": "audience"}, "tag": {"item": "language"}},
)  # fmt: skip
FAILED = {"step": "extract", "error": "RateLimitError", "message": "busy", "retryable": True}


@pytest.fixture(scope="module")
def workflow(root: Path) -> Workflow:
    """The shipped workflow with a call in place of its steps."""
    return with_steps(load_workflow(root / "dags" / "fund_factsheet_video", root / "include"), STEP)


@pytest.fixture
def run(workflow: Workflow, tmp_path: Path) -> RunFolder:
    """The calling run."""
    return opened(tmp_path, workflow)


def child_of(run: RunFolder, called: CalledRun) -> RunFolder:
    return RunFolder(run.storage, called.workflow, called.run_id)


def ended(run: RunFolder, called: CalledRun, outcome: str = "succeeded", error: Mapping[str, Any] | None = None) -> str:
    """The called run has ended like this."""
    child = child_of(run, called)
    child.write_json("values.json", [1])
    child.write_json("validation.json", {"language": "en"})
    child.write_json(
        "manifest.json",
        {
            "outcome": outcome, "error": error, "usage": {"cost_usd": "0.05"},
            "workflow": {"definition": "sha256:c"}, "artifacts": [],
        },
    )  # fmt: skip
    return "failed" if outcome == "failed" else "success"


def tried(work: Work, bench: Bench) -> None:
    """One try, reported as its runner reports it."""
    with work.run.reporting(work.step.name, work.attempt) as report:
        work.report = report
        perform(work)


def test_the_outputs_are_copied_and_the_run_is_named(workflow: Workflow, run: RunFolder) -> None:
    """The files behind what is taken lie in this run; the report says which run made them and what it cost."""
    bench = Bench(run_child=lambda called: ended(run, called))
    work = work_on(run, workflow, STEP, bench)
    perform(work)
    assert run.read_json("values.json") == [1]
    called = work.report.facts["called"]
    assert (called["run_id"], called["cost_usd"], called["definition"]) == (bench.called[0].run_id, "0.05", "sha256:c")
    assert {item.name for item in work.report.artifacts} == {"values.json", "validation.json"}


def test_it_is_started_with_this_runs_document_and_parameters(workflow: Workflow, run: RunFolder) -> None:
    """The copy of the document, literals, this run's parameters and the map's item; never a second look at the ledger."""
    bench = Bench(run_child=lambda called: ended(run, called))
    perform(work_on(run, workflow, STEP, bench, item="de", item_name="language"))
    assert bench.called[0].conf == {
        "document": run.key("source.pdf"), "language": "en", "audience": "retail", "tag": "de", "approval": "people",
        "force": True,
    }  # fmt: skip
    assert bench.called[0].within == timedelta(hours=1)


def test_every_try_asks_for_the_same_run_until_it_has_failed(workflow: Workflow, run: RunFolder) -> None:
    """A worker that died, a trigger that was lost: the run that was started is found again. After a failure, a new one."""

    def lost(called: CalledRun) -> str:
        raise CalledWorkflowOutageError("nobody knows")

    bench = Bench(run_child=lost)
    for attempt in (1, 2):
        with pytest.raises(CalledWorkflowOutageError):
            tried(work_on(run, workflow, STEP, bench, attempt=attempt), bench)
    bench.run_child = lambda called: ended(run, called, "failed", FAILED)
    with pytest.raises(CalledWorkflowOutageError):
        tried(work_on(run, workflow, STEP, bench, attempt=3), bench)
    bench.run_child = lambda called: ended(run, called)
    tried(work_on(run, workflow, STEP, bench, attempt=4), bench)
    first, second, third, fourth = (called.run_id for called in bench.called)
    assert first == second == third
    assert fourth == f"{first}_2"


def test_other_parameters_are_another_run(workflow: Workflow, run: RunFolder) -> None:
    """Parameters make the id: after a clear with another language, no run of the first one is taken for it."""

    def started(language: str, attempt: int) -> str:
        step = replace(STEP, parameters={**STEP.parameters, "language": language})
        bench = Bench(run_child=lambda called: ended(run, called))
        tried(work_on(run, with_steps(workflow, step), step, bench, attempt=attempt), bench)
        return bench.called[0].run_id

    english, german, again = started("en", 1), started("de", 2), started("en", 3)
    assert english != german
    assert english == again


def test_a_stint_that_comes_back_asks_for_the_run_it_left(workflow: Workflow, run: RunFolder) -> None:
    """The run failed while the step waited: this try ends with that, and starts no other."""

    class Left(BaseException):
        pass

    def leaves(called: CalledRun) -> str:
        raise Left

    bench = Bench(run_child=leaves)
    work = work_on(run, workflow, STEP, bench)
    with pytest.raises(Left), run.reporting(STEP.name, 1, (Left,)) as report:
        work.report = report
        perform(work)
    bench.run_child = lambda called: ended(run, called, "failed", FAILED)
    with pytest.raises(CalledWorkflowOutageError):
        tried(work_on(run, workflow, STEP, bench, resumed=True), bench)
    assert bench.called[0].run_id == bench.called[1].run_id


@pytest.mark.parametrize(
    ("cause", "kind"),
    [
        (FAILED, CalledWorkflowOutageError),
        ({**FAILED, "error": "ApprovalError", "retryable": False}, CalledWorkflowError),
        (None, CalledWorkflowError),
    ],
)
def test_a_failure_names_the_cause(
    workflow: Workflow, run: RunFolder, cause: Mapping[str, Any] | None, kind: type[CalledWorkflowError]
) -> None:
    """Step, error and words of the called run; a retry can help only if it could there."""
    bench = Bench(run_child=lambda called: ended(run, called, "failed", cause))
    with pytest.raises(CalledWorkflowError) as caught:
        perform(work_on(run, workflow, STEP, bench))
    assert type(caught.value) is kind
    assert caught.value.details["run_id"] == bench.called[0].run_id
    if cause:
        assert f"extract: {cause['error']}: busy" in caught.value.message
    assert not run.exists("values.json")


def test_a_run_that_only_looks_good_is_not_believed(workflow: Workflow, run: RunFolder) -> None:
    """Airflow's success without a manifest, or with one that says failed, is a failure."""
    for child in (lambda called: "success", lambda called: ended(run, called, "failed", FAILED) and "success"):
        with pytest.raises(CalledWorkflowError):
            perform(work_on(run, workflow, STEP, Bench(run_child=child)))


def test_what_is_taken_must_be_there(workflow: Workflow, run: RunFolder) -> None:
    """A run that ended well without the artifact is named with it."""
    step = CallStep(
        name="fetch",
        execution=EXECUTION,
        workflow="fund_data",
        within=timedelta(hours=1),
        take=("slides",),
        parameters={},
    )
    bench = Bench(run_child=lambda called: ended(run, called))
    with pytest.raises(CalledWorkflowError, match=r"made no slides"):
        perform(work_on(run, with_steps(workflow, step), step, bench))


def test_files_of_an_earlier_taking_go_away(workflow: Workflow, run: RunFolder) -> None:
    """A slide that the called run does not have is in no list afterwards."""
    step = CallStep(
        name="fetch",
        execution=EXECUTION,
        workflow="fund_data",
        within=timedelta(hours=1),
        take=("slides",),
        parameters={},
    )

    def child(called: CalledRun) -> str:
        child_of(run, called).write("slides/slide_01.png", b"new")
        return ended(run, called)

    for name in ("slides/slide_01.png", "slides/slide_02.png"):
        run.write(name, b"old")
    perform(work_on(run, with_steps(workflow, step), step, Bench(run_child=child)))
    assert run.names("slides") == ["slides/slide_01.png"]
    assert run.read("slides/slide_01.png") == b"new"


def test_items_of_a_map_call_runs_of_their_own(workflow: Workflow, run: RunFolder) -> None:
    """Two items never share a called run, and each takes the outputs into its own folder."""
    bench = Bench(run_child=lambda called: ended(run, called))
    for index in range(2):
        perform(work_on(run.item("each_language", index), workflow, STEP, bench, item="de", item_name="language"))
    assert bench.called[0].run_id != bench.called[1].run_id
    assert run.item("each_language", 1).holds("values.json")
    assert not run.exists("values.json")
