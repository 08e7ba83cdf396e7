"""Structured output: the strict twin of a schema, strict parsing, and what an error may say."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from llm_orchestration.errors import ConfigurationError
from llm_orchestration.structured import MAX_DEPTH, OutputProblem, compile_schema, read


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"a":1,"a":2}', "given twice"),
        ('{"a":NaN}', "NaN"),
        ('{"a":-Infinity}', "-Infinity"),
        ('{"a":1e999}', "too large"),
        ('{"a":' + "9" * 41 + "}", "digits"),
        ('{"a":' + "[" * 80 + "]" * 80 + "}", f"deeper than {MAX_DEPTH}"),
        ("[" * 100_000, "deeper"),
        ('{"a":"\\ud800"}', "surrogate"),
        ('"' + "x" * 2_000_001 + '"', "2000003 characters"),
        ("Sure! Here it is", "not JSON"),
        ('{"a":', "not JSON"),
        ("", "not JSON"),
    ],
)
def test_text_that_is_not_clean_json_is_refused(text: str, told: str) -> None:
    """Duplicate keys, non-numbers, huge, deep and broken JSON are named, never guessed at."""
    with pytest.raises(OutputProblem, match=told):
        read(text)


@pytest.mark.parametrize("text", ['{"a":1}', ' {"a":1}\n', '```json\n{"a":1}\n```', '```\n{"a":1}\n```'])
def test_one_fence_around_the_answer_is_taken_off(text: str) -> None:
    """What a model without constrained decoding adds costs no second question."""
    assert read(text) == {"a": 1}


def test_a_cut_answer_full_of_escaped_quotes_is_refused_at_once() -> None:
    """Reading takes time in proportion to the length; anew from each quote, this text would take hours."""
    began = time.process_time()
    with pytest.raises(OutputProblem, match="not JSON"):
        read('{"rows":[' + "[]," * MAX_DEPTH + '"' + 'a\\"' * 300_000)
    assert time.process_time() - began < 5


def test_brackets_inside_texts_are_not_depth() -> None:
    """A text full of brackets is a text."""
    assert read(json.dumps({"a": '["' * 200 + "\\"})) == {"a": '["' * 200 + "\\"}


def test_the_strict_twin_requires_all_and_lets_optional_ones_be_null() -> None:
    """Strict mode knows no optional property, so it becomes nullable, and the null is taken back."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "T",
        "type": "object",
        "properties": {
            "a": {"type": "string", "default": "x"},
            "kind": {"enum": ["x", "y"]},
            "kept": {"type": ["string", "null"]},
            "many": {"type": "array", "items": {"$ref": "#/$defs/item"}},
            "one": {"anyOf": [{"$ref": "#/$defs/item"}, {"type": "null"}]},
        },
        "required": ["a"],
        "$defs": {
            "item": {
                "type": "object",
                "properties": {"n": {"type": "number"}, "m": {"type": "number"}},
                "required": ["n"],
            }
        },
    }
    contract = compile_schema(schema)
    assert contract.strict
    wire = contract.wire
    assert wire["required"] == ["a", "kind", "kept", "many", "one"]
    assert wire["additionalProperties"] is False
    assert wire["properties"]["a"] == {"type": "string"}
    assert wire["properties"]["kind"] == {"anyOf": [{"enum": ["x", "y"]}, {"type": "null"}]}
    assert wire["$defs"]["item"]["properties"]["m"] == {"type": ["number", "null"]}
    answer = {"a": "1", "kind": None, "kept": None, "many": [{"n": 1, "m": None}], "one": {"n": 2, "m": None}}
    assert contract.check(json.dumps(answer)) == {"a": "1", "kept": None, "many": [{"n": 1}], "one": {"n": 2}}


@pytest.mark.parametrize(
    "part",
    [
        {"type": "object", "additionalProperties": {"type": "string"}},
        {"type": "object"},
        {"allOf": [{"type": "string"}]},
        {"type": "array", "prefixItems": [{"type": "string"}]},
    ],
)
def test_what_strict_mode_cannot_say_is_sent_as_it_is(part: dict[str, Any]) -> None:
    """A free-form map goes unstrict instead of being refused by the provider; our own check still holds."""
    schema = {"type": "object", "properties": {"p": part}, "required": ["p"]}
    contract = compile_schema(schema)
    assert not contract.strict
    assert contract.wire == schema


def test_an_enum_value_that_looks_like_a_keyword_is_data() -> None:
    """Names inside `enum` and property names are not schema keywords."""
    schema = {
        "type": "object",
        "properties": {"not": {"enum": ["if", "allOf"]}, "title": {"type": "string"}},
        "required": ["not", "title"],
    }
    contract = compile_schema(schema)
    assert contract.strict
    assert set(contract.wire["properties"]) == {"not", "title"}


def test_a_problem_says_the_rule_and_not_the_answer() -> None:
    """The error's text comes from the schema; only the model sees its own words again."""
    schema = {
        "type": "object",
        "properties": {
            "age": {"type": "integer"},
            "map": {"type": "object", "additionalProperties": {"type": "integer"}},
        },
        "required": ["age", "name"],
        "additionalProperties": False,
    }
    with pytest.raises(OutputProblem) as caught:
        compile_schema(schema).check('{"age":"SECRET","map":{"PRIVATE":"HIDDEN"},"OTHER":1}')
    told = str(caught.value)
    assert '$.age: type "integer"' in told
    assert "$: required name" in told
    assert "$.map.*: type" in told
    assert not any(word in told for word in ("SECRET", "PRIVATE", "HIDDEN", "OTHER"))
    assert "OTHER" in caught.value.feedback


def test_many_problems_are_counted_not_listed() -> None:
    """The question back stays short."""
    schema = {"type": "object", "properties": {"l": {"type": "array", "items": {"type": "integer"}}}, "required": ["l"]}
    with pytest.raises(OutputProblem) as caught:
        compile_schema(schema).check(json.dumps({"l": ["x"] * 9}))
    assert len(caught.value.problems) == 6
    assert caught.value.problems[-1] == "and 4 more"


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        ({"type": "array"}, "object"),
        ({"type": "objekt"}, "invalid"),
        ({"type": "object", "properties": {"a": {"$ref": "https://example.com/x.json"}}}, "outside itself"),
        ({"type": "object", "properties": {"a": {"$ref": "#/$defs/missing"}}}, "refers to nothing"),
        ({"type": "object", "x": object()}, "not JSON"),
    ],
)
def test_a_schema_that_cannot_be_used_is_named_before_the_call(schema: dict[str, Any], told: str) -> None:
    """A wrong schema costs nothing, and no reference is fetched from the network."""
    with pytest.raises(ConfigurationError, match=told):
        compile_schema(schema)


def test_a_schema_is_compiled_once() -> None:
    """Equal schemas share one compiled contract."""
    a = {"type": "object", "properties": {"x": {"type": "string"}}}
    assert compile_schema(a) is compile_schema(json.loads(json.dumps(a)))
