"""What the security tests share: the benches of the unit tests, and the shipped workflow."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import pytest

from workflow_orchestrator.definition import load_workflow
from workflow_orchestrator.definition.model import Workflow

UNIT = Path(__file__).resolve().parents[1] / "unit"
sys.path[:0] = [str(UNIT / "workflow_orchestrator" / "steps"), str(UNIT / "workflow_orchestrator" / "history")]
# Before the first import of Airflow, which makes a home where it finds none.
os.environ.setdefault("AIRFLOW_HOME", tempfile.mkdtemp(prefix="airflow-home-"))
os.environ.setdefault("AIRFLOW__CORE__LOAD_EXAMPLES", "False")

NAME = "fund_factsheet_video"


@pytest.fixture(scope="session")
def workflow(root: Path) -> Workflow:
    """The shipped workflow."""
    return load_workflow(root / "dags" / NAME, root / "include")
