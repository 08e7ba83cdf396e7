"""The wider table of fields: the benchmark beside the fund, splits of the whole, scales told by their label, codes with a form."""

from __future__ import annotations

import pytest
from paper_sample import FIELDS, paper, published, read

from workflow_orchestrator.extraction.offline import read_fields

Line = tuple[float, list[tuple[float, str]]]

TITLE: Line = (640, [(40, "*Cumulative performance (%)*")])
HEADS: Line = (616, [(-200, "1 month"), (-280, "1 year")])


def row(height: float, label: str, *figures: str) -> Line:
    return (height, [(40, label), *((-200 - 80 * number, figure) for number, figure in enumerate(figures))])


def test_the_difference_and_the_index_by_its_name() -> None:
    """The row with the name of the benchmark is the benchmark's, and "Difference" what is printed as such."""
    rows = row(600, "Fund", "1.2", "5.6"), row(588, "Talbridge World TR", "1.1", "5.5"), row(576, "Difference", "0.1", "0.1")
    found = published(paper((700, [(40, "Benchmark"), (-200, "*Talbridge World TR*")]), TITLE, HEADS, *rows))
    assert (found["benchmark_month"], found["benchmark_performance.1y"]) == ("1.1", "5.5")
    assert (found["excess_month"], found["excess_performance.1y"]) == ("0.1", "0.1")


def test_further_series_are_read_by_nobody() -> None:
    """Two rows that could be the benchmark's are neither, and a peer group is none."""
    rows = row(600, "Fund", "1.2", "5.6"), row(588, "Index", "1.1", "5.5"), row(576, "Benchmark", "1.0", "5.4")
    assert not any(ref.startswith("benchmark") for ref in read(paper(TITLE, HEADS, *rows)))
    peers = row(600, "Fund", "1.2", "5.6"), row(588, "Peer group average", "1.1", "5.5")
    assert set(read(paper(TITLE, HEADS, *peers))) == {"monthly_performance", "performance_data.1y"}


def test_a_split_is_read_whole_or_not_at_all() -> None:
    """Parts that come to a hundred are in per cent by that; of a part of them nothing says what is missing."""
    parts: list[Line] = [
        (600, [(40, "*By sector*")]), (588, [(40, "Technology"), (-200, "60.1")]), (576, [(40, "Health care"), (-200, "36.8")]),
        (564, [(40, "Cash"), (-200, "3.1")]),
    ]  # fmt: skip
    whole = {"allocation_sector.Technology": "60.1", "allocation_sector.Health care": "36.8", "allocation_sector.Cash": "3.1"}
    assert published(paper(*parts)) == whole
    assert published(paper(*parts[:-1])) == {}


@pytest.mark.parametrize(
    ("label", "scale"),
    [
        ("Summary risk indicator (SRI)", "SRI"), ("SRRI", "SRRI"), ("Risk and reward profile (SRRI)", "SRRI"), ("Risk indicator", ""),
    ],
)  # fmt: skip
def test_the_scale_of_an_indicator_is_what_its_label_says(label: str, scale: str) -> None:
    """An indicator whose label names no scale has none."""
    assert read(paper((600, [(40, label), (-300, "4 of 7")]))) == {"sri": "4", **({"risk_scale": scale} if scale else {})}


def test_ten_steps_are_another_scale() -> None:
    """A risk score of ten steps is no indicator of seven."""
    assert read(paper((600, [(40, "CCI risk score"), (-300, "6 of 10")]))) == {"cci_risk": "6"}


def test_a_code_has_its_form() -> None:
    """Three numbers of three exchanges are not one number, and a whole number of years is one without "more than"."""
    assert read(paper((600, [(40, "SEDOL"), (-300, "BJ7K9M0")]))) == {"sedol": "BJ7K9M0"}
    assert read(paper((600, [(40, "SEDOL"), (200, "BJ7K9M0 BJ7K9N1")]))) == {}
    assert read(paper((600, [(40, "Recommended holding period"), (-300, "5 years")]))) == {"holding_period": "5"}
    assert read(paper((600, [(40, "Recommended holding period"), (300, "More than 3 years")]))) == {}


def test_a_fund_s_currency_is_not_that_of_a_class() -> None:
    """The code in the name of a class is its currency, and says nothing of that of the fund."""
    found = read_fields(paper((770, [(40, "Harrow Debt Fund")]), (752, [(40, "I EUR Acc")]), sizes={770: 18}), FIELDS).values
    assert not found.of("base_currency")
