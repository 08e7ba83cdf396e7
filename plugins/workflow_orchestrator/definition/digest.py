"""The digest of a definition: one hash over every file and setting that decides what a run makes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from workflow_orchestrator.definition.configuration import Configuration, execution_data
from workflow_orchestrator.definition.outline import Outline, outline
from workflow_orchestrator.definition.problems import Report
from workflow_orchestrator.definition.retries import RetryRule
from workflow_orchestrator.definition.source import read_source

# Line ends of text are the checkout's, not the author's: the same commit has the same digest on every system.
_TEXT = frozenset({".yaml", ".json", ".j2", ".md", ".txt", ".typ", ".svg"})
_IGNORED = frozenset({"__pycache__", "Thumbs.db"})


def files_below(folder: Path) -> list[Path]:
    """The files of a folder, deep; hidden files, caches and editors' backups are not part of a definition."""
    if not folder.is_dir():
        return []
    return [path for path in sorted(folder.rglob("*")) if path.is_file() and _counts(path.relative_to(folder))]


def _counts(path: Path) -> bool:
    return not any(part.startswith(".") or part in _IGNORED or part.endswith(("~", ".pyc")) for part in path.parts)


def digest_of(
    files: Iterable[Path],
    folder: Path,
    include: Path,
    configuration: Configuration,
    *,
    policies: Iterable[str] | None = None,
) -> str:
    """`sha256:` and the hash over the sorted relative paths, the contents and the configuration that is in force.

    A path is part of the hash, so that a rename changes it; it starts at the workflow's folder or at `include`, so that
    another checkout does not. Each content goes in as its own hash, so that no file can be mistaken for two. Where
    artifacts are stored, who may release them and where messages go is left out: the same definition elsewhere is the same,
    and a new colleague in a group makes no document new.

    Args:
        policies: the retry policies that the workflow names; without it, they are looked up in its file. Of the platform's
            policies only those and the default one count.
    """
    named = {name_in(path, folder, include): path for path in files}
    total = hashlib.sha256()
    for name in sorted(named):
        total.update(f"{name}\0{hashlib.sha256(_content(named[name])).hexdigest()}\0".encode())
    names = set(policies_of(folder / "workflow.yaml") if policies is None else policies)
    names.add(configuration.execution.retry)
    rules = {name: configuration.retry_policies[name] for name in sorted(names) if name in configuration.retry_policies}
    settings = {
        "execution": execution_data(configuration.execution),
        "retry_policies": {name: [_rule(rule) for rule in listed] for name, listed in rules.items()},
        "documents": {"ocr": configuration.ocr},
    }
    total.update(f"configuration\0{json.dumps(settings, sort_keys=True)}\0".encode())
    return f"sha256:{total.hexdigest()}"


def policies_of(path: Path) -> set[str]:
    """The retry policies that a workflow's file names; none where it cannot be read."""
    source = read_source(path, Report())
    return set() if source is None else policies_in(outline(source))


def policies_in(tree: Outline) -> set[str]:
    """The retry policies that the steps of a file and the file itself name."""
    named = [tree.source.get(("execution", "retry"), str)]
    named += [tree.source.get((*node.at, "retry"), str) for node in (*tree.steps, *tree.last)]
    return {name for name in named if name is not None}


def _rule(rule: RetryRule) -> dict[str, str | int | None]:
    return {
        "on": rule.on,
        "max_retries": rule.max_retries,
        "delay": None if rule.delay is None else str(rule.delay),
        "backoff": rule.backoff,
        "max_delay": None if rule.max_delay is None else str(rule.max_delay),
    }


def name_in(path: Path, folder: Path, include: Path) -> str:
    """The name of a file within a definition, on every checkout the same: `workflow/…` or `include/…`."""
    if path.is_relative_to(folder):
        return f"workflow/{path.relative_to(folder).as_posix()}"
    return f"include/{path.relative_to(include).as_posix()}"


def _content(path: Path) -> bytes:
    data = path.read_bytes()
    return data.replace(b"\r\n", b"\n") if path.suffix in _TEXT else data
