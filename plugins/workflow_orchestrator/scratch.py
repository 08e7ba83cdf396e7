"""A folder on this machine for what can be made again: it outlives a process, and nobody but this user may write to it."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path


def own_folder(name: str) -> Path | None:
    """The folder of that name among this user's temporary files; `None` where there cannot be one that is his alone."""
    getuid = getattr(os, "getuid", None)
    if getuid is None:
        return None
    place = Path(tempfile.gettempdir()) / f"genai-platform-{getuid()}"
    try:
        place.mkdir(mode=0o700, exist_ok=True)
        found = place.lstat()
        # A link, or a folder that somebody else made under the name, is not believed.
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != getuid() or found.st_mode & 0o077:
            return None
        (place / name).mkdir(mode=0o700, exist_ok=True)
    except OSError:
        return None
    return place / name
