"""One structured extraction through every wire format, and what becomes of a server that ignores the schema."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import jsonschema
import pytest
from peer_material import ANSWER, SCHEMA, question
from peer_processes import Aimock, Peer

from llm_orchestration import LLMHook, LLMResult
from llm_orchestration import errors as e

pytestmark = pytest.mark.peers
Connect = Callable[..., str]


def extract(connection: str) -> LLMResult:
    return LLMHook(llm_conn_id=connection).structured(question())


@pytest.mark.parametrize(
    ("peer", "model", "api"),
    [
        ("mock", "extract", "chat"),
        ("mock", "extract", "responses"),
        ("mock", "extract", "converse"),
        ("tiny", "tiny", "chat"),
        ("proxy", "tiny", "chat"),
        ("proxy", "extract", "chat"),
        ("proxy", "extract", "responses"),
    ],
)
def test_the_same_extraction_passes_everywhere(
    request: pytest.FixtureRequest, connect: Connect, peer: str, model: str, api: str
) -> None:
    """One nested schema holds over every wire format, on a real llama.cpp of random weights, and through a gateway."""
    result = extract(connect(request.getfixturevalue(peer), model, api))
    jsonschema.validate(result.data, SCHEMA)
    if model == "extract":
        assert result.data == ANSWER
    assert [attempt.outcome for attempt in result.attempts] == ["answered"]
    assert result.provider == ("bedrock_converse" if api == "converse" else "openai_compatible")
    assert result.usage.input_tokens and result.usage.output_tokens
    assert result.model == model


@pytest.mark.parametrize(
    ("api", "path"),
    [("chat", "/v1/chat/completions"), ("responses", "/v1/responses"), ("converse", "/model/extract/converse")],
)
def test_an_extraction_is_one_request(mock: Aimock, connect: Connect, api: str, path: str) -> None:
    """Each format is asked once, at its own address, and tells what it counted."""
    result = extract(connect(mock, "extract", api))
    assert (result.usage.input_tokens, result.usage.output_tokens) == (120, 60)
    [request] = mock.requests()
    assert request["path"] == path
    if api == "chat":  # of the other two the journal keeps no schema
        assert request["body"]["response_format"]["json_schema"]["schema"] == SCHEMA


@pytest.mark.parametrize("turn", range(3))
def test_a_server_that_ignores_the_schema_ends_in_a_named_error(tiny: Peer, connect: Connect, turn: int) -> None:
    """llama.cpp's Responses API drops `text.format`: its free text never becomes data."""
    with pytest.raises((e.InvalidOutputError, e.ProtocolError, e.TruncatedError, e.RequestRejectedError)) as caught:
        extract(connect(tiny, "tiny", "responses"))
    outcomes = [attempt.outcome for attempt in caught.value.attempts]
    assert 1 <= len(outcomes) <= 2 and "answered" not in outcomes


def test_an_answer_that_was_cut_is_never_a_whole_one(tiny: Peer, connect: Connect) -> None:
    """llama.cpp's Responses API calls an answer `completed` that it cut at the limit; the hook calls it truncated."""
    asked = {"model": "tiny", "input": "Say something long.", "max_output_tokens": 1}
    told = httpx.post(f"{tiny.url}/v1/responses", json=asked, timeout=30, trust_env=False).json()
    assert told["status"] == "completed" and told["usage"]["output_tokens"] == 1
    connection = connect(tiny, "tiny", "responses")
    with pytest.raises(e.TruncatedError) as caught:
        LLMHook(llm_conn_id=connection).chat(question("Say something long.", schema=None, max_output_tokens=1))
    assert caught.value.usage is not None and caught.value.usage.output_tokens == 1
