"""Calls as files: what travels, what damage means, where files lie, what Airflow is told."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from llm_orchestration import errors as e
from llm_orchestration.events import (
    MAX_INLINE,
    answered_event,
    failed_event,
    outcome_of,
    read_result,
    result_facts,
    result_value,
)
from llm_orchestration.exchange import DeferredCall, Exchange, Outcome
from llm_orchestration.model import Attempt, LLMRequest, LLMResult, Message, Usage
from llm_orchestration.places import Place
from llm_orchestration.traffic.contract import Spending


def a_call(words: str = "Say hello", **more: Any) -> DeferredCall:
    return DeferredCall(LLMRequest((Message("system", "Be brief"), Message("user", words))), "extraction", **more)


def a_result(text: str = "Hello", data: Any = None) -> LLMResult:
    attempts = (Attempt("llm_default", "m1", "answered", 0.5, None, "req_42"),)
    return LLMResult(
        text=text,
        data=data,
        usage=Usage(10, 5, 0, None),
        cost_usd=Decimal("0.000001"),
        provider="openai_compatible",
        model="served-1",
        request_id="req_42",
        finish_reason="stop",
        seconds=0.5,
        prompt_sha256="ab" * 32,
        route="extraction",
        attempts=attempts,
        cached=False,
        connection="llm_default",
    )


@pytest.fixture
def exchange(tmp_path: Path) -> Exchange:
    """An exchange in a folder."""
    return Exchange.open(str(tmp_path / "llm"))


def test_a_call_and_its_outcome_come_back_as_they_were(exchange: Exchange, person: dict[str, Any]) -> None:
    """Request, route, journal, budgets and deadline travel; the schema keeps the order of its keys."""
    schema = dict(reversed(person.items()))
    request = LLMRequest(
        (Message("user", "Grüße\u0000 „x“"),),
        schema=schema,
        temperature=0.5,
        max_output_tokens=7,
        purpose="p:1",
        attempt=3,
    )
    call = DeferredCall(
        request,
        "extraction",
        llm_conn_id="a",
        routes_path="/x/llm.yaml",
        output="package.Model",
        journal="file:///j",
        run="workflow/run",
        deadline=timedelta(seconds=1.5),
        budget_usd=Decimal("0.1000"),
        budgets=(Spending("day:x", Decimal("1.10"), None), Spending("run:y", None, 5)),
    )
    exchange.put_request("a/b", call)
    found = Exchange.open(exchange.uri).request("a/b")
    assert found == call
    assert found.request.attempt == 3
    assert list(found.request.schema or ()) == list(schema)
    outcome = Outcome(a_result(data={"b": 1, "a": [None, 1.5]}), resent_after_lost_claim=True)
    assert exchange.find_outcome("a/b") is None
    exchange.put_result("a/b", outcome)
    assert exchange.outcome("a/b") == outcome
    assert list(exchange.outcome("a/b").result.data) == ["b", "a"]


def test_the_key_is_the_question_and_nothing_else() -> None:
    """Two tries, two runs or two budgets ask the same; other words, routes or connections do not."""
    key = a_call().key
    request = LLMRequest(a_call().request.messages, attempt=2)
    assert DeferredCall(request, "extraction").key == key
    assert a_call(run="r", budget_usd=Decimal(1), journal="file:///j", deadline=timedelta(seconds=1)).key == key
    others = (a_call("Say hallo"), a_call(llm_conn_id="b"), a_call(routes_path="x"), a_call(output="a.B"))
    assert len({key, *(other.key for other in others)}) == 5


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "damaged"),
        (b"{", "damaged"),
        (b"[]", "damaged"),
        (b'{"format": 1, "kind": "request", "sha256": "00", "body": "{}"}', "damaged"),
        (b'{"format": 1, "kind": "request", "sha256": 1, "body": 2}', "damaged"),
        (b'{"format": 9, "kind": "request", "sha256": "00", "body": "{}"}', "has format 9, this release reads 1"),
    ],
)
def test_a_damaged_file_is_a_named_error(exchange: Exchange, content: bytes, told: str) -> None:
    """Never half a request: the error names file and store, and a retry, which writes it anew, helps."""
    for suffix, read in (("request", exchange.request), ("result", exchange.find_outcome)):
        exchange.store.put(f"calls/n.{suffix}.json", content)
        with pytest.raises(e.StateError, match=told) as caught:
            read("n")
        assert f"calls/n.{suffix}.json in {exchange.uri}" in str(caught.value)
        assert caught.value.retryable


def test_a_result_in_the_place_of_a_request_is_damage(exchange: Exchange) -> None:
    """A file of another kind is not read as one."""
    exchange.put_result("n", Outcome(a_result()))
    exchange.store.put("calls/n.request.json", exchange.store.get("calls/n.result.json") or b"")
    with pytest.raises(e.StateError, match="damaged"):
        exchange.request("n")


def test_what_is_not_there_says_what_to_look_at(exchange: Exchange) -> None:
    """A missing result is most often a folder that workers and triggerers do not share."""
    with pytest.raises(e.StateError, match="is the store the same folder or bucket on every machine"):
        exchange.outcome("n")
    with pytest.raises(e.StateError, match="next try writes it anew"):
        exchange.request("n")


def test_a_store_that_fails_is_a_named_error(tmp_path: Path) -> None:
    """Whatever a store raises has one name, and its own words, which may hold anything, are left out."""
    (tmp_path / "file").write_text("in the way of the folder")
    broken = Exchange.open(str(tmp_path / "file"))
    for use in (lambda: broken.put_request("n", a_call("SECRET")), lambda: broken.request("n")):
        with pytest.raises(e.StateError, match=r"cannot be (written to|read from) .*Error\)") as caught:
            use()
        assert caught.value.__cause__ is None
        assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize("text", ["..", "a/b", "../../etc", "a b", "ü", "x" * 250, "%2e%2e", "", "a\0b"])
def test_every_place_stays_inside_its_store(exchange: Exchange, text: str) -> None:
    """A run id from outside names no other folder, by path or by address, and two ids never share one."""
    place, other = Place(text, text, text, 3, 2), Place(f"{text}_", text, text, 3, 2)
    call = a_call(journal=place.journal("run", exchange.uri))
    exchange.put_request(place.name(call), call)
    assert exchange.request(place.name(call)) == call
    assert place.name(call) != other.name(call)
    assert all(len(part) < 200 for part in place.name(call).split("/"))
    journal = Exchange.open(call.journal or "")
    journal.put_request("n", call)
    root = Path(exchange.uri.removeprefix("file://"))
    assert len([path for path in root.rglob("*.json") if path.is_file()]) == 2


def test_a_try_has_its_own_name_and_a_run_its_own_journal() -> None:
    """Whether another try needs another request is for the journal to say."""
    place = Place("d", "r", "t")
    assert place.name(a_call()) == f"dag=d/run=r/task=t/try1-{a_call().key[:20]}"
    assert Place("d", "r", "t", 0, 2).name(a_call()) == f"dag=d/run=r/task=t/0-try2-{a_call().key[:20]}"
    assert place.journal("run", "s3://b") == "s3://b/journal/dag=d/run=r"
    assert place.journal("shared", "s3://b") == "s3://b/journal/shared"
    assert place.journal("off", "s3://b") is None
    with pytest.raises(e.ConfigurationError, match="use run, shared or off"):
        place.journal("day", "s3://b")


def test_an_event_tells_where_and_never_what(exchange: Exchange) -> None:
    """Airflow writes events to its log: the answer is only in the result's file."""
    outcome = Outcome(a_result("THE ANSWER"), resent_after_lost_claim=True)
    exchange.put_result("n", outcome)
    event = answered_event(exchange, "n", outcome)
    assert "THE ANSWER" not in json.dumps(event)
    assert event["resent_after_lost_claim"] is True
    assert outcome_of(json.loads(json.dumps(event)))[1:] == ("n", outcome)


def an_error(cls: type[e.LLMError]) -> e.LLMError:
    if cls is e.RouteConfigError:
        return e.RouteConfigError("llm.yaml", ["a: wrong", "b: wrong"])
    if cls is e.MissingVariablesError:
        return e.MissingVariablesError("p", ["x"])
    more = {"problems": ("$.a: type",)} if cls is e.InvalidOutputError else {}
    return cls(
        "it failed",
        model="m1",
        status=429,
        retry_after=timedelta(seconds=7),
        usage=Usage(1, 2),
        cost_usd=Decimal("0.10"),
        attempts=[Attempt("a", "m1", "x", 0.25)],
        **more,
    )


@pytest.mark.parametrize("name", [name for name in e.__all__ if name != "LLMError"])
def test_every_error_reaches_the_worker_as_itself(name: str) -> None:
    """Class, words and facts survive the event, so the retry policy decides as if it had been raised on the worker."""
    error = an_error(getattr(e, name))
    with pytest.raises(e.LLMError) as caught:
        outcome_of(json.loads(json.dumps(failed_event(error))))
    assert type(caught.value) is type(error)
    assert str(caught.value) == str(error)
    assert vars(caught.value) == vars(error)


@pytest.mark.parametrize("event", [None, {}, {"status": "x"}, {"status": "failed", "error": {"class": "NewError"}}])
def test_an_event_of_another_release_is_a_named_error(event: Any) -> None:
    """Worker and triggerer of two releases do not break in silence; a retry may meet the same release."""
    with pytest.raises(e.TransientError, match="release"):
        outcome_of(event)


def test_an_xcom_is_read_whichever_way_it_came(exchange: Exchange) -> None:
    """As a mapping from a worker, and as text once or twice encoded from a trigger, it leads to the same result."""
    outcome = Outcome(a_result(data={"age": 3}))
    exchange.put_result("n", outcome)
    value = result_value(exchange, "n", outcome)
    assert value["data"] == {"age": 3}
    assert value["cost_usd"] == "0.000001"
    for form in (value, json.dumps(value), json.dumps(json.dumps(value))):
        assert result_facts(form) == value
        assert read_result(form) == outcome.result


@pytest.mark.parametrize("value", [None, 1, "text", "{}", ["x"], {"exchange": "x"}])
def test_something_else_than_a_result_is_refused(value: Any) -> None:
    """A reader that was handed a part of the XCom is told so."""
    with pytest.raises(e.StateError, match="pass the task's whole XCom"):
        read_result(value)


@pytest.mark.parametrize("size", [MAX_INLINE - 20, MAX_INLINE + 20])
def test_a_large_answer_travels_as_a_reference(exchange: Exchange, size: int) -> None:
    """Up to 8 KiB the answer is in the XCom, above only its place; the whole is read either way."""
    outcome = Outcome(a_result("x" * size))
    exchange.put_result("n", outcome)
    value = result_value(exchange, "n", outcome)
    assert ("text" in value) == (size < MAX_INLINE)
    assert len(json.dumps(value)) < MAX_INLINE + 1000
    assert read_result(value).text == "x" * size
