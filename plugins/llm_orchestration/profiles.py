"""What a model can do, by a pattern of its id: apart from where it is reached and apart from the routes that ask it.

Patterns stand in the `models:` part of llm.yaml, never in code: ids live a year, code lives longer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from llm_orchestration.errors import ConfigurationError
from llm_orchestration.targets import StructuredOutput


@dataclass(frozen=True)
class Profile:
    """The capabilities of a model; `None` is not known.

    Args:
        structured_output: The strictest way that holds this model to a schema.
        files: Whether it reads files beside text.
        context_window: Tokens of prompt plus answer.
        max_output_tokens: The longest answer it can write.
        omit: Parameters that it refuses.

    Raises:
        ConfigurationError: The parts contradict each other.
    """

    structured_output: StructuredOutput | None = None
    files: bool | None = None
    context_window: int | None = None
    max_output_tokens: int | None = None
    omit: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        for name in ("context_window", "max_output_tokens"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ConfigurationError(f"profile: {name} is {value}; use a whole number from 1")
        if exceeds(self.max_output_tokens, self.context_window):
            raise ConfigurationError(
                f"profile: max_output_tokens {self.max_output_tokens} is above context_window {self.context_window}; "
                "an answer is part of the window"
            )


def exceeds(value: int | None, limit: int | None) -> bool:
    """Whether both are known and the value is above the limit."""
    return value is not None and limit is not None and value > limit


UNKNOWN = Profile()


def profile_of(model: str, profiles: Mapping[str, Profile]) -> Profile:
    """The profile of the first pattern that matches, `UNKNOWN` when none does.

    Args:
        model: Model id as it is sent. Capitals count.
        profiles: Profiles by pattern (`*`, `?`, `[…]`), in the order of the file.
    """
    return next((profile for pattern, profile in profiles.items() if fnmatchcase(model, pattern)), UNKNOWN)


def hidden_by(pattern: str, earlier: Iterable[str]) -> str | None:
    """The earlier pattern that takes every model of `pattern`, so that it never matches; `None` when there is none."""
    if "[" in pattern:
        return None
    # A pattern with nothing but stars covers whatever it matches as text: no star of `pattern` reaches beyond its own.
    covering = (one for one in earlier if not set("?[") & set(one))
    return next((one for one in covering if fnmatchcase(pattern, one)), None)
