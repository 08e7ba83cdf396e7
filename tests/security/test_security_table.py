"""docs/security.md promises a test for each defence; each of them is there, under that name, and each module that is named exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

RISKS = ("LLM01", "LLM02", "LLM03", "LLM04", "LLM05", "LLM06", "LLM07", "LLM08", "LLM09", "LLM10")
_TEST = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")
_MODULE = re.compile(r"`((?:llm_orchestration|workflow_orchestrator)[\w./]*|deploy/[\w./]+|scripts/[\w./]+)`")


@pytest.fixture(scope="module")
def page(root: Path) -> str:
    """The page."""
    return (root / "docs" / "security.md").read_text(encoding="utf-8")


def rows(page: str) -> list[list[str]]:
    """The cells of every table row."""
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in page.splitlines() if line.startswith("| ")]


def test_every_test_that_is_named_exists(page: str, root: Path) -> None:
    """File and function."""
    named = _TEST.findall(page)
    assert len(named) > 60
    for file, name in named:
        path = root / file
        assert path.is_file(), file
        if name:
            functions = {node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)}
            assert name in functions, f"{file}::{name}"


def test_every_module_that_is_named_exists(page: str, root: Path) -> None:
    """So a defence that moved is followed."""
    named = set(_MODULE.findall(page))
    assert len(named) > 20
    for name in named:
        path = root / ("plugins" if name.startswith(("llm_", "workflow_")) else "") / name
        assert path.exists() or path.with_suffix(".py").exists(), name


def test_every_risk_of_the_list_has_a_defence_and_a_test(page: str) -> None:
    """All ten of OWASP's list of 2025; what is not used says so."""
    found = {row[0].split(":")[0]: row for row in rows(page) if row[0].startswith("LLM")}
    assert set(found) == set(RISKS)
    for risk, row in found.items():
        assert len(row) == 3 and row[1], risk
        assert _TEST.search(row[2]) or row[2] == "nothing to test", risk
