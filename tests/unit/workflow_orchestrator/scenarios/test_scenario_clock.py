"""The time of a run in process."""

from __future__ import annotations

from datetime import date, timedelta

from workflow_orchestrator.scenarios.clock import Clock


def test_nobody_waits_in_a_scenario() -> None:
    """The clock moves, and counts what would have been waited for."""
    clock = Clock.at(date(2026, 11, 15))
    before = clock.now
    clock.wait(timedelta(hours=3), really=True)
    clock.pass_by(timedelta(days=2))
    assert clock.now - before == timedelta(days=2, hours=3)
    assert clock.waited == timedelta(hours=3)


def test_a_real_model_is_not_asked_again_too_soon() -> None:
    """Where the clock can sleep it does, for the waits that are meant, also in a way of a parallel."""
    slept: list[float] = []
    clock = Clock.at(None)
    clock.sleep = slept.append
    clock.wait(timedelta(seconds=7), really=True)
    clock.wait(timedelta(seconds=5))
    clock.branch().wait(timedelta(seconds=3), really=True)
    assert slept == [7.0, 3.0]
