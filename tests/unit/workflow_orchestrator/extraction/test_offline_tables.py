"""Tables of returns in more of the shapes that factsheets print, each with a twin that must stay empty."""

from __future__ import annotations

import pytest
from paper_sample import paper, published

from workflow_orchestrator.documents import Document

Line = tuple[float, list[tuple[float, str]]]

HEADS = [(-200, "1 month"), (-260, "YTD"), (-320, "1 year"), (-380, "3 years")]
FUND = [(-200, "1.93"), (-260, "10.13"), (-320, "5.84"), (-380, "50.73")]
INDEX = [(-200, "0.81"), (-260, "4.30"), (-320, "0.79"), (-380, "26.52")]
WANTED = {
    "monthly_performance": "1.93", "ytd_performance": "10.13", "performance_data.1y": "5.84", "performance_data.3y": "50.73",
}  # fmt: skip
TITLE: Line = (712, [(150, "*Cumulative performance (%)*")])


def legend(*entries: str) -> list[Line]:
    return [(760.0 - 12 * number, [(150, text)]) for number, text in enumerate(entries)]


def test_rows_without_labels_follow_their_numbered_legend() -> None:
    """Rows that begin with coloured boxes are told apart by a legend with one number for each, in order."""
    rows: list[Line] = [(700, HEADS), (688, FUND), (676, INDEX)]
    assert published(paper(*legend("1 Class: Some Fund C (acc)", "2 Benchmark: MSCI World"), TITLE, *rows)) == {
        **WANTED, "share_class": "Some Fund C (acc)", "benchmark": "MSCI World",
    }  # fmt: skip


@pytest.mark.parametrize(
    "entries",
    [
        (),
        ("1 Class: Some Fund C (acc)",),
        ("2 Benchmark: MSCI World", "1 Class: Some Fund C (acc)"),
        ("1 Class: Some Fund C (acc)", "2 Benchmark: MSCI World", "3 Sector average"),
        ("1 Share price", "2 Net asset value"),
    ],
    ids=["no legend", "one entry", "another order", "an entry more", "two prices"],
)
def test_rows_without_labels_need_a_legend_that_fits(entries: tuple[str, ...]) -> None:
    """A legend with another number of entries, in another order, or without the fund, decides nothing."""
    values = published(paper(*legend(*entries), TITLE, (700, HEADS), (688, FUND), (676, INDEX)))
    assert not set(values) & set(WANTED)


def noted(note: str, title: str = "Performance (%)") -> dict[str, str]:
    return published(
        paper((712, [(50, f"*{title}*")]), (700, HEADS), (688, [(50, "Fund"), *FUND]), (600, [(50, note)]))
    )


@pytest.mark.parametrize(
    "note",
    [
        "Performance for periods longer than one year is annualised.",
        "Annualized (for periods longer than one year)",
        "Returns for periods of less than one year are not annualized.",
        "Returns for less than one year are cumulative. All other returns are average annual returns.",
        "Die Wertentwicklung über mehr als ein Jahr ist annualisiert.",
        "Les performances supérieures à un an sont annualisées.",
    ],
)
def test_a_note_says_what_is_annualised(note: str) -> None:
    """Where no word at the table decides, a note of the page on periods over a year does."""
    values = noted(note)
    assert values["performance_annualised.3y"] == "50.73" and "performance_data.3y" not in values
    assert values["performance_data.1y"] == "5.84"


@pytest.mark.parametrize(
    "note",
    ["Returns are not annualised.", "Periods over one year are not annualised.", "Volatility is annualised.", "Past performance."],
)  # fmt: skip
def test_other_notes_decide_nothing(note: str) -> None:
    """A note that denies it, or is of something else, leaves the period out."""
    assert not {"performance_data.3y", "performance_annualised.3y"} & set(noted(note))


def test_the_table_knows_better_than_a_note() -> None:
    """A title that says cumulative is not overruled by a note on another table of the page."""
    values = noted("Performance for periods longer than one year is annualised.", "Cumulative performance (%)")
    assert values["performance_data.3y"] == "50.73" and "performance_annualised.3y" not in values


def test_a_column_of_another_period_is_passed_over() -> None:
    """A head that names no field keeps its figure to itself: in front, between, and behind."""
    heads = [(-140, "QTD"), (-200, "1 month"), (-260, "Quarter"), (-320, "1 year"), (-380, "7 years")]
    row = [(50, "Fund"), (-140, "9.91"), (-200, "1.93"), (-260, "9.92"), (-320, "5.84"), (-380, "9.93")]
    assert published(paper(TITLE, (700, heads), (688, row))) == {
        "monthly_performance": "1.93", "performance_data.1y": "5.84",
    }  # fmt: skip


def test_the_words_in_front_of_the_heads_are_a_title() -> None:
    """ "Cumulative performance" in the corner of the table, on two lines, says the basis; elsewhere on the row it does not."""
    heads = [(-200, "1 year"), (-260, "3 years")]
    row = [(50, "Fund"), (-200, "5.84"), (-260, "50.73")]
    corner = paper(
        (724, [(50, "*Returns (%)*")]), (700, [(50, "Cumulative"), *heads]), (691, [(50, "performance")]), (680, row)
    )
    assert published(corner)["performance_data.3y"] == "50.73"
    apart = paper((724, [(50, "*Returns (%)*")]), (700, [(320, "Cumulative"), *heads]), (680, row))
    assert "performance_data.3y" not in published(apart)


@pytest.mark.parametrize("label", ["Fund cumulative growth", "Fund (net) return %", "Fund net performance"])
def test_a_series_may_say_what_its_figures_are(label: str) -> None:
    """The name of the fund's series with words for its figures is still the fund's."""
    values = published(paper((724, [(50, "*Returns (%)*")]), (700, HEADS), (688, [(50, label), *FUND])))
    assert values["monthly_performance"] == "1.93"


@pytest.mark.parametrize(
    "label", ["Fund excess return", "Fund sector growth", "Fund relative", "Fund gross performance"]
)
def test_a_difference_to_the_fund_is_not_the_fund(label: str) -> None:
    """The name of the series with any other word is another series."""
    assert published(paper(TITLE, (700, HEADS), (688, [(50, label), *FUND]))) == {}


def test_short_heads_are_read_however_they_are_set() -> None:
    """ "1 m", "3-Yr." and "Since inception (12.05.2010)" are periods; "Ø" makes one per annum."""
    heads = [(-200, "1 m"), (-260, "1-Yr."), (-320, "3 J"), (-380, "3J Ø"), (-520, "Since inception (12.05.2010)")]
    row = [(50, "Fund"), (-200, "1.93"), (-260, "5.84"), (-320, "50.73"), (-380, "14.66"), (-520, "88.10")]
    assert published(paper(TITLE, (700, heads), (688, row))) == {
        "monthly_performance": "1.93", "performance_data.1y": "5.84", "performance_data.3y": "50.73",
        "performance_annualised.3y": "14.66", "performance_data.since_inception": "88.10",
    }  # fmt: skip


def test_a_period_of_another_series_is_not_the_funds() -> None:
    """ "3 years (Index)" over a column is the index's, though the row is the fund's."""
    heads = [(-200, "1 year (Fund)"), (-300, "1 year (Index)"), (-400, "3 years (Index)")]
    row = [(50, "Fund"), (-200, "5.84"), (-300, "0.79"), (-400, "26.52")]
    values = published(paper(TITLE, (700, heads), (688, row)))
    assert set(values) <= {"performance_data.1y"} and values.get("performance_data.1y", "5.84") == "5.84"


def test_brackets_may_name_another_series() -> None:
    """ "Volatility (3 years)" is the fund's, "Volatility (benchmark)" is not."""
    assert published(paper((700, [(50, "Volatility (3 years)"), (-300, "12.3%")]))) == {"volatility": "12.3"}
    assert published(paper((700, [(50, "Volatility (benchmark)"), (-300, "12.3%")]))) == {}
    assert published(paper((700, [(50, "Sharpe ratio (index)"), (-300, "0.92")]))) == {}


@pytest.mark.parametrize("label", ["NAV (12 month high)", "NAV (previous month)", "NAV (Vormonat)", "NAV (plus haut)"])
def test_brackets_may_make_it_another_figure(label: str) -> None:
    """A highest, an earlier or an aimed at figure is not the one of the field."""
    assert published(paper((700, [(50, label), (-300, "EUR 14.30")]))) == {}


def test_a_blank_cell_of_the_fund_is_not_filled_from_the_index() -> None:
    """A single figure under the head of another series is that series'."""
    heads: Line = (700, [(-300, "Fund"), (-400, "Index")])
    assert published(paper(heads, (688, [(50, "Volatility"), (-400, "12.3%")]))) == {}
    assert published(paper(heads, (688, [(50, "Volatility"), (-300, "12.3%")]))) == {"volatility": "12.3"}


def test_the_launch_of_the_index_is_not_the_funds() -> None:
    """ "Index launch date" is of the index; a label in the next column is the fund's."""
    assert published(paper((700, [(50, "Index launch date"), (200, "12 May 2004")]))) == {}
    assert published(paper((700, [(50, "Index"), (200, "Launch date"), (300, "12 May 2004")]))) == {"launch_date": "2004-05-12"}


@pytest.mark.parametrize(
    "title",
    [
        "Annual performance (%), 12 months to 30 September",
        "Annual performance, rolling 12-month periods (%)",
        "Jährliche Wertentwicklung, rollierend (%)",
        "Performances annuelles sur 12 mois glissants (%)",
        "Annual performance, years to 31 March (%)",
    ],
)
def test_years_of_rolling_months_are_no_calendar_years(title: str) -> None:
    """Years that do not end with the calendar year are left out, as columns and as rows."""
    heads = [(-200, "2023"), (-260, "2024"), (-320, "2025")]
    row = [(50, "Fund"), (-200, "33.87"), (-260, "-0.26"), (-320, "21.63")]
    assert published(paper((712, [(50, f"*{title}*")]), (700, heads), (688, row))) == {}
    down: list[Line] = [(712, [(50, f"*{title}*")]), (700, [(-300, "Fund")])]
    down += [(688, [(50, "2025"), (-300, "8.5%")]), (676, [(50, "2024"), (-300, "10.8%")])]
    assert published(paper(*down)) == {}


def running(*more: Line) -> Document:
    heads = [(-200, "2024"), (-260, "2025"), (-320, "2026")]
    row = [(50, "Fund"), (-200, "33.87"), (-260, "-0.26"), (-320, "4.10")]
    title: Line = (712, [(50, "*Calendar years (%)*")])
    return paper((760, [(50, "Data as at 30 June 2026")]), *more, title, (700, heads), (688, row))


def test_the_running_year_is_the_year_to_date() -> None:
    """The column of a year that still runs is its return to date; after a launch within the year it is not."""
    wanted = {"as_of_date": "2026-06-30", "calendar_years.2024": "33.87", "calendar_years.2025": "-0.26"}
    assert published(running()) == {**wanted, "ytd_performance": "4.10"}
    launched = published(running((748, [(50, "Launch date"), (200, "1 March 2026")])))
    assert "ytd_performance" not in launched


def test_the_table_of_an_index_is_not_the_funds() -> None:
    """A single column or row without the fund's name is left out when its head or title names another series."""
    down: list[Line] = [(688, [(50, "3 months"), (-300, "0.79%")]), (676, [(50, "1 year"), (-300, "5.52%")])]
    assert published(paper((712, [(50, "*Cumulative performance*")]), (700, [(-300, "MSCI World")]), *down)) == {}
    assert published(paper((712, [(50, "*Cumulative performance*")]), (700, [(-300, "Return in EUR")]), *down)) == {
        "performance_data.3m": "0.79", "performance_data.1y": "5.52",
    }  # fmt: skip
    assert published(paper((712, [(150, "*Benchmark performance (%)*")]), (700, HEADS), (688, FUND))) == {}


@pytest.mark.parametrize(
    "title",
    [
        "Percentile rank (%)", "Volatility (%)", "Tracking error (%)", "Net flows, % of assets", "Relative performance (%)",
        "Volatilität (in %)", "Écart de performance (%)", "Contribution to return (%)",
    ],
)  # fmt: skip
def test_periods_over_another_measure_are_no_returns(title: str) -> None:
    """Ranks, risks, flows and differences stand under periods too: the title says that they are no returns."""
    assert published(paper((712, [(50, f"*{title}*")]), (700, HEADS), (688, [(50, "Fund"), *FUND]))) == {}
    down: list[Line] = [(688, [(50, "3 months"), (-300, "0.79%")]), (676, [(50, "1 year"), (-300, "5.52%")])]
    assert published(paper((712, [(50, f"*{title}*")]), (700, [(-300, "Fund")]), *down)) == {}


def test_the_name_of_the_fund_is_no_measure() -> None:
    """A fund of high yield has returns under its name."""
    name: Line = (790, [(50, "*Alpine High Yield Fund*")])
    title: Line = (712, [(50, "*Alpine High Yield Fund, cumulative (%)*")])
    values = published(paper(name, title, (700, HEADS), (688, [(50, "Fund"), *FUND]), sizes={790: 16}))
    assert values == {"fund_name": "Alpine High Yield Fund", **WANTED}


@pytest.mark.parametrize("title", ["Peer group performance (%)", "MSCI World cumulative performance (%)"])
def test_a_row_without_a_label_under_a_foreign_title(title: str) -> None:
    """A single row without a label is the document's own only where the title names nobody else."""
    assert published(paper((712, [(150, f"*{title}*")]), (700, HEADS), (688, FUND))) == {}
    assert published(paper(TITLE, (700, HEADS), (688, FUND))) == WANTED
