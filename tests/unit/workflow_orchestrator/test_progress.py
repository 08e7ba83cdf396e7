"""Long work says how far it is and how long the rest takes, seldom enough to be read, and ends its report when it ends."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from workflow_orchestrator import progress


class Clock:
    """Seconds that pass when somebody says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_the_first_and_the_last_line_always_come() -> None:
    """Work that is over at once gives two events, whatever its number of parts."""
    clock = Clock()
    with capture_logs() as logs, progress.of("narrating", 50, clock=clock) as going:
        for _ in range(50):
            going.done()
    assert [(entry["event"], entry["done"], entry["percent"], entry["seconds_left"]) for entry in logs] == [
        ("progress", 0, 0, None), ("progress", 50, 100, None),
    ]  # fmt: skip
    assert {(entry["log_level"], entry["work"], entry["total"]) for entry in logs} == {("info", "narrating", 50)}


def test_lines_between_are_seldom_and_tell_the_rest() -> None:
    """A line comes three seconds after the last one at the soonest; what is left follows from what is done so far."""
    clock = Clock()
    with capture_logs() as logs, progress.of("encoding", 100, clock=clock) as going:
        for second in range(1, 9):
            clock.now = 100.0 + second
            going.at(10 * second)
    assert [(entry["done"], entry["seconds_left"]) for entry in logs] == [(0, None), (30, 7), (60, 4), (100, None)]


def test_work_neither_goes_back_nor_beyond_its_end() -> None:
    """A count that shrinks or overshoots is the nearest one that can be, and 100 per cent is told once."""
    clock = Clock()
    with capture_logs() as logs, progress.of("encoding", 10, clock=clock) as going:
        clock.now += 5
        going.at(4)
        clock.now += 5
        going.at(2)
        going.at(99)
        going.done()
    assert [entry["done"] for entry in logs] == [0, 4, 10]


def test_broken_work_has_no_last_line() -> None:
    """An error leaves the report where it was."""
    with capture_logs() as logs, pytest.raises(RuntimeError), progress.of("narrating", 3):
        raise RuntimeError
    assert [entry["done"] for entry in logs] == [0]


def test_somebody_listens_for_as_long_as_asked() -> None:
    """A listener hears every line in words, and nothing after it has gone."""
    heard: list[str] = []
    clock = Clock()
    with progress.heard_by(lambda report: heard.append(str(report))), progress.of("narrating", 4, clock=clock) as going:
        clock.now += 4
        going.done()
    with progress.of("encoding", 1):
        pass
    assert heard == ["narrating: 0 of 4", "narrating: 1 of 4, 25 %, about 12 s left", "narrating: 4 of 4, 100 %"]


def test_a_wait_is_told_without_numbers() -> None:
    """Work of one part begins and ends, and says nothing of per cent."""
    heard: list[str] = []
    with progress.heard_by(lambda report: heard.append(str(report))), progress.of("waiting for an answer", 1):
        pass
    assert heard == ["waiting for an answer …", "waiting for an answer: done"]


def test_of_work_without_parts_nothing_is_told() -> None:
    """A block may turn out to have nothing to do."""
    with capture_logs() as logs, progress.of("narrating", 0) as going:
        going.done()
    assert not logs
