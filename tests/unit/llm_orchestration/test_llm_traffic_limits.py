"""Requests per minute, tokens per minute, requests in flight: what the server can see and who gets the next turn."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st
from llm_traffic_lab import START, limits, ticket, worst_in_a_minute

from llm_orchestration.errors import RequestTooLargeError, error_from_json
from llm_orchestration.traffic.limits import IDLE, Entry, Load, block, enter, left, refuse_too_large, taken_back

PER_MINUTE = limits(requests=5, tokens=1000)


def sent_in_a_row(gaps: list[float], sizes: list[int], used: list[float]) -> list[tuple[float, int, float]]:
    """Sends requests that come `gaps` apart as soon as they may go: time, tokens that were reserved, tokens used."""
    now, load, sent = START, IDLE, []
    for gap, size, share in zip(gaps, sizes, used, strict=False):
        now += gap
        while (blocked := block(load, PER_MINUTE, size, now)) is not None:
            assert blocked.at > now, "a block ends in the future, or the queue would spin"
            now = blocked.at
        load, entry = enter(load, PER_MINUTE, str(len(sent)), size, now, 60.0)
        load = left(load, entry, int(size * share))
        sent.append((now, size, int(size * share)))
    return sent


REQUESTS = st.lists(
    st.tuples(st.floats(0, 30), st.integers(1, 1000), st.floats(0, 1), st.floats(0, 0.99)), min_size=1, max_size=60
)


@given(REQUESTS)
def test_no_minute_at_the_server_sees_more_than_the_limit(requests: list[tuple[float, int, float, float]]) -> None:
    """Wherever 60 seconds begin, and although each request takes up to a second more or less to arrive."""
    gaps, sizes, used, delays = (list(column) for column in zip(*requests, strict=True))
    sent = sent_in_a_row(gaps, sizes, used)
    arrived = [(time + delay, real) for (time, _, real), delay in zip(sent, delays, strict=True)]
    assert worst_in_a_minute([(time, 1) for time, _ in arrived]) <= 5
    assert worst_in_a_minute(arrived) <= 1000


def test_the_limit_is_used() -> None:
    """Five go at once, the sixth when the first second is 60 s gone for sure, and so on: 3 % below the limit."""
    sent = sent_in_a_row([0.0] * 11, [1] * 11, [1.0] * 11)
    assert [time - START for time, _, _ in sent] == [0] * 5 + [62] * 5 + [124]


@pytest.mark.parametrize("offset", [0.0, 0.2, 2.999, 3.0, 59.4])
def test_a_burst_before_a_minute_begins_counts_in_the_next(offset: float) -> None:
    """The window slides; the turn of a clock minute changes nothing."""
    load = IDLE
    for name in "abcde":
        load, _ = enter(load, PER_MINUTE, name, 1, START + offset, 60.0)
    blocked = block(load, PER_MINUTE, 1, START + offset + 3.5)
    assert blocked is not None
    assert (blocked.kind, blocked.certain) == ("requests_per_minute", True)
    assert blocked.at - (START + offset) > 61


def test_tokens_are_reserved_as_estimated_and_corrected_as_used() -> None:
    """A worst case of 900 leaves no room for 200; its real 50 do."""
    load, entry = enter(IDLE, PER_MINUTE, "a", 900, START, 60.0)
    blocked = block(load, PER_MINUTE, 200, START + 1)
    assert blocked is not None
    assert (blocked.kind, blocked.certain) == ("tokens_per_minute", False)
    assert block(left(load, entry, 50), PER_MINUTE, 200, START + 1) is None
    assert block(left(load, entry, None), PER_MINUTE, 200, START + 1) == blocked, "an unknown usage is the worst case"


def test_a_slot_is_given_back_by_its_request_or_by_its_end() -> None:
    """A killed process keeps its slot only as long as its request could have lasted."""
    two = limits(concurrency=2)
    load, first = enter(IDLE, two, "a", 1, START, 60.0)
    load, _ = enter(load, two, "b", 1, START + 5, 60.0)
    blocked = block(load, two, 1, START + 6)
    assert blocked is not None
    assert (blocked.kind, blocked.at, blocked.certain) == ("concurrency", START + 60, False)
    assert block(left(load, first, None), two, 1, START + 6) is None
    assert block(load, two, 1, START + 60) is None


def test_a_request_that_was_never_sent_leaves_no_trace() -> None:
    """Taking back is the inverse of entering."""
    everything = limits(2, 5, 1000)
    before, _ = enter(IDLE, everything, "a", 100, START, 60.0)
    load, entry = enter(before, everything, "b", 300, START + 1, 60.0)
    assert load != before
    assert taken_back(load, entry) == before


def test_a_request_without_limits_counts_for_those_who_know_them() -> None:
    """Two routes lead to one endpoint and only one states its limit; a silent endpoint costs nothing."""
    load, entry = enter(IDLE, limits(), "a", 100, START, 60.0)
    assert (load, entry) == (IDLE, Entry("a", START))
    load, _ = enter(IDLE, limits(requests=2), "b", 100, START, 60.0)
    load, entry = enter(load, limits(), "c", 100, START, 60.0)
    assert entry.counted
    assert block(load, limits(requests=2), 1, START + 1) is not None


@pytest.mark.parametrize("set_back", [3600.0, 86_400.0])
def test_a_clock_that_was_set_back_stops_nobody(set_back: float) -> None:
    """What lies further ahead than a minute was counted by a clock that nobody has any more."""
    load = IDLE
    for name in "abcde":
        load, _ = enter(load, PER_MINUTE, name, 1, START, 60.0)
    assert block(load, PER_MINUTE, 1, START - set_back) is None
    assert block(load, PER_MINUTE, 1, START - 2) is not None, "another machine's clock may be two seconds ahead"


def test_more_tokens_than_a_minute_has_are_refused_at_once() -> None:
    """The error names the limit, no retry is made, and a target with a higher limit may be asked, also after a pickle."""
    refuse_too_large(ticket(tokens=1000, limits=PER_MINUTE))
    with pytest.raises(RequestTooLargeError, match=r"1,001 tokens .* tokens_per_minute is 1,000") as caught:
        refuse_too_large(ticket(tokens=1001, limits=PER_MINUTE))
    for error in (caught.value, pickle.loads(pickle.dumps(caught.value)), error_from_json(caught.value.to_json())):
        assert (error.retryable, error.failover) == (False, True)


@given(REQUESTS)
def test_the_state_survives_json(requests: list[tuple[float, int, float, float]]) -> None:
    """What another process reads is what this one wrote."""
    load = IDLE
    for gap, size, _, _ in requests:
        load, _ = enter(load, limits(3, 5, 1000), str(gap), size, START + gap, 60.0)
    assert Load.from_json(load.to_json()) == load


@pytest.mark.parametrize(
    "damage", [{"requests": 5}, {"requests": [[1]]}, {"tokens": [["a", 1]]}, {"leases": []}, {"leases": {"a": None}}]
)
def test_damage_is_noticed(damage: dict[str, object]) -> None:
    """It ends in one of the two errors that count as an empty state."""
    with pytest.raises((ValueError, TypeError)):
        Load.from_json(damage)
