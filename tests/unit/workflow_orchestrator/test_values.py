"""Values: no value without its page and printed words, and no contradiction between kind and content."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from workflow_orchestrator.values import Box, Evidence, Kind, Origin, Value, ValueSet


def value(**changes: object) -> Value:
    """A good value, changed as the case needs."""
    data: dict[str, object] = {
        "field": "performance_data", "key": "1y", "kind": Kind.PERCENT, "value": Decimal("-2.40"), "unit": "%", "decimals": 2,
        "origin": Origin.OFFLINE, "evidence": Evidence(2, "-2.40", label="1 year", box=Box(1, 2, 3, 4)),
    }  # fmt: skip
    return Value(**{**data, **changes})  # type: ignore[arg-type]


def test_a_value_survives_json_with_its_printed_digits() -> None:
    """Kind, digits, box and label come back equal."""
    amount = value(field="nav", key="", kind=Kind.MONEY, unit="EUR", value=Decimal("10.50"))
    day = value(field="as_of_date", key="", kind=Kind.DATE, value=date(2026, 10, 31), unit="")
    for item in (value(), amount, day):
        assert Value.from_json(item.to_json()) == item
    assert value().to_json()["value"] == "-2.40"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"value": 2.4}, "Decimal"),
        ({"kind": Kind.DATE}, "date"),
        ({"kind": Kind.TEXT}, "str"),
        ({"kind": Kind.MONEY, "unit": ""}, "currency"),
    ],
)
def test_a_contradiction_is_refused(changes: dict[str, object], words: str) -> None:
    """A value whose content does not fit its kind cannot be made."""
    with pytest.raises(ValueError, match=words):
        value(**changes)


def test_evidence_needs_a_page_and_words() -> None:
    """Page 0 and empty words are no evidence; a box is not turned inside out."""
    with pytest.raises(ValueError, match="count from 1"):
        Evidence(0, "x")
    with pytest.raises(ValueError, match="printed words"):
        Evidence(1, "  ")
    with pytest.raises(ValueError, match="inside out"):
        Box(2, 0, 1, 1)


def test_a_set_holds_each_reference_once() -> None:
    """Two values for one reference are refused; replacing keeps the others and their order."""
    other = value(key="3y")
    with pytest.raises(ValueError, match=r"performance_data\.1y"):
        ValueSet([value(), value()])
    changed = ValueSet([value(), other]).replacing([value(value=Decimal("7.00"))])
    assert list(changed) == ["performance_data.1y", "performance_data.3y"]
    assert changed["performance_data.1y"].value == Decimal("7.00")
    assert changed.of("performance_data") == (changed["performance_data.1y"], other)
    assert ValueSet.from_json(changed.to_json()).to_json() == changed.to_json()
