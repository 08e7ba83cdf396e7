"""What a request is told that may not wait for its turn."""

from __future__ import annotations

from datetime import timedelta

from llm_orchestration import errors
from llm_orchestration.traffic._blocks import Block
from llm_orchestration.traffic.breaker import QUOTA
from llm_orchestration.traffic.contract import Ticket

# A block that another request's answer may end at any moment is worth another look before it ends by itself.
_LOOK_AGAIN = 15.0
_SOONEST = 1.0


def refusal(ticket: Ticket, block: Block, rest: float) -> errors.LLMError:
    """The error for a request that is blocked for longer than it may wait.

    Args:
        ticket: The request.
        block: What stands in its way.
        rest: Seconds until that ends by itself.
    """
    seconds = max(rest if block.certain else min(rest, _LOOK_AGAIN), _SOONEST)
    cls = errors.CircuitOpenError if block.kind in ("open", "cooldown", "probe") else errors.ThrottledError
    return cls(
        f"{ticket.purpose} was not sent: {_told(ticket, block, seconds)}",
        provider=ticket.provider,
        model=ticket.model,
        retry_after=timedelta(seconds=seconds),
    )


def _told(ticket: Ticket, block: Block, seconds: float) -> str:
    wait = f"within the {ticket.wait.total_seconds():g} s that it may wait"
    if block.kind == "cooldown":
        return f"the provider asked everybody to wait, {seconds:.0f} s from now"
    if block.kind == "open" and block.reason == QUOTA:
        return f"the account's quota is used up; the endpoint is asked again in {seconds:.0f} s"
    if block.kind in ("open", "probe"):
        probe = "another request is asking whether it is back" if block.kind == "probe" else f"again in {seconds:.0f} s"
        return f"the endpoint failed again and again, last with {block.reason}; {probe}"
    if block.kind == "slow start":
        return f"nobody had an answer from the endpoint for a while, and it is asked slowly at first; no turn {wait}"
    limit = getattr(ticket.limits, block.kind)
    if limit is None:
        return f"requests in front of it wait for the endpoint's {block.kind}, so there is no turn {wait}"
    return f"the target's limit {block.kind} = {limit} leaves no turn {wait}; let calls wait longer or send fewer at a time"
