"""A workflow's releases as an Airflow bundle: the current one, a run's own, refused ones, and DAGs out of them."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from workflow_orchestrator.bundles import ReleaseBundle
from workflow_orchestrator.definition import load_workflow
from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.errors import PackageError
from workflow_orchestrator.factory import build_dags
from workflow_orchestrator.packaging.business import build_business_package
from workflow_orchestrator.packaging.releases import Releases
from workflow_orchestrator.storage import LocalStorage

pytestmark = pytest.mark.airflow
NAME = "fund_factsheet_video"


@pytest.fixture(scope="module")
def workflow(root: Path) -> Workflow:
    """The shipped workflow."""
    return load_workflow(root / "dags" / NAME, root / "include")


@pytest.fixture
def releases(tmp_path: Path, workflow: Workflow) -> Releases:
    """A target with one release."""
    found = Releases(LocalStorage(tmp_path / "target"), NAME)
    found.deploy(build_business_package(workflow, "1.0.0"), by="dora")
    return found


def bundle(tmp_path: Path, version: str | None = None, **more: Any) -> ReleaseBundle:
    """The bundle as a process of Airflow has it, with folders of its own."""
    found = ReleaseBundle(name=NAME, target=str(tmp_path / "target"), workflow=NAME, version=version, refresh_interval=5, **more)
    found.base_dir = tmp_path / "bundles" / NAME
    found.versions_dir = found.base_dir / "versions"
    found.initialize()
    return found


def test_the_current_release_is_unpacked_and_followed(tmp_path: Path, releases: Releases, workflow: Workflow) -> None:
    """After the pointer moved, the next refresh has the new one; the old one stays beside it."""
    found = bundle(tmp_path)
    assert found.get_current_version().version == "1.0.0"
    assert (found.path / NAME / "dag.py").is_file()
    releases.deploy(build_business_package(workflow, "1.1.0"), by="dora")
    found.refresh()
    assert found.get_current_version().version == "1.1.0"
    assert bundle(tmp_path, "1.0.0").path.parent.name == "1.0.0"
    releases.rollback(None, by="dora")
    found.refresh()
    assert found.get_current_version().version == "1.0.0"


def test_a_run_keeps_its_release(tmp_path: Path, releases: Releases, workflow: Workflow) -> None:
    """A task's bundle names its version, whatever the pointer says meanwhile."""
    releases.deploy(build_business_package(workflow, "1.1.0"), by="dora")
    own = bundle(tmp_path, "1.0.0")
    own.refresh()
    assert own.get_current_version().version == "1.0.0"
    assert own.get_current_version().data == {"sha256": releases.get("1.0.0").sha256}


def test_a_refused_release_leaves_the_one_before_it(tmp_path: Path, releases: Releases, workflow: Workflow) -> None:
    """One for another platform, one that was changed, one that is not signed; the first of all is an error."""
    found = bundle(tmp_path)
    target = LocalStorage(tmp_path / "target")
    target.write("platform.json", b'{"version": "2.0.0"}')
    releases.deploy(build_business_package(replace(workflow, platform=">=2"), "2.0.0"), by="dora")
    found.refresh()
    assert found.get_current_version().version == "1.0.0"
    target.delete("platform.json")
    releases.deploy(build_business_package(workflow, "1.2.0"), by="dora")
    target.write(f"{NAME}/releases/1.2.0.zip", b"changed")
    found.refresh()
    assert found.get_current_version().version == "1.0.0"
    shutil.rmtree(tmp_path / "bundles")
    with pytest.raises(PackageError, match="was changed"):
        bundle(tmp_path)


def test_the_dags_of_a_release_are_those_of_the_project(
    tmp_path: Path, releases: Releases, workflow: Workflow, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the platform's settings, which no release brings; the definition is the same, so runs go on across the move."""
    monkeypatch.setenv("GENAI_PLATFORM_INCLUDE", str(root / "include"))
    found = bundle(tmp_path)
    made = build_dags(str(found.path / NAME / "dag.py"))
    assert NAME in made and f"{NAME}_nightly" in made
    step = made[NAME].get_task("extract_factsheet_data")
    assert step.definition == workflow.digest
    assert step.workflow.platform_include == root / "include"
