"""Strict reading of YAML and JSON."""

from __future__ import annotations

import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from workflow_orchestrator.definition.source import MAX_BYTES, read_yaml
from workflow_orchestrator.errors import DefinitionError


def codes(error: DefinitionError) -> list[str]:
    return [problem["code"] for problem in error.details["problems"]]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("3", 3), ("-3", -3), ("0", 0), ("0.40", 0.4), ("1.10", 1.1), ("1e3", 1000.0), ("true", True), ("false", False),
        ("null", None), ("", None), ("'1'", "1"), ('"true"', "true"), ("no", "no"), ("yes", "yes"), ("on", "on"),
        ("True", "True"), ("NULL", "NULL"), ("~", "~"), ("0123", "0123"), ("0x1F", "0x1F"), ("0o17", "0o17"),
        ("1_000", "1_000"), ("12:30:45", "12:30:45"), ("2026-10-31", "2026-10-31"), (".5", ".5"), ("+5", "+5"),
        (".inf", ".inf"), (".nan", ".nan"), ("1.", "1."), ("٣", "٣"),
    ],
)  # fmt: skip
def test_a_plain_word_is_a_number_or_truth_value_only_where_json_says_so(written: str, read: Any) -> None:
    """What YAML 1.1 would turn into booleans, octal or sexagesimal numbers and dates stays the word as written."""
    value = read_yaml(f"a: {written}").data["a"]
    assert value == read
    assert type(value) is type(read)


def test_keys_are_text_as_written() -> None:
    """`on:`, `2025:` and `null:` are names like any other."""
    assert read_yaml("{on: 1, 2025: 2, null: 3, 'yes': 4}").data == {"on": 1, "2025": 2, "null": 3, "yes": 4}


def test_positions_count_from_one_and_fall_back_to_the_nearest_ancestor() -> None:
    """A value, its key, and a path that does not exist all lead to a line and column."""
    source = read_yaml("steps:\n  x:\n    catch: [{on: A}, {on: B}]\n")
    assert source.position(("steps", "x", "catch", 1, "on")) == (3, 27)
    assert source.key_position(("steps", "x", "catch", 1, "on")) == (3, 23)
    assert source.key_position(("steps", "x", "catch", 1)) == (3, 22)
    assert source.position(("steps", "x", "missing", 3)) == source.position(("steps", "x")) == (3, 5)
    assert source.position(("nothing",)) == (1, 1)


def test_get_and_walk_read_defensively() -> None:
    """A path of another type than asked for gives nothing; a bool is no int, and text is no list."""
    source = read_yaml("{a: [1, true], b: text}")
    assert source.get(("a", 0), int) == 1
    assert source.get(("a", 1), int) is None
    assert source.get(("a", 1), bool) is True
    assert source.get(("b", 0), str) is None
    assert source.get(("a", 7), int) is None
    assert source.get(("a", "x"), int) is None
    assert list(source.walk(("b",))) == []
    assert list(source.walk(("a",))) == [(("a", 0), 1), (("a", 1), True)]


def test_every_duplicate_key_is_named_with_both_places() -> None:
    """Two duplicates in one file are two problems, each naming the line of the first."""
    with pytest.raises(DefinitionError) as caught:
        read_yaml("a: 1\nb: {c: 1, c: 2}\na: 3\n", name=Path("x.yaml"))
    assert codes(caught.value) == ["WF003", "WF003"]
    assert "x.yaml:2:11 WF003 b.c: the key 'c' is given twice, first in line 2" in caught.value.message
    assert "x.yaml:3:1 WF003 a: the key 'a' is given twice, first in line 1" in caught.value.message


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("a: &x 1\nb: *x", "WF004", "the anchor &x is refused"),
        ("b: *x", "WF004", "the alias *x is refused"),
        ("a: !!str 1", "WF004", "the tag 'tag:yaml.org,2002:str' is refused"),
        ("a: !!python/object/apply:os.system [ls]", "WF004", "is refused"),
        ("<<: {a: 1}", "WF004", "the merge key << is refused"),
        ("? [a]\n: 1", "WF004", "used as a key"),
        ("a: 1\n---\nb: 1", "WF004", "a second document begins here"),
        ("a:\n\t- b", "WF002", "indent with spaces, not with tabs"),
        ("a: b: c", "WF002", "put text with a colon into quotes"),
        ("a: [1", "WF002", "cannot be parsed"),
        ("{'': 1}", "WF002", "a key is empty"),
        ("a: \0", "WF002", "cannot be parsed"),
        ("a: 1e999", "WF013", "too large"),
        ("a: " + "9" * 5000, "WF013", "too long"),
    ],
)
def test_what_yaml_has_beyond_plain_data_is_refused_by_name(text: str, code: str, words: str) -> None:
    """Each refused feature ends in its own code and says what to do."""
    with pytest.raises(DefinitionError) as caught:
        read_yaml(text)
    assert codes(caught.value) == [code]
    assert words in caught.value.message


@pytest.mark.parametrize(
    ("text", "suffix"),
    [
        ("a: &a [x]\n" + "".join(f"{b}: &{b} [{','.join(['*' + a] * 9)}]\n" for a, b in pairwise("abcdefgh")), "yaml"),
        ("[" * 500_000, "yaml"),
        ("[" * 500_000, "json"),
        ('{"a":' * 150_000, "json"),
        ("{" * 900 + "}" * 900, "yaml"),
        ("[" + "a," * 490_000 + "]", "yaml"),
        ("- a\n" * 240_000, "yaml"),
        ("[" + "1," * 490_000 + "1]", "json"),
        ("x" * (MAX_BYTES + 1), "yaml"),
    ],
    ids=["billion laughs", "open lists", "open json", "open objects", "deep", "wide", "tall", "wide json", "too large"],
)  # fmt: skip
def test_a_bomb_ends_in_a_named_error_within_a_second(tmp_path: Path, text: str, suffix: str) -> None:
    """Nesting, aliases, width and size are limits of the reader, not of the machine."""
    path = tmp_path / f"bomb.{suffix}"
    path.write_text(text, encoding="utf-8")
    began = time.process_time()
    with pytest.raises(DefinitionError) as caught:
        read_yaml(path)
    assert time.process_time() - began < 1
    assert codes(caught.value)[0] in {"WF001", "WF002", "WF004", "WF005"}
    assert len(caught.value.message) < 1_000


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"a: 1\nb: caf\xe9\n", "bad.yaml:2:7 WF001 byte 0xe9 is not UTF-8; save the file as UTF-8"),
        ("a: 1".encode("utf-16"), "the file is UTF-16, not UTF-8"),
    ],
)
def test_a_file_that_is_not_utf8_is_named_with_the_place(tmp_path: Path, data: bytes, words: str) -> None:
    """The first byte that is no UTF-8 has a line and a column."""
    path = tmp_path / "bad.yaml"
    path.write_bytes(data)
    with pytest.raises(DefinitionError, match="WF001") as caught:
        read_yaml(path)
    assert words in caught.value.message


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    """What is not there or cannot be read is a problem like any other."""
    with pytest.raises(DefinitionError, match=r"none.yaml:1:1 WF001 there is no such file"):
        read_yaml(tmp_path / "none.yaml")
    with pytest.raises(DefinitionError, match="WF001 the file cannot be read"):
        read_yaml(tmp_path)


def test_a_byte_order_mark_is_taken_off(tmp_path: Path) -> None:
    """An editor's mark at the start is not part of the first key."""
    path = tmp_path / "bom.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert read_yaml(path).data == {"a": 1}


def test_json_is_read_with_positions_and_its_own_escapes(tmp_path: Path) -> None:
    """Tabs, escaped slashes and surrogate pairs are JSON's own, and positions stay true."""
    path = tmp_path / "x.json"
    path.write_text('{\n\t"a\\/b": [1, 2.50, {"c": null}],\n\t"d": "\\ud83d\\ude00"\n}\n', encoding="utf-8")
    source = read_yaml(path)
    assert source.data == {"a/b": [1, 2.5, {"c": None}], "d": "😀"}
    assert source.position(("a/b", 2, "c")) == (2, 26)
    assert source.key_position(("d",)) == (3, 2)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "it ends too early"),
        ("{'a': 1}", "a key in double quotes is expected"),
        ('{"a": 1,}', "a key in double quotes is expected"),
        ("[1,]", "a value is expected, not ']'"),
        ("[1 2]", "',' or ']' is expected"),
        ('{"a" 1}', "':' is expected after the key 'a'"),
        ('{"a": NaN}', "a value is expected, not 'N'"),
        ("[01]", "',' or ']' is expected"),
        ('{"a": 1} x', "text after the end"),
        ('{"a": "\\ud800"}', "half of a surrogate pair"),
        ('["x\ty"]', "invalid control character"),
        ('{"a": 1, "a": 2}', "the key 'a' is given twice"),
    ],
)
def test_what_is_not_json_is_refused_with_its_place(tmp_path: Path, text: str, words: str) -> None:
    """The grammar is RFC 8259's and nothing beyond it."""
    path = tmp_path / "x.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DefinitionError) as caught:
        read_yaml(path)
    assert words in caught.value.message
