"""The form on which a run is started: the parameters of a workflow as Airflow's typed `Param`s."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow.sdk import Param

from llm_orchestration.patterns import cannot_stall
from workflow_orchestrator.definition import trigger_form
from workflow_orchestrator.definition.model import Workflow

SECTIONS = {"document": None, "approval": "How it is run", "force": "How it is run"}
"""Where the platform's own parameters stand; a workflow's are under its title. The document comes first, above all sections."""


def trigger_params(workflow: Workflow) -> dict[str, Param]:
    """The form by parameter name, in the order in which it is shown."""
    return {name: _param(name, item, workflow) for name, item in trigger_form(workflow).items()}


def _param(name: str, item: Mapping[str, Any], workflow: Workflow) -> Param:
    schema = dict(item["schema"])
    if not cannot_stall(schema.get("pattern", "")):
        # The API server would match it with `re`, and could hang on what somebody types; the run's first step checks it with a limit.
        del schema["pattern"]
    said = {"title": item["title"], "description_md": item["description"] or None, **schema}
    section = SECTIONS.get(name, workflow.title)
    if section:
        said["section"] = section
    if "default" not in item:
        return Param(**said)
    return Param(item["default"], **said)
