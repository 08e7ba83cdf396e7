"""The whole prompt reaches the model or the call ends with a named error."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from llm_loopback import CHAT_USAGE, Reply, Server, chat, ok

from llm_orchestration import LLMHook, LLMRequest, MemoryJournal, Message
from llm_orchestration import errors as e
from llm_orchestration.model import Answer, Usage
from llm_orchestration.providers import Call, ScriptedProvider
from llm_orchestration.targets import Target
from llm_orchestration.windows import refuse_cut_prompt, refuse_too_long

Connect = Callable[..., str]
Routes = Callable[..., str]
PROSE = "The fund returned more than its benchmark over the period under review. " * 2_000


def counted(tokens: int) -> Reply:
    """An answer whose server says that it read so many tokens."""
    body: dict[str, Any] = json.loads(chat("fine").body)
    return ok({**body, "usage": {**CHAT_USAGE, "prompt_tokens": tokens, "prompt_tokens_details": None}})


def test_a_prompt_that_cannot_fit_is_not_sent(server: Server, connect: Connect, routes_file: Routes) -> None:
    """No request leaves; the message names both sizes."""
    path = routes_file({"connection": connect(), "context_window": 8_000, "max_output_tokens": 1_000})
    with pytest.raises(e.ContextWindowExceededError, match=r"at least 2\d,\d{3} tokens .*window is 8,000"):
        LLMHook(routes_path=path).chat(LLMRequest((Message("user", PROSE),)))
    assert server.requests == []


def test_the_larger_window_is_asked_instead(server: Server, connect: Connect, routes_file: Routes) -> None:
    """A later target with a larger window gets the prompt, whole."""
    server.replies["large"] = counted(30_000)
    path = routes_file(
        {"connection": connect("small", model="small"), "context_window": 8_000},
        {"connection": connect("large", model="large"), "context_window": 200_000},
    )
    result = LLMHook(routes_path=path).chat(LLMRequest((Message("user", PROSE),)))
    assert [attempt.outcome for attempt in result.attempts] == ["ContextWindowExceededError", "answered"]
    assert server.last().body["messages"][0]["content"] == PROSE
    assert server.count("small") == 0


def test_an_answer_to_a_cut_prompt_is_refused_and_not_kept(server: Server, connect: Connect) -> None:
    """A server that read 4,096 tokens of a long prompt did not read it; once it does, a retry asks again."""
    connect()
    journal = MemoryJournal()
    server.replies["m1"] = counted(4_096)
    with pytest.raises(e.ContextWindowExceededError, match=r"counted 4,096 input tokens .* it cut the prompt") as caught:
        LLMHook(journal=journal).chat(LLMRequest((Message("user", PROSE),)))
    assert caught.value.usage is not None
    assert caught.value.usage.input_tokens == 4_096
    assert len(journal) == 0
    server.replies["m1"] = counted(30_000)
    assert LLMHook(journal=journal).chat(LLMRequest((Message("user", PROSE),))).text == "fine"


def test_blanks_and_unknown_counts_raise_no_alarm() -> None:
    """A page of blanks is few tokens, and a server that counts nothing is not accused."""
    target = Target("c", ScriptedProvider({"chat": [{"text": "x"}]}), "m", context_window=100)
    blank = (Message("user", "word " + " " * 60_000),)
    refuse_too_long(Call(blank, "m", timedelta(1)), target)
    refuse_cut_prompt(blank, Answer("x", Usage(2, 1), "m"), target)
    refuse_cut_prompt((Message("user", PROSE),), Answer("x", Usage(), "m"), target)


@pytest.mark.parametrize("sample", ["readme", "prose"])
def test_true_counts_pass(sample: str, root: Path) -> None:
    """What tokenizers really count lies far from the line: 3 to 5 bytes per token."""
    prose = PROSE if sample == "prose" else (root / "README.md").read_text(encoding="utf-8")
    target = Target("c", ScriptedProvider({"chat": [{"text": "x"}]}), "m")
    for bytes_per_token in (3, 4, 5):
        counted_tokens = len(prose.encode()) // bytes_per_token
        refuse_cut_prompt((Message("user", prose),), Answer("x", Usage(counted_tokens, 1), "m"), target)
