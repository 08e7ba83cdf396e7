"""A wait under Airflow: the worker is left, the triggerer watches the clock, and the step goes on when the moment has come."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from workflow_orchestrator.operators.services import RESUME, AirflowServices

pytestmark = pytest.mark.airflow


class Left(Exception):
    """The worker was left."""


class Task:
    """The operator of a wait step."""

    def __init__(self) -> None:
        self.how: dict[str, Any] = {}

    def defer(self, **how: Any) -> None:
        self.how = how
        raise Left


def test_the_worker_is_left_until_the_moment() -> None:
    """Airflow's own trigger has the moment with its zone, and the step goes on where every step does."""
    task, moment = Task(), datetime.now(UTC) + timedelta(hours=5)
    services = AirflowServices(task, {})  # type: ignore[arg-type]
    with pytest.raises(Left):
        services.wait_until(SimpleNamespace(), moment)  # type: ignore[arg-type]
    assert task.how["method_name"] == RESUME
    path, arguments = task.how["trigger"].serialize()
    assert path.endswith("DateTimeTrigger")
    assert arguments["moment"] == moment
