"""A run whose time is up: Airflow ends it from outside, and its record and its last steps are made up for."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from factory_sample import HEAD, dag_of, tell

pytestmark = pytest.mark.airflow


class Dag:
    """Tasks that note that they ran."""

    def __init__(self, *, last: dict[str, Exception | None]) -> None:
        self.ran: list[str] = []
        self._last = last

    def get_task(self, name: str) -> Any:
        """A task by name."""
        dag = self

        class Task:
            """One of them."""

            workflow = type("Workflow", (), {"last": [type("Step", (), {"name": name}) for name in dag._last]})

            def execute(self, context: Any) -> None:
                """Notes it, and fails if it shall."""
                dag.ran.append(name)
                error = dag._last.get(name)
                if error is not None:
                    raise error

        return Task()


def test_a_run_timeout_is_airflow_s_with_a_callback(tmp_path: Path) -> None:
    """Without one there is neither."""
    from workflow_orchestrator.factory.run_timeout import settle

    dag = dag_of(tmp_path / "with", tell("one"), HEAD + "run_timeout: 7d\n")
    assert dag.dagrun_timeout == timedelta(days=7)
    assert dag.on_failure_callback == settle or dag.on_failure_callback == [settle]
    plain = dag_of(tmp_path / "without", tell("one"))
    assert plain.dagrun_timeout is None
    assert not plain.on_failure_callback


def test_the_record_is_written_and_the_last_steps_run() -> None:
    """In their order; one that is not for a failed run, and one whose channel is away, keep no other from being told."""
    from airflow.sdk.exceptions import AirflowSkipException

    from workflow_orchestrator.errors import NotificationError
    from workflow_orchestrator.factory.run_timeout import settle

    dag = Dag(last={"good_only": AirflowSkipException("no"), "away": NotificationError("no"), "told": None})
    settle({"reason": "timed_out", "dag": dag})
    assert dag.ran == ["record_execution", "good_only", "away", "told"]


def test_a_run_that_failed_by_itself_has_that_behind_it() -> None:
    """The callback is called for every failed run, and does nothing then."""
    from workflow_orchestrator.factory.run_timeout import settle

    dag = Dag(last={"told": None})
    settle({"reason": "task_failure", "dag": dag})
    assert dag.ran == []
