"""Real model servers for the tests: a llama.cpp server, aimock and a LiteLLM gateway, each in an environment of its own.

They are installed once, from lock files with hashes, into `.state/peers`; a later run finds them there. Run as a program,
`python scripts/lib/model_peers.py` installs all of them, and `--lock` makes their lock files anew.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STATE = ROOT / ".state" / "peers"
LOCKS = ROOT / "tests" / "peers" / "locks"
PYTHON_PEERS = ("llama", "gateway", "node")
_NODE_FROM = (20, 15)
_INSTALL_SECONDS = 600


class PeerUnavailable(RuntimeError):
    """A peer could not be installed. The message names it, the command that failed and the end of its words."""


def python_peer(name: str) -> Path:
    """The Python of a peer's environment, with the packages of its lock file installed.

    Args:
        name: `llama`, `gateway` or `node`.

    Raises:
        PeerUnavailable: the registry cannot be reached, or has no package for this machine.
    """
    lock = LOCKS / f"{name}.lock"
    return _installed(name, [lock], lambda folder: _make_environment(name, folder, lock)) / "bin" / "python"


def aimock() -> list[str]:
    """The command that starts aimock.

    Raises:
        PeerUnavailable: neither this machine nor a registry has what it needs.
    """
    node, npm = _node()
    inputs = [LOCKS / "aimock" / name for name in ("package.json", "package-lock.json")]

    def install(folder: Path) -> None:
        for file in inputs:
            shutil.copy(file, folder / file.name)
        # Scripts of a package are somebody else's programs; this one needs none.
        _run("aimock", [*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder)

    program = _installed("aimock", inputs, install) / "node_modules" / "@copilotkit" / "aimock" / "dist" / "cli.js"
    return [*node, str(program)]


def _node() -> tuple[list[str], list[str]]:
    """The commands for Node.js and npm: this machine's own when it is new enough, else those of a wheel."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _version(node) >= _NODE_FROM:
        return [node], [npm]
    folder = python_peer("node").parent
    return [str(folder / "node")], [str(folder / "npm")]


def _version(node: str) -> tuple[int, ...]:
    told = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    parts = told.strip().removeprefix("v").split(".")
    return tuple(int(part) for part in parts if part.isdigit())


def _installed(name: str, inputs: Iterable[Path], install: Callable[[Path], None]) -> Path:
    """The folder of a peer; made anew when its inputs or the Python changed, or when making it was cut off."""
    folder = STATE / name
    stamp = folder / ".installed"
    told = hashlib.sha256(f"{sys.version}\0{platform.machine()}\0{folder}".encode())
    for file in inputs:
        told.update(file.read_bytes())
    STATE.mkdir(parents=True, exist_ok=True)
    with (STATE / f"{name}.busy").open("w") as busy:
        # Two test runs in one checkout must not install into the same folder.
        fcntl.flock(busy, fcntl.LOCK_EX)
        if not stamp.is_file() or stamp.read_text() != told.hexdigest():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            install(folder)
            stamp.write_text(told.hexdigest())
    return folder


def _make_environment(name: str, folder: Path, lock: Path) -> None:
    python = str(folder / "bin" / "python")
    uv = _uv()
    if uv is not None:
        _run(name, [uv, "venv", "--quiet", "--allow-existing", "--python", sys.executable, str(folder)])
        _run(name, [uv, "pip", "install", "--quiet", "--python", python, "--require-hashes", "-r", str(lock)])
    else:
        _run(name, [sys.executable, "-m", "venv", str(folder)])
        _run(name, [python, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(lock)])


def _uv() -> str | None:
    beside = Path(sys.executable).with_name("uv")
    return str(beside) if beside.is_file() else shutil.which("uv")


def _run(name: str, command: Sequence[str], cwd: Path | None = None) -> None:
    told = " ".join(command[:3])
    try:
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=_INSTALL_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PeerUnavailable(f"the peer {name} could not be installed: {told}: {error}") from None
    if done.returncode:
        last = " ".join((done.stderr or done.stdout).split())[-400:]
        raise PeerUnavailable(
            f"the peer {name} could not be installed: {told} ended with {done.returncode}; is its package registry "
            f"reachable? It says: {last}"
        )


def make_locks() -> None:
    """Writes the lock files anew, for every supported Python and without naming a registry."""
    uv = _uv()
    if uv is None:
        raise PeerUnavailable("uv makes the lock files and is not installed here")
    for name in PYTHON_PEERS:
        source, lock = LOCKS / f"{name}.txt", LOCKS / f"{name}.lock"
        more = ("--universal", "--python-version", "3.11", "--generate-hashes", "--no-emit-index-url", "--no-annotate")
        told = ("--custom-compile-command", "python scripts/lib/model_peers.py --lock")
        _run(
            name, [uv, "pip", "compile", str(source), *more, *told, "--quiet", "--upgrade", "--output-file", str(lock)]
        )
    _, npm = _node()
    only = ("--package-lock-only", "--omit-lockfile-registry-resolved", "--ignore-scripts", "--no-audit", "--no-fund")
    _run("aimock", [*npm, "install", *only], cwd=LOCKS / "aimock")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--lock", action="store_true", help="make the lock files anew instead of installing")
    options = parser.parse_args(arguments)
    try:
        if options.lock:
            make_locks()
            return 0
        for name in ("llama", "gateway"):
            print(python_peer(name))
        print(*aimock())
    except PeerUnavailable as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
