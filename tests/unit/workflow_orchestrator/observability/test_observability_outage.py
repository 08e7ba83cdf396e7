"""What processes remember together of a collector that is away: who may try and when, and that one of them at a time does."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from workflow_orchestrator.observability.outage import FULL_EVERY, LONGEST_PAUSE, PAUSE, Outages

RACE = """
import os, sys
from pathlib import Path
from workflow_orchestrator.observability.outage import Outages

outages, gate = Outages(Path(sys.argv[1])), os.pipe()
results = os.pipe()
for _ in range(int(sys.argv[2])):
    if os.fork() == 0:
        os.close(gate[1])
        os.read(gate[0], 1)
        os.write(results[1], (outages.turn() + " ").encode())
        os._exit(0)
os.close(gate[1])
os.close(gate[0])
os.close(results[1])
for _ in range(int(sys.argv[2])):
    os.wait()
print(os.read(results[0], 65536).decode())
"""


@dataclass
class Clock:
    now: float = 1_000_000.0

    def __call__(self) -> float:
        return self.now

    def pass_(self, time: timedelta) -> None:
        self.now += time.total_seconds()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def outages(tmp_path: Path, clock: Clock) -> Outages:
    return Outages(tmp_path / "c.json", clock)


def test_while_all_is_well_everybody_sends_and_nothing_is_written(outages: Outages, tmp_path: Path) -> None:
    """No file comes from asking, from counting or from an answer."""
    assert [outages.turn() for _ in range(2)] == ["send", "send"]
    outages.count_lost()
    assert outages.end() is None
    assert list(tmp_path.iterdir()) == []


def test_one_in_each_pause_tries(outages: Outages, clock: Clock) -> None:
    """It has a glance, and the others hold back."""
    assert outages.begin("no answer")
    clock.pass_(PAUSE - timedelta(seconds=1))
    assert outages.turn() == "hold"
    clock.pass_(timedelta(seconds=1))
    assert [outages.turn() for _ in range(3)] == ["glance", "hold", "hold"]
    clock.pass_(PAUSE)
    assert [outages.turn() for _ in range(3)] == ["glance", "hold", "hold"]


def test_a_collector_that_became_slow_is_found_again(outages: Outages, clock: Clock) -> None:
    """One of many tries has all its time; how long nobody had anything to send does not count."""
    for _ in range(2):
        outages.begin("no answer")
        turns = []
        for _ in range(FULL_EVERY):
            clock.pass_(timedelta(days=1))
            turns.append(outages.turn())
        assert turns == ["glance"] * (FULL_EVERY - 1) + ["send"]


def test_an_outage_is_news_once(outages: Outages, clock: Clock) -> None:
    """It keeps its beginning; how long to wait is the collector's word, up to a limit."""
    assert outages.begin("no answer")
    began = clock.now
    clock.pass_(PAUSE)
    assert not outages.begin("it answers 503", timedelta(days=1))
    found = outages.known()
    assert found is not None
    assert (found.since, found.tried, found.reason) == (began, clock.now, "it answers 503")
    clock.pass_(LONGEST_PAUSE - timedelta(seconds=1))
    assert outages.turn() == "hold"
    clock.pass_(timedelta(seconds=1))
    assert outages.turn() == "glance"


def test_the_end_is_told_to_one_with_what_was_lost(outages: Outages, tmp_path: Path) -> None:
    """The count begins anew with the next outage."""
    for lost in (3, 1):
        outages.begin("no answer")
        for _ in range(lost):
            outages.count_lost()
        over = outages.end()
        assert over is not None and over[1] == lost
        assert outages.end() is None
    assert [path.name for path in tmp_path.iterdir()] == ["c.lock"]


def test_a_clock_that_was_set_back_holds_nobody(outages: Outages, clock: Clock) -> None:
    """A try that lies in the future is none."""
    outages.begin("no answer")
    clock.pass_(timedelta(hours=-1))
    assert outages.turn() == "glance"


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b'{"format": 1, "outage": {"since": 1}}', b'{"format": 2}'])
def test_a_damaged_file_holds_nothing_back(outages: Outages, tmp_path: Path, content: bytes) -> None:
    """It says nothing, and goes with the next answer."""
    (tmp_path / "c.json").write_bytes(content)
    assert outages.turn() == "send"
    assert outages.end() is None
    assert not (tmp_path / "c.json").exists()


def test_without_a_folder_nothing_is_held_back(tmp_path: Path) -> None:
    """A temporary folder that was swept away makes nobody fail."""
    outages = Outages(tmp_path / "gone" / "c.json")
    assert outages.begin("no answer") is False
    outages.count_lost()
    assert (outages.turn(), outages.end()) == ("send", None)


def test_of_many_processes_one_tries(root: Path, tmp_path: Path) -> None:
    """Twenty that ask at the same moment, the pause being over: one looks, nineteen hold back."""
    path = tmp_path / "c.json"
    Outages(path).begin("no answer")
    state = json.loads(path.read_bytes())
    state["outage"]["tried"] -= 60
    path.write_text(json.dumps(state))
    done = subprocess.run(
        [sys.executable, "-c", RACE, str(path), "20"],
        env={"PYTHONPATH": str(root / "plugins")}, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert Counter(done.stdout.split()) == {"glance": 1, "hold": 19}
