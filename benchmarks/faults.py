"""What a run sees when a part of the production topology fails: real processes, killed by their process ids.

    benchmarks/run faults                              # every fault, about 25 minutes
    benchmarks/run faults --only worker,triggerer      # these

Runs the services of docker-compose.yaml as processes (scripts/topology): two API servers behind HAProxy, two schedulers, two triggerers,
two Celery workers, PostgreSQL, Redis, an S3 store. A run has five tasks: short, 20 s of work, 15 s of waiting on a triggerer, short, short.
A fault is done at a moment at which it hurts; what fell is started again at once, as Compose does it. See docs/deployment.md.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from faults_lab import DAG, ROOT, WORKFLOW, FaultyTopology, Lab, write_project

WORK, HOLD = 20.0, 15.0
_PATIENCE = 900.0
Inject = Callable[[Lab, str], float]


@dataclass(frozen=True)
class Outcome:
    """What came of a fault. `noticed`: seconds until the next try began, or a wait had another owner; `late`: than an undisturbed run."""

    fault: str
    state: str
    noticed: float | None
    late: float
    repeated: tuple[str, ...]
    twice: tuple[str, ...]
    load: float


def worker(lab: Lab, run_id: str) -> float:
    """A whole worker, in the middle of a task."""
    _at(lab.began(run_id, "work") + 5)
    lab.topology.kill(lab.worker_of(run_id, "work"))
    return time.time()


def task(lab: Lab, run_id: str) -> float:
    """The process of a task alone, as when it takes too much memory."""
    _at(lab.began(run_id, "work") + 5)
    os.kill(lab.task_pid(run_id, "work"), signal.SIGKILL)
    return time.time()


def triggerer(lab: Lab, run_id: str) -> float:
    """The one of two triggerers that has the wait. Which one that is shows when it is gone."""
    lab.until(lambda: lab.owner(run_id), 600, "a triggerer that has the wait")
    before = lab.owner(run_id)
    for instance in lab.topology.instances("triggerer"):
        lab.topology.kill(instance)
        at = time.time()
        deadline = time.monotonic() + 45
        while time.monotonic() < deadline:
            if lab.owner(run_id) != before:
                return at
            time.sleep(0.1)
    raise RuntimeError("the wait stayed with a triggerer that was killed")


def triggerers(lab: Lab, run_id: str) -> float:
    """Both at once."""
    lab.until(lambda: lab.owner(run_id), 600, "a triggerer that has the wait")
    for instance in lab.topology.instances("triggerer"):
        lab.topology.kill(instance)
    return time.time()


def scheduler(lab: Lab, run_id: str) -> float:
    """One of two, a moment before it has something to do."""
    _at(lab.began(run_id, "work") + WORK - 0.3)
    lab.topology.kill("scheduler-1")
    return time.time()


def schedulers(lab: Lab, run_id: str) -> float:
    """Both at once."""
    _at(lab.began(run_id, "work") + WORK - 0.3)
    for instance in lab.topology.instances("scheduler"):
        lab.topology.kill(instance)
    return time.time()


def api_server(lab: Lab, run_id: str) -> float:
    """One of two, a moment before a task reports its end."""
    _at(lab.began(run_id, "work") + WORK - 0.3)
    lab.topology.kill("api-server-1")
    return time.time()


def redis(lab: Lab, run_id: str) -> float:
    """kill -9, a moment before the next task is queued."""
    _at(lab.began(run_id, "work") + WORK - 0.3)
    lab.topology.kill("redis")
    return time.time()


def postgres(lab: Lab, run_id: str) -> float:
    """Restarted, as an upgrade does it, while a task works."""
    _at(lab.began(run_id, "work") + 5)
    at = time.time()
    lab.topology.postgres.restart()
    return at


def postgres_away(lab: Lab, run_id: str) -> float:
    """Away for 20 s, in which a task ends."""
    _at(lab.began(run_id, "work") + WORK - 5)
    at = time.time()
    lab.topology.postgres.restart(away=20)
    return at


def dag_processor(lab: Lab, run_id: str) -> float:
    """Away for 20 s."""
    _at(lab.began(run_id, "work"))
    at = time.time()
    lab.topology.kill("dag-processor", away=20)
    return at


def store(lab: Lab, run_id: str) -> float:
    """Away for 20 s, from the moment at which a step of a workflow asks for it."""
    lab.until(lambda: lab.tries(WORKFLOW, run_id).get("say_2"), 600, "the second step")
    door = lab.topology.door
    door.shut()
    before = door.turned_away
    lab.until(lambda: door.turned_away > before, 600, "a step that asks for the store")
    at = time.time()
    _at(at + 20)
    door.open()
    return at


def everything(lab: Lab, run_id: str) -> float:
    """All of Airflow and Redis at once, as a machine that loses its power; the database comes back first."""
    _at(lab.began(run_id, "work") + 5)
    for instance in (*lab.topology.airflow(), "redis"):
        lab.topology.kill(instance)
    at = time.time()
    lab.topology.postgres.restart()
    return at


FAULTS: dict[str, Inject] = {
    found.__name__: found
    for found in (
        worker, task, triggerer, triggerers, scheduler, schedulers, api_server, redis, postgres, postgres_away, dag_processor, store,
        everything,
    )
}  # fmt: skip


def _at(moment: float) -> None:
    time.sleep(max(0.0, moment - time.time()))


def undisturbed(lab: Lab, dag_id: str, number: int) -> float:
    """Seconds that a run takes when nothing falls."""
    run_id = f"undisturbed-{number}"
    lab.topology.client.trigger(dag_id, _conf(dag_id), run_id)
    lab.until(lambda: lab.ended(dag_id, run_id), _PATIENCE, run_id)
    return lab.seconds(dag_id, run_id)


def suffer(lab: Lab, name: str, usual: dict[str, float]) -> Outcome:
    """One run under one fault.

    Raises:
        TimeoutError: the run has not ended, which is the worst that can come of a fault.
    """
    dag_id, run_id = (WORKFLOW if name == "store" else DAG), f"under-{name}"
    conf = {**_conf(dag_id), **({"hold": 100} if name == "triggerer" else {})}
    longer = 100 - HOLD if name == "triggerer" else 0.0
    lab.topology.client.trigger(dag_id, conf, run_id)
    at = FAULTS[name](lab, run_id)
    moved = time.time() - at if name == "triggerer" else None
    lab.until(lambda: lab.ended(dag_id, run_id), _PATIENCE, run_id)
    again = [mark["at"] - at for mark in lab.marked(run_id, what="begin") if mark["try"] > 1 and mark["at"] > at]
    ends = [mark["task"] for mark in lab.marked(run_id, what="end")]
    tries = lab.tries(dag_id, run_id)
    return Outcome(
        name, lab.ended(dag_id, run_id), moved if moved is not None else min(again, default=None),
        lab.seconds(dag_id, run_id) - usual[dag_id] - longer,
        tuple(f"{key} {count}" for key, count in tries.items() if count > 1),
        tuple(sorted({key for key in ends if ends.count(key) > 1})), os.getloadavg()[0],
    )  # fmt: skip


def well_again(lab: Lab) -> None:
    """Waits until everything that fell is back, so that the next fault meets a whole topology."""
    for instance in (*lab.topology.airflow(), "redis", "proxy"):
        lab.until(lambda name=instance: lab.topology.is_healthy(name), 300, f"{instance} is well")  # type: ignore[misc]


def _conf(dag_id: str) -> dict[str, Any]:
    return {"document": "document.pdf", "force": True} if dag_id == WORKFLOW else {"work": WORK, "hold": HOLD}


def _put_document(topology: FaultyTopology) -> None:
    code = (
        "import sys; from workflow_orchestrator.places import platform_include; "
        "from workflow_orchestrator.storage import configured_storage; "
        "configured_storage(platform_include()).write(sys.argv[1], open(sys.argv[2], 'rb').read())"
    )
    blank = ROOT / "include" / "samples" / "hostile" / "blank.pdf"
    topology.run("scheduler", "python", "-c", code, f"inbox/{WORKFLOW}/document.pdf", str(blank))


def _say(outcome: Outcome) -> None:
    noticed = "-" if outcome.noticed is None else f"{outcome.noticed:.0f} s"
    repeated, twice = ", ".join(outcome.repeated) or "-", ", ".join(outcome.twice) or "-"
    print(
        f"{outcome.fault:14} {outcome.state:8} noticed {noticed:>6}   late {outcome.late:6.1f} s   tries: {repeated}   "
        f"done twice: {twice}   load {outcome.load:.1f}",
        flush=True,
    )


def main(arguments: list[str]) -> int:
    """Measures and prints; returns 1 when a run was lost."""
    parser = argparse.ArgumentParser(prog="benchmarks/run faults", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", default="", help=f"some of {', '.join(FAULTS)}")
    parser.add_argument("--usual", type=int, default=2, help="undisturbed runs to compare with")
    options = parser.parse_args(arguments)
    names = options.only.split(",") if options.only else list(FAULTS)
    if unknown := [name for name in names if name not in FAULTS]:
        parser.error(f"no such fault: {', '.join(unknown)}")
    # A path of a Unix socket is short.
    place = Path(tempfile.mkdtemp(prefix="faults-"))
    marks = place / "marks"
    marks.mkdir()
    outcomes = []
    try:
        project = write_project(place / "project")
        with FaultyTopology(place / "state", project=project, settings={"BENCHMARK_MARKS": str(marks)}) as topology:
            _put_document(topology)
            lab = Lab(topology, marks)
            for dag_id in (DAG, WORKFLOW):
                topology.client.wait_for_dag(dag_id, 300)
            usual = {dag_id: statistics.median(undisturbed(lab, dag_id, n) for n in range(options.usual)) for dag_id in (DAG, WORKFLOW)}
            print(f"undisturbed: {usual[DAG]:.1f} s, {WORKFLOW} {usual[WORKFLOW]:.1f} s, load {os.getloadavg()[0]:.1f}", flush=True)
            for name in names:
                well_again(lab)
                outcomes.append(suffer(lab, name, usual))
                _say(outcomes[-1])
    finally:
        shutil.rmtree(place, ignore_errors=True)
    print(json.dumps({"usual": usual, "faults": [vars(outcome) for outcome in outcomes]}))
    return 0 if all(outcome.state == "success" for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
