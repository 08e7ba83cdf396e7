"""Erasing a document, a run, everything that holds somebody's words, or what is old: what belongs to it, its removal, and the proof.

    document   every run of those bytes, its copies in inbox and quarantine, ledger, releases, answers of models
    run        that run alone, its ledger entry and releases; the document stays where it came from
    words      every document in which the words are printed, as if each was named
    older      every run in which nothing has happened since a day, and the documents that have no younger run

A run that a person released is held for as long as its record must be kept (retention.py). A definition holds nothing of a document
and stays; in the execution history names go and figures stay. What remains is `erasures/<time>_<hash>.json`: who erased how much, when
and why, with hashes in place of every name.
Airflow's own rows are no part of the storage (airflow_rows.py).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import PurePosixPath
from typing import Any, Literal

from workflow_orchestrator.canonical import sha256, to_bytes
from workflow_orchestrator.errors import DocumentError, DocumentNotFoundError, RetentionError
from workflow_orchestrator.history import forget
from workflow_orchestrator.record.reading import parsed_manifest
from workflow_orchestrator.record.retention import Held, held, last_day
from workflow_orchestrator.storage import LocalStorage, Storage

What = Literal["document", "run", "words", "older"]
ERASURES = "erasures"
FOLDERS = ("inbox", "quarantine", "ledger", "releases", "runs", "journal", "nightly", "batch", "waiting", "watch")
"""Every prefix of the storage that can hold something of a document, but for the history, in which only names do."""
_REASON = ".reason.json"


@dataclass(frozen=True, slots=True)
class Removed:
    """One file of the storage, by key, with the SHA-256 of its bytes."""

    key: str
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be erased. `traces` are the words that nothing in the storage may hold afterwards.

    `held` are released runs whose record must be kept: of what is old they are left out, everything else cannot go while they are
    meant, unless `overridden`. `rows` are the runs as Airflow knows them: DAG id and run id.
    """

    what: What
    given: str
    documents: tuple[str, ...]
    runs: tuple[str, ...]
    files: tuple[Removed, ...]
    traces: tuple[str, ...]
    held: tuple[Held, ...] = ()
    overridden: bool = False
    rows: tuple[tuple[str, str], ...] = ()

    @property
    def blocked(self) -> bool:
        """Whether it cannot be carried out, because a record must be kept."""
        return bool(self.held) and not self.overridden and self.what != "older"


def plan_erasure(
    storage: Storage, what: What, given: str, *, today: date | None = None, even_if_released: bool = False
) -> Plan:
    """What belongs to a document (name, key or SHA-256), to a run (id or key), to somebody's words, or is older than a day.

    Args:
        storage: where it lies.
        what: what `given` names.
        given: the name; of what is older the day, as an ISO date.
        today: the day from which the records of releases are reckoned; by default today in UTC.
        even_if_released: whether released runs go before their time.

    Raises:
        DocumentNotFoundError: nothing in the storage is meant.
        StorageError: the storage does not answer.
    """
    files = _Files(storage)
    roots, digests, kept = _meant(files, what, given, today or datetime.now(UTC).date(), even_if_released)
    if what == "older" and not roots:
        return Plan(what, given, (), (), (), (), kept, even_if_released)
    keys = {key for key in files if any(key.startswith(f"{root}/") for root in roots)}
    if what != "run":
        copies = {key for key in files if _is_document(key) and sha256(files[key]) in digests}
        keys |= copies | {f"{key}{_REASON}" for key in copies if f"{key}{_REASON}" in files}
    if not keys:
        raise DocumentNotFoundError(f"nothing in {storage.uri} is the {what} {given!r}; give it as the storage or Airflow shows it")
    names = {_run_id(files, root) for root in roots} | {PurePosixPath(root).name for root in roots}
    traces = {*names, *digests, *((given.strip(),) if what == "words" else ())}
    keys |= {key for key in files if key.startswith(("ledger/", "releases/")) and _names_run(files[key], names)}
    keys |= _answers(files, keys)
    if what == "words":
        keys |= {key for key in files if not _is_document(key) and _holds(files[key], [given])}
    # The lists of a night and of a batch tell of their documents by name and run.
    keys |= {key for key in files if _is_list(key) and _holds(files[key], traces)}
    removed = tuple(_removed(key, files[key]) for key in sorted(keys))
    rows = tuple((root.split("/")[1], _run_id(files, root)) for root in sorted(roots))
    return Plan(
        what, given, tuple(sorted(digests)), tuple(sorted(roots)), removed, tuple(sorted(traces)), kept, even_if_released, rows
    )


def erase(
    storage: Storage, plan: Plan, *, by: str, why: str, airflow: Mapping[str, int] | None = None
) -> dict[str, Any]:
    """Removes what was planned and searches the whole storage for what is left of it; doing it again finishes a broken-off one.

    `airflow` is what became of the runs there, counted; without it the record says that Airflow was not asked.

    Returns:
        The report: counts, hashes, `left` (keys that still hold a trace: there should be none), `record` (the key of what is kept).

    Raises:
        RetentionError: a released run is among it whose record must be kept.
        StorageError: the storage does not answer; what is removed so far is gone.
    """
    if plan.blocked:
        first = plan.held[0]
        raise RetentionError(
            f"{first.root} was released on {first.released} and its record must be kept until {first.until}"
            + (f", and {len(plan.held) - 1} more" if len(plan.held) > 1 else "")
        )
    at = datetime.now(UTC).isoformat(timespec="seconds")
    for item in plan.files:
        storage.delete(item.key)
        _prune(storage, item.key)
    forgotten = forget(storage, lambda names: _holds(names, plan.traces), {"finished": at})
    left = tuple(remains(storage, plan))
    given = sha256(plan.given.strip().encode())
    report: dict[str, Any] = {
        "what": plan.what,
        "given_sha256": given,
        "by": by,
        "at": at,
        "why": why,
        "documents": len(plan.documents),
        "runs": len(plan.runs),
        "released_runs_before_their_time": len(plan.held) if plan.overridden else 0,
        "airflow": dict(airflow) if airflow is not None else "not asked",
        "files": [{"key_sha256": sha256(item.key.encode()), "sha256": item.sha256, "bytes": item.bytes} for item in plan.files],
        "history": len(forgotten),
        "left": [sha256(key.encode()) for key in left],
        "proven": not left,
    }
    record = f"{ERASURES}/{at.replace(':', '')}_{given[:16]}.json"
    storage.write(record, to_bytes(report))
    return {**report, "left": list(left), "record": record}


def remains(storage: Storage, plan: Plan) -> Iterator[str]:
    """Every key of the storage that is still there though it was planned, or whose name or bytes hold a trace of it."""
    planned = {item.key for item in plan.files}
    # A run, or an old one, may have read a document that stays.
    bodies = set(plan.documents)
    if plan.what in ("document", "words"):
        bodies |= {item.sha256 for item in plan.files if item.bytes > 64 and item.key.endswith((".pdf", ".mp4"))}
    for folder in (*FOLDERS, "history"):
        for key in storage.list(folder):
            data = storage.read(key)
            copy = bool(bodies) and sha256(data) in bodies
            if copy or key in planned or _holds(key.encode(), plan.traces) or _holds(data, plan.traces):
                yield key


class _Files(Mapping[str, bytes]):
    """The files of the storage by key; the bytes are read when they are asked for, because videos fit in no memory together."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._keys = {key: None for folder in FOLDERS for key in storage.list(folder)}

    def __getitem__(self, key: str) -> bytes:
        if key not in self._keys:
            raise KeyError(key)
        return self._storage.read(key)

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)


def _removed(key: str, data: bytes) -> Removed:
    return Removed(key, sha256(data), len(data))


def _is_document(key: str) -> bool:
    return key.startswith(("inbox/", "quarantine/")) and not key.endswith(_REASON)


def _is_list(key: str) -> bool:
    return key.startswith(("nightly/", "batch/", "watch/")) or PurePosixPath(key).stem == "summary"


def _is_request(key: str) -> bool:
    return key.startswith("runs/") and key.endswith("/request.json") and key.count("/") == 3


def _meant(
    files: _Files, what: What, given: str, today: date, even_if_released: bool
) -> tuple[set[str], set[str], tuple[Held, ...]]:
    """The folders of the runs that are meant, the SHA-256 of the documents that go with them, and which runs are held."""
    requests = {key.rpartition("/")[0]: json.loads(files[key]) for key in files if _is_request(key)}
    digests: set[str] = set()
    if what == "older":
        before = date.fromisoformat(given)
        days = {root: last_day(files, root) for root in requests}
        # A run of which no file tells a day is left alone.
        roots = {root for root, day in days.items() if day is not None and day < before}
    elif what == "run":
        wanted = given.strip().strip("/")
        roots = {root for root in requests if wanted in (root, PurePosixPath(root).name, _run_id(files, root))}
    else:
        digests = _documents(files, requests, what, given)
        roots = {root for root, request in requests.items() if _digest(request) in digests}
    kept = tuple(one for root in sorted(roots) if (one := held(files, root, today)))
    if what == "older":
        roots -= set() if even_if_released else {one.root for one in kept}
        younger = {_digest(request) for root, request in requests.items() if root not in roots}
        digests = {_digest(requests[root]) for root in roots} - younger - {""}
    return roots, digests, kept


def _digest(request: Mapping[str, Any]) -> str:
    return str((request.get("source") or {}).get("sha256") or "")


def _documents(files: _Files, requests: Mapping[str, Any], what: What, given: str) -> set[str]:
    """The SHA-256 of the documents that are meant."""
    sources = {root: request.get("source") or {} for root, request in requests.items()}
    documents = {key: sha256(files[key]) for key in files if _is_document(key)}
    if what == "document":
        wanted = given.strip()
        found = {digest for key, digest in documents.items() if wanted in (key, PurePosixPath(key).name, digest)}
        return found | {one["sha256"] for one in sources.values() if wanted in (one.get("name"), one.get("key"), one.get("sha256"))}
    found = {digest for key, digest in documents.items() if _printed(files[key], given)}
    for key in files:
        root = "/".join(key.split("/")[:3])
        if root in sources and sources[root].get("sha256") and _holds(files[key], [given]):
            found.add(sources[root]["sha256"])
    return found


def _printed(data: bytes, words: str) -> bool:
    """Whether a document that no run has read holds the words: as bytes, or printed on a page."""
    from workflow_orchestrator.documents import read_document

    if _holds(data, [words]):
        return True
    try:
        document = read_document(data)
    except DocumentError:
        return False
    return any(_flat(words) in _flat(page.shown) for page in document.pages)


def _run_id(files: _Files, root: str) -> str:
    """The run's id: its manifest tells it, the ledger too; otherwise its folder's name is all there is."""
    manifest = files.get(f"{root}/manifest.json")
    if manifest:
        name: str = parsed_manifest(manifest, f"{root}/manifest.json")["run"]["id"]
        return name
    ledger = files.get(json.loads(files[f"{root}/request.json"]).get("ledger", ""))
    return str(json.loads(ledger)["run_id"]) if ledger else PurePosixPath(root).name


def _names_run(data: bytes, names: Iterable[str]) -> bool:
    """Whether a ledger entry or a release is that of one of the runs."""
    found = json.loads(data)
    return str(found.get("run_id", found.get("run", ""))) in set(names)


def _answers(files: _Files, keys: set[str]) -> set[str]:
    """Answers in the journal that all runs share, by the provider's ids of the runs' requests.

    Where a provider gave none, every answer without one goes: the journal only saves asking again.
    """
    ids: set[str | None] = set()
    for key in keys:
        if "/steps/" in key and key.endswith(".json"):
            for attempt in json.loads(files[key])["attempts"]:
                for call in attempt["calls"]:
                    if call["provider"] != "offline":
                        ids |= {call["request_id"], *(one.get("request_id") for one in call["attempts"])}
                # An answer may have come and been kept although the call failed: one that broke the schema, for example.
                for call in (attempt.get("facts") or {}).get("unanswered", ()):
                    ids |= {one.get("request_id") for one in call["attempts"] if call["may_have_left"]}
    return {key for key in files if ids and key.startswith("journal/") and _request_id(files[key]) in ids}


def _request_id(entry: bytes) -> str | None:
    try:
        found = json.loads(json.loads(entry)["body"]).get("request_id")
    except (ValueError, KeyError, TypeError, AttributeError):
        return None  # damaged; nobody can use it
    return None if found is None else str(found)


def _flat(words: str) -> str:
    return " ".join(words.split()).casefold()


def _holds(data: bytes, words: Iterable[str]) -> bool:
    """Whether a text file holds one of some words, whatever the case and the gaps, JSON escapes undone."""
    text = _flat(data.decode("utf-8", "ignore"))
    wanted = [word for word in map(_flat, words) if word]
    return any(word in text or json.dumps(word)[1:-1] in text for word in wanted)


def _prune(storage: Storage, key: str) -> None:
    """A folder tells a run's name after its files are gone; object stores have none."""
    if not isinstance(storage, LocalStorage):
        return
    folder = (storage.root / key).parent
    while folder.is_relative_to(storage.root) and len(folder.relative_to(storage.root).parts) > 2:
        try:
            folder.rmdir()
        except OSError:
            return  # something else lies there
        folder = folder.parent
