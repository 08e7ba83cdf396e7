"""Where the platform's settings are found: in a checkout, in a plugins folder that has everything (MWAA), and where it is told."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from workflow_orchestrator.packaging.platform import build_platform_package
from workflow_orchestrator.places import platform_include

pytestmark = pytest.mark.airflow

ASKED = """
from workflow_orchestrator import web
from workflow_orchestrator.factory import deadline
from workflow_orchestrator.places import platform_include
from llm_orchestration.routes import DEFAULT_ROUTES_PATH
print(platform_include(), web.INCLUDE, deadline.INCLUDE, DEFAULT_ROUTES_PATH.parent, sep="\\n")
"""


def test_a_checkout_has_them_beside_its_plugins(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless the environment names another folder."""
    assert platform_include() == root / "include"
    monkeypatch.setenv("GENAI_PLATFORM_INCLUDE", "/etc/genai-platform")
    assert platform_include() == Path("/etc/genai-platform")


def test_a_plugins_folder_alone_is_enough(root: Path, tmp_path: Path) -> None:
    """Steps, the pages in the browser, deadlines and routes all look into the same folder, which the archive of the plugins brings."""
    files = build_platform_package(root)
    (archive,) = (content for name, content in files.items() if name.startswith("genai-platform-plugins"))
    with zipfile.ZipFile(BytesIO(archive)) as plugins:
        plugins.extractall(tmp_path / "plugins")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "plugins"), "AIRFLOW_HOME": str(tmp_path / "home")}
    environment.pop("GENAI_PLATFORM_INCLUDE", None)
    done = subprocess.run([sys.executable, "-c", ASKED], env=environment, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stderr
    assert set(done.stdout.split()) == {str(tmp_path / "plugins" / "include")}
