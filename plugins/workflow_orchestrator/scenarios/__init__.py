"""Workflows without a server: `scenarios.yaml`, the runner that plays it in this process, and what it proves. No Airflow.

scenarios.yaml ─ loader ─► Suite ─ runner (interpreter · hands · steps/) ─► Result ─ coverage · failure table ─► Report
"""

from workflow_orchestrator.scenarios.coverage import Coverage, Point
from workflow_orchestrator.scenarios.interpreter import Progress, StepEvent
from workflow_orchestrator.scenarios.loader import load_scenarios
from workflow_orchestrator.scenarios.matrix import Cell, prove_table
from workflow_orchestrator.scenarios.model import Scenario, ScenarioError, Suite
from workflow_orchestrator.scenarios.people import People, Said
from workflow_orchestrator.scenarios.result import Result
from workflow_orchestrator.scenarios.runner import local_run_id, run_document, run_scenario
from workflow_orchestrator.scenarios.suite import Report, SuiteEvent, run_all

__all__ = [
    "Cell",
    "Coverage",
    "People",
    "Point",
    "Progress",
    "Report",
    "Result",
    "Said",
    "Scenario",
    "ScenarioError",
    "StepEvent",
    "Suite",
    "SuiteEvent",
    "load_scenarios",
    "local_run_id",
    "prove_table",
    "run_all",
    "run_document",
    "run_scenario",
]
