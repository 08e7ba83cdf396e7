"""The definition that a run goes by: kept when the run opens, and still the same one when a step of it is run again.

    a run opens ─► keep_definition ─► <storage>/definitions/<workflow>/<digest>.zip
    a step runs ─► definition_for
        nothing was opened yet, or the files on disk are the run's definition ─► the files on disk
        they differ, `rerun: same` ────────────────────────────────────────────► the kept ones
        they differ, `rerun: latest`, and the run had ended and is run again
            ├ what finished steps made still fits (fits.py) ───────────────────► the files on disk, from now on
            └ it does not ─────────────────────────────────────────────────────► DefinitionChangedError, all misfits named

Airflow runs a cleared task with whatever files lie there now. A run that was opened under other files would then end half under
each, and nobody could say why its video says what it says. docs/redrive.md has the rule with a table.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar

from workflow_orchestrator import __version__
from workflow_orchestrator.canonical import to_bytes
from workflow_orchestrator.definition.configuration import Configuration, load_configuration
from workflow_orchestrator.definition.digest import digest_of, name_in
from workflow_orchestrator.definition.flow import walk
from workflow_orchestrator.definition.loader import load_workflow
from workflow_orchestrator.definition.model import Workflow
from workflow_orchestrator.errors import DefinitionChangedError, DefinitionError, DocumentNotFoundError
from workflow_orchestrator.file_format import refuse_newer
from workflow_orchestrator.record.reading import read_manifest
from workflow_orchestrator.record.run_folder import RunFolder
from workflow_orchestrator.scratch import own_folder
from workflow_orchestrator.storage import Storage

FORMAT = 1
_FACTS = "definition.json"
_SETTINGS = "platform/orchestrator.yaml"
# Far above any definition with its fonts; what is larger was not written here.
_MOST_BYTES = 256 * 1_048_576
# A ZIP file cannot hold an earlier time. All entries have it, so that the same files are the same archive.
_NO_TIME = (1980, 1, 1, 0, 0, 0)


class DefinitionMovedError(DefinitionChangedError):
    """The files changed in the moment in which a run was opened. A retry can help: it reads the new ones."""

    retryable: ClassVar[bool] = True


def keep_definition(run: RunFolder, workflow: Workflow) -> None:
    """Keeps the files of the definition under which a run is opened, once per definition.

    Raises:
        DefinitionMovedError: the files on disk are not those that were loaded any more.
        StorageError: they cannot be kept.
    """
    key = _key(workflow.name, workflow.digest)
    if run.storage.exists(key):
        return
    data = _archive(workflow)
    with tempfile.TemporaryDirectory(prefix="definition-") as folder:
        root = Path(folder)
        _unpack(data, root, workflow.name)
        found = _digest(root, workflow.name, _settings(workflow))
    if found != workflow.digest:
        raise DefinitionMovedError(
            f"the files of {workflow.name} changed while the run was opened: {workflow.digest} was loaded, {found} is on "
            "disk; the next try reads them again",
            loaded=workflow.digest,
            found=found,
        )
    run.storage.write(key, data)


def definition_for(
    run: RunFolder, workflow: Workflow, step_name: str | None = None, *, request: Mapping[str, Any] | None = None
) -> Workflow:
    """The definition that one attempt of a step must go by.

    Args:
        run: the run's folder, or that of an item of a map.
        workflow: what the files on disk say now.
        step_name: the step or block that asks; `None` for what belongs to the run as a whole.
        request: the run's `request.json`, where it was read already.

    Raises:
        DefinitionChangedError: the run cannot go on; the message says why, and what to do.
        StorageError: the kept definition could not be read.
    """
    base = run.root
    if request is None:
        try:
            request = base.read_json("request.json")
        except DocumentNotFoundError:
            return workflow
    if request["definition"] == workflow.digest:
        _note_rerun(base, request, step_name)
        return workflow
    kept = kept_definition(run.storage, workflow, request["definition"])
    if workflow.rerun == "latest" and _take_latest(base, kept, workflow, step_name, request):
        return workflow
    if step_name is not None:
        _refuse_other_step(kept, workflow, step_name)
        _note_rerun(base, request, step_name)
    return kept


def kept_definition(storage: Storage, workflow: Workflow, digest: str) -> Workflow:
    """The definition of that digest as it was kept, with the platform's files and configuration of `workflow`.

    Raises:
        DefinitionChangedError: it is not kept, is damaged, or cannot be used on this platform.
    """
    root = _places() / digest.removeprefix("sha256:")
    if not root.is_dir():
        _fetch(storage, workflow.name, digest, root)
    try:
        return _load(root, workflow.name, digest, workflow.platform_include)
    except _DamagedError:
        # Somebody tidied up the folder for temporary files; the storage has the whole one.
        _load.cache_clear()
        shutil.rmtree(root, ignore_errors=True)
        _fetch(storage, workflow.name, digest, root)
        try:
            return _load(root, workflow.name, digest, workflow.platform_include)
        except _DamagedError as error:
            raise _lost(workflow.name, digest, f"is damaged in the storage ({error})") from None


class _DamagedError(Exception):
    """What was unpacked is not what was kept."""


def _key(workflow: str, digest: str) -> str:
    return f"definitions/{workflow}/{digest.removeprefix('sha256:')}.zip"


def _lost(workflow: str, digest: str, why: str) -> DefinitionChangedError:
    return DefinitionChangedError(
        f"the run goes by definition {digest} of {workflow}, which {why}; trigger a new run with force: true",
        definition=digest,
    )


def _settings(workflow: Workflow) -> Path:
    """The configuration that was in force when the definition was loaded: the platform's, or a kept one's own copy."""
    kept = workflow.include.parent / _SETTINGS
    # A deployed release has a home too, and no configuration of its own: the platform's is in force.
    if workflow.home is not None and kept.is_file():
        return kept
    return workflow.platform_include / "orchestrator.yaml"


# -- writing


def _archive(workflow: Workflow) -> bytes:
    """The files by the names that the digest gives them, the configuration in force, and what is needed to read them."""
    entries = {name_in(path, workflow.folder, workflow.include): path.read_bytes() for path in workflow.files}
    entries[_SETTINGS] = _settings(workflow).read_bytes()
    entries[_FACTS] = to_bytes(
        {
            "format": FORMAT,
            "workflow": workflow.name,
            "definition": workflow.digest,
            "platform": __version__,
            "range": workflow.platform,
        }
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in sorted(entries):
            entry = zipfile.ZipInfo(name, _NO_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, entries[name])
    return buffer.getvalue()


# -- reading


def _places() -> Path:
    """A folder of this user alone for unpacked definitions.

    It outlives the process: a task process ends without tidying up, and the next one finds the files again. Nothing in it is
    believed: what is loaded from it must have the digest that was asked for.
    """
    # Where somebody else holds the name, each process has a folder of its own.
    return own_folder("definitions") or Path(tempfile.mkdtemp(prefix="definitions-"))


def _fetch(storage: Storage, workflow: str, digest: str, root: Path) -> None:
    """Unpacks a kept definition to `root`, which is there whole or not at all."""
    try:
        data = storage.read(_key(workflow, digest))
    except DocumentNotFoundError:
        raise _lost(workflow, digest, "is not kept in the storage") from None
    temporary = Path(tempfile.mkdtemp(prefix=".new-", dir=root.parent))
    try:
        _unpack(data, temporary, workflow)
        temporary.rename(root)
    except (zipfile.BadZipFile, ValueError) as error:
        raise _lost(workflow, digest, f"is damaged in the storage ({error})") from None
    except OSError:
        # Another process was quicker; then the folder is there.
        if not root.is_dir():
            raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _unpack(data: bytes, root: Path, workflow: str) -> None:
    """Writes the entries as the tree that the loader reads: `dags/<workflow>/`, `include/` and `platform/`.

    Raises:
        ValueError: an entry would leave the folder, or all of them are larger than any definition.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if sum(entry.file_size for entry in archive.infolist()) > _MOST_BYTES:
            raise ValueError("it is larger than any definition")
        for entry in archive.infolist():
            parts = PurePosixPath(entry.filename).parts
            if not parts or ".." in parts or "\\" in entry.filename or PurePosixPath(entry.filename).is_absolute():
                raise ValueError(f"it holds {entry.filename!r}")
            if parts[0] == "workflow":
                parts = ("dags", workflow, *parts[1:])
            path = root.joinpath(*parts)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(archive.read(entry))


def _digest(root: Path, workflow: str, settings: Path) -> str:
    """The digest of the files in an unpacked archive."""
    folder, include = root / "dags" / workflow, root / "include"
    files = [path for place in (folder, include) for path in place.rglob("*") if path.is_file()]
    return digest_of(files, folder, include, load_configuration(settings, {}))


@lru_cache(maxsize=8)
def _load(root: Path, name: str, digest: str, home: Path) -> Workflow:
    """Loads an unpacked definition.

    Raises:
        _DamagedError: it is not the definition of that digest.
        DefinitionChangedError: this platform cannot use it.
    """
    facts = _facts(root)
    refuse_newer(facts, FORMAT, f"the kept definition {digest} of {name}", DefinitionChangedError)
    _refuse_other_platform(facts, name, digest)
    try:
        workflow = load_workflow(root / "dags" / name, root / "include", _configuration(root, home), home=home)
    except DefinitionError as error:
        if _digest_or_none(root, name) != digest:
            raise _DamagedError("files are missing or changed") from None
        raise DefinitionChangedError(
            f"the run goes by definition {digest} of {name}, which was good on platform {facts['platform']} and is not on "
            f"{__version__}; trigger a new run with force: true\n{error}",
            definition=digest,
        ) from None
    if workflow.digest != digest:
        raise _DamagedError("files are missing or changed")
    return workflow


def _digest_or_none(root: Path, name: str) -> str | None:
    try:
        return _digest(root, name, root / _SETTINGS)
    except OSError:
        return None


def _facts(root: Path) -> dict[str, Any]:
    try:
        facts: dict[str, Any] = json.loads((root / _FACTS).read_bytes())
        facts["platform"], facts["range"]
    except (OSError, ValueError, KeyError):
        raise _DamagedError(f"{_FACTS} cannot be read") from None
    return facts


def _refuse_other_platform(facts: Mapping[str, Any], name: str, digest: str) -> None:
    from packaging.specifiers import SpecifierSet

    if not SpecifierSet(facts["range"]).contains(__version__, prereleases=True):
        raise DefinitionChangedError(
            f"the run goes by definition {digest} of {name}, which was opened on platform {facts['platform']} and wants "
            f"{facts['range']}; this is platform {__version__}. Trigger a new run with force: true",
            definition=digest,
            opened_on=facts["platform"],
            platform=__version__,
        )


def _configuration(root: Path, home: Path) -> Configuration:
    """What was in force for the steps, and who may release and where things lie as it is now.

    The first is part of the digest. The second is not: a colleague who left a group cannot release an old run either.
    """
    then = load_configuration(root / _SETTINGS, {})
    now = load_configuration(home / "orchestrator.yaml", os.environ)
    return replace(now, execution=then.execution, retry_policies=then.retry_policies)


# -- deciding


def _take_latest(
    base: RunFolder, kept: Workflow, latest: Workflow, step_name: str | None, request: Mapping[str, Any]
) -> bool:
    """Makes the newest definition the run's own, if the run had ended and is run again.

    A run on its way is never changed over, and a rerun that has chosen keeps to its choice, whatever is deployed meanwhile.

    Raises:
        DefinitionChangedError: what finished steps made does not fit it.
    """
    from workflow_orchestrator.record.fits import misfits

    ended = _ended(base)
    changes: list[dict[str, Any]] = list(request.get("reruns", ()))
    if step_name is None or ended is None or (changes and changes[-1]["after"] == ended):
        return False
    found = misfits(base, kept, latest, step_name)
    if found:
        lines = "\n".join(f"  {misfit}" for misfit in found)
        raise DefinitionChangedError(
            f"{step_name} cannot be run again under the latest definition {latest.digest} of {latest.name}: what was "
            f"finished under {kept.digest} does not fit it\n{lines}\ntrigger a new run with force: true, or set rerun: same "
            "to end this run as it began",
            definition=kept.digest,
            latest=latest.digest,
            misfits=found,
        )
    keep_definition(base, latest)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    change = {"step": step_name, "from": kept.digest, "to": latest.digest, "at": now, "after": ended}
    base.write_json("request.json", {**request, "definition": latest.digest, "reruns": [*changes, change]})
    return True


def _note_rerun(base: RunFolder, request: Mapping[str, Any], step_name: str | None) -> None:
    """Keeps that a run which had ended is on its way again, by the definition that it had: a rerun chooses once."""
    if step_name is None:
        return
    ended = _ended(base)
    changes: list[dict[str, Any]] = list(request.get("reruns", ()))
    if ended is None or (changes and changes[-1]["after"] == ended):
        return
    now, digest = datetime.now(UTC).isoformat(timespec="seconds"), request["definition"]
    change = {"step": step_name, "from": digest, "to": digest, "at": now, "after": ended}
    base.write_json("request.json", {**request, "reruns": [*changes, change]})


def _ended(base: RunFolder) -> str | None:
    """When the run ended last; `None` while it is on its first way."""
    try:
        finished: str = read_manifest(base)["run"]["finished"]
    except DocumentNotFoundError:
        return None
    return finished


def _refuse_other_step(kept: Workflow, latest: Workflow, name: str) -> None:
    """A task of the newest DAG can do the work of a kept step only if both have it, as the same kind."""
    kinds = [
        {item.name: item.kind for item in (*walk(workflow.flow), *workflow.steps, *workflow.last)}
        for workflow in (kept, latest)
    ]
    then, now = (known.get(name) for known in kinds)
    if then is None:
        raise DefinitionChangedError(
            f"the run goes by definition {kept.digest}, which has no {name}; {latest.digest} brought it. Trigger a new run "
            "with force: true",
            definition=kept.digest,
            latest=latest.digest,
        )
    if now is not None and then != now:
        raise DefinitionChangedError(
            f"{name} is of kind {then} in the definition of the run, {kept.digest}, and of kind {now} in the latest, "
            f"{latest.digest}. Trigger a new run with force: true",
            definition=kept.digest,
            latest=latest.digest,
        )
