"""Waiting for a model without holding a worker, from any operator.

```python
def execute(self, context):
    result = defer_call(self, exchange, call, name=Place.of(context["ti"]).name(call), method_name="resume")
    return self.use(result)               # only reached when there was nothing to wait for

def resume(self, context, event):
    return self.use(answered(event))      # raises the typed error, and Airflow's retry policy decides
```

The worker writes the request into the exchange and leaves; a trigger asks; a worker goes on with the answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from llm_orchestration.errors import LLMError
from llm_orchestration.events import outcome_of, read_result
from llm_orchestration.exchange import DeferredCall, Exchange, Outcome
from llm_orchestration.model import LLMResult
from llm_orchestration.places import shared_store

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator

__all__ = ["DEFAULT_TIMEOUT", "answer_now", "answered", "defer_call", "deferrable_by_default", "hook_of", "read_result"]

DEFAULT_TIMEOUT = timedelta(hours=26)
"""How long a deferred task may wait: a backstop for when no triggerer runs, above the longest wait that a route allows.

A call ends by itself, with a named error, after `deferred_wait_seconds` and `deadline_seconds`; a batch ends within 24 hours.
"""


def deferrable_by_default() -> bool:
    """`[operators] default_deferrable` of Airflow's configuration."""
    from airflow.sdk.configuration import conf

    return bool(conf.getboolean("operators", "default_deferrable", fallback=False))


def defer_call(
    operator: BaseOperator,
    exchange: Exchange,
    call: DeferredCall,
    *,
    name: str,
    method_name: str,
    kwargs: Mapping[str, Any] | None = None,
    timeout: timedelta | None = None,
    deferrable: bool | None = None,
    finish: bool = False,
    push: bool = True,
) -> LLMResult:
    """Leaves the worker until the model has answered, or answers at once when there is nothing to wait for.

    A route that works offline or from a script is answered at once, and so is every route when `deferrable` is off.

    Args:
        operator: The running task's operator.
        exchange: Where the call's files go; workers and triggerers must reach it.
        call: What is asked and how.
        name: Name of the call in the exchange; `Place.name` gives one.
        method_name: Method of the operator that goes on with `(context, event, **kwargs)`.
        kwargs: Further arguments of that method; JSON.
        timeout: How long the task may wait; by default `DEFAULT_TIMEOUT`. `execution_timeout` does not cover waiting.
        deferrable: Whether to leave the worker; by default as Airflow is configured.
        finish: Lets the trigger end the task with the XCom of `events.result_value`; only a failure comes back.
        push: Whether that end pushes the XCom.

    Returns:
        The answer, when the worker asked itself.

    Raises:
        TaskDeferred: Airflow takes the task from here.
        LLMError: The call failed on the worker, or its request cannot be stored.
    """
    if not (deferrable_by_default() if deferrable is None else deferrable):
        return answer_now(exchange, call, name=name).result
    hook = hook_of(call)
    if _works_here(hook):
        return answer_now(exchange, call, name=name, hook=hook).result
    from llm_orchestration.triggers import LLMCallTrigger

    exchange.put_request(name, call)
    trigger = LLMCallTrigger(exchange.uri, name, finish, push)
    operator.defer(
        trigger=trigger, method_name=method_name, kwargs=dict(kwargs or {}), timeout=timeout or DEFAULT_TIMEOUT
    )
    raise AssertionError("defer does not return")


def answered(event: Mapping[str, Any], call: DeferredCall | None = None) -> LLMResult:
    """The answer that a trigger's event tells of.

    Args:
        event: The event.
        call: The same call with its `offline` routine, for a route that goes on without a model after an outage.

    Raises:
        LLMError: The error of the call, of the class that it had in the trigger, so that the retry policy can decide.
    """
    try:
        return outcome_of(event)[2].result
    except LLMError as error:
        if call is None or call.request.offline is None:
            raise
        failure = error
    return without_model(call, failure)


def without_model(call: DeferredCall, after: LLMError) -> LLMResult:
    """The end of a route that goes on without a model, on the worker, which alone has the caller's routine.

    Raises:
        LLMError: `after`, when the route does not end there or the failure is the caller's to mend.
    """
    result: LLMResult = hook_of(call).without_model(call.request, after)
    return result


def answer_now(exchange: Exchange, call: DeferredCall, *, name: str, hook: Any = None) -> Outcome:
    """Asks on the worker and keeps the result where a trigger would have kept it.

    Raises:
        LLMError: The class says what happened and whether a retry helps.
    """
    from llm_orchestration.answering import model_class

    asking = hook or hook_of(call)
    output = None if call.output is None else model_class(call.output)
    text_only = call.request.schema is None and output is None
    result = asking.chat(call.request) if text_only else asking.structured(call.request, output)
    outcome = Outcome(result)
    exchange.put_result(name, outcome)
    return outcome


def hook_of(call: DeferredCall) -> Any:
    """The hook that asks a stored call on a worker."""
    from llm_orchestration.answering import hook_arguments
    from llm_orchestration.claims import StoreJobBook
    from llm_orchestration.hook import LLMHook

    jobs = None if call.journal is None else StoreJobBook(shared_store(call.journal))
    return LLMHook(**hook_arguments(call), jobs=jobs)


def _works_here(hook: Any) -> bool:
    from llm_orchestration.providers.base import RemoteProvider

    return not isinstance(hook.get_conn().provider, RemoteProvider)
