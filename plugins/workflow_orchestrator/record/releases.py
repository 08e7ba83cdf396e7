"""What was released before of the same: kept at the release, and found again by the next document's fields and date.

releases/<workflow>/<hash of the identity>/<as-of date>_<hash of the run>.json

Each release is a file of its own, so two runs that are released at once write two files, in any order, and a run that is released
again writes over its own. A document that prints two identities (an ISIN; a name and a share class) lies under both.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date

from workflow_orchestrator.canonical import sha256, to_bytes
from workflow_orchestrator.errors import DocumentNotFoundError, HistoryError, StorageError
from workflow_orchestrator.file_format import refuse_newer
from workflow_orchestrator.record.run_folder import RunFolder
from workflow_orchestrator.rules.previous import Identity, Release
from workflow_orchestrator.storage import Storage
from workflow_orchestrator.values import Kind, ValueSet

FOLDER = "releases"
FORMAT = 1
_NAME = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})_([0-9a-f]{16})\.json")


def release_files(
    run: RunFolder, identity: Identity, values: ValueSet, *, pages: int, at: str, mode: str
) -> Mapping[str, bytes]:
    """The files that a release of these values is kept in, by key; none where the document prints no date or no identity.

    Paragraphs are left out: no check compares them, and they are most of the text of a document.
    """
    as_of = identity.day(values)
    if as_of is None:
        return {}
    kept = ValueSet(value for value in values.values() if value.kind is not Kind.PARAGRAPH)
    release = Release(run.run_id, as_of, at, mode, pages, kept)
    data = to_bytes({"format": FORMAT, **release.to_json()})
    return {
        f"{_folder(run.workflow, mark)}/{as_of.isoformat()}_{_own(run)}.json": data
        for _, mark in identity.marks(values)
    }


def last_release(run: RunFolder, identity: Identity, values: ValueSet, *, profile: str) -> Release | None:
    """The latest release of the same whose figures are of an earlier day than these values; `None`: there is none.

    A run is never compared with itself nor with another one of the same day, and in production only with what a person released.

    Raises:
        HistoryError: a newer platform wrote a release there.
        StorageError: a file there is no release, or the storage does not answer.
    """
    as_of = identity.day(values)
    if as_of is None:
        return None
    for _, mark in identity.marks(values):
        dates = _dated(run, mark, before=as_of)
        for day in sorted(dates, reverse=True):
            releases = [_read(run.storage, key) for key in dates[day]]
            fitting = [
                release
                for release in releases
                if release is not None
                and (release.mode == "person" or profile != "production")
                and identity.same_thing(values, release.values)
            ]
            if fitting:
                return max(fitting, key=lambda release: release.at)
    return None


def _dated(run: RunFolder, mark: str, *, before: date) -> dict[str, list[str]]:
    """The keys of earlier releases by their date, without those of this very run."""
    found: dict[str, list[str]] = {}
    for key in run.storage.list(_folder(run.workflow, mark)):
        name = _NAME.fullmatch(key.rpartition("/")[2])
        if name and name[1] < before.isoformat() and name[2] != _own(run):
            found.setdefault(name[1], []).append(key)
    return found


def _read(storage: Storage, key: str) -> Release | None:
    """A release; `None` where it was taken back since the folder was listed."""
    try:
        data = storage.read(key)
    except DocumentNotFoundError:
        return None
    try:
        found = json.loads(data)
        refuse_newer(found, FORMAT, key, HistoryError)
        return Release.from_json(found)
    except (ValueError, KeyError, TypeError) as error:
        raise StorageError(
            f"{storage.uri_of(key)} is no release that can be read ({type(error).__name__}: {error}); move it away, and the "
            f"release before it is compared with"
        ) from error


def _folder(workflow: str, mark: str) -> str:
    return f"{FOLDER}/{workflow}/{mark[:32]}"


def _own(run: RunFolder) -> str:
    """A run's mark in the names of its files; an item of a map has one of its own."""
    return sha256(run.prefix.encode())[:16]
