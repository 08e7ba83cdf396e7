"""A storage that keeps what is written in memory, until somebody says that all of it is good.

New slides of an edited script are made there first: where they cannot be made, the run's folder is as it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from workflow_orchestrator.errors import DocumentNotFoundError
from workflow_orchestrator.record import RunFolder
from workflow_orchestrator.storage import Storage, safe_key


class StagedStorage:
    """Reads what was written here, else what `base` has; `commit` carries it over, file by file, in the order of writing."""

    def __init__(self, base: Storage) -> None:
        self.base = base
        self.uri = base.uri
        self._changes: dict[str, bytes | None] = {}  # None: deleted

    def read(self, key: str) -> bytes:
        key = safe_key(key)
        if key not in self._changes:
            return self.base.read(key)
        data = self._changes[key]
        if data is None:
            raise DocumentNotFoundError(f"there is no file {key!r} in the storage {self.uri}")
        return data

    def write(self, key: str, data: bytes) -> str:
        return self._change(key, data)

    def create(self, key: str, data: bytes) -> bool:
        if self.exists(key):
            return False
        self._change(key, data)
        return True

    def put_file(self, key: str, path: Path) -> str:
        return self._change(key, path.read_bytes())

    def exists(self, key: str) -> bool:
        key = safe_key(key)
        return self._changes[key] is not None if key in self._changes else self.base.exists(key)

    def size(self, key: str) -> int:
        return len(self.read(key)) if safe_key(key) in self._changes else self.base.size(key)

    def list(self, prefix: str) -> Iterator[str]:
        below = f"{safe_key(prefix)}/"
        kept = (key for key in self.base.list(prefix) if key not in self._changes)
        own = (key for key, data in self._changes.items() if data is not None and key.startswith(below))
        yield from sorted((*kept, *own))

    def delete(self, key: str) -> None:
        self._change(key, None)

    def uri_of(self, key: str) -> str:
        return self.base.uri_of(key)

    def commit(self) -> None:
        """Writes and deletes in `base` what was written and deleted here."""
        for key, data in self._changes.items():
            if data is None:
                self.base.delete(key)
            else:
                self.base.write(key, data)
        self._changes.clear()

    def _change(self, key: str, data: bytes | None) -> str:
        key = safe_key(key)
        self._changes.pop(key, None)  # the last write counts, also for the order
        self._changes[key] = data
        return self.uri_of(key)


def staged(run: RunFolder) -> tuple[RunFolder, StagedStorage]:
    """The same folder over a storage that keeps what is written."""
    storage = StagedStorage(run.storage)
    return RunFolder(storage, run.workflow, run.run_id, scope=run.scope), storage
