"""The one file of this package that Airflow's plugin loader executes."""

from __future__ import annotations

from airflow.plugins_manager import AirflowPlugin

from workflow_orchestrator import listener


class WorkflowOrchestratorPlugin(AirflowPlugin):
    """Registers the listener that writes run notes."""

    name = "workflow_orchestrator"
    listeners = [listener]  # noqa: RUF012 - declared by the base class
