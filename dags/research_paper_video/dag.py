"""The Airflow DAG of this folder; what it does is written in workflow.yaml."""

from workflow_orchestrator.factory import build_dags

globals().update(build_dags(__file__))
