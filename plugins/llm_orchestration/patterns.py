r"""Regular expressions that somebody else wrote, matched within a limit of processor time.

A schema, a compliance pack or a parameter brings its own pattern, and it meets the words of a document or a model. With `re` a pattern
such as `(a|aa)+$` on the wrong text never ends, and the worker with it. RE2 ends always, but its `\b` and `\w` know ASCII alone: `\bétat`
finds nothing in "un état", and a pack that finds nothing lets everything pass. The `regex` package means by a pattern what `re` means,
and stops in time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Protocol

from llm_orchestration.errors import ConfigurationError, PatternTimeoutError

SECONDS = 1.0
"""Processor time of the process that one search may take. A sane pattern needs under a millisecond for a page of text."""


class Match(Protocol):
    """What was found, as `re.Match` has it."""

    def start(self) -> int: ...
    def end(self) -> int: ...
    def span(self) -> tuple[int, int]: ...
    def __getitem__(self, group: int) -> str: ...


def fault_of(pattern: str) -> str | None:
    """What is wrong with a pattern, in words; `None` if it is a regular expression."""
    import regex

    try:
        _compiled(pattern, False)
    except regex.error as error:
        return f"{error.msg}{'' if error.pos is None else f' at character {error.pos + 1}'}"
    except (RecursionError, OverflowError, MemoryError):
        return "it is too deeply nested or repeats too often"
    return None


def holds(pattern: str, text: str) -> bool:
    """Whether a pattern matches anywhere in a text.

    Raises:
        PatternTimeoutError: It took too long.
        ConfigurationError: It is no regular expression.
    """
    try:
        return _usable(pattern, False).search(text, timeout=SECONDS) is not None
    except TimeoutError:
        raise _slow(pattern, text) from None


def find_all(pattern: str, text: str, *, ignore_case: bool = False) -> Iterator[Match]:
    """Everything that a pattern matches in a text, in order; raises as `holds` does."""
    try:
        yield from _usable(pattern, ignore_case).finditer(text, timeout=SECONDS)
    except TimeoutError:
        raise _slow(pattern, text) from None


def _slow(pattern: str, text: str) -> PatternTimeoutError:
    return PatternTimeoutError(
        f"the pattern {pattern[:200]!r} was not through a text of {len(text)} characters after {SECONDS:g} s of processor "
        "time; write it so that one text can match in one way only: no repeat within a repeat such as (a+)+ or (a|aa)*"
    )


def _usable(pattern: str, ignore_case: bool) -> Any:
    import regex

    try:
        return _compiled(pattern, ignore_case)
    except regex.error as error:
        raise ConfigurationError(f"{pattern[:200]!r} is not a regular expression: {error}") from None


@lru_cache(maxsize=1024)
def _compiled(pattern: str, ignore_case: bool) -> Any:
    import regex

    return regex.compile(pattern, regex.VERSION0 | (regex.IGNORECASE if ignore_case else 0))


_ESCAPE_OR_SET = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*+\]", re.DOTALL)
_REPEAT = re.compile(r"[*+]|\{\d*,\d*\}")


def cannot_stall(pattern: str) -> bool:
    """Whether any engine is through a text with an anchored pattern in a time that grows no faster than the text.

    Told by its letters, and only of plain patterns: at most one repeat of open count, no repeated group, and few places where a
    text could match in two ways. Airflow's server matches the patterns of a form with `re`, where no limit can be set.
    """
    bare = _ESCAPE_OR_SET.sub("x", pattern)
    if re.search(r"\)(?:[*+]|\{)", bare) or re.search(r"\(\?(?!:)", bare):
        return False
    optional = bare.replace("(?:", "(").count("?") + bare.count("|")
    return len(_REPEAT.findall(bare)) <= 1 and optional <= 6


# -- JSON Schema


def patterns_in(schema: Any, at: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Every pattern of a JSON Schema with its path; words under `enum`, `const`, `default` and `examples` are data."""
    if isinstance(schema, Mapping):
        for key, item in schema.items():
            # Under `properties` and `$defs` a key is a name, also one that is called "pattern".
            named = bool(at) and at[-1] in ("properties", "$defs", "definitions", "patternProperties", "dependentSchemas")
            if key == "pattern" and isinstance(item, str) and not named:
                yield (*at, key), item
            elif named and at[-1] == "patternProperties":
                yield (*at, key), str(key)
            if named or key not in ("enum", "const", "default", "examples"):
                yield from patterns_in(item, (*at, key))
    elif isinstance(schema, list):
        for index, item in enumerate(schema):
            yield from patterns_in(item, (*at, index))


def schema_validator(schema: Mapping[str, Any], **more: Any) -> Any:
    """A JSON Schema validator (2020-12) whose patterns are matched here.

    Args:
        schema: The schema.
        **more: As for `jsonschema.Draft202012Validator`.
    """
    return _validator_class()(schema, **more)


@lru_cache(maxsize=1)
def _validator_class() -> Any:
    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend

    return extend(  # type: ignore[no-untyped-call]
        Draft202012Validator,
        {"pattern": _pattern, "patternProperties": _pattern_properties, "additionalProperties": _additional_properties},
    )


def _pattern(validator: Any, pattern: str, instance: Any, schema: Any) -> Iterator[Any]:
    from jsonschema import ValidationError

    if validator.is_type(instance, "string") and not holds(pattern, instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


def _pattern_properties(validator: Any, patterns: Mapping[str, Any], instance: Any, schema: Any) -> Iterator[Any]:
    if validator.is_type(instance, "object"):
        for pattern, below in patterns.items():
            for key, item in instance.items():
                if holds(pattern, key):
                    yield from validator.descend(item, below, path=key, schema_path=pattern)


def _additional_properties(validator: Any, allowed: Any, instance: Any, schema: Any) -> Iterator[Any]:
    """`jsonschema` joins all patterns to one for `re`; the rule is the same, and it stays the one to word what is not allowed."""
    from jsonschema import Draft202012Validator

    if validator.is_type(instance, "object"):
        patterns = schema.get("patternProperties", {})
        rest = {key: item for key, item in instance.items() if not any(holds(pattern, key) for pattern in patterns)}
        without = {key: item for key, item in schema.items() if key != "patternProperties"}
        yield from Draft202012Validator.VALIDATORS["additionalProperties"](validator, allowed, rest, without)
