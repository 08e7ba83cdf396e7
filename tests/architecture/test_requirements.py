"""The list of requirements and the imports of the code agree: nothing that is imported is missing, nothing that is listed is unused."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Distributions whose modules are called otherwise.
MODULES = {
    "apache-airflow": {"airflow"}, "apache-airflow-providers-amazon": {"airflow", "boto3", "botocore"},
    "apache-airflow-providers-standard": {"airflow"}, "apache-airflow-providers-celery": {"airflow"}, "pyyaml": {"yaml"},
    "pillow": {"PIL"}, "fonttools": {"fontTools"}, "python-pptx": {"pptx", "lxml"}, "python-stdnum": {"stdnum"},
    "espeakng-loader": {"espeakng_loader"}, "imageio-ffmpeg": {"imageio_ffmpeg"}, "genai-prices": {"genai_prices"},
    "jsonschema": {"jsonschema", "referencing"},
}  # fmt: skip
# Needed and not imported by us: what Airflow or the image loads, and the tests' own tool, which the user asked for by name.
NOT_IMPORTED = {"statsd", "celery", "apache-airflow-providers-celery", "pytest"}
# What Airflow itself is made of and promises to bring: its structured log, its API server, its traces and what delivers them, its HTTP
# client, its schedules.
OF_AIRFLOW = {
    "asgiref", "structlog", "fastapi", "starlette", "opentelemetry", "sqlalchemy", "httpx", "httpx2", "requests", "croniter", "pydantic",
    "pendulum",
}  # fmt: skip
OPTIONAL = {"c2pa"}


def listed() -> set[str]:
    """The names in requirements.txt, in small letters."""
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return {match.group().lower() for line in lines if (match := re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*", line))}


def imported() -> set[str]:
    """The top-level modules of others that the platform imports, anywhere."""
    own = {path.stem for path in (ROOT / "plugins").iterdir()} | set(sys.stdlib_module_names)
    found: set[str] = set()
    for path in (ROOT / "plugins").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                found.add(node.module.split(".")[0])
    return found - own - {"__future__"}


def test_everything_that_is_imported_is_listed() -> None:
    """By its own name, or as what a listed package brings by its nature."""
    known = {module for name in listed() for module in MODULES.get(name, {name.replace("-", "_")})}
    assert imported() - known - OF_AIRFLOW - OPTIONAL == set()


def test_everything_that_is_listed_is_used() -> None:
    """Imported somewhere in the platform, or named above with its reason."""
    used = imported()
    assert {name for name in listed() if not MODULES.get(name, {name.replace("-", "_")}) & used} - NOT_IMPORTED == set()


def test_the_layer_of_models_needs_nothing_of_its_own() -> None:
    """Its own list is empty: the shared layer has everything."""
    text = (ROOT / "plugins" / "llm_orchestration" / "requirements.txt").read_text(encoding="utf-8")
    assert all(line.startswith("#") or not line.strip() for line in text.splitlines())


def test_every_image_has_the_airflow_of_the_lock() -> None:
    """Dockerfile, compose file, Helm values and the documentation name the version that is locked, and a Python that is supported."""
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    locked = re.search(r"(?m)^apache-airflow==(\S+)", lock)
    assert locked is not None
    for name in ("deploy/Dockerfile", "docs/deployment.md"):
        found = re.findall(r"(?m)^FROM apache/airflow:(\S+)-python(3\.\d+)$", (ROOT / name).read_text(encoding="utf-8"))
        assert found and {version for version, _ in found} == {locked[1]}, name
        assert {python for _, python in found} <= {"3.11", "3.12", "3.13"}, name
    compose = (ROOT / "docker-compose.yaml").read_text(encoding="utf-8")
    assert re.findall(r"image: genai-platform/airflow:(\S+)", compose) == [locked[1]]
    assert f"airflowVersion: {locked[1]}\n" in (ROOT / "deploy" / "helm" / "values.yaml").read_text(encoding="utf-8")
