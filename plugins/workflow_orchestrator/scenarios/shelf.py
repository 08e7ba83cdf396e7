"""A storage that lives in this process and goes with it: for runs whose files nobody looks at afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from workflow_orchestrator.errors import DocumentNotFoundError
from workflow_orchestrator.storage import safe_key


class Shelf:
    """Bytes by key, as `storage.Storage` asks for them."""

    uri = "memory:"

    def __init__(self) -> None:
        self._files: dict[str, bytes] = {}

    def read(self, key: str) -> bytes:
        try:
            return self._files[safe_key(key)]
        except KeyError:
            raise DocumentNotFoundError(f"there is no file {key!r} on the shelf") from None

    def write(self, key: str, data: bytes) -> str:
        self._files[safe_key(key)] = data
        return self.uri_of(key)

    def create(self, key: str, data: bytes) -> bool:
        if self.exists(key):
            return False
        self.write(key, data)
        return True

    def put_file(self, key: str, path: Path) -> str:
        return self.write(key, path.read_bytes())

    def exists(self, key: str) -> bool:
        return safe_key(key) in self._files

    def size(self, key: str) -> int:
        return len(self.read(key))

    def list(self, prefix: str) -> Iterator[str]:
        folder = safe_key(prefix) + "/"
        return iter(sorted(key for key in self._files if key.startswith(folder)))

    def delete(self, key: str) -> None:
        self._files.pop(safe_key(key), None)

    def uri_of(self, key: str) -> str:
        return f"{self.uri}{safe_key(key)}"
