"""How the flow of a workflow becomes tasks: names, trigger rules and what waits for what."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from factory_sample import before, dag_of, folder, rules, tell

pytestmark = pytest.mark.airflow

CATCH = ", catch: [{on: ConfigurationError, go: detour}, {on: BudgetError, go: continue}]"
MAP = f"""
{tell("first")}
loop:
  map:
    over: {{parameter: names}}
    as: name
    at_most: 4
    at_once: 2
    steps:
      {tell("work", CATCH)}
      {tell("detour")}
      road:
        choose:
          - name: one_way
            when: {{item: name, is: one}}
            steps: {{{tell("one_work")}}}
          - name: both_ways
            when: {{parameter: way, is: left}}
            steps:
              both: {{parallel: {{up: {{{tell("up_work")}}}, down: {{{tell("down_work")}}}}}}}
      {tell("ending")}
{tell("after")}
"""


def test_steps_stand_in_the_order_of_the_file(tmp_path: Path) -> None:
    """Each step waits for the one before it alone, and the record for the last."""
    dag = dag_of(tmp_path, f"{tell('one')}\n{tell('two')}\n{tell('three')}")
    assert before(dag, "two") == {"one"}
    assert before(dag, "three") == {"two"}
    assert before(dag, "record_execution") == {"three"}


def test_a_catch_that_leads_to_a_step_has_a_detour_and_a_join(tmp_path: Path) -> None:
    """The detour runs on failure; the join is satisfied by one success; the next step waits for the join alone."""
    dag = dag_of(tmp_path, f"{tell('work', CATCH)}\n{tell('detour')}\n{tell('after')}")
    assert rules(dag) | {
        "detour": "one_failed",
        "work_continued": "one_failed",
        "work_settled": "one_success",
    } == rules(dag)
    assert before(dag, "detour") == before(dag, "work_continued") == {"work"}
    assert before(dag, "work_settled") == {"work", "detour", "work_continued"}
    assert before(dag, "after") == {"work_settled"}


def test_an_error_of_a_detour_can_be_passed_over(tmp_path: Path) -> None:
    """What stands for it hangs behind the detour and leads to the same join."""
    more = ", catch: [{on: BudgetError, go: continue}]"
    steps = (
        f"{tell('work', ', catch: [{on: ConfigurationError, go: detour}]')}\n{tell('detour', more)}\n{tell('after')}"
    )
    dag = dag_of(tmp_path, steps)
    assert before(dag, "detour_continued") == {"detour"}
    assert before(dag, "work_settled") == {"work", "detour", "detour_continued"}


def test_a_default_that_continues_needs_no_catch(tmp_path: Path) -> None:
    """The very last step too has a join of its own: the run is judged by it."""
    dag = dag_of(tmp_path, f"{tell('one')}\n{tell('two', ', default_error_handler: continue')}")
    assert before(dag, "two_settled") == {"two", "two_continued"}
    assert before(dag, "record_execution") == {"two_settled"}


def choose(last: str) -> str:
    """Two ways; `last` is the condition of the second, if it has one."""
    return f"""
    {tell("one")}
    road:
      choose:
        - {{name: left_way, when: {{parameter: way, is: left}}, steps: {{{tell("left_one")}, {tell("left_two")}}}}}
        - {{name: right_way, {last}steps: {{{tell("right_one")}}}}}
    {tell("after")}
    """


def test_a_choose_skips_all_ways_but_one(tmp_path: Path) -> None:
    """Its task knows the first task of each way, and the join waits for the last one of each."""
    dag = dag_of(tmp_path, choose(""))
    assert dag.get_task("road").ways == {"left_way": ["left_one"], "right_way": ["right_one"]}
    assert before(dag, "road_joined") == {"left_two", "right_one"}
    assert rules(dag)["road_joined"] == "one_success"
    assert before(dag, "after") == {"road_joined"}


def test_a_choose_that_may_take_no_way_has_a_task_for_that(tmp_path: Path) -> None:
    """Only where the last way has a condition too."""
    dag = dag_of(tmp_path, choose("when: {parameter: way, is: right}, "))
    assert before(dag, "road_joined") == {"left_two", "right_one", "road-otherwise"}
    assert before(dag, "road-otherwise") == {"road"}


def test_arms_side_by_side_are_recorded_when_all_are_through(tmp_path: Path) -> None:
    """A join gives up with its first failed arm; the record waits for every arm's own end."""
    steps = f"""
    {tell("one")}
    both: {{parallel: {{left: {{{tell("left_one")}}}, right: {{{tell("right_one")}, {tell("right_two")}}}}}}}
    {tell("after")}
    """
    dag = dag_of(tmp_path, steps)
    assert before(dag, "left_one") == before(dag, "right_one") == {"one"}
    assert before(dag, "both_joined") == {"left_one", "right_two"}
    assert before(dag, "record_execution") == {"left_one", "right_two", "after"}


def test_a_map_is_one_group_that_airflow_copies(tmp_path: Path) -> None:
    """Its steps stand in the group, the join outside of it, and the record waits for every item's own end."""
    dag = dag_of(tmp_path, MAP)
    group = dag.task_group_dict["loop_each"]
    inside = {task.task_id for task in group.iter_tasks()}
    assert {"work", "detour", "work_continued", "road", "up_work", "ending"} <= inside
    assert not {"loop", "loop_joined", "first", "after"} & inside
    assert before(dag, "loop_joined") == {"loop", "ending"}
    assert before(dag, "record_execution") == {"up_work", "down_work", "ending", "after"}


def test_inside_a_map_no_rule_makes_one_item_the_ruin_of_all(tmp_path: Path) -> None:
    """Airflow settles a task that is not copied yet as a whole, and under this rule by the first item that fails."""
    dag = dag_of(tmp_path, MAP)
    inside = {task.task_id for task in dag.task_group_dict["loop_each"].iter_tasks()}
    assert {rule for task, rule in rules(dag).items() if task in inside} == {"all_success", "one_success", "one_failed"}


def test_at_once_bounds_each_task_of_a_map(tmp_path: Path) -> None:
    """Every task that works: steps, detours and blocks; joins hold no slot."""
    dag = dag_of(tmp_path, MAP)
    for name in ("work", "detour", "road", "one_work", "up_work", "ending"):
        assert dag.get_task(name).max_active_tis_per_dagrun == 2, name
    assert dag.get_task("first").max_active_tis_per_dagrun is None


def test_a_way_inside_a_map_looks_whether_it_was_chosen(tmp_path: Path) -> None:
    """Airflow skips nothing there; outside of maps it does, and nobody looks twice."""
    dag = dag_of(tmp_path, MAP)
    for name in ("one_work", "up_work", "down_work"):
        assert dag.get_task(name)._pre_execute_hook is not None, name
    assert dag.get_task("ending")._pre_execute_hook is None


def test_last_steps_follow_the_record_one_by_one(tmp_path: Path) -> None:
    """All are teardowns, so that none of them can turn a run red or green."""
    home = folder(tmp_path, tell("one"))
    path = home / "workflow.yaml"
    path.write_text(f"{path.read_text()}finally:\n  {tell('tell_one')}\n  {tell('tell_two')}\n")
    from workflow_orchestrator.factory import build_dags

    dag = build_dags(str(home / "dag.py"))["small"]
    assert before(dag, "tell_one") == {"record_execution"}
    assert before(dag, "tell_two") == {"tell_one"}
    for name in ("record_execution", "tell_one", "tell_two"):
        assert dag.get_task(name).is_teardown, name
        assert not dag.get_task(name).on_failure_fail_dagrun, name


@pytest.mark.parametrize("steps", [MAP, choose("")], ids=["step", "choose"])
def test_only_what_comes_first_opens_the_run(tmp_path: Path, steps: str) -> None:
    """Nothing else checks what the run was started with."""
    dag = dag_of(tmp_path, steps)
    opening = {task.task_id for task in dag.tasks if getattr(task, "opens_run", False)}
    assert opening == {next(task.task_id for task in dag.tasks if not task.upstream_task_ids)}


def test_a_block_that_comes_first_opens_the_run(tmp_path: Path) -> None:
    """A choose as the first item reads what the run was started with."""
    steps = f"""
    road:
      choose:
        - {{name: left_way, when: {{parameter: way, is: left}}, steps: {{{tell("left_one")}}}}}
        - {{name: right_way, steps: {{{tell("right_one")}}}}}
    """
    dag = dag_of(tmp_path, steps)
    assert dag.get_task("road").opens_run
    assert not dag.get_task("left_one").opens_run


def test_tasks_and_groups_survive_serialization(tmp_path: Path) -> None:
    """What the scheduler works with is what the factory made, mapped groups included."""
    from airflow.serialization.serialized_objects import DagSerialization

    dag = dag_of(tmp_path, MAP)
    again: Any = DagSerialization.deserialize_dag(DagSerialization.serialize_dag(dag))
    assert set(again.task_ids) == set(dag.task_ids)
    for task in dag.tasks:
        assert again.get_task(task.task_id).upstream_task_ids == task.upstream_task_ids
