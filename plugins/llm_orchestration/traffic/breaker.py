"""The circuit breaker of one endpoint: pure functions from one state to the next, the clock passed in.

```text
closed ── 5 failures in a row ─► open 5 s ─► half-open: one probe ── success ─► closed
  ▲                                ▲                          └─ failure ─► open twice as long, at most 60 s
  └── any answer resets the count  └── used-up quota: open 60 s, doubling to 30 min
```

Beside it stand two things that hold requests back without a failure count. A *cooldown* is a Retry-After of the
provider: nobody sends before it ends. A *slow start* holds for an endpoint that nobody had an answer from in the last
five minutes: 5 requests in the first second, 10 in the next, and so on until the first answer. An outage that began
unseen so costs a handful of requests, and 1,000 requests to a healthy model that answers late are out in 8 s. It
cannot tell a model that hangs from one that thinks.

What opens it: failures of the endpoint and the way to it. What does not: a refused request or key. A refusal is an
answer, so the endpoint works; a wrong key belongs to one connection, others may use the same endpoint with a good
one, and an operator who mends it should not have to wait. A used-up quota opens it, because it concerns everybody who
pays from that account, and asking again would not help.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from llm_orchestration.traffic._blocks import Block, number, strongest

THRESHOLD = 5
_PAUSE, _LONGEST_PAUSE = 5.0, 60.0
_QUOTA_PAUSE, _LONGEST_QUOTA_PAUSE = 60.0, 1800.0
# A provider may ask for a week, by mistake or not. After an hour somebody looks.
_LONGEST_COOLDOWN = 3600.0
_KNOWN_FOR = 300.0
# How stale the time of the last answer may get, so that a healthy endpoint costs one write in a minute.
_SEEN_AGAIN = 60.0
_FIRST_SENDS = 5
_UNBOUNDED_AFTER = 20

QUOTA = "QuotaExceededError"


@dataclass(frozen=True)
class Breaker:
    """What processes remember together about an endpoint. Times are seconds of the shared clock, 0 is never.

    Args:
        failures: Failures in a row while closed.
        opened: How many times it opened in a row, 0 while closed.
        until: End of the present pause.
        changed: When it last opened or closed; what was sent before says nothing about after.
        reason: Class name of the failure that opened it.
        probe: Id of the one request that is asking whether the endpoint is back.
        probe_until: When that request counts as lost.
        cooldown: End of the provider's Retry-After.
        seen: Last answer, up to a minute stale.
        start_began: First request of the slow start.
        start_second: Second of the slow start that the last request went in.
        start_sends: Requests of that second.
    """

    failures: int = 0
    opened: int = 0
    until: float = 0.0
    changed: float = 0.0
    reason: str = ""
    probe: str = ""
    probe_until: float = 0.0
    cooldown: float = 0.0
    seen: float = 0.0
    start_began: float = 0.0
    start_second: int = 0
    start_sends: int = 0

    def to_json(self) -> dict[str, Any]:
        """The fields that differ from a new breaker's."""
        return {name: value for name, value in vars(self).items() if value != _DEFAULTS[name]}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Breaker:
        """Inverse of `to_json`.

        Raises:
            ValueError: The value is damaged.
        """
        found: dict[str, Any] = {}
        for name, one in value.items():
            if name in _DEFAULTS:
                if isinstance(_DEFAULTS[name], str) != isinstance(one, str):
                    raise ValueError(f"{name} is of another kind")
                found[name] = one if isinstance(one, str) else number(one)
        return cls(**found)


NEW = Breaker()
_DEFAULTS = dict(vars(NEW))


def block(state: Breaker, now: float) -> Block | None:
    """What stands in the way of a request at `now`, `None` when nothing does."""
    return strongest((_cooldown(state, now), _open(state, now) if state.opened else _slow_start(state, now)))


def is_steady(state: Breaker, now: float) -> bool:
    """Whether a request may be sent at `now` without telling anybody."""
    return not state.opened and state.cooldown <= now and now - state.seen <= _KNOWN_FOR


def enter(state: Breaker, request: str, now: float, hold: float) -> Breaker:
    """Notes that an unblocked request is sent: as the probe of an open breaker, or as part of a slow start.

    Args:
        state: The state that does not block it.
        request: Id of the request.
        now: Time of sending.
        hold: Seconds after which its process counts as dead.
    """
    if state.opened:
        return replace(state, probe=request, probe_until=now + hold)
    if now - state.seen <= _KNOWN_FOR:
        return state
    began, second, sends = _start(state, now)
    return replace(state, start_began=began, start_second=second, start_sends=sends + 1)


def wants_answer(state: Breaker, now: float) -> bool:
    """Whether an answer is news that others should hear."""
    return bool(state.failures) or now - state.seen > _SEEN_AGAIN


def answered(state: Breaker, request: str, now: float, *, served: bool = True) -> Breaker:
    """The endpoint answered a request, if only to refuse it.

    While open, only the probe's answer closes: other requests were sent before and may have been lucky.

    Args:
        state: The state when the answer came.
        request: Id of the request.
        now: Time of the answer.
        served: Whether the endpoint had capacity, which ends a slow start. A 429 says the opposite.
    """
    seen = now if served else state.seen
    if not state.opened:
        return replace(state, failures=0, seen=seen)
    if state.probe != request:
        return state
    return replace(state, failures=0, opened=0, until=0.0, changed=now, reason="", probe="", probe_until=0.0, seen=seen)


def failed(state: Breaker, request: str, sent: float, now: float, reason: str) -> Breaker:
    """The endpoint failed a request, or the account's quota was used up.

    Args:
        state: The state when the failure came.
        request: Id of the request.
        sent: When it was sent. What was sent before the breaker last changed is no news.
        now: Time of the failure.
        reason: Class name of the error.
    """
    if state.opened:
        if state.probe != request:
            return state
        again = state.opened + 1 if (state.reason == QUOTA) == (reason == QUOTA) else 1
        return _opened(state, again, now, reason)
    if sent < state.changed:
        return state
    failures = state.failures + 1
    if reason == QUOTA or failures >= THRESHOLD:
        return _opened(state, 1, now, reason)
    return replace(state, failures=failures)


def cooled(state: Breaker, now: float, seconds: float) -> Breaker:
    """Nobody sends for `seconds`, at most an hour; a later end that is known already stays. Then slowly again."""
    end = max(state.cooldown, now + min(seconds, _LONGEST_COOLDOWN))
    return replace(state, cooldown=end, seen=0.0, start_began=0.0, start_second=0, start_sends=0)


def withdrawn(state: Breaker, request: str) -> Breaker:
    """A request ended without saying anything about the endpoint; if it was the probe, another may be."""
    return replace(state, probe="", probe_until=0.0) if state.probe == request else state


def _opened(state: Breaker, times: int, now: float, reason: str) -> Breaker:
    first, longest = (_QUOTA_PAUSE, _LONGEST_QUOTA_PAUSE) if reason == QUOTA else (_PAUSE, _LONGEST_PAUSE)
    pause = min(first * 2.0 ** min(times - 1, _UNBOUNDED_AFTER), longest)
    return replace(
        state, failures=0, opened=times, until=now + pause, changed=now, reason=reason, probe="", probe_until=0.0
    )


def _cooldown(state: Breaker, now: float) -> Block | None:
    # Further ahead than any cooldown can be: the clock was set back since.
    if not 0 < state.cooldown - now <= _LONGEST_COOLDOWN:
        return None
    return Block("cooldown", state.cooldown, certain=True)


def _open(state: Breaker, now: float) -> Block | None:
    if 0 < state.until - now <= _LONGEST_QUOTA_PAUSE:
        return Block("open", state.until, certain=True, reason=state.reason)
    if state.probe and state.probe_until > now:
        return Block("probe", state.probe_until, certain=False, reason=state.reason)
    return None


def _slow_start(state: Breaker, now: float) -> Block | None:
    if now - state.seen <= _KNOWN_FOR:
        return None
    began, second, sends = _start(state, now)
    if second >= _UNBOUNDED_AFTER or sends < _FIRST_SENDS << second:
        return None
    return Block("slow start", began + second + 1, certain=False)


def _start(state: Breaker, now: float) -> tuple[float, int, int]:
    """Begin of the slow start that `now` belongs to, its present second, and the requests of that second."""
    last = state.start_began + state.start_second
    if not state.start_sends or now < state.start_began or now - last > _KNOWN_FOR:
        return now, 0, 0
    second = int(now - state.start_began)
    return state.start_began, second, state.start_sends if second == state.start_second else 0
