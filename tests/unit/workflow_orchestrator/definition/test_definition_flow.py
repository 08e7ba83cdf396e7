"""The flow of steps as typed objects: blocks, detours, messages, what each step uses, and which setting is in force."""

from __future__ import annotations

import pickle
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from definition_flow_sample import FLOW, PLATFORM, write_tour

from workflow_orchestrator.definition import load_configuration, load_workflow
from workflow_orchestrator.definition.effective import effective_values
from workflow_orchestrator.definition.flow import steps_of, walk
from workflow_orchestrator.definition.model import (
    CallStep,
    Choose,
    Condition,
    Deadline,
    GenerateStep,
    Map,
    NotifyStep,
    Parallel,
    Reference,
    Schedule,
    Workflow,
)
from workflow_orchestrator.definition.policies import raised_within
from workflow_orchestrator.definition.raises import EVERY, MODEL, RAISES, error_classes, family, raised_by, retryable
from workflow_orchestrator.definition.retries import RetryRule


def tour(tmp_path: Path, workflow: str = FLOW) -> Workflow:
    return load_workflow(*write_tour(tmp_path, workflow))


def test_the_flow_is_a_tree_of_steps_and_blocks(tmp_path: Path) -> None:
    """Blocks hold their steps, detours stand beside the flow, and `steps` lists all in the order of the file."""
    workflow = tour(tmp_path)
    assert [item.name for item in workflow.flow] == ["read", "check", "outlook", "side", "pick", "write", "each"]
    assert [item.name for item in walk(workflow.flow)] == [
        "read", "check", "outlook", "side", "figures", "mood", "pick", "warn", "tell", "note", "write", "each", "again",
        "draw", "release", "publish",
    ]  # fmt: skip
    names = [step.name for step in workflow.steps]
    assert names[2:5] == ["correct", "outlook", "outlook_again"]
    assert set(names) == {step.name for step in steps_of(workflow.flow)} | {"correct", "outlook_again"}
    assert pickle.loads(pickle.dumps(workflow)) == workflow


def test_blocks_have_their_arms_conditions_and_limits(tmp_path: Path) -> None:
    """A condition is a tree of comparisons; an arm without a name is numbered; a map knows its list and its bounds."""
    blocks = {item.name: item for item in walk(tour(tmp_path).flow)}
    pick, side, each = blocks["pick"], blocks["side"], blocks["each"]
    assert isinstance(pick, Choose)
    assert [arm.name for arm in pick.arms] == ["risky", "arm_2", "plain"]
    assert pick.arms[0].when == Condition(
        "all",
        parts=(
            Condition("is", Reference("field", "level"), "Low"),
            Condition("is", Reference("parameter", "audience"), "retail"),
        ),
    )
    assert pick.arms[1].when == Condition("is", Reference("failed", "outlook"), True)
    assert pick.arms[2].when is None
    assert isinstance(side, Parallel)
    assert [(arm.name, arm.steps[0].name) for arm in side.arms] == [("left", "figures"), ("right", "mood")]
    assert isinstance(each, Map)
    assert (each.over, each.item_name, each.at_most, each.at_once) == (Reference("parameter", "languages"), "language", 3, 2)


def test_new_kinds_of_steps_are_typed(tmp_path: Path) -> None:
    """A generate step knows its artifact, a call what it hands over and takes, a message after which outcomes it is sent."""
    folder, include = write_tour(tmp_path)
    workflow = load_workflow(folder, include)
    again, figures = workflow.step("outlook_again"), workflow.step("figures")
    assert isinstance(again, GenerateStep)
    assert (again.into, again.output, again.prompt.name) == ("outlook", folder / "short.json", "outlook.md.j2")
    assert isinstance(figures, CallStep)
    assert figures.parameters == {"reference": "AB1234", "audience": {"parameter": "audience"}}
    assert (figures.workflow, figures.take, figures.within) == ("review", ("slides",), timedelta(days=1))
    (message,) = workflow.last
    assert isinstance(message, NotifyStep)
    assert (message.name, message.on, message.execution.max_retries) == ("tell_owner", ("failed", "degraded"), 1)
    assert message not in workflow.steps


def test_the_header_of_a_workflow_is_typed(tmp_path: Path) -> None:
    """Schedule, deadline, limits and outputs have their own types; what is left out has its default."""
    workflow = tour(tmp_path)
    assert workflow.schedule == Schedule("0 2 * * *", "Europe/London", False, True, timedelta(hours=2), 4, "desk")
    assert workflow.deadline == Deadline(timedelta(hours=4), "desk")
    assert (workflow.outputs, workflow.run_timeout, workflow.rerun) == (("data", "script"), timedelta(days=8), "latest")
    plain = FLOW.replace(', nightly: "0 2 * * *", timezone: Europe/London, catch_up: false, wait: 2h, at_once: 4, notify: desk', "")
    assert tour(tmp_path / "plain", plain).schedule == Schedule(None, arrivals=True)


def test_a_step_knows_what_its_prompt_uses(tmp_path: Path) -> None:
    """Artifacts by name are `uses`, those it can do without `optional`, the platform's own `reads`; a map's steps know their map."""
    workflow = tour(tmp_path)
    assert (workflow.step("outlook").uses, workflow.step("outlook").reads) == ((), ("data",))
    assert (workflow.step("write").uses, workflow.step("write").optional) == (("outlook",), ("outlook",))
    assert {step.name for step in workflow.steps if step.within_map == "each"} == {"again", "draw", "release", "publish"}


def test_an_inherited_continue_holds_only_where_nothing_later_needs_the_step(tmp_path: Path) -> None:
    """The platform's `continue` becomes `fail` where a later step, an output or a map needs what the failed one makes."""
    handlers = {step.name: step.execution.default_error_handler for step in tour(tmp_path).steps}
    assert {name for name, handler in handlers.items() if handler == "continue"} == {
        "outlook", "outlook_again", "mood", "warn", "tell", "note",
    }  # fmt: skip
    promised = FLOW.replace("output: [data, script]", "output: [data, script, mood]")
    assert tour(tmp_path / "promised", promised).step("mood").execution.default_error_handler == "fail"


def test_policies_and_timeouts_come_from_their_layer(tmp_path: Path) -> None:
    """A named policy brings its rules; a shorter try shortens the call in it, unless the step says otherwise."""
    text = FLOW.replace("    optional: [outlook]\n  each", "    optional: [outlook]\n    call_timeout_seconds: 7\n  each")
    workflow = tour(tmp_path, text)
    execution = workflow.step("read").execution
    assert execution.rules == (
        RetryRule("RateLimitError", 8, timedelta(seconds=20), "constant", timedelta(seconds=900)),
        RetryRule("InvalidOutputError", 1),
    )
    assert (execution.most_retries, execution.retry_jitter) == (8, 0.2)
    assert execution.call_timeout == execution.timeout == timedelta(seconds=100)
    assert workflow.step("write").execution.call_timeout == timedelta(seconds=7)


def test_every_setting_in_force_says_where_it_comes_from(tmp_path: Path) -> None:
    """Platform, workflow and step are named with their line, and so is the step that keeps a failure from being passed over."""
    folder, include = write_tour(tmp_path)
    workflow = load_workflow(folder, include)
    configuration = load_configuration(include / "orchestrator.yaml", {})
    found = {(one.step, one.key): (one.value, one.origin) for one in effective_values(workflow, configuration)}
    assert found["read", "max_retries"] == (3, "include/orchestrator.yaml:1")
    assert found["read", "timeout_seconds"] == (100, "workflow.yaml:18 execution")
    assert found["read", "call_timeout_seconds"] == (100, "workflow.yaml:18 execution")
    assert found["read", "default_error_handler"] == ("fail", "check needs its reading")
    assert found["mood", "default_error_handler"] == ("continue", "include/orchestrator.yaml:6")
    assert found["tell_owner", "max_retries"] == (1, "workflow.yaml:70 finally.tell_owner")
    for step in (*workflow.steps, *workflow.last):
        assert found[step.name, "max_retries"][0] == step.execution.max_retries
        assert found[step.name, "default_error_handler"][0] == step.execution.default_error_handler
    (first, *_) = effective_values(workflow, configuration)
    assert first.to_json() == {"step": "read", "key": "max_retries", "value": 3, "origin": "include/orchestrator.yaml:1"}
    bare = replace(configuration, source=None)
    assert effective_values(workflow, bare)[0].origin == "the platform's configuration"


def test_the_digest_holds_the_policies_that_the_workflow_uses(tmp_path: Path) -> None:
    """A changed rule of a used policy is another definition; an unused policy and a channel are not."""
    folder, include = write_tour(tmp_path)
    file = include / "orchestrator.yaml"
    first = load_workflow(folder, include).digest
    for old, new, same in (
        ("max_retries: 8", "max_retries: 9", False),
        ("desk: {}", "desk: {notifier: mail.Sender}", True),
        ("  default: []", "  default: []\n  spare: [{on: ServerError, max_retries: 9}]", True),
        ("  default: []", "  default: [{on: ServerError, max_retries: 9}]", False),
    ):
        assert PLATFORM.count(old) == 1
        file.write_text(PLATFORM.replace(old, new), encoding="utf-8")
        assert (load_workflow(folder, include).digest == first) is same, new
    file.write_text(PLATFORM, encoding="utf-8")
    (folder / "short.json").write_text((folder / "short.json").read_text() + " ")
    assert load_workflow(folder, include).digest != first


def test_a_kept_copy_needs_nothing_beside_it(tmp_path: Path) -> None:
    """A run's own copy of its definition loads with the platform's `include` at hand, also when the called workflow is gone."""
    folder, include = write_tour(tmp_path)
    first = load_workflow(folder, include)
    copy = tmp_path / "kept"
    (copy / "dags").mkdir(parents=True)
    folder.rename(copy / "dags" / "tour")
    include.rename(copy / "include")
    home = tmp_path / "include"
    home.mkdir()
    (home / "orchestrator.yaml").write_text(PLATFORM, encoding="utf-8")
    (tmp_path / "dags" / "review" / "workflow.yaml").unlink()
    kept = load_workflow(copy / "dags" / "tour", copy / "include", home=home)
    assert kept.digest == first.digest
    assert kept.platform_include == home


@pytest.mark.parametrize(
    ("ways", "circle"),
    [
        ({"tour": "tour"}, "tour → tour"),
        ({"tour": "review", "review": "other", "other": "tour"}, "tour → review → other → tour"),
    ],
)
def test_workflows_that_call_each_other_in_a_circle_are_named(tmp_path: Path, ways: dict[str, str], circle: str) -> None:
    """The whole circle stands in the message."""
    folder, include = write_tour(tmp_path)
    call = "  call_{}:\n    call: {{workflow: {}, within: 1h}}\n"
    for name, other in ways.items():
        path = tmp_path / "dags" / name / "workflow.yaml"
        path.parent.mkdir(exist_ok=True)
        text = path.read_text() if path.is_file() else FLOW.replace("workflow: tour", f"workflow: {name}")
        path.write_text(text.replace("\nsteps:\n", "\nsteps:\n" + call.format(name, other)), encoding="utf-8")
    with pytest.raises(Exception, match=f"the workflows call each other in a circle: {circle};"):
        load_workflow(folder, include)


def test_every_error_of_the_table_exists_and_the_table_holds_what_a_kind_can_end_with() -> None:
    """Names are those of error classes, the narrow ones; a rule may name a wider one."""
    known = error_classes()
    for kind in RAISES:
        assert set(raised_by(kind, first=True)) <= set(known)
    assert set(EVERY) <= set(raised_by("slide"))
    assert raised_within("LLMError", "extract")
    assert raised_within("OrchestratorError", "slide")
    assert not raised_within("TransientError", "slide")
    assert family("RateLimitError") >= {"RateLimitError", "TransientError", "LLMError"}
    assert retryable("RateLimitError")
    assert not retryable("RefusalError")
    # Only what is raised nowhere in itself is left out: the classes that group others.
    groups = {name for name in known if any(name != other and name in family(other) for other in known)}
    listed = {name for kind in RAISES for name in raised_by(kind, first=True)}
    assert {name for name in known if name in family("RateLimitError") or name in MODEL} - groups <= listed
