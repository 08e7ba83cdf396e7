"""From a workflow's folder to its Airflow DAGs."""

from workflow_orchestrator.factory.build import build_dags
from workflow_orchestrator.factory.watch import build_watch_dag

__all__ = ["build_dags", "build_watch_dag"]
