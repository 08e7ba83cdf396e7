"""What runs leave is what the published schemas say, of whatever outcome; both schemas refuse what nobody wrote."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "history"))

from history_made import manifest, record

from workflow_orchestrator.definition import load_workflow
from workflow_orchestrator.history import forget
from workflow_orchestrator.record import RunFolder, build_manifest
from workflow_orchestrator.record.schemas import history_json_schema, manifest_json_schema
from workflow_orchestrator.storage import LocalStorage

NAME = "fund_factsheet_video"


def problems(schema: dict[str, Any], data: Any) -> list[str]:
    Draft202012Validator.check_schema(schema)
    return [f"{error.json_path}: {error.message}" for error in Draft202012Validator(schema).iter_errors(data)]


def test_a_run_that_could_not_begin_has_a_manifest_of_the_schema(root: Path, tmp_path: Path) -> None:
    """Nothing was asked, read or made; every key is there."""
    workflow = load_workflow(root / "dags" / NAME, root / "include")
    facts = {"type": "manual", "triggered_by": None, "started": None, "trace": None}
    found = build_manifest(RunFolder(LocalStorage(tmp_path), NAME, "r"), workflow, states={}, run_facts=facts)
    assert problems(manifest_json_schema(), json.loads(json.dumps(found))) == []
    assert problems(manifest_json_schema(), {**found, "surprise": 1})
    assert problems(manifest_json_schema(), {key: value for key, value in found.items() if key != "values"})


def test_entries_of_the_history_are_of_the_schema(tmp_path: Path) -> None:
    """Of a run, of an erasure, and of a run whose names went."""
    storage = LocalStorage(tmp_path)
    for made in (manifest("a"), manifest("b", error="EncoderError", cost=None, released_by=None)):
        assert problems(history_json_schema(), json.loads(record(storage, made).to_bytes())) == []
    forget(storage, lambda named: True, {"finished": "2026-11-21T00:00:00+00:00"})
    for key in storage.list(f"history/{NAME}"):
        if not key.endswith("head.json"):
            assert problems(history_json_schema(), json.loads(storage.read(key))) == [], key
