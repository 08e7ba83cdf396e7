"""The offline and the scripted provider: honest without a model, exact in a test."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from llm_orchestration import LLMHook, LLMRequest, Message, Usage
from llm_orchestration import errors as e
from llm_orchestration.providers import (
    Call,
    LocalProvider,
    OfflineProvider,
    OpenAICompatibleProvider,
    RemoteProvider,
    ScriptedProvider,
)
from llm_orchestration.providers.scripted import FAULTS
from llm_orchestration.structured import compile_schema


def call(purpose: str = "step", attempt: int = 1, **more: Any) -> Call:
    return Call((Message("user", "x"),), "m", timedelta(seconds=1), purpose=purpose, attempt=attempt, **more)


def test_the_three_providers_have_the_shape_that_the_engine_expects() -> None:
    """Local providers compute, the remote one waits; none is both."""
    assert isinstance(OfflineProvider(), LocalProvider)
    assert isinstance(ScriptedProvider({"*": [{"text": "x"}]}), LocalProvider)
    assert not isinstance(OfflineProvider(), RemoteProvider)
    assert hasattr(OpenAICompatibleProvider, "ask")
    assert not hasattr(OpenAICompatibleProvider, "answer")


def test_an_offline_result_is_checked_like_a_models(person: dict[str, Any]) -> None:
    """A routine that returns a fitting object passes; its value comes back as JSON would bring it."""
    answer = OfflineProvider().answer(call(contract=compile_schema(person), offline=lambda: {"name": "A", "age": 1}))
    assert answer.data == {"name": "A", "age": 1}
    assert (answer.model, answer.usage.total_tokens) == ("none", 0)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"name": "A"}, "breaks the schema"),
        ({"name": "A", "age": Decimal(1)}, "not JSON"),
        ({"name": "A", "age": float("nan")}, "not JSON"),
        ("text", "breaks the schema"),
    ],
)
def test_an_unusable_offline_result_is_a_named_permanent_error(
    person: dict[str, Any], value: object, told: str
) -> None:
    """The same routine would return the same again, so no retry."""
    with pytest.raises(e.OfflineOutputError, match=told) as caught:
        OfflineProvider().answer(call(contract=compile_schema(person), offline=lambda: value))
    assert not caught.value.retryable


def test_offline_text_must_be_text() -> None:
    """A structured value where text was asked for is named."""
    with pytest.raises(e.OfflineOutputError, match="dict, not text"):
        OfflineProvider().answer(call(offline=dict))


def test_a_list_is_played_call_by_call_and_ends_in_an_error() -> None:
    """A test cannot pass by asking more often than it meant to."""
    provider = ScriptedProvider({"step": [{"fault": "rate_limit", "retry_after": 7}, {"json": {"a": "é"}}]})
    with pytest.raises(e.RateLimitError) as caught:
        provider.answer(call())
    assert caught.value.retry_after == timedelta(seconds=7)
    assert json.loads(provider.answer(call()).text) == {"a": "é"}
    with pytest.raises(e.ScriptedRepliesError, match="2 replies for 'step' are used up"):
        provider.answer(call())
    with pytest.raises(e.ScriptedRepliesError, match="no replies for 'other'; it has step"):
        provider.answer(call("other"))


def test_replies_per_try_need_no_memory() -> None:
    """Each try may be a process of its own: the list is chosen by the try number, `*` starts anew for each."""
    script = {"step": {"1": [{"fault": "timeout"}], "*": [{"text": "later"}]}, "*": [{"text": "any"}]}
    for attempt, outcome in ((1, e.CallTimeoutError), (2, "later"), (3, "later")):
        for provider in (ScriptedProvider(script), ScriptedProvider(json.dumps(script))):
            if isinstance(outcome, str):
                assert provider.answer(call(attempt=attempt)).text == outcome
            else:
                with pytest.raises(outcome):
                    provider.answer(call(attempt=attempt))
    same = ScriptedProvider(script)
    assert [same.answer(call(attempt=attempt)).text for attempt in (2, 3)] == ["later", "later"]
    assert same.answer(call("whatever")).text == "any"
    with pytest.raises(e.ScriptedRepliesError, match="at try 2"):
        ScriptedProvider({"step": {"1": [{"text": "x"}]}}).answer(call(attempt=2))


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_raises_its_class(fault: str) -> None:
    """A scenario can play each failure that a provider can have, with usage where it was paid."""
    provider = ScriptedProvider({"*": [{"fault": fault, "usage": {"input_tokens": 1, "output_tokens": 2}}]})
    with pytest.raises(FAULTS[fault]) as caught:
        provider.answer(call())
    assert type(caught.value) is FAULTS[fault]
    assert caught.value.usage == Usage(1, 2)


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ({"a": []}, r"a: must be a list"),
        ({"a": [{"text": "x", "json": {}}]}, r"a\[0\]: needs exactly one"),
        ({"a": [{"fault": "explode"}]}, "unknown fault 'explode'"),
        ({"a": [{"text": 1}]}, "text must be text"),
        ({"a": [{"text": "x", "retry_after": -1}]}, "retry_after"),
        ({"a": [{"text": "x", "usage": {"tokens": 1}}]}, "usage"),
        ({"a": [{"text": "x", "delay": 1}]}, "unknown key delay"),
        ({"a": {"first": [{"text": "x"}]}}, "a number or"),
        ({"a": [7]}, "must be an object"),
        ("{broken", "not JSON"),
        ("/nowhere/script.json", "cannot be read"),
    ],
)
def test_a_wrong_script_is_refused_with_its_place(script: Any, told: str) -> None:
    """Mistakes show when the script is loaded, not in the middle of a scenario."""
    with pytest.raises(e.ScriptedRepliesError, match=told):
        ScriptedProvider(script)


def test_a_connection_can_play_a_script_from_a_file(
    tmp_path: Path, connect: Callable[..., str], person: dict[str, Any]
) -> None:
    """Behind the hook a script goes through the same checks as a model: here an invalid answer is asked back."""
    file = tmp_path / "script.json"
    usage = {"input_tokens": 10, "output_tokens": 5}
    replies = [{"json": {"name": "A"}, "usage": usage}, {"json": {"name": "A", "age": 1}, "usage": usage}]
    file.write_text(json.dumps({"step": replies}), encoding="utf-8")
    extra = {"provider": "scripted", "script": str(file), "price_input": 1, "price_output": 1}
    connect(model=None, extra=extra)
    hook = LLMHook()
    result = hook.structured(LLMRequest((Message("user", "x"),), schema=person, purpose="step"))
    assert (result.provider, result.model, result.data) == ("scripted", "scripted", {"name": "A", "age": 1})
    assert (result.usage.input_tokens, result.cost_usd) == (20, Decimal("0.00003"))
    assert hook.mode().description == "Scripted replies from connection llm_default; no model is asked."
    assert hook.test_connection() == (True, "Scripted replies for step; no model is asked.")
