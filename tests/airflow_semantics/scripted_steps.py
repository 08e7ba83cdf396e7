"""The DAGs of the conformance cases: the product's own, with the faults of `scenarios.yaml` raised where they stand.

Imported by each case's `dag.py`, in Airflow's processes. A run plays the scenario that its id names (`detour`, `detour_2`), or the
one that the environment names: `dag.test()` chooses the run id itself. What a fault interrupts is the real operator with its real
report, retry policy and detours; nothing else is replaced.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from workflow_orchestrator.definition import load_workflow
from workflow_orchestrator.factory import build_dags
from workflow_orchestrator.operators import registry
from workflow_orchestrator.scenarios.loader import load_scenarios
from workflow_orchestrator.scenarios.model import Fault, Suite
from workflow_orchestrator.scenarios.models import made_error

SCENARIO = "SEMANTICS_SCENARIO"


class _Scripted:
    """Stands before an operator class and raises what the scenario says for this try."""

    def perform(self, work: Any) -> None:
        fault = _fault(work)
        if fault is not None:
            raise made_error(fault)
        super().perform(work)  # type: ignore[misc]


def build_case(dag_file: str) -> dict[str, Any]:
    """What `build_dags` makes of the folder, with scripted operators."""
    plain = registry.OPERATORS
    registry.OPERATORS = {kind: type(cls)(cls.__name__, (_Scripted, cls), {}) for kind, cls in plain.items()}
    try:
        return dict(build_dags(dag_file))
    finally:
        registry.OPERATORS = plain


def suite_of(folder: Path) -> Suite:
    """The scenarios of a case."""
    return load_scenarios(load_workflow(folder, folder.parents[1] / "include"))


def _fault(work: Any) -> Fault | None:
    name = os.environ.get(SCENARIO) or work.run.run_id
    for scenario in load_scenarios(work.workflow).scenarios:
        if name == scenario.name or name.startswith(f"{scenario.name}__"):
            index = work.run.scope.rpartition("/")[2]
            label = f"{work.step.name}[{index}]" if index else work.step.name
            event = scenario.event(label, work.step.name, work.attempt)
            return event if isinstance(event, Fault) else None
    return None
