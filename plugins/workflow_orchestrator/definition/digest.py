"""The digest of a definition: one hash over every file and setting that decides what a run makes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from workflow_orchestrator.definition.configuration import Configuration, execution_data

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


def digest_of(files: Iterable[Path], folder: Path, include: Path, configuration: Configuration) -> str:
    """`sha256:` and the hash over the sorted relative paths, the contents and the configuration that is in force.

    A path is part of the hash, so that a rename changes it; it starts at the workflow's folder or at `include`, so that
    another checkout does not. Each content goes in as its own hash, so that no file can be mistaken for two. Where
    artifacts are stored and who may release them is left out: the same definition elsewhere is the same, and a new
    colleague in a group makes no document new.
    """
    named = {_name(path, folder, include): path for path in files}
    total = hashlib.sha256()
    for name in sorted(named):
        total.update(f"{name}\0{hashlib.sha256(_content(named[name])).hexdigest()}\0".encode())
    settings = {"execution": execution_data(configuration.execution)}
    total.update(f"configuration\0{json.dumps(settings, sort_keys=True)}\0".encode())
    return f"sha256:{total.hexdigest()}"


def _name(path: Path, folder: Path, include: Path) -> str:
    if path.is_relative_to(folder):
        return f"workflow/{path.relative_to(folder).as_posix()}"
    return f"include/{path.relative_to(include).as_posix()}"


def _content(path: Path) -> bytes:
    data = path.read_bytes()
    return data.replace(b"\r\n", b"\n") if path.suffix in _TEXT else data
