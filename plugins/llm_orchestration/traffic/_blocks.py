"""Why a request may not be sent yet, as one value that the breaker and the limits share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

_LARGEST = 10**15

Kind = Literal["open", "cooldown", "probe", "slow start", "requests_per_minute", "tokens_per_minute", "concurrency"]


@dataclass(frozen=True)
class Block:
    """Something that stands in a request's way.

    Args:
        kind: What it is.
        at: When it ends, in seconds of the shared clock.
        certain: Whether it cannot end earlier. An answer of another request can end the others at any moment.
        reason: What led to it, for messages.
    """

    kind: Kind
    at: float
    certain: bool
    reason: str = ""


def strongest(blocks: Iterable[Block | None]) -> Block | None:
    """The block that decides: the certain one that lasts longest, otherwise the one that lasts longest."""
    return max((block for block in blocks if block is not None), key=lambda one: (one.certain, one.at), default=None)


def number(value: Any) -> Any:
    """A number of a stored state, whole or not.

    Raises:
        ValueError: It is none; the state is damaged.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LARGEST:
        raise ValueError(f"{type(value).__name__} where a number was expected")
    return value
