"""All scenarios of one workflow, the coverage that they add up to, and the failure table proven cell by cell."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workflow_orchestrator.definition import load_workflow
from workflow_orchestrator.errors import DefinitionError
from workflow_orchestrator.scenarios.coverage import Coverage, coverage_of
from workflow_orchestrator.scenarios.loader import load_scenarios
from workflow_orchestrator.scenarios.matrix import Cell, prove_table
from workflow_orchestrator.scenarios.model import Scenario
from workflow_orchestrator.scenarios.result import Result
from workflow_orchestrator.scenarios.runner import run_scenario


@dataclass(frozen=True, slots=True)
class SuiteEvent:
    """Something that happened while the scenarios ran. `number` of `total`; `result` when a scenario is through."""

    name: str
    number: int
    total: int
    result: Result | None = None


Watch = Callable[[SuiteEvent], None]
FAILURES = "failure table"
"""The name under which progress on the failure table is told."""


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a suite. `coverage` and `cells` are empty where only some scenarios were asked for."""

    workflow: str
    results: tuple[Result, ...]
    coverage: Coverage | None
    cells: tuple[Cell, ...]
    seconds: float

    @property
    def failed(self) -> tuple[Result, ...]:
        """The scenarios that came otherwise than expected."""
        return tuple(result for result in self.results if not result.passed)

    @property
    def wrong(self) -> tuple[Cell, ...]:
        """The cells of the failure table that the runner does not do."""
        return tuple(cell for cell in self.cells if cell.wrong)

    @property
    def passed(self) -> bool:
        """Whether every scenario and every cell came as expected, and no measure is below its floor."""
        return not self.failed and not self.wrong and not (self.coverage and self.coverage.below)

    def to_json(self) -> dict[str, Any]:
        """The report as data, for `--json`."""
        return {
            "workflow": self.workflow,
            "passed": self.passed,
            "seconds": round(self.seconds, 3),
            "scenarios": [result.to_json() for result in self.results],
            "coverage": None if self.coverage is None else self.coverage.to_json(),
            "failure_table": {"cells": len(self.cells), "wrong": [cell.to_json() for cell in self.wrong]},
        }


def run_all(folder: Path, include: Path, names: Sequence[str] = (), progress: Watch | None = None) -> Report:
    """Runs the scenarios of a workflow.

    Args:
        folder: the workflow's.
        include: prompts, compliance packs, themes, samples.
        names: the scenarios to run; without any, all of them, with coverage and the failure table.
        progress: hears of each scenario, before it and after it.

    Raises:
        DefinitionError: the workflow or its scenarios have problems; or no scenario has one of the names.
    """
    began = time.monotonic()
    workflow = load_workflow(folder, include)
    suite = load_scenarios(workflow)
    chosen = _chosen(suite.scenarios, names)
    tell = progress or (lambda event: None)
    results = []
    for number, scenario in enumerate(chosen, start=1):
        tell(SuiteEvent(scenario.name, number, len(chosen)))
        results.append(run_scenario(workflow, scenario, prices=suite.prices))
        tell(SuiteEvent(scenario.name, number, len(chosen), results[-1]))
    cells: tuple[Cell, ...] = ()
    coverage = None
    if not names:
        coverage = coverage_of(workflow, results, suite.floor)
        if suite.failures:
            cells = prove_table(workflow, progress=lambda done, of: tell(SuiteEvent(FAILURES, done, of)))
    return Report(workflow.name, tuple(results), coverage, cells, time.monotonic() - began)


def _chosen(scenarios: Sequence[Scenario], names: Sequence[str]) -> list[Scenario]:
    from workflow_orchestrator.definition.problems import did_you_mean

    known = {scenario.name: scenario for scenario in scenarios}
    for name in names:
        if name not in known:
            raise DefinitionError(f"there is no scenario {name!r}; {did_you_mean(name, known)}")
    return [known[name] for name in names] if names else list(scenarios)
