"""The circuit breaker as a pure function: what opens it, who may probe, how slowly a silent endpoint is asked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from llm_traffic_lab import START

from llm_orchestration.traffic.breaker import (
    NEW,
    QUOTA,
    THRESHOLD,
    Breaker,
    answered,
    block,
    cooled,
    enter,
    failed,
    is_steady,
    wants_answer,
    withdrawn,
)

KNOWN = answered(NEW, "first", START)


def fail(state: Breaker, now: float, times: int = 1, *, reason: str = "ServerError") -> Breaker:
    for _ in range(times):
        state = failed(state, "x", now, now, reason)
    return state


def opened() -> Breaker:
    return fail(KNOWN, START, THRESHOLD)


def test_it_opens_after_five_failures_in_a_row() -> None:
    """Four change nothing for others, an answer in between begins the count anew."""
    four = fail(KNOWN, START, 4)
    assert is_steady(four, START)
    assert is_steady(fail(answered(four, "y", START), START, 4), START)
    five = fail(four, START)
    blocked = block(five, START)
    assert blocked is not None
    assert (blocked.kind, blocked.at, blocked.certain, blocked.reason) == ("open", START + 5, True, "ServerError")


def test_one_probe_decides() -> None:
    """Its success closes; while it is on its way nobody else is sent, unless its process must be dead."""
    state, now = opened(), START + 5
    assert block(state, now) is None
    state = enter(state, "probe", now, hold=60.0)
    blocked = block(state, now + 1)
    assert blocked is not None
    assert (blocked.kind, blocked.certain) == ("probe", False)
    assert block(state, now + 60) is None
    closed = answered(state, "probe", now + 2)
    assert is_steady(closed, now + 2)
    assert block(answered(state, "another", now + 2), now + 2) is not None


def test_each_failed_probe_doubles_the_pause_up_to_a_minute() -> None:
    """5, 10, 20, 40, 60, 60 seconds."""
    state, now, pauses = opened(), START, []
    for n in range(6):
        pauses.append(state.until - now)
        now = state.until
        state = failed(enter(state, f"p{n}", now, 60.0), f"p{n}", now, now, "ConnectError")
    assert pauses == [5, 10, 20, 40, 60, 60]


def test_a_withdrawn_probe_lets_another_ask() -> None:
    """A cancelled request says nothing about the endpoint."""
    state = enter(opened(), "probe", START + 5, 60.0)
    assert block(withdrawn(state, "other"), START + 6) is not None
    assert block(withdrawn(state, "probe"), START + 6) is None


def test_failures_of_requests_that_were_in_flight_are_no_news() -> None:
    """200 requests that hung open it once; when they time out after it closed again, they do not reopen it."""
    state = opened()
    for n in range(195):
        assert failed(state, f"late{n}", START - 1, START + 1, "CallTimeoutError") == state
    state = answered(enter(state, "probe", START + 5, 60.0), "probe", START + 6)
    for n in range(195):
        state = failed(state, f"late{n}", START - 1, START + 60, "CallTimeoutError")
    assert is_steady(state, START + 60)


def test_a_used_up_quota_opens_at_once_and_for_longer_each_time() -> None:
    """A minute, doubling to half an hour; an outage after it begins with five seconds."""
    state, now, pauses = fail(KNOWN, START, reason=QUOTA), START, []
    for n in range(7):
        pauses.append(state.until - now)
        now = state.until
        state = failed(enter(state, f"p{n}", now, 60.0), f"p{n}", now, now, QUOTA)
    assert pauses == [60, 120, 240, 480, 960, 1800, 1800]
    now = state.until
    state = failed(enter(state, "p", now, 60.0), "p", now, now, "ServerError")
    assert state.until - now == 5


def test_the_later_end_of_two_cooldowns_wins() -> None:
    """Whoever hears of a shorter one later does not shorten it; a week is cut to an hour."""
    state = cooled(cooled(KNOWN, START, 30), START + 1, 5)
    blocked = block(state, START + 2)
    assert blocked is not None
    assert (blocked.kind, blocked.at, blocked.certain) == ("cooldown", START + 30, True)
    assert block(state, START + 30) is None
    assert cooled(KNOWN, START, 7 * 86_400).cooldown == START + 3600


def test_after_a_cooldown_it_starts_slowly() -> None:
    """200 waiting tasks must not all run into the next Retry-After."""
    state, now, sent = cooled(KNOWN, START, 30), START + 30, 0
    while block(state, now) is None:
        state, sent = enter(state, str(sent), now, 60.0), sent + 1
    assert sent == 5


def test_a_silent_endpoint_is_asked_slowly() -> None:
    """5 requests in the first second, twice as many in each further one, all of them after the first answer."""
    state, per_second, n = NEW, [0] * 8, 0
    for tick in range(8 * 20):
        now = START + tick / 20
        while block(state, now) is None:
            state, n = enter(state, str(n), now, 60.0), n + 1
            per_second[tick // 20] += 1
    assert per_second == [5, 10, 20, 40, 80, 160, 320, 640]
    assert sum(per_second) >= 1000
    assert is_steady(answered(state, "0", START + 8), START + 8)


def test_five_quiet_minutes_make_an_endpoint_silent_again() -> None:
    """An outage may have begun in them; a slow start that ended without an answer begins anew."""
    assert is_steady(KNOWN, START + 300)
    assert not is_steady(KNOWN, START + 301)
    state = NEW
    for begin in (START, START + 400):
        sent = 0
        while block(state, begin) is None:
            state, sent = enter(state, "x", begin, 60.0), sent + 1
        assert sent == 5


def test_a_429_without_a_time_does_not_end_a_slow_start() -> None:
    """It closes a probed circuit, because somebody answered, but it is no sign of capacity."""
    assert not is_steady(answered(NEW, "a", START, served=False), START)
    state = enter(opened(), "probe", START + 5, 60.0)
    assert answered(state, "probe", START + 6, served=False).opened == 0


def test_a_healthy_endpoint_has_news_once_in_a_minute() -> None:
    """And at once when somebody counted a failure."""
    assert not wants_answer(KNOWN, START + 60)
    assert wants_answer(KNOWN, START + 61)
    assert wants_answer(fail(KNOWN, START + 1), START + 2)


def test_a_clock_that_was_set_back_leaves_nothing_shut() -> None:
    """Ends that lie further ahead than any can be are over."""
    day_before = START - 86_400
    assert block(cooled(KNOWN, START, 30), day_before) is None
    assert block(opened(), day_before) is None


EVENTS = st.lists(st.tuples(st.sampled_from(["send", "answer", "fail", "quota", "lost", "cool"]), st.floats(0, 90)))


@given(EVENTS)
def test_never_two_probes_at_once(events: list[tuple[str, float]]) -> None:
    """Whatever happens in whatever order: while open, one request is out, or its process counts as dead."""
    state, now, out = opened(), START, {}
    for n, (event, gap) in enumerate(events):
        now += gap
        if event == "send" and block(state, now) is None:
            if state.opened:
                assert not [name for name, end in out.items() if end > now and name == state.probe]
                out[str(n)] = now + 60.0
            state = enter(state, str(n), now, 60.0)
        elif event == "cool":
            state = cooled(state, now, gap)
        elif out and event != "send":
            name = out.popitem()[0]
            if event == "answer":
                state = answered(state, name, now)
            elif event == "lost":
                state = withdrawn(state, name)
            else:
                state = failed(state, name, now, now, QUOTA if event == "quota" else "ServerError")
        assert Breaker.from_json(state.to_json()) == state


@pytest.mark.parametrize(
    "damage", [{"failures": "5"}, {"until": None}, {"reason": 7}, {"cooldown": -1}, {"seen": True}]
)
def test_damage_is_noticed(damage: dict[str, object]) -> None:
    """It ends in the error that counts as a new breaker; a field of a newer version is no damage."""
    with pytest.raises((ValueError, TypeError)):
        Breaker.from_json(damage)
    assert Breaker.from_json({"failures": 2, "invented_later": []}) == Breaker(failures=2)
