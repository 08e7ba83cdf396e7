"""Projects for the tests of the command line; those that a test may change are its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from authoring_sample import Said, add_blocks, project_with, runner

from workflow_orchestrator.authoring.project import Project


@pytest.fixture(scope="session")
def savings(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with one workflow as `new` makes it; not to be changed."""
    return project_with(tmp_path_factory.mktemp("savings"))


@pytest.fixture(scope="session")
def blocks(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The same with blocks of every kind; not to be changed."""
    project = project_with(tmp_path_factory.mktemp("blocks"))
    add_blocks(project)
    return project


@pytest.fixture
def own(tmp_path: Path) -> Project:
    """A project that a test may change."""
    return project_with(tmp_path / "own")


@pytest.fixture
def command(savings: Project) -> Callable[..., Said]:
    """Runs a command on the project that is not changed."""
    return runner(savings)
