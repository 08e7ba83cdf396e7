"""One run's folder in the storage, and the reports that its steps write there.

runs/<workflow>/<run key>/
   request.json            what the run was started with, once it was found good
   steps/<step>.json       each attempt: when, how long, how it ended, which artifacts, which calls
   <artifact>              by role: document.json, values.json, script.json, slides/slide_01.png, video.mp4 …
   each/<map>/items.json   the list that a map goes over, once it was found good
   each/<map>/<index>/     a folder of the same shape for each of its items
      gone/<artifact>      of an item: what it does without, although the run around it has a file of that name
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from workflow_orchestrator.canonical import sha256, to_bytes
from workflow_orchestrator.errors import DocumentNotFoundError, StorageError
from workflow_orchestrator.storage import Storage

EACH = "each"
"""Below it lie the folders of a map's items."""
GONE = "gone"
"""Below it lie, in an item's folder, the names that it does without."""
NO_REPORT: Mapping[str, Any] = {
    "error": "unknown",
    "message": "it failed and left no report: its process was ended from outside, or somebody marked it as failed. See the log "
    "of the task",
    "retryable": True,
    "classes": [],
}
"""The error of a step that Airflow calls failed and that could not say why itself."""


def run_key_of(run_id: str) -> str:
    """A run id as a folder name; ids that had to be changed get a hash, so that two runs never share a folder."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", run_id).strip("-.")[:120]
    # An id that already ends like one of ours gets a hash too: it could be the name that another id was given.
    kept = plain and plain == run_id and not re.search(r"-[0-9a-f]{8}\Z", plain)
    return plain if kept else f"{plain}-{sha256(run_id.encode())[:8]}"


@dataclass(frozen=True, slots=True)
class Artifact:
    """A reference to one file of a run; this is what travels between steps, never the bytes."""

    name: str
    uri: str
    sha256: str
    bytes: int

    def to_json(self) -> dict[str, Any]:
        return {"name": self.name, "uri": self.uri, "sha256": self.sha256, "bytes": self.bytes}


@dataclass(slots=True)
class StepReport:
    """What one attempt of one step did; the step fills it while it works."""

    step: str
    attempt: int
    started: str
    artifacts: list[Artifact] = field(default_factory=list)
    calls: list[dict[str, Any]] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    state: str = "running"
    seconds: float = 0.0
    error: dict[str, Any] | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "attempt": self.attempt,
            "state": self.state,
            "started": self.started,
            "seconds": round(self.seconds, 3),
            "facts": self.facts,
            "artifacts": [artifact.to_json() for artifact in self.artifacts],
            "calls": self.calls,
            "error": self.error,
        }


class RunFolder:
    """The folder of one run, or of one item of a map in it.

    An item's folder takes every write, report and deletion; what it does not hold is read from the run around it.
    """

    def __init__(self, storage: Storage, workflow: str, run_id: str, *, scope: str = "") -> None:
        self.storage = storage
        self.workflow = workflow
        self.run_id = run_id
        self.run_key = run_key_of(run_id)
        self.scope = scope
        self.prefix = f"runs/{workflow}/{self.run_key}{'/' if scope else ''}{scope}"

    @property
    def root(self) -> RunFolder:
        """The folder of the whole run."""
        return RunFolder(self.storage, self.workflow, self.run_id) if self.scope else self

    def item(self, name: str, index: int) -> RunFolder:
        """The folder of one item of a map, by the map's name and the item's place in its list, from 0."""
        if self.scope:
            raise ValueError(f"{self.scope} is an item already; a map stands in no other map")
        return RunFolder(self.storage, self.workflow, self.run_id, scope=f"{EACH}/{name}/{index}")

    def key(self, name: str) -> str:
        """The key to which a file of this folder is written."""
        return f"{self.prefix}/{name}"

    def shown(self, name: str) -> str:
        """A file's name as the whole run knows it: where it is read from."""
        return f"{self.scope}/{name}" if self.scope and self.holds(name) else name

    def uri(self, name: str) -> str:
        return self.storage.uri_of(self.root.key(self.shown(name)))

    def holds(self, name: str) -> bool:
        """Whether this folder itself has the file, whatever the run around an item has."""
        return self.storage.exists(self.key(name))

    def exists(self, name: str) -> bool:
        return self.holds(name) or bool(self.scope and self.root.holds(name) and not self._gone(name))

    def read(self, name: str) -> bytes:
        if self.scope:
            with suppress(DocumentNotFoundError):
                return self.storage.read(self.key(name))
            if self._gone(name):
                raise DocumentNotFoundError(f"{self.scope} of run {self.run_id!r} has no {name}: the step that makes it failed")
        return self.storage.read(self.root.key(name))

    def read_json(self, name: str) -> Any:
        return json.loads(self.read(name))

    def write(self, name: str, data: bytes) -> Artifact:
        uri = self.storage.write(self.key(name), data)
        return Artifact(self._own(name), uri, sha256(data), len(data))

    def write_json(self, name: str, data: Any) -> Artifact:
        return self.write(name, to_bytes(data))

    def put_file(self, name: str, path: Path) -> Artifact:
        uri = self.storage.put_file(self.key(name), path)
        return Artifact(self._own(name), uri, sha256(path.read_bytes()), path.stat().st_size)

    def delete(self, name: str) -> None:
        """Takes a file away, from this folder only."""
        self.storage.delete(self.key(name))

    def withdraw(self, name: str) -> None:
        """Takes a file away (a folder, if the name ends in `/`) for whoever reads here: an item does without the run's own too."""
        for file in self.root.names(f"{self.scope}/{name}".strip("/")) if name.endswith("/") else [self._own(name)]:
            self.root.delete(file)
        if self.scope:
            self.storage.write(self.key(f"{GONE}/{name.rstrip('/')}"), b"")

    def restore(self, name: str) -> None:
        """Lets an item read again what the run around it has of that name."""
        if self.scope:
            self.delete(f"{GONE}/{name.rstrip('/')}")

    def _gone(self, name: str) -> bool:
        """Whether an item does without the run's file: it, or the folder that it lies in, was withdrawn."""
        return any(self.holds(f"{GONE}/{one}") for one in dict.fromkeys((name, name.partition("/")[0])))

    def names(self, prefix: str, suffix: str = "") -> list[str]:
        """The names of the files below `prefix`, sorted. An item that has any of its own has only those."""
        keys = self.storage.list(self.key(prefix))
        found = [key.removeprefix(self.prefix + "/") for key in keys if key.endswith(suffix)]
        return found if found or not self.scope or self._gone(prefix) else self.root.names(prefix, suffix)

    def _own(self, name: str) -> str:
        return f"{self.scope}/{name}" if self.scope else name

    def fetch(self, names: Sequence[str], folder: Path) -> tuple[Path, ...]:
        """Copies of some artifacts in a local folder, under the same names."""
        paths = []
        for name in names:
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(self.read(name))
            paths.append(path)
        return tuple(paths)

    def attempts(self, step: str) -> list[dict[str, Any]]:
        """The reports of one step's attempts, oldest first."""
        try:
            data: list[dict[str, Any]] = self.read_json(f"steps/{step}.json")["attempts"]
        except DocumentNotFoundError:
            return []
        return data

    def all_attempts(self, maps: Iterable[str] = ()) -> list[tuple[str, dict[str, Any]]]:
        """Every attempt of the whole run, those of the items of `maps` too, each with the name of the file that holds it."""
        root = self.root
        files = root.names("steps", ".json")
        for name in maps:
            files += [file for file in root.names(f"{EACH}/{name}", ".json") if "/steps/" in file]
        return [(file, attempt) for file in files for attempt in root.read_json(file)["attempts"]]

    def report_file(self, step: str) -> str:
        """The file of a step's attempts, by its name in the whole run."""
        return self._own(f"steps/{step}.json")

    def last_error(self, step: str) -> dict[str, Any] | None:
        """The error that a step ended with, as data; None if its last attempt went well or there was none."""
        attempts = self.attempts(step)
        return attempts[-1]["error"] if attempts else None

    def note(self, step: str, state: str, error: Mapping[str, Any] | None = None) -> None:
        """Adds a try that could not report itself to those of a step.

        `failed` stands for all tries whose process was ended from outside since the last one that reported: Airflow does not tell
        how many. `skipped` says that a rerun did not come by, so that what earlier tries said does not count any more.
        """
        attempts = self.attempts(step)
        if attempts and attempts[-1]["state"] == "waiting":
            attempts[-1] |= {"state": state, "error": error}
        else:
            number = attempts[-1]["attempt"] + 1 if attempts else 1
            report = StepReport(step, number, datetime.now(UTC).isoformat(timespec="milliseconds"), state=state)
            attempts.append({**report.to_json(), "error": error})
        self.write_json(f"steps/{step}.json", {"step": step, "attempts": attempts})

    @contextmanager
    def reporting(self, step: str, attempt: int, parked: tuple[type[BaseException], ...] = ()) -> Iterator[StepReport]:
        """Writes the report of one attempt, however it ends.

        `parked` are exceptions by which Airflow sets a task aside (to wait for a person): they are no failure.
        """
        report = StepReport(step, attempt, datetime.now(UTC).isoformat(timespec="milliseconds"))
        clock = time.monotonic()
        try:
            yield report
        except parked:
            self._end(report, "waiting", clock)
            raise
        except BaseException as error:
            report.error = error_data(error)
            # A storage that fails now must not take the place of the error that ends the step.
            with suppress(StorageError):
                self._end(report, "failed", clock)
            raise
        self._end(report, "success", clock)

    def _end(self, report: StepReport, state: str, clock: float) -> None:
        report.state = state
        report.seconds = time.monotonic() - clock
        self._append(report.step, report)

    def _append(self, step: str, report: StepReport) -> None:
        attempts = self.attempts(step)
        if attempts and attempts[-1]["state"] == "waiting" and attempts[-1]["attempt"] == report.attempt:
            report.seconds += attempts[-1]["seconds"]
            report.started = attempts[-1]["started"]
            attempts.pop()
        self.write_json(f"steps/{step}.json", {"step": step, "attempts": [*attempts, report.to_json()]})


def error_data(error: BaseException) -> dict[str, Any]:
    """An error as data: class, message, details, whether a retry can help."""
    described = getattr(error, "to_json", None)
    data: Mapping[str, Any] = described() if callable(described) else {"message": str(error)}
    return {
        "error": type(error).__name__,
        **data,
        "retryable": bool(getattr(error, "retryable", True)),
        "classes": [cls.__name__ for cls in type(error).__mro__ if issubclass(cls, Exception)],
    }
