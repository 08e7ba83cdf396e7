"""A definition that was checked is not checked again until anything that decides has changed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from workflow_orchestrator.definition import cache as cache_module
from workflow_orchestrator.definition import configuration as configuration_module
from workflow_orchestrator.definition import load_workflow
from workflow_orchestrator.definition.cache import SWITCH, recall_workflow
from workflow_orchestrator.definition.configuration import load_configuration
from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.errors import DefinitionError

ROOT = Path(__file__).resolve().parents[4]


class Loads:
    """The real loader, and how often it was asked."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, folder: Path, include: Path) -> Workflow:
        self.count += 1
        return load_workflow(folder, include)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the shipped workflow with what it needs; its files count as old at once."""
    name = "fund_factsheet_video"
    shutil.copytree(ROOT / "dags" / name, tmp_path / "dags" / name)
    shutil.copytree(ROOT / "include", tmp_path / "include", ignore=shutil.ignore_patterns("samples"))
    (tmp_path / "kept").mkdir()
    monkeypatch.setattr(cache_module, "_YOUNG", -1.0)
    monkeypatch.delenv(SWITCH, raising=False)
    yield tmp_path


def recall(project: Path, loads: Loads) -> Workflow:
    """The workflow of the project."""
    return recall_workflow(project / "dags" / "fund_factsheet_video", project / "include", loads, project / "kept")


def test_what_has_not_changed_is_loaded_once(project: Path) -> None:
    """The second answer is the first one, whole."""
    loads = Loads()
    first, second = recall(project, loads), recall(project, loads)
    assert (loads.count, first) == (1, second)
    assert second == load_workflow(project / "dags" / "fund_factsheet_video", project / "include")


def test_the_configuration_comes_along(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that recalls a definition reads the platform's configuration from no file: every task asks for it."""
    monkeypatch.setattr(configuration_module, "_YOUNG", -1.0)
    recall(project, Loads())
    configuration_module._READ.clear()
    path = project / "include" / "orchestrator.yaml"
    read = load_configuration(path, os.environ)
    configuration_module._READ.clear()
    recall(project, Loads())
    monkeypatch.setattr(configuration_module, "_load", lambda *_: pytest.fail("the file was read again"))
    assert load_configuration(path, os.environ) == read
    with pytest.raises(pytest.fail.Exception):
        load_configuration(path, {**os.environ, "GENAI_PLATFORM_PROFILE": "demo"})


CHANGED = [
    "dags/fund_factsheet_video/workflow.yaml",
    "dags/fund_factsheet_video/schema.json",
    "dags/fund_factsheet_video/rules.yaml",
    "include/prompts/fund_factsheet_video/narration.en.yaml",
    "include/prompts/shared/house_rules.md.j2",
    "include/compliance/gdpr.yaml",
    "include/themes/house/theme.yaml",
    "include/themes/house/fonts/Inter-Bold.ttf",
    "include/orchestrator.yaml",
    "include/llm.yaml",
]


@pytest.mark.parametrize("name", CHANGED)
def test_a_changed_file_is_seen_though_it_looks_as_old_and_as_long(project: Path, name: str) -> None:
    """Same length, same modification time: the change time tells."""
    loads, file = Loads(), project / name
    recall(project, loads)
    before = file.stat()
    data = file.read_bytes()
    file.write_bytes(data.replace(b"a", b"b", 1) if name.endswith(".ttf") else data)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    recall(project, loads)
    assert loads.count == 2


def test_files_that_come_and_go_are_seen(project: Path) -> None:
    """A narration in one more language is another definition, and without it it is the first one again."""
    loads = Loads()
    first = recall(project, loads)
    french = project / "include" / "prompts" / "fund_factsheet_video" / "narration.fr.yaml"
    data = french.read_bytes()
    french.unlink()
    without = recall(project, loads)
    french.write_bytes(data)
    again = recall(project, loads)
    assert without.digest != first.digest == again.digest
    assert loads.count == 3


def test_a_broken_definition_is_told_each_time(project: Path) -> None:
    """Problems are never remembered, nor hidden by an older answer."""
    loads = Loads()
    recall(project, loads)
    file = project / "dags" / "fund_factsheet_video" / "workflow.yaml"
    file.write_text(file.read_text().replace("owner:", "owners:"))
    for _ in range(2):
        with pytest.raises(DefinitionError, match="did you mean 'owner'"):
            recall(project, loads)
    assert loads.count == 3


def test_what_changed_a_moment_ago_is_not_remembered(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second change in the same tick of the file system's clock would not be seen."""
    monkeypatch.setattr(cache_module, "_YOUNG", 3600.0)
    loads = Loads()
    recall(project, loads)
    recall(project, loads)
    assert (loads.count, list((project / "kept").iterdir())) == (2, [])


def test_the_environment_and_the_switch_count(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another profile is another answer; `off` asks the loader each time."""
    loads = Loads()
    recall(project, loads)
    monkeypatch.setenv("GENAI_PLATFORM_PROFILE", "demo")
    recall(project, loads)
    assert loads.count == 2
    monkeypatch.setenv(SWITCH, "off")
    recall(project, loads)
    recall(project, loads)
    assert loads.count == 4


@pytest.mark.parametrize("damage", [b"", b"not a pickle", b"\x80\x05N.", b"\x80\x05c"])
def test_a_damaged_answer_is_no_answer(project: Path, damage: bytes) -> None:
    """Whatever lies there, the workflow is loaded."""
    loads = Loads()
    first = recall(project, loads)
    (file,) = (project / "kept").iterdir()
    file.write_bytes(damage)
    assert recall(project, loads) == first
    assert loads.count == 2
