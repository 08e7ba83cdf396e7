"""The shipped rules over the known truth of the shipped samples."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from workflow_orchestrator.definition import load_fields
from workflow_orchestrator.fields import FieldSet
from workflow_orchestrator.rules import Rules, check_values, load_rules
from workflow_orchestrator.values import NUMERIC_KINDS, Evidence, Kind, Origin, Value, ValueSet

FOLDER = Path(__file__).resolve().parents[4]
TODAY = date(2026, 11, 24)
TRUTHS = sorted((FOLDER / "include" / "samples").glob("*.truth.json"))


@pytest.fixture(scope="module")
def fields() -> FieldSet:
    return load_fields(FOLDER / "dags" / "fund_factsheet_video" / "schema.json")


@pytest.fixture(scope="module")
def rules(fields: FieldSet) -> Rules:
    return load_rules(FOLDER / "dags" / "fund_factsheet_video" / "rules.yaml", fields)


def true_values(truth: dict[str, Any], fields: FieldSet) -> ValueSet:
    """The values of a truth file; amounts are left out, because it does not keep their printed scale."""
    made = []
    for ref, item in truth["values"].items():
        name, _, key = ref.partition(".")
        kind, text = fields[name].kind, item["value"]
        if kind is Kind.MONEY:
            continue
        content: Decimal | date | str = text
        if kind in NUMERIC_KINDS:
            content = Decimal(text)
        elif kind is Kind.DATE:
            content = date.fromisoformat(text)
        decimals = len(text.partition(".")[2]) if kind in NUMERIC_KINDS else 0
        evidence = Evidence(item["page"], item["quote"])
        made.append(Value(name, kind, content, evidence, Origin.OFFLINE, key=key, decimals=decimals))
    return ValueSet(made)


@pytest.mark.parametrize("path", TRUTHS, ids=lambda path: path.name.partition(".")[0])
def test_no_true_sheet_breaks_a_rule(path: Path, fields: FieldSet, rules: Rules) -> None:
    """Sheets whose figures are right by construction give warnings at most."""
    values = true_values(json.loads(path.read_text(encoding="utf-8")), fields)
    found = check_values(values, fields, rules, required_fields=(), today=TODAY)
    assert [str(finding) for finding in found if finding.stops and finding.rule != "required"] == []


def test_a_wrong_digit_in_a_true_grid_is_found(fields: FieldSet, rules: Rules) -> None:
    """Half a per cent added to any month whose year or YTD is printed breaks a rule, given two decimals."""
    planted = 0
    for path in TRUTHS:
        values = true_values(json.loads(path.read_text(encoding="utf-8")), fields)
        years = {value.key for value in values.of("calendar_years")}
        if "ytd_performance" in values:
            years.add(str(values["as_of_date"].value)[:4])
        for month in values.of("monthly_returns"):
            if month.key[:4] not in years or month.decimals < 2 or not isinstance(month.value, Decimal):
                continue
            wrong = replace(month, value=month.value + Decimal("0.5"))
            found = check_values(values.replacing([wrong]), fields, rules, required_fields=(), today=TODAY)
            errors = [finding for finding in found if finding.severity == "error" and finding.rule != "required"]
            assert errors, (path.name, month.ref)
            planted += 1
    assert planted > 100
