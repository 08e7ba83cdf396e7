"""From a workflow's folder to its Airflow DAGs."""

from workflow_orchestrator.factory.build import build_dags

__all__ = ["build_dags"]
