"""Checks over fields by period: of a sum or a reconciliation, the first period that the document prints; else period by period."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from workflow_orchestrator.fields import FieldSet
from workflow_orchestrator.rules import Finding, check_values, load_rules
from workflow_orchestrator.values import Evidence, Kind, Origin, Value, ValueSet

Broken = Callable[..., set[str]]
KEYS = {key: {"title": {"en": key}} for key in ("3m", "9m")}
_BY_PERIOD = {"kind": "money", "keyed": "period", "keys": KEYS}
FIELDS = FieldSet.from_json({
    "properties": {
        **{name: {**_BY_PERIOD, "title": {"en": name}} for name in ("revenue", "income", "adjusted")},
        "in_words": {"kind": "money", "title": {"en": "in words"}},
        "segments": {"kind": "money", "title": {"en": "segments"}, "keyed": "name"},
        "lines": {"kind": "money", "title": {"en": "lines"}, "keyed": "name"},
    },
})  # fmt: skip
RULES = """rules:
  sum: {check: parts_sum_to_total, parts: segments, total: revenue}
  way: {check: adjustments_reconcile, adjusted: adjusted, reported: income, adjustments: lines}
  words: {check: figure_agrees, one: in_words, other: revenue}
"""


def amounts(**figures: str) -> ValueSet:
    """Amounts in millions of dollars; two underscores part the field from its key."""
    def value(ref: str, text: str) -> Value:
        field, _, key = ref.partition("__")
        decimals = len(text.partition(".")[2])
        evidence = Evidence(1, text)
        return Value(field, Kind.MONEY, Decimal(text).scaleb(6), evidence, Origin.OFFLINE, key=key, unit="USD", decimals=decimals, scale=6)

    return ValueSet(value(ref, text) for ref, text in figures.items())


@pytest.fixture
def broken(tmp_path: Path) -> Broken:
    """Which rules figures break."""
    path = tmp_path / "rules.yaml"
    path.write_text(RULES, encoding="utf-8")
    rules = load_rules(path, FIELDS)

    def found(**figures: str) -> set[str]:
        findings: tuple[Finding, ...] = tuple(check_values(amounts(**figures), FIELDS, rules, required_fields=(), today=date(2026, 7, 28)))
        return {finding.rule for finding in findings}

    return found


SOUND = {"revenue__3m": "300", "revenue__9m": "900", "segments__A": "100", "segments__B": "200"}
WAY = {"income__3m": "80", "adjusted__3m": "100", "income__9m": "240", "adjusted__9m": "300", "lines__Tax": "-5", "lines__Charges": "25"}


def test_parts_are_of_the_first_period(broken: Broken) -> None:
    """The quarter's segments against the quarter's revenue, and against nine months where only those are printed."""
    assert broken(**SOUND) == set()
    assert broken(**{**SOUND, "segments__B": "250"}) == {"sum"}
    nine = {name: text for name, text in SOUND.items() if name != "revenue__3m"}
    assert broken(**nine) == {"sum"}


def test_a_reconciliation_is_of_the_first_period_that_both_have(broken: Broken) -> None:
    """The adjusted figure of nine months beside the lines of the quarter is no breach."""
    assert broken(**WAY) == set()
    assert broken(**{**WAY, "lines__Charges": "35"}) == {"way"}


def test_what_a_sentence_says_is_of_the_first_period(broken: Broken) -> None:
    """A figure without a period, at the coarser precision of both."""
    assert broken(**SOUND, in_words="300.2") == set()
    assert broken(**SOUND, in_words="330") == {"words"}
