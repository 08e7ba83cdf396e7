"""Debian's packages for what is run beside Python, installed where root may, by one process at a time."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

_LOCK = Path(tempfile.gettempdir()) / "genai-platform-apt.lock"
# Another program of this machine may be at it, such as its nightly updates.
_OTHERS = "-oDPkg::Lock::Timeout=300"


class NotInstalledError(RuntimeError):
    """apt-get failed; the message holds the end of what it said."""


def may_install() -> bool:
    """Whether this machine has Debian's packages and we may install them."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def install(*packages: str) -> None:
    """Installs packages without the services that Debian would start, after whoever else of this project installs now: apt-get refuses to
    run twice at a time.

    Raises:
        NotInstalledError: it failed.
    """
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with _LOCK.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for arguments in (["update", "--quiet"], ["install", "--yes", "--quiet", "--no-install-recommends", *packages]):
            with _no_services():
                done = subprocess.run(["apt-get", _OTHERS, *arguments], env=environment, capture_output=True, text=True, check=False)
            if done.returncode:
                raise NotInstalledError(f"apt-get {' '.join(arguments)} failed:\n{done.stderr[-2000:]}")


class _no_services:  # noqa: N801 - read as a word after `with`
    """Debian's own way to say that an installation starts nothing: a policy that answers 101. One that is there already is kept."""

    path = Path("/usr/sbin/policy-rc.d")

    def __enter__(self) -> None:
        self.ours = not self.path.exists()
        if self.ours:
            self.path.write_text("#!/bin/sh\nexit 101\n")
            self.path.chmod(0o755)

    def __exit__(self, *_: object) -> None:
        if self.ours:
            self.path.unlink(missing_ok=True)
