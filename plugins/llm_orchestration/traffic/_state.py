"""What the stores have in common: an object is JSON text, and damaged text is no object."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeVar

import structlog

_log = structlog.get_logger(__name__)

T = TypeVar("T")
State = dict[str, Any]
Change = Callable[[State | None], tuple[State | None, T]]

_reported: set[str] = set()
_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


def decode(key: str, text: str | bytes | None) -> State | None:
    """The object of a stored text, `None` when there is none or it is damaged."""
    if text is None:
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if isinstance(value, dict):
        return value
    report_damage(key)
    return None


def report_damage(key: str) -> None:
    """Logs once per process that the entry of `key` counts as empty."""
    if key not in _reported:
        _reported.add(key)
        _log.warning("llm.state.damaged", key=key)


def apply(key: str, text: str | bytes | None, change: Change[T]) -> tuple[str | None, T]:
    """The text after a change, and what the change says beside it."""
    state, told = change(decode(key, text))
    return None if state is None else _encode(state), told
