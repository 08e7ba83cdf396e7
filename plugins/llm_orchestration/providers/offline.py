"""The offline provider: no model at all, only the caller's own routine.

It exists so that the product works, and says so, before anyone has configured a model. It never stands in for a model
that failed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from llm_orchestration.errors import OfflineOutputError, OfflineUnavailableError
from llm_orchestration.model import ZERO_USAGE, Answer
from llm_orchestration.providers.base import Call
from llm_orchestration.structured import OutputProblem

NO_MODEL = "none"


class OfflineProvider:
    """Runs the request's `offline` routine and checks what it returns.

    Args:
        looked_for: Connection ids that do not exist, for the message of a request without a routine.
    """

    name = "offline"

    def __init__(self, looked_for: tuple[str, ...] = ()) -> None:
        self._looked_for = looked_for

    @property
    def identity(self) -> Mapping[str, str]:
        """Only the kind: there is no endpoint."""
        return {"provider": self.name}

    def answer(self, call: Call) -> Answer:
        """Returns the routine's result as an answer with zero tokens.

        Raises:
            OfflineUnavailableError: The request brings no routine.
            OfflineOutputError: The result is not JSON, breaks the schema, or is not text where text was asked for.
        """
        if call.offline is None:
            wanted = " or ".join(self._looked_for) or "llm_default"
            raise OfflineUnavailableError(
                f"{call.purpose} needs a model: add the Airflow connection {wanted} (type LLM, with base URL, key and "
                "model), for example as AIRFLOW_CONN_LLM_DEFAULT",
                provider=self.name,
                model=NO_MODEL,
            )
        value = call.offline()
        if call.contract is None:
            if not isinstance(value, str):
                raise self._unusable(call, f"returned {type(value).__name__}, not text")
            return Answer(value, ZERO_USAGE, NO_MODEL, finish_reason="stop")
        try:
            # Through JSON and back, so that the result is exactly what a model could have said.
            text = json.dumps(value, ensure_ascii=False, allow_nan=False)
            data = call.contract.check(text)
        except OutputProblem as problem:
            reason = f"breaks the schema: {problem}"
        except (TypeError, ValueError) as error:
            reason = f"is not JSON: {error}"
        else:
            return Answer(text, ZERO_USAGE, NO_MODEL, finish_reason="stop", data=data)
        raise self._unusable(call, reason)

    def _unusable(self, call: Call, reason: str) -> OfflineOutputError:
        return OfflineOutputError(f"the offline routine of {call.purpose} {reason}", provider=self.name, model=NO_MODEL)
