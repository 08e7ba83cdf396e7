"""Asking named people: who is asked, in which form, and what an answer is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from airflow.sdk import Param
from airflow.sdk.exceptions import TaskAwaitingInput

from workflow_orchestrator.definition.steps import Reminder
from workflow_orchestrator.errors import ApprovalError, ConfigurationError
from workflow_orchestrator.operators.people import answer_of, assigned_users, form_of, go_on_waiting
from workflow_orchestrator.steps.people import Waiting, nobody_answered
from workflow_orchestrator.steps.work import Question

pytestmark = pytest.mark.airflow


def test_a_timeout_never_means_yes() -> None:
    """When nobody answered, the answer is an error that says so, with what Airflow gave as the reason."""
    with pytest.raises(ApprovalError, match=r"the release.*2 days.*never means yes") as caught:
        nobody_answered("the release", timedelta(days=2), "timeout")
    assert caught.value.details == {"reason": "timeout"}


def test_groups_become_users_once() -> None:
    """Members of two groups are asked once; an unknown group is named with the known ones."""
    groups = {"a": ("eve", "joe"), "b": ("joe",), "open": ()}
    assert [user["id"] for user in assigned_users(groups, ["a", "b"])] == ["eve", "joe"]
    assert assigned_users(groups, ["open"]) == []
    with pytest.raises(ConfigurationError, match=r"legal.*a, b, open"):
        assigned_users(groups, ["legal"])


def test_who_may_not_answer_is_not_asked() -> None:
    """A member that a step leaves out is not assigned, whatever the capitals of the name."""
    groups = {"a": ("Eve", "joe"), "open": ()}
    assert [user["id"] for user in assigned_users(groups, ["a"], ("eve",))] == ["joe"]
    assert assigned_users(groups, ["open"], ("eve",)) == []


def test_an_answer_has_who_and_when() -> None:
    """The person's name where Airflow knows it, the time as text, the form as it was sent."""
    told = {
        "chosen_options": ["Approve"],
        "params_input": {"x": "1"},
        "responded_by_user": {"id": "7", "name": "eve"},
        "responded_at": datetime(2026, 11, 24, 10, 0, tzinfo=UTC),
    }
    answer = answer_of(told)
    assert (answer.option, answer.values, answer.by, answer.by_id) == ("Approve", {"x": "1"}, "eve", "7")
    assert answer.at == "2026-11-24T10:00:00+00:00"
    assert answer_of({**told, "responded_by_user": None, "params_input": None}).by == "unknown"


def test_a_form_becomes_airflows_own() -> None:
    """Value, description and schema of each part are what Airflow's form needs."""
    part = {"value": 2, "description": "1 to 3", "schema": {"type": "integer", "title": "Page", "section": "S"}}
    form = form_of(Question("s", "b", ("Go",), (), timedelta(hours=1), {"page": part}))
    assert form["page"] == Param(2, description="1 to 3", type="integer", title="Page", section="S").serialize()


ASKED = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("reminded", "passed", "left"),
    [(0, timedelta(0), 4 * HOUR), (1, 4 * HOUR, 4 * HOUR), (2, 8 * HOUR, 2 * HOUR), (0, 5 * HOUR, timedelta(seconds=1))],
)
def test_a_question_is_parked_until_the_next_reminder_or_its_end(
    reminded: int, passed: timedelta, left: timedelta
) -> None:
    """A reminder every four hours of ten; one that is late comes at once, and the last wait ends with the question."""
    waiting = Waiting("Release?", ASKED, ASKED + 10 * HOUR, reminded)
    with pytest.raises(TaskAwaitingInput) as caught:
        go_on_waiting({"content": "x"}, waiting, Reminder(4 * HOUR, "desk"), ASKED + passed)
    assert caught.value.timeout == left
    assert caught.value.kwargs == {"content": "x", "waiting": waiting.to_json()}
    assert Waiting.from_json(waiting.to_json()) == waiting


def test_without_a_reminder_a_question_is_parked_once() -> None:
    """The whole time of the question."""
    with pytest.raises(TaskAwaitingInput) as caught:
        go_on_waiting({}, Waiting("Release?", ASKED, ASKED + 10 * HOUR), None, ASKED)
    assert caught.value.timeout == 10 * HOUR
