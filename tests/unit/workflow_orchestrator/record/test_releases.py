"""What is kept of a release, and which one the next document is compared with."""

from __future__ import annotations

import threading
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from workflow_orchestrator.errors import StorageError
from workflow_orchestrator.record import RunFolder
from workflow_orchestrator.record.releases import last_release, release_files
from workflow_orchestrator.rules.previous import Identity, Release
from workflow_orchestrator.storage import LocalStorage
from workflow_orchestrator.values import Evidence, Kind, Origin, Value, ValueSet

IDENTITY = Identity((("isin",), ("name", "share_class")), "as_of")
ISIN, OTHER = "LU0427929855", "LU9904127735"


def sheet(day: str, *, isin: str = ISIN, name: str = "Fund", charges: str = "0.85") -> ValueSet:
    """The values of one factsheet; without an ISIN where it is empty."""
    texts = {
        "name": (Kind.TEXT, name),
        "share_class": (Kind.TEXT, "A"),
        "strategy": (Kind.PARAGRAPH, "It buys shares."),
    }
    if isin:
        texts["isin"] = (Kind.ISIN, isin)
    made = [Value(field, kind, text, Evidence(1, text), Origin.OFFLINE) for field, (kind, text) in texts.items()]
    made.append(Value("as_of", Kind.DATE, date.fromisoformat(day), Evidence(1, day), Origin.OFFLINE))
    made.append(Value("charges", Kind.PERCENT, Decimal(charges), Evidence(1, charges), Origin.OFFLINE, decimals=2))
    return ValueSet(made)


@pytest.fixture
def storage(tmp_path: Path) -> LocalStorage:
    return LocalStorage(tmp_path)


def run_of(storage: LocalStorage, run_id: str) -> RunFolder:
    return RunFolder(storage, "w", run_id)


def release(
    storage: LocalStorage, run_id: str, values: ValueSet, *, at: str = "2026-10-12T09:00:00+00:00", mode: str = "person"
) -> list[str]:
    """Keeps a release and says under which keys."""
    files = release_files(run_of(storage, run_id), IDENTITY, values, pages=2, at=at, mode=mode)
    for key, data in files.items():
        storage.write(key, data)
    return list(files)


def found(storage: LocalStorage, values: ValueSet, run_id: str = "now", profile: str = "production") -> Release | None:
    return last_release(run_of(storage, run_id), IDENTITY, values, profile=profile)


def test_the_latest_earlier_day_is_found_whatever_the_order_of_the_runs(storage: LocalStorage) -> None:
    """A month that is made up for later does not hide a newer one, and a later one is no release before."""
    for run_id, day in (("r3", "2026-09-30"), ("r1", "2026-07-31"), ("r4", "2026-10-31"), ("r2", "2026-08-31")):
        release(storage, run_id, sheet(day))
    before = found(storage, sheet("2026-10-31"))
    assert before is not None
    assert (before.run_id, before.as_of, before.pages) == ("r3", date(2026, 9, 30), 2)
    assert before.values["charges"].value == Decimal("0.85")
    assert "strategy" not in before.values
    assert found(storage, sheet("2026-07-31")) is None


def test_a_document_is_never_compared_with_itself(storage: LocalStorage) -> None:
    """Neither a second run of the same day nor the very run under another day is a release before."""
    release(storage, "now", sheet("2026-09-30"))
    assert found(storage, sheet("2026-10-31"), run_id="now") is None
    assert found(storage, sheet("2026-09-30"), run_id="again") is None
    assert found(storage, sheet("2026-10-31"), run_id="next") is not None


def test_of_two_releases_of_one_day_the_later_release_counts(storage: LocalStorage) -> None:
    """A sheet that was released again, corrected, is the one that stands."""
    release(storage, "second", sheet("2026-09-30", charges="0.95"), at="2026-10-13T09:00:00+00:00")
    release(storage, "first", sheet("2026-09-30"))
    before = found(storage, sheet("2026-10-31"))
    assert before is not None
    assert before.run_id == "second"


def test_a_run_that_is_released_again_writes_over_its_own(storage: LocalStorage) -> None:
    """A redrive leaves no second file behind."""
    once = release(storage, "r", sheet("2026-09-30"))
    assert release(storage, "r", sheet("2026-09-30", charges="0.95")) == once
    assert sorted(storage.list("releases")) == sorted(once)


def test_name_and_class_find_what_has_no_isin(storage: LocalStorage) -> None:
    """A sheet that lost its ISIN is still the same; another ISIN under the same name is another class."""
    release(storage, "r", sheet("2026-09-30"))
    assert found(storage, sheet("2026-10-31", isin="")) is not None
    assert found(storage, sheet("2026-10-31", isin=OTHER)) is None
    assert found(storage, sheet("2026-10-31", name="Fund, renamed")) is not None
    assert found(storage, sheet("2026-10-31", isin="", name="Fund, renamed")) is None


def test_production_compares_with_what_a_person_released(storage: LocalStorage) -> None:
    """What a demo released by itself nobody has looked at."""
    release(storage, "person", sheet("2026-08-31"))
    release(storage, "demo", sheet("2026-09-30"), mode="auto")
    before, demo = found(storage, sheet("2026-10-31")), found(storage, sheet("2026-10-31"), profile="demo")
    assert before is not None
    assert demo is not None
    assert (before.run_id, demo.run_id) == ("person", "demo")


def test_without_a_day_or_an_identity_nothing_is_kept_or_found(storage: LocalStorage) -> None:
    """A sheet that cannot be placed in time or told from others is compared with nothing."""
    release(storage, "r", sheet("2026-09-30"))
    full = sheet("2026-10-31")
    undated = ValueSet(value for value in full.values() if value.field != "as_of")
    nameless = ValueSet(value for value in full.values() if value.field not in ("isin", "share_class"))
    for values in (undated, nameless):
        assert found(storage, values) is None
        assert release(storage, "other", values) == []


def test_two_releases_at_once_are_both_whole(storage: LocalStorage) -> None:
    """Runs write files of their own, so none waits for another and none is lost."""
    start = threading.Barrier(8)

    def one(number: int) -> None:
        start.wait()
        release(storage, f"r{number}", sheet("2026-09-30"), at=f"2026-10-12T09:00:0{number}+00:00")

    threads = [threading.Thread(target=one, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(list(storage.list("releases"))) == 16
    before = found(storage, sheet("2026-10-31"))
    assert before is not None
    assert before.run_id == "r7"


def test_a_file_that_is_no_release_is_named(storage: LocalStorage) -> None:
    """Somebody's own file is said with its place, and is not taken for the first sheet of the fund; other names are left alone."""
    [key, *_] = release(storage, "r", sheet("2026-09-30"))
    storage.write(f"{key.rpartition('/')[0]}/notes.txt", b"mine")
    assert found(storage, sheet("2026-10-31")) is not None
    storage.write(key, b'{"as_of": "2026-09-30"}')
    with pytest.raises(StorageError, match=r"2026-09-30_.*\.json is no release that can be read \(KeyError"):
        found(storage, sheet("2026-10-31"))


def test_an_item_of_a_map_is_not_the_run_around_it(storage: LocalStorage) -> None:
    """Two items of one run are two releases."""
    run = run_of(storage, "r")
    keys = {
        key
        for folder in (run, run.item("each", 0), run.item("each", 1))
        for key in release_files(folder, IDENTITY, sheet("2026-09-30"), pages=1, at="t", mode="person")
    }
    assert len(keys) == 6
