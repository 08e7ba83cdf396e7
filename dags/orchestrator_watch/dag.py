"""The Airflow DAG that watches every workflow; what it tells is written in include/orchestrator.yaml."""

from workflow_orchestrator.factory import build_watch_dag

dag = build_watch_dag()
