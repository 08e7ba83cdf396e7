"""What goes into an LLM call and what comes out of it: plain, frozen, JSON-safe values."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Any, Literal, get_args

from llm_orchestration.errors import ConfigurationError

Role = Literal["system", "user", "assistant"]

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")
_PURPOSE = re.compile(r"[A-Za-z0-9_.:-]{1,128}\Z")


def canonical_json(value: object) -> str:
    """One text for one JSON value, whatever the order of its keys. ASCII only, so it always encodes."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def sha256_of(value: object) -> str:
    """Hex SHA-256 of the canonical JSON of `value`."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


@dataclass(frozen=True)
class Message:
    """One turn of a conversation.

    Raises:
        ConfigurationError: The role is unknown or the content is not text that can be sent.
    """

    role: Role
    content: str

    def __post_init__(self) -> None:
        if self.role not in get_args(Role):
            raise ConfigurationError(f"message role {self.role!r} is unknown; use one of {get_args(Role)}")
        if not isinstance(self.content, str):
            raise ConfigurationError(f"a {self.role} message holds {type(self.content).__name__}; pass the text as str")
        try:
            self.content.encode()
        except UnicodeEncodeError as error:
            # PDF text layers do contain these, and no JSON body can carry them.
            place = error.start
        else:
            return
        raise ConfigurationError(
            f"a {self.role} message holds a lone surrogate at character {place}; clean the text before the call"
        )

    def to_json(self) -> dict[str, str]:
        """The form that both OpenAI APIs accept."""
        return {"role": self.role, "content": self.content}


@dataclass(frozen=True)
class Usage:
    """Tokens of one or more answers. `None` means the provider did not say, which is not zero.

    `input_tokens` includes cached ones and `output_tokens` includes reasoning, as OpenAI counts; a provider that
    counts otherwise is normalised to this.
    """

    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_input_tokens: int | None = None
    reasoning_tokens: int | None = None

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 0):
                raise ValueError(f"{name} is {value!r}; token counts are whole numbers from 0, or None")

    @property
    def total_tokens(self) -> int | None:
        """Input plus output, or `None` when either is unknown."""
        return _sum(self.input_tokens, self.output_tokens)

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            input_tokens=_sum(self.input_tokens, other.input_tokens),
            output_tokens=_sum(self.output_tokens, other.output_tokens),
            cached_input_tokens=_sum(self.cached_input_tokens, other.cached_input_tokens),
            reasoning_tokens=_sum(self.reasoning_tokens, other.reasoning_tokens),
        )

    def to_json(self) -> dict[str, int | None]:
        """The counts by name."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, int | None]) -> Usage:
        """Inverse of `to_json`."""
        return cls(**value)


def _sum(a: int | None, b: int | None) -> int | None:
    return None if a is None or b is None else a + b


ZERO_USAGE = Usage(0, 0, 0, 0)


@dataclass(frozen=True)
class LLMRequest:
    """One question to a route.

    Args:
        messages: The conversation; the last message is the user's.
        schema: JSON Schema of the answer for a structured call, `None` for text.
        schema_name: Name of the schema as the provider sees it.
        temperature: Sampling temperature from 0 to 2, `None` for the model's own.
        max_output_tokens: Limit of the answer, `None` for the target's limit.
        purpose: What the call is for, for example `extract_factsheet_data`; names it in logs and scripts.
        offline: The caller's routine without a model. It returns the JSON value of a structured call or the text
            of any other, and runs only when no model is configured at all.
        attempt: The caller's try number from 1; only the scripted provider looks at it.

    Raises:
        ConfigurationError: The parts contradict each other.
    """

    messages: tuple[Message, ...]
    schema: Mapping[str, Any] | None = None
    schema_name: str = "answer"
    temperature: float | None = None
    max_output_tokens: int | None = None
    purpose: str = "chat"
    offline: Callable[[], object] | None = field(default=None, compare=False, repr=False)
    attempt: int = field(default=1, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "messages", tuple(self.messages))
        problem = self._contradiction()
        if problem is not None:
            raise ConfigurationError(f"LLM request: {problem}")

    def _contradiction(self) -> str | None:
        checks = (
            (bool(_PURPOSE.match(self.purpose)), f"purpose {self.purpose!r} must match {_PURPOSE.pattern}"),
            (bool(self.messages), "messages are empty; pass at least one user message"),
            (
                bool(self.messages) and self.messages[-1].role == "user",
                "the last message must be the user's, otherwise there is nothing to answer",
            ),
            (bool(_NAME.match(self.schema_name)), f"schema_name must match {_NAME.pattern}"),
            (
                self.temperature is None or 0 <= self.temperature <= 2,
                f"temperature {self.temperature} is outside 0 to 2",
            ),
            (
                self.max_output_tokens is None or self.max_output_tokens >= 1,
                f"max_output_tokens {self.max_output_tokens} is below 1",
            ),
            (self.attempt >= 1, f"attempt {self.attempt} is below 1"),
        )
        return next((text for holds, text in checks if not holds), None)

    def to_json(self) -> dict[str, Any]:
        """Everything but the caller's routine, for the way from a worker to a trigger.

        The schema travels as text: it is sent to the provider with its keys in the author's order.
        """
        return {
            "messages": [message.to_json() for message in self.messages],
            "schema": None if self.schema is None else json.dumps(self.schema),
            "schema_name": self.schema_name,
            "temperature": self.temperature,
            "max_output_tokens": self.max_output_tokens,
            "purpose": self.purpose,
            "attempt": self.attempt,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> LLMRequest:
        """Inverse of `to_json`.

        Raises:
            ConfigurationError: The parts contradict each other.
        """
        schema = value["schema"]
        messages = tuple(Message(**message) for message in value["messages"])
        return cls(**{**value, "messages": messages, "schema": None if schema is None else json.loads(schema)})

    @property
    def prompt_sha256(self) -> str:
        """SHA-256 of the rendered messages."""
        return sha256_of([message.to_json() for message in self.messages])


@dataclass(frozen=True)
class Answer:
    """What a provider returned for one request, before the schema is checked.

    `data` is set only by the offline provider; every other answer is read from `text`.
    """

    text: str
    usage: Usage
    model: str
    request_id: str | None = None
    finish_reason: str | None = None
    data: object | None = None

    def to_json(self) -> dict[str, object]:
        """What the journal keeps."""
        return {
            "text": self.text,
            "usage": self.usage.to_json(),
            "model": self.model,
            "request_id": self.request_id,
            "finish_reason": self.finish_reason,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Answer:
        """Inverse of `to_json`."""
        return cls(**{**value, "usage": Usage.from_json(value["usage"])})


@dataclass(frozen=True)
class Attempt:
    """One step of a call, as the manifest and the error show it.

    Args:
        connection: Airflow connection id, or `offline`.
        model: Model that was asked.
        outcome: `answered`, `invalid`, `journal`, `skipped`, `resent_after_lost_claim`, or the name of the error class.
        seconds: Wall time of the step.
        status: HTTP status of a failure.
        request_id: The provider's id.
        reason: Why it was skipped or failed.
    """

    connection: str
    model: str
    outcome: str
    seconds: float = 0.0
    status: int | None = None
    request_id: str | None = None
    reason: str | None = None

    def to_json(self) -> dict[str, object]:
        """The fields by name, seconds rounded to a millisecond."""
        return {**asdict(self), "seconds": round(self.seconds, 3)}


@dataclass(frozen=True)
class LLMResult:
    """A usable answer and everything the run record needs to say where it came from.

    Args:
        text: The answer as the model wrote it.
        data: The checked JSON value of a structured call, otherwise `None`.
        usage: Tokens of the answer, with those of an invalid first answer when it was re-asked.
        cost_usd: Price of `usage` in US dollars; `None` when the price or the usage is unknown.
        provider: `openai_compatible`, `azure_openai`, `bedrock_openai`, `bedrock_converse`, `scripted` or `offline`.
        model: Model that answered, as the provider names it; `none` offline.
        request_id: The provider's id of the last request.
        finish_reason: Why the model stopped.
        seconds: Wall time of the whole call.
        prompt_sha256: SHA-256 of the rendered messages.
        route: Alias that was asked.
        attempts: Every step of the call in order.
        cached: No request was sent; the answer lay in the journal. `usage` and `cost_usd` are still those of the
            answer, because the try that paid for it never reported them.
        connection: Airflow connection id that answered; `None` offline.
    """

    text: str
    data: Any
    usage: Usage
    cost_usd: Decimal | None
    provider: str
    model: str
    request_id: str | None
    finish_reason: str | None
    seconds: float
    prompt_sha256: str
    route: str
    attempts: tuple[Attempt, ...]
    cached: bool
    connection: str | None = None

    def to_json(self) -> dict[str, Any]:
        """A JSON value for XCom and the manifest; money is text so that no digit is lost."""
        return {
            "text": self.text,
            "data": self.data,
            "usage": self.usage.to_json(),
            "cost_usd": None if self.cost_usd is None else format(self.cost_usd, "f"),
            "provider": self.provider,
            "model": self.model,
            "connection": self.connection,
            "request_id": self.request_id,
            "finish_reason": self.finish_reason,
            "seconds": round(self.seconds, 3),
            "prompt_sha256": self.prompt_sha256,
            "route": self.route,
            "attempts": [attempt.to_json() for attempt in self.attempts],
            "cached": self.cached,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> LLMResult:
        """Inverse of `to_json`."""
        cost = value["cost_usd"]
        return cls(
            **{
                **value,
                "usage": Usage.from_json(value["usage"]),
                "cost_usd": None if cost is None else Decimal(cost),
                "attempts": tuple(Attempt(**attempt) for attempt in value["attempts"]),
            }
        )
