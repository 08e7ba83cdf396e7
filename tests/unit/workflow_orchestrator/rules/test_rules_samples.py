"""The shipped rules over known truth: the shipped samples, the layouts of the benchmarks, real factsheets."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from workflow_orchestrator.definition import load_fields
from workflow_orchestrator.errors import FigureError
from workflow_orchestrator.fields import FieldSet
from workflow_orchestrator.figures import read_figure
from workflow_orchestrator.rules import Rules, check_values, examine, load_rules
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


# What other truth files call a field.
_OTHER_NAMES = {
    "as_of": "as_of_date",
    "perf_1m": "monthly_performance",
    "perf_ytd": "ytd_performance",
    "ter": "ongoing_charges",
}
_SERIES = ("performance_data", "performance_annualised", "monthly_returns", "calendar_years")


def collected_values(truth: dict[str, Any], fields: FieldSet) -> ValueSet:
    """The values of a truth file in the form of the collected documents; amounts without a currency of their own are left out."""
    items: dict[str, dict[str, Any]] = {}
    for name, item in truth.items():
        if name in _SERIES:
            items |= {f"{name}.{key}": one for key, one in (item or {}).items()}
        elif name == "holdings":
            weights = ((one["name"], one["weight_pct"], one["page"], one["literal_weight"]) for one in item or ())
            items |= {
                f"top_holdings.{title}": {"value": weight, "page": page, "literal": words}
                for title, weight, page, words in weights
            }
        elif name.startswith("cal_"):
            items[f"calendar_years.{name[4:]}"] = item
        elif name == "isin" and item:
            items[name] = item[0]
        elif (known := _OTHER_NAMES.get(name, name)) in fields:
            items[known] = item
    made = (_collected(ref, item, fields) for ref, item in items.items() if isinstance(item, dict) and item.get("literal"))
    return ValueSet(value for value in made if value is not None)


def _collected(ref: str, item: dict[str, Any], fields: FieldSet) -> Value | None:
    name, _, key = ref.partition(".")
    kind, words = fields[name].kind, item["literal"]
    content: Decimal | date | str = str(item["value"])
    decimals = scale = 0
    if kind in NUMERIC_KINDS:
        try:
            figure = read_figure(words)
        except FigureError:
            figure = None  # Words such as "The Fund is in category 1" are read with their label, which is not here.
        if figure is None or (kind is Kind.MONEY and "currency" not in item):
            return None
        content, decimals, scale = Decimal(str(item["value"])), figure.decimals, figure.scale
    elif kind is Kind.DATE:
        content = date.fromisoformat(str(content))
    elif kind is Kind.CHOICE and content not in {choice.value for choice in fields[name].choices}:
        return None
    unit = item["currency"] if kind is Kind.MONEY else ""
    evidence = Evidence(item["page"], words)
    return Value(name, kind, content, evidence, Origin.OFFLINE, key=key, unit=unit, decimals=decimals, scale=scale)


def _held(path: Path, fields: FieldSet, rules: Rules) -> int:
    """How many rules hold over a collected document; none stops it."""
    truth = json.loads(path.read_text(encoding="utf-8"))
    examined = examine(collected_values(truth, fields), fields, rules, required_fields=(), today=TODAY)
    assert [str(finding) for finding in examined.findings if finding.stops and finding.rule != "required"] == []
    return sum(outcome.state == "holds" for outcome in examined.outcomes)


def test_no_layout_of_the_benchmarks_breaks_a_rule(fields: FieldSet, rules: Rules) -> None:
    """Sheets that somebody else drew, and three real ones, give warnings at most; every one has rules that hold."""
    layouts = FOLDER / "benchmarks" / "layouts"
    held = {path.stem: _held(path, fields, rules) for path in [*layouts.glob("truth/*.json"), *layouts.glob("collected/*.json")]}
    assert len(held) >= 9
    assert sum(held.values()) > 100
    # A quarterly commentary of which little is known: nothing can be compared.
    assert [name for name, count in held.items() if count == 0] in ([], ["blackrock_international_quarterly_2025-08"])


@pytest.mark.shared
def test_no_real_factsheet_breaks_a_rule(shared: Path, fields: FieldSet, rules: Rules) -> None:
    """What real sheets print is never taken for a fault."""
    paths = [path for path in (shared / "data" / "truth").glob("*.json") if '"factsheet"' in path.read_text(encoding="utf-8")]
    assert sum(_held(path, fields, rules) for path in paths) > 10
