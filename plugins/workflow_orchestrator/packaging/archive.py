"""Archives that are the same bytes each time, on every machine, and that cannot write outside the folder they are unpacked to.

Entries are sorted, have no time, owner or mode of their own, and are stored and not compressed: what deflate makes depends on the
library that Python was built with.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from workflow_orchestrator.canonical import sha256
from workflow_orchestrator.errors import PackageError

_NO_TIME = (1980, 1, 1, 0, 0, 0)
_UNIX = 3
MOST_BYTES = 200_000_000
MOST_FILES = 5_000


def pack(files: Mapping[str, bytes]) -> bytes:
    """A zip archive of files by their names in it.

    Raises:
        PackageError: a name would leave the folder that it is unpacked to.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            _refuse_outside(name)
            entry = zipfile.ZipInfo(name, _NO_TIME)
            entry.create_system = _UNIX
            entry.external_attr = (0o755 if name.endswith(".sh") else 0o644) << 16
            archive.writestr(entry, files[name])
    return buffer.getvalue()


def unpack(data: bytes, *, most_bytes: int = MOST_BYTES) -> dict[str, bytes]:
    """The files of an archive, by name.

    Raises:
        PackageError: it is no archive, has a name twice, a link, a name that leaves the folder, or more than is allowed.
    """
    files: dict[str, bytes] = {}
    total = 0
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            if len(entries) > MOST_FILES:
                raise PackageError(f"the package has {len(entries):,} files, more than {MOST_FILES:,}")
            for entry in entries:
                _refuse_outside(entry.filename)
                if entry.filename in files:
                    raise PackageError(f"the package has {entry.filename!r} twice")
                if (entry.external_attr >> 16) & 0o170000 == 0o120000:
                    raise PackageError(f"the package has a link, {entry.filename!r}")
                # The size that an entry states may be a lie; what it holds is counted while it is read.
                with archive.open(entry) as stream:
                    content = stream.read(most_bytes - total + 1)
                total += len(content)
                if total > most_bytes:
                    raise PackageError(f"the package holds more than {most_bytes / 1e6:.0f} MB")
                files[entry.filename] = content
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise PackageError(f"the package cannot be read as a zip archive: {error}") from error
    return files


def write_below(folder: Path, files: Mapping[str, bytes]) -> None:
    """Writes unpacked files below a folder."""
    for name, content in files.items():
        _refuse_outside(name)
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def listing(files: Mapping[str, bytes]) -> list[dict[str, object]]:
    """Name, size and SHA-256 of each file, by name: what a manifest says of a package's content."""
    return [{"path": name, "bytes": len(files[name]), "sha256": sha256(files[name])} for name in sorted(files)]


def _refuse_outside(name: str) -> None:
    path = PurePosixPath(name)
    plain = bool(path.parts) and path.as_posix() == name
    if not plain or path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name or ":" in path.parts[0]:
        raise PackageError(f"the package has a file {name!r}, which lies outside it or is not written plainly")
