"""Submit now, ask later: each step is one attempt, each end of a job one class."""

from __future__ import annotations

import json
from collections.abc import Coroutine
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar

import pytest
from llm_loopback import GOOD, JSON, Reply, Server, chat, failure, html, ok, raw, responses

from llm_orchestration import _bridge
from llm_orchestration import errors as e
from llm_orchestration.model import Message, Usage
from llm_orchestration.providers import (
    AwsIdentity,
    BackgroundResponses,
    BatchJob,
    BedrockConverseProvider,
    BedrockOpenAIProvider,
    Call,
    Endpoint,
    OpenAICompatibleProvider,
    Provider,
    ScriptedProvider,
    submitting,
)
from llm_orchestration.submission import JobEndedError

T = TypeVar("T")
KEY = "sk-secret-0123456789"
PROMPT = "The quarterly return of Example Fund was 4.2 per cent"
CALL = Call((Message("user", PROMPT),), "m", timedelta(seconds=20), max_output_tokens=500)
JOB = "GET /v1/responses/resp_1"
BATCH = "GET /v1/batches/batch_1"
OUTPUT = "GET /v1/files/file_out/content"
ERRORS = "GET /v1/files/file_err/content"


def run(step: Coroutine[Any, Any, T]) -> T:
    return _bridge.run(step)


@pytest.fixture
def background(server: Server) -> BackgroundResponses:
    server.replies["m"] = ok({"id": "resp_1", "status": "queued", "output": []})
    found = submitting(OpenAICompatibleProvider(Endpoint(server.base_url, KEY, "responses")), "background")
    assert isinstance(found, BackgroundResponses)
    return found


@pytest.fixture
def batch(server: Server) -> BatchJob:
    server.replies["POST /v1/files"] = ok({"id": "file_in", "purpose": "batch"})
    server.replies["POST /v1/batches"] = ok({"id": "batch_1", "status": "validating"})
    found = submitting(OpenAICompatibleProvider(Endpoint(server.base_url, KEY)), "batch")
    assert isinstance(found, BatchJob)
    return found


def test_a_background_response_is_started_asked_for_and_read(server: Server, background: BackgroundResponses) -> None:
    """One request each: started and stored, twice not ready, then the answer with its usage."""
    assert run(background.submit(CALL)) == "resp_1"
    assert (server.last().body["background"], server.last().body["store"]) == (True, True)
    states = iter(["queued", "in_progress"])
    server.replies[JOB] = lambda _, number: responses(status=next(states)) if number < 3 else responses()
    assert run(background.poll(CALL, "resp_1")) is None
    assert run(background.poll(CALL, "resp_1")) is None
    answer = run(background.poll(CALL, "resp_1"))
    assert answer is not None
    assert (answer.text, answer.usage) == (GOOD, Usage(1000, 200, 400, 50))
    assert server.asked("POST /v1/responses") == 1
    assert server.asked(JOB) == 3


def test_a_model_that_refuses_store_is_asked_without_it(server: Server, background: BackgroundResponses) -> None:
    """What the route leaves out stays out."""
    run(background.submit(replace(CALL, omit=frozenset({"store"}))))
    assert "store" not in server.last().body


ENDS: dict[str, tuple[Reply, type[e.LLMError]]] = {
    "failed": (responses(status="failed", error={"code": "server_error", "message": "x"}), e.ServerError),
    "failed, rate": (responses(status="failed", error={"code": "rate_limit_exceeded"}), e.RateLimitError),
    "failed, mute": (responses(status="failed", error=None), e.ProtocolError),
    "cut": (responses(status="incomplete", incomplete_details={"reason": "max_output_tokens"}), e.TruncatedError),
    "filter": (responses(status="incomplete", incomplete_details={"reason": "content_filter"}), e.ContentFilterError),
    "refusal": (responses("No.", part="refusal"), e.RefusalError),
    "cancelled": (responses(status="cancelled"), e.RequestRejectedError),
    "empty": (responses(""), e.ProtocolError),
    "gone": (failure(404, "not_found"), e.ConnectionLostError),
}


@pytest.mark.parametrize("row", ENDS)
def test_an_end_without_an_answer_is_told_apart_from_a_failed_question(
    server: Server, background: BackgroundResponses, row: str
) -> None:
    """A job that has ended raises its own error inside `JobEndedError`, so that nobody asks again."""
    reply, cls = ENDS[row]
    server.replies[JOB] = reply
    with pytest.raises(JobEndedError) as caught:
        run(background.poll(CALL, "resp_1"))
    assert type(caught.value.error) is cls
    assert PROMPT not in f"{caught.value} {caught.value.error.__dict__}"
    assert server.asked(JOB) == 1


QUESTIONS: dict[str, tuple[Reply, type[e.LLMError]]] = {
    "rate": (failure(429, "rate_limit_exceeded", retry_after="2"), e.RateLimitError),
    "down": (html(503), e.OverloadedError),
    "html": (html(200), e.ProtocolError),
    "cut": (Reply(body=b'{"id": "resp_1", "status": "compl'), e.ProtocolError),
    "dropped": (raw(), e.ConnectionLostError),
    "key": (failure(401, "invalid_api_key"), e.AuthenticationError),
}


@pytest.mark.parametrize("row", QUESTIONS)
def test_a_failed_question_leaves_the_job_alone(server: Server, background: BackgroundResponses, row: str) -> None:
    """Nothing is known of the job, so the error is the question's and the job may be asked for again."""
    reply, cls = QUESTIONS[row]
    server.replies[JOB] = reply
    with pytest.raises(e.LLMError) as caught:
        run(background.poll(CALL, "resp_1"))
    assert type(caught.value) is cls
    server.replies[JOB] = responses()
    assert run(background.poll(CALL, "resp_1")) is not None


def test_stopping_and_discarding_are_best_effort(server: Server, background: BackgroundResponses) -> None:
    """Both are one request, and a failure of either is no failure of the call."""
    server.replies["POST /v1/responses/resp_1/cancel"] = failure(400, "cannot_cancel")
    server.replies["DELETE /v1/responses/resp_1"] = ok({"id": "resp_1", "deleted": True})
    run(background.cancel("resp_1"))
    run(background.discard("resp_1"))
    assert [(request.method, request.path) for request in server.requests] == [
        ("POST", "/v1/responses/resp_1/cancel"),
        ("DELETE", "/v1/responses/resp_1"),
    ]


@pytest.mark.parametrize("mode", ["background", "batch"])
@pytest.mark.parametrize(
    ("reply", "cls"),
    [
        (failure(429, "insufficient_quota"), e.QuotaExceededError),
        (failure(401, "invalid_api_key"), e.AuthenticationError),
        (ok({"status": "queued"}), e.ProtocolError),
        (ok({"id": "../../v1/models"}), e.ProtocolError),
    ],
)
def test_a_submission_that_fails_is_one_error_and_no_job(
    server: Server, mode: str, reply: Reply, cls: type[e.LLMError]
) -> None:
    """Also an id that would lead the next question elsewhere."""
    server.replies["m"] = server.replies["POST /v1/files"] = reply
    provider = OpenAICompatibleProvider(Endpoint(server.base_url, KEY, "responses"))
    with pytest.raises(cls):
        run(submitting(provider, mode).submit(CALL))
    assert len(server.requests) == 1


def line(**parts: Any) -> Reply:
    """A file of a batch with one line."""
    return Reply(headers=JSON, body=json.dumps({"id": "b", "custom_id": "call", **parts}).encode() + b"\n")


def served(reply: Reply, status: int = 200) -> Reply:
    """What an endpoint would have answered, as a line of a batch's file."""
    return line(response={"status_code": status, "request_id": "req_b", "body": json.loads(reply.body)}, error=None)


def test_a_batch_is_uploaded_created_asked_for_and_read(server: Server, batch: BatchJob) -> None:
    """One line goes up as a file; the answer comes from the output file."""
    assert run(batch.submit(CALL)) == "batch_1"
    uploaded, created = server.requests
    assert uploaded.headers["content-type"].startswith("multipart/form-data")
    (sent,) = [json.loads(row) for row in uploaded.raw.decode().splitlines() if row.startswith("{")]
    assert (sent["method"], sent["url"], sent["body"]["messages"][0]["content"]) == (
        "POST",
        "/v1/chat/completions",
        PROMPT,
    )
    assert b'name="purpose"\r\n\r\nbatch\r\n' in uploaded.raw
    assert created.body == {
        "input_file_id": "file_in",
        "endpoint": "/v1/chat/completions",
        "completion_window": "24h",
    }
    for status in ("validating", "in_progress", "finalizing"):
        server.replies[BATCH] = ok({"id": "batch_1", "status": status})
        assert run(batch.poll(CALL, "batch_1")) is None
    server.replies[BATCH] = ok({"id": "batch_1", "status": "completed", "output_file_id": "file_out"})
    server.replies[OUTPUT] = served(chat())
    answer = run(batch.poll(CALL, "batch_1"))
    assert answer is not None
    assert (answer.text, answer.usage, answer.request_id) == (GOOD, Usage(1000, 200, 400, 50), "req_b")


BATCH_ENDS: dict[str, tuple[dict[str, Any], Reply | None, type[e.LLMError]]] = {
    "request refused": (
        {"status": "completed", "error_file_id": "file_err"},
        served(failure(400, "context_length_exceeded"), 400),
        e.ContextWindowExceededError,
    ),
    "request failed": (
        {"status": "completed", "error_file_id": "file_err"},
        served(failure(500, "server_error"), 500),
        e.ServerError,
    ),
    "request without a response": (
        {"status": "completed", "error_file_id": "file_err"},
        line(response=None, error={"code": "model_not_found", "message": "x"}),
        e.ModelNotFoundError,
    ),
    "expired, told in the file": (
        {"status": "expired", "error_file_id": "file_err"},
        line(response=None, error={"code": "batch_expired", "message": "x"}),
        e.OverloadedError,
    ),
    "expired": ({"status": "expired"}, None, e.OverloadedError),
    "cancelled": ({"status": "cancelled"}, None, e.RequestRejectedError),
    "quota": (
        {"status": "failed", "errors": {"data": [{"code": "billing_hard_limit_reached", "message": "x"}]}},
        None,
        e.QuotaExceededError,
    ),
    "too much waiting": (
        {"status": "failed", "errors": {"data": [{"code": "token_limit_exceeded", "message": "x"}]}},
        None,
        e.RateLimitError,
    ),
    "invalid": (
        {"status": "failed", "errors": {"data": [{"code": "invalid_json_line", "message": "x"}]}},
        None,
        e.RequestRejectedError,
    ),
    "failed, mute": ({"status": "failed"}, None, e.RequestRejectedError),
    "no file": ({"status": "completed"}, None, e.ProtocolError),
}


@pytest.mark.parametrize("row", BATCH_ENDS)
def test_each_end_of_a_batch_has_one_class(server: Server, batch: BatchJob, row: str) -> None:
    """Errors of the whole batch and of its one request are typed like those of a call."""
    status, file, cls = BATCH_ENDS[row]
    server.replies[BATCH] = ok({"id": "batch_1", **status})
    if file is not None:
        server.replies[ERRORS] = file
    with pytest.raises(JobEndedError) as caught:
        run(batch.poll(CALL, "batch_1"))
    assert type(caught.value.error) is cls, str(caught.value)


def test_a_file_that_is_gone_ends_the_batch(server: Server, batch: BatchJob) -> None:
    """Files expire. The next try submits anew instead of asking for the same file for ever."""
    server.replies[BATCH] = ok({"status": "completed", "output_file_id": "file_out"})
    server.replies[OUTPUT] = failure(404, "not_found")
    with pytest.raises(JobEndedError) as caught:
        run(batch.poll(CALL, "batch_1"))
    assert type(caught.value.error) is e.ConnectionLostError


def test_a_document_is_taken_back_when_its_batch_is_refused(server: Server, batch: BatchJob) -> None:
    """The upload holds the whole prompt, and nothing leads to it any more."""
    server.replies["POST /v1/batches"] = failure(429, "insufficient_quota")
    with pytest.raises(e.QuotaExceededError):
        run(batch.submit(CALL))
    assert [(request.method, request.path) for request in server.requests][-1] == ("DELETE", "/v1/files/file_in")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"id": 1}', b'{"response": 5}', b"[" * 200_000, b'"x"'])
def test_a_damaged_file_is_asked_for_again(server: Server, batch: BatchJob, body: bytes) -> None:
    """A file that does not read as a line may have been cut on its way."""
    server.replies[BATCH] = ok({"status": "completed", "output_file_id": "file_out"})
    server.replies[OUTPUT] = Reply(body=body)
    with pytest.raises(e.ProtocolError):
        run(batch.poll(CALL, "batch_1"))


def test_a_cut_answer_in_a_batch_is_cut(server: Server, batch: BatchJob) -> None:
    """The answer of a batch is read with the same care as any."""
    server.replies[BATCH] = ok({"status": "completed", "output_file_id": "file_out"})
    server.replies[OUTPUT] = served(chat('{"name":"An', "length"))
    with pytest.raises(JobEndedError) as caught:
        run(batch.poll(CALL, "batch_1"))
    assert type(caught.value.error) is e.TruncatedError
    assert caught.value.error.usage == Usage(1000, 200, 400, 50)


def test_a_batch_leaves_nothing_behind_when_it_is_discarded(server: Server, batch: BatchJob) -> None:
    """Input, output and error files are deleted; only they."""
    server.replies[BATCH] = ok({"status": "completed", "input_file_id": "file_in", "output_file_id": "file_out"})
    run(batch.discard("batch_1"))
    assert [request.path for request in server.requests if request.method == "DELETE"] == [
        "/v1/files/file_in",
        "/v1/files/file_out",
    ]


def test_files_at_openai_expire_by_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenAI is told how long to keep a document; a vendor that does not know the field is not."""
    sent: list[Any] = []

    class Recording(OpenAICompatibleProvider):
        async def send(self, call: Call, method: str, path: str, **more: Any) -> Any:
            from llm_orchestration.providers.openai_compatible import Response

            sent.append(more["body"])
            return Response(200, JSON, b'{"id": "x1"}')

    for base_url in ("https://api.openai.com/v1", "https://llm.example.com/v1"):
        run(BatchJob(Recording(Endpoint(base_url, KEY))).submit(CALL))
    week = {"anchor": "created_at", "seconds": 7 * 86_400}
    assert [body.get("expires_after") or body.get("output_expires_after") for body in sent] == [week, week, None, None]


OPENAI_CHAT = OpenAICompatibleProvider(Endpoint("https://llm.example.com/v1", KEY))


@pytest.mark.parametrize(
    ("provider", "mode", "told"),
    [
        (OPENAI_CHAT, "background", "api: responses"),
        (OPENAI_CHAT, "later", "unknown"),
        (BedrockConverseProvider(AwsIdentity("a", "us-east-1")), "batch", "bedrock_converse"),
        (BedrockOpenAIProvider(AwsIdentity("a", "us-east-1")), "batch", "Bedrock"),
        (BedrockOpenAIProvider(AwsIdentity("a", "us-east-1"), "responses"), "background", "mantle"),
        (ScriptedProvider({"*": [{"text": "x"}]}), "batch", "scripted"),
    ],
)
def test_an_endpoint_without_the_mode_is_refused(provider: Provider, mode: str, told: str) -> None:
    """The message names the endpoint and what it can do instead."""
    with pytest.raises(e.ConfigurationError, match=told):
        submitting(provider, mode)


def test_mantle_has_background_mode() -> None:
    """Bedrock's second endpoint can be asked later."""
    mantle = BedrockOpenAIProvider(AwsIdentity("a", "us-east-1", "bedrock-mantle"), "responses")
    assert isinstance(submitting(mantle, "background"), BackgroundResponses)
