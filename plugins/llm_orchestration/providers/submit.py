"""Submit now, ask later: responses in background mode and the Batch API, one HTTP attempt per step.

A job is the provider's own id, so any process can ask for it. What the provider keeps meanwhile:

| | input | answer | until |
|---|---|---|---|
| background | response object (`store` must be on) | the same | `discard`, otherwise 30 days at OpenAI |
| batch | uploaded file | output file | `discard`, otherwise 7 days at OpenAI |
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import structlog

from llm_orchestration import errors
from llm_orchestration.model import Answer
from llm_orchestration.providers import _faults
from llm_orchestration.providers.aws import MANTLE
from llm_orchestration.providers.base import Call, Provider
from llm_orchestration.providers.bedrock_openai import BedrockOpenAIProvider
from llm_orchestration.providers.openai_compatible import OpenAICompatibleProvider, OpenAIProvider, Response

if TYPE_CHECKING:
    from llm_orchestration.submission import SubmittingProvider

_log = structlog.get_logger(__name__)

_STEP_TIMEOUT = timedelta(seconds=60)
_WINDOW = "24h"
# Longer than the window of a batch and a weekend: whoever asks late still finds the answer.
_KEPT_SECONDS = 7 * 86_400
_LINE = "call"


def submitting(provider: Provider, mode: str) -> SubmittingProvider:
    """The provider's way of submitting now and asking later.

    Args:
        provider: An endpoint that speaks the OpenAI API.
        mode: `background` or `batch`.

    Raises:
        ConfigurationError: The endpoint has no such way.
    """
    problem = submit_problem(provider, mode)
    if problem is not None:
        raise errors.ConfigurationError(problem, provider=provider.name)
    if not isinstance(provider, OpenAIProvider):
        raise AssertionError("only endpoints with the OpenAI API pass the check")
    return BackgroundResponses(provider) if mode == "background" else BatchJob(provider)


def submit_problem(provider: Provider, mode: str) -> str | None:
    """Why an endpoint cannot be asked in a mode, `None` when it can."""
    if mode not in ("background", "batch"):
        return f"submit: {mode} is unknown; use call, background or batch"
    if not isinstance(provider, OpenAIProvider):
        return f"submit: {mode} does not exist at a {provider.name} endpoint; use submit: call"
    bedrock = isinstance(provider, BedrockOpenAIProvider)
    if mode == "batch" and bedrock:
        return "submit: batch does not exist at Bedrock's OpenAI endpoints; use submit: call"
    if mode == "background" and provider.api != "responses":
        return "submit: background exists only with api: responses"
    if mode == "background" and isinstance(provider, BedrockOpenAIProvider) and provider.service != MANTLE:
        return "submit: background exists at Bedrock only with endpoint: mantle"
    return None


@dataclass(frozen=True)
class BackgroundResponses:
    """The Responses API in background mode.

    Args:
        provider: Endpoint with `api: responses`.
        poll_every: Time between two questions for the answer.
    """

    provider: OpenAIProvider
    poll_every: timedelta = timedelta(seconds=3)

    async def submit(self, call: Call) -> str:
        """Starts the response; one request.

        Raises:
            LLMError: It was not started.
        """
        step = _step(call)
        path, body = self.provider.request(step)
        # Background mode needs a stored response: there would be nothing to ask for otherwise.
        stored = {} if "store" in call.omit else {"store": True}
        response = await self.provider.send(step, "POST", path, body={**body, "background": True, **stored})
        return _id(self.provider, step, response)

    async def poll(self, call: Call, job: str) -> Answer | None:
        """Asks for the response; one request.

        Raises:
            JobEndedError: The response failed, was cut, filtered, refused or cancelled, or is gone.
            LLMError: The question failed; the response may still come.
        """
        step = _step(call)
        response = await _asked(self.provider, step, f"/responses/{job}", job)
        status = _field(response, "status")
        if status in ("queued", "in_progress"):
            return None
        if status == "cancelled":
            raise _ended(_cancelled(self.provider, step, f"the response {job}"))
        if status != "failed":
            # A broken body is a failed question; a whole one without an answer is the end of the job.
            self.provider.reading(step, response)
        return _answered(lambda: self.provider.read(call, response))

    async def cancel(self, job: str) -> None:
        """Asks the provider to stop; a failure is logged and no more."""
        await _best_effort(self.provider, "POST", f"/responses/{job}/cancel", job)

    async def discard(self, job: str) -> None:
        """Deletes what the provider has stored; call it once the answer is kept."""
        await _best_effort(self.provider, "DELETE", f"/responses/{job}", job)


@dataclass(frozen=True)
class BatchJob:
    """The Batch API with one request per batch: half the price, an answer within 24 hours.

    Args:
        provider: Endpoint that offers `/files` and `/batches`.
        poll_every: Time between two questions for the answer.
    """

    provider: OpenAIProvider
    poll_every: timedelta = timedelta(seconds=60)

    async def submit(self, call: Call) -> str:
        """Uploads the request and creates the batch; two requests. Between them nothing is billed.

        Raises:
            LLMError: There is no batch.
        """
        step = _step(call)
        path, body = self.provider.request(step)
        line = json.dumps({"custom_id": _LINE, "method": "POST", "url": f"/v1{path}", "body": body})
        openai = isinstance(self.provider, OpenAICompatibleProvider) and self.provider.endpoint.is_openai
        expiry = {"anchor": "created_at", "seconds": _KEPT_SECONDS}
        uploaded = await self.provider.send(
            step,
            "POST",
            "/files",
            body={"purpose": "batch", **({"expires_after": expiry} if openai else {})},
            files={"file": (f"{_LINE}.jsonl", line.encode(), "application/jsonl")},
        )
        file = _id(self.provider, step, uploaded)
        wanted = {
            "input_file_id": file,
            "endpoint": f"/v1{path}",
            "completion_window": _WINDOW,
            **({"output_expires_after": expiry} if openai else {}),
        }
        try:
            return _id(self.provider, step, await self.provider.send(step, "POST", "/batches", body=wanted))
        except errors.LLMError as error:
            failure = error
        # Nobody will ask for a batch without an id, and the file holds the whole document.
        await _best_effort(self.provider, "DELETE", f"/files/{file}", file)
        raise failure

    async def poll(self, call: Call, job: str) -> Answer | None:
        """Asks for the batch, and for its file when it has ended; one or two requests.

        Raises:
            JobEndedError: The batch or its request failed, expired or was cancelled.
            LLMError: The question failed; the batch may still go on.
        """
        step = _step(call)
        response = await _asked(self.provider, step, f"/batches/{job}", job)
        batch = self.provider.reading(step, response).body
        status = batch.get("status")
        if status in ("validating", "in_progress", "finalizing", "cancelling"):
            return None
        if status == "failed":
            raise _ended(self._invalid(step, batch, response))
        # An expired or cancelled batch may still have answered.
        for name in ("output_file_id", "error_file_id"):
            file = batch.get(name)
            if isinstance(file, str) and file:
                content = await _asked(self.provider, step, f"/files/{file}/content", job)
                return self._line(call, content)
        raise _ended(self._without_line(step, job, status, response))

    async def cancel(self, job: str) -> None:
        """Asks the provider to stop; a failure is logged and no more."""
        await _best_effort(self.provider, "POST", f"/batches/{job}/cancel", job)

    async def discard(self, job: str) -> None:
        """Deletes the batch's files; call it once the answer is kept."""
        response = await _best_effort(self.provider, "GET", f"/batches/{job}", job)
        for name in ("input_file_id", "output_file_id", "error_file_id"):
            file = None if response is None else _field(response, name)
            if file:
                await _best_effort(self.provider, "DELETE", f"/files/{file}", job)

    def _line(self, call: Call, content: Response) -> Answer:
        """The answer in a batch's file, which holds one line."""
        try:
            line = json.loads(content.content)
            inner = line["response"] or {}
            status = int(inner.get("status_code") or 200)
            body = inner.get("body")
            error = line.get("error") or (body if status >= 400 else None)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            line = None
        if line is None:
            raise errors.ProtocolError(
                "the batch's file holds no line in OpenAI's form", provider=self.provider.name, model=call.model
            )
        headers = {"content-type": "application/json", "x-request-id": str(inner.get("request_id") or "")}
        if error:
            detail = error.get("error", error) if isinstance(error, dict) else error
            raise _ended(self._refused(call, status, detail, headers))
        answered = Response(status, headers, json.dumps(body).encode())
        return _answered(lambda: self.provider.read(call, answered))

    def _refused(self, call: Call, status: int, detail: Any, headers: dict[str, str]) -> errors.LLMError:
        if isinstance(detail, dict) and detail.get("code") == "batch_expired":
            return self._expired(call)
        return _faults.from_response(
            call,
            self.provider.name,
            status=status if status >= 400 else 400,
            error=detail,
            headers=headers,
            secrets=self.provider.secrets,
        )

    def _invalid(self, call: Call, batch: dict[str, Any], response: Response) -> errors.LLMError:
        """A batch that was not started; its errors are listed."""
        listed = batch.get("errors")
        data = listed.get("data") if isinstance(listed, dict) else None
        return _faults.from_response(
            call,
            self.provider.name,
            status=400,
            error=data[0] if isinstance(data, list) and data else {"message": "the batch failed without a reason"},
            headers=response.headers,
            secrets=self.provider.secrets,
        )

    def _without_line(self, call: Call, job: str, status: Any, response: Response) -> errors.LLMError:
        if status == "expired":
            return self._expired(call)
        if status == "cancelled":
            return _cancelled(self.provider, call, f"the batch {job}")
        told = _faults.token(status, self.provider.secrets) or "none"
        return errors.ProtocolError(
            f"the batch {job} has the status {told} and no file", provider=self.provider.name, model=call.model,
            request_id=_faults.request_id(response.headers, self.provider.secrets),
        )  # fmt: skip

    def _expired(self, call: Call) -> errors.LLMError:
        return errors.OverloadedError(
            "the batch did not come to this request within 24 hours; nothing was billed for it",
            provider=self.provider.name,
            model=call.model,
        )


def _step(call: Call) -> Call:
    """The call for one step: its own time is for the whole wait."""
    return replace(call, timeout=min(call.timeout, _STEP_TIMEOUT)) if call.timeout > timedelta(0) else call


async def _asked(provider: OpenAIProvider, call: Call, path: str, job: str) -> Response:
    try:
        return await provider.send(call, "GET", path)
    except errors.ModelNotFoundError as error:
        request_id = error.request_id
    raise _ended(
        errors.ConnectionLostError(
            f"the provider does not know the job {job} any more; it may have been billed",
            provider=provider.name,
            model=call.model,
            status=404,
            request_id=request_id,
        )
    )


def _answered(read: Callable[[], Answer]) -> Answer:
    try:
        return read()
    except errors.LLMError as error:
        failure = error
    raise _ended(failure)


def _ended(error: errors.LLMError) -> Exception:
    # Imported late: the module above this one imports the providers.
    from llm_orchestration.submission import JobEndedError

    return JobEndedError(error)


def _cancelled(provider: OpenAIProvider, call: Call, what: str) -> errors.LLMError:
    return errors.RequestRejectedError(
        f"{what} was cancelled at the provider; clear the task to submit it again",
        provider=provider.name,
        model=call.model,
    )


def _id(provider: OpenAIProvider, call: Call, response: Response) -> str:
    """The id in an answer that starts something. It becomes part of an address, so it must look like an id."""
    found = _faults.token(provider.reading(call, response).body.get("id"), provider.secrets)
    if found is None or "/" in found or ".." in found:
        raise errors.ProtocolError("the response has no id", provider=provider.name, model=call.model)
    return found


def _field(response: Response, name: str) -> str | None:
    try:
        value = json.loads(response.content).get(name)
    except (ValueError, AttributeError, RecursionError):
        return None
    return value if isinstance(value, str) else None


async def _best_effort(provider: OpenAIProvider, method: str, path: str, job: str) -> Response | None:
    try:
        return await provider.send(Call(messages=(), model="-", timeout=_STEP_TIMEOUT), method, path)
    except errors.LLMError as error:
        _log.info("llm.job.step_failed", method=method, job=job, error=type(error).__name__)
        return None
