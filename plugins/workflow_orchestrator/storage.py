"""Where documents and artifacts lie: one small interface over a local folder or an S3 bucket.

Keys are POSIX paths relative to the storage, such as `runs/fund_factsheet_video/doc_1f…/script.json`. A write is atomic: a
reader sees the old bytes or the new ones. On a folder that is a temporary name and a rename, on S3 one PUT. `create` writes
only where nothing is: of several writers one gets True, and the others leave what is there alone.

    <storage>/inbox/<workflow>/…pdf
    <storage>/runs/<workflow>/<run key>/…
    <storage>/ledger/<workflow>/<document key>.json
    <storage>/releases/<workflow>/<identity>/<as-of date>_<run>.json
    <storage>/history/<workflow>/<serial>.json
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from workflow_orchestrator.errors import (
    ConfigurationError,
    DocumentNotFoundError,
    DocumentOutsideStorageError,
    StorageError,
)

# What S3 takes; a file system's own limit for each part of a path is shorter.
LONGEST_KEY = 1_024
# Under a name that is too long for the file system, below a file, or at a link that leads back to itself nothing can lie.
_NOTHING_THERE = (errno.ENAMETOOLONG, errno.ENOTDIR, errno.ELOOP)


class Storage(Protocol):
    """The whole of what the orchestrator asks of a storage."""

    uri: str

    def read(self, key: str) -> bytes: ...

    def write(self, key: str, data: bytes) -> str: ...

    def create(self, key: str, data: bytes) -> bool: ...

    def put_file(self, key: str, path: Path) -> str: ...

    def exists(self, key: str) -> bool: ...

    def size(self, key: str) -> int: ...

    def list(self, prefix: str) -> Iterator[str]: ...

    def delete(self, key: str) -> None: ...

    def uri_of(self, key: str) -> str: ...


def open_storage(uri: str, *, base: Path, aws_conn_id: str = "aws_default") -> Storage:
    """The storage that a configuration names: a folder (relative to `base`), a `file://` URI or `s3://bucket/prefix`.

    Raises:
        ConfigurationError: the URI has another scheme or no bucket.
    """
    parts = urlsplit(uri)
    if parts.scheme == "s3":
        if not parts.netloc:
            raise ConfigurationError(f"storage {uri!r} names no bucket; write s3://bucket/prefix")
        return S3Storage(parts.netloc, parts.path.strip("/"), aws_conn_id)
    if parts.scheme == "file":
        return LocalStorage(Path(unquote(parts.path)))
    if parts.scheme:
        raise ConfigurationError(f"storage {uri!r} has the scheme {parts.scheme!r}; use a folder, file:// or s3://")
    return LocalStorage((base / uri).resolve())


def configured_storage(include: Path) -> Storage:
    """The storage of `include/orchestrator.yaml` and the environment; a relative folder starts at the project's own folder."""
    from workflow_orchestrator.definition.configuration import load_configuration

    configuration = load_configuration(include / "orchestrator.yaml", os.environ)
    return open_storage(
        configuration.storage,
        base=include.parent,
        aws_conn_id=os.environ.get("GENAI_PLATFORM_AWS_CONN_ID", "aws_default"),
    )


def safe_key(key: str) -> str:
    """The key in its plain form.

    Raises:
        DocumentOutsideStorageError: it is absolute, empty, too long, no text, or climbs out with `..`.
    """
    path = PurePosixPath(key)
    try:
        size = len(key.encode())
    except UnicodeEncodeError:
        raise DocumentOutsideStorageError(f"{key!r} is no text, so no file can have that name; rename it") from None
    if size > LONGEST_KEY:
        raise DocumentOutsideStorageError(
            f"{key[:80]!r}… has {size:,} bytes, more than the {LONGEST_KEY:,} that a name in a storage may have; give a shorter one"
        )
    if not key.strip() or path.is_absolute() or ".." in path.parts or "\\" in key or "\0" in key:
        raise DocumentOutsideStorageError(f"{key!r} does not lie inside the storage; give a path below it without '..'")
    return path.as_posix()


class LocalStorage:
    """A folder. Suits one machine, or several that mount the same folder."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.uri = self.root.as_uri()

    def _path(self, key: str) -> Path:
        path = self.root / safe_key(key)
        # A symbolic link inside the storage must not lead a reader out of it.
        try:
            inside = path.resolve().is_relative_to(self.root)
        except RuntimeError:  # Python up to 3.12 says so of links that lead to each other
            raise DocumentOutsideStorageError(f"{key!r} is a link that leads back to itself in the storage {self.uri}") from None
        if not inside:
            raise DocumentOutsideStorageError(f"{key!r} is a link that leaves the storage {self.uri}")
        return path

    def read(self, key: str) -> bytes:
        try:
            return _content(self._path(key))
        except (FileNotFoundError, IsADirectoryError):
            raise DocumentNotFoundError(f"there is no file {key!r} in the storage {self.uri}") from None
        except OSError as error:
            if error.errno in _NOTHING_THERE:
                raise DocumentNotFoundError(f"there is no file {key!r} in the storage {self.uri}") from None
            raise StorageError(f"{key!r} cannot be read from {self.uri}: {error.strerror or error}") from error

    def write(self, key: str, data: bytes) -> str:
        with self._replacing(key) as temporary:
            temporary.write_bytes(data)
        return self.uri_of(key)

    def create(self, key: str, data: bytes) -> bool:
        target = self._path(key)
        with _Temporary(target, f"{key!r} in {self.uri}") as temporary:
            temporary.write_bytes(data)
            temporary.chmod(0o644)
            try:
                # A link, unlike a rename, refuses a name that is taken.
                os.link(temporary, target)
            except FileExistsError:
                return False
        return True

    def put_file(self, key: str, path: Path) -> str:
        with self._replacing(key) as temporary:
            shutil.copyfile(path, temporary)
        return self.uri_of(key)

    def _replacing(self, key: str) -> _Replacement:
        return _Replacement(self._path(key), f"{key!r} in {self.uri}")

    def exists(self, key: str) -> bool:
        try:
            return self._path(key).is_file()
        except OSError as error:
            if error.errno in _NOTHING_THERE:
                return False
            raise StorageError(f"{key!r} cannot be looked for in {self.uri}: {error.strerror or error}") from error

    def size(self, key: str) -> int:
        try:
            return self._path(key).stat().st_size
        except FileNotFoundError:
            raise DocumentNotFoundError(f"there is no file {key!r} in the storage {self.uri}") from None
        except OSError as error:
            raise StorageError(f"{key!r} cannot be read from {self.uri}: {error.strerror or error}") from error

    def list(self, prefix: str) -> Iterator[str]:
        folder = self._path(prefix)
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.name.startswith(".tmp-"):
                yield path.relative_to(self.root).as_posix()

    def delete(self, key: str) -> None:
        self._path(key).unlink(missing_ok=True)

    def uri_of(self, key: str) -> str:
        return self._path(key).as_uri()


def _content(path: Path) -> bytes:
    """The bytes of a plain file. A pipe or a device, which a reader would wait for or never come to the end of, is none.

    Raises:
        OSError: it cannot be read.
    """
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise FileNotFoundError(errno.ENOENT, "is no plain file", str(path))
    with os.fdopen(handle, "rb") as file:
        return file.read()


class _Temporary:
    """A temporary file beside its target; it is gone when the block ends."""

    def __init__(self, target: Path, what: str) -> None:
        self._target = target
        self._what = what

    def __enter__(self) -> Path:
        try:
            self._target.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix=".tmp-", dir=self._target.parent)
        except OSError as error:
            raise StorageError(f"{self._what} cannot be written: {error.strerror or error}") from error
        os.close(handle)
        self._temporary = Path(name)
        return self._temporary

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        self._temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise StorageError(f"{self._what} cannot be written: {error.strerror or error}") from error


class _Replacement(_Temporary):
    """A temporary file that takes its target's name when the block ends well."""

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if error is None:
            try:
                # mkstemp makes private files; the storage may be shared between the users of one machine.
                self._temporary.chmod(0o644)
                self._temporary.replace(self._target)
            except OSError as failure:
                self._temporary.unlink(missing_ok=True)
                raise StorageError(f"{self._what} cannot be written: {failure.strerror or failure}") from failure
            return
        super().__exit__(kind, error, trace)


class _TakenError(Exception):
    """An object that was to be new is there, or is being written."""


class S3Storage:
    """A bucket, or a prefix in one, through the Amazon provider's hook (boto3; no s3fs, which pins boto3 down)."""

    def __init__(self, bucket: str, prefix: str, aws_conn_id: str) -> None:
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self._aws_conn_id = aws_conn_id
        self._hook: Any = None
        self.uri = f"s3://{bucket}/{prefix}".rstrip("/")

    @property
    def hook(self) -> Any:
        if self._hook is None:
            from airflow.providers.amazon.aws.hooks.s3 import S3Hook

            self._hook = S3Hook(aws_conn_id=self._aws_conn_id)
        return self._hook

    def _key(self, key: str) -> str:
        return self._prefix + safe_key(key)

    def _call(self, what: str, key: str, **arguments: Any) -> Any:
        from botocore.exceptions import BotoCoreError, ClientError

        client = self.hook.get_conn()
        try:
            return getattr(client, what)(Bucket=self._bucket, Key=self._key(key), **arguments)
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            if code in ("PreconditionFailed", "ConditionalRequestConflict"):
                raise _TakenError from None
            if code in ("NoSuchKey", "404", "NotFound"):
                raise DocumentNotFoundError(f"there is no object {key!r} in the storage {self.uri}") from None
            raise StorageError(f"{what} of {key!r} in {self.uri} failed with {code}: {error}") from error
        except BotoCoreError as error:
            raise StorageError(f"{what} of {key!r} in {self.uri} failed: {error}") from error

    def read(self, key: str) -> bytes:
        from botocore.exceptions import BotoCoreError

        try:
            body: bytes = self._call("get_object", key)["Body"].read()
        except BotoCoreError as error:
            raise StorageError(f"{key!r} broke off while it was read from {self.uri}: {error}") from error
        return body

    def write(self, key: str, data: bytes) -> str:
        self._call("put_object", key, Body=data)
        return self.uri_of(key)

    def create(self, key: str, data: bytes) -> bool:
        try:
            self._call("put_object", key, Body=data, IfNoneMatch="*")
        except _TakenError:
            return False
        return True

    def put_file(self, key: str, path: Path) -> str:
        with path.open("rb") as body:
            self._call("put_object", key, Body=body)
        return self.uri_of(key)

    def exists(self, key: str) -> bool:
        try:
            self._call("head_object", key)
        except DocumentNotFoundError:
            return False
        return True

    def size(self, key: str) -> int:
        return int(self._call("head_object", key)["ContentLength"])

    def list(self, prefix: str) -> Iterator[str]:
        # The trailing slash keeps `inbox/a` from listing `inbox/ab`.
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            found = self.hook.list_keys(bucket_name=self._bucket, prefix=self._key(prefix) + "/") or []
        except (BotoCoreError, ClientError) as error:
            raise StorageError(f"{prefix!r} in {self.uri} cannot be listed: {error}") from error
        for key in sorted(found):
            if not key.endswith("/"):
                yield key.removeprefix(self._prefix)

    def delete(self, key: str) -> None:
        self._call("delete_object", key)

    def uri_of(self, key: str) -> str:
        return f"s3://{self._bucket}/{self._key(key)}"


def inbox_of(workflow: str) -> str:
    """The prefix of the folder from which a workflow takes its documents."""
    return f"inbox/{workflow}"


def document_key(storage: Storage, workflow: str, given: str) -> str:
    """The key of the document that a run was given: a name in the workflow's inbox, or a URI or key inside the storage.

    Raises:
        DocumentOutsideStorageError: it lies elsewhere.
        DocumentNotFoundError: there is no such file; the message lists what the inbox holds.
    """
    key = key_of(storage, workflow, given.strip())
    if storage.exists(key):
        return key
    names = [PurePosixPath(item).name for item in storage.list(inbox_of(workflow))]
    there = f"it holds {', '.join(names[:5])}{' …' if len(names) > 5 else ''}" if names else "it is empty"
    raise DocumentNotFoundError(
        f"there is no document {given!r} in {storage.uri}; put it into {inbox_of(workflow)}/ ({there}) and trigger again",
        document=given,
    )


def key_of(storage: Storage, workflow: str, given: str) -> str:
    """The key that a name, key or URI stands for, whether or not anything lies there.

    Raises:
        DocumentOutsideStorageError: it lies elsewhere.
    """
    base = storage.uri.rstrip("/") + "/"
    if given.startswith(base):
        return safe_key(unquote(given[len(base) :]) if base.startswith("file:") else given[len(base) :])
    if "://" in given or given.startswith(("/", "~/")):
        raise DocumentOutsideStorageError(
            f"document {given!r} lies outside the configured storage {storage.uri}; put it into "
            f"{inbox_of(workflow)}/ and give its name",
            document=given,
        )
    key = safe_key(given)
    return key if key.startswith(("inbox/", "runs/")) else f"{inbox_of(workflow)}/{key}"
