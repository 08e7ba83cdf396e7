"""What a run must not read any more: of a step that was passed over, of a way that is not taken again, of items that are gone."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scenarios"))

from scenario_lab import step, workflow

from workflow_orchestrator.definition.steps import Arm, Choose, Condition, Map, Parallel, Reference
from workflow_orchestrator.errors import BudgetError, DocumentNotFoundError
from workflow_orchestrator.record import RunFolder
from workflow_orchestrator.record.leftovers import take_back, withdraw
from workflow_orchestrator.steps.conditions import Facts, value_of
from workflow_orchestrator.storage import LocalStorage

IF = Condition("is", Reference("parameter", "p"), 1)
NAMES = Reference("parameter", "names")


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """A run."""
    return RunFolder(LocalStorage(tmp_path), "trial", "r1")


def make(run: RunFolder, name: str, *files: str) -> None:
    """A step that went well, and what it made."""
    with run.reporting(name, 1) as report:
        report.artifacts += [run.write(file, name.encode()) for file in files or [f"made/{name}.json"]]


def test_an_item_that_goes_on_without_a_step_does_not_read_what_the_run_made_before(run: RunFolder) -> None:
    """It would pass for the answer of the step that failed; other items and the run keep theirs."""
    run.write("made/outlook.json", b"run")
    item, other = run.item("m", 0), run.item("m", 1)
    item.write("made/outlook.json", b"item")
    withdraw(item, step("outlook"))
    assert not item.exists("made/outlook.json")
    with pytest.raises(DocumentNotFoundError, match=r"each/m/0 of run 'r1' has no made/outlook\.json"):
        item.read("made/outlook.json")
    assert (run.read("made/outlook.json"), other.read("made/outlook.json")) == (b"run", b"run")
    item.write("made/outlook.json", b"again")
    assert item.read("made/outlook.json") == b"again"


def test_a_folder_is_taken_away_whole(run: RunFolder) -> None:
    """Slides are a folder of pictures, and an item sees none of the run's."""
    item = run.item("m", 0)
    for place in (run, item):
        place.write("slides/slide_01.png", b"x")
    item.withdraw("slides/")
    assert item.names("slides", ".png") == []
    assert not item.exists("slides/slide_01.png")
    assert run.names("slides", ".png") == ["slides/slide_01.png"]
    item.restore("slides/")
    assert item.names("slides", ".png") == ["slides/slide_01.png"]
    run.withdraw("slides/")
    assert run.names("slides") == []


def test_what_the_old_way_made_is_gone_and_the_rest_stays(run: RunFolder) -> None:
    """Files go by who wrote them last; the reports stay, with what was paid, and end in `skipped`."""
    a, b, early = step("a"), step("b"), step("early")
    choice = Choose("c", (Arm("left", (a,), IF), Arm("right", (b,))))
    make(run, "early", "made/early.json", "made/kept.json", "made/lost.json")
    make(run, "a", "made/a.json", "made/lost.json")
    take_back(run, workflow(early, choice), [a])
    assert run.names("made") == ["made/early.json", "made/kept.json"]
    assert [attempt["state"] for attempt in run.attempts("a")] == ["success", "skipped"]
    assert run.attempts("b") == []


def test_a_step_that_a_rerun_does_not_come_by_has_not_failed(run: RunFolder) -> None:
    """A later condition that asks whether it failed must not hear of the way that was taken before the clear."""
    a = step("a", default="continue")
    of = workflow(Choose("c", (Arm("left", (a,), IF),)))
    with pytest.raises(BudgetError), run.reporting("a", 1):
        raise BudgetError("used up")
    facts = Facts(run, of, {})
    assert value_of(Reference("failed", "a"), facts) is True
    take_back(run, of, [a])
    assert value_of(Reference("failed", "a"), facts) is False


def test_blocks_maps_and_detours_of_the_old_way_are_gone_too(run: RunFolder) -> None:
    """With the list and the folders of its items."""
    inner, other, detour = step("inner", ("LLMError", "d")), step("other"), step("d")
    loop = Map("m", NAMES, "name", 3, 1, (inner,))
    both = Parallel("p", (Arm("x", (loop,)), Arm("y", (other,))))
    of = workflow(both, detours=[detour])
    object.__setattr__(of.steps[0], "within_map", "m")
    with run.reporting("m", 1) as report:
        report.artifacts.append(run.write_json("each/m/items.json", {"item_name": "name", "items": ["one", "two"]}))
    make(run.item("m", 0), "inner")
    make(run.item("m", 1), "d", "made/inner.json")
    run.item("m", 1).withdraw("made/d.json")
    make(run, "other")
    take_back(run, of, [both])
    assert [name for name in run.names("") if "/steps/" not in name and not name.startswith("steps/")] == []
    for place, name in ((run, "m"), (run, "other"), (run.item("m", 0), "inner"), (run.item("m", 1), "d")):
        assert place.attempts(name)[-1]["state"] == "skipped"


def test_a_try_that_could_not_report_is_noted_once(run: RunFolder) -> None:
    """Behind the last that did; where that one was left waiting, it is the same try."""
    run.note("s", "failed", {"error": "unknown", "classes": []})
    run.note("s", "skipped")
    assert [(one["attempt"], one["state"], one["error"]) for one in run.attempts("s")] == [
        (1, "failed", {"error": "unknown", "classes": []}),
        (2, "skipped", None),
    ]

    class Parked(BaseException):
        """Set aside by Airflow."""

    with pytest.raises(Parked), run.reporting("w", 1, (Parked,)) as report:
        report.facts["called"] = 7
        raise Parked
    run.note("w", "failed", {"error": "unknown", "classes": []})
    (only,) = run.attempts("w")
    assert (only["state"], only["facts"]) == ("failed", {"called": 7})
