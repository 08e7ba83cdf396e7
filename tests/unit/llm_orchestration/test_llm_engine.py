"""The engine with a scripted provider and a clock of the test's own: deadline, journal trouble, order of events."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from llm_orchestration import DirectoryJournal, Journal, LLMRequest, LLMResult, MemoryJournal, Message
from llm_orchestration import errors as e
from llm_orchestration.engine import Conversation
from llm_orchestration.journal import decode, encode
from llm_orchestration.model import Answer, Usage
from llm_orchestration.providers import Call, ScriptedProvider
from llm_orchestration.targets import Target

REQUEST = LLMRequest((Message("user", "x"),), purpose="step")


class Clock:
    """Stands still until it is told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Slow(ScriptedProvider):
    """A scripted provider that takes time on the test's clock and remembers what it was allowed."""

    def __init__(self, clock: Clock, seconds: float, steps: list[dict[str, Any]]) -> None:
        super().__init__({"*": steps})
        self._clock = clock
        self._seconds = seconds
        self.allowed: list[float] = []

    def answer(self, call: Call) -> Answer:
        self.allowed.append(round(call.timeout.total_seconds(), 6))
        self._clock.now += self._seconds
        return super().answer(call)


def target(name: str, provider: ScriptedProvider, **more: Any) -> Target:
    return Target(name, provider, f"model-{name}", **more)


def converse(*targets: Target, **more: Any) -> LLMResult:
    return Conversation(REQUEST, targets, "extraction", more.pop("deadline", timedelta(seconds=60)), **more).run()


def test_each_target_gets_a_fair_share_of_what_is_left() -> None:
    """A third of 60 s, then half of what remains, then all of it."""
    clock = Clock()
    fault = [{"fault": "overloaded"}]
    slow = [Slow(clock, 20, fault), Slow(clock, 10, fault), Slow(clock, 5, [{"text": "at last"}])]
    result = converse(*(target(str(n), provider) for n, provider in enumerate(slow)), clock=clock)
    assert [provider.allowed for provider in slow] == [[20.0], [20.0], [30.0]]
    assert result.seconds == 35
    assert [attempt.seconds for attempt in result.attempts] == [20, 10, 5]


def test_a_targets_own_timeout_wins_within_the_deadline() -> None:
    """It may be longer than the fair share and never longer than what is left."""
    clock = Clock()
    first = Slow(clock, 50, [{"fault": "timeout"}])
    second = Slow(clock, 1, [{"text": "ok"}])
    converse(
        target("a", first, timeout=timedelta(seconds=50)),
        target("b", second, timeout=timedelta(seconds=50)),
        clock=clock,
    )
    assert (first.allowed, second.allowed) == ([50.0], [10.0])


def test_nobody_is_asked_after_the_deadline() -> None:
    """The call ends with what went wrong first; the second target is not started."""
    clock = Clock()
    first, second = Slow(clock, 61, [{"fault": "overloaded"}]), Slow(clock, 0, [{"text": "late"}])
    with pytest.raises(e.OverloadedError):
        converse(target("a", first), target("b", second), clock=clock)
    assert second.allowed == []


class Broken(MemoryJournal):
    """A journal whose store fails as told."""

    def __init__(self, *, read: bool = True, write: bool = True) -> None:
        super().__init__()
        self._read, self._write = read, write

    def get(self, key: str) -> bytes | None:
        if not self._read:
            raise OSError("store is down")
        return super().get(key)

    def put(self, key: str, value: bytes) -> None:
        if not self._write:
            raise OSError("disk is full")
        super().put(key, value)


def test_an_unreadable_journal_stops_before_anything_is_paid() -> None:
    """The answer may lie there, so the call waits for the store instead of paying twice."""
    provider = Slow(Clock(), 0, [{"text": "ok"}])
    with pytest.raises(e.JournalError, match="OSError") as caught:
        converse(target("a", provider), store=Broken(read=False))
    assert provider.allowed == []
    assert caught.value.retryable


def test_an_answer_is_not_thrown_away_because_it_could_not_be_kept() -> None:
    """A full disk costs at most one more payment later, losing the answer would cost it for certain."""
    assert converse(target("a", ScriptedProvider({"*": [{"text": "ok"}]})), store=Broken(write=False)).text == "ok"


def test_a_damaged_entry_is_no_answer() -> None:
    """Half a file or another format is asked for anew and replaced."""
    store = MemoryJournal()
    converse(target("a", ScriptedProvider({"*": [{"text": "first"}, {"text": "second"}]})), store=store)
    key = next(iter(store._entries))
    whole = store.get(key) or b""
    for damaged in (
        whole[:-9],
        b"",
        b"[]",
        whole.replace(b"first", b"FIRST"),
        whole.replace(b'"format": 1', b'"format": 9'),
    ):
        assert decode(damaged) is None
        store.put(key, damaged)
        provider = ScriptedProvider({"*": [{"text": "first"}, {"text": "second"}]})
        assert converse(target("a", provider), store=store).cached is False
        assert store.get(key) == whole


def test_an_answer_is_kept_before_it_is_returned() -> None:
    """Whoever dies right after the call finds the answer at the next try."""
    order: list[str] = []

    class Watched(MemoryJournal):
        def put(self, key: str, value: bytes) -> None:
            order.append("kept")
            super().put(key, value)

    converse(target("a", ScriptedProvider({"*": [{"text": "ok"}]})), store=Watched())
    order.append("returned")
    assert order == ["kept", "returned"]


def test_the_journal_key_holds_everything_that_shapes_an_answer(person: dict[str, Any]) -> None:
    """Another model, limit, temperature, schema, message or purpose of a script is another question."""
    provider = ScriptedProvider({"*": [{"text": '{"name":"A","age":1}'}] * 9})
    store = MemoryJournal()
    messages = (Message("user", "x"),)
    turned = {**person, "properties": dict(reversed(person["properties"].items()))}
    requests = [
        REQUEST,
        LLMRequest(messages, purpose="other"),
        LLMRequest(messages, purpose="step", temperature=0.0),
        LLMRequest(messages, purpose="step", max_output_tokens=5),
        LLMRequest(messages, purpose="step", schema=person),
        LLMRequest(messages, purpose="step", schema=turned),
        LLMRequest((Message("user", "y"),), purpose="step"),
    ]
    for request in requests:
        Conversation(request, [target("a", provider)], "r", timedelta(seconds=5), store=store).run()
    Conversation(REQUEST, [Target("a", provider, "other-model")], "r", timedelta(seconds=5), store=store).run()
    assert len(store) == 8
    same = LLMRequest(messages, purpose="step", attempt=2)
    assert (
        Conversation(same, [target("b", provider)], "model-a", timedelta(seconds=5), store=store).run().cached is False
    )
    again = Conversation(same, [target("a", provider)], "r", timedelta(seconds=5), store=store).run()
    assert again.cached is True


def test_an_error_of_the_callers_routine_is_the_callers_own() -> None:
    """What an offline routine raises comes out as it is; it is not an LLM error."""
    from llm_orchestration.providers import OfflineProvider

    def routine() -> object:
        raise LookupError("no such label")

    request = LLMRequest((Message("user", "x"),), offline=routine)
    with pytest.raises(LookupError, match="no such label"):
        Conversation(request, [Target(None, OfflineProvider(), "none")], "r", timedelta(seconds=5)).run()


def test_a_directory_journal_keeps_whole_entries_only(tmp_path: Path) -> None:
    """Entries survive the process; a failed write leaves nothing behind."""
    store = DirectoryJournal(tmp_path / "journal")
    assert isinstance(store, Journal)
    assert store.get("a" * 64) is None
    answer = Answer("text", Usage(1, 2, 0, 0), "m", "req", "stop")
    store.put("a" * 64, encode(answer))
    assert decode(DirectoryJournal(tmp_path / "journal").get("a" * 64) or b"") == answer
    with pytest.raises(TypeError):
        store.put("b" * 64, "not bytes")  # type: ignore[arg-type]
    assert [file.name for file in (tmp_path / "journal").iterdir()] == ["a" * 64 + ".json"]
