"""The end of a run whose time is up: its record, and those who are told at the end.

Airflow ends such a run from outside (measured on 3.3.2): a running task is killed, a wait for a model or a person is taken away, every
task that was not through becomes `skipped`, the teardowns among them, and the run is `failed`. Nothing is written and nobody is
told. So the DAG has a callback for that: Airflow runs it in the DAG processor, once, with the DAG as it is in its file.
"""

from __future__ import annotations

import logging
from typing import Any

from workflow_orchestrator.errors import OrchestratorError
from workflow_orchestrator.operators.record import TIMED_OUT

_log = logging.getLogger(__name__)


def settle(context: Any) -> None:
    """Does what `record_execution` and the steps of `finally` would have done. A run that failed by itself has them behind it."""
    if context.get("reason") != TIMED_OUT:
        return
    from airflow.sdk.exceptions import AirflowSkipException

    record = context["dag"].get_task("record_execution")
    record.execute(context)
    for step in record.workflow.last:
        try:
            context["dag"].get_task(step.name).execute(context)
        except AirflowSkipException as why:
            _log.info("run_timeout.not_told step=%s why=%s", step.name, why)
        except OrchestratorError as error:
            # One channel that is away keeps no other from being told.
            _log.warning("run_timeout.not_told step=%s error=%s", step.name, error)
