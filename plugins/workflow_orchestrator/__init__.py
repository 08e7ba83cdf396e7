"""The workflow orchestrator: it turns a folder of business files into an Airflow DAG and runs its steps.

The layers point one way: `definition` (no Airflow) → `factory` and `operators` (Airflow) → documents, extraction,
evidence, rules, script, compliance, rendering, storage and record (no Airflow) → `values` and `errors`.
"""

__version__ = "1.0.0"
