"""What the tasks around an inbox have of Airflow in a test."""

from __future__ import annotations

from typing import Any


class Task:
    """What a task instance is to these operators: its tries, and what was pushed."""

    def __init__(self, **pushed: Any) -> None:
        self.pushed = pushed
        self.try_number = self.max_tries = 1

    def xcom_push(self, key: str, value: Any) -> None:
        self.pushed[key] = value

    def xcom_pull(self, task_ids: Any, key: str = "documents") -> Any:
        return self.pushed.get(key)
