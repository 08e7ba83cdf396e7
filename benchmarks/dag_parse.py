"""What a DAG file costs Airflow: this project's workflows against DAGs written by hand and against dag-factory, in one run.

    benchmarks/run dag_parse                  # 100 copies of the shipped workflow and of a small one
    benchmarks/run dag_parse --copies 20

All DAGs have the same tasks, edges, retries, parameters and pages; those of the others do nothing. Each file is parsed in a fork of its
own, the sides in turn, as Airflow does it: in the DAG processor (parse and serialize), and in the process of one task (plugins
and parse). "later files" are parsed after another one in the same process, so they do not pay for imports. See benchmarks/README.md.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from parse_material import ROOT, WRITERS, write_ours

HERE = Path(__file__).resolve().parent
PEERS = ROOT / ".state" / "benchmarks" / "peers"
OURS, HAND, PEER = "ours", "hand", "dag-factory"
SIDES = (OURS, HAND, PEER)
GOAL = 1.3


@dataclass
class Server:
    """A process that parses DAG files for one side."""

    process: subprocess.Popen[str]

    def parse(self, files: Sequence[Path], *, fork: bool) -> list[dict[str, Any]]:
        """The figures of each file."""
        if self.process.stdin is None or self.process.stdout is None:
            raise RuntimeError("the parser has no pipes")
        self.process.stdin.write(json.dumps({"files": [str(file) for file in files], "fork": fork}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("a parser ended; its message is above")
        figures: list[dict[str, Any]] = json.loads(line)
        broken = [figure["error"] for figure in figures if "error" in figure]
        if broken:
            raise RuntimeError(broken[0])
        return figures


@dataclass
class Measured:
    """Milliseconds of one side in one way of parsing."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def add(self, figure: Mapping[str, Any]) -> None:
        self.wall.append(figure["wall_ms"])
        self.cpu.append(figure["cpu_ms"])

    @property
    def medians(self) -> tuple[float, float]:
        return statistics.median(self.wall), statistics.median(self.cpu)


def environment(state: Path, side: str, dags: Path) -> dict[str, str]:
    """What a side's processes see: its own plugins, and a database that nothing needs."""
    home = state / f"airflow-{side}"
    (home / "plugins").mkdir(parents=True, exist_ok=True)
    plugins = ROOT / "plugins" if side == OURS else home / "plugins"
    paths = {OURS: [str(plugins)], HAND: [], PEER: [str(PEERS)]}[side]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    return {
        **inherited,
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(plugins),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        # dag-factory reports each use to its maker otherwise.
        "DO_NOT_TRACK": "True",
        "PYTHONPATH": os.pathsep.join(paths),
        "_AIRFLOW_PROCESS_CONTEXT": "client",
    }


@contextmanager
def server(mode: str, variables: Mapping[str, str]) -> Iterator[Server]:
    """Starts a parser of that mode."""
    command = [sys.executable, str(HERE / "parse_server.py"), mode]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=dict(variables), text=True
    ) as process:
        try:
            yield Server(process)
        finally:
            if process.stdin:
                process.stdin.close()


def material(state: Path, copies: int) -> dict[str, dict[str, list[Path]]]:
    """Workload → side → DAG files."""
    ours = write_ours(state / OURS, copies)
    files: dict[str, dict[str, list[Path]]] = {}
    for workload, made in ours.items():
        command = [sys.executable, str(HERE / "parse_shape.py"), str(made[0])]
        variables = environment(state, OURS, state / OURS / "dags")
        shape = json.loads(
            subprocess.run(command, env=variables, stdout=subprocess.PIPE, check=True).stdout.splitlines()[-1]
        )
        files[workload] = {OURS: made, HAND: [], PEER: []}
        for file in made:
            name = file.parent.name
            text = json.dumps(shape).replace(made[0].parent.name, name)
            for side, write in WRITERS.items():
                files[workload][side].append(write(state / side, name, json.loads(text)))
    return files


def measure(servers: Mapping[str, Server], files: Mapping[str, Sequence[Path]], *, fork: bool) -> dict[str, Measured]:
    """Every file of every side, the sides in turn."""
    found = {side: Measured() for side in servers}
    if fork:
        for at in range(len(files[OURS])):
            for side, parser in servers.items():
                found[side].add(parser.parse([files[side][at]], fork=True)[0])
    else:
        for side, parser in servers.items():
            for figure in parser.parse(files[side], fork=False)[1:]:
                found[side].add(figure)
    return found


def say(title: str, found: Mapping[str, Measured]) -> dict[str, Any]:
    """Prints one comparison and gives its figures."""
    hand_wall, hand_cpu = found[HAND].medians
    figures: dict[str, Any] = {}
    for side, measured in found.items():
        wall, cpu = measured.medians
        figures[side] = {"wall_ms": round(wall, 2), "cpu_ms": round(cpu, 2), "ratio_cpu": round(cpu / hand_cpu, 2)}
        print(
            f"{title:34} {side:12} {wall:8.1f} ms {cpu:8.1f} ms processor   "
            f"{wall / hand_wall:5.2f} × and {cpu / hand_cpu:5.2f} × by hand"
        )
    return figures


# The first time that a file is seen, it is read and checked; from then on, this project only looks whether anything has changed.
# Airflow parses a file that has not changed every half minute and for each task, so the goal is about the later times.
FIRST = "first time"
WAYS = {"processor": {FIRST: True, "in a fork": True, "later files": False}, "worker": {"one task": True}}


def main(arguments: list[str]) -> int:
    """Measures and prints; returns 1 when a file costs more than the goal."""
    parser = argparse.ArgumentParser(prog="benchmarks/run dag_parse", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--copies", type=int, default=100, help="workflows of each kind")
    parser.add_argument("--keep", type=Path, help="a folder for the DAG files, kept afterwards")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="bench-") as temporary, ExitStack() as stack:
        state = (options.keep or Path(temporary)).resolve()
        workloads = material(state, options.copies)
        report: dict[str, Any] = {}
        for mode in ("processor", "worker"):
            servers = {
                side: stack.enter_context(server(mode, environment(state, side, state / side / "dags")))
                for side in SIDES
            }
            for workload, files in workloads.items():
                for side, running in servers.items():
                    running.parse(files[side][:1], fork=True)  # bytecode is written once
                for way, fork in WAYS[mode].items():
                    report[f"{workload}, {mode}, {way}"] = say(
                        f"{workload}, {mode}, {way}", measure(servers, files, fork=fork)
                    )
    print(json.dumps(report))
    goals = [figures for name, figures in report.items() if not name.endswith(FIRST)]
    return 0 if all(figures[OURS]["ratio_cpu"] <= GOAL for figures in goals) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
