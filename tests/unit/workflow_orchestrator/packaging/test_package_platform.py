"""The package of the platform: the same bytes twice, installable alone, and true about what it needs."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from workflow_orchestrator import __version__
from workflow_orchestrator.packaging.platform import build_platform_package, for_mwaa, sbom

LAYER, WHEEL = (f"{name}-{__version__}-py3-none-any.whl" for name in ("llm_orchestration", "workflow_orchestrator"))
PLUGINS = f"genai-platform-plugins-{__version__}.zip"


@pytest.fixture(scope="module")
def files(root: Path) -> dict[str, bytes]:
    return build_platform_package(root)


def test_two_packages_are_the_same_bytes(root: Path, files: dict[str, bytes]) -> None:
    """And the sums are theirs."""
    assert build_platform_package(root) == files
    for line in files["SHA256SUMS"].decode().splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256(files[name]).hexdigest() == digest


def test_data_of_the_code_is_in_it_and_business_is_not(files: dict[str, bytes]) -> None:
    """Templates of slides and reports, both plugin files; no workflow and no sample."""
    names = {name: set(zipfile.ZipFile(BytesIO(files[name])).namelist()) for name in (WHEEL, PLUGINS)}
    assert {"workflow_orchestrator_plugin.py", "llm_orchestration_plugin.py"} <= names[PLUGINS]
    for found in names.values():
        assert any(name.endswith(".typ") for name in found) and "workflow_orchestrator/compliance/report.html.j2" in found
        assert not any("__pycache__" in name or name.startswith("dags/") or "/samples/" in name for name in found)
    assert {"include/orchestrator.yaml", ".airflowignore"} <= names[PLUGINS]
    assert "workflow_orchestrator/_include/orchestrator.yaml" in names[WHEEL]


def test_the_wheels_are_imported_from_themselves(files: dict[str, bytes], tmp_path: Path) -> None:
    """Unpacked alone, the command runs and finds its own settings."""
    for name in (LAYER, WHEEL):
        with zipfile.ZipFile(BytesIO(files[name])) as wheel:
            wheel.extractall(tmp_path / "site")
    code = (
        "from workflow_orchestrator.places import platform_include; from workflow_orchestrator.authoring.cli import main; "
        "import sys; print(platform_include()); sys.exit(main(['--help']))"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site"), "AIRFLOW_HOME": str(tmp_path / "home")}
    environment.pop("GENAI_PLATFORM_INCLUDE", None)
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == str(tmp_path / "site" / "workflow_orchestrator" / "_include")


def test_entry_points_name_what_is_there(root: Path, files: dict[str, bytes]) -> None:
    """Each object of the wheel's entry points is in its module."""
    for package in (LAYER, WHEEL):
        with zipfile.ZipFile(BytesIO(files[package])) as wheel:
            text = wheel.read(f"{package.partition('-py3')[0]}.dist-info/entry_points.txt").decode()
            for line in (line for line in text.splitlines() if "=" in line):
                module, name = line.split("=")[1].strip().split(":")
                source = wheel.read(f"{module.replace('.', '/')}.py").decode()
                assert f"class {name}" in source or f"def {name}" in source, line


def test_the_bill_of_materials_has_every_pin_with_its_hashes(root: Path, files: dict[str, bytes]) -> None:
    """As many as the lock, each with a hash and an address of the package index's kind."""
    lock = (root / "requirements.lock").read_text()
    found = json.loads(files["sbom.cdx.json"])
    pins = [line for line in lock.splitlines() if "==" in line and not line.lstrip().startswith("#")]
    assert len(found["components"]) == len(pins) > 100
    assert all(one["hashes"] and one["purl"].startswith("pkg:pypi/") for one in found["components"])
    assert sbom("a==1 \\\n    --hash=sha256:" + "0" * 64)["components"][0]["version"] == "1"


def test_what_mwaa_gets_pins_nothing_of_its_own(root: Path) -> None:
    """No Airflow core, no hashes, and the word that keeps it from forcing its full constraints."""
    text = for_mwaa((root / "requirements.txt").read_text())
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert lines and not any(line.startswith(("apache-airflow=", "pytest")) or "--hash" in line for line in lines)
    assert any("--constraint " in line for line in text.splitlines())


def test_nothing_of_this_machine_is_in_it(root: Path, files: dict[str, bytes]) -> None:
    """No path, and no host of a registry."""
    for name, content in files.items():
        if name.endswith((".json", ".txt", ".lock")):
            assert str(root) not in content.decode(), name
