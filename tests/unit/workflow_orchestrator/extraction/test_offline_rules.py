"""The rules of the offline reader, one layout each: whose row, which basis, which column, and when to leave a value out."""

from __future__ import annotations

import pytest
from paper_sample import FIELDS, paper, read

from workflow_orchestrator.extraction import read_fields

HEADS = [(-200, "1 month"), (-260, "YTD"), (-320, "1 year"), (-380, "3 years")]
FUND = [(-200, "1.93"), (-260, "10.13"), (-320, "5.84"), (-380, "50.73")]
INDEX = [(-200, "0.81"), (-260, "4.30"), (-320, "0.79"), (-380, "26.52")]


def table(title: str, *rows: tuple[str, list[tuple[float, str]]], heads: list[tuple[float, str]] = HEADS):  # type: ignore[no-untyped-def]
    lines = [(760, [(50, "*Some Fund*")]), (712, [(50, f"*{title}*")]), (700, heads)]
    lines += [
        (688 - 12 * number, [(50, label), *cells] if label else cells) for number, (label, cells) in enumerate(rows)
    ]
    return paper(*lines)


def test_the_funds_row_is_taken_and_the_benchmarks_is_kept_apart() -> None:
    """Of two rows under the same heads each is read as what its label says, in either order."""
    wanted = {
        "monthly_performance": "1.93", "ytd_performance": "10.13", "performance_data.1y": "5.84", "performance_data.3y": "50.73",
        "benchmark_month": "0.81", "benchmark_ytd": "4.30", "benchmark_performance.1y": "0.79", "benchmark_performance.3y": "26.52",
    }  # fmt: skip
    assert read(table("Cumulative performance (%)", ("Fund", FUND), ("Benchmark", INDEX))) == wanted
    assert read(table("Cumulative performance (%)", ("Benchmark", INDEX), ("Fund", FUND))) == wanted


@pytest.mark.parametrize(
    "rows",
    [
        (("Benchmark", INDEX),),
        (("MSCI World", INDEX), ("Sector average", FUND)),
        (("Share price", FUND), ("Net asset value", INDEX)),
        (("Fund", FUND), ("Fund", INDEX)),
        (("Excess return", FUND),),
    ],
    ids=["benchmark only", "unknown series", "two prices", "twice the fund", "difference"],
)
def test_no_row_is_taken_when_none_is_certain(rows: tuple[tuple[str, list[tuple[float, str]]], ...]) -> None:
    """A table in which no single row is the fund's gives nothing."""
    assert read(table("Cumulative performance (%)", *rows)) == {}


def test_a_single_row_without_a_label_is_the_funds() -> None:
    """A table of one unlabelled row can only be the document's own."""
    assert read(table("Cumulative performance (%)", ("", FUND)))["performance_data.1y"] == "5.84"


def test_the_basis_decides_between_cumulative_and_annualised() -> None:
    """The title, the head or the row says which it is; without any word on it a period over a year is left out."""
    assert (
        read(table("Annualised performance (%)", ("Fund", [(-380, "14.66"), (-320, "5.84")])))[
            "performance_annualised.3y"
        ]
        == "14.66"
    )
    heads = [(-200, "1 month"), (-260, "1 year"), (-360, "3 years p.a.")]
    values = read(table("Returns (%)", ("Fund", [(-200, "0.58"), (-260, "1.02"), (-360, "6.76")]), heads=heads))
    assert values == {
        "monthly_performance": "0.58", "performance_data.1y": "1.02", "performance_annualised.3y": "6.76",
    }  # fmt: skip
    document = table("Returns (%)", ("Fund", FUND))
    assert "performance_data.3y" not in read(document) and "performance_annualised.3y" not in read(document)
    reasons = [item.reason for item in read_fields(document, FIELDS).rejected]
    assert any("cumulative or per annum" in reason for reason in reasons)


def test_under_a_year_nothing_is_annualised() -> None:
    """A period under a year in a block that says per annum contradicts itself and is left out; a year is the same in both."""
    heads = [(-200, "3 months"), (-260, "1 year"), (-320, "3 years")]
    values = read(table("Annualised (%)", ("Fund", [(-200, "1.35"), (-260, "5.84"), (-320, "14.66")]), heads=heads))
    assert values == {"performance_data.1y": "5.84", "performance_annualised.3y": "14.66"}


def test_groups_over_the_heads() -> None:
    """Words over several heads say the basis of each; heads that repeat are told apart by them."""
    document = paper(
        (724, [(50, "*Performance (%)*")]), (712, [(230, "*Cumulative*"), (400, "*Annualised*")]),
        (700, [(-200, "1 month"), (-260, "1 year"), (-320, "3 years"), (-380, "3 years"), (-440, "5 years"), (-500, "10 years")]),
        (688, [(50, "Fund"), (-200, "1.93"), (-260, "5.84"), (-320, "50.73"), (-380, "14.66"), (-440, "10.53"), (-500, "11.54")]),
    )  # fmt: skip
    assert read(document) == {
        "monthly_performance": "1.93", "performance_data.1y": "5.84", "performance_data.3y": "50.73",
        "performance_annualised.3y": "14.66", "performance_annualised.5y": "10.53", "performance_annualised.10y": "11.54",
    }  # fmt: skip


def test_blank_cells_and_nils_give_nothing() -> None:
    """A blank cell does not shift its neighbours, and n/a is not zero."""
    document = table("Cumulative (%)", ("Fund", [(-200, "1.93"), (-320, "n/a"), (-380, "50.73")]))
    assert read(document) == {"monthly_performance": "1.93", "performance_data.3y": "50.73"}


def test_figures_between_two_heads_are_refused() -> None:
    """A figure that stands under no head, or between two, ends the row."""
    assert read(table("Cumulative (%)", ("Fund", [(-230, "1.93"), (-290, "10.13")]))) == {}


def test_without_per_cent_anywhere_there_is_no_percentage() -> None:
    """A table that nowhere says per cent is not read as one."""
    assert read(table("Cumulative performance", ("Fund", FUND))) == {}


def test_two_printed_values_cancel_each_other_out() -> None:
    """When a document prints two different values for one thing, none is taken and both are reported."""
    document = paper((700, [(50, "Ongoing charges"), (-300, "0.85%")]), (600, [(50, "OCF"), (-300, "0.95%")]))
    reading = read_fields(document, FIELDS)
    assert "ongoing_charges" not in reading.values
    assert {item.quote for item in reading.rejected} == {"0.85%", "0.95%"}
    assert all("nothing decides" in item.reason for item in reading.rejected)


def test_the_same_value_twice_is_one_value() -> None:
    """A value that is printed twice alike is taken where it is printed first."""
    document = paper((700, [(50, "Ongoing charges"), (-300, "0.85%")]), (600, [(50, "OCF"), (-300, "0.85%")]))
    value = read_fields(document, FIELDS).values["ongoing_charges"]
    assert (
        value.evidence.label == "Ongoing charges"
        and value.evidence.box is not None
        and value.evidence.box.bottom == 700
    )


def test_two_columns_need_a_head() -> None:
    """Of two figures behind a label the one under the fund's head is taken; without heads neither is."""
    rows = [(688, [(50, "Sharpe ratio (3 years)"), (-300, "1.00"), (-360, "0.47")])]
    assert read(paper(*rows)) == {}
    heads = (700, [(-300, "*Fund*"), (-360, "*Benchmark*")])
    assert read(paper(heads, *rows)) == {"sharpe_ratio": "1.00"}
    periods = (700, [(-300, "3 years"), (-360, "5 years")])
    assert read(paper(periods, *rows)) == {}


def test_a_scale_of_boxes_is_no_indicator() -> None:
    """The digits 1 to 7 of a risk scale are its axis; a written indicator is read."""
    boxes = [(50 + 20 * number, str(number)) for number in range(1, 8)]
    assert read(paper((700, [(50, "*Summary risk indicator*")]), (688, boxes))) == {}
    assert read(paper((700, [(50, "SRI"), (-300, "4 of 7")]))) == {"sri": "4", "risk_scale": "SRI"}
    assert read(paper((700, [(50, "SRI"), (-300, "4 of 10")]))) == {}


def test_labels_over_values() -> None:
    """A value may stand below its label in another style; a row of labels over a row of values is read by column."""
    document = paper(
        (700, [(50, "NAV"), (150, "1 month"), (250, "OCF")]),
        (688, [(50, "*EUR 17.45*"), (150, "*+0.84%*"), (250, "*1.28%*")]),
    )
    assert read(document) == {"nav": "17.45", "monthly_performance": "0.84", "ongoing_charges": "1.28"}


def test_a_label_of_two_lines() -> None:
    """ "Share class / currency" is the currency and not the share class."""
    document = paper((700, [(50, "Share class"), (-300, "*EUR*")]), (691, [(50, "currency")]))
    assert read(document) == {"currency": "EUR"}


def test_a_dollar_needs_the_documents_currency() -> None:
    """ "$" is an amount in the currency that the document names, and nothing in a document that names none."""
    nav = (700, [(50, "NAV"), (-300, "$22.62")])
    assert read(paper(nav)) == {}
    assert read(paper(nav, (680, [(50, "Currency"), (-300, "USD")]))) == {"currency": "USD", "nav": "22.62"}
    assert read(paper(nav, (680, [(50, "Currency"), (-300, "EUR")]))) == {"currency": "EUR"}


def test_calendar_years_need_their_title() -> None:
    """Years over figures are calendar years only under a title that says so: dividends have years too."""
    heads = [(-200, "2023"), (-260, "2024"), (-320, "2025")]
    row = ("Fund", [(-200, "33.87"), (-260, "-0.26"), (-320, "21.63")])
    assert read(table("Calendar year performance (%)", row, heads=heads)) == {
        "calendar_years.2023": "33.87", "calendar_years.2024": "-0.26", "calendar_years.2025": "21.63",
    }  # fmt: skip
    assert read(table("Dividends per share (%)", row, heads=heads)) == {}
    ranges = [(-200, "2021 - 2022"), (-260, "2022 - 2023"), (-320, "2023 - 2024")]
    assert read(table("Calendar year performance (%)", row, heads=ranges)) == {}


def test_a_year_that_is_not_over_is_no_calendar_year() -> None:
    """The running year is the year to date, and the year of the launch is left out."""
    document = paper(
        (760, [(50, "Data as at 30 June 2025")]), (748, [(50, "Launch date"), (-200, "1 March 2023")]),
        (712, [(50, "*Calendar years (%)*")]), (700, [(-200, "2023"), (-260, "2024"), (-320, "2025")]),
        (688, [(50, "Fund"), (-200, "3.87"), (-260, "-0.26"), (-320, "21.63")]),
    )  # fmt: skip
    assert read(document) == {
        "as_of_date": "2025-06-30", "launch_date": "2023-03-01", "calendar_years.2024": "-0.26", "ytd_performance": "21.63",
    }  # fmt: skip


def test_years_down_the_page() -> None:
    """A turned table is read by its column heads: the yearly column, not the cumulative one."""
    document = paper(
        (700, [(-300, "*JÄHRLICH*"), (-380, "*KUMULIERT*")]),
        (688, [(50, "2025"), (-300, "8,5%"), (-380, "44,4%")]), (676, [(50, "2024"), (-300, "10,8%"), (-380, "33,0%")]),
        (664, [(50, "2023†"), (-300, "1,0%"), (-380, "20,0%")]), language="de",
    )  # fmt: skip
    assert read(document) == {"calendar_years.2025": "8.5", "calendar_years.2024": "10.8"}


def test_growth_up_to_a_year_is_no_calendar_year() -> None:
    """A single column that is headed as cumulative gives no calendar year, whatever the title says."""
    document = paper(
        (712, [(50, "*Calendar years (%)*")]),
        (700, [(-380, "*Cumulative*")]),
        (688, [(50, "2025"), (-380, "44.4%")]),
        (676, [(50, "2024"), (-380, "33.0%")]),
    )
    assert read(document) == {}


def test_periods_down_the_page() -> None:
    """A table with a period in each row is read in the column of the fund."""
    document = paper(
        (712, [(50, "*Cumulative performance*")]), (700, [(-300, "*Benchmark*"), (-380, "*Fund*")]),
        (688, [(50, "3 months"), (-300, "0.79%"), (-380, "1.35%")]), (676, [(50, "3 years"), (-300, "26.52%"), (-380, "50.73%")]),
    )  # fmt: skip
    index = {"benchmark_performance.3m": "0.79", "benchmark_performance.3y": "26.52"}
    assert read(document) == index | {"performance_data.3m": "1.35", "performance_data.3y": "50.73"}


MONTHS = [
    (-80 - 35 * number, name) for number, name in enumerate("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split())
]
ROW = [(place, f"{number / 10:.1f}") for number, (place, _) in enumerate(MONTHS, start=1)]


def grid(*rows: tuple[str, list[tuple[float, str]]], total: str = "YTD"):  # type: ignore[no-untyped-def]
    lines = [
        (760, [(20, "Data as at 31 October 2026")]),
        (712, [(20, "*Monthly returns (%)*")]),
        (700, [*MONTHS, (-520, total)]),
    ]
    return paper(
        *lines, *((688 - 12 * number, [(20, label), *cells]) for number, (label, cells) in enumerate(rows)), size=7
    )


def test_the_monthly_grid() -> None:
    """Months, the total of a whole year and that of the running year are told apart; blanks stay blank."""
    values = read(
        grid(("2025", [*ROW, (-520, "8.1")]), ("2026", [*ROW[:10], (-520, "5.6")]), ("2024", [*ROW[6:], (-520, "5.7")]))
    )
    assert values["monthly_returns.2025-12"] == "1.2" and values["monthly_returns.2026-10"] == "1.0"
    assert values["monthly_returns.2024-07"] == "0.7" and "monthly_returns.2024-06" not in values
    assert values["calendar_years.2025"] == "8.1" and values["ytd_performance"] == "5.6"
    assert "calendar_years.2024" not in values and "calendar_years.2026" not in values


def test_the_grid_of_another_series_is_not_read() -> None:
    """Rows of an index below the years are left, and a year that stands twice is refused."""
    values = read(grid(("2025", ROW), ("HEI", [(place, "9.9") for place, _ in MONTHS])))
    assert set(values.values()) & {"9.9"} == set()
    assert "monthly_returns.2025-01" not in read(grid(("2025", ROW), ("2025", [(place, "9.9") for place, _ in MONTHS])))


def test_a_month_after_the_date_of_the_figures_is_refused() -> None:
    """A grid cannot hold a month that had not been when the figures were made."""
    assert "monthly_returns.2026-11" not in read(grid(("2026", ROW)))


def test_the_largest_holdings() -> None:
    """Names with their weights down to the total; what stands in another column beside them is not a weight."""
    document = paper(
        (712, [(50, "*Top 10 holdings*"), (350, "*By sector*")]),
        (700, [(50, "Company"), (-300, "% of assets"), (350, "Technology"), (-500, "26.4")]),
        (688, [(50, "Halden Semiconductors"), (180, "Technology"), (-300, "4.81"), (350, "Health"), (-500, "17.9")]),
        (676, [(50, "Marlowe & Finch"), (180, "Health care"), (-300, "3.92"), (350, "Cash"), (-500, "3.1")]),
        (664, [(50, "Total"), (-300, "8.73")]), (652, [(50, "Number of holdings"), (-300, "56")]),
    )  # fmt: skip
    assert read(document) == {
        "top_holdings.Halden Semiconductors": "4.81", "top_holdings.Marlowe & Finch": "3.92", "top_holdings_total": "8.73",
        "number_of_holdings": "56",
    }  # fmt: skip


def test_a_total_names_nothing_outside_its_list() -> None:
    """ "Total" elsewhere in a document is not the sum of the holdings."""
    assert read(paper((700, [(50, "Total"), (-300, "100.0%")]))) == {}


def test_the_paragraph_of_its_column() -> None:
    """A strategy is read line by line in its own column, up to the next heading, with parted words put together."""
    document = paper(
        (712, [(50, "*Investment strategy*"), (350, "*Key facts*")]),
        (700, [(50, "The fund seeks long-term growth and"), (350, "Domicile")]),
        (690, [(50, "invests in shares with convic-"), (350, "Luxembourg")]),
        (680, [(50, "tion over the long term."), (350, "Ireland")]),
        (660, [(50, "*Market review*")]), (648, [(50, "Markets rose by 4.2% in October.")]),
    )  # fmt: skip
    assert read(document) == {
        "fund_strategy": "The fund seeks long-term growth and invests in shares with conviction over the long term.",
        "commentary": "Markets rose by 4.2% in October.",
    }


def test_the_day_of_the_figures() -> None:
    """The date behind its label is taken; a later one at the top wins over older ones, and otherwise two dates are none."""
    assert read(paper((780, [(50, "All data as at 31 Oct 2026 unless stated otherwise")]))) == {
        "as_of_date": "2026-10-31"
    }
    old = (300, [(50, "Holdings as at 30 September 2026")])
    assert read(paper((780, [(50, "Data as at 31 October 2026")]), old)) == {"as_of_date": "2026-10-31"}
    assert read(paper((320, [(50, "Data as at 31 October 2026")]), old)) == {}
    assert read(paper((780, [(50, "Published November 2026")]))) == {}
