"""Parsing a DAG file: what it loads, what it costs, and what Airflow makes of the plugins folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.airflow

FORBIDDEN = (
    "openai", "httpx2", "pypdf", "pypdfium2", "pikepdf", "boto3", "botocore", "typst", "PIL", "pptx", "imageio_ffmpeg",
    "espeakng_loader", "fontTools", "num2words", "lxml", "av", "cv2", "moviepy", "genai_prices",
)  # fmt: skip


def environment(root: Path, home: Path) -> dict[str, str]:
    """A clean Airflow whose folders are this checkout's."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    return {
        **kept,
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(root / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(root / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}",
        "PYTHONPATH": str(root / "plugins"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def python(root: Path, home: Path, code: str) -> dict[str, object]:
    """Runs code in a process of its own; its last line of output is JSON."""
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(root, home), capture_output=True, text=True, check=False, cwd=home
    )
    assert done.returncode == 0, done.stderr[-4000:]
    result: dict[str, object] = json.loads(done.stdout.strip().splitlines()[-1])
    return result


@pytest.mark.parametrize("path", sorted((Path(__file__).resolve().parents[2] / "dags").glob("*/dag.py")), ids=str)
def test_parsing_a_dag_file_loads_no_heavy_library(path: Path, root: Path, tmp_path: Path) -> None:
    """A DAG file, executed as Airflow executes it, brings in no SDK, PDF, picture or video library."""
    code = f"""
import json, runpy, sys
import airflow.sdk
before = set(sys.modules)
found = runpy.run_path({str(path)!r})
dags = [value.dag_id for value in found.values() if type(value).__name__ == "DAG"]
print(json.dumps({{"loaded": sorted({{name.split(".")[0] for name in set(sys.modules) - before}}), "dags": dags}}))
"""
    result = python(root, tmp_path, code)
    assert path.parent.name in result["dags"]
    assert not set(FORBIDDEN) & set(result["loaded"])


def test_airflow_reads_only_the_files_that_are_meant(root: Path, tmp_path: Path) -> None:
    """Airflow lists each workflow's dag.py, executes the two plugin files, and shadows no other module."""
    code = """
import json, sys, queue, types
from airflow.dag_processing.dagbag import DagBag
from airflow import plugins_manager
from airflow.utils.file import list_py_file_paths
import os
bag = DagBag(os.environ["AIRFLOW__CORE__DAGS_FOLDER"])
plugins, errors = plugins_manager._get_plugins()
root = os.environ["AIRFLOW__CORE__PLUGINS_FOLDER"]
by_stem = sorted(name for name, module in sys.modules.items()
                 if "." not in name and (getattr(module, "__file__", None) or "").startswith(root))
print(json.dumps({"dags": sorted(bag.dags), "errors": {str(k): str(v) for k, v in bag.import_errors.items()},
  "plugins": sorted(p.name for p in plugins), "plugin_errors": [str(e) for e in errors], "by_stem": by_stem}))
"""
    result = python(root, tmp_path, code)
    assert result["errors"] == {}
    assert result["plugin_errors"] == [] or result["plugin_errors"] == {}
    workflows = ("earnings_report_video", "fund_factsheet_video", "research_paper_video")
    of_each = (f"{name}_{kind}" for name in workflows for kind in ("nightly", "batch"))
    assert result["dags"] == sorted(["orchestrator_watch", *workflows, *of_each])
    assert result["plugins"] == ["llm_orchestration", "workflow_orchestrator"]
    assert result["by_stem"] == [
        "llm_orchestration", "llm_orchestration_plugin", "workflow_orchestrator", "workflow_orchestrator_plugin",
    ]  # fmt: skip
