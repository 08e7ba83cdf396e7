"""Where the layer keeps bytes that outlive a process: answers, stored requests, claims. A folder or an S3 prefix.

Every write is atomic: a reader sees the old bytes or the new ones. `create` is the one conditional write; it says who was
first, on a folder by a hard link and on S3 by `If-None-Match`.
"""

from __future__ import annotations

import os
import threading
from itertools import count
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from llm_orchestration.errors import ConfigurationError

# With process and thread, a name that no two writers share.
_numbers = count()


class Store(Protocol):
    """Byte strings by name. Names are relative POSIX paths without `..`."""

    @property
    def uri(self) -> str:
        """Address that `open_store` takes, in this process or another."""

    def get(self, name: str) -> bytes | None:
        """The bytes of `name`, `None` when there are none. An exception means "cannot say"."""

    def put(self, name: str, value: bytes) -> None:
        """Keeps `value` under `name`."""

    def create(self, name: str, value: bytes) -> bool:
        """Keeps `value` only if there is nothing under `name`; whether it did."""

    def delete(self, name: str) -> None:
        """Removes `name`, if it is there."""


def open_store(uri: str, *, aws_conn_id: str = "aws_default") -> Store:
    """The store of an address: `file:///folder`, an absolute path, or `s3://bucket/prefix`.

    Raises:
        ConfigurationError: The address is of another kind.
    """
    parts = urlsplit(uri)
    if parts.scheme == "s3" and parts.netloc:
        return S3Store(parts.netloc, parts.path.strip("/"), aws_conn_id)
    if parts.scheme == "file":
        return FolderStore(Path(unquote(parts.path)))
    if not parts.scheme and Path(uri).is_absolute():
        return FolderStore(Path(uri))
    raise ConfigurationError(f"store {uri!r} is unknown; use file:///folder, an absolute path or s3://bucket/prefix")


class FolderStore:
    """A folder, made when something is kept. Suits one machine, or several that mount the same folder."""

    def __init__(self, folder: Path | str) -> None:
        self._folder = Path(folder).resolve()

    @property
    def uri(self) -> str:
        """`file:///…`"""
        return self._folder.as_uri()

    def get(self, name: str) -> bytes | None:
        """The bytes of `name`, if any."""
        try:
            return self._path(name).read_bytes()
        except FileNotFoundError:
            return None

    def put(self, name: str, value: bytes) -> None:
        """Writes beside the target and renames, so that a killed process leaves no half file under the name."""
        path = self._path(name)
        part = self._part(path, value)
        try:
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise

    def create(self, name: str, value: bytes) -> bool:
        """Writes beside the target and links, which fails when the name is taken."""
        path = self._path(name)
        part = self._part(path, value)
        try:
            os.link(part, path)
        except FileExistsError:
            return False
        finally:
            part.unlink(missing_ok=True)
        return True

    def delete(self, name: str) -> None:
        """Removes the file, if it is there."""
        self._path(name).unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        path = self._folder / name
        if ".." in path.parts or not path.is_relative_to(self._folder):
            raise ConfigurationError(f"{name!r} does not lie inside the store; give a path below it without '..'")
        return path

    @staticmethod
    def _part(path: Path, value: bytes) -> Path:
        # Not synced to the disk: a killed process loses nothing that was written, and after a power cut the digest that
        # every entry carries shows what is damaged. Syncing would cost as much as the rest of a call.
        part = path.with_name(f".{path.name[:80]}.{os.getpid()}.{threading.get_ident()}.{next(_numbers)}.part")
        try:
            try:
                part.write_bytes(value)
            except FileNotFoundError:
                part.parent.mkdir(parents=True, exist_ok=True)
                part.write_bytes(value)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        return part


class S3Store:
    """A prefix of a bucket, reached through an Airflow AWS connection.

    Args:
        bucket: Name of the bucket.
        prefix: Key prefix without slashes at its ends.
        aws_conn_id: Airflow connection.
    """

    def __init__(self, bucket: str, prefix: str, aws_conn_id: str = "aws_default") -> None:
        self._bucket = bucket
        self._prefix = prefix
        self._aws_conn_id = aws_conn_id
        self._client: Any = None

    @property
    def uri(self) -> str:
        """`s3://bucket/prefix`"""
        return f"s3://{self._bucket}/{self._prefix}".rstrip("/")

    def get(self, name: str) -> bytes | None:
        """The bytes of `name`, if any."""
        from botocore.exceptions import ClientError

        try:
            body: bytes = self._s3().get_object(Bucket=self._bucket, Key=self._key(name))["Body"].read()
        except ClientError as error:
            if _code(error) in ("NoSuchKey", "404"):
                return None
            raise
        return body

    def put(self, name: str, value: bytes) -> None:
        """One PUT, which S3 makes atomic."""
        self._s3().put_object(Bucket=self._bucket, Key=self._key(name), Body=value)

    def create(self, name: str, value: bytes) -> bool:
        """One PUT with `If-None-Match`."""
        from botocore.exceptions import ClientError

        try:
            self._s3().put_object(Bucket=self._bucket, Key=self._key(name), Body=value, IfNoneMatch="*")
        except ClientError as error:
            # 409: another conditional write of the same key was on its way at the same time.
            if _code(error) in ("PreconditionFailed", "412", "ConditionalRequestConflict", "409"):
                return False
            raise
        return True

    def delete(self, name: str) -> None:
        """Removes the object, if it is there."""
        self._s3().delete_object(Bucket=self._bucket, Key=self._key(name))

    def _key(self, name: str) -> str:
        if name.startswith("/") or ".." in name.split("/"):
            raise ConfigurationError(f"{name!r} does not lie inside the store; give a path below it without '..'")
        return f"{self._prefix}/{name}" if self._prefix else name

    def _s3(self) -> Any:
        if self._client is None:
            from airflow.providers.amazon.aws.hooks.s3 import S3Hook

            self._client = S3Hook(aws_conn_id=self._aws_conn_id).get_conn()
        return self._client


def _code(error: Any) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
