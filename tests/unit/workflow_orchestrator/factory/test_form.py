"""The form on which a run is started: typed, in sections, and of one mind with the check that a run's first step makes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from factory_sample import HEAD, dag_of, folder, tell

pytestmark = pytest.mark.airflow


def test_the_form_has_the_workflow_s_parameters_between_the_platform_s(tmp_path: Path) -> None:
    """The document first, how the run is done last."""
    dag = dag_of(tmp_path, tell("one"))
    assert list(dag.params) == ["document", "way", "names", "code", "share", "needed", "approval", "force"]


def test_parameters_stand_in_sections(tmp_path: Path) -> None:
    """The document above all, the workflow's under its title, the platform's own under theirs."""
    dag = dag_of(tmp_path, tell("one"))
    sections = {name: dag.params.get_param(name).schema.get("section") for name in dag.params}
    assert sections == {
        "document": None, "way": "Small", "names": "Small", "code": "Small", "share": "Small", "needed": "Small",
        "approval": "How it is run", "force": "How it is run",
    }  # fmt: skip


def test_types_and_limits_reach_the_form(tmp_path: Path) -> None:
    """Choices, patterns, minima and maxima; a list of choices is a multi-select; what has no default is required."""
    get = dag_of(tmp_path, tell("one")).params.get_param
    assert get("way").schema["enum"] == ["left", "right"]
    assert get("names").schema["items"] == {"type": "string", "enum": ["one", "two"]}
    assert get("names").schema["examples"] == ["one", "two"]
    assert get("code").schema["pattern"] == "^(?:[A-Z]{2})$"
    assert (get("share").schema["minimum"], get("share").schema["maximum"]) == (0, 1)
    assert get("needed").schema["minimum"] == 1
    assert not get("needed").has_value


def test_a_pattern_that_could_stall_is_left_to_the_first_step(tmp_path: Path) -> None:
    """Airflow's server would match it without a limit; the run's own check has one, and refuses what does not fit."""
    from workflow_orchestrator.definition import load_workflow
    from workflow_orchestrator.definition.conf import check_conf
    from workflow_orchestrator.errors import ConfError
    from workflow_orchestrator.factory.form import trigger_params

    head = HEAD.replace('pattern: "[A-Z]{2}"', 'pattern: "([A-Z]+-?)+"')
    assert head != HEAD
    workflow = load_workflow(folder(tmp_path, tell("one"), head), tmp_path / "include")
    assert "pattern" not in trigger_params(workflow)["code"].schema
    assert check_conf(workflow, {"document": "page.pdf", "needed": 1, "code": "AB-CD"})["code"] == "AB-CD"
    with pytest.raises(ConfError, match="it must match"):
        check_conf(workflow, {"document": "page.pdf", "needed": 1, "code": "ab"})


@pytest.mark.parametrize(
    "conf",
    [
        {},
        {"needed": 1},
        {"needed": 0},
        {"needed": 1, "way": "up"},
        {"needed": 1, "names": ["one", "one"]},
        {"needed": 1, "names": ["two", "one"]},
        {"needed": 1, "names": []},
        {"needed": 1, "code": "ab"},
        {"needed": 1, "code": "AB"},
        {"needed": 1, "share": 1.5},
        {"needed": "1"},
        {"needed": 1, "force": "yes"},
        {"needed": 1, "approval": "auto"},
    ],
    ids=str,
)
def test_form_and_first_step_are_of_one_mind(tmp_path: Path, conf: dict[str, Any]) -> None:
    """What Airflow takes for a run, its first step takes; what Airflow refuses, it refuses."""
    from airflow.sdk.exceptions import ParamValidationError

    from workflow_orchestrator.definition import load_workflow
    from workflow_orchestrator.definition.conf import check_conf
    from workflow_orchestrator.errors import ConfError
    from workflow_orchestrator.factory.form import trigger_params

    workflow = load_workflow(folder(tmp_path, tell("one")), tmp_path / "include")
    given = {"document": "page.pdf", **conf}

    def form_takes() -> bool:
        try:
            for name, param in trigger_params(workflow).items():
                param.resolve(**({"value": given[name]} if name in given else {}))
        except ParamValidationError:
            return False
        return True

    def step_takes() -> bool:
        try:
            check_conf(workflow, given)
        except ConfError:
            return False
        return True

    assert form_takes() == step_takes()
