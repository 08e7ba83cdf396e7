"""What looks like the fund's own figure and is not: it must stay empty, or give way to the figure beside it that is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import pytest
from paper_sample import FIELDS, paper, published

from workflow_orchestrator.documents import Document
from workflow_orchestrator.evidence import prove_all
from workflow_orchestrator.values import Evidence, Kind, Origin, Value

Line = tuple[float, Sequence[tuple[float, str]]]

NAME: Line = (770, [(40, "Alpine Growth Fund")])
CLASS: Line = (752, [(40, "Class I Acc EUR ISIN: LU0651284712")])
SIZES = {770.0: 18.0}
OF_HEAD = {"fund_name", "isin", "share_class", "currency"}


def sheet(*lines: Line) -> Document:
    return paper(NAME, CLASS, *lines, sizes=SIZES)


def taken(*lines: Line) -> dict[str, str]:
    """What is published beside what the head of the sheet says."""
    return {ref: figure for ref, figure in published(sheet(*lines)).items() if ref not in OF_HEAD}


def figures(height: float, *columns: str) -> Line:
    return (height, [(-(200.0 + 50 * number), column) for number, column in enumerate(columns)])


def row(height: float, label: str, *columns: str) -> Line:
    return (height, [(40.0, label), *figures(height, *columns)[1]])


PERIODS = figures(575, "1 month", "1 year", "3 years")
YEARS = figures(575, "2022", "2023", "2024")


@pytest.mark.parametrize(
    "title",
    [
        "SIP returns (%)", "If you invest 10,000 every month (%)", "Sparplan: Wertentwicklung kumuliert (%)",
        "Hypothetical cumulative performance (%)", "Simulated cumulative performance (%)", "Composite: cumulative performance (%)",
        "Cumulative performance, gross of fees (%)", "Cumulative performance before charges (%)", "Costs (%)",
        "Other funds of the range: cumulative performance (%)", "Relative performance (%)", "Target returns (%)",
    ],
)  # fmt: skip
def test_a_table_that_is_no_return_of_a_holder_of_the_fund(title: str) -> None:
    """Savings plans, simulations, composites, returns before costs and costs have periods over them, and are not taken."""
    assert taken((600, [(40, f"*{title}*")]), PERIODS, row(560, "Fund", "1.1", "5.2", "9.3")) == {}


@pytest.mark.parametrize("title", ["Cumulative performance (%)", "Cumulative performance, net of fees (%)"])
def test_the_same_table_of_returns_is_taken(title: str) -> None:
    """The counterpart: the words of costs behind "net of" do not make returns something else."""
    assert taken((600, [(40, f"*{title}*")]), PERIODS, row(560, "Fund", "1.1", "5.2", "9.3")) == {
        "monthly_performance": "1.1",
        "performance_data.1y": "5.2",
        "performance_data.3y": "9.3",
    }


@pytest.mark.parametrize("label", ["Scheme returns (% XIRR)", "Fund (gross)", "Fund target"])
def test_a_row_that_is_no_return_of_a_holder_of_the_fund(label: str) -> None:
    """The label of the row says it, whatever the title does."""
    assert taken((600, [(40, "*Cumulative performance (%)*")]), PERIODS, row(560, label, "1.1", "5.2", "9.3")) == {}


def test_rows_of_a_savings_plan_take_the_whole_table_with_them() -> None:
    """ "Scheme returns (%)" below "Amount invested" is the return of the plan."""
    rows = row(560, "Amount invested", "10,000", "120,000", "360,000"), row(545, "Scheme returns (%)", "1.1", "5.2", "9.3")
    assert taken((600, [(40, "*Scheme*")]), PERIODS, *rows) == {}


def test_net_is_taken_beside_gross() -> None:
    """Of a row before costs and one after them, the latter."""
    rows = row(560, "Fund (gross)", "1.2", "5.9", "9.9"), row(545, "Fund (net)", "1.1", "5.2", "9.3")
    assert taken((600, [(40, "*Cumulative performance (%)*")]), PERIODS, *rows)["performance_data.1y"] == "5.2"


@pytest.mark.parametrize(
    ("title", "label", "note"),
    [
        ("Annual performance (%)", "Fund", "Each year is the twelve months to the end of September."),
        ("Benchmark calendar year returns (%)", "Return", ""),
        ("Calendar year dividends (%)", "Fund", ""),
    ],
)
def test_years_that_are_none_of_the_fund_or_none_of_the_calendar(title: str, label: str, note: str) -> None:
    """Years of twelve months to another month, of the benchmark, and of dividends stay empty."""
    assert taken((600, [(40, f"*{title}*")]), YEARS, row(560, label, "1.1", "5.2", "9.3"), (545, [(40, note or "-")])) == {}


def test_groups_over_heads_of_two_lines() -> None:
    """ "Since" over "Inception" hides no group: what stands under "Annualised (% p.a.)" is per annum."""
    heads = figures(575, "1 month", "1 year", "3 years", "5 years", "Inception")
    document = (600, [(40, "*CUMULATIVE & ANNUALISEDPERFORMANCE*")]), (594, [(190, "*CUMULATIVE (%)*"), (310, "*ANNUALISED (% p.a.)*")])
    found = taken(*document, (584, [(-400, "Since")]), heads, row(560, "Fund", "1.1", "5.2", "9.3", "8.4", "7.5"))
    assert not {ref for ref in found if ref.startswith("performance_data")} - {"performance_data.1y"}


def test_a_title_that_names_both_bases_decides_nothing() -> None:
    """Without groups, and with the words run together, three years are neither cumulative nor per annum."""
    title = (600, [(40, "*CUMULATIVE & ANNUALISEDPERFORMANCE (%)*")])
    assert taken(title, PERIODS, row(560, "Fund", "1.1", "5.2", "9.3")) == {"monthly_performance": "1.1", "performance_data.1y": "5.2"}


def test_a_row_within_a_table_that_says_the_basis() -> None:
    """Under a title of both bases, the rows before "p.a." are cumulative and those below it per annum."""
    lines = row(560, "Fund", "1.1", "5.2", "9.3"), (548, [(40, "*p.a.*")]), row(536, "Fund", "–", "–", "3.0")
    found = taken((600, [(40, "*Cumulative and annualised performance (%)*")]), PERIODS, *lines)
    assert (found["performance_data.3y"], found["performance_annualised.3y"]) == ("9.3", "3.0")


def test_the_rows_of_an_etf_and_of_a_trust() -> None:
    """ "NAV" over "Market price" is the fund's row; over "Share price" it may be of a trust, and nothing decides."""
    title, net, end = (600, [(40, "*Cumulative performance (%)*")]), row(560, "NAV", "1.1", "5.2", "9.3"), ("1.2", "5.3", "9.4")
    assert taken(title, PERIODS, net, row(545, "Market price", *end))["performance_data.3y"] == "9.3"
    assert taken(title, PERIODS, net, row(545, "Share price", *end)) == {}


@pytest.mark.parametrize(
    ("label", "figure"),
    [
        ("Redemption price", "EUR 100.10"), ("Issue price", "EUR 105.10"), ("NAV (launch)", "EUR 100.00"),
        ("Ongoing charges (before waiver)", "0.85%"), ("Performance start date", "01.02.2012"), ("Number of shares", "52"),
    ],
)  # fmt: skip
def test_a_label_that_is_nearly_that_of_a_field(label: str, figure: str) -> None:
    """Prices with a charge, first prices, charges before a waiver and days of something else stay empty."""
    assert taken((600, [(40, label), (-220, figure)])) == {}


def test_an_amount_of_the_class_is_not_that_of_the_fund() -> None:
    """ "Net assets (share class)" is the size of the class, and leaves that of the fund empty."""
    assert taken((600, [(40, "Net assets (share class)"), (-220, "EUR 12.6 million")])) == {"class_size": "12600000"}


def test_what_the_firm_manages_is_not_the_size_of_the_fund() -> None:
    """Below a heading about the company, "Assets under management" is the company's; below one of the fund it is the fund's."""
    line: Line = (588, [(40, "Assets under management"), (-260, "EUR 33 billion")])
    assert taken((600, [(40, "*About the management company*")]), line) == {}
    assert taken((600, [(40, "*Fund facts*")]), line) == {"fund_size": "33000000000"}


def test_the_value_of_a_unit_comes_before_the_price_of_its_redemption() -> None:
    """A redemption price that is not the NAV gives way to it; alone it is the NAV, as in Germany."""
    price, value = (600, [(40, "Rücknahmepreis"), (-220, "99.60 EUR")]), (588, [(40, "Anteilwert"), (-220, "99.80 EUR")])
    assert taken(price, value) == {"nav": "99.80"}
    assert taken(price) == {"nav": "99.60"}


def test_the_launch_of_the_fund_is_not_that_of_a_class_that_could_not_be_read() -> None:
    """A label for the class without a certain day beside it takes the day of the fund out."""
    fund: Line = (600, [(40, "Fund launch date"), (-220, "01.02.2010")])
    assert taken(fund, (588, [(40, "Share class launch date"), (-220, "February 2014")])) == {}
    assert taken(fund) == {"launch_date": "2010-02-01"}


def test_a_label_of_two_lines_around_its_value() -> None:
    """A label of two lines is read with the value that is set on the middle of them, and proven."""
    lines: list[Line] = [(605, [(40, "Share Class")]), (600, [(150, "*31-Mar-2021*")]), (595, [(40, "Launch Date")])]
    assert taken((630, [(40, "Fund Launch Date"), (150, "*30-Nov-2012*")]), *lines) == {"launch_date": "2021-03-31"}


def test_a_value_of_two_lines_around_its_label() -> None:
    """A value of two lines is read with the label that is set on the middle of them, and proven."""
    lines: list[Line] = [(605, [(150, "*Calder World*")]), (595, [(150, "*Index (Net)*")]), (600, [(40, "Benchmark")])]
    assert taken(*lines) == {"benchmark": "Calder World Index (Net)"}


def test_a_ticker_over_the_name_and_a_code_behind_the_class() -> None:
    """Neither a bold ticker of the size of the name nor the number of the security is a part of a name."""
    document = paper(
        (790, [(40, "*AQDV*")]),
        (765, [(40, "Alpine Quality Dividend ETF")]),
        (748, [(40, "Class A – APIR YLG0001AU")]),
        (600, [(40, "The Fund invests in shares.")]),
        sizes={790: 18, 765: 18},
    )
    found = published(document)
    assert (found["fund_name"], found["share_class"]) == ("Alpine Quality Dividend ETF", "Class A")


def test_the_day_of_the_head_comes_before_the_end_of_a_year_of_accounts() -> None:
    """ "The annual report as at 30 June 2026" in the small print is not the day of the figures that the head gives alone."""
    note = "The prospectus and the annual report as at 30 June 2026 are available free of charge in English and German."
    assert taken((780, [(500, "30 October 2026")]), (60, [(40, note)]))["as_of_date"] == "2026-10-30"


def test_a_second_list_beside_the_holdings_lends_them_no_weights() -> None:
    """Behind the weight of a holding other names begin: their figures belong to those."""
    heads: Line = (600, [(40, "*Company*"), (-200, "*Weight %*"), (240, "*Sector*"), (-400, "*Fund*")])
    rows = [
        (588.0 - 12 * number, [(40, name), (-200, weight), (240, sector), (-400, share)])
        for number, (name, weight, sector, share) in enumerate(
            [("Acme", "4.1", "Energy", "29.4"), ("Bolt", "3.2", "Banks", "21.7"), ("Corv", "2.3", "Media", "12.2")]
        )
    ]
    found = taken((614, [(40, "*Top ten holdings (%)*")]), heads, *rows)
    assert found == {"top_holdings.Acme": "4.1", "top_holdings.Bolt": "3.2", "top_holdings.Corv": "2.3"}


def test_a_model_does_not_overrule_the_layout() -> None:
    """The redemption price that a model gives as NAV is not proven where the sheet prints the NAV; nor is another day."""
    document = paper(
        (780, [(40, "Data as at 30 October 2026")]),
        (600, [(40, "Rücknahmepreis"), (-220, "99.60 EUR")]),
        (588, [(40, "Anteilwert"), (-220, "99.80 EUR")]),
        (60, [(40, "Holdings as at 30 June 2026")]),
    )
    price = Evidence(1, "99.60 EUR", "Rücknahmepreis")
    day = Evidence(1, "30 June 2026", "Holdings as at")
    given = [
        Value("nav", Kind.MONEY, Decimal("99.60"), price, Origin.MODEL, unit="EUR", decimals=2),
        Value("as_of_date", Kind.DATE, date(2026, 6, 30), day, Origin.MODEL),
    ]
    assert [verdict.status for verdict in prove_all(given, document, FIELDS)] == ["ambiguous", "ambiguous"]
