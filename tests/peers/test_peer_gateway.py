"""What is made of a gateway's answers: it flattens codes to the status, hides the reason in text and loses Retry-After."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from peer_material import question
from peer_processes import Aimock, Peer

from llm_orchestration import LLMHook
from llm_orchestration import errors as e

pytestmark = pytest.mark.peers
Connect = Callable[..., str]


def failure(connection: str, words: str = "Find the values.", **request: object) -> e.LLMError:
    with pytest.raises(e.LLMError) as caught:
        LLMHook(llm_conn_id=connection).structured(question(words, **request))
    return caught.value


@pytest.mark.parametrize("api", ["chat", "responses"])
@pytest.mark.parametrize(
    ("model", "kind", "code"),
    [
        ("rate", e.RateLimitError, "429"),
        ("quota", e.QuotaExceededError, "429"),
        ("context", e.ContextWindowExceededError, "400"),
        ("overloaded", e.OverloadedError, "503"),
        ("chaos-malformed", e.ServerError, "500"),
        ("chaos-disconnect", e.ServerError, "500"),
    ],
)
def test_a_failure_behind_the_gateway_keeps_its_class(
    proxy: Peer, mock: Aimock, connect: Connect, api: str, model: str, kind: type[e.LLMError], code: str
) -> None:
    """The vendor's reason is read out of the gateway's text; the vendor was asked once."""
    error = failure(connect(proxy, model, api))
    assert (type(error), error.code) == (kind, code)
    assert len(mock.requests()) == 1
    assert error.retry_after is None


def test_a_long_prompt_is_named_so_through_the_gateway(proxy: Peer, connect: Connect) -> None:
    """A real context overflow behind the gateway is still a context overflow."""
    error = failure(connect(proxy, "tiny"), "zq" * 3_000)
    assert type(error) is e.ContextWindowExceededError and error.status == 400


def test_a_cut_answer_is_named_so_through_the_gateway(proxy: Peer, connect: Connect) -> None:
    """The finish reason comes through the gateway."""
    assert type(failure(connect(proxy, "tiny"), max_output_tokens=20)) is e.TruncatedError


@pytest.mark.parametrize("api", ["chat", "responses"])
def test_a_wrong_key_is_not_taken_for_a_bad_request(proxy: Peer, mock: Aimock, connect: Connect, api: str) -> None:
    """Without a database the gateway answers a wrong key with 400 "No connected db.": it is the key that is wrong."""
    key = "sk-wrong-9876543210"
    error = failure(connect(proxy, "extract", api, password=key))
    assert type(error) is e.AuthenticationError and error.status == 400
    assert key not in str(error) and mock.requests() == []


def test_a_key_that_the_vendor_refuses_is_an_authentication_error(proxy: Peer, connect: Connect) -> None:
    """The gateway's own key for the vendor is wrong: 401, permanent."""
    error = failure(connect(proxy, "no-key"))
    assert type(error) is e.AuthenticationError and error.status == 401


def test_a_model_that_the_gateway_does_not_know_is_permanent(proxy: Peer, connect: Connect) -> None:
    """An unknown alias is a 400 in plain text; no retry repeats it."""
    error = failure(connect(proxy, "absent"))
    assert isinstance(error, e.PermanentError) and len(error.attempts) == 1
