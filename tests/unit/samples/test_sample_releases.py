"""The sample releases of companies: what the generator refuses, and that the truth closes by its own arithmetic."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from samples.press import HERE
from samples.releases import Composer, fields, load, releases

SAMPLES = Path(__file__).resolve().parents[3] / "include" / "samples" / "earnings"
TRUTHS = {path.name: json.loads(path.read_text(encoding="utf-8")) for path in sorted(SAMPLES.glob("*.truth.json"))}


def amount(truth: dict[str, Any], ref: str) -> Decimal | None:
    found = truth["values"].get(ref)
    return None if found is None else Decimal(found["value"])


def test_there_are_as_many_as_there_are_files() -> None:
    """Each described release is committed, in three languages."""
    assert {f"{release.name}.truth.json" for release in releases()} == set(TRUTHS)
    assert {truth["language"] for truth in TRUTHS.values()} == {"en", "de", "fr"}


@pytest.mark.parametrize("name", TRUTHS)
def test_segments_and_reconciliations_add_up(name: str) -> None:
    """In every release that has them, exactly: the samples are not rounded apart."""
    truth = TRUTHS[name]
    for lines, total, first in (("segment_revenue", "revenue", ""), ("income_adjustments", "non_gaap_net_income", "net_income")):
        parts = [Decimal(item["value"]) for ref, item in truth["values"].items() if ref.startswith(f"{lines}.")]
        key = next((key for key in ("3m", "6m") if f"{total}.{key}" in truth["values"]), "")
        if parts:
            assert sum(parts) + (amount(truth, f"{first}.{key}") or 0) == amount(truth, f"{total}.{key}")


@pytest.mark.parametrize("name", TRUTHS)
def test_earnings_per_share_are_income_over_shares(name: str) -> None:
    """To the printed cent, with what belongs to minority shareholders taken out."""
    truth = TRUTHS[name]
    for key in ("3m", "6m", "9m", "1y"):
        income, shares, each = (amount(truth, f"{field}.{key}") for field in ("net_income", "diluted_shares", "diluted_eps"))
        if income is None or shares is None or each is None:
            continue
        left = income - abs(amount(truth, f"minority_interest.{key}") or Decimal(0))
        assert abs(left / shares - each) < Decimal("0.01"), key


def test_two_values_for_one_reference_are_refused() -> None:
    """A release that prints revenue twice and differently has no truth."""
    release = load(HERE / "releases" / "castleford_instruments_q2_en.toml")
    pages = json.loads(json.dumps(release.pages))
    pages[2]["block"][0]["rows"][3]["cells"][0] = "1094.2"
    with pytest.raises(ValueError, match=r"revenue\.3m is printed as 1084200000 on page 1 and 1094200000 on 3"):
        Composer(replace(release, pages=tuple(pages))).pages()


def test_truth_names_fields_of_the_workflow() -> None:
    """What the workflow cannot read is no part of the truth."""
    for truth in TRUTHS.values():
        assert {ref.partition(".")[0] for ref in truth["values"]} <= fields()
