"""The package of a workflow: whole, small, the same each time; changed ones are refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from workflow_orchestrator.canonical import to_bytes
from workflow_orchestrator.definition import load_workflow
from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.errors import PackageError
from workflow_orchestrator.packaging.archive import pack, unpack, write_below
from workflow_orchestrator.packaging.business import build_business_package, content_of, read_business_package

NAME = "fund_factsheet_video"


@pytest.fixture(scope="module")
def workflow(root: Path) -> Workflow:
    """The shipped workflow."""
    return load_workflow(root / "dags" / NAME, root / "include")


def test_a_package_has_everything_and_nothing_of_the_platform(workflow: Workflow) -> None:
    """Folder, prompts, packs, theme, scenarios and replies; no settings and no code but the three lines of dag.py."""
    made = build_business_package(workflow, "1.4.0")
    names = set(content_of(made))
    assert made.file_name == "fund-factsheet-video-1.4.0.zip"
    assert {f"dags/{NAME}/{name}" for name in ("workflow.yaml", "schema.json", "rules.yaml", "scenarios.yaml", "dag.py")} <= names
    assert {"include/compliance/gdpr.yaml", "include/themes/house/theme.yaml", f"include/prompts/{NAME}/narration.de.yaml"} <= names
    assert not any(name.startswith("plugins/") or name.endswith(("orchestrator.yaml", "llm.yaml", "rendering.yaml")) for name in names)
    assert [name for name in names if name.endswith(".py")] == [f"dags/{NAME}/dag.py"]
    assert made.manifest["needs"]["groups"] == ["compliance", "data-stewards"]
    assert made.manifest["requires_platform"] == ">=1.0,<2"


def test_two_packages_of_the_same_files_are_the_same_bytes(workflow: Workflow) -> None:
    """Without a version, the definition is the version."""
    first, second = build_business_package(workflow), build_business_package(workflow)
    assert first.data == second.data
    assert first.version == workflow.digest.removeprefix("sha256:")[:12]


def test_an_unpacked_package_is_the_definition_that_was_packaged(root: Path, tmp_path: Path, workflow: Workflow) -> None:
    """Beside the platform's own settings it has the same digest."""
    write_below(tmp_path, content_of(read_business_package(build_business_package(workflow).data)))
    found = load_workflow(tmp_path / "dags" / NAME, tmp_path / "include", home=root / "include")
    assert found.digest == workflow.digest


def test_a_changed_package_is_refused(workflow: Workflow) -> None:
    """A file that was changed, added or taken away is named; so is an archive of something else."""
    files = unpack(build_business_package(workflow).data)
    rules = f"dags/{NAME}/rules.yaml"
    for other in ({**files, rules: b"rules: []"}, {**files, "dags/x.py": b""}, {k: v for k, v in files.items() if k != rules}):
        with pytest.raises(PackageError, match="not as its manifest says: dags/"):
            read_business_package(pack(other))
    with pytest.raises(PackageError, match=r"no package\.json"):
        read_business_package(pack({"a": b""}))
    manifest = json.loads(files["package.json"])
    for change, says in (({"format": 2}, "format 2"), ({"workflow": "../x"}, "no workflow"), ({"kind": "platform"}, "platform")):
        with pytest.raises(PackageError, match=says):
            read_business_package(pack({**files, "package.json": to_bytes({**manifest, **change})}))


@pytest.mark.parametrize("version", ["", "../1", "1 0", "a" * 65, "-1"])
def test_a_version_is_a_plain_word(workflow: Workflow, version: str) -> None:
    """It becomes part of file names."""
    if version:
        with pytest.raises(PackageError, match="no version"):
            build_business_package(workflow, version)
    else:
        assert build_business_package(workflow, version).version
