"""The manifest of a clean run of each workflow is the one that was looked at and committed: values, evidence, verdicts, steps, files.

    GOLDEN_MANIFESTS=write scripts/test tests/workflows/test_golden_manifests.py      writes them anew; read the diff before a commit
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from golden_manifest import cleaned, differences, written

from workflow_orchestrator.definition import load_workflow
from workflow_orchestrator.scenarios import load_scenarios, run_scenario

GOLDEN = Path(__file__).parent / "golden"
WRITE = os.environ.get("GOLDEN_MANIFESTS") == "write"
SHOWN = 40
CLEAN = {
    "earnings_report_video": "clean_english",
    "fund_factsheet_video": "clean_english",
    "research_paper_video": "clean_preprint",
}


@pytest.mark.parametrize("name", CLEAN)
def test_a_clean_run_has_the_manifest_that_was_looked_at(name: str, root: Path) -> None:
    """In offline mode, on the day of the scenario; only times, hashes, sizes and versions are left out."""
    workflow = load_workflow(root / "dags" / name, root / "include")
    scenario = next(one for one in load_scenarios(workflow).scenarios if one.name == CLEAN[name])
    result = run_scenario(workflow, scenario)
    assert result.failures == ()
    got = cleaned(result.manifest)
    path = GOLDEN / f"{name}.json"
    if WRITE:
        path.write_text(f"{written(got)}\n", encoding="utf-8")
    found = differences(json.loads(path.read_text(encoding="utf-8")), got)
    more = f"\n… and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    assert not found, f"{len(found)} facts of {path.name} are other:\n" + "\n".join(found[:SHOWN]) + more


def test_every_shipped_workflow_has_its_golden_manifest(root: Path) -> None:
    """A new workflow adds its own."""
    shipped = {path.parent.name for path in (root / "dags").glob("*/workflow.yaml")}
    assert shipped == set(CLEAN) == {path.stem for path in GOLDEN.glob("*.json")}


def test_a_difference_is_told_by_its_path() -> None:
    """One changed figure is one line, and an item that is new moves no other."""
    before = {"values": [{"field": "a", "key": "1y", "value": "1"}, {"field": "b", "key": "", "value": "2"}]}
    after = {"values": [{"field": "c", "value": "9"}, {"field": "a", "key": "1y", "value": "3"}, before["values"][1]]}
    told = "\n".join(differences(before, after))
    assert "values[a.1y].value\n    expected  '1'\n    got       '3'" in told
    assert "values[c].value\n    expected  nothing" in told and "values[b]" not in told
    assert differences(before, before) == []


def test_what_each_run_makes_anew_is_left_out() -> None:
    """Times, hashes, sizes and measured seconds; never a figure of the document."""
    manifest = {
        "run": {"started": "2026-11-29T10:00:00+00:00", "type": "in process"}, "seconds": 1.5, "files": [],
        "says": "it took 53.16 s at 2026-11-29T10:00:00+00:00, sha256:" + "ab" * 32, "value": "1084.2", "quote": "$1,084.2",
    }  # fmt: skip
    kept = cleaned(manifest)
    assert kept == {
        "run": {"type": "in process"}, "files": [], "says": "it took … at …, …", "value": "1084.2", "quote": "$1,084.2",
    }  # fmt: skip
    assert json.loads(written(kept)) == kept
