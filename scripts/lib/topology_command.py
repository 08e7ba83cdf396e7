"""`scripts/topology up | status | logs | down`: one process in the background holds the topology and ends it when it is told to."""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from topology_here import Topology
from topology_programs import TopologyNotUp, until

ROOT = Path(__file__).resolve().parents[2]


def main(arguments: list[str]) -> int:
    """Runs one command: 0 it is as asked, 1 it is not, 2 wrong use."""
    parser = argparse.ArgumentParser(prog="scripts/topology", description="docker-compose.yaml as processes, without Docker")
    parser.add_argument("action", choices=("up", "status", "logs", "down", "hold"), help="`hold` is what `up` starts: in the foreground")
    parser.add_argument("what", nargs="?", default="", help="logs: which process, such as worker-1")
    parser.add_argument("--state", type=Path, default=ROOT / ".state" / "topology", help="folder for data, logs and secrets")
    parser.add_argument("--port", type=int, default=8080, help="of the proxy; another one where it is taken")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args(arguments)
    options.state = options.state.absolute()
    actions = {"up": _up, "status": _status, "logs": _logs, "down": _down, "hold": _hold}
    return actions[options.action](options)


def _told(state: Path) -> dict[str, Any] | None:
    """What the holder wrote, if it still runs. A number that another process has by now is told by its start time."""
    try:
        told: dict[str, Any] = json.loads((state / "topology.json").read_text())
    except (OSError, ValueError):
        return None
    return told if _started(told["pid"]) == told["started"] else None


def _started(pid: int) -> str:
    """The start of a process in ticks since the machine's, or nothing."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def _up(options: argparse.Namespace) -> int:
    if told := _told(options.state):
        print(f"It is up already: {told['url']}")
        return 0
    options.state.mkdir(parents=True, exist_ok=True)
    (options.state / "topology.json").unlink(missing_ok=True)
    log = options.state / "holder.log"
    command = [
        sys.executable, __file__, "hold", "--state", str(options.state), "--port", str(options.port), "--workers", str(options.workers),
    ]  # fmt: skip
    with log.open("wb") as stream:
        holder = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, start_new_session=True)
    print("Starting PostgreSQL, Redis, the store and Airflow; this takes one or two minutes …", flush=True)
    try:
        until(lambda: holder.poll() is not None or _told(options.state) is not None, 1200)
    except KeyboardInterrupt:
        holder.terminate()
        holder.wait()
        return 1
    told = _told(options.state)
    if told is None:
        print(f"It did not come up:\n{log.read_text(errors='replace')[-3000:]}", file=sys.stderr)
        return 1
    print(f"Airflow is at {told['url']}, user admin, password in {told['password']}\nLogs are in {options.state / 'logs' / 'services'}")
    return 0


def _hold(options: argparse.Namespace) -> int:
    """Starts everything, says so in a file, and waits for SIGTERM."""
    ending = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: _end(ending))
    topology = Topology(options.state, port=options.port, replicas={"worker": options.workers})
    try:
        topology.start()
        while not ending.is_set():
            _write(options.state, topology)
            ending.wait(2)
    except (TopologyNotUp, KeyboardInterrupt) as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        topology.stop()
        (options.state / "topology.json").unlink(missing_ok=True)
    return 0


def _end(ending: threading.Event) -> None:
    # While it starts, the way out is the exception; later, the loop.
    if not ending.is_set():
        ending.set()
        raise KeyboardInterrupt


def _write(state: Path, topology: Topology) -> None:
    told = {
        "pid": os.getpid(), "started": _started(os.getpid()), "url": topology.url, "store": topology.store,
        "password": str(state / "secrets" / ".all" / "admin_password"), "restarts": topology.restarts,
        "processes": {name: topology.pid(name) for name in topology.all()},
    }  # fmt: skip
    new = state / "topology.json.new"
    new.write_text(json.dumps(told, indent=1))
    new.replace(state / "topology.json")


def _status(options: argparse.Namespace) -> int:
    told = _told(options.state)
    if told is None:
        print("It is not up; start it with scripts/topology up")
        return 1
    print(told["url"])
    for name, pid in told["processes"].items():
        print(f"  {name:15} {pid:8} {'runs' if _started(pid) else 'is gone'}")
    for line in told["restarts"]:
        print(f"  started again: {line}")
    return 0


def _logs(options: argparse.Namespace) -> int:
    folder = options.state / "logs" / "services"
    path = folder / f"{options.what}.log"
    if not path.is_file():
        there = ", ".join(sorted(found.stem for found in folder.glob("*.log"))) or "none"
        print(f"no log of {options.what!r}; there are {there}", file=sys.stderr)
        return 2
    with suppress(BrokenPipeError):
        print(path.read_text(errors="replace"), end="")
    return 0


def _down(options: argparse.Namespace) -> int:
    told = _told(options.state)
    if told is None:
        print("It is not up.")
        return 0
    os.kill(told["pid"], signal.SIGTERM)
    began = time.monotonic()
    if not until(lambda: not _started(told["pid"]), 120):
        print(f"process {told['pid']} has not ended within two minutes; see {options.state / 'holder.log'}", file=sys.stderr)
        return 1
    took = time.monotonic() - began
    print(f"Everything has ended, after {took:.0f} s. Database and store are gone; logs and secrets stay in {options.state}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
