"""The Airflow DAG of this case; what happens in its steps is written in scenarios.yaml."""

from scripted_steps import build_case

globals().update(build_case(__file__))
