"""Workflow definitions: a folder of business files becomes one checked, typed `Workflow`. Nothing imports Airflow."""

from workflow_orchestrator.definition.conf import check_conf, trigger_form
from workflow_orchestrator.definition.configuration import Configuration, load_configuration
from workflow_orchestrator.definition.fields_file import load_fields
from workflow_orchestrator.definition.loader import load_workflow
from workflow_orchestrator.definition.problems import Problem, Report
from workflow_orchestrator.definition.source import Source, read_yaml

__all__ = [
    "Configuration",
    "Problem",
    "Report",
    "Source",
    "check_conf",
    "load_configuration",
    "load_fields",
    "load_workflow",
    "read_yaml",
    "trigger_form",
]
