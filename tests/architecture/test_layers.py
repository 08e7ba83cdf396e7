"""Which part may import which, read from the source itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"
HEAVY = {
    "PIL", "boto3", "botocore", "c2pa", "espeakng_loader", "fontTools", "genai_prices", "httpx2", "imageio_ffmpeg", "lxml",
    "num2words", "numpy", "openai", "pikepdf", "pptx", "pypdf", "pypdfium2", "redis", "regex", "stdnum", "typst",
}  # fmt: skip
# The modules of the two packages that may import Airflow.
AIRFLOW = (
    "workflow_orchestrator/factory/", "workflow_orchestrator/operators/", "workflow_orchestrator/listener.py",
    "workflow_orchestrator/web.py", "workflow_orchestrator/bundles.py",
    "workflow_orchestrator_plugin.py", "llm_orchestration/hook.py",
    "llm_orchestration/retry_policy.py", "llm_orchestration_plugin.py",
    "llm_orchestration/operators.py", "llm_orchestration/triggers.py",
)  # fmt: skip
# Run as a program of their own, never imported by a DAG file.
CHILDREN = ("workflow_orchestrator/documents/child.py", "workflow_orchestrator/rendering/espeak_child.py")


def modules() -> list[Path]:
    """Every Python file of the two packages."""
    return sorted(path for path in PLUGINS.rglob("*.py") if "dist-info" not in path.parts[-2])


def imported(path: Path, *, everywhere: bool) -> Iterator[str]:
    """The dotted names that a file imports; without `everywhere` only those that run when it is imported."""

    class Finder(ast.NodeVisitor):
        def __init__(self) -> None:
            self.names: list[str] = []

        def visit_Import(self, node: ast.Import) -> None:
            self.names += [alias.name for alias in node.names]

        def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
            self.names += [f"{node.module}.{alias.name}" for alias in node.names if node.level == 0]

        def visit_If(self, node: ast.If) -> None:
            if "TYPE_CHECKING" not in ast.dump(node.test):
                self.generic_visit(node)

        def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
            if everywhere:
                self.generic_visit(node)

        visit_AsyncFunctionDef = visit_FunctionDef  # type: ignore[assignment]  # noqa: N815

    finder = Finder()
    finder.visit(ast.parse(path.read_text()))
    yield from finder.names


def relative(path: Path) -> str:
    """The path below plugins/."""
    return path.relative_to(PLUGINS).as_posix()


def test_the_packages_are_there() -> None:
    """The rules below are not vacuous: both packages have modules."""
    names = {relative(path).split("/")[0] for path in modules()}
    assert {"llm_orchestration", "workflow_orchestrator"} <= names
    assert len(modules()) > 40


@pytest.mark.parametrize("path", modules(), ids=relative)
def test_layers_point_one_way(path: Path) -> None:
    """The LLM layer knows no orchestrator, and only the named modules know Airflow."""
    name = relative(path)
    found = set(imported(path, everywhere=True))
    if name.startswith("llm_orchestration/"):
        assert not [item for item in found if item.split(".")[0] == "workflow_orchestrator"]
    at_import = set(imported(path, everywhere=False))
    if not name.startswith(AIRFLOW):
        assert not [item for item in at_import if item.split(".")[0] == "airflow"], "Airflow belongs above this layer"
    if name.startswith("workflow_orchestrator/definition/"):
        assert not [item for item in found if item.split(".")[0] == "airflow"], "a definition loads without Airflow"


@pytest.mark.parametrize("path", modules(), ids=relative)
def test_the_command_line_is_the_top(path: Path) -> None:
    """What runs under Airflow, and what a definition is, needs nothing of `scripts/workflow`."""
    if not relative(path).startswith("workflow_orchestrator/authoring/"):
        found = set(imported(path, everywhere=True))
        assert not [item for item in found if item.startswith("workflow_orchestrator.authoring")]


@pytest.mark.parametrize("path", [path for path in modules() if relative(path) not in CHILDREN], ids=relative)
def test_heavy_libraries_are_imported_inside_functions(path: Path) -> None:
    """Importing a module loads no SDK, PDF, picture or video library."""
    heavy = {item for item in imported(path, everywhere=False) if item.split(".")[0] in HEAVY}
    assert not heavy


@pytest.mark.parametrize("path", modules(), ids=relative)
def test_modules_stay_readable(path: Path) -> None:
    """No module outgrows what one sitting can read."""
    assert len(path.read_text().splitlines()) <= 450
