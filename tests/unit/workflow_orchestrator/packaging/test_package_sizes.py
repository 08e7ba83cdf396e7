"""The table of sizes in docs/deployment.md is what the packages weigh."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from workflow_orchestrator.authoring.package import platform_bytes, shared_bytes
from workflow_orchestrator.definition import load_workflow
from workflow_orchestrator.packaging.business import build_business_package
from workflow_orchestrator.packaging.platform import build_platform_package

UNITS = {"kB": 1_000, "MB": 1_000_000}


def told(text: str) -> dict[str, list[float | None]]:
    """The table by package: bytes alone, with the platform, with the shared layer."""
    lines = re.findall(r"(?m)^\| `(\S+?)` \|(.+)\|$", text.partition("## Releases of workflows")[0])
    return {name: [_bytes(cell.strip()) for cell in cells.split("|")] for name, cells in lines}


def _bytes(cell: str) -> float | None:
    if not cell:
        return None
    number, unit = cell.split(" ")
    return float(number.replace(",", "")) * UNITS[unit]


def test_the_table_of_sizes_is_true(root: Path) -> None:
    """Each package alone, with the platform, and with all that it would bring if it shared nothing, within a tenth."""
    shared, platform = shared_bytes(root / "requirements.txt"), platform_bytes()
    expected = {}
    for path in sorted((root / "dags").glob("*/workflow.yaml")):
        made = len(build_business_package(load_workflow(path.parent, root / "include")).data)
        expected[f"{path.parent.name.replace('_', '-')}-….zip"] = [made, made + platform, made + platform + shared]
    for name, content in build_platform_package(root).items():
        if name.endswith((".whl", ".zip")):
            expected[name] = [len(content), None, len(content) + shared]
    found = told((root / "docs" / "deployment.md").read_text(encoding="utf-8"))
    assert set(found) == set(expected)
    for name, row in expected.items():
        assert found[name] == [None if size is None else pytest.approx(size, rel=0.1) for size in row], name


def test_tools_of_the_tests_are_no_part_of_the_shared_layer(tmp_path: Path) -> None:
    """A requirement counts with all that it needs, once; what nobody asks for counts for nothing."""
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("# nothing\n")
    assert shared_bytes(requirements) == 0
    requirements.write_text("jinja2>=3\n")
    with_needs = shared_bytes(requirements)
    requirements.write_text("jinja2>=3  # once\nmarkupsafe\n")
    assert shared_bytes(requirements) == with_needs > 0
    requirements.write_text("markupsafe\nno-such-thing\n")
    assert 0 < shared_bytes(requirements) < with_needs
