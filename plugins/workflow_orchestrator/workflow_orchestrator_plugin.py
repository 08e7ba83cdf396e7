"""The one file of this package that Airflow's plugin loader executes."""

from __future__ import annotations

from typing import Any, ClassVar

from airflow.plugins_manager import AirflowPlugin

from workflow_orchestrator import listener


class WorkflowOrchestratorPlugin(AirflowPlugin):
    """Registers the listener that writes run notes."""

    name = "workflow_orchestrator"
    listeners: ClassVar[list[Any]] = [listener]
