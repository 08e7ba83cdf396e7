"""The checks over companies against figures that real releases print."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from rules_sample import findings, value

from workflow_orchestrator.values import ValueSet

MILLION, THOUSAND, ONE = 6, 3, 0
# Document, rule, and each value with the words that the release prints for it and their scale.
REAL: list[tuple[str, str, dict[str, tuple[str, int]]]] = [
    ("apple_2023q3_10q", "check: change_is_growth, current: revenue, prior: revenue_before, change: change",
     {"revenue": ("81,797", MILLION), "revenue_before": ("82,959", MILLION), "change": ("(1)", ONE)}),
    ("apple_2023q3_10q", "check: gross_profit_is_revenue_less_cost, gross: gross, revenue: revenue, cost: cost",
     {"gross": ("36,413", MILLION), "revenue": ("81,797", MILLION), "cost": ("45,384", MILLION)}),
    # Shares are printed in thousands under a header in millions.
    ("apple_2023q3_10q", "check: eps_is_income_per_share, eps: eps, income: income, shares: shares, percent: 0",
     {"eps": ("1.26", ONE), "income": ("19,881", MILLION), "shares": ("15,775,021", THOUSAND)}),
    ("apple_2023q3_10q", "check: margin_is_profit_over_revenue, margin: margin, profit: gross, revenue: revenue",
     {"margin": ("35.4", ONE), "gross": ("21,448", MILLION), "revenue": ("60,584", MILLION)}),
    ("pfizer_2023q2_earnings", "check: change_is_growth, current: revenue, prior: revenue_before, change: change",
     {"revenue": ("12,734", MILLION), "revenue_before": ("27,742", MILLION), "change": ("(54)", ONE)}),
    ("pfizer_2023q2_earnings", "check: eps_is_income_per_share, eps: eps, income: income, shares: shares, percent: 0",
     {"eps": ("0.41", ONE), "income": ("2,327", MILLION), "shares": ("5,713", MILLION)}),
    ("disney_q1_fy25_earnings", "check: change_is_growth, current: revenue, prior: revenue_before, change: change",
     {"revenue": ("24,690", MILLION), "revenue_before": ("23,549", MILLION), "change": ("5", ONE)}),
    ("disney_q1_fy25_earnings", "check: eps_is_income_per_share, eps: eps, income: income, shares: shares, percent: 0",
     {"eps": ("1.40", ONE), "income": ("2,554", MILLION), "shares": ("1,818", MILLION)}),
    ("salesforce_2024q2_earnings", "check: eps_is_income_per_share, eps: eps, income: income, shares: shares, percent: 0",
     {"eps": ("1.28", ONE), "income": ("1,267", MILLION), "shares": ("986", MILLION)}),
    ("salesforce_2024q2_earnings", "check: gross_profit_is_revenue_less_cost, gross: gross, revenue: revenue, cost: cost",
     {"gross": ("6,490", MILLION), "revenue": ("8,603", MILLION), "cost": ("2,113", MILLION)}),
    ("salesforce_2024q2_earnings", "check: free_cash_flow_is_cash_less_capex, free: free, operating: operating, capex: capex",
     {"free": ("628", MILLION), "operating": ("808", MILLION), "capex": ("(180)", MILLION)}),
    ("salesforce_2024q2_earnings", "check: margin_is_profit_over_revenue, margin: margin, profit: income, revenue: revenue",
     {"margin": ("31.6", ONE), "income": ("2,721", MILLION), "revenue": ("8,603", MILLION)}),
    ("salesforce_2024q2_earnings", "check: adjustments_reconcile, adjusted: adjusted, reported: income, adjustments: adjustments",
     {"adjusted": ("2,094", MILLION), "income": ("1,267", MILLION), "adjustments.amortization": ("472", MILLION),
      "adjustments.stock": ("724", MILLION), "adjustments.restructuring": ("49", MILLION),
      "adjustments.tax": ("(418)", MILLION)}),
    ("apple_2023q3_10q", "check: parts_sum_to_total, parts: segments, total: revenue",
     {"revenue": ("81,797", MILLION), "segments.iPhone": ("39,669", MILLION), "segments.Mac": ("6,840", MILLION),
      "segments.iPad": ("5,791", MILLION), "segments.Wearables": ("8,284", MILLION),
      "segments.Services": ("21,213", MILLION)}),
]  # fmt: skip


def plain(words: str) -> str:
    """A figure as the test's values take it: brackets are a minus, commas group."""
    return re.sub(r"^\((.*)\)$", r"-\1", words).replace(",", "")


@pytest.mark.shared
@pytest.mark.parametrize(("document", "rule", "printed"), REAL)
def test_figures_of_real_releases_fit(
    tmp_path: Path, shared: Path, document: str, rule: str, printed: dict[str, tuple[str, int]]
) -> None:
    """Each figure stands in the release; as printed nothing is found, and with one digit changed the check speaks."""
    from pypdf import PdfReader

    path = shared / "data" / "earnings" / f"{document}.pdf"
    if not path.is_file():
        pytest.skip(f"{document}.pdf is not among the development documents")
    text = " ".join(page.extract_text() for page in PdfReader(path).pages)
    assert [words for words, _ in printed.values() if words not in text] == []
    given = ValueSet(value(ref, plain(words), scale=scale) for ref, (words, scale) in printed.items())
    assert findings(tmp_path, rule, given) == ()
    first, (words, scale) = next(iter(printed.items()))
    wrong = ("9" if plain(words)[0] != "9" else "1") + plain(words)[1:]
    assert len(findings(tmp_path, rule, given.replacing([value(first, wrong, scale=scale)]))) == 1
