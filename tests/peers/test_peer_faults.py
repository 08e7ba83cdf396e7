"""Failures of real servers: the one class that each becomes, whether a retry helps, and how many requests it took."""

from __future__ import annotations

import asyncio
import json
import pickle
from collections.abc import Awaitable, Callable
from datetime import timedelta
from decimal import Decimal

import jsonschema
import pytest
from peer_material import question, short_schema
from peer_processes import Aimock, Peer

from llm_orchestration import LLMHook, LLMResult, Usage
from llm_orchestration import errors as e
from llm_orchestration.model import Answer
from llm_orchestration.traffic.contract import Spending, Ticket

pytestmark = pytest.mark.peers
Connect = Callable[..., str]
MARK = "zq"
TOO_LONG = MARK * 3_000  # the tiny model reads one token per character, 4,096 of them
NASTY_CALLS = 50


class OpenGate:
    """Sends at once. The breaker of a real gate would rightly stop asking a server that fails most of the time."""

    async def ask(self, ticket: Ticket, send: Callable[[], Awaitable[Answer]]) -> Answer:
        ticket.sent = True
        return await send()

    async def settle(self, request: str, budgets: tuple[Spending, ...], usage: Usage, usd: Decimal | None) -> None:
        """No request has a budget here."""


def failure(connection: str, words: str = "Find the values.", **request: object) -> e.LLMError:
    """The error of one structured call."""
    with pytest.raises(e.LLMError) as caught:
        LLMHook(llm_conn_id=connection, deadline=timedelta(seconds=30)).structured(question(words, **request))
    return caught.value


# What the server says by status and on the wire, the same in all three formats.
EVERYWHERE = [
    ("rate", e.RateLimitError, 7),
    ("chaos-rate", e.RateLimitError, 1),
    ("overloaded", e.OverloadedError, None),
    ("chaos-drop", e.ServerError, None),
    ("chaos-malformed", e.ProtocolError, None),
    ("chaos-disconnect", e.ConnectionLostError, None),
]
# What it says by code. Not for Converse: aimock words its errors as another vendor does, not as AWS.
BY_CODE = [("quota", e.QuotaExceededError, None), ("context", e.ContextWindowExceededError, None)]


@pytest.mark.parametrize(
    ("api", "model", "kind", "wait"),
    [
        *((api, *row) for api in ("chat", "responses", "converse") for row in EVERYWHERE),
        *((api, *row) for api in ("chat", "responses") for row in BY_CODE),
    ],
)
def test_a_failure_of_the_vendor_is_one_request(
    mock: Aimock, connect: Connect, api: str, model: str, kind: type[e.LLMError], wait: int | None
) -> None:
    """Each failure has its class after exactly one request, and a rate limit keeps what Retry-After said."""
    error = failure(connect(mock, model, api))
    assert type(error) is kind
    assert len(mock.requests()) == 1
    assert [attempt.outcome for attempt in error.attempts] == [kind.__name__]
    if wait is not None:
        assert error.retry_after == timedelta(seconds=wait)
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), again.__dict__) == (type(error), error.__dict__)


def test_a_vendor_that_takes_too_long_ends_with_the_deadline(mock: Aimock, connect: Connect) -> None:
    """A server that thinks for twenty seconds costs the caller its deadline and no more."""
    hook = LLMHook(llm_conn_id=connect(mock, "chaos-late"), deadline=timedelta(seconds=0.4))
    with pytest.raises(e.CallTimeoutError) as caught:
        hook.structured(question())
    assert len(caught.value.attempts) == 1
    assert caught.value.attempts[0].seconds < 5


@pytest.mark.parametrize("api", ["chat", "responses"])
def test_a_wrong_key_is_an_authentication_error(locked: Aimock, connect: Connect, api: str) -> None:
    """A key that the server does not know is never asked with again, and stands in no message."""
    key = "sk-wrong-9876543210"
    error = failure(connect(locked, "extract", api, password=key))
    assert type(error) is e.AuthenticationError and error.status == 401
    assert len(error.attempts) == 1
    assert key not in str(error) and key not in json.dumps(error.to_json())


@pytest.mark.parametrize("model", ["wrong", "prose"])
@pytest.mark.parametrize("api", ["chat", "responses", "converse"])
def test_a_wrong_answer_is_asked_back_once(mock: Aimock, connect: Connect, api: str, model: str) -> None:
    """Data of the wrong shape, or prose, costs two requests: the question, and the question back."""
    error = failure(connect(mock, model, api))
    assert type(error) is e.InvalidOutputError and error.problems
    first, second = (request["body"]["messages"] for request in mock.requests())
    assert second[: len(first)] == first
    assert [message["role"] for message in second[len(first) :]] == ["assistant", "user"]


@pytest.mark.parametrize(
    ("api", "model"), [("chat", "cut"), ("chat", "filtered"), ("converse", "cut"), ("converse", "guarded")]
)
def test_a_cut_or_filtered_answer_is_final(mock: Aimock, connect: Connect, api: str, model: str) -> None:
    """The finish reason decides before anybody looks at the text, and no retry repeats the bill."""
    error = failure(connect(mock, model, api))
    assert type(error) is (e.TruncatedError if model == "cut" else e.ContentFilterError)
    assert not error.retryable and error.usage is not None
    assert len(mock.requests()) == 1


@pytest.mark.parametrize("api", ["chat", "responses"])
def test_a_prompt_beyond_the_context_is_named_so(tiny: Peer, connect: Connect, api: str) -> None:
    """llama.cpp's own refusal of a long prompt becomes the one class that a larger window may cure."""
    error = failure(connect(tiny, "tiny", api), TOO_LONG)
    assert type(error) is e.ContextWindowExceededError and error.status == 400
    assert "4096" in str(error) and MARK * 5 not in str(error)


def test_an_answer_that_hits_the_limit_is_truncated(tiny: Peer, connect: Connect) -> None:
    """A structured answer that llama.cpp has to cut is not parsed."""
    error = failure(connect(tiny, "tiny"), max_output_tokens=20)
    assert type(error) is e.TruncatedError and "20 tokens" in str(error)
    assert error.usage is not None and error.usage.output_tokens == 20


def test_a_schema_that_the_server_cannot_use_is_a_rejected_request(tiny: Peer, connect: Connect) -> None:
    """What one server's grammar compiler refuses is a permanent error with the server's reason."""
    schema = {
        "type": "object",
        "properties": {"code": {"type": "string", "minLength": 9, "maxLength": 3}, "kind": {"enum": []}},
        "required": ["code", "kind"],
        "additionalProperties": False,
    }
    error = failure(connect(tiny, "tiny"), schema=schema)
    assert type(error) is e.RequestRejectedError and error.status == 400
    assert not error.retryable and len(error.attempts) == 1


def test_nasty_text_ends_in_valid_data_or_a_named_error(nasty: Peer, connect: Connect) -> None:
    """A model of plain random weights writes any byte into its strings: the schema holds, or an error says why not."""
    hook = LLMHook(llm_conn_id=connect(nasty, "tiny"), gate=OpenGate())
    schema = short_schema()

    async def ask(turn: int, slots: asyncio.Semaphore) -> LLMResult | e.LLMError:
        async with slots:
            try:
                return await hook.astructured(question(f"Find the values, turn {turn}.", schema=schema))
            except e.LLMError as error:
                return error

    async def ask_all() -> list[LLMResult | e.LLMError]:
        slots = asyncio.Semaphore(4)
        return await asyncio.gather(*(ask(turn, slots) for turn in range(NASTY_CALLS)))

    ends = asyncio.run(ask_all())
    results = [end for end in ends if isinstance(end, LLMResult)]
    named = {type(end) for end in ends if isinstance(end, e.LLMError)}
    assert results and named, "the model is neither always right nor always wrong"
    for result in results:
        jsonschema.validate(result.data, schema)
        # A lone surrogate would pass the schema and break whoever stores the answer.
        json.dumps(result.to_json(), ensure_ascii=False).encode()
    assert named <= {e.InvalidOutputError, e.ServerError, e.TruncatedError, e.ProtocolError}
