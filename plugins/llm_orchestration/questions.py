"""A question as a DAG author writes it, before its values are known: prompt, variables, schema.

`prompt` is Jinja text, or the name of a prompt file (`….md.j2`, see `prompts.py`) that is filled with `variables`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from llm_orchestration.answering import model_class
from llm_orchestration.errors import ConfigurationError
from llm_orchestration.exchange import DeferredCall, Exchange
from llm_orchestration.model import LLMRequest, Message
from llm_orchestration.places import Place, store_address
from llm_orchestration.prompts import SUFFIX, Prompt
from llm_orchestration.routes import load_routes

DEFAULT_PROMPTS_PATH = Path(__file__).resolve().parents[2] / "include" / "prompts"
_NOT_IN_PURPOSE = re.compile(r"[^A-Za-z0-9_.:-]")


@dataclass(frozen=True)
class Question:
    """Everything of a request that the author states.

    Args:
        prompt: Text for the user's turn, or the name of a prompt file below `prompts_path`.
        from_file: Whether `prompt` names a file. Decided by the author's words, never by a value that was filled in.
        system: Text of the system turn; a prompt file brings its own.
        variables: Values of a prompt file.
        schema: JSON Schema of the answer as JSON text, `None` for text or a pydantic model.
        output: Import path of a pydantic model that the answer must pass.
        purpose: Names the call in logs and scripts.
        temperature: Sampling temperature; a prompt file states its own.
        max_output_tokens: Limit of the answer; a prompt file states its own.
        prompts_path: Folder of prompt files.

    Raises:
        ConfigurationError: The parts contradict each other.
    """

    prompt: str
    from_file: bool = False
    system: str | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)
    schema: str | None = None
    output: str | None = None
    purpose: str = "chat"
    temperature: float | None = None
    max_output_tokens: int | None = None
    prompts_path: str | None = None

    def __post_init__(self) -> None:
        problem = self._contradiction()
        if problem is not None:
            raise ConfigurationError(f"{self.purpose}: {problem}")

    def _contradiction(self) -> str | None:
        if not isinstance(self.prompt, str) or not self.prompt.strip():
            return "the prompt is empty; give text or the name of a prompt file"
        if not isinstance(self.variables, Mapping):
            return f"variables is {type(self.variables).__name__}; give a mapping of names to values"
        if self.from_file and self.system is not None:
            return f"the prompt file {self.prompt} brings its own system block; leave `system` out"
        if self.from_file and (self.temperature is not None or self.max_output_tokens is not None):
            return f"the prompt file {self.prompt} states its own parameters; leave temperature and limit out"
        if not self.from_file and self.variables:
            return f"variables fill prompt files (*{SUFFIX}); write values into the text with Jinja instead"
        return None

    def request(self, *, attempt: int = 1, offline: Callable[[], object] | None = None) -> LLMRequest:
        """The request, with every value filled in. Reads the prompt file; blocks.

        Raises:
            LLMError: The prompt, its variables or the schema cannot be used.
        """
        schema, name = self._schema()
        if self.from_file:
            prompt = Prompt.load(self.prompt, self.prompts_path or DEFAULT_PROMPTS_PATH)
            return prompt.request(
                self.variables, purpose=self.purpose, schema=schema, schema_name=name, offline=offline, attempt=attempt
            )
        user = Message("user", self.prompt)
        return LLMRequest(
            (user,) if not self.system else (Message("system", self.system), user),
            schema=schema,
            schema_name=name,
            temperature=self.temperature,
            max_output_tokens=self.max_output_tokens,
            purpose=self.purpose,
            offline=offline,
            attempt=attempt,
        )

    def _schema(self) -> tuple[dict[str, Any] | None, str]:
        if self.schema is not None:
            schema: dict[str, Any] = json.loads(self.schema)
            return schema, "answer"
        if self.output is not None:
            model = model_class(self.output)
            return model.model_json_schema(), model.__name__
        return None, "answer"


@dataclass(frozen=True)
class CallSpec:
    """A call as an operator states it: the question, and how and where it is asked.

    Args:
        question: What is asked; its texts may be templates still.
        route: Alias in the route file.
        llm_conn_id: One Airflow connection to use instead of the route's targets.
        routes_path: Another route file.
        store: Address of the store, `None` for the default one.
        journal: `run`, `shared` or `off`; `None` is what the route says.
        deadline: Time for the call with all its targets, instead of the route's.
        budget_usd: The most that the call may cost.
        finish: Whether the trigger may end the task.
        push: Whether its end pushes the XCom.
    """

    question: Question
    route: str
    llm_conn_id: str | None = None
    routes_path: str | None = None
    store: str | None = None
    journal: str | None = None
    deadline: timedelta | None = None
    budget_usd: Decimal | None = None
    finish: bool = False
    push: bool = True

    def located(self, place: Place, offline: Callable[[], object] | None = None) -> tuple[Exchange, str, DeferredCall]:
        """The exchange, the name of the call there, and the call. Reads the prompt file; blocks.

        Args:
            place: The task instance.
            offline: The caller's routine without a model.

        Raises:
            LLMError: The question, the store or the journal cannot be used.
        """
        exchange = Exchange.open(store_address(self.store))
        call = DeferredCall(
            request=self.question.request(attempt=place.try_number, offline=offline),
            route=self.route,
            llm_conn_id=self.llm_conn_id,
            routes_path=self.routes_path,
            output=self.question.output,
            journal=place.journal(self.journal or self._journal_of_route(), exchange.uri),
            run=place.run,
            deadline=self.deadline,
            budget_usd=self.budget_usd,
        )
        return exchange, place.name(call), call

    def _journal_of_route(self) -> str:
        from airflow.sdk.configuration import conf

        path = self.routes_path or conf.get("llm_orchestration", "routes_path", fallback=None)
        return load_routes(path).get(self.route).journal

    def to_json(self) -> dict[str, Any]:
        """For the way from the DAG file to the triggerer."""
        return {
            **asdict(self),
            "deadline": None if self.deadline is None else self.deadline.total_seconds(),
            "budget_usd": None if self.budget_usd is None else format(self.budget_usd, "f"),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> CallSpec:
        """Inverse of `to_json`."""
        deadline, budget = value["deadline"], value["budget_usd"]
        return cls(
            **{
                **value,
                "question": Question(**value["question"]),
                "deadline": None if deadline is None else timedelta(seconds=deadline),
                "budget_usd": None if budget is None else Decimal(budget),
            }
        )


def purpose_of(task_id: str) -> str:
    """A task id as a purpose."""
    return _NOT_IN_PURPOSE.sub("_", task_id)[:128]


def schema_parts(schema: Mapping[str, Any] | type | str | None) -> tuple[str | None, str | None]:
    """A schema as an author may write it: JSON Schema, pydantic model or its import path.

    Returns:
        The schema as JSON text and the import path of the model; one of them, or neither.

    Raises:
        ConfigurationError: It is none of these, or a class that no other process can import.
    """
    if schema is None:
        return None, None
    if isinstance(schema, str):
        return None, schema
    if isinstance(schema, Mapping):
        try:
            return json.dumps(dict(schema), allow_nan=False), None
        except (TypeError, ValueError) as error:
            raise ConfigurationError(f"the answer schema is not JSON: {error}") from None
    if not hasattr(schema, "model_json_schema"):
        raise ConfigurationError(f"schema is {schema!r}; give a JSON Schema, a pydantic model or its import path")
    path = f"{schema.__module__}.{schema.__qualname__}"
    if schema.__module__ == "__main__" or schema.__module__.startswith("unusual_prefix_") or "<locals>" in path:
        raise ConfigurationError(
            f"the pydantic model {schema.__qualname__} lies in the DAG file, where triggerers cannot import it; move it to "
            "a module of its own, or give its `model_json_schema()`"
        )
    return None, path
