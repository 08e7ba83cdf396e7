"""Lists of holdings: their headings, the whole portfolio, and names that are set unevenly."""

from __future__ import annotations

import pytest
from paper_sample import paper, published, read

Line = tuple[float, list[tuple[float, str]]]

ROWS: list[Line] = [
    (688, [(50, "Halden Semiconductors"), (-300, "4.81%")]),
    (676, [(50, "Marlowe & Finch"), (-300, "3.92%")]),
]
WANTED = {"top_holdings.Halden Semiconductors": "4.81", "top_holdings.Marlowe & Finch": "3.92"}


@pytest.mark.parametrize(
    "heading",
    ["Top 10 holdings (% of NAV)", "Top ten holdings as at 31 October 2026", "10 premières positions", "Größte Werte"],
)
def test_headings_of_holdings(heading: str) -> None:
    """A heading may say what its figures are and of which day."""
    values = published(paper((712, [(50, f"*{heading}*")]), *ROWS))
    assert {ref: value for ref, value in values.items() if ref != "as_of_date"} == WANTED


@pytest.mark.parametrize("heading", ["Top 10 sectors", "Top 10 holdings by country", "Asset allocation", "Holdings"])
def test_other_headings_are_of_something_else(heading: str) -> None:
    """Sectors, countries and allocations are no holdings."""
    assert published(paper((712, [(50, f"*{heading}*")]), *ROWS)) == {}


def portfolio(count: int, *more: Line) -> list[Line]:
    lines: list[Line] = [(772, [(-300, "*(%) Of*")]), (764, [(50, "*Stock Name*")]), (757, [(-300, "*Total AUM*")])]
    lines += [(745 - 12 * n, [(50, f"Company {chr(65 + n)} Ltd"), (-300, f"{5 - n / 10:.2f}")]) for n in range(count)]
    return [*lines, *more]


def test_of_a_whole_portfolio_the_largest_are_taken() -> None:
    """A list of all positions gives the ten largest, and its total is not the total of those."""
    total: Line = (745 - 12 * 24, [(50, "Total"), (-300, "92.81")])
    values = published(paper(*portfolio(24, total)))
    assert len(values) == 10 and values["top_holdings.Company A Ltd"] == "5.00"
    assert "top_holdings.Company K Ltd" not in values and "top_holdings_total" not in values


def test_a_name_that_is_set_on_two_rows_is_left_out() -> None:
    """A name whose end stands a hair above its row would be cut; a second column on its own line is none of it."""
    uneven: Line = (673, [(109, "Holding")])
    third: Line = (660, [(50, "Norcross Group"), (-300, "3.10%")])
    values = read(paper((712, [(50, "*Top 10 holdings*")]), *ROWS, uneven, third))
    assert values == {"top_holdings.Halden Semiconductors": "4.81", "top_holdings.Norcross Group": "3.10"}
    sector: Line = (680, [(180, "Technology")])
    assert read(paper((712, [(50, "*Top 10 holdings*")]), *ROWS, sector)) == WANTED


def stocks(head: str = "% to NAV", title: str = "Portfolio", *more: Line) -> dict[str, str]:
    rows: list[Line] = [
        (676, [(50, "*Banks*"), (-300, "*8.73*")]), (664, [(50, "Halden Bank"), (-300, "4.81")]),
        (652, [(50, "Marlowe Bank"), (-300, "3.92")]), (640, [(50, "Norcross Bank"), (-300, "2.10")]),
    ]  # fmt: skip
    return published(paper((712, [(50, f"*{title}*")]), (688, [(50, "*Issuer*"), (-300, f"*{head}*")]), *rows, *more))


def test_a_portfolio_by_the_heads_of_its_columns() -> None:
    """Names under "Issuer" with figures under "% to NAV" are holdings; the totals of groups, set in bold, are none."""
    assert stocks() == {
        "top_holdings.Halden Bank": "4.81", "top_holdings.Marlowe Bank": "3.92", "top_holdings.Norcross Bank": "2.10",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("head", "title"),
    [("% to NAV", "Top contributors"), ("% to NAV", "Largest purchases"), ("Contribution (%)", "Portfolio"), ("Yield", "Portfolio")],
)  # fmt: skip
def test_other_tables_with_names_are_no_holdings(head: str, title: str) -> None:
    """Contributions, trades and other figures under names are no weights."""
    assert stocks(head, title) == {}


def test_a_portfolio_over_the_whole_holds_totals() -> None:
    """A list that comes to more than 100 % holds totals that nothing tells apart, and is left out."""
    assert stocks("% to NAV", "Portfolio", (628, [(50, "Equities"), (-300, "95.00")])) == {}


def test_a_part_of_a_portfolio_in_another_order_is_left_out() -> None:
    """Names in the order of the alphabet, with less than half of the assets: the largest positions may be elsewhere."""
    assert stocks("% to NAV", "Portfolio", (628, [(50, "Ostermere Bank"), (-300, "4.10")])) == {}
    whole = stocks("% to NAV", "Portfolio", (628, [(50, "Ostermere Bank"), (-300, "74.10")]))
    assert whole["top_holdings.Ostermere Bank"] == "74.10"


def columns(*heads: str, percent: bool) -> dict[str, str]:
    sign = "%" if percent else ""
    rows: list[Line] = [
        (688, [(50, "Halden Semiconductors"), (-240, "12.30"), (-300, f"4.81{sign}")]),
        (676, [(50, "Marlowe & Finch"), (-240, "98.40"), (-300, f"3.92{sign}")]),
    ]
    over: Line = (700, [(place, text) for place, text in zip((-240.0, -300.0), heads, strict=False)])
    return published(paper((712, [(50, "*Top 10 holdings (%)*")]), *([over] if heads else []), *rows))


def test_of_several_columns_the_weights_are_taken() -> None:
    """A head, or the per cent sign, says which column is of the weights; without them neither is read."""
    assert columns(percent=True) == WANTED
    assert columns("Price", "Weight", percent=False) == WANTED
    assert columns(percent=False) == {}


def wrapped(pitch: float) -> dict[str, str]:
    rows: list[Line] = [
        (688, [(50, "Halden Semiconductors"), (-300, "4.81%")]),
        (676, [(50, "Marlowe and Finch"), (-300, "3.92%")]), (667, [(50, "Holding plc")]),
        (667 - pitch, [(50, "Norcross Group"), (-300, "3.10%")]),
    ]  # fmt: skip
    return published(paper((712, [(50, "*Top 10 holdings*")]), *rows))


def test_a_name_of_two_lines() -> None:
    """A second line that is nearer to its name than to the next one belongs to it; midway the name is left out."""
    others = {"top_holdings.Halden Semiconductors": "4.81", "top_holdings.Norcross Group": "3.10"}
    assert wrapped(14) == {**others, "top_holdings.Marlowe and Finch Holding plc": "3.92"}
    assert wrapped(9) == others


def named(*names: str) -> list[str]:
    rows: list[Line] = [
        (688 - 12 * number, [(50, name), (-300, f"{9 - number}.10%")]) for number, name in enumerate(names)
    ]
    values = read(paper((712, [(50, "*Top 10 holdings*")]), *rows))
    return [ref.removeprefix("top_holdings.") for ref in values]


def test_ranks_and_footnote_digits_are_no_part_of_a_name() -> None:
    """Numbers that count the rows, in a column of their own or in front of the names, and a digit behind most names."""
    wanted = ["Halden", "Marlowe", "Norcross"]
    assert named("1 Halden", "2 Marlowe", "3 Norcross") == wanted
    assert named("Halden 1", "Marlowe 1", "Norcross 4") == wanted
    rows: list[Line] = [
        (688 - 12 * number, [(50, f"{number + 1}."), (66, name), (-300, f"{9 - number}.10%")])
        for number, name in enumerate(wanted)
    ]
    assert set(read(paper((712, [(50, "*Top 10 holdings*")]), *rows))) == {f"top_holdings.{name}" for name in wanted}


@pytest.mark.parametrize(
    "names",
    [
        ["3i Group", "Halden 2", "Norcross"],
        ["Treasury 4.125 15 Nov 32", "Treasury 4.5 15 May 34", "Treasury 3.875 15 Aug 33"],
        ["1 Halden", "4 Marlowe", "2 Norcross"],
    ],
)
def test_other_numbers_belong_to_the_name(names: list[str]) -> None:
    """A number behind one name, the year of a bond, and numbers that count nothing stay."""
    assert named(*names) == names
