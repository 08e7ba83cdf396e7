"""The time of a run in process: it moves when somebody waits, and nobody does wait, unless a real model asked for it.

A parallel block and a map begin at one time and go on when the slowest of them is through, so each way has a clock of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

# Late in the morning: no scenario begins in the small hours, where two time zones disagree about the day.
_STARTS = time(11, 0, tzinfo=UTC)


@dataclass(slots=True)
class Clock:
    """A time that is set forward. `waited` is what was waited for in all, also side by side.

    `sleep` waits for real, in seconds, where another try at once would do harm: a model that is asked again too soon.
    """

    now: datetime
    waited: timedelta = timedelta(0)
    sleep: Callable[[float], None] | None = None

    @classmethod
    def at(cls, day: date | None) -> Clock:
        """The clock of a run on a day; without one, of the real time."""
        return cls(datetime.now(UTC) if day is None else datetime.combine(day, _STARTS))

    def wait(self, time: timedelta, *, really: bool = False) -> None:
        """Sets the clock forward and counts the wait; `really` waits for it too, where this clock can."""
        if really and self.sleep:
            self.sleep(time.total_seconds())
        self.now += time
        self.waited += time

    def pass_by(self, time: timedelta) -> None:
        """Sets the clock forward: people take their time, and that is no wait between tries."""
        self.now += time

    def branch(self) -> Clock:
        """A clock for one of several ways that begin now."""
        return Clock(self.now, sleep=self.sleep)

    def join(self, branches: Iterable[Clock]) -> None:
        """Goes on when the slowest way is through."""
        for branch in branches:
            self.now = max(self.now, branch.now)
            self.waited += branch.waited
