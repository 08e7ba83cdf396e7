"""Where a call's files lie: the store, the journal in it, and a name that no other task instance has."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from llm_orchestration.errors import ConfigurationError
from llm_orchestration.journal import StoreJournal
from llm_orchestration.stores import S3Store, Store, open_store

if TYPE_CHECKING:
    from llm_orchestration.exchange import DeferredCall

_UNSAFE = re.compile(r"[^A-Za-z0-9_.:+=-]")
_LONGEST = 120


class _Below:
    """A store's part below a prefix; all parts of one bucket share one client."""

    def __init__(self, store: Store, prefix: str) -> None:
        self._store = store
        self._prefix = prefix

    @property
    def uri(self) -> str:
        return f"{self._store.uri}/{self._prefix}"

    def get(self, name: str) -> bytes | None:
        return self._store.get(self._below(name))

    def put(self, name: str, value: bytes) -> None:
        self._store.put(self._below(name), value)

    def create(self, name: str, value: bytes) -> bool:
        return self._store.create(self._below(name), value)

    def delete(self, name: str) -> None:
        self._store.delete(self._below(name))

    def _below(self, name: str) -> str:
        if name.startswith("/"):
            raise ConfigurationError(f"{name!r} does not lie inside the store; give a path below it without '..'")
        return f"{self._prefix}/{name}"


@lru_cache(maxsize=16)
def _bucket(name: str) -> S3Store:
    return S3Store(name, "")


@lru_cache(maxsize=256)
def shared_store(uri: str) -> Store:
    """`open_store`, once per process and address: a client for S3 costs more than a call.

    Raises:
        ConfigurationError: The address is of another kind.
    """
    parts = urlsplit(uri)
    if parts.scheme == "s3" and parts.netloc:
        bucket, prefix = _bucket(parts.netloc), parts.path.strip("/")
        return _Below(bucket, prefix) if prefix else bucket
    return open_store(uri)


def open_journal(uri: str | None) -> StoreJournal | None:
    """The journal of an address, `None` for none."""
    return None if uri is None else StoreJournal(shared_store(uri))


def store_address(given: str | None = None) -> str:
    """The address that is meant: the given one, else `[llm_orchestration] store`, else a folder in Airflow's home.

    Raises:
        ConfigurationError: It is no address of a store.
    """
    from airflow.sdk.configuration import conf

    home = Path(os.environ.get("AIRFLOW_HOME") or "~/airflow").expanduser()
    uri = given or conf.get("llm_orchestration", "store", fallback=None) or str(home / "llm")
    return shared_store(uri).uri


@dataclass(frozen=True)
class Place:
    """Where a call belongs in Airflow; gives its files names that no other task instance has.

    Args:
        dag_id: Of the DAG.
        run_id: Of the run.
        task_id: Of the task.
        map_index: Of the mapped instance, -1 for none.
        try_number: Of the task.
    """

    dag_id: str
    run_id: str
    task_id: str
    map_index: int = -1
    try_number: int = 1

    @classmethod
    def of(cls, ti: Any) -> Place:
        """The place of a task instance, a worker's or a triggerer's."""
        return cls(ti.dag_id, ti.run_id, ti.task_id, -1 if ti.map_index is None else ti.map_index, ti.try_number or 1)

    @property
    def run(self) -> str:
        """Relative path of the run."""
        return f"dag={_part(self.dag_id)}/run={_part(self.run_id)}"

    def name(self, call: DeferredCall) -> str:
        """Name of a call in this try of the task instance.

        Another try has another name: whether it needs another request is for the journal to say, which knows the model.
        """
        mapped = f"{self.map_index}-" if self.map_index >= 0 else ""
        return f"{self.run}/task={_part(self.task_id)}/{mapped}try{self.try_number}-{call.key[:20]}"

    def journal(self, kind: str, store: str) -> str | None:
        """Address of the journal in a store: one per `run`, one `shared` by all, or none for `off`.

        Raises:
            ConfigurationError: The kind is unknown.
        """
        if kind not in ("run", "shared", "off"):
            raise ConfigurationError(f"journal {kind!r} is unknown; use run, shared or off")
        folder = {"run": f"journal/{self.run}", "shared": "journal/shared"}.get(kind)
        return None if folder is None else f"{store}/{folder}"


def _part(text: str) -> str:
    """One path component that is readable, never two for one text and never one for two."""
    readable = _UNSAFE.sub("_", text)
    if readable == text and len(text) <= _LONGEST:
        return text
    return f"{readable[:100]}~{hashlib.sha256(text.encode()).hexdigest()[:16]}"
