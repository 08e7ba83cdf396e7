"""The trigger that follows a document's run, and the asset that a finished video updates."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import AssetAlias
from airflow.sdk.execution_time.context import OutletEventAccessors

from workflow_orchestrator.operators import settled
from workflow_orchestrator.operators.outlets import announce_video, video_asset, video_outlet
from workflow_orchestrator.operators.settled import DocumentSettledTrigger, asks_of
from workflow_orchestrator.record import RunFolder
from workflow_orchestrator.storage import LocalStorage

pytestmark = pytest.mark.airflow

ASKED = ("running", ("approve",))
WORKS: tuple[str, tuple[str, ...]] = ("running", ())


class Looking(DocumentSettledTrigger):
    """A trigger whose looks are told beforehand; an error is raised."""

    def __init__(self, *looks: Any, until: datetime | None = None) -> None:
        end = until or datetime.now(UTC) + timedelta(hours=1)
        super().__init__("letters", "doc_1", end.isoformat(), look_every=0)
        self.looks: Iterator[Any] = iter(looks)
        self.looked = 0

    async def look(self) -> tuple[str, tuple[str, ...]]:
        self.looked += 1
        found = next(self.looks)
        if isinstance(found, Exception):
            raise found
        return found  # type: ignore[no-any-return]


@pytest.fixture(autouse=True)
def no_time_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing waits here."""
    monkeypatch.setattr(settled, "TIME_AWAY", 0)


def event_of(trigger: Looking) -> Any:
    """What the trigger tells."""

    async def first() -> Any:
        return [event.payload async for event in trigger.run()]

    (event,) = asyncio.run(first())
    return event


@pytest.mark.parametrize(
    ("states", "asks"),
    [
        ({"a": "success", "approve": "awaiting_input", "b": None}, ("approve",)),
        ({"a": "running", "approve": "awaiting_input"}, ()),
        ({"a": "deferred", "approve": "awaiting_input"}, ()),
        ({"a": "up_for_retry", "approve": "awaiting_input"}, ()),
        ({"a": "scheduled"}, ()),
        ({"a": None}, ()),
        ({"b": "awaiting_input", "a": "awaiting_input"}, ("a", "b")),
    ],
)
def test_a_run_waits_for_a_person_only_if_nothing_else_is_at_work(
    states: dict[str, Any], asks: tuple[str, ...]
) -> None:
    """Another arm that still thinks keeps the slot."""
    assert asks_of(states) == asks


@pytest.mark.parametrize("state", ["success", "failed"])
def test_an_end_is_told_at_once(state: str) -> None:
    """One look is enough for it."""
    trigger = Looking(WORKS, (state, ()))
    assert event_of(trigger) == {"state": state, "asks": []}
    assert trigger.looked == 2


def test_a_question_is_believed_when_it_was_seen_twice() -> None:
    """Between two tasks nothing is at work for a moment."""
    trigger = Looking(ASKED, WORKS, ASKED, ASKED)
    assert event_of(trigger) == {"state": "running", "asks": ["approve"]}
    assert trigger.looked == 4


def test_a_look_that_fails_is_done_again() -> None:
    """An API server that is away does not lose the document."""
    assert event_of(Looking(RuntimeError("away"), ("success", ())))["state"] == "success"


def test_the_time_limit_ends_the_wait_with_what_is_known() -> None:
    """Also where nothing could be seen at all."""
    past = datetime.now(UTC)
    assert event_of(Looking(WORKS, until=past)) == {"state": "running", "asks": []}
    assert event_of(Looking(RuntimeError("away"), until=past)) == {"state": "unknown", "asks": []}


def test_the_trigger_travels_with_addresses_only() -> None:
    """And is found again by its path."""
    path, arguments = DocumentSettledTrigger("letters", "doc_1", "2026-11-24T05:00:00+00:00").serialize()
    assert path == "workflow_orchestrator.operators.settled.DocumentSettledTrigger"
    assert DocumentSettledTrigger(**arguments).serialize() == (path, arguments)


def announced(tmp_path: Path, **manifest: Any) -> list[Any]:
    """The events of a run that ended so."""
    run = RunFolder(LocalStorage(tmp_path), "letters", "doc_1")
    video = {"name": "video.mp4", "uri": run.uri("video.mp4"), "sha256": "0" * 64}
    whole = {"outcome": "succeeded", "artifacts": [video], "source": {"name": "a.pdf", "sha256": "1" * 64},
             "approval": {"content": "sha256:2"}, "workflow": {"definition": "sha256:3"}, **manifest}  # fmt: skip
    context = {"outlet_events": OutletEventAccessors()}
    told = announce_video(context, run, whole)
    events = context["outlet_events"][video_outlet("letters")].asset_alias_events
    assert told == bool(events)
    return list(events)


@pytest.mark.parametrize("outcome", ["succeeded", "degraded"])
def test_a_video_is_announced_with_what_is_needed_to_fetch_and_check_it(tmp_path: Path, outcome: str) -> None:
    """Run, document, manifest, video and the hash of what was released."""
    (event,) = announced(tmp_path, outcome=outcome)
    asset = video_asset("letters")
    assert (event.dest_asset_key.name, event.dest_asset_key.uri) == (asset.name, asset.uri) == ("letters_video",) * 2
    assert event.extra["outcome"] == outcome
    assert event.extra["video"].endswith("runs/letters/doc_1/video.mp4")
    assert event.extra["content"] == "sha256:2"
    assert all(isinstance(value, str) for value in event.extra.values())


@pytest.mark.parametrize("manifest", [{"outcome": "failed"}, {"artifacts": []}, {"outcome": "failed", "source": None}])
def test_a_run_without_a_video_announces_nothing(tmp_path: Path, manifest: dict[str, Any]) -> None:
    """Also not a failed run that had made one."""
    assert announced(tmp_path, **manifest) == []


def test_the_outlet_is_an_alias(tmp_path: Path) -> None:
    """An asset as the outlet would be updated by every run that was recorded."""
    assert isinstance(video_outlet("letters"), AssetAlias)
    assert video_outlet("letters").name != video_asset("letters").name
