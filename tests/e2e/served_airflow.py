"""A served Airflow with the words that the tests speak."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from airflow_here import LocalAirflow

WORKFLOW = "fund_factsheet_video"
LONGEST = 900.0  # seconds that a run may take; a busy machine is no defect of it


class Served:
    """The Airflow, with the words that the tests speak."""

    def __init__(self, airflow: LocalAirflow, samples: Path, workflow: str = WORKFLOW) -> None:
        self.airflow = airflow
        self.samples = samples
        self.workflow = workflow

    def of(self, workflow: str) -> Served:
        """The same Airflow, for another workflow."""
        return Served(self.airflow, self.samples, workflow)

    def put(self, name: str, source: Path | bytes) -> str:
        """Puts a document into the workflow's inbox."""
        target = self.airflow.storage / "inbox" / self.workflow / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(source, bytes):
            target.write_bytes(source)
        else:
            shutil.copyfile(source, target)
        return name

    def start(self, run_id: str, **conf: Any) -> str:
        """Triggers a run through the REST API."""
        return self.airflow.trigger(self.workflow, conf, run_id=run_id)

    def end(self, run_id: str, timeout: float = LONGEST) -> tuple[str, dict[str, dict[str, Any]]]:
        """Waits until the run has ended or waits for a person; its state and its tasks by name."""
        state, tasks = "", []
        for state, tasks in self.airflow.watch(self.workflow, run_id, timeout):  # noqa: B007
            pass
        return state, {task["task_id"]: task for task in tasks}

    def folder(self, run_id: str) -> Path:
        """Where the run's artifacts lie."""
        return self.airflow.storage / "runs" / self.workflow / run_id

    def manifest(self, run_id: str) -> dict[str, Any]:
        """The run's manifest."""
        data: dict[str, Any] = json.loads((self.folder(run_id) / "manifest.json").read_text())
        return data

    def answer(self, run_id: str, task: str, option: str, **form: Any) -> None:
        """Answers a question as the person who is logged in, through the REST API."""
        path = f"/dags/{self.workflow}/dagRuns/{run_id}/taskInstances/{task}/-1/hitlDetails"
        answer = self.airflow.client.patch(path, json={"chosen_options": [option], "params_input": form})
        answer.raise_for_status()
        # The answer is taken at once, the task's state follows with the scheduler's next round.
        for _ in self.airflow.watch(self.workflow, run_id, LONGEST, until=lambda states: states[task] != "awaiting_input"):
            pass

    def question(self, run_id: str, task: str) -> dict[str, Any]:
        """What is asked."""
        path = f"/dags/{self.workflow}/dagRuns/{run_id}/taskInstances/{task}/-1/hitlDetails"
        detail: dict[str, Any] = self.airflow.get(path)
        return detail
