"""Who asked for a run, also where other runs asked for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from workflow_orchestrator.steps.four_eyes import FourEyes, requested_by, who_may_release
from workflow_orchestrator.steps.work import Answer
from workflow_orchestrator.storage import LocalStorage


@pytest.fixture
def storage(tmp_path: Path) -> LocalStorage:
    """A run that Mara triggered, which called one, which called another."""
    storage = LocalStorage(tmp_path)
    storage.write("runs/a/1/request.json", b'{"triggered_by": "Mara", "source": {"key": "inbox/a/x.pdf"}}')
    storage.write("runs/b/1/request.json", b'{"triggered_by": null, "source": {"key": "runs/a/1/source.pdf"}}')
    return storage


def test_a_called_run_was_asked_for_by_who_asked_for_the_first(storage: LocalStorage) -> None:
    """Through as many runs as there are; a document of the inbox leads nowhere."""
    assert requested_by(storage, {"source": {"key": "runs/b/1/source.pdf"}}) == "Mara"
    assert requested_by(storage, {"source": {"key": "inbox/b/x.pdf"}}) is None
    assert requested_by(storage, {"source": {"key": "runs/c/1/source.pdf"}}) is None
    assert requested_by(storage, {}) is None


def test_runs_that_lead_in_a_circle_end(storage: LocalStorage) -> None:
    """A request that names itself was asked for by nobody."""
    storage.write("runs/c/1/request.json", b'{"source": {"key": "runs/c/1/source.pdf"}}')
    assert requested_by(storage, {"source": {"key": "runs/c/1/source.pdf"}}) is None


def test_names_and_ids_are_compared() -> None:
    """Airflow tells an editor's name and id; either is enough to know the person again."""
    eyes = FourEyes("Mara", (("kim", "7"),), required=True)
    for by, by_id, why in (("Kim", "9", "edited"), ("K. Legal", "7", "edited"), ("lou", "mara", "asked"), ("Lou", "8", "")):
        assert why in eyes.against(Answer("Approve", {}, by, "now", by_id))
        assert bool(eyes.against(Answer("Approve", {}, by, "now", by_id))) == bool(why)


def test_an_open_group_is_open() -> None:
    """A group without members leaves nobody out; where four eyes are not held to, nobody is left out either."""
    eyes = FourEyes("mara", (), required=True)
    assert who_may_release({"compliance": ()}, ["compliance"], eyes) is None
    assert who_may_release({"compliance": ("mara", "kim")}, ["compliance"], eyes) == ["kim"]
    lax = FourEyes("mara", (), required=False)
    assert who_may_release({"compliance": ("mara",)}, ["compliance"], lax) == ["mara"]
