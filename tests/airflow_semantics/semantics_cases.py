"""The cases, and how states of task instances are put into the words of `expected.yaml`."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from workflow_orchestrator.definition import load_workflow
from workflow_orchestrator.record import run_key_of
from workflow_orchestrator.scenarios import load_scenarios

CASES = Path(__file__).resolve().parent / "cases"
JOINS = ("_joined", "_settled", "-otherwise")
"""Tasks that Airflow's scheduler settles by itself; what it counts as their tries means nothing."""


@dataclass(frozen=True)
class Case:
    """One scenario of one workflow, with the outcome and the tasks' states and tries that it must have."""

    workflow: str
    scenario: str
    outcome: str
    states: Mapping[str, tuple[str, int]]

    @property
    def id(self) -> str:
        """Name for pytest."""
        return f"{self.workflow}-{self.scenario}"


def cases(*without: str) -> list[Case]:
    """Every case, but those of the workflows `without`."""
    found = []
    for path in sorted((CASES / "dags").glob("*/expected.yaml")):
        if path.parent.name not in without:
            for scenario, expected in yaml.safe_load(path.read_text()).items():
                states = {task: (state, tries) for task, (state, tries) in expected["states"].items()}
                found.append(Case(path.parent.name, scenario, expected["outcome"], states))
    return found


def by_task(instances: Iterable[tuple[str, int, str | None, int]]) -> dict[str, tuple[str, int]]:
    """States and tries by task, `name[index]` in a map, from (task, map index, state, tries).

    Airflow settles a task of a map as one where nothing of it was ever ready; that stands for each of the items.
    """
    rows = list(instances)
    copies = {index for _, index, _, _ in rows if index >= 0}
    found: dict[str, tuple[str, int]] = {}
    for task, index, state, tries in rows:
        told = (state or "none", 0 if task.endswith(JOINS) else tries)
        if index >= 0:
            found[f"{task}[{index}]"] = told
        else:
            found[task] = told
            found |= {f"{task}[{number}]": told for number in copies}
    return found


def differences(case: Case, outcome: str, states: Mapping[str, tuple[str, int]]) -> list[str]:
    """What differs from the case, in words.

    Only a task that worked has tries that mean something. One that is skipped may have started to find that out: where Airflow
    skips a task, and where the task skips itself, is a question of which was quicker.
    """
    found = [] if outcome == case.outcome else [f"outcome is {outcome}, not {case.outcome}"]
    for task, (state, tries) in case.states.items():
        is_state, is_tries = states.get(task, ("absent", 0))
        if is_state != state or (state in ("success", "failed") and is_tries != tries):
            found.append(f"{task} is {is_state} after {is_tries}, not {state} after {tries}")
    return found


def conf_of(workflow: str, name: str, storage: Path) -> dict[str, Any]:
    """The conf of a scenario's run; its document is put into the inbox."""
    folder = CASES / "dags" / workflow
    scenario = load_scenarios(load_workflow(folder, CASES / "include")).scenario(name)
    inbox = storage / "inbox" / workflow
    inbox.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(scenario.document, inbox / scenario.document.name)
    return {**scenario.conf, "document": scenario.document.name, "force": True}


def outcome_of(storage: Path, workflow: str, run_id: str) -> str:
    """The outcome that the manifest of a run names."""
    manifest = storage / "runs" / workflow / run_key_of(run_id) / "manifest.json"
    return str(json.loads(manifest.read_text())["outcome"])
