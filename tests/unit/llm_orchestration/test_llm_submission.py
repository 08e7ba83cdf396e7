"""Submit, then ask for the answer: one submission per request, whatever happens between."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from llm_orchestration import Message, Usage, providers
from llm_orchestration import errors as e
from llm_orchestration.model import Answer
from llm_orchestration.providers import Call
from llm_orchestration.submission import JobEndedError, submitted_answer

CALL = Call((Message("user", "x"),), "m", timedelta(seconds=5))
ANSWER = Answer("done", Usage(1, 1), "m", "req")


class Book:
    """Jobs in memory."""

    def __init__(self) -> None:
        self.jobs: dict[str, str] = {}

    def get(self, request: str) -> str | None:
        return self.jobs.get(request)

    def put(self, request: str, job: str) -> None:
        self.jobs[request] = job

    def forget(self, request: str) -> None:
        self.jobs.pop(request, None)


class Desk:
    """An endpoint whose answers to `poll` are listed; an exception is raised."""

    name = "desk"
    poll_every = timedelta(0)

    def __init__(self, *polled: Answer | BaseException | None) -> None:
        self.submitted = 0
        self.cancelled: list[str] = []
        self.discarded: list[str] = []
        self._polled: Iterator[Answer | BaseException | None] = iter(polled)

    async def submit(self, call: Call) -> str:
        self.submitted += 1
        return f"job-{self.submitted}"

    async def poll(self, call: Call, job: str) -> Answer | None:
        outcome = next(self._polled)
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    async def cancel(self, job: str) -> None:
        self.cancelled.append(job)

    async def discard(self, job: str) -> None:
        self.discarded.append(job)


def answer_of(monkeypatch: pytest.MonkeyPatch, desk: Desk, book: Book | None, call: Call = CALL) -> Answer:
    monkeypatch.setattr(providers, "submitting", lambda provider, mode: desk, raising=False)
    provider: Any = desk
    return asyncio.run(submitted_answer(provider, "background", call, "key", book)).answer


def test_a_job_is_submitted_once_and_asked_for_until_it_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """Questions that find the job at work are asked again; the job stands in the book."""
    desk, book = Desk(None, None, ANSWER), Book()
    assert answer_of(monkeypatch, desk, book) == ANSWER
    assert (desk.submitted, book.jobs) == (1, {"key": "job-1"})


def test_the_job_is_let_go_of_once_its_answer_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the book nor the provider keeps anything; a provider that cannot delete does not cost the answer."""
    book, desk = Book(), Desk(ANSWER)
    monkeypatch.setattr(providers, "submitting", lambda provider, mode: desk)
    provider: Any = desk

    async def through() -> None:
        submitted = await submitted_answer(provider, "background", CALL, "key", book)
        assert (book.jobs, desk.discarded) == ({"key": "job-1"}, [])
        await submitted.release()

    asyncio.run(through())
    assert (book.jobs, desk.discarded) == ({}, ["job-1"])


def test_another_process_asks_for_the_same_job(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a kill the book leads to the job that was paid for."""
    book = Book()
    book.put("key", "job-of-the-killed")
    desk = Desk(ANSWER)
    assert answer_of(monkeypatch, desk, book) == ANSWER
    assert desk.submitted == 0


def test_a_question_that_fails_is_not_the_end_of_the_job(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four failed questions in a row are borne; the fifth leaves the job to a retry, which asks for the same one."""
    lost = e.ConnectionLostError("gone")
    assert answer_of(monkeypatch, Desk(*[lost] * 4, ANSWER), Book()) == ANSWER
    book = Book()
    with pytest.raises(e.ConnectionLostError):
        answer_of(monkeypatch, Desk(*[lost] * 5), book)
    assert book.jobs == {"key": "job-1"}


def test_a_job_that_ended_badly_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its error comes out as it is, the next try submits anew, and the provider keeps no document."""
    desk, book = Desk(None, JobEndedError(e.ServerError("the model failed"))), Book()
    with pytest.raises(e.ServerError, match="the model failed"):
        answer_of(monkeypatch, desk, book)
    assert (book.jobs, desk.discarded) == ({}, ["job-1"])


@pytest.mark.parametrize("polled", [[None] * 200_000, [e.ServerError("busy")] * 5])
def test_a_job_that_nobody_could_ask_for_again_is_stopped(
    monkeypatch: pytest.MonkeyPatch, polled: list[BaseException | None]
) -> None:
    """Without a book, the wait that ends without an answer ends the job too: a retry would pay beside it."""
    desk = Desk(*polled)
    with pytest.raises((e.CallTimeoutError, e.ServerError)):
        answer_of(monkeypatch, desk, None, replace(CALL, timeout=timedelta(milliseconds=20)))
    assert (desk.cancelled, desk.discarded) == (["job-1"], ["job-1"])


class LostBook(Book):
    """A book whose store is down."""

    def get(self, request: str) -> str | None:
        raise OSError("store is down")

    def put(self, request: str, job: str) -> None:
        raise OSError("store is down")

    def forget(self, request: str) -> None:
        raise OSError("store is down")


def test_nothing_is_submitted_while_the_book_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """A job may be under way, so a retry later is cheaper than a second one."""
    desk = Desk(ANSWER)
    with pytest.raises(e.StateError, match="OSError"):
        answer_of(monkeypatch, desk, LostBook())
    assert desk.submitted == 0


def test_a_book_that_cannot_be_written_costs_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process that submitted asks on, and letting go of the job does not fail."""
    book, desk = LostBook(), Desk(None, ANSWER)
    monkeypatch.setattr(book, "get", Book().get)
    monkeypatch.setattr(providers, "submitting", lambda provider, mode: desk)
    provider: Any = desk

    async def through() -> Answer:
        submitted = await submitted_answer(provider, "background", CALL, "key", book)
        await submitted.release()
        return submitted.answer

    assert asyncio.run(through()) == ANSWER


def test_the_deadline_ends_the_wait_and_keeps_the_job(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error is a timeout that names the job; it stays in the book."""

    class Forever(Desk):
        async def poll(self, call: Call, job: str) -> Answer | None:
            await asyncio.Event().wait()
            return None

    book = Book()
    short = Call(CALL.messages, "m", timedelta(milliseconds=20))
    with pytest.raises(e.CallTimeoutError, match="job-1 has not ended within"):
        answer_of(monkeypatch, Forever(), book, short)
    assert book.jobs == {"key": "job-1"}


def test_a_batch_needs_a_book(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that waits for hours is refused before anything is sent."""
    desk = Desk()
    monkeypatch.setattr(providers, "submitting", lambda provider, mode: desk, raising=False)
    provider: Any = desk
    with pytest.raises(e.ConfigurationError, match="deferred"):
        asyncio.run(submitted_answer(provider, "batch", CALL, "key", None))
    assert desk.submitted == 0
