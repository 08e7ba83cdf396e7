"""Calls that wait without a worker, on a whole Airflow with PostgreSQL: many at once, after a kill, after a refusal."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from debian_here import may_install
from deferred_airflow import SLOTS, Deferred, deferred_airflow
from postgres_here import find_programs

pytestmark = [pytest.mark.airflow, pytest.mark.served]


@pytest.fixture(scope="module")
def deferred(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deferred]:
    """Starts once for this module."""
    if find_programs() is None and not may_install():
        pytest.skip("PostgreSQL is not installed, and only root may install it (Debian: apt-get install postgresql)")
    with deferred_airflow(tmp_path_factory.mktemp("deferred")) as running:
        yield running


def test_forty_calls_wait_together_on_two_worker_slots(deferred: Deferred) -> None:
    """Forty calls of three seconds are in flight together, one request each, and no task holds a worker."""
    runs = 40
    deferred.reset()
    deferred.trigger("call_answered", "many", runs)
    deferred.end("many", runs, "success")
    report = deferred.report()
    assert report["requests"] == report["answered"] == report["prompts"] == runs
    assert report["peak"] >= 30
    assert report["peak"] > 10 * SLOTS
    assert deferred.most_running == 0


def test_an_answer_that_had_arrived_is_not_asked_for_again_after_a_kill(deferred: Deferred) -> None:
    """kill -9 on the triggerer between answers: every run succeeds, and only what was on the line is sent again."""
    runs = 24
    deferred.reset()
    deferred.trigger("call_answered", "killed", runs)
    deferred.wait(lambda: deferred.journalled("killed") >= 4, "the first answers", every=0.02)
    deferred.airflow.kill("triggerer")
    arrived, sent = deferred.journalled("killed"), deferred.report()["requests"]
    assert 0 < arrived < sent <= runs, "killed at a moment that shows nothing"
    deferred.airflow.spawn("triggerer")
    deferred.end("killed", runs, "success")
    report = deferred.report()
    assert report["prompts"] == runs
    assert report["requests"] == runs + sent - arrived


@pytest.mark.parametrize("kind", ["refused", "rejected", "used_up"])
def test_what_no_retry_can_cure_costs_one_request_and_one_try(deferred: Deferred, kind: str) -> None:
    """A 401, a 400 and a used-up quota fail the task for good although two retries are left."""
    deferred.reset()
    deferred.trigger(f"call_{kind}", kind, 1)
    deferred.end(kind, 1, "failed")
    assert deferred.report()["requests"] == 1
    (only,) = deferred.tries(f"{kind}-0")
    assert only["try_number"] == 1


def test_a_busy_model_is_asked_again_when_it_said_so(deferred: Deferred) -> None:
    """After a 429 with Retry-After 5 the second request comes after 5 s, not sooner and at most a second later."""
    deferred.reset()
    deferred.trigger("call_busy", "busy", 1)
    deferred.end("busy", 1, "success")
    report = deferred.report()
    assert report["requests"] == 2
    first, second = deferred.tries("busy-0")
    assert "RateLimitError" in first["retry_reason"]
    assert "status=429" in first["retry_reason"]
    assert "retry_after=5s" in first["retry_reason"]
    assert first["retry_delay_override"] < 5
    assert second["state"] == "success"
    refused, asked_again = report["received"]
    print(f"asked again {asked_again - refused:.2f} s after the 429")
    assert 5 <= asked_again - refused <= 6
