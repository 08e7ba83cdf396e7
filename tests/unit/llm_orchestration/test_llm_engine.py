"""The engine with a scripted provider and a clock of the test's own: deadline, journal trouble, order of events."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from llm_orchestration import DirectoryJournal, Journal, LLMRequest, LLMResult, MemoryJournal, Message
from llm_orchestration import errors as e
from llm_orchestration.engine import Conversation, is_outage
from llm_orchestration.journal import decode, encode
from llm_orchestration.model import Answer, Usage
from llm_orchestration.pricing import Price
from llm_orchestration.providers import Call, OfflineProvider, ScriptedProvider
from llm_orchestration.targets import Target
from llm_orchestration.traffic.contract import Spending, Ticket

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


class Line:
    """A remote provider that answers at once, or fails as told, and remembers what it was allowed."""

    def __init__(self, *outcomes: Answer | e.LLMError) -> None:
        self.name = "line"
        self.allowed: list[timedelta] = []
        self._outcomes = iter(outcomes)

    @property
    def identity(self) -> dict[str, str]:
        return {"provider": self.name, "object": str(id(self))}

    async def ask(self, call: Call) -> Answer:
        self.allowed.append(call.timeout)
        outcome = next(self._outcomes)
        if isinstance(outcome, e.LLMError):
            raise outcome
        return outcome


class OpenGate:
    """A gate that lets everything through and remembers how long each request would have waited."""

    def __init__(self) -> None:
        self.waits: list[timedelta] = []

    async def ask(self, ticket: Ticket, send: Callable[[], Awaitable[Answer]]) -> Answer:
        self.waits.append(ticket.wait)
        ticket.sent = True
        return await send()

    async def settle(self, request: str, budgets: tuple[Spending, ...], usage: Usage, usd: Decimal | None) -> None:
        """Books nothing."""


ANSWER = Answer("ok", Usage(1, 1), "m")
WORDS = LLMRequest((Message("user", "x"),), purpose="step", offline=lambda: "by itself")
NO_MODEL = Target(None, OfflineProvider(), "none")


def test_the_end_without_a_model_takes_nothing_from_the_models() -> None:
    """The last model has the whole deadline and waits for its turn, also where the route would go on without it."""
    gate, line, clock = OpenGate(), Line(ANSWER), Clock()
    limit, wait = timedelta(seconds=60), timedelta(seconds=30)
    Conversation(WORDS, (Target("a", line, "m"), NO_MODEL), "r", limit, gate=gate, wait=wait, clock=clock).run()
    assert (line.allowed, gate.waits) == ([limit], [wait])


def test_a_route_goes_on_without_a_model_after_the_deadline() -> None:
    """The outage that used the time up is the very reason to go on."""
    clock = Clock()
    slow = Slow(clock, 60, [{"fault": "timeout"}])
    result = Conversation(WORDS, (target("a", slow), NO_MODEL), "r", timedelta(seconds=60), clock=clock).run()
    assert (result.text, result.provider) == ("by itself", "offline")


@pytest.mark.parametrize("refusal", [e.RequestTooLargeError("too large"), e.RequestRejectedError("refused")])
def test_a_refused_request_does_not_end_without_a_model(refusal: e.LLMError) -> None:
    """Nothing is out of order but the request, and working without a model would hide that."""
    with pytest.raises(type(refusal)):
        Conversation(WORDS, (Target("a", Line(refusal), "m"), NO_MODEL), "r", timedelta(seconds=9)).run()


def test_a_prompt_that_is_too_long_finds_the_larger_window() -> None:
    """A target whose window is no larger is passed over, not the end of the search."""
    small, same, large = Line(), Line(), Line(ANSWER)
    targets = tuple(
        Target(name, line, "m", context_window=window)
        for name, line, window in (("a", small, 10), ("b", same, 10), ("c", large, 1000))
    )
    long = LLMRequest((Message("user", "word " * 100),))
    assert Conversation(long, targets, "r", timedelta(seconds=9)).run().connection == "c"
    assert (small.allowed, same.allowed) == ([], [])


def test_an_answer_is_kept_although_its_asker_is_cancelled_while_all_threads_are_busy() -> None:
    """It is paid for. The write waits for a thread, and a cancellation does not take it back."""
    store, free = MemoryJournal(), threading.Event()

    async def cancelled() -> None:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(1))
        arrived = asyncio.Event()

        class Noticed(Line):
            async def ask(self, call: Call) -> Answer:
                loop.run_in_executor(None, free.wait)
                arrived.set()
                return ANSWER

        one = Target("a", Noticed(), "m")
        asking = asyncio.create_task(Conversation(WORDS, (one,), "r", timedelta(seconds=9), store=store).arun())
        await arrived.wait()
        await asyncio.sleep(0)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        free.set()

    asyncio.run(cancelled())
    assert len(store) == 1


def test_a_long_answer_is_checked_beside_the_loop() -> None:
    """A thousand calls share the loop; only a short answer is checked on it."""
    places: list[bool] = []

    def accept(data: Any) -> None:
        places.append(threading.current_thread() is threading.main_thread())

    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    for length in (10, 100_000):
        line = Line(Answer('{"a":"' + "x" * length + '"}', Usage(1, 1), "m"))
        request = LLMRequest((Message("user", "x"),), schema=schema)
        call = Conversation(request, (Target("a", line, "m"),), "r", timedelta(seconds=9), accept=accept)
        asyncio.run(call.arun())
    assert places == [True, False]


def test_a_budget_that_is_too_small_for_one_target_may_do_for_a_cheaper_one() -> None:
    """The budget is looked at for each target; a dearer one is not tried after a refusal."""
    cheap, dear = Price(Decimal(1), Decimal(1)), Price(Decimal(1000), Decimal(1000))
    first = target("first", ScriptedProvider({"*": [{"text": "dear"}]}), price=dear, max_output_tokens=100)
    dearer = target("dearer", ScriptedProvider({"*": [{"text": "dearer"}]}), price=dear, max_output_tokens=200)
    last = target("last", ScriptedProvider({"*": [{"text": "cheap"}]}), price=cheap, max_output_tokens=100)
    result = converse(first, dearer, last, budget_usd=Decimal("0.001"))
    assert result.text == "cheap"
    assert [attempt.outcome for attempt in result.attempts] == ["BudgetExceededError", "answered"]
    with pytest.raises(e.BudgetExceededError):
        converse(first, dearer, budget_usd=Decimal("0.001"))


def test_a_chain_that_failed_asks_for_the_shortest_wait() -> None:
    """One target's hour must not hold up a retry that another may answer in five seconds."""
    hour = target("hour", ScriptedProvider({"*": [{"fault": "rate_limit", "retry_after": 3600}]}))
    soon = target("soon", ScriptedProvider({"*": [{"fault": "rate_limit", "retry_after": 5}]}))
    with pytest.raises(e.RateLimitError) as caught:
        converse(hour, soon)
    assert caught.value.retry_after == timedelta(seconds=5)


@pytest.mark.parametrize(
    ("error", "goes_on"),
    [(e.CircuitOpenError("x"), True), (e.ThrottledError("x"), False), (e.AuthenticationError("x"), False)],
)
def test_only_an_outage_ends_without_a_model(error: e.LLMError, goes_on: bool) -> None:
    """A turn under our own limits comes with a retry; a wrong key is for a person."""
    assert is_outage(error) is goes_on
