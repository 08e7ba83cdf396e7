"""The form of a run and the check of its conf."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest
from definition_sample import write_project

from workflow_orchestrator.definition import check_conf, load_workflow, trigger_form
from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.errors import ConfError

GIVEN = {"document": "sheet.pdf", "reference": "AB1234"}


@pytest.fixture
def workflow(tmp_path: Path) -> Workflow:
    return load_workflow(*write_project(tmp_path))


def test_the_form_has_the_platforms_own_parameters_and_the_workflows(workflow: Workflow) -> None:
    """Document first, then the author's, then approval and force; what must be given has no default."""
    form = trigger_form(workflow)
    assert list(form) == ["document", "audience", "places", "reference", "copies", "approval", "force"]
    assert [name for name, entry in form.items() if "default" not in entry] == ["document", "reference"]
    assert form["approval"]["default"] == "people"
    assert form["force"]["default"] is False
    assert form["places"]["schema"] == {
        "type": "array", "items": {"type": "string", "enum": ["eu", "uk"]}, "uniqueItems": True, "examples": ["eu",
             "uk"],
    }  # fmt: skip
    assert all(entry["title"] for entry in form.values())


def test_a_conf_is_completed_with_the_defaults(workflow: Workflow) -> None:
    """What is not given holds as the definition says."""
    assert check_conf(workflow, GIVEN) == {
        "document": "sheet.pdf", "audience": "retail", "places": ["eu"], "reference": "AB1234", "copies": 1,
        "approval": "people", "force": False,
    }  # fmt: skip


def test_a_default_list_is_the_runs_own(workflow: Workflow) -> None:
    """A run that changes its conf changes no other run's."""
    check_conf(workflow, GIVEN)["places"].append("us")
    assert check_conf(workflow, GIVEN)["places"] == ["eu"]


def test_every_unknown_key_and_ill_typed_value_is_named_at_once(workflow: Workflow) -> None:
    """Name, value, and what is allowed, for all of them; the error survives pickling."""
    conf = {
        "audiance": "retail", "audience": "retial", "places": ["eu", "us", "eu"], "reference": "x", "copies": 12,
        "approval": True, "force": "yes",
    }  # fmt: skip
    with pytest.raises(ConfError) as caught:
        check_conf(workflow, conf)
    assert caught.value.details["problems"] == [
        "'audiance' is not a parameter of review; did you mean 'audience'?",
        "'document' is missing: A file name in the inbox of `review`, such as `factsheet.pdf`, or a URI inside the "
        "configured storage.",
        "'audience' is \"retial\": allowed are retail, professional; did you mean 'retail'?",
        '\'places\' is ["eu", "us", "eu"]: no entry may stand in it twice',
        "'places' [1] is \"us\": allowed are eu, uk",
        "'reference' is \"x\": it must match ^(?:[A-Z]{2}[0-9]{4})$",
        "'copies' is 12: it must be at most 9",
        "'approval' is true: it must be text",
        "'approval' is true: allowed are people, auto",
        "'force' is \"yes\": it must be true or false",
    ]
    assert pickle.loads(pickle.dumps(caught.value)).details == caught.value.details
    assert all(problem in caught.value.message for problem in caught.value.details["problems"])


@pytest.mark.parametrize("document", ["", None, 5, "x" * 2_000, ["a.pdf"]])
def test_a_document_is_a_name(workflow: Workflow, document: Any) -> None:
    """An empty, long or ill-typed name is refused before anything is opened."""
    with pytest.raises(ConfError, match="'document' is"):
        check_conf(workflow, {**GIVEN, "document": document})


@pytest.mark.parametrize("conf", [None, [], "document"])
def test_a_conf_is_a_mapping(workflow: Workflow, conf: Any) -> None:
    """Anything else is a ConfError too, not a traceback."""
    with pytest.raises(ConfError, match="must be a mapping"):
        check_conf(workflow, conf)


def test_a_value_that_is_no_json_is_named(workflow: Workflow) -> None:
    """A caller inside Python may pass anything, and is told so."""
    with pytest.raises(ConfError, match="'copies' is"):
        check_conf(workflow, {**GIVEN, "copies": object()})
