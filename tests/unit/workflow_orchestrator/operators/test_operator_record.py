"""The end of a run on record: the compliance report is written with the manifest, and never keeps the manifest from being written."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "steps"))

from step_lab import opened

from workflow_orchestrator.canonical import sha256
from workflow_orchestrator.definition import load_workflow
from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.operators.record import RecordExecutionOperator
from workflow_orchestrator.record import RunFolder

NAME = "fund_factsheet_video"


@pytest.fixture(scope="module")
def workflow(root: Path) -> Workflow:
    """The shipped workflow."""
    return load_workflow(root / "dags" / NAME, root / "include")


@pytest.fixture
def run(workflow: Workflow, tmp_path: Path) -> RunFolder:
    """A run that was opened."""
    return opened(tmp_path, workflow)


def manifest() -> dict[str, Any]:
    """What a report needs of a manifest."""
    error = {"step": "extract_factsheet_data", "error": "NotAPdfError", "message": "no PDF", "retryable": False, "classes": []}
    return {"outcome": "failed", "error": error, "artifacts": []}


def test_the_report_is_listed_in_the_manifest(workflow: Workflow, run: RunFolder) -> None:
    """As it lies in the run's folder, also where the run failed."""
    found = manifest()
    RecordExecutionOperator(workflow=workflow)._report(run, workflow, found)
    assert {item["name"]: item["sha256"] for item in found["artifacts"]} == {
        name: sha256(run.read(name)) for name in ("compliance_report.json", "compliance.html")
    }
    assert run.read_json("compliance_report.json")["ending"]["outcome"] == "failed"


def test_a_report_that_cannot_be_had_is_told(workflow: Workflow, run: RunFolder) -> None:
    """Packs that are gone leave a manifest that says so."""
    gone = replace(workflow, rules=replace(workflow.rules, compliance_checks=("gone",)))
    found = manifest()
    RecordExecutionOperator(workflow=gone)._report(run, gone, found)
    assert found["compliance_report"]["error"] == "DefinitionError"
    assert "gone" in found["compliance_report"]["message"]
    assert found["artifacts"] == []
