"""Reads a workflow's `schema.json` into a `FieldSet`, with the position of every problem."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

from workflow_orchestrator.definition.language import NAME, NAME_SAYS, line, paragraph
from workflow_orchestrator.definition.problems import Report, did_you_mean
from workflow_orchestrator.definition.shapes import Anything, Choice, Entry, ListOf, MapOf, Number, Record, Text
from workflow_orchestrator.definition.source import KeyPath, Source, read_source
from workflow_orchestrator.fields import KEYED, LANGUAGES, FieldSet
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
        "kind": Entry(Choice(tuple(kind.value for kind in Kind)), "What the field holds.", required=True),
        "title": Entry(_title, "What the field is called, at least in English.", required=True),
        "labels": Entry(_words, "The printed words that name it, by language."),
        "sections": Entry(_words, "The headings of the block that holds it, by language."),
        "description": Entry(paragraph, "What it is, for the model and for people."),
        "unit": Entry(line, "The unit."),
        "minimum": Entry(_LIMIT, "The least value that is not suspicious."),
        "maximum": Entry(_LIMIT, "The greatest value that is not suspicious."),
        "keyed": Entry(Choice(KEYED), "What tells its several values apart."),
        "keys": Entry(MapOf(_KEY, _KEY_NAME, "a key: letters, digits, '_' and '-'"), "The periods, for keyed: period."),
        "choices": Entry(
            MapOf(_CHOICE, "[^.]{1,60}", "a choice of 1 to 60 characters without a dot"), "For kind: choice."
        ),
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
    for at, item in source.walk(("properties",)):
        if isinstance(item, dict):
            _contradictions(item, at, source, report)
    return FieldSet.from_json(source.data) if len(report) == before else None


def _contradictions(item: dict[str, Any], at: KeyPath, source: Source, report: Report) -> None:
    """What a field says that does not go together; the same rules as `FieldSpec`'s own, with their place."""
    kind, keyed = item.get("kind"), item.get("keyed")

    def wrong(key: str, message: str) -> None:
        report.add("WF043", source, (*at, key) if key in item else at, message)

    if ("keys" in item) != (keyed == "period"):
        wrong("keys" if "keys" in item else "keyed", "a field keyed by period lists its keys, and no other field does")
    if ("choices" in item) != (kind == Kind.CHOICE):
        wrong("choices" if "choices" in item else "kind", "a choice field lists its choices, and no other field does")
    limits = [item.get(key) for key in ("minimum", "maximum")]
    for key, limit in zip(("minimum", "maximum"), limits, strict=True):
        if limit is not None and kind in tuple(Kind) and Kind(str(kind)) not in NUMERIC_KINDS:
            wrong(key, f"only a number has a {key}, and the kind is {kind}")
    low, high = (Decimal(str(limit)) if _is_number(limit) else None for limit in limits)
    if low is not None and high is not None and low > high:
        wrong("minimum", f"the minimum {low} is above the maximum {high}")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
