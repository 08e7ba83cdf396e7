"""Remembers on this machine that a definition was checked, so that each task does not check it again.

Airflow parses a DAG file in a process of its own every half minute, and once more for every task. Reading and checking a workflow's
files takes some 20 ms and more in a fresh process; finding out that nothing has changed takes one.

The answer is remembered under everything that decides it: each file below the workflow's folder and the folders of `include` that it can
name, by path, size, inode, change time and modification time; the platform's own code that reads and checks; the environment's
overrides. A change time cannot be set by a tool, so a file that was changed and given its old date back is seen. As git does, nothing is
remembered while a file is younger than the clock of the file system can tell apart.

What is kept are pickles, so they lie in a folder that nobody but this user may write to; where there is no such folder, nothing is
kept. A workflow that calls another is not remembered, because the other's files decide too. `GENAI_PLATFORM_CACHE=off` switches it off.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from workflow_orchestrator import __version__
from workflow_orchestrator.definition.configuration import (
    PROFILE_VARIABLE,
    STORAGE_VARIABLE,
    Configuration,
    expect_configuration,
    load_configuration,
)
from workflow_orchestrator.definition.loader import load_workflow
from workflow_orchestrator.definition.model import CallStep, Workflow
from workflow_orchestrator.scratch import own_folder

SWITCH = "GENAI_PLATFORM_CACHE"
# File systems tell changes apart by at least this much; FAT's two seconds are the coarsest.
_YOUNG = 2.0
_MOST_FILES = 2_000
_PACKAGE = Path(__file__).resolve().parents[1]
# What of this package decides how a definition is read and checked, and what its objects look like.
_CODE = (_PACKAGE / "definition", _PACKAGE / "rules", _PACKAGE / "fields.py", _PACKAGE / "errors.py")


def recall_workflow(
    folder: Path, include: Path, load: Callable[..., Workflow] = load_workflow, place: Path | None = None, *,
    home: Path | None = None,
) -> Workflow:  # fmt: skip
    """The workflow of a folder: as it was loaded before if nothing has changed since, otherwise loaded now.

    Args:
        folder: the workflow's folder.
        include: the folder with prompts, packs, themes and the platform's configuration.
        load: what loads it.
        place: where answers are kept; without it, a folder of this user's for temporary files.
        home: the platform's `include`, where `include` is a release's own and has no configuration.

    Raises:
        DefinitionError: the definition has problems. They are never remembered.
        ConfigurationError: the platform's configuration is wrong.
    """
    place = place or own_folder("checked")
    seen = None if place is None or os.environ.get(SWITCH) == "off" else _fingerprint(folder, include, home)
    more = {} if home is None else {"home": home}
    if place is None or seen is None:
        return load(folder, include, **more)
    key, youngest = seen
    file = place / f"{folder.name}-{key}.pickle"
    platform = (home or include) / "orchestrator.yaml"
    known = _read(file)
    if known is not None:
        # Every task asks for the platform's configuration too.
        expect_configuration(platform, os.environ, known[1])
        return known[0]
    workflow = load(folder, include, **more)
    settled = time.time() - youngest > _YOUNG and _fingerprint(folder, include, home) == seen
    if settled and not any(isinstance(step, CallStep) for step in workflow.steps):
        _keep(file, workflow, load_configuration(platform, os.environ))
    return workflow


def _fingerprint(folder: Path, include: Path, home: Path | None = None) -> tuple[str, float] | None:
    """A hash of everything that decides, and the latest change; `None` where there are too many files to look at each."""
    total = hashlib.sha256()
    youngest = 0.0
    for count, (path, found) in enumerate(_files(folder, include, home or include)):
        if count >= _MOST_FILES:
            return None
        youngest = max(youngest, found.st_ctime)
        total.update(f"{path}\0{found.st_size}\0{found.st_ino}\0{found.st_ctime_ns}\0{found.st_mtime_ns}\0".encode())
    settings = [
        __version__,
        str(folder),
        str(include),
        str(home or ""),
        *(os.environ.get(name, "") for name in (PROFILE_VARIABLE, STORAGE_VARIABLE)),
    ]
    total.update("\0".join(settings).encode())
    return total.hexdigest()[:32], youngest


def _files(folder: Path, include: Path, home: Path) -> Iterator[tuple[str, os.stat_result]]:
    prompts = include / "prompts"
    roots = (folder, prompts / folder.name, prompts / "shared", include / "compliance", include / "themes", *_CODE)
    for root in (*roots, home / "orchestrator.yaml", home / "llm.yaml", home / "rendering.yaml"):
        yield from _below(str(root))


def _below(path: str) -> Iterator[tuple[str, os.stat_result]]:
    """A file, or every file and folder below a folder in a fixed order; a folder counts, so that a file that goes is seen."""
    try:
        found = os.stat(path)  # noqa: PTH116 - a hundred files for each task: a Path for each is half of what it costs
    except OSError:
        return
    if not stat.S_ISDIR(found.st_mode):
        yield path, found
        return
    with suppress(OSError), os.scandir(path) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if entry.name != "__pycache__" and not entry.name.startswith("."):
                if entry.is_dir():
                    yield entry.path, entry.stat()
                    yield from _below(entry.path)
                else:
                    yield entry.path, entry.stat()


def _read(file: Path) -> tuple[Workflow, Configuration] | None:
    try:
        known = pickle.loads(file.read_bytes())
    except FileNotFoundError:
        return None
    except Exception:  # noqa: BLE001 - whatever a damaged file does, loading anew is right
        return None
    match known:
        case (Workflow() as workflow, Configuration() as configuration):
            return workflow, configuration
        case _:
            return None


def _keep(file: Path, workflow: Workflow, configuration: Configuration) -> None:
    """Keeps an answer; earlier ones of the workflow go. It is no loss if that fails."""
    with suppress(OSError, pickle.PicklingError, TypeError, AttributeError):
        data = pickle.dumps((workflow, configuration), protocol=pickle.HIGHEST_PROTOCOL)
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=".new-")
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        Path(name).replace(file)
        for other in file.parent.glob(f"{file.name.rpartition('-')[0]}-*.pickle"):
            if other != file and time.time() - other.stat().st_mtime > 3600:
                other.unlink(missing_ok=True)
