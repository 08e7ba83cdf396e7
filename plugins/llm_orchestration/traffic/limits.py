"""Requests and tokens per minute and requests in flight: pure functions from one state to the next, the clock passed in.

Requests and tokens are counted in buckets of one second. A bucket counts until the 60 s after its *end* are over and
one more second has passed: the first because a request may have been sent at the very end of its second, the second
because it may reach the server up to a second later than a request that was sent after it. So no 60 seconds at the
server, wherever they begin, see more than the limit. The price is 3 % of the rate.

Tokens are reserved as estimated when a request is sent and corrected when its usage is known. Slots for requests in
flight are leases: a killed process gives its slot back when its request would have timed out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from llm_orchestration import errors
from llm_orchestration.traffic._blocks import Block, number, strongest
from llm_orchestration.traffic.contract import Limits, Ticket

_COUNTS_FOR = 62

Buckets = Mapping[int, int]


@dataclass(frozen=True)
class Load:
    """What was sent to an endpoint in the last minute and what is in flight.

    Args:
        requests: Requests by the second in which they were sent.
        tokens: Tokens by the second in which their request was sent.
        leases: Ends of the leases, by request id.
    """

    requests: Buckets = field(default_factory=dict)
    tokens: Buckets = field(default_factory=dict)
    leases: Mapping[str, float] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.requests or self.tokens or self.leases)

    def to_json(self) -> dict[str, Any]:
        """The parts that are not empty."""
        parts = {"requests": _pairs(self.requests), "tokens": _pairs(self.tokens), "leases": dict(self.leases)}
        return {name: part for name, part in parts.items() if part}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Load:
        """Inverse of `to_json`.

        Raises:
            ValueError: The value is damaged.
        """
        leases = value.get("leases", {})
        if not isinstance(leases, dict):
            raise ValueError("leases are not an object")
        return cls(
            _buckets(value.get("requests", [])),
            _buckets(value.get("tokens", [])),
            {name: number(end) for name, end in leases.items()},
        )


IDLE = Load()


@dataclass(frozen=True)
class Entry:
    """What a request was counted for, so that exactly this can be corrected or taken back.

    Args:
        request: Id of the request.
        at: When it entered.
        counted: Whether it stands in the buckets of requests.
        tokens: Tokens in the bucket, `None` when they are not counted.
        leased: Whether it holds a slot.
        probing: Whether it asks if an open endpoint is back.
    """

    request: str
    at: float
    counted: bool = False
    tokens: int | None = None
    leased: bool = False
    probing: bool = False

    @property
    def written(self) -> bool:
        """Whether others know of it."""
        return self.counted or self.tokens is not None or self.leased or self.probing


def refuse_too_large(ticket: Ticket) -> None:
    """Stops a request that no minute has room for; it would wait for ever.

    Raises:
        RequestTooLargeError: Nothing was sent. Another target with a higher limit may be asked.
    """
    most = ticket.limits.tokens_per_minute
    if most is None or ticket.tokens <= most:
        return
    raise errors.RequestTooLargeError(
        f"{ticket.purpose} may need {ticket.tokens:,} tokens and the target's tokens_per_minute is {most:,}, so it "
        "would never get a turn; raise the limit, lower max_output_tokens or send less",
        provider=ticket.provider,
        model=ticket.model,
    )


def block(load: Load, limits: Limits, tokens: int, now: float) -> Block | None:
    """What stands in the way of a request of `tokens` at `now`, `None` when nothing does."""
    load = _live(load, now)
    return strongest(
        (
            _rate("requests_per_minute", load.requests, limits.requests_per_minute, 1, now),
            _rate("tokens_per_minute", load.tokens, limits.tokens_per_minute, tokens, now),
            _slot(load, limits.concurrency),
        )
    )


def enter(load: Load, limits: Limits, request: str, tokens: int, now: float, hold: float) -> tuple[Load, Entry]:
    """Counts a request that is sent now.

    It is counted for every limit that is known to this request or to another one of the last minute.

    Args:
        load: The load before.
        limits: Limits that this request knows.
        request: Its id.
        tokens: Its estimated tokens.
        now: Time of sending.
        hold: Seconds after which its process counts as dead.
    """
    load = _live(load, now)
    entry = Entry(
        request,
        now,
        counted=limits.requests_per_minute is not None or bool(load.requests),
        tokens=tokens if limits.tokens_per_minute is not None or load.tokens else None,
        leased=limits.concurrency is not None or bool(load.leases),
    )
    second = int(now)
    return (
        Load(
            _added(load.requests, second, 1) if entry.counted else load.requests,
            load.tokens if entry.tokens is None else _added(load.tokens, second, entry.tokens),
            {**load.leases, request: now + hold} if entry.leased else load.leases,
        ),
        entry,
    )


def left(load: Load, entry: Entry, used: int | None) -> Load:
    """The request ended: its slot is free, and its tokens are those that it really used, if that is known."""
    load = _without(load, entry)
    if used is None or entry.tokens is None:
        return load
    return replace(load, tokens=_added(load.tokens, int(entry.at), used - entry.tokens))


def taken_back(load: Load, entry: Entry) -> Load:
    """The request was never sent: as if it had not entered."""
    load = left(load, entry, 0)
    return replace(load, requests=_added(load.requests, int(entry.at), -1)) if entry.counted else load


def _without(load: Load, entry: Entry) -> Load:
    if not entry.leased or entry.request not in load.leases:
        return load
    return replace(load, leases={name: end for name, end in load.leases.items() if name != entry.request})


def _live(load: Load, now: float) -> Load:
    if not load:
        return load
    second = int(now)
    return Load(
        _young(load.requests, second),
        _young(load.tokens, second),
        {name: end for name, end in load.leases.items() if end > now},
    )


def _young(buckets: Buckets, second: int) -> Buckets:
    # A bucket of the future is another machine's clock; further ahead than a minute, a clock was set back.
    return {at: count for at, count in buckets.items() if -_COUNTS_FOR < at - second <= _COUNTS_FOR}


def _rate(kind: Any, buckets: Buckets, limit: int | None, amount: int, now: float) -> Block | None:
    if limit is None:
        return None
    over = sum(buckets.values()) + amount - limit
    if over <= 0:
        return None
    for at, count in sorted(buckets.items()):
        over -= count
        if over <= 0:
            # A reservation of tokens may shrink at any moment, a request stays one request.
            return Block(kind, max(float(at + _COUNTS_FOR), now), certain=kind == "requests_per_minute")
    return None


def _slot(load: Load, limit: int | None) -> Block | None:
    if limit is None or len(load.leases) < limit:
        return None
    return Block("concurrency", min(load.leases.values()), certain=False)


def _added(buckets: Buckets, second: int, amount: int) -> Buckets:
    count = max(buckets.get(second, 0) + amount, 0)
    return {**{at: known for at, known in buckets.items() if at != second}, **({second: count} if count else {})}


def _pairs(buckets: Buckets) -> list[list[int]]:
    return [[at, count] for at, count in buckets.items()]


def _buckets(value: Any) -> Buckets:
    if not isinstance(value, list):
        raise ValueError("buckets are not a list")
    return {int(number(at)): int(number(count)) for at, count in value}
