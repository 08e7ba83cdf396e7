"""Where factsheets put what they print: one small page for each arrangement that the offline reader knows."""

from __future__ import annotations

from collections.abc import Sequence

from paper_sample import paper, published, read

Line = tuple[float, list[tuple[float, str]]]


def table(top: float, heads: Sequence[tuple[float, str]], rows: Sequence[Sequence[str]], left: float = 40) -> list[Line]:
    """Lines of a table: each row is its label and one figure under each head."""
    lines: list[Line] = [(top, list(heads))]
    for number, (label, *figures) in enumerate(rows):
        places = [place for place, _ in heads]
        lines.append((top - 12 * (number + 1), [(left, label), *zip(places, figures, strict=True)]))
    return lines


# Labels and values


def test_a_stack_of_labels_each_over_its_value() -> None:
    """In a narrow column of labels over bold values, what stands beside a label belongs to the next column of the page."""
    facts = [
        ("Fund size", "*EUR 412.6m*"),
        ("Launch date", "*12 March 2014*"),
        ("ISIN", "*IE00B4L5Y983*"),
        ("Ongoing charges", "*0.20%*"),
        ("Benchmark", "*MSCI World Index*"),
        ("Management company", "*Alder Asset Managers*"),
    ]
    lines: list[Line] = []
    for number, (label, value) in enumerate(facts):
        lines += [(700 - 24 * number, [(40, label), (-300, "155")]), (690 - 24 * number, [(40, value)])]
    assert published(paper(*lines)) == {
        "fund_size": "412600000",
        "launch_date": "2014-03-12",
        "isin": "IE00B4L5Y983",
        "ongoing_charges": "0.20",
        "benchmark": "MSCI World Index",
        "management_company": "Alder Asset Managers",
    }


def test_a_day_behind_a_label_or_a_figure() -> None:
    """The day that a figure is of belongs neither to its label nor to it, and the day of a cost is not that of the figures."""
    document = paper(
        (700, [(40, "TER as at 31.12.2025"), (200, "1.12%")]),
        (688, [(40, "Total net assets"), (200, "EUR 812.4 million as at 30.09.2026")]),
        (676, [(40, "Share class launch"), (200, "15.06.2016 (class I)")]),
    )
    wanted = {"ongoing_charges": "1.12", "fund_size": "812400000", "launch_date": "2016-06-15"}
    assert published(document) == wanted | {"as_of_date": "2026-09-30"}


def test_the_launch_of_the_class_before_that_of_the_fund() -> None:
    """Of two launch dates, that of the class counts; of two that nothing tells apart, none."""
    fund, unit = [(40.0, "Fund launched"), (200.0, "14 May 2012")], [(40.0, "Class launched"), (200.0, "1 March 2016")]
    assert published(paper((700, fund), (688, unit)))["launch_date"] == "2016-03-01"
    other = [(40.0, "Launch date"), (200.0, "1 March 2016")]
    assert "launch_date" not in published(paper((700, fund), (688, other)))


def test_the_class_named_behind_a_label() -> None:
    """ "Lancierung Klasse B" is the launch date of a paper on class B; "Lancierung Klasse A" there is of another class."""
    title: list[Line] = [(760, [(40, "Alder Aktien Fonds")]), (745, [(40, "Klasse B")])]
    own = [(40.0, "Lancierung Klasse B"), (200.0, "02.10.2017")]
    another = [(40.0, "Lancierung Klasse A"), (200.0, "03.11.2018")]
    read_here = published(paper(*title, (600, own), (588, another), language="de", sizes={760: 18}))
    assert read_here["launch_date"] == "2017-10-02"


def test_a_code_beside_a_national_number() -> None:
    """Of "A3QKX7 / DE000A3QKX77" the ISIN is read."""
    line: Line = (700, [(40, "WKN / ISIN"), (200, "A1JX52 / IE00B4L5Y983")])
    assert published(paper(line, language="de")) == {"isin": "IE00B4L5Y983"}


def test_a_column_of_codes_is_no_value_of_its_head() -> None:
    """The first of several ISINs in a table of classes is not that of the paper; the one of its own class is."""
    rows = [["A Acc", "IE00B4L5Y983"], ["B Inc", "US0378331005"]]
    classes = table(700, [(120.0, "*ISIN*")], rows)
    assert "isin" not in read(paper(*classes))
    labelled: Line = (400, [(40, "ISIN"), (200, "US0378331005")])
    assert published(paper(*classes, labelled))["isin"] == "US0378331005"
    titled: list[Line] = [(760, [(40, "Alder Equity Fund")]), (745, [(40, "Class B Inc")])]
    assert published(paper(*titled, *classes, sizes={760: 18}))["isin"] == "US0378331005"


def test_an_amount_in_pence() -> None:
    """A price in pence is an amount in sterling with the scale of a hundredth."""
    line: Line = (700, [(40, "Price"), (200, "118.42p")])
    assert published(paper(line)) == {"nav": "1.1842"}


def test_a_paper_of_the_united_states() -> None:
    """Where a CUSIP or a body of the United States is named, "$" is the US dollar and the month comes first."""
    facts: list[Line] = [
        (700, [(40, "Total fund assets"), (-200, "*$1,846.3 million*")]),
        (688, [(40, "Inception date"), (-200, "*5/1/2012*")]),
        (676, [(40, "Data as of"), (-200, "*9/30/2026*")]),
    ]
    marked: Line = (664, [(40, "CUSIP"), (-200, "*571229408*")])
    wanted = {"fund_size": "1846300000", "launch_date": "2012-05-01", "as_of_date": "2026-09-30"}
    assert published(paper(*facts, marked)) == wanted
    assert published(paper(*facts)) == {"as_of_date": "2026-09-30"}


def test_what_a_sentence_of_a_kiid_says() -> None:
    """Company, index, class, launch and day stand in sentences that regulation words alike."""
    document = paper(
        (760, [(40, "Lyn Short Gilt Fund")]),
        (745, [(40, "Class L Accumulation shares (ISIN: GB00BLD4Q276), a sub-fund of Lyn Funds ICVC")]),
        (728, [(40, "The authorised corporate director is Lyn Unit Managers Limited.")]),
        (640, [(40, "The Alder UK Gilts 0-5 Years Index is the comparator")]),
        (630, [(40, "benchmark of the fund. This share class was launched on 1 April 2014.")]),
        (480, [(40, "This key investor information is accurate as at")]),
        (470, [(40, "16 February 2026.")]),
        sizes={760: 14},
    )
    assert published(document) == {
        "fund_name": "Lyn Short Gilt Fund",
        "share_class": "Class L Accumulation",
        "isin": "GB00BLD4Q276",
        "management_company": "Lyn Unit Managers Limited",
        "benchmark": "Alder UK Gilts 0-5 Years Index",
        "launch_date": "2014-04-01",
        "as_of_date": "2026-02-16",
    }


# Titles


def test_the_letter_of_a_class_at_the_end_of_a_title() -> None:
    """A letter that a table of classes has in front of an ISIN is the class, not a part of the name."""
    title: Line = (760, [(40, "Halm Renten Fonds Global P")])
    classes = table(500, [(120.0, "ISIN")], [["P", "IE00B4L5Y983"], ["I", "US0378331005"]])
    found = published(paper(title, *classes, language="de", sizes={760: 18}))
    assert (found["fund_name"], found["share_class"]) == ("Halm Renten Fonds Global", "P")
    body: Line = (500, [(40, "Der Fonds legt in Anleihen an.")])
    assert published(paper(title, body, language="de", sizes={760: 18}))["fund_name"] == "Halm Renten Fonds Global P"


def test_a_title_that_begins_with_the_name_of_the_firm() -> None:
    """A title without a word for a fund is the name when the firm that it begins with is printed elsewhere."""
    title: Line = (760, [(40, "Seerain Small & Mid Caps")])
    body: Line = (600, [(40, "The portfolio holds shares of small companies.")])
    firm: Line = (40, [(40, "Seerain Fondsleitung AG, Seequai 9")])
    assert published(paper(title, body, firm, sizes={760: 18}))["fund_name"] == "Seerain Small & Mid Caps"
    assert "fund_name" not in published(paper(title, body, sizes={760: 18}))


# Tables of returns


def test_a_share_class_in_words_names_its_row() -> None:
    """ "Institutional Shares" under the title is the class, and the row of that name its returns."""
    heads = [(-240.0, "YTD*"), (-280.0, "1 Yr."), (-320.0, "3 Yr."), (-380.0, "Since Inc.")]
    rows = [["Class A", "15.0", "28.8", "4.8", "10.3"], ["Institutional Shares", "15.1", "29.1", "5.1", "10.5"]]
    document = paper(
        (760, [(40, "Marrow Small Cap Value Fund")]),
        (742, [(40, "Institutional Shares (MGSIX)")]),
        (640, [(40, "*AVERAGE ANNUAL TOTAL RETURNS (%)*")]),
        *table(628, heads, [*rows, ["Small Value Index", "15.2", "29.2", "5.2", "10.6"]]),
        sizes={760: 18, 742: 10},
    )
    found = published(document)
    assert found.pop("fund_name") == "Marrow Small Cap Value Fund"
    assert found == {
        "share_class": "Institutional Shares",
        "ytd_performance": "15.1",
        "performance_data.1y": "29.1",
        "performance_annualised.3y": "5.1",
        "performance_annualised.since_inception": "10.5",
    }


def test_a_period_that_comes_again_is_of_the_next_group() -> None:
    """Under "Cumulative" and "Annualised" the second "3y" begins the second group, wherever the two words are set."""
    heads = [(-160.0, "1m"), (-200.0, "1y"), (-240.0, "3y"), (-280.0, "5y"), (-320.0, "3y"), (-360.0, "5y")]
    document = paper(
        (640, [(40, "*Performance (%)*")]),
        (628, [(-250, "Cumulative"), (-360, "Annualised")]),
        *table(616, heads, [["Fund", "0.5", "5.6", "12.1", "14.8", "3.9", "2.8"]]),
    )
    assert published(document) == {
        "monthly_performance": "0.5",
        "performance_data.1y": "5.6",
        "performance_data.3y": "12.1",
        "performance_data.5y": "14.8",
        "performance_annualised.3y": "3.9",
        "performance_annualised.5y": "2.8",
    }


def test_a_table_ends_at_the_title_of_the_next() -> None:
    """A bold title over the labels ends a table: the rows of the next one are no second row of the fund."""
    document = paper(
        (690, [(40, "*Cumulative performance (%)*")]),
        *table(678, [(-160.0, "1 month"), (-260.0, "1 year")], [["Fund", "1.2", "5.6"], ["Index", "1.1", "5.5"]]),
        (642, [(40, "*Calendar year returns (%)*")]),
        *table(630, [(-160.0, "2025"), (-260.0, "2024")], [["Fund", "8.1", "9.2"], ["Index", "8.0", "9.1"]]),
    )
    returns = {"monthly_performance": "1.2", "performance_data.1y": "5.6"}
    index = {"benchmark_month": "1.1", "benchmark_performance.1y": "5.5", "benchmark_years.2025": "8.0", "benchmark_years.2024": "9.1"}
    assert published(document) == returns | index | {"calendar_years.2025": "8.1", "calendar_years.2024": "9.2"}


def test_the_short_form_of_a_class_names_its_row() -> None:
    """ "I Acc shares" is the row of a paper on "I Accumulation Shares"; "A Acc shares" is another class."""
    title: list[Line] = [(770, [(40, "Harrow Multi Asset Fund")]), (752, [(40, "I Accumulation Shares")])]
    heads = [(-160.0, "1 month"), (-260.0, "1 year")]
    rows = [["I Acc shares", "1.2", "5.6"], ["A Acc shares", "1.1", "5.5"]]
    found = published(paper(*title, (690, [(40, "*Performance (%)*")]), *table(678, heads, rows), sizes={770: 18}))
    assert (found["monthly_performance"], found["performance_data.1y"]) == ("1.2", "5.6")


def test_a_basis_in_front_of_a_period() -> None:
    """ "Annualised 3 years" and "3 years p.a." are the same head."""
    heads = [(-160.0, "Annualised 3 years"), (-260.0, "5 years p.a.")]
    document = paper((640, [(40, "*Performance (%)*")]), *table(616, heads, [["Fund", "3.9", "2.8"]], left=20))
    assert published(document) == {"performance_annualised.3y": "3.9", "performance_annualised.5y": "2.8"}


def test_columns_of_both_bases_beside_periods() -> None:
    """Under a title that names both bases, "Fund" beside "Fund p.a." is cumulative; without that title it is neither."""
    heads = [(-160.0, "*Fund*"), (-220.0, "*Index*"), (-300.0, "*Fund p.a.*")]
    rows = [["1 year", "4.10", "3.90", "-"], ["3 years", "14.10", "13.90", "4.49"], ["5 years", "18.10", "17.90", "3.38"]]
    annualised = {"performance_annualised.3y": "4.49", "performance_annualised.5y": "3.38"}
    both = paper((640, [(40, "*Cumulative and annualised performance (%)*")]), *table(628, heads, rows))
    cumulative = {"performance_data.3y": "14.10", "performance_data.5y": "18.10"}
    assert published(both) == annualised | cumulative | {"performance_data.1y": "4.10"}
    neither = paper((640, [(40, "*Performance (%)*")]), *table(628, heads, rows))
    assert published(neither) == annualised | {"performance_data.1y": "4.10", "benchmark_performance.1y": "3.90"}


def test_the_running_year_over_whole_years() -> None:
    """ "2026 YTD" over 2025 and 2024 is the return to date."""
    heads = [(-160.0, "Fonds"), (-220.0, "Index")]
    document = paper(
        (740, [(40, "Stand: 30.06.2026")]),
        (640, [(40, "*Jährliche Wertentwicklung in %*")]),
        *table(628, heads, [["2026 YTD", "0,1", "0,2"], ["2025", "0,9", "1,2"], ["2024", "2,3", "2,2"]]),
        language="de",
    )
    wanted = {"as_of_date": "2026-06-30", "ytd_performance": "0.1"}
    index = {"benchmark_years.2025": "1.2", "benchmark_years.2024": "2.2"}
    assert published(document) == wanted | index | {"calendar_years.2025": "0.9", "calendar_years.2024": "2.3"}


def test_months_with_their_years_over_the_columns() -> None:
    """ "Nov 25", "12/25" and "01/26" are months of consecutive years; the row of the index is not read."""
    heads = [(-160.0, "11/25"), (-200.0, "12/25"), (-240.0, "01/26"), (-280.0, "02/26")]
    rows = [["Fund", "0.5", "1.2", "-3.4", "5.6"], ["Index", "0.4", "1.1", "-3.3", "5.5"]]
    document = paper((640, [(40, "*Monthly returns (%)*")]), *table(628, heads, rows))
    assert published(document) == {
        "monthly_returns.2025-11": "0.5",
        "monthly_returns.2025-12": "1.2",
        "monthly_returns.2026-01": "-3.4",
        "monthly_returns.2026-02": "5.6",
    }


def test_years_that_a_line_below_the_table_explains() -> None:
    """Years without a title are calendar years where a line says so, in a table that names the fund; an axis has none."""
    heads = [(-100.0, "2023"), (-140.0, "2024"), (-180.0, "2025")]
    note: Line = (560, [(30, "It is shown for each full calendar year.")])
    wanted = {"calendar_years.2023": "2.5", "calendar_years.2024": "2.6", "calendar_years.2025": "2.8"}
    row = ["Fund", "2.5%", "2.6%", "2.8%"]
    assert published(paper(*table(600, heads, [row], left=30), note)) == wanted
    assert published(paper(*table(600, heads, [row], left=30))) == {}
    assert published(paper((612, [(20, "-1%")]), (600, heads), (588, [(-100, "-1%")]), note)) == {}


def test_two_heads_without_a_gap_over_ratios() -> None:
    """Of "Fund Benchmark" over two figures, the word over a figure is its head."""
    document = paper(
        (612, [(180, "Fund Benchmark")]),
        (600, [(40, "Sharpe ratio"), (-196, "0.94"), (-236, "1.06")]),
    )
    assert published(document) == {"sharpe_ratio": "0.94"}


# Lists


def test_a_list_of_holdings_in_two_columns() -> None:
    """A second column of names that goes on where the first ends belongs to the list; one with a heading does not."""
    left = [("Apple", "5.1"), ("Amazon", "4.4"), ("Alphabet", "4.1")]
    right = [("Nestle", "3.0"), ("Shell", "2.9"), ("Roche", "2.2")]
    rows: list[Line] = [
        (628 - 12 * number, [(40, one), (-250, first), (300, two), (-520, second)])
        for number, ((one, first), (two, second)) in enumerate(zip(left, right, strict=True))
    ]
    total: Line = (592, [(300, "Total"), (-520, "21.7")])
    listed = {f"top_holdings.{name}": weight for name, weight in left}
    further = {f"top_holdings.{name}": weight for name, weight in right} | {"top_holdings_total": "21.7"}
    heading = (40.0, "*Top 10 holdings (%)*")
    assert published(paper((640, [heading]), *rows, total)) == listed | further
    assert published(paper((640, [heading, (300.0, "*Sectors (%)*")]), *rows, total)) == listed


def test_a_list_of_holdings_with_words_between() -> None:
    """Sector and country may stand between a name and its weight; the head of the weights tells which column it is."""
    heads: Line = (628, [(40, "*Name*"), (160, "*Sector*"), (291, "*Country Weight (%)*")])
    names = [("Apple", "5.1"), ("Amazon", "4.4"), ("Alphabet", "4.1")]
    rows: list[Line] = [
        (616 - 12 * number, [(40, name), (160, "Technology"), (280, "USA"), (-360, weight)])
        for number, (name, weight) in enumerate(names)
    ]
    document = paper((640, [(40, "*Ten largest holdings*")]), heads, *rows, (580, [(40, "*Total*"), (-360, "*13.6*")]))
    assert published(document) == {f"top_holdings.{name}": weight for name, weight in names} | {"top_holdings_total": "13.6"}


def test_a_total_within_a_sentence() -> None:
    """ "Top ten as a share of net assets: 17.96%." is the total; a bare "Total" in a sentence is of something else."""
    assert published(paper((600, [(40, "Top ten as a share of net assets: 17.96%. Holdings may change.")]))) == {
        "top_holdings_total": "17.96"
    }
    assert published(paper((600, [(40, "Total: 17.96%. Holdings may change.")]))) == {}
