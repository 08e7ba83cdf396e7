"""What a trigger tells Airflow, and what a task hands on: small JSON values without prompts, documents or keys.

An event holds no answer either, because Airflow writes every event into the triggerer's log.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from llm_orchestration.errors import LLMError, StateError, TransientError, error_from_json
from llm_orchestration.exchange import Exchange, Outcome
from llm_orchestration.model import LLMResult

MAX_INLINE = 8 * 1024
"""Most bytes of an answer that an XCom holds itself."""


def answered_event(exchange: Exchange, name: str, outcome: Outcome) -> dict[str, Any]:
    """There is an answer; where it lies."""
    result = outcome.result
    return {
        "status": "answered",
        "exchange": exchange.uri,
        "result": name,
        "model": result.model,
        "cached": result.cached,
        "cost_usd": None if result.cost_usd is None else format(result.cost_usd, "f"),
        "resent_after_lost_claim": outcome.resent_after_lost_claim,
    }


def failed_event(error: LLMError, exchange: str | None = None, name: str | None = None) -> dict[str, Any]:
    """There is none; the error as data with its time, and the stored request that nobody will ask again."""
    error.told_at = time.time()
    return {"status": "failed", "error": error.to_json(), "exchange": exchange, "request": name}


def local_event() -> dict[str, Any]:
    """The route is answered without waiting for anybody; the worker does so at once."""
    return {"status": "local"}


def is_local(event: Any) -> bool:
    """Whether the worker is to answer itself."""
    return isinstance(event, Mapping) and event.get("status") == "local"


def outcome_of(event: Any) -> tuple[Exchange, str, Outcome]:
    """Where the answer of an event lies, and the answer.

    Raises:
        LLMError: The error that the event tells, of the class that it had in the trigger.
        StateError: The result cannot be read.
    """
    status = event.get("status") if isinstance(event, Mapping) else None
    if status == "failed":
        _drop_request(event)
        raise _told(event["error"])
    if status != "answered":
        raise TransientError(f"the trigger sent an event of status {status!r}; is the triggerer of the same release?")
    exchange = Exchange.open(event["exchange"])
    return exchange, event["result"], exchange.outcome(event["result"])


def _drop_request(event: Mapping[str, Any]) -> None:
    """Removes the request of a try that has failed: the next one writes its own, and a prompt may hold a document."""
    if event.get("exchange") and event.get("request"):
        with suppress(LLMError):
            Exchange.open(event["exchange"]).drop_request(event["request"])


def _told(error: Any) -> LLMError:
    try:
        return error_from_json(error)
    except (KeyError, TypeError, ValueError, AttributeError):
        name = error.get("class") if isinstance(error, Mapping) else type(error).__name__
    return TransientError(f"the trigger failed with {name}, told in a form that this release does not read")


def result_value(exchange: Exchange, name: str, outcome: Outcome) -> dict[str, Any]:
    """The XCom of a call: where its result lies, its facts, and the answer itself when it is small.

    A structured call has `data`, any other `text`; an answer above 8 KiB has neither and is read with `read_result`.
    """
    result = outcome.result
    told = {name: value for name, value in result.to_json().items() if name not in ("text", "data", "attempts")}
    answer = {"text": result.text} if result.data is None else {"data": result.data}
    small = len(json.dumps(answer).encode()) <= MAX_INLINE
    return {
        "exchange": exchange.uri,
        "result": name,
        **(answer if small else {}),
        **told,
        "resent_after_lost_claim": outcome.resent_after_lost_claim,
    }


def result_facts(value: Any) -> dict[str, Any]:
    """The XCom of a call as a mapping, whichever way it came.

    What a trigger pushes at the end of a task is encoded twice by Airflow 3.3 and reaches the reader as JSON text.

    Raises:
        StateError: It is no XCom of a call.
    """
    decoded = value
    for _ in range(2):
        if not isinstance(decoded, str):
            break
        try:
            decoded = json.loads(decoded)
        except ValueError:
            break
    if not isinstance(decoded, Mapping) or not {"exchange", "result"} <= decoded.keys():
        raise StateError(
            f"a value of type {type(value).__name__} is no result of an LLM call; pass the task's whole XCom, unchanged"
        )
    return dict(decoded)


def read_result(value: Any) -> LLMResult:
    """The whole result behind the XCom of a call.

    Args:
        value: The XCom as it comes: a mapping, or JSON text when the task ended in a trigger.

    Raises:
        StateError: It is no XCom of a call, or the result cannot be read.
    """
    facts = result_facts(value)
    return Exchange.open(facts["exchange"]).outcome(facts["result"]).result
