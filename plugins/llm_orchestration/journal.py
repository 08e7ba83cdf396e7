"""The response journal: an answer that arrived is never paid for twice.

Each answer is stored under the hash of everything that shaped it, before it is returned. A retry, or the next try
after a killed worker, finds it and sends no request. Offline results are not kept: they are free and repeatable.

The caller brings the store, because only the caller knows where a run's artifacts live.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from llm_orchestration.model import Answer, canonical_json, sha256_of
from llm_orchestration.stores import FolderStore, Store

_FORMAT = 1


@runtime_checkable
class Journal(Protocol):
    """A store of small byte strings. Keys are 64 hex digits; `put` may overwrite and should be atomic."""

    def get(self, key: str) -> bytes | None:
        """The value of `key`, `None` when there is none. An exception means "cannot say"."""

    def put(self, key: str, value: bytes) -> None:
        """Keeps `value` under `key`."""


class MemoryJournal:
    """A journal for one process, for tests and local runs."""

    def __init__(self) -> None:
        self._entries: dict[str, bytes] = {}

    def get(self, key: str) -> bytes | None:
        """The value of `key`, if any."""
        return self._entries.get(key)

    def put(self, key: str, value: bytes) -> None:
        """Keeps `value`."""
        self._entries[key] = value

    def __len__(self) -> int:
        return len(self._entries)


class StoreJournal:
    """A journal of one object per answer in a store.

    Args:
        store: Where the answers go.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    @property
    def uri(self) -> str:
        """Address of the store, so that another process can open the same journal."""
        return self._store.uri

    def get(self, key: str) -> bytes | None:
        """The value of `key`, if any."""
        return self._store.get(f"{key}.json")

    def put(self, key: str, value: bytes) -> None:
        """Keeps `value`."""
        self._store.put(f"{key}.json", value)


class DirectoryJournal(StoreJournal):
    """A journal of one file per answer, written atomically.

    Args:
        folder: Where the files go; made when the first answer is kept.
    """

    def __init__(self, folder: Path | str) -> None:
        super().__init__(FolderStore(folder))


def request_key(*, target: Mapping[str, Any], parameters: Mapping[str, Any], messages: list[dict[str, str]]) -> str:
    """Key of one request: everything that can change the answer, and no secret.

    Args:
        target: Provider, address, API and model.
        parameters: Temperature, output limit, schema and its name.
        messages: The rendered conversation.
    """
    return sha256_of({"format": _FORMAT, "target": dict(target), "parameters": dict(parameters), "messages": messages})


def encode(answer: Answer) -> bytes:
    """Entry of an answer, with a digest that shows damage."""
    body = canonical_json(answer.to_json())
    return json.dumps({"format": _FORMAT, "sha256": hashlib.sha256(body.encode()).hexdigest(), "body": body}).encode()


def decode(value: bytes) -> Answer | None:
    """The answer of an entry, `None` when the entry is damaged or of another format."""
    try:
        entry = json.loads(value)
        body = entry["body"]
        if entry["format"] != _FORMAT or hashlib.sha256(body.encode()).hexdigest() != entry["sha256"]:
            return None
        return Answer.from_json(json.loads(body))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
