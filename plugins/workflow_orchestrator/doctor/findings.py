"""What the doctor says: one line for each thing it looked at."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class State(StrEnum):
    """`wrong` stops or endangers work, `careful` should be known, `good` was looked at and is as it should be."""

    GOOD = "good"
    CAREFUL = "careful"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing: its area, its state, what was found, and what to do where it is not good."""

    area: str
    state: State
    says: str
    do: str = ""

    def __post_init__(self) -> None:
        if (self.state is State.GOOD) != (not self.do):
            raise ValueError(f"{self.area}: what is {self.state} and {'has nothing' if not self.do else 'has something'} to do")

    def to_json(self) -> dict[str, Any]:
        """JSON-safe."""
        return {"area": self.area, "state": str(self.state), "says": self.says, "do": self.do}


def good(area: str, says: str) -> Finding:
    """As it should be."""
    return Finding(area, State.GOOD, says)


def careful(area: str, says: str, do: str) -> Finding:
    """Should be known."""
    return Finding(area, State.CAREFUL, says, do)


def wrong(area: str, says: str, do: str) -> Finding:
    """Stops or endangers work."""
    return Finding(area, State.WRONG, says, do)
