"""Reads a workflow's `schema.json` into a `FieldSet`, with the position of every problem."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from workflow_orchestrator.definition.language import NAME, NAME_SAYS, line, paragraph
from workflow_orchestrator.definition.problems import Report, did_you_mean
from workflow_orchestrator.definition.shapes import (
    Anything,
    Choice,
    Entry,
    Flag,
    ListOf,
    MapOf,
    Number,
    Record,
    Text,
    Whole,
)
from workflow_orchestrator.definition.source import KeyPath, Source, read_source
from workflow_orchestrator.fields import (
    COLUMNS,
    KEYED,
    LANGUAGES,
    PLACES,
    SERIES,
    FieldSet,
    faults_of_reading,
    with_likes,
)
from workflow_orchestrator.identifiers import SCHEMES
from workflow_orchestrator.values import NUMERIC_KINDS, Kind

_LIMIT = Number(-1e15, 1e15)

_title = Record({language: Entry(line, required=language == "en") for language in LANGUAGES})
_words = Record({language: Entry(ListOf(line, at_least=0)) for language in LANGUAGES})

_KEY = Record(
    {
        "title": Entry(_title, required=True),
        "labels": Entry(_words),
    }
)
_CHOICE = Record(
    {
        "title": Entry(_title, required=True),
        "words": Entry(_words),
    }
)
_KEY_NAME = "[A-Za-z0-9][A-Za-z0-9_-]{0,59}"

_FIELD = Record(
    {
        "kind": Entry(Choice(tuple(kind.value for kind in Kind)), "What the field holds."),
        "like": Entry(Text(NAME, NAME_SAYS), "A field above this one, from which everything is taken that this one does not say."),
        "title": Entry(_title, "What the field is called, at least in English.", required=True),
        "labels": Entry(_words, "The printed words that name it, by language."),
        "sections": Entry(_words, "The headings of the block that holds it, by language."),
        "patterns": Entry(_words, "Of a text, regular expressions of what running text prints; the one group is the value."),
        "description": Entry(paragraph, "What it is, for the model and for people."),
        "unit": Entry(line, "The unit."),
        "unit_words": Entry(_words, "Of a count in a column, the printed words of its unit; it is read only where one of them stands."),
        "minimum": Entry(_LIMIT, "The least value that is not suspicious."),
        "maximum": Entry(_LIMIT, "The greatest value that is not suspicious."),
        "keyed": Entry(Choice(KEYED), "What tells its several values apart."),
        "keys": Entry(MapOf(_KEY, _KEY_NAME, "a key: letters, digits, '_' and '-'"), "The periods, for keyed: period."),
        "choices": Entry(
            MapOf(_CHOICE, "[^.]{1,60}", "a choice of 1 to 60 characters without a dot"), "For kind: choice."
        ),
        "column": Entry(Choice(COLUMNS), "Which column of a statement it reads, for keyed: period or name."),
        "adds_to": Entry(Text(NAME, NAME_SAYS), "The field to which the lines add up, for a column keyed by name."),
        "adds_from": Entry(Text(NAME, NAME_SAYS), "The field with which that sum begins."),
        "scheme": Entry(Choice(tuple(SCHEMES)), "For kind: identifier, what it is an identifier of."),
        "cues": Entry(_words, "Words of the sentence that is meant, by language; for kind: paragraph and choice."),
        "most_words": Entry(Whole(1, 400), "Of a paragraph, the most words that are taken over."),
        "place": Entry(Choice(PLACES), "Of a text without a label, where the first page prints it."),
        "varies": Entry(Flag(), "Whether it differs between the share classes, or other variants, of one document."),
        "beside": Entry(Text(NAME, NAME_SAYS), "The field whose figures of another series it holds."),
        "series": Entry(Choice(SERIES), "Of a field beside another one, which series: the one compared with, or the difference."),
        "form": Entry(line, "Of a text, a regular expression that the whole of it matches, such as that of a code."),
        "of_label": Entry(Text(NAME, NAME_SAYS), "Of a choice, the field in whose printed label its word stands."),
    },
    hints={"type": "did you mean 'kind'?", "required": "list the field's name under the schema's own 'required'"},
)

FIELDS = Record(
    {
        "$schema": Entry(line),
        "$id": Entry(line),
        "$comment": Entry(paragraph),
        "title": Entry(line),
        "description": Entry(paragraph),
        "type": Entry(Text("object", "'object'")),
        "additionalProperties": Entry(Anything()),
        "required": Entry(ListOf(Text(NAME, NAME_SAYS), at_least=0)),
        "properties": Entry(MapOf(_FIELD, NAME, NAME_SAYS), required=True),
    }
)


def load_fields(path: Path) -> FieldSet:
    """Reads a `schema.json`.

    Raises:
        DefinitionError: it has problems; every one is listed.
    """
    report = Report()
    fields = read_fields(path, report)
    report.raise_if_any(path.as_posix())
    if fields is None:
        raise AssertionError("a schema without problems gives fields")
    return fields


def read_fields(path: Path, report: Report) -> FieldSet | None:
    """The fields of a `schema.json`; what is wrong goes to the report, and then there are none."""
    source = read_source(path, report)
    if source is None:
        return None
    before = len(report)
    FIELDS.check(source.data, (), source, report)
    properties = source.get(("properties",), dict) or {}
    for at, name in source.walk(("required",)):
        if isinstance(name, str) and name not in properties:
            report.add("WF042", source, at, f"there is no field {name!r}", did_you_mean(name, properties))
    whole = with_likes(properties)
    for at, item in source.walk(("properties",)):
        if isinstance(item, dict):
            _references(item, at, properties, source, report)
            _contradictions(whole.get(str(at[-1]), item), at, source, report)
    return FieldSet.from_json(source.data) if len(report) == before else None


def _references(
    item: dict[str, Any], at: KeyPath, properties: dict[str, Any], source: Source, report: Report
) -> None:
    """The other fields that a field names: they exist, and what it is like stands above it."""
    for key in ("like", "adds_to", "adds_from", "of_label", "beside"):
        name = item.get(key)
        if isinstance(name, str) and name not in properties:
            report.add("WF042", source, (*at, key), f"there is no field {name!r}", did_you_mean(name, properties))
    names = list(properties)
    model = item.get("like")
    if model in properties and names.index(str(model)) >= names.index(str(at[-1])):
        report.add("WF043", source, (*at, "like"), f"{model} stands further down; a field is like one above it")
    if "kind" not in item and model not in properties:
        report.add("WF011", source, at, "the key 'kind' is missing", "What the field holds.")


def _contradictions(item: dict[str, Any], at: KeyPath, source: Source, report: Report) -> None:
    """What a field says that does not go together; the same rules as `FieldSpec`'s own, with their place."""
    kind, keyed = item.get("kind"), item.get("keyed")
    wrong = _Wrong(item, at, source, report)
    if ("keys" in item) != (keyed == "period"):
        wrong("keys" if "keys" in item else "keyed", "a field keyed by period lists its keys, and no other field does")
    if ("choices" in item) != (kind == Kind.CHOICE):
        wrong("choices" if "choices" in item else "kind", "a choice field lists its choices, and no other field does")
    _check_column(item, wrong)
    _check_patterns(item, wrong)
    for key, message in faults_of_reading(Kind(str(kind)), str(keyed or ""), item) if kind in tuple(Kind) else ():
        wrong(key if key in item else "kind", message)
    limits = [item.get(key) for key in ("minimum", "maximum")]
    for key, limit in zip(("minimum", "maximum"), limits, strict=True):
        if limit is not None and kind in tuple(Kind) and Kind(str(kind)) not in NUMERIC_KINDS:
            wrong(key, f"only a number has a {key}, and the kind is {kind}")
    low, high = (Decimal(str(limit)) if _is_number(limit) else None for limit in limits)
    if low is not None and high is not None and low > high:
        wrong("minimum", f"the minimum {low} is above the maximum {high}")


@dataclass(frozen=True, slots=True)
class _Wrong:
    """Reports what is wrong with one field, at one of its keys."""

    item: dict[str, Any]
    at: KeyPath
    source: Source
    report: Report

    def __call__(self, key: str, message: str, *within: str | int) -> None:
        self.report.add("WF043", self.source, (*self.at, key, *within) if key in self.item else self.at, message)


def _check_column(item: dict[str, Any], wrong: _Wrong) -> None:
    column, keyed = item.get("column"), item.get("keyed")
    if column and keyed not in ("period", "name"):
        wrong("column", "only a field keyed by period or name stands in a column")
    if bool(column and keyed == "name") != ("adds_to" in item):
        wrong("adds_to", "the lines of a column keyed by name add up to a field, and no other field does")
    if "adds_from" in item and "adds_to" not in item:
        wrong("adds_from", "a sum that begins with a field adds_to another one")


def _check_patterns(item: dict[str, Any], wrong: _Wrong) -> None:
    if isinstance(item.get("form"), str) and (fault := _form_fault(item["form"])):
        wrong("form", f"{item['form']!r} {fault}")
    if "patterns" not in item:
        return
    if item.get("kind") != Kind.TEXT or item.get("keyed"):
        wrong("patterns", "only a text with one value has patterns")
    for language, patterns in item["patterns"].items():
        for number, pattern in enumerate(patterns):
            if fault := _pattern_fault(pattern):
                wrong("patterns", f"{pattern!r} {fault}", language, number)


def _pattern_fault(pattern: str) -> str:
    try:
        return "" if re.compile(pattern).groups == 1 else "needs exactly one group, which is the value"
    except re.error as error:
        return f"is no regular expression: {error}"


def _form_fault(form: str) -> str:
    try:
        re.compile(form)
    except re.error as error:
        return f"is no regular expression: {error}"
    return ""


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
