"""The deadline of a run: what Airflow is told, and what the channel is told."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from factory_sample import HEAD, dag_of, tell

pytestmark = pytest.mark.airflow

LATE = {
    "dag_run": {
        "dag_id": "small",
        "dag_run_id": "doc_1",
        "queued_at": "2026-11-24T02:00:00Z",
        "state": "running",
    }
}


def test_a_deadline_counts_from_the_run_s_creation_and_calls_once_by_name(tmp_path: Path) -> None:
    """The alert names a function of the platform and a channel; no path of this machine is in it."""
    from airflow.serialization.serialized_objects import DagSerialization

    dag = dag_of(tmp_path, tell("one"), HEAD + "deadline: {within: 4h, notify: operations}\n")
    (alert,) = dag.deadline
    assert alert.interval == timedelta(hours=4)
    assert alert.reference.reference_name == "RunCreated"
    assert alert.callback.path == "workflow_orchestrator.factory.deadline.tell_late"
    assert alert.callback.kwargs == {"channel": "operations", "title": "Small", "within": "4 h"}
    assert str(tmp_path) not in str(DagSerialization.to_dict(dag)["dag"]["deadline"])


def test_without_a_deadline_there_is_no_alert(tmp_path: Path) -> None:
    """Nothing is watched that nobody asked for."""
    assert not dag_of(tmp_path, tell("one")).deadline


def test_a_late_run_is_told_to_the_channel() -> None:
    """A channel without a notifier takes the message into the log, and says so."""
    from workflow_orchestrator.factory.deadline import tell_late

    assert tell_late(channel="operations", title="Small", within="4 h", context=LATE) == "logged"


def test_a_channel_that_is_not_there_is_named() -> None:
    """The error says which ones there are."""
    from workflow_orchestrator.errors import ConfigurationError
    from workflow_orchestrator.factory.deadline import tell_late

    with pytest.raises(ConfigurationError, match=re.escape("'nowhere'")):
        tell_late(channel="nowhere", title="Small", within="4 h", context=LATE)
