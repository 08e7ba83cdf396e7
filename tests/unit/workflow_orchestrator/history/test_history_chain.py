"""Entries of the history: what they keep, and that many writers make one chain."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from history_made import FLOW, manifest, record

from workflow_orchestrator.errors import HistoryError
from workflow_orchestrator.history import Entry, read_entries, verify, workflows_in
from workflow_orchestrator.history.chain import key_of
from workflow_orchestrator.storage import LocalStorage


def test_an_entry_tells_how_a_run_went_and_keeps_names_apart(tmp_path: Path) -> None:
    """Facts hold times, cost, retries and findings; who and which document stand in the part that can be erased."""
    entry = record(LocalStorage(tmp_path), manifest("one"))
    facts = entry.facts
    assert (facts["outcome"], facts["seconds"], facts["cost_usd"], facts["video_seconds"]) == ("succeeded", 300.0, "0.012", 60.5)
    assert facts["retries"] == {"RateLimitError": 1}
    assert facts["findings"] == {"GEN-02": 1, "ytd_fits_months": 1}
    assert (facts["waited_seconds"], facts["models"]) == (180.0, ["gpt-x"])
    assert entry.named is not None
    assert (entry.named["released_by"], entry.named["corrected_by"], entry.named["requested_by"]) == (["Kim Legal"], ["Dana Data"], "Rita")
    sealed = json.dumps(dict(facts))
    assert not any(name in sealed for name in ("Kim", "Rita", "Dana", "one.pdf", entry.named["document_sha256"]))


def test_writers_that_end_together_make_one_chain_without_a_gap(tmp_path: Path) -> None:
    """Of forty at once each gets a number of its own, and each names the hash of the one before it."""
    storage = LocalStorage(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda number: record(storage, manifest(f"run{number}")), range(40)))
    assert sorted(entry.serial for entry in made) == list(range(1, 41))
    found = verify(storage, FLOW)
    assert (found.entries, found.manifests, found.faults) == (40, 40, ())


def test_a_head_that_lags_behind_is_only_a_place_to_begin(tmp_path: Path) -> None:
    """A writer that died before it noted its entry costs the next one a look; a lost head too."""
    storage = LocalStorage(tmp_path)
    for number in range(3):
        record(storage, manifest(f"run{number}"))
    old = storage.read(f"history/{FLOW}/head.json")
    record(storage, manifest("run3"))
    storage.write(f"history/{FLOW}/head.json", old)
    assert record(storage, manifest("run4")).serial == 5
    storage.delete(f"history/{FLOW}/head.json")
    assert record(storage, manifest("run5")).serial == 6
    assert verify(storage, FLOW).faults == ()


def test_the_recent_runs_travel_along_the_chain(tmp_path: Path) -> None:
    """Each entry knows the share of the last fifty that did not fail, without reading them."""
    storage = LocalStorage(tmp_path)
    assert record(storage, manifest("a")).success_rate == 1
    record(storage, manifest("b", error="VideoCheckError"))
    assert record(storage, manifest("c")).success_rate == pytest.approx(2 / 3)
    for number in range(50):
        last = record(storage, manifest(f"more{number}"))
    assert (last.success_rate, len(last.facts["recent"])) == (1, 50)


def test_a_damaged_entry_keeps_no_later_run_from_its_record(tmp_path: Path) -> None:
    """The next one is entered behind it; reading names the file, and verifying finds it."""
    storage = LocalStorage(tmp_path)
    record(storage, manifest("a"))
    storage.write(key_of(FLOW, 1), b"{")
    assert record(storage, manifest("b")).serial == 2
    with pytest.raises(HistoryError, match=r"000000001\.json"):
        list(read_entries(storage, FLOW))
    assert [fault.key for fault in verify(storage, FLOW).faults if "cannot be read" in fault.says] == [key_of(FLOW, 1)]


def test_entries_of_a_newer_platform_are_refused_by_name(tmp_path: Path) -> None:
    """What this platform cannot understand it does not guess at."""
    entry = json.loads(record(LocalStorage(tmp_path), manifest("a")).to_bytes())
    with pytest.raises(HistoryError, match="format 2, this platform reads up to 1"):
        Entry.from_json({**entry, "format": 2})
    with pytest.raises(HistoryError, match="no entry"):
        Entry.from_json({**entry, "serial": 0})


def test_workflows_have_chains_of_their_own(tmp_path: Path) -> None:
    """A number counts within its workflow."""
    storage = LocalStorage(tmp_path)
    record(storage, manifest("a"))
    assert record(storage, manifest("a", workflow="earnings_report_video")).serial == 1
    assert workflows_in(storage) == ["earnings_report_video", FLOW]
