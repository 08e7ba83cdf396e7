"""Debian's packages are installed by one process at a time, without the services that Debian would start."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import debian_here
import pytest
from debian_here import NotInstalledError, install

APT = """#!/bin/sh
echo "$* begins" >> {log}
[ -x {policy} ] && echo "$* starts no service" >> {log}
for word in "$@"; do [ "$word" = no-such-package ] && echo "E: Unable to locate package" >&2 && exit 100; done
sleep 0.2
echo "$* ends" >> {log}
"""


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An apt-get that writes down when it runs."""
    written, policy = tmp_path / "log", tmp_path / "policy-rc.d"
    program = tmp_path / "bin" / "apt-get"
    program.parent.mkdir()
    program.write_text(APT.format(log=written, policy=policy))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    monkeypatch.setattr(debian_here, "_LOCK", tmp_path / "lock")
    monkeypatch.setattr(debian_here._no_services, "path", policy)
    return written


def test_two_installations_take_turns(log: Path) -> None:
    """apt-get refuses to run beside itself, so nothing begins before what was begun has ended; the policy goes with it."""
    threads = [threading.Thread(target=install, args=(name,)) for name in ("haproxy", "redis-server")]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 60
    for thread in threads:
        thread.join(deadline - time.monotonic())
    lines = [line.split()[-1] for line in log.read_text().splitlines()]
    assert lines == ["begins", "service", "ends"] * 4
    assert not debian_here._no_services.path.exists()


def test_what_apt_says_is_told(log: Path) -> None:
    """A package that there is not is named by apt-get itself."""
    with pytest.raises(NotInstalledError, match="Unable to locate package"):
        install("no-such-package")
    assert not debian_here._no_services.path.exists()
