"""One whole Airflow for all served tests: SQLite, LocalExecutor, a free loopback port, a storage of its own.

It defers model calls, as a deployment does; the demo and the unit tests ask on the worker.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from airflow_here import LocalAirflow
from served_airflow import WORKFLOW, Served


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Iterator[Served]:
    """Starts once, ends with the session."""
    defers = {"AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE": "True"}
    with LocalAirflow(tmp_path_factory.mktemp("airflow"), environment=defers) as airflow:
        airflow.wait_for_dag(WORKFLOW)
        airflow.wait_for_dag(f"{WORKFLOW}_nightly")
        yield Served(airflow, root / "include" / "samples")
