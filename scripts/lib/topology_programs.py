"""The servers that the topology needs beside Airflow, from Debian's packages, and processes that are ended as a container is."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from debian_here import NotInstalledError, install, may_install

# Program and the package it comes with.
NEEDED = {"redis-server": "redis-server", "redis-cli": "redis-tools", "haproxy": "haproxy", "curl": "curl", "wget": "wget"}
# Where servers lie, although not every user's PATH has it.
PLACES = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")


class TopologyNotUp(RuntimeError):
    """A program is missing or a service did not start; the message says what to do, or holds the end of its log."""


def ensure_programs(*programs: str) -> None:
    """Installs what is missing when we may.

    Args:
        programs: those of `NEEDED` that are asked for; without any, all of them.

    Raises:
        TopologyNotUp: something is missing and nobody may install here, or it failed.
    """
    missing = sorted({NEEDED[program] for program in programs or NEEDED if find(program) is None})
    if not missing:
        return
    if not may_install():
        raise TopologyNotUp(f"not installed: {', '.join(missing)}. Debian: apt-get install {' '.join(missing)}")
    print(f"Installing Debian's packages {', '.join(missing)} …", file=sys.stderr)
    try:
        install(*missing)
    except NotInstalledError as error:
        raise TopologyNotUp(str(error)) from None


def find(program: str) -> str | None:
    """Where a program lies."""
    return shutil.which(program, path=os.pathsep.join((*PLACES, os.environ.get("PATH", ""))))


def family(leader: int) -> list[int]:
    """The processes that a process started, and all that share its session: what a container's end would take with it."""
    parents: dict[int, list[int]] = {}
    members = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            # A process that ends while it is looked at has no file any more.
            with suppress(OSError, ValueError):
                _, parent, _, session = (entry / "stat").read_text().rpartition(")")[2].split()[:4]
                parents.setdefault(int(parent), []).append(int(entry.name))
                if int(session) == leader:
                    members.add(int(entry.name))
    waiting = [leader, *members]
    while waiting:
        for child in parents.get(waiting.pop(), []):
            if child not in members:
                members.add(child)
                waiting.append(child)
    return sorted(members - {leader})


def send(pids: Iterable[int], number: signal.Signals) -> None:
    """A signal to processes, some of which may have ended."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def end(process: subprocess.Popen[bytes], patience: float, *, whole: bool) -> bool:
    """Ends a process and all that it started: asks, waits, insists. Whether asking was enough.

    Args:
        process: the leader of its session.
        patience: seconds between asking and insisting.
        whole: whether all of its processes are asked, or the first one alone, which then ends the others.
    """
    send([process.pid, *(family(process.pid) if whole else [])], signal.SIGTERM)
    try:
        process.wait(patience)
        asked = True
    except subprocess.TimeoutExpired:
        asked = False
    kill(process)
    return asked


def kill(process: subprocess.Popen[bytes]) -> None:
    """kill -9 on a process and all that it started."""
    send([process.pid, *family(process.pid)], signal.SIGKILL)
    process.wait()


def until(condition: Callable[[], bool], patience: float, every: float = 0.25) -> bool:
    """Waits for something, and says whether it came."""
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(every)
    return True
