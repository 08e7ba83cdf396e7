"""The JSON Schema for editors: it agrees with the loader and is committed as generated."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from definition_sample import WORKFLOW
from jsonschema import Draft202012Validator

from workflow_orchestrator.definition import read_yaml
from workflow_orchestrator.definition.language import WORKFLOW as LANGUAGE
from workflow_orchestrator.definition.language import workflow_json_schema
from workflow_orchestrator.definition.problems import Report
from workflow_orchestrator.definition.source import parse


def accepted_by_editor(text: str) -> bool:
    return bool(Draft202012Validator(workflow_json_schema()).is_valid(read_yaml(text).data))


def accepted_by_loader(text: str) -> bool:
    report = Report()
    source = parse(text, Path("workflow.yaml"), report)
    assert source is not None
    LANGUAGE.check(source.data, (), source, report)
    return not len(report)


def test_the_schema_is_a_schema() -> None:
    """It is valid under its own draft."""
    Draft202012Validator.check_schema(workflow_json_schema())


def test_the_schema_accepts_what_the_project_ships(root: Path) -> None:
    """The shipped workflow, and the sample of these tests, are fine in an editor."""
    text = (root / "dags" / "fund_factsheet_video" / "workflow.yaml").read_text(encoding="utf-8")
    assert accepted_by_editor(text)
    assert accepted_by_editor(WORKFLOW)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("title: Review", "titel: Review"),
        ("title: Review", "title: 5"),
        ("title: Review", "title: ' '"),
        ("format: 1", "format: 2"),
        ("format: 1", "format: '1'"),
        ("workflow: review", "workflow: Review"),
        ("max_pages: 40", "max_pages: 0"),
        ("max_pages: 40", "max_pages: 4.5"),
        ("usd: 0.40", "usd: -1"),
        ("type: pdf", "type: docx"),
        ("within: 2d", "within: 2 days"),
        ("ask: [stewards]", "ask: []"),
        ("show: [script, slides]", "show: [script, pictures]"),
        ("show: [script, slides]", "show: [script, script]"),
        ("otherwise: fail}\n  publish", "otherwise: approve}\n  publish"),
        ("max_retries: 5", "max_retries: 0"),
        ("max_retries: 5", "retries: 5"),
        ("    max_retries: 5", "    slide: {theme: house}"),
        ("    slide: {theme: house}\n", "    max_retries: 2\n"),
        ("schema: schema.json", "schema: ../schema.json"),
        ("go: correct", "goto: correct"),
        ("items: {enum: [eu, uk]}", "items: [eu, uk]"),
        ("steps:\n", "step:\n"),
    ],
)
def test_what_the_loader_refuses_the_editor_refuses(old: str, new: str) -> None:
    """The description is written once, so a planted fault is red in both."""
    assert WORKFLOW.count(old) == 1
    text = WORKFLOW.replace(old, new)
    assert not accepted_by_loader(text)
    assert not accepted_by_editor(text)


def test_editor_and_loader_agree_whatever_stands_in_a_line() -> None:
    """Over every line of the file and many wrong values, both accept or both refuse."""
    lines = WORKFLOW.splitlines()
    wrongs: list[Any] = ["5", "[]", "{}", "null", "[{}]", "x", "true", "1.0", "'1'", "[a, a]", "''"]
    disagreed = []
    for index, line in enumerate(lines):
        for wrong in wrongs:
            text = "\n".join([*lines[:index], f"{line.partition(':')[0]}: {wrong}", *lines[index + 1 :]])
            try:
                read_yaml(text)
            except Exception:  # noqa: BLE001 - a line whose children are left over is no YAML at all
                continue
            if accepted_by_editor(text) != accepted_by_loader(text):
                disagreed.append((line, wrong))
    assert disagreed == []


def test_the_committed_schema_is_current(root: Path) -> None:
    """`--check` is quiet about the committed file."""
    done = subprocess.run(
        [sys.executable, "scripts/make_schema.py", "--check"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads((root / "docs" / "workflow.schema.json").read_text(encoding="utf-8")) == workflow_json_schema()


def test_a_stale_schema_is_told(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    """`--check` exits with 1 and says what to run; without it the file is written."""
    monkeypatch.syspath_prepend(str(root / "scripts"))
    import make_schema

    target = root / "docs" / "workflow.schema.json"
    stale = tmp_path / "docs" / "workflow.schema.json"
    monkeypatch.setattr(make_schema, "TARGET", stale)
    monkeypatch.setattr(make_schema, "ROOT", tmp_path)
    assert make_schema.main(["--check"]) == 1
    assert "python scripts/make_schema.py" in capsys.readouterr().err
    assert make_schema.main([]) == 0
    assert stale.read_bytes() == target.read_bytes()
    assert make_schema.main(["--check"]) == 0
