"""The triggers that wait for a model, so that no worker slot is held while it thinks.

`LLMCallTrigger` carries the address of a stored call, `LLMPromptTrigger` a question that is filled in here because no worker
has run before. Neither carries an answer to Airflow's logs: an event holds names and counts, and what ends a task without a
worker holds the answer only in its XCom.

A trigger never raises. Airflow would replace its error by "Trigger failure", and the retry policy could not tell a used-up
quota from an overload; so every failure is an event with the error as data, and the worker raises it.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseTrigger, TaskSuccessEvent, TriggerEvent

from llm_orchestration.answering import Answering, unexpected
from llm_orchestration.errors import LLMError
from llm_orchestration.events import answered_event, failed_event, local_event, result_value
from llm_orchestration.exchange import Exchange
from llm_orchestration.filling import filled_in
from llm_orchestration.places import Place
from llm_orchestration.questions import CallSpec

if TYPE_CHECKING:
    import jinja2
    from airflow.sdk.definitions.context import Context

_MODULE = "llm_orchestration.triggers"
RENDER_TIME = timedelta(seconds=60)
# A task that a worker left comes back no sooner than this. Airflow 3.3 fails a task that is queued again before its scheduler
# has heard that the worker let go of it, which an answer from the journal or a refusal within milliseconds would provoke.
TIME_AWAY = timedelta(seconds=2)


class LLMCallTrigger(BaseTrigger):
    """Asks a stored call.

    Args:
        exchange: Address of the exchange.
        name: Name of the call there.
        finish: Ends the task here when there is an answer; otherwise, and after every failure, a worker goes on.
        push: Whether the end here pushes the XCom.
    """

    _from_worker = True

    def __init__(self, exchange: str, name: str, finish: bool = False, push: bool = True) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.exchange = exchange
        self.name = name
        self.finish = finish
        self.push = push
        self._answering: Answering | None = None

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Where the call lies; never what is asked."""
        return f"{_MODULE}.LLMCallTrigger", {
            "exchange": self.exchange,
            "name": self.name,
            "finish": self.finish,
            "push": self.push,
        }

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Yields one event: answered, failed, or the end of the task."""
        began = time.monotonic()
        try:
            event = await self._fired()
        except LLMError as error:
            event = self._failed(error)
        except Exception as error:  # noqa: BLE001 - a trigger that raises loses its error
            event = self._failed(unexpected(error))
        if self._from_worker and not isinstance(event, TaskSuccessEvent):
            await asyncio.sleep(max(0.0, TIME_AWAY.total_seconds() - (time.monotonic() - began)))
        yield event

    async def on_kill(self) -> None:
        """A person ended the task: the request is cancelled already, submitted jobs are cancelled here."""
        if self._answering is not None:
            await self._answering.cancel()

    def _failed(self, error: LLMError) -> TriggerEvent:
        return _event(failed_event(error, self.exchange or None, self.name or None))

    async def _fired(self) -> TriggerEvent:
        exchange = Exchange.open(self.exchange)
        self._answering = Answering(exchange, self.name)
        return await self._answered(self._answering, exchange, self.name)

    async def _answered(self, answering: Answering, exchange: Exchange, name: str) -> TriggerEvent:
        outcome = await answering.outcome()
        if not self.finish:
            return _event(answered_event(exchange, name, outcome))
        return TaskSuccessEvent(xcoms={"return_value": result_value(exchange, name, outcome)} if self.push else None)


class LLMPromptTrigger(LLMCallTrigger):
    """Fills a question in and asks it, for a task that starts in the triggerer.

    Args:
        spec: The task's `CallSpec` as JSON text, with templates where values will be.
    """

    _from_worker = False

    def __init__(self, spec: str) -> None:
        super().__init__("", "")
        self.spec = spec
        self._context: Context | None = None

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """The question as the DAG file states it, without values."""
        return f"{_MODULE}.LLMPromptTrigger", {"spec": self.spec}

    def render_template_fields(self, context: Context, jinja_env: jinja2.Environment | None = None) -> None:
        """Keeps the context. Rendering waits for `run`, where its failure can become an event."""
        self._context = context

    async def _fired(self) -> TriggerEvent:
        spec = CallSpec.from_json(json.loads(self.spec))
        self.finish, self.push = spec.finish, spec.push
        place = Place.of(self.task_instance)
        filled = await filled_in(spec, dict(self._context or {}), limit=RENDER_TIME)
        exchange, name, call = await asyncio.to_thread(filled.located, place)
        self._answering = Answering(exchange, name, call)
        if await self._answering.works_here():
            return _event(local_event())
        return await self._answered(self._answering, exchange, name)


def _event(payload: dict[str, Any]) -> TriggerEvent:
    return TriggerEvent(payload)  # type: ignore[no-untyped-call]
