"""What one call remembers: answers in the response journal, and the keys under which they lie.

An answer is kept as the first thing after it arrived. An invalid second answer is not kept, so that a retry gets a better
one. Offline results are not kept: they are free and repeatable.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Generator
from dataclasses import dataclass, field

import structlog

from llm_orchestration import journal
from llm_orchestration._effects import Local
from llm_orchestration.errors import JournalError
from llm_orchestration.model import Answer
from llm_orchestration.providers.base import Call
from llm_orchestration.targets import Target

_log = structlog.get_logger(__name__)


@dataclass
class Recall:
    """The journal as one call sees it.

    Args:
        store: Response journal, `None` to keep none.
    """

    store: journal.Journal | None
    _keys: dict[tuple[int, int], str] = field(default_factory=dict)

    def key(self, target: Target, call: Call) -> str:
        """Key of a request; a long document is hashed once per call, not once per question."""
        known = (id(target), len(call.messages))
        if known not in self._keys:
            self._keys[known] = _request_key(target, call)
        return self._keys[known]

    def find(self, target: Target, call: Call) -> Generator[Local, bytes | None, Answer | None]:
        """The kept answer, as a step of the engine.

        Raises:
            JournalError: The journal cannot say, so asking could mean paying twice.
        """
        if self.store is None or target.connection is None:
            return None
        key = self.key(target, call)
        try:
            value = yield Local(functools.partial(self.store.get, key))
        except Exception as error:  # noqa: BLE001 - any store, any failure: the answer may lie there
            reason = type(error).__name__
        else:
            answer = None if value is None else journal.decode(value)
            if value is not None and answer is None:
                _log.warning("llm.journal.damaged", key=key, bytes=len(value))
            return answer
        raise JournalError(
            f"the response journal cannot be read ({reason}); not asking, because the answer may be paid for already",
            provider=target.provider.name,
            model=target.model,
        )

    def keep(self, target: Target, call: Call, answer: Answer) -> None:
        """Keeps an answer. Blocks; a failure is logged, because the answer itself is worth more."""
        if self.store is None or target.connection is None:
            return
        key = self.key(target, call)
        try:
            self.store.put(key, journal.encode(answer))
        except Exception as error:  # noqa: BLE001 - the answer is paid for; losing it would cost more than a gap
            _log.error("llm.journal.write_failed", key=key, error=type(error).__name__)


def _request_key(target: Target, call: Call) -> str:
    return journal.request_key(
        target={**target.provider.identity, "model": target.model},
        parameters={
            "temperature": call.temperature,
            "max_output_tokens": call.max_output_tokens,
            "omit": sorted(call.omit),
            "schema": None if call.contract is None else json.dumps(call.contract.schema),
            "schema_name": call.schema_name,
            "structured_output": target.structured_output,
            "purpose": call.purpose if target.provider.name == "scripted" else None,
        },
        messages=[message.to_json() for message in call.messages],
    )
