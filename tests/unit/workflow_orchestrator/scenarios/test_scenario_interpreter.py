"""The interpreter: order, tries, catches, blocks and outcome, under Airflow's names for states."""

from __future__ import annotations

from datetime import timedelta

import pytest
from scenario_lab import LastingError, NarrowError, PassingError, TableHands, notify, played, step, workflow

from llm_orchestration.errors import RateLimitError
from workflow_orchestrator.definition.retries import RetryRule
from workflow_orchestrator.definition.steps import Arm, Choose, Condition, Map, Parallel, Reference
from workflow_orchestrator.errors import DefinitionChangedError
from workflow_orchestrator.scenarios.interpreter import DEFAULT

HOLDS = Condition("is", Reference("parameter", "p"), 1)
PASSING, LASTING = PassingError("again"), LastingError("never")


def test_a_step_is_tried_until_it_goes_well() -> None:
    """Two failures and a success are three tries, with growing waits that nobody waits for."""
    course, states, clock = played(workflow(step("a"), step("b")), TableHands({"a": [PASSING, PASSING]}))
    assert course.path == [("a", 3), ("b", 1)]
    assert (states["a"], states["b"], course.outcome) == ("success 3", "success 1", "succeeded")
    assert clock.waited == timedelta(seconds=3)


def test_what_no_retry_cures_ends_the_run_at_once() -> None:
    """The steps behind it are upstream_failed, and the record is written."""
    hands = TableHands({"a": [LASTING]})
    course, states, _ = played(workflow(step("a"), step("b")), hands)
    assert states == {"a": "failed 1", "b": "upstream_failed 0", "record_execution": "success 1"}
    assert course.outcome == "failed" and course.stop is not None and course.stop.error is LASTING
    assert hands.recorded == ["failed"]


def test_tries_end_where_the_step_says() -> None:
    """max_retries 2 are three tries."""
    course, states, _ = played(workflow(step("a")), TableHands({"a": [PASSING] * 9}))
    assert (course.path, states["a"]) == ([("a", 3)], "failed 3")


def test_a_rule_of_the_policy_decides_for_its_error() -> None:
    """Its own count and wait hold, whatever the step says."""
    rule = RetryRule("PassingError", 4, timedelta(seconds=5), "constant")
    course, _, clock = played(workflow(step("a", rules=(rule,))), TableHands({"a": [PASSING] * 9}))
    assert course.path == [("a", 5)]
    assert clock.waited == timedelta(seconds=20)


def test_a_provider_is_not_asked_before_its_time() -> None:
    """Retry-After is longer than the step's own wait and holds."""
    error = RateLimitError("busy", retry_after=timedelta(seconds=90))
    _, _, clock = played(workflow(step("a")), TableHands({"a": [error]}))
    assert clock.waited == timedelta(seconds=90)


DETOUR = step("d")
CAUGHT = workflow(step("v", ("NarrowError", "d")), step("w"), detours=[DETOUR])


@pytest.mark.parametrize(
    ("script", "expected", "outcome"),
    [
        ({}, {"v": "success 1", "d": "skipped 0", "v_settled": "success 0", "w": "success 1"}, "succeeded"),
        (
            {"v": [NarrowError("x")]},
            {"v": "failed 1", "d": "success 1", "v_settled": "success 0", "w": "success 1"},
            "succeeded",
        ),
        (
            {"v": [LASTING]},
            {"v": "failed 1", "d": "skipped 0", "v_settled": "upstream_failed 0", "w": "upstream_failed 0"},
            "failed",
        ),
        (
            {"v": [NarrowError("x")], "d": [LASTING]},
            {"v": "failed 1", "d": "failed 1", "v_settled": "upstream_failed 0", "w": "upstream_failed 0"},
            "failed",
        ),
    ],
)
def test_a_catch_leads_to_its_detour(
    script: dict[str, list[Exception]], expected: dict[str, str], outcome: str
) -> None:
    """The detour runs for the error that its catch names, and the run goes on behind it or stops with it."""
    course, states, _ = played(CAUGHT, TableHands(script))
    assert {task: states[task] for task in expected} == expected
    assert course.outcome == outcome


def test_a_detour_behind_a_failure_looks_and_skips_itself() -> None:
    """It finds no error of the step that it stands in for, and skips."""
    of = workflow(step("a"), step("v", ("NarrowError", "d")), detours=[DETOUR])
    _, states, _ = played(of, TableHands({"a": [LASTING]}))
    assert (states["v"], states["d"], states["v_settled"]) == ("upstream_failed 0", "skipped 0", "upstream_failed 0")


def test_continue_keeps_the_error_and_goes_on_degraded() -> None:
    """The run says what it went without."""
    of = workflow(step("a", ("LastingError", "continue")), step("b"))
    hands = TableHands({"a": [LASTING]})
    course, states, _ = played(of, hands)
    assert hands.without == ["a"]
    assert states == {
        "a": "failed 1",
        "a_continued": "success 1",
        "a_settled": "success 0",
        "b": "success 1",
        "record_execution": "success 1",
    }
    assert course.outcome == "degraded"
    assert [(stop.step, stop.error) for stop in course.passed] == [("a", LASTING)]
    assert course.caught == {("a", 0)}


def test_a_definition_that_fits_no_more_fails_the_run_and_exercises_no_catch() -> None:
    """Neither a default `continue` nor a catch of a wider class takes it."""
    of = workflow(step("a", ("OrchestratorError", "continue"), default="continue"), step("b"))
    hands = TableHands({"a": [DefinitionChangedError("it changed")]})
    course, states, _ = played(of, hands)
    assert (course.outcome, states["a_continued"], states["b"]) == ("failed", "skipped 0", "upstream_failed 0")
    assert (course.caught, hands.without) == (set(), [])


def test_the_default_handler_may_continue_and_a_catch_may_fail() -> None:
    """The first catch that fits decides before the default does."""
    of = workflow(step("a", ("NarrowError", "fail"), default="continue"), step("b"))
    course, states, _ = played(of, TableHands({"a": [NarrowError("x")]}))
    assert (course.outcome, states["a_continued"], states["a_settled"]) == ("failed", "skipped 0", "upstream_failed 0")
    course, states, _ = played(of, TableHands({"a": [LASTING]}))
    assert (course.outcome, course.caught, states["b"]) == ("degraded", {("a", DEFAULT)}, "success 1")


def test_a_detour_may_be_passed_over_too() -> None:
    """Its own `continue` lets the sequence go on without both."""
    detour = step("d", ("LastingError", "continue"))
    of = workflow(step("v", ("NarrowError", "d")), step("w"), detours=[detour])
    course, states, _ = played(of, TableHands({"v": [NarrowError("x")], "d": [LASTING]}))
    assert (course.outcome, states["d_continued"], states["v_settled"], states["w"]) == (
        "degraded",
        "success 1",
        "success 0",
        "success 1",
    )
    _, states, _ = played(of, TableHands())
    assert (states["d"], states["d_continued"]) == ("skipped 0", "skipped 0")


CHOICE = Choose("c", (Arm("left", (step("l", ("NarrowError", "d")),), HOLDS), Arm("right", (step("r"),), HOLDS)))


def test_choose_runs_one_way_and_skips_the_others() -> None:
    """What stands around a skipped step is skipped with it."""
    of = workflow(CHOICE, step("z"), detours=[DETOUR])
    course, states, _ = played(of, TableHands(way="right"))
    assert states == {
        "c": "success 1",
        "l": "skipped 0",
        "d": "skipped 0",
        "l_settled": "skipped 0",
        "r": "success 1",
        "c_joined": "success 0",
        "z": "success 1",
        "record_execution": "success 1",
    }
    assert course.ways == {("c", "right")}


def test_no_way_of_a_choose_is_a_way_too() -> None:
    """The sequence goes on."""
    course, states, _ = played(workflow(CHOICE, step("z"), detours=[DETOUR]), TableHands())
    assert (course.outcome, states["r"], states["c_joined"], states["z"]) == (
        "succeeded",
        "skipped 0",
        "success 0",
        "success 1",
    )


def test_a_way_that_stops_stops_what_is_around_it() -> None:
    """The join and the steps behind are upstream_failed."""
    course, states, _ = played(workflow(CHOICE, step("z"), detours=[DETOUR]), TableHands({"r": [LASTING]}, way="right"))
    assert (course.outcome, states["c_joined"], states["z"]) == ("failed", "upstream_failed 0", "upstream_failed 0")


def test_a_condition_that_cannot_be_judged_stops_the_run() -> None:
    """Neither way runs."""
    course, states, _ = played(workflow(CHOICE, detours=[DETOUR]), TableHands(unread=LASTING))
    assert (course.outcome, states["c"], states["l"], states["r"], states["c_joined"]) == (
        "failed",
        "failed 1",
        "upstream_failed 0",
        "upstream_failed 0",
        "upstream_failed 0",
    )


SIDE_BY_SIDE = workflow(
    Parallel("p", (Arm("one", (step("a"), step("b"))), Arm("two", (step("x"), step("y"))))), step("z")
)


def test_all_ways_of_a_parallel_run_to_their_own_end() -> None:
    """One stops, the other does not; behind them nothing runs."""
    course, states, _ = played(SIDE_BY_SIDE, TableHands({"a": [LASTING]}))
    assert states == {
        "a": "failed 1",
        "b": "upstream_failed 0",
        "x": "success 1",
        "y": "success 1",
        "p_joined": "upstream_failed 0",
        "z": "upstream_failed 0",
        "record_execution": "success 1",
    }
    assert course.outcome == "failed"


def test_ways_side_by_side_wait_side_by_side() -> None:
    """Both ways begin at one time, and what follows begins when the slower one is through."""
    hands = TableHands({"a": [PASSING, PASSING], "x": [PASSING]})
    _, _, clock = played(SIDE_BY_SIDE, hands)
    times = dict(hands.times[::-1])  # the first time of each
    assert times["a"] == times["x"]
    assert dict(hands.times)["z"] - times["a"] == timedelta(seconds=3)
    assert clock.waited == timedelta(seconds=4)


def mapped(at_once: int = 2) -> Map:
    return Map("m", Reference("parameter", "list"), "item", 5, at_once, (step("h"), step("i")))


def test_a_map_runs_its_steps_once_per_item() -> None:
    """Each item has its own states; one that stops does not stop the others, and the run stops behind them."""
    course, states, _ = played(workflow(mapped(), step("z")), TableHands({"h[1]": [LASTING]}, each=["x", "y", "z"]))
    assert states == {
        "m": "success 1",
        "h[0]": "success 1",
        "i[0]": "success 1",
        "h[1]": "failed 1",
        "i[1]": "upstream_failed 0",
        "h[2]": "success 1",
        "i[2]": "success 1",
        "m_joined": "upstream_failed 0",
        "z": "upstream_failed 0",
        "record_execution": "success 1",
    }
    assert course.outcome == "failed"


def test_a_map_over_nothing_goes_on() -> None:
    """Its steps are skipped, the sequence is not."""
    course, states, _ = played(workflow(mapped(), step("z")), TableHands())
    assert (course.outcome, states["h"], states["m_joined"], states["z"]) == (
        "succeeded",
        "skipped 0",
        "success 0",
        "success 1",
    )


def test_nothing_of_a_map_behind_a_failure_gets_as_far_as_looking() -> None:
    """Its detours are upstream_failed like its steps."""
    each = Map("m", Reference("parameter", "list"), "item", 5, 2, (step("v", ("NarrowError", "d")),))
    _, states, _ = played(workflow(step("a"), each, detours=[DETOUR]), TableHands({"a": [LASTING]}))
    assert {states[task] for task in ("m", "v", "d", "v_settled", "m_joined")} == {"upstream_failed 0"}


def test_a_map_has_so_many_items_at_work() -> None:
    """With one lane the second item begins where the first one ended."""
    hands = TableHands({"h[0]": [PASSING]}, each=["x", "y"])
    _, _, clock = played(workflow(mapped(at_once=1)), hands)
    begun = dict(hands.times[::-1])
    assert begun["h[1]"] - begun["h[0]"] == timedelta(seconds=1) == clock.waited


@pytest.mark.parametrize(("script", "state"), [({}, "success 1"), ({"tell": [LASTING]}, "failed 1")])
def test_finally_changes_no_outcome(script: dict[str, list[Exception]], state: str) -> None:
    """A message that cannot be sent leaves a good run good, and a step that is not meant skips itself."""
    of = workflow(step("a"), last=[notify("tell", "succeeded"), notify("alarm", "failed")])
    course, states, _ = played(of, TableHands(script))
    assert (course.outcome, states["tell"], states["alarm"]) == ("succeeded", state, "skipped 0")
    assert [task for task, _ in course.path][:1] == ["a"]


def test_finally_runs_after_a_failure() -> None:
    """It is there to tell of it."""
    of = workflow(step("a"), last=[notify("alarm", "failed")])
    _, states, _ = played(of, TableHands({"a": [LASTING]}))
    assert states["alarm"] == "success 1"
