"""Questions to the history: which runs are meant, and what they come to."""

from __future__ import annotations

import csv
import io
import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from history_made import FLOW, manifest, record

from workflow_orchestrator.authoring.cli import main
from workflow_orchestrator.canonical import sha256
from workflow_orchestrator.history import Asked, find
from workflow_orchestrator.history.query import summed
from workflow_orchestrator.storage import LocalStorage


@pytest.fixture
def storage(tmp_path: Path) -> LocalStorage:
    """Five runs of two workflows over three days."""
    storage = LocalStorage(tmp_path / "storage")
    record(storage, manifest("old", finished="2026-11-18T09:00:00+00:00", cost="0.50"))
    record(storage, manifest("bad", finished="2026-11-19T09:00:00+00:00", error="VideoCheckError", released_by="Max Other"))
    record(storage, manifest("free", finished="2026-11-20T09:00:00+00:00", cost=None, document="=Alder & Söhne.pdf"))
    record(storage, manifest("again", finished="2026-11-20T10:00:00+00:00", error="EncoderError"))
    record(storage, manifest("again", finished="2026-11-20T11:00:00+00:00"))
    record(storage, manifest("figures", workflow="earnings_report_video", finished="2026-11-20T12:00:00+00:00"))
    return storage


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, ["figures", "again", "free", "bad", "old"]),
        ({"workflow": FLOW}, ["again", "free", "bad", "old"]),
        ({"outcome": "failed"}, ["bad"]),
        ({"every_record": True, "outcome": "failed"}, ["again", "bad"]),
        ({"error": "VideoCheckError"}, ["bad"]),
        ({"document": "alder"}, ["free"]),
        ({"document": sha256(b"old")[:12]}, ["old"]),
        ({"person": "rita"}, ["figures", "again", "free", "bad", "old"]),
        ({"person": "max"}, ["bad"]),
        ({"released_by": "kim"}, ["figures", "again", "free", "old"]),
        ({"costs": Decimal("0.1")}, ["old"]),
        ({"costs_at_most": Decimal("0.1")}, ["figures", "again", "bad"]),
        ({"since": date(2026, 11, 19), "until": date(2026, 11, 19)}, ["bad"]),
        ({"since": date(2026, 11, 20)}, ["figures", "again", "free"]),
    ],
)
def test_each_question_finds_its_runs(storage: LocalStorage, asked: dict[str, Any], found: list[str]) -> None:
    """The newest first; a run that was run again counts as it ended last."""
    assert [entry.says("run_id") for entry in find(storage, Asked(**asked))] == found


def test_runs_are_summed(storage: LocalStorage) -> None:
    """The share that did not fail, known cost and how many are unknown, errors by class."""
    total = summed(find(storage, Asked()))
    assert (total["runs"], total["success_rate"], total["unknown_costs"]) == (5, 0.8, 1)
    assert (total["cost_usd"], total["errors"]) == ("0.536", {"VideoCheckError": 1})
    assert summed([])["success_rate"] is None


def told(storage: LocalStorage, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[int, str]:
    """A command over this storage: exit code and output."""
    monkeypatch.setenv("GENAI_PLATFORM_STORAGE", storage.uri)
    out, err = io.StringIO(), io.StringIO()
    code = main(arguments, out=out, err=err, stdin=io.StringIO())
    return code, out.getvalue() + err.getvalue()


def test_the_command_lists_in_three_forms(storage: LocalStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table with a summary, JSON, and CSV in which no cell is a formula."""
    code, text = told(storage, monkeypatch, "history", FLOW, "--limit", "2")
    assert code == 0 and "4 runs (2 shown): 75.0% did not fail" in text and "VideoCheckError 1" in text
    _, text = told(storage, monkeypatch, "history", "--json", "--since", "2026-11-20")
    assert [row["run_id"] for row in json.loads(text)["runs"]] == ["figures", "again", "free"]
    _, text = told(storage, monkeypatch, "history", "--csv")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["released_by"] for row in rows][:2] == ["Kim Legal", "Kim Legal"]
    assert rows[2]["document"] == "'=Alder & Söhne.pdf"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--since", "yesterday"), "neither a day"), (("--costs", "much"), "no amount"), (("--costs", "-1"), "no amount"),
        (("--since", "2026-11-20", "--until", "2026-11-01"), "lies after"),
    ],
)  # fmt: skip
def test_wrong_questions_are_named(
    storage: LocalStorage, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], says: str
) -> None:
    """Exit code 2 and what to write instead."""
    code, text = told(storage, monkeypatch, "history", *arguments)
    assert code == 2 and says in text


def test_the_command_verifies(storage: LocalStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    """0 while all is as it was written, 1 and the file afterwards, 2 for a wrong anchor."""
    code, text = told(storage, monkeypatch, "verify")
    assert code == 0 and f"{FLOW}: 5 entries, 4 manifests: as it was written" in text
    storage.delete(f"history/{FLOW}/000000002.json")
    code, text = told(storage, monkeypatch, "verify", FLOW)
    assert code == 1 and "000000002.json is missing" in text
    code, text = told(storage, monkeypatch, "verify", "--anchor", "nonsense")
    assert code == 2 and "WORKFLOW:SERIAL:HASH" in text
