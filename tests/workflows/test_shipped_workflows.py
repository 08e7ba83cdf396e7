"""The scenarios of every workflow that is shipped: all of them pass, in process, and nothing is left out."""

from __future__ import annotations

from pathlib import Path

import pytest

from workflow_orchestrator.scenarios import run_all

FOLDERS = sorted(path.parent for path in (Path(__file__).resolve().parents[2] / "dags").glob("*/workflow.yaml"))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_scenario_passes(folder: Path, root: Path) -> None:
    """Each comes as expected, each cell of the failure table is what the runner does, and coverage is above its floor."""
    report = run_all(folder, root / "include")
    assert {result.name: result.failures for result in report.failed} == {}
    assert report.wrong == ()
    assert report.coverage is not None and report.coverage.below == ()
    assert report.passed
