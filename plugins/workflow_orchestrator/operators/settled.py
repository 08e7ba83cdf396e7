"""Waiting for a document's run without a worker: until it has ended, or nothing of it is at work but a question to a person.

A trigger never raises: a look that fails is done again, and the time limit ends the wait whatever happens.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent
from asgiref.sync import sync_to_async

ENDS = ("success", "failed")
ASKS = "awaiting_input"
# A task in one of these states is at work, or will be without anybody's doing.
AT_WORK = frozenset(
    ("scheduled", "queued", "running", "restarting", "deferred", "up_for_retry", "up_for_reschedule")
)  # fmt: skip
LOOK_EVERY = 3.0
# Between the end of one task and the start of the next the scheduler may be on its way, with nothing at work for a moment.
SEEN_WAITING = 2
# A task that a worker left comes back no sooner than this: Airflow 3.3 fails one that is queued again before its scheduler
# has heard that the worker let go of it.
TIME_AWAY = 2.0


def asks_of(states: Mapping[str, str | None]) -> tuple[str, ...]:
    """The steps that ask a person, if nothing else of the run is at work; else none."""
    if AT_WORK & {state for state in states.values() if state}:
        return ()
    return tuple(sorted(task for task, state in states.items() if state == ASKS))


class DocumentSettledTrigger(BaseTrigger):
    """Looks at one run until it is settled.

    Args:
        dag_id: the DAG of the run.
        run_id: the run.
        until: the end of the wait, an ISO time with its offset.
        look_every: seconds between two looks.
    """

    def __init__(self, dag_id: str, run_id: str, until: str, look_every: float = LOOK_EVERY) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.dag_id = dag_id
        self.run_id = run_id
        self.until = until
        self.look_every = look_every

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """What to look at; no name of a document."""
        return f"{__name__}.{type(self).__name__}", {
            "dag_id": self.dag_id,
            "run_id": self.run_id,
            "until": self.until,
            "look_every": self.look_every,
        }

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Yields one event: the run's state, and the steps that ask somebody."""
        until = datetime.fromisoformat(self.until)
        state, seen = "unknown", 0
        asks: tuple[str, ...] = ()
        await asyncio.sleep(TIME_AWAY)
        while True:
            try:
                state, asks = await self.look()
            except Exception as error:  # noqa: BLE001 - the API server may be away for a moment
                self.log.warning("inbox.look_failed run=%s error=%s", self.run_id, type(error).__name__)
            seen = seen + 1 if asks else 0
            if state in ENDS or seen >= SEEN_WAITING or datetime.now(UTC) >= until:
                yield TriggerEvent({"state": state, "asks": list(asks)})  # type: ignore[no-untyped-call]
                return
            await asyncio.sleep(self.look_every)

    async def look(self) -> tuple[str, tuple[str, ...]]:
        """The run's state and the steps that ask somebody, as Airflow knows them."""
        from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

        state = await sync_to_async(RuntimeTaskInstance.get_dagrun_state)(dag_id=self.dag_id, run_id=self.run_id)
        state = str(getattr(state, "value", state))
        if state in ENDS:
            return state, ()
        found = await sync_to_async(RuntimeTaskInstance.get_task_states)(dag_id=self.dag_id, run_ids=[self.run_id])
        tasks = found.get(self.run_id, {})
        return state, asks_of(
            {task: str(getattr(told, "value", told)) if told else None for task, told in tasks.items()}
        )
