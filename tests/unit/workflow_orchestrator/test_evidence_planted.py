"""Faults planted into true values are caught, in a small part of what `benchmarks/evidence.py` plants."""

from __future__ import annotations

import json
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path.append(str(ROOT / "benchmarks"))

from evidence import GOAL, GOAL_SAME_ROW, case_of, measure, sample_pointers  # noqa: E402 - found through the line above
from planted_faults import KINDS, SAME_ROW  # noqa: E402

from workflow_orchestrator.documents import read_document  # noqa: E402
from workflow_orchestrator.fields import FieldSet  # noqa: E402

SAMPLES = ROOT / "include" / "samples"
FIELDS = FieldSet.from_json(json.loads((ROOT / "dags/fund_factsheet_video/schema.json").read_text(encoding="utf-8")))
NAMES = ("calderwick_sterling_corporate_bond_en", "tannhorst_europa_dividende_de")
PER_KIND, SEED = 40, 11


@cache
def measured(name: str) -> dict[str, Any]:
    """Faults and false alarms of a sample."""
    truth = json.loads((SAMPLES / f"{name}.truth.json").read_text(encoding="utf-8"))
    document = read_document((SAMPLES / truth["file"]).read_bytes())
    return measure(case_of(name, document, FIELDS, sample_pointers(truth)), FIELDS, PER_KIND, SEED)


@pytest.mark.parametrize("kind", KINDS)
def test_planted_faults_are_caught(kind: str) -> None:
    """Of each kind at least the share that is the goal, over both samples together."""
    tallies = [measured(name)["with"]["tallies"].get(kind) for name in NAMES]
    planted = sum(tally.planted for tally in tallies if tally)
    caught = sum(tally.caught for tally in tallies if tally)
    assert planted, "no fault of this kind could be planted"
    assert caught / planted >= (GOAL_SAME_ROW if kind == SAME_ROW else GOAL)


@pytest.mark.parametrize("name", NAMES)
def test_true_values_are_not_refused(name: str) -> None:
    """Whoever hands a true value over, with its label or without: it is proven."""
    assert measured(name)["with"]["refused"] == []
