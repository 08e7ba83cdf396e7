"""Patterns that somebody else wrote: they mean what `re` means, and they end."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest

from llm_orchestration.errors import ConfigurationError, PatternTimeoutError
from llm_orchestration.patterns import cannot_stall, fault_of, find_all, holds, patterns_in, schema_validator
from llm_orchestration.structured import compile_schema

ENDLESS = "^(([a-z])+.)+[A-Z]([a-z])+$"
LONG = "a" * 4000  # minutes without a limit: 400 took 1.2 s, and the time grows with the cube


def test_an_endless_pattern_is_stopped_and_named() -> None:
    """The error names the pattern and what to do, holds nothing of the text, and no retry is made of it."""
    began = time.process_time()
    with pytest.raises(PatternTimeoutError) as caught:
        holds(ENDLESS, LONG)
    assert time.process_time() - began < 5
    assert repr(ENDLESS) in caught.value.message
    assert "no repeat within a repeat" in caught.value.message
    assert "aaaa" not in caught.value.message
    assert not caught.value.retryable


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"\bétat", "un état"),
        (r"\bsûr\b", "c'est sûr."),
        (r"garanti\w*", "GARANTÍE und garantierte"),
        (r"größ\w+", "Größe, größte"),
        (r"(?<!nicht )sicher", "nicht sicher, sicher"),
        (r"\d+", "١٢ 34"),
        (r"risikolos|ohne\s+risiko", "Ohne  Risiko"),
    ],
)
def test_a_pattern_means_what_re_means(pattern: str, text: str) -> None:
    """Letters of other alphabets, edges of words, look-around and case are found where `re` finds them."""
    expected = [match.span() for match in re.finditer(pattern, text, re.IGNORECASE)]
    assert expected
    assert [match.span() for match in find_all(pattern, text, ignore_case=True)] == expected


@pytest.mark.parametrize("pattern", ["[A-Z", "(", "a{2}{3}{", "(?P<1>a)", "*"])
def test_what_is_no_pattern_is_said(pattern: str) -> None:
    """A fault has words, and its use is a named error."""
    if (fault := fault_of(pattern)) is None:
        re.compile(pattern)  # `regex` takes what `re` takes
        return
    assert fault
    with pytest.raises(ConfigurationError, match="is not a regular expression"):
        holds(pattern, "a")


SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"code": {"type": "string", "pattern": "^[A-Z]{2}$"}, "pattern": {"type": "string", "enum": ["x"]}},
    "patternProperties": {"^n_": {"type": "integer"}},
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    "value",
    [
        {}, {"code": "AB"}, {"code": "ab"}, {"n_1": 1}, {"n_1": "1"}, {"other": 1}, {"n_1": 1, "code": "A", "more": 2},
        {"pattern": "x"}, {"pattern": "y"}, 7,
    ],
)  # fmt: skip
def test_a_schema_is_judged_as_jsonschema_judges_it(value: Any) -> None:
    """Only who matches the patterns differs."""
    from jsonschema import Draft202012Validator

    def places(validator: Any) -> list[tuple[str, str]]:
        return sorted((error.json_path, error.validator) for error in validator.iter_errors(value))

    assert places(schema_validator(SCHEMA)) == places(Draft202012Validator(SCHEMA))


def test_patterns_are_found_where_they_are_patterns() -> None:
    """A property that is called `pattern` is a name, and words under `enum` are data."""
    assert list(patterns_in(SCHEMA)) == [
        (("properties", "code", "pattern"), "^[A-Z]{2}$"), (("patternProperties", "^n_"), "^n_"),
    ]  # fmt: skip


@pytest.mark.parametrize("key", ["pattern", "patternProperties", "additionalProperties"])
def test_no_answer_of_a_model_holds_a_worker(key: str) -> None:
    """An endless pattern in the schema of an answer ends in the named error, wherever it stands."""
    text: dict[str, Any] = {"type": "string", "pattern": ENDLESS}
    free: dict[str, Any] = {"type": "object", "patternProperties": {ENDLESS: {}}, "additionalProperties": key[0] == "p"}
    schema = {"type": "object", "properties": {"it": text if key == "pattern" else free}}
    with pytest.raises(PatternTimeoutError):
        compile_schema(schema).check_value({"it": LONG if key == "pattern" else {LONG: 1}})


def test_a_schema_with_a_wrong_pattern_is_refused_before_anything_is_sent() -> None:
    """`jsonschema` itself would fall over it at the first answer."""
    with pytest.raises(ConfigurationError, match=r"'\[A-Z' is not"):
        compile_schema({"type": "object", "properties": {"a": {"type": "string", "pattern": "[A-Z"}}})


@pytest.mark.parametrize("pattern", ["", "[A-Z]{2}[0-9]{4}", r"\d{4}(?:-\d\d)?", "[A-Z]+", "(left|right)", r"[\]a-z*+]{1,9}"])
def test_plain_patterns_cannot_stall(pattern: str) -> None:
    """What authors write for codes and dates is left to Airflow's form."""
    assert cannot_stall(pattern)


@pytest.mark.parametrize("pattern", ["(a+)+", "(a|aa)*b", "a*a*a*b", "(a|a){40}", "a?" * 30 + "a" * 30, r"(\w+\s?)*", "(?=a+)b"])
def test_patterns_that_could_stall_are_known(pattern: str) -> None:
    """A repeat of a group, two open repeats, or many choices."""
    assert not cannot_stall(pattern)
