"""What Airflow's plugin loader executes of the LLM orchestration layer: it registers the name and stays light.

Airflow runs every file below `plugins/` as a top-level module named by its stem, which would shadow other modules.
`plugins/.airflowignore` keeps it to the two files beside it. The connection type comes from the dist-info.
"""

from __future__ import annotations

from airflow.sdk.plugins_manager import AirflowPlugin


class LLMOrchestrationPlugin(AirflowPlugin):
    """Shows the LLM orchestration layer in Airflow's list of plugins."""

    name = "llm_orchestration"
