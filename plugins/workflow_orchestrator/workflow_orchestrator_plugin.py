"""The one file of this package that Airflow's plugin loader executes."""

from __future__ import annotations

from typing import Any

from airflow.plugins_manager import AirflowPlugin

from workflow_orchestrator import listener, web


class WorkflowOrchestratorPlugin(AirflowPlugin):
    """Registers the listener that writes run notes, and the pages that serve a run's files."""

    name = "workflow_orchestrator"
    listeners = [listener]  # noqa: RUF012 - declared by the base class

    @property
    def fastapi_apps(self) -> list[dict[str, Any]]:  # type: ignore[override]
        """Built when the API server asks; every other process executes this file too and needs none of it."""
        listener.forget_questions_with_their_attempt()
        return [{"app": web.build_app(), "url_prefix": web.PREFIX, "name": "Files of a run"}]
