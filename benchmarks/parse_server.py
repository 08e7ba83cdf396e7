"""Parses DAG files as Airflow does, one fork per file, and says what each cost. `dag_parse.py` starts it and asks over its pipes.

    python parse_server.py processor   as the DAG processor: what it has imported, then in the fork: parse and serialize
    python parse_server.py worker      as a worker with LocalExecutor, in the fork of one task: plugins, then parse

A request is a line of JSON: {"files": [...], "fork": true}. With `fork` false all files are parsed one after the other in one
fork. The answer is a line with one entry per file: wall and processor milliseconds, DAGs, tasks.
"""

from __future__ import annotations

import gc
import json
import logging
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Parse = Callable[[str], dict[str, Any]]


def as_processor() -> Parse:
    """What `airflow dag-processor` does with a file, without sending the result away."""
    import structlog
    from airflow.dag_processing import manager
    from airflow.dag_processing.processor import DagFileParseRequest, _parse_file

    del manager  # imported for what it imports
    log = structlog.get_logger("benchmark")

    def parse(file: str) -> dict[str, Any]:
        request = DagFileParseRequest(file=file, bundle_path=_folder(), bundle_name="dags-folder", callback_requests=[])
        result = _parse_file(request, log)
        if result is None or result.import_errors:
            raise RuntimeError(f"{file} has an import error: {result and result.import_errors}")
        tasks = [len(dag.data["dag"]["tasks"]) for dag in result.serialized_dags]
        return {"dags": len(tasks), "tasks": sum(tasks)}

    return parse


def as_worker() -> Parse:
    """What the process of one task does before it works: plugins with their listeners, then its DAG file."""
    from airflow.dag_processing.dagbag import BundleDagBag
    from airflow.executors import local_executor
    from airflow.sdk.definitions._internal.dag_parsing_context import _airflow_parsing_context_manager
    from airflow.sdk.execution_time import supervisor, task_runner
    from airflow.sdk.listener import get_listener_manager

    del local_executor, supervisor, task_runner

    def parse(file: str) -> dict[str, Any]:
        began = time.perf_counter()
        get_listener_manager()
        plugins = time.perf_counter() - began
        # As the task runner does: a DAG file may look which DAG and which task the process is for.
        with _airflow_parsing_context_manager(dag_id=Path(file).parent.name, task_id="any"):
            bag = BundleDagBag(
                dag_folder=file, safe_mode=False, load_op_links=False, bundle_path=_folder(), bundle_name="dags-folder"
            )
        if bag.import_errors:
            raise RuntimeError(f"{file} has an import error: {bag.import_errors}")
        tasks = sum(len(dag.tasks) for dag in bag.dags.values())
        return {"dags": len(bag.dags), "tasks": tasks, "plugins_ms": round(plugins * 1000, 3)}

    return parse


def load_plugins() -> None:
    """The scheduler and the DAG processor tell their listeners that they start, and so have loaded all plugins when they fork."""
    from airflow.listeners.listener import get_listener_manager

    get_listener_manager()


def _folder() -> Path:
    return Path(os.environ["AIRFLOW__CORE__DAGS_FOLDER"])


def measured(files: list[str], parse: Parse) -> list[dict[str, Any]]:
    """Forks, parses the files there, and returns their figures; the first includes the fork."""
    reader, writer = os.pipe()
    began, processor = time.perf_counter(), 0.0
    child = os.fork()
    if child == 0:
        os.close(reader)
        figures: list[dict[str, Any]] = []
        status = 0
        try:
            for file in files:
                found = parse(file)
                now, used = time.perf_counter(), time.process_time()
                figures.append({"wall_ms": (now - began) * 1000, "cpu_ms": (used - processor) * 1000, **found})
                began, processor = now, used
        except BaseException as error:  # noqa: BLE001 - whatever it is, the other side must hear of it
            figures, status = [{"error": f"{type(error).__name__}: {error}"}], 1
        with os.fdopen(writer, "w") as pipe:
            json.dump(figures, pipe)
        os._exit(status)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        answer: list[dict[str, Any]] = json.load(pipe)
    os.waitpid(child, 0)
    return answer


def main(mode: str) -> None:
    """Answers requests until its input ends."""
    out = os.fdopen(os.dup(1), "w")
    # Whatever a DAG file or Airflow prints must not get between the answers.
    os.dup2(2, 1)
    parse = {"processor": as_processor, "worker": as_worker}[mode]()
    load_plugins()
    logging.disable(logging.WARNING)
    from airflow.dag_processing.processor import _pre_import_airflow_modules

    gc.collect()
    gc.freeze()
    for line in sys.stdin:
        request = json.loads(line)
        if mode == "processor":
            for file in request["files"]:
                _pre_import_airflow_modules(file, logging.getLogger("benchmark"))  # type: ignore[arg-type, unused-ignore]
        groups = [[file] for file in request["files"]] if request["fork"] else [request["files"]]
        print(json.dumps([figure for group in groups for figure in measured(group, parse)]), file=out, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
