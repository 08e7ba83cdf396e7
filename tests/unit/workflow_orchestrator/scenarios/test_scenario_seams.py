"""What stands around the steps in process: connections of the environment, scripted people, the memo, the shelf."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from llm_orchestration import ConfigurationError
from workflow_orchestrator.definition.raises import error_classes
from workflow_orchestrator.errors import DocumentNotFoundError, DocumentOutsideStorageError
from workflow_orchestrator.scenarios.memo import Memo
from workflow_orchestrator.scenarios.model import Fault, Reaction, ScenarioError
from workflow_orchestrator.scenarios.models import from_environment, made_error
from workflow_orchestrator.scenarios.people import Nobody, Scripted
from workflow_orchestrator.scenarios.shelf import Shelf
from workflow_orchestrator.steps.work import Question, Work

NAME = "AIRFLOW_CONN_LLM_DEFAULT"
NOW = datetime(2026, 11, 15, 11, tzinfo=UTC)
WORK = cast("Work", SimpleNamespace(services=SimpleNamespace(now=lambda: NOW)))
FORM = {"nav": {"value": "EUR 1.00"}, "nav@page": {"value": 1}, "isin": {"value": None}, "isin@page": {"value": None}}
QUESTION = Question("?", "body", ("Send", "Stop"), ("stewards",), timedelta(days=2), FORM)


@pytest.mark.parametrize(
    ("text", "model"),
    [
        ('{"conn_type": "llm", "host": "http://127.0.0.1:9", "password": "k", "extra": {"model": "m1"}}', "m1"),
        ('{"conn_type": "llm", "host": "127.0.0.1", "extra": "{\\"model\\": \\"m2\\"}"}', "m2"),
        ("llm://:k%2F1@127.0.0.1:9/http?model=m3", "m3"),
        ("llm-azure://:k@example.openai.azure.com?__extra__=%7B%22model%22%3A%20%22m4%22%7D", "m4"),
    ],
)
def test_a_connection_of_the_environment(monkeypatch: pytest.MonkeyPatch, text: str, model: str) -> None:
    """In both forms that Airflow takes."""
    monkeypatch.setenv(NAME, text)
    found = from_environment("llm_default")
    assert found is not None and (found.connection, found.model) == ("llm_default", model)


def test_no_connection_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Empty counts as not set."""
    monkeypatch.setenv(NAME, " ")
    assert from_environment("llm_default") is None


@pytest.mark.parametrize("text", ['{"conn_type": "llm", "password": "secret"', "secret", "llm://x:secret@[host"])
def test_a_broken_connection_is_named_without_its_key(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """The text may hold the key."""
    monkeypatch.setenv(NAME, text)
    with pytest.raises(ConfigurationError, match=NAME) as caught:
        from_environment("llm_default")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("name", sorted(error_classes()))
def test_every_error_can_be_raised_by_its_name(name: str) -> None:
    """A scenario may name any class of the two trees."""
    assert type(made_error(Fault(name))).__name__ == name


def test_an_answer_sends_the_form_as_it_stands() -> None:
    """With what is entered in its place, at the time that people took."""
    entered = {"isin": ("LU9904127735", 2)}
    said = Scripted(Reaction("send", "Dana", entered, timedelta(hours=3))).ask(WORK, QUESTION)
    assert said.answer is not None and said.took == timedelta(hours=3)
    assert (said.answer.option, said.answer.by, said.answer.at) == ("Send", "Dana", "2026-11-15T14:00:00+00:00")
    assert said.answer.values == {"nav": "EUR 1.00", "nav@page": 1, "isin": "LU9904127735", "isin@page": 2}


def test_stop_and_reject_are_the_other_option() -> None:
    """Whatever it is called."""
    for answer in ("stop", "reject"):
        said = Scripted(Reaction(cast("Any", answer), "Dana")).ask(WORK, QUESTION)
        assert said.answer is not None and said.answer.option == "Stop"


def test_nobody_takes_all_the_time_there_is() -> None:
    """And answers nothing."""
    for people in (Nobody(), Scripted(Reaction("nobody"))):
        said = people.ask(WORK, QUESTION)
        assert (said.answer, said.took) == (None, timedelta(days=2))


def test_a_value_that_is_not_asked_for_is_no_scenario() -> None:
    """The message says what is."""
    with pytest.raises(ScenarioError, match="the form asks for nav, isin"):
        Scripted(Reaction("send", "Dana", {"fund_name": ("x", 1)})).ask(WORK, QUESTION)


def test_the_memo_makes_a_thing_once(tmp_path: Path) -> None:
    """Each caller has copies of its own; an error is not remembered."""
    memo, made = Memo(), []

    def make(folder: Path) -> list[Path]:
        made.append(folder)
        (folder / "deep").mkdir()
        (folder / "a.txt").write_text("a")
        (folder / "deep" / "b.txt").write_text("b")
        return [folder / "deep" / "b.txt", folder / "a.txt"]

    first = memo.files("k", make, tmp_path / "one")
    first[0].write_text("changed")
    second = memo.files("k", make, tmp_path / "two")
    assert [path.read_text() for path in second] == ["b", "a"]
    assert len(made) == 1
    with pytest.raises(ZeroDivisionError):
        memo.value("bad", lambda: 1 // 0)
    assert memo.value("bad", lambda: 3) == 3


def test_the_shelf_is_a_storage() -> None:
    """Keys stay inside, what is not there is said to be not there."""
    shelf = Shelf()
    shelf.write("runs/a/x.json", b"12")
    shelf.write("runs/ab/y.json", b"3")
    assert list(shelf.list("runs/a")) == ["runs/a/x.json"]
    assert (shelf.size("runs/a/x.json"), shelf.exists("runs/ab/y.json")) == (2, True)
    shelf.delete("runs/a/x.json")
    with pytest.raises(DocumentNotFoundError, match=r"runs/a/x\.json"):
        shelf.read("runs/a/x.json")
    with pytest.raises(DocumentOutsideStorageError):
        shelf.read("../x")
