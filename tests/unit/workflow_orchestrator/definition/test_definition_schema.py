"""The JSON Schema for editors: it agrees with the loader and is committed as generated."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from definition_flow_sample import FLOW, PLATFORM
from definition_sample import WORKFLOW
from jsonschema import Draft202012Validator

from workflow_orchestrator.definition import read_yaml
from workflow_orchestrator.definition.language import (
    CONFIGURATION,
    STEP_KINDS,
    orchestrator_json_schema,
    workflow_json_schema,
)
from workflow_orchestrator.definition.language import WORKFLOW as LANGUAGE
from workflow_orchestrator.definition.problems import Report
from workflow_orchestrator.definition.source import parse


def accepted_by_editor(text: str) -> bool:
    return bool(Draft202012Validator(workflow_json_schema()).is_valid(read_yaml(text).data))


def accepted_by_loader(text: str, name: str = "workflow.yaml") -> bool:
    report = Report()
    source = parse(text, Path(name), report)
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
    assert accepted_by_editor(FLOW)


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


def drawn(data: Any, count: int) -> list[tuple[str, Any]]:
    """Some of all changes, the same in every run: all of them (3,500 of the larger file) take minutes."""
    return random.Random(4).sample(list(mutated(data)), count)


def mutated(data: Any) -> Iterator[tuple[str, Any]]:
    """Each change of one place of some data: another value, a key too much, a key too few, a misspelt key, an entry twice."""
    for path in list(paths_of(data)):
        shown = "/".join(str(part) for part in path)
        for wrong in (5, -1, 0.5, True, None, "", "x", "A B", [], {}, [{}], ["a", "a"], {"is": 1}, "1d"):
            yield f"{shown} = {wrong!r}", changed(data, path, lambda holder, key, wrong=wrong: holder.__setitem__(key, wrong))
        yield f"{shown} removed", changed(data, path, lambda holder, key: holder.pop(key))
        yield f"{shown} misspelt", changed(data, path, misspell)
        yield f"{shown} doubled", changed(data, path, double)


def paths_of(data: Any, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    for key, item in data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ():
        yield (*at, key)
        yield from paths_of(item, (*at, key))


def changed(data: Any, path: tuple[str | int, ...], change: Callable[[Any, Any], object]) -> Any:
    copy = json.loads(json.dumps(data))
    holder = copy
    for part in path[:-1]:
        holder = holder[part]
    change(holder, path[-1])
    return copy


def misspell(holder: Any, key: Any) -> None:
    if isinstance(holder, dict):
        holder[f"{key}z"] = holder.pop(key)


def double(holder: Any, key: Any) -> None:
    """The same entry once more; in a mapping, the value of a key under another key that the language has."""
    if isinstance(holder, list):
        holder.append(holder[key])
    else:
        holder["catch" if key in STEP_KINDS else "slide"] = holder[key]


@pytest.mark.parametrize("text", [WORKFLOW, FLOW], ids=["steps", "flow"])
def test_editor_and_loader_agree_whatever_is_changed(text: str) -> None:
    """Over changes of every sort all over a file with all constructs, both accept or both refuse; both happen."""
    editor = Draft202012Validator(workflow_json_schema())
    answers, disagreed = set(), []
    for what, data in drawn(read_yaml(text).data, 120):
        in_editor = editor.is_valid(data)
        answers.add(in_editor)
        if in_editor != accepted_by_loader(json.dumps(data), "workflow.json"):
            disagreed.append(what)
    assert disagreed == []
    assert answers == {True, False}


def test_the_schema_of_the_platform_agrees_with_its_loader(root: Path) -> None:
    """The same for `orchestrator.yaml`: the shipped one and the sample's, and every change of them."""
    editor = Draft202012Validator(orchestrator_json_schema())
    Draft202012Validator.check_schema(orchestrator_json_schema())
    shipped = (root / "include" / "orchestrator.yaml").read_text(encoding="utf-8")
    for text in (shipped, PLATFORM):
        assert editor.is_valid(read_yaml(text).data)
        for what, data in drawn(read_yaml(text).data, 80):
            report = Report()
            source = parse(json.dumps(data), Path("orchestrator.json"), report)
            assert source is not None
            CONFIGURATION.check(data, (), source, report)
            assert editor.is_valid(data) == (not len(report)), what


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
