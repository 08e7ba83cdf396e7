"""What Airflow's plugin loader executes of the orchestrator.

The scheduler and the DAG processor load plugins before they fork for a task or a DAG file. What is imported here is therefore paid
once for each service, and not again in every fork: `factory` with all that it needs, and what the loader imports when it comes to it.
"""

from __future__ import annotations

import importlib
from typing import Any

from airflow.plugins_manager import AirflowPlugin

from workflow_orchestrator import listener, web
from workflow_orchestrator.factory.deadline import RunCreated

for _name in (
    "croniter",
    "jinja2.sandbox",
    "jsonschema",
    "packaging.specifiers",
    "workflow_orchestrator.factory",
    "workflow_orchestrator.factory.arrivals",
    "workflow_orchestrator.factory.nightly",
    "workflow_orchestrator.factory.page",
    "workflow_orchestrator.rules.language",
):
    importlib.import_module(_name)


class WorkflowOrchestratorPlugin(AirflowPlugin):
    """Registers the listener that writes run notes, the pages that serve a run's files, and the start of deadlines."""

    name = "workflow_orchestrator"
    listeners = [listener]  # noqa: RUF012 - declared by the base class
    deadline_references = [RunCreated]  # noqa: RUF012

    @property
    def fastapi_apps(self) -> list[dict[str, Any]]:  # type: ignore[override]
        """Built when the API server asks; every other process executes this file too and needs none of it."""
        listener.forget_questions_with_their_attempt()
        return [{"app": web.build_app(), "url_prefix": web.PREFIX, "name": "Files of a run"}]
