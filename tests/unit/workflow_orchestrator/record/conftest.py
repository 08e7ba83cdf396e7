"""Shared by the tests of records."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from redrive_project import Project

from workflow_orchestrator.record import definitions


@pytest.fixture
def project(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """A project of its own, and a machine that has unpacked nothing yet."""
    place = tmp_path / "unpacked"
    place.mkdir()
    monkeypatch.setattr(definitions, "_places", lambda: place)
    definitions._load.cache_clear()
    yield Project(root, tmp_path / "project")
    definitions._load.cache_clear()
