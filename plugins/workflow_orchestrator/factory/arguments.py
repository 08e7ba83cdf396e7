"""How a step is run, in Airflow's own words."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from llm_orchestration.retry_policy import LLMRetryPolicy
from workflow_orchestrator.definition.model import ApproveStep, AskStep, CallStep, Execution, Step
from workflow_orchestrator.operators.retry import StepRetryPolicy

BETWEEN_STEPS: dict[str, Any] = {
    "retries": 3,
    "retry_delay": timedelta(seconds=10),
    "retry_exponential_backoff": 2.0,
    "max_retry_delay": timedelta(minutes=10),
    "retry_policy": LLMRetryPolicy(),
}
"""For the tasks that stand between steps: they only read and write the storage, whatever the steps' own settings are."""


def task_arguments(execution: Execution) -> dict[str, Any]:
    """The arguments of a task that runs under these settings.

    `StepRetryPolicy` decides about every error that a step raises. The other settings hold where no policy is asked: a
    worker that was killed, or a task that never started.
    """
    return {
        "retries": execution.most_retries,
        "retry_delay": execution.retry_delay,
        "retry_exponential_backoff": 2.0 if execution.retry_backoff == "exponential" else 0,
        "max_retry_delay": execution.max_retry_delay,
        "execution_timeout": execution.timeout,
        "retry_policy": StepRetryPolicy(execution),
    }


def step_arguments(step: Step) -> dict[str, Any]:
    """The arguments of a step's task."""
    arguments = task_arguments(step.execution)
    if isinstance(step, AskStep | ApproveStep | CallStep):
        # The time that a person or another workflow may take is the step's own `within`; a task timeout would race it.
        arguments["execution_timeout"] = None
    return arguments
