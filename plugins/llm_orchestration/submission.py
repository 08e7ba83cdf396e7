"""Submit, then ask for the answer: for background responses and batches, where a lost line loses nothing.

The provider's id of a job is kept in a `JobBook` before the first question for the answer, so that another process (after
a kill, a restart, a retry) asks for the same job and nothing is paid for twice.
"""

from __future__ import annotations

import asyncio
import functools
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

import structlog

from llm_orchestration._effects import to_the_end
from llm_orchestration.errors import CallTimeoutError, ConfigurationError, LLMError, StateError
from llm_orchestration.model import Answer
from llm_orchestration.providers.base import Call, RemoteProvider

_log = structlog.get_logger(__name__)

# A question for an answer costs nothing and may fail for a moment; a job that cannot be asked for so often in a row is
# left to Airflow's retry, which finds it in the book.
_FAILED_QUESTIONS = 5


class JobBook(Protocol):
    """Ids of submitted jobs by the key of their request. Blocking; called in a thread."""

    def get(self, request: str) -> str | None:
        """The job of the request, if one was submitted."""

    def put(self, request: str, job: str) -> None:
        """Keeps the job of a request."""

    def forget(self, request: str) -> None:
        """The job has ended without an answer; the next asker submits anew."""


class JobEndedError(Exception):
    """A job ended without an answer. Never leaves this package; the engine sees the error inside.

    Args:
        error: What the provider said about the job.
    """

    def __init__(self, error: LLMError) -> None:
        super().__init__(str(error))
        self.error = error


class SubmittingProvider(Protocol):
    """An endpoint that takes a request now and is asked for its answer later. One HTTP attempt per method."""

    @property
    def poll_every(self) -> timedelta:
        """Time between two questions for the answer."""

    async def submit(self, call: Call) -> str:
        """Sends the request; the provider's id of the job."""

    async def poll(self, call: Call, job: str) -> Answer | None:
        """The answer, `None` while the job goes on.

        Raises:
            JobEndedError: The job ended without an answer.
            LLMError: The question failed; the job may still go on.
        """

    async def cancel(self, job: str) -> None:
        """Asks the provider to stop the job, as far as it can."""

    async def discard(self, job: str) -> None:
        """Removes what the provider keeps of the job: the prompt and its answer."""


@dataclass(frozen=True)
class Submitted:
    """An answer, and the job that it came from.

    Args:
        answer: The answer.
        remote: The endpoint.
        job: The provider's id.
        request: Key of the request.
        jobs: Where the id is kept.
    """

    answer: Answer
    remote: SubmittingProvider
    job: str
    request: str
    jobs: JobBook | None

    async def release(self) -> None:
        """Lets go of the job once its answer is kept or refused: the document must not stay at the provider. Never fails."""
        await _let_go(self.remote, self.job, self.request, self.jobs)


async def submitted_answer(
    provider: RemoteProvider, mode: str, call: Call, request: str, jobs: JobBook | None
) -> Submitted:
    """The answer of a job, submitted now or by an earlier process.

    Args:
        provider: Endpoint.
        mode: `background` or `batch`.
        call: The request; its `timeout` bounds the whole wait.
        request: Key of the request.
        jobs: Where its job is kept; a batch outlives the process that submits it and needs one.

    Raises:
        ConfigurationError: The endpoint has no such mode, or a batch was asked for without a book.
        StateError: The book cannot be read, so the job may be under way already.
        LLMError: Whatever ended the job, or the wait for it.
    """
    from llm_orchestration import providers

    if mode == "batch" and jobs is None:
        raise ConfigurationError("submit: batch needs a deferred call; a worker would wait for hours")
    remote: SubmittingProvider = providers.submitting(provider, mode)
    job = None if jobs is None else await _known_job(jobs, request)
    if job is None:
        job = await remote.submit(call)
        _log.info("llm.job.submitted", mode=mode, job=job, purpose=call.purpose, model=call.model)
        if jobs is not None:
            await _note_job(jobs, request, job)
    # A batch has an end of its own, 24 hours away; the provider reports it.
    limit = None if mode == "batch" else call.timeout.total_seconds()
    try:
        async with asyncio.timeout(limit):
            return Submitted(await _answer_of(remote, call, job), remote, job, request, jobs)
    except TimeoutError:
        failure: LLMError = _overdue(provider, call, job, kept=jobs is not None)
    except JobEndedError as ended:
        await _let_go(remote, job, request, jobs)
        raise ended.error from None
    except LLMError as error:
        failure = error
    if jobs is None:
        # Nobody knows the job any more: what it costs and what it holds at the provider end here.
        await remote.cancel(job)
        await _let_go(remote, job, request, jobs)
    raise failure


def _overdue(provider: RemoteProvider, call: Call, job: str, *, kept: bool) -> CallTimeoutError:
    after = "a retry asks for the same job" if kept else "it was cancelled, and a retry submits another"
    return CallTimeoutError(
        f"the job {job} has not ended within {call.timeout.total_seconds():g} s; {after}",
        provider=provider.name,
        model=call.model,
    )


async def _known_job(jobs: JobBook, request: str) -> str | None:
    try:
        return await asyncio.to_thread(jobs.get, request)
    except LLMError:
        raise
    except Exception as error:  # noqa: BLE001 - any store, any failure: a job may be under way
        reason = type(error).__name__
    raise StateError(f"the book of jobs cannot be read ({reason}); not submitting, because a job may be under way")


async def _note_job(jobs: JobBook, request: str, job: str) -> None:
    try:
        await to_the_end(functools.partial(jobs.put, request, job))
    except Exception as error:  # noqa: BLE001 - the job is under way; whoever submitted it can still ask for it
        _log.error("llm.job.not_kept", job=job, error=type(error).__name__)


async def _let_go(remote: SubmittingProvider, job: str, request: str, jobs: JobBook | None) -> None:
    """Forgets a job here and at the provider. Never fails."""
    try:
        if jobs is not None:
            await asyncio.to_thread(jobs.forget, request)
        await remote.discard(job)
    except Exception as error:  # noqa: BLE001 - any store, any provider: what came of the job is worth more
        _log.warning("llm.job.not_discarded", job=job, error=type(error).__name__)


async def _answer_of(remote: SubmittingProvider, call: Call, job: str) -> Answer:
    failed = 0
    while True:
        try:
            answer = await remote.poll(call, job)
        except LLMError:
            failed += 1
            if failed >= _FAILED_QUESTIONS:
                raise
        else:
            failed = 0
            if answer is not None:
                return answer
        await asyncio.sleep(remote.poll_every.total_seconds())
