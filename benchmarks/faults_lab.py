"""What the faults are done with: the compose file's topology, a door in front of its store, and the marks of the tasks."""

from __future__ import annotations

import json
import shutil
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import instant_steps

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(ROOT / "scripts" / "lib"))

from topology_here import Topology  # noqa: E402 - found through the line above
from topology_programs import family  # noqa: E402

DAG, WORKFLOW = "faults", "steps"
ENDED = ("success", "failed")
STEPS = 8


class Door:
    """A port on loopback that leads to another one, until it is shut: then connections break and new ones are reset and counted.

    Args:
        port: where it listens.
        behind: where it leads.
    """

    def __init__(self, port: int, behind: int) -> None:
        self.turned_away = 0
        self._behind = behind
        self._is_shut = False
        self._through: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listening = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self._take, daemon=True).start()

    def open(self) -> None:
        """Lets connections through again."""
        self._is_shut = False

    def shut(self) -> None:
        """Breaks what goes through and turns away what comes."""
        self._is_shut = True
        with self._lock:
            through, self._through = self._through, set()
        for one in through:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """The end of it."""
        self.shut()
        # A thread in accept() would keep the port.
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _take(self) -> None:
        while True:
            try:
                came, _ = self._listening.accept()
                if self._is_shut:
                    self.turned_away += 1
                    # Without lingering, what is closed is reset.
                    came.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    came.close()
                    continue
                leads = socket.create_connection(("127.0.0.1", self._behind))
            except OSError:
                return
            threading.Thread(target=self._pass, args=(came, leads), daemon=True).start()

    def _pass(self, came: socket.socket, leads: socket.socket) -> None:
        with self._lock:
            self._through |= {came, leads}
        back = threading.Thread(target=self._carry, args=(leads, came), daemon=True)
        back.start()
        self._carry(came, leads)
        back.join()
        with self._lock:
            self._through -= {came, leads}
        came.close()
        leads.close()

    def _carry(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while data := one.recv(65536):
                other.sendall(data)
            other.shutdown(socket.SHUT_WR)


class FaultyTopology(Topology):
    """The topology with a door in front of its store."""

    def _start_store(self, deadline: float) -> None:
        front = self.places.port("store", 9000)
        behind = self.places.port("store-behind", 9000)
        self.places.ports["store", 9000] = behind
        super()._start_store(deadline)
        self.places.ports["store", 9000] = front
        self.door = Door(front, behind)

    def stop(self) -> None:
        """Ends everything."""
        super().stop()
        if hasattr(self, "door"):
            self.door.close()


def write_project(place: Path) -> Path:
    """A checkout with the DAG of the faults and a workflow of steps that send messages; its folder."""
    ignore = shutil.ignore_patterns("__pycache__", "samples", "secrets")
    for name in ("include", "plugins", "deploy"):
        shutil.copytree(ROOT / name, place / name, ignore=ignore)
    for name in ("docker-compose.yaml", "requirements.txt"):
        shutil.copy(ROOT / name, place / name)
    folder = place / "dags" / WORKFLOW
    folder.mkdir(parents=True)
    (folder / "workflow.yaml").write_text(instant_steps.workflow(WORKFLOW, STEPS))
    shutil.copy(ROOT / "dags" / "fund_factsheet_video" / "dag.py", folder / "dag.py")
    shutil.copy(ROOT / "dags" / ".airflowignore", place / "dags" / ".airflowignore")
    shutil.copytree(HERE / "dags" / "faults", place / "dags" / "faults", ignore=ignore)
    return place


@dataclass
class Lab:
    """The running topology and what its tasks wrote down."""

    topology: FaultyTopology
    marks: Path

    def marked(self, run_id: str, task: str | None = None, what: str | None = None) -> list[dict[str, Any]]:
        """The marks of a run, in their order."""
        path = self.marks / f"{run_id}.jsonl"
        lines = [json.loads(line) for line in path.read_text().splitlines()] if path.is_file() else []
        return [line for line in lines if task in (None, line["task"]) and what in (None, line["what"])]

    def until(self, condition: Callable[[], Any], patience: float, what: str) -> None:
        """Looks ten times a second, without asking Airflow for more than it must.

        Raises:
            TimeoutError: it is not so in time.
        """
        deadline = time.monotonic() + patience
        while not condition():
            if time.monotonic() > deadline:
                raise TimeoutError(f"not within {patience:.0f} s: {what}")
            time.sleep(0.1)

    def began(self, run_id: str, task: str) -> float:
        """When the first try of a task began; waits for it."""
        self.until(lambda: self.marked(run_id, task, "begin"), 600, f"{task} of {run_id}")
        return float(self.marked(run_id, task, "begin")[0]["at"])

    def ended(self, dag_id: str, run_id: str) -> str:
        """The state of a run that has ended, or nothing."""
        query = "select state from dag_run where dag_id = %s and run_id = %s and end_date is not null"
        with suppress(Exception):  # the database itself may be away
            rows = self.topology.postgres.rows(query, dag_id, run_id)
            return str(rows[0][0]) if rows and rows[0][0] in ENDED else ""
        return ""

    def seconds(self, dag_id: str, run_id: str) -> float:
        """From the first start of a run to its end, as Airflow has it."""
        query = "select extract(epoch from end_date - start_date) from dag_run where dag_id = %s and run_id = %s"
        return float(self.topology.postgres.rows(query, dag_id, run_id)[0][0])

    def tries(self, dag_id: str, run_id: str) -> dict[str, int]:
        """How many tries each task took."""
        query = "select task_id, try_number from task_instance where dag_id = %s and run_id = %s order by start_date"
        return dict(self.topology.postgres.rows(query, dag_id, run_id))

    def task_pid(self, run_id: str, task: str) -> int:
        """The process that a task runs in."""
        query = "select pid from task_instance where dag_id = %s and run_id = %s and task_id = %s"
        return int(self.topology.postgres.rows(query, DAG, run_id, task)[0][0])

    def worker_of(self, run_id: str, task: str) -> str:
        """The worker that runs a task."""
        pid = self.task_pid(run_id, task)
        return next(name for name in self.topology.instances("worker") if pid in family(self.topology.pid(name)))

    def owner(self, run_id: str) -> int | None:
        """Which triggerer has the wait of a run, by the number of its job."""
        query = (
            "select t.triggerer_id from trigger t join task_instance i on i.trigger_id = t.id "
            "where i.dag_id = %s and i.run_id = %s"
        )
        with suppress(Exception):  # the database itself may be away
            rows = self.topology.postgres.rows(query, DAG, run_id)
            return int(rows[0][0]) if rows and rows[0][0] is not None else None
        return None
