"""Reading `schema.json`."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from definition_sample import SCHEMA

from workflow_orchestrator.definition import load_fields
from workflow_orchestrator.errors import DefinitionError
from workflow_orchestrator.values import Kind


def write(tmp_path: Path, **field: Any) -> Path:
    """The sample schema with one more field."""
    schema = {**SCHEMA, "properties": {**SCHEMA["properties"], "x": {"kind": "percent", "title": {"en": "X"}, **field}}}
    path = tmp_path / "schema.json"
    path.write_text(json.dumps(schema, indent=1), encoding="utf-8")
    return path


def test_a_sound_schema_becomes_fields(tmp_path: Path) -> None:
    """Kinds, limits, keys and choices are typed."""
    fields = load_fields(write(tmp_path, minimum=-1.5))
    assert fields["x"].minimum == Decimal("-1.5")
    assert fields["name"].required
    assert fields["performance"].keys["1y"].labels["en"] == ("1Y", "1 year")
    assert fields["level"].kind is Kind.CHOICE
    assert fields["level"].choices[0].title["de"] == "Niedrig"


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ({"kind": "percentage"}, "WF013 properties.x.kind: 'percentage' is not allowed; did you mean 'percent'?"),
        ({"type": "number"}, "WF010 properties.x.type: the key 'type' is unknown; did you mean 'kind'?"),
        ({"title": {"de": "X"}}, "WF011 properties.x.title: the key 'en' is missing"),
        ({"title": {"en": "X", "it": "X"}}, "WF010 properties.x.title.it: the key 'it' is unknown"),
        ({"labels": {"en": "X"}}, "WF012 properties.x.labels.en: a list is expected, not 'X'"),
        ({"labels": {"en": ["X", "X"]}}, "WF013 properties.x.labels.en[1]: 'X' is in the list twice"),
        ({"minimum": 2, "maximum": 1}, "WF043 properties.x.minimum: the minimum 2 is above the maximum 1"),
        ({"minimum": "0"}, "WF012 properties.x.minimum: a number is expected, not '0'"),
        (
            {"kind": "text", "maximum": 1},
            "WF043 properties.x.maximum: only a number has a maximum, and the kind is text",
        ),
        ({"keyed": "week"}, "WF013 properties.x.keyed: 'week' is not allowed"),
        ({"keyed": "period"}, "WF043 properties.x.keyed: a field keyed by period lists its keys"),
        ({"keys": {"1y": {"title": {"en": "1"}}}}, "WF043 properties.x.keys: a field keyed by period lists its keys"),
        ({"kind": "choice"}, "WF043 properties.x.kind: a choice field lists its choices"),
        ({"choices": {"a": {"title": {"en": "1"}}}}, "WF043 properties.x.choices: a choice field lists its choices"),
    ],
)
def test_a_field_that_contradicts_itself_is_named(tmp_path: Path, field: dict[str, Any], words: str) -> None:
    """One wrong field is one problem, with its place in the JSON."""
    with pytest.raises(DefinitionError) as caught:
        load_fields(write(tmp_path, **field))
    assert len(caught.value.details["problems"]) == 1
    assert words in caught.value.message


def test_the_shipped_schema_loads(root: Path) -> None:
    """The project's own fields have no problem."""
    fields = load_fields(root / "dags" / "fund_factsheet_video" / "schema.json")
    assert {"fund_name", "performance_data", "fund_strategy"} <= set(fields)
