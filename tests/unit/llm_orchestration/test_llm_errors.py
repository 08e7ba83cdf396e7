"""The error tree: what each class promises, and that nothing is lost when an error changes process."""

from __future__ import annotations

import copy
import inspect
import pickle
import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from llm_orchestration import errors as e
from llm_orchestration.model import Attempt, Usage

CLASSES = [cls for _, cls in inspect.getmembers(e, inspect.isclass) if issubclass(cls, e.LLMError)]
FACTS: dict[str, Any] = {
    "provider": "openai_compatible",
    "model": "m1",
    "connection": "llm_default",
    "status": 429,
    "code": "rate_limit_exceeded",
    "request_id": "req_1",
    "retry_after": timedelta(seconds=3),
    "usage": Usage(1, 2),
    "cost_usd": Decimal("0.01"),
    "attempts": (Attempt("llm_default", "m1", "RateLimitError", 0.1),),
}
RETRYABLE = {
    "TransientError",
    "RateLimitError",
    "OverloadedError",
    "ServerError",
    "ConnectError",
    "ConnectionLostError",
    "CallTimeoutError",
    "ProtocolError",
    "InvalidOutputError",
    "ConnectionLookupError",
    "JournalError",
    "CircuitOpenError",
    "ThrottledError",
    "StateError",
}
FAILOVER = (
    RETRYABLE - {"TransientError", "InvalidOutputError", "ConnectionLookupError", "JournalError", "StateError"}
) | {"QuotaExceededError", "RequestTooLargeError"}


def build(cls: type[e.LLMError]) -> e.LLMError:
    if cls is e.RouteConfigError:
        return e.RouteConfigError("llm.yaml", ["routes: is empty", "format: is 2"])
    if cls is e.MissingVariablesError:
        return e.MissingVariablesError("a/b", ["x", "y"])
    if cls is e.InvalidOutputError:
        return e.InvalidOutputError("broken", problems=["$.age: type"], **FACTS)
    return cls("what happened", **FACTS)


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_an_error_survives_pickling_and_copying_whole(cls: type[e.LLMError]) -> None:
    """Class, message and every attribute arrive in the other process."""
    error = build(cls)
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert type(twin) is cls
        assert str(twin) == str(error)
        assert twin.__dict__ == error.__dict__


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_the_class_says_whether_a_retry_or_another_target_helps(cls: type[e.LLMError]) -> None:
    """Spelled out here on purpose: the retry policy and failover are derived from this table."""
    assert cls.retryable is (cls.__name__ in RETRYABLE)
    assert cls.failover is (cls.__name__ in FAILOVER)
    assert cls is e.LLMError or "retry" in (cls.__doc__ or "").lower()


def test_the_tree_in_the_docstring_is_the_tree_in_the_code() -> None:
    """Each class is drawn once, below its base and with the marks that it has."""
    drawn = re.findall(r"^([│ ├└─]*)(\w+Error)\b(.*)$", (e.__doc__ or "").split("```")[1], re.MULTILINE)
    path: list[str] = []
    for indent, name, rest in drawn:
        cls = getattr(e, name)
        path[len(indent) // 4 :] = [name]
        assert cls.__bases__[0].__name__ == (path[-2] if len(path) > 1 else "Exception")
        marks = re.match(r" *(R)? *(F)?(?: |$)", rest)
        assert marks is not None
        assert (marks.group(1) == "R", marks.group(2) == "F") == (cls.retryable, cls.failover), name
    assert sorted(name for _, name, _ in drawn) == sorted(cls.__name__ for cls in CLASSES)


def test_a_message_is_bounded_and_ends_with_the_facts() -> None:
    """A long message is cut; connection, model, status, code and request id follow it."""
    error = e.RateLimitError("x" * 900, **FACTS)
    assert len(error.message) == 500
    assert str(error).endswith(
        "[connection=llm_default model=m1 status=429 code=rate_limit_exceeded request_id=req_1 retry_after=3s]"
    )


def test_lists_of_problems_are_shown_whole() -> None:
    """Errors about files list everything that is wrong, each on its line."""
    assert str(build(e.RouteConfigError)) == "llm.yaml: 2 problems\n  routes: is empty\n  format: is 2"
    assert "missing variables: x, y" in str(build(e.MissingVariablesError))
