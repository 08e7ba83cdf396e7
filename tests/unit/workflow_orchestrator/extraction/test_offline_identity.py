"""What the head of a document says without a label: name, class, currency and day; and what set sentences say."""

from __future__ import annotations

import pytest
from paper_sample import paper, published

TEXT = [(500, [(50, "The fund invests in shares of companies of any size and holds them for years")])]
SIZES = {790.0: 18.0, 740.0: 12.0, 726.0: 12.0}


def head(*lines: tuple[float, list[tuple[float, str]]], **sizes: float) -> dict[str, str]:
    return published(paper(*lines, *TEXT, sizes=SIZES))


def test_the_name_stands_over_the_line_of_the_isin() -> None:
    """In a KIID the largest words are the paper's; the name is the larger line over class and ISIN."""
    values = head(
        (790, [(50, "*Key Investor Information*")]), (740, [(50, "*Alpine Cash Trust*")]),
        (726, [(50, "*Class I Accumulation - ISIN: GB00B0CNHB64*")]),
    )  # fmt: skip
    assert values == {"fund_name": "Alpine Cash Trust", "share_class": "Class I Accumulation", "isin": "GB00B0CNHB64"}


@pytest.mark.parametrize(
    "line",
    ["*Objectives.*", "*Key Investor Information*", "*Monthly factsheet*", "*Objectives and investment policy*"],
)
def test_other_lines_over_the_isin_are_no_name(line: str) -> None:
    """A sentence, a heading, and words for the paper are no name; neither is a line of the size of the text."""
    isin = (726, [(50, "*Class I Accumulation - ISIN: GB00B0CNHB64*")])
    assert "fund_name" not in head((740, [(50, line)]), isin)
    facts = (726, [(50, "*ISIN: GB00B0CNHB64*")])
    assert "fund_name" not in head((740, [(50, "*Important figures*")]), facts)
    assert head((740, [(50, "*Alpine Euro Bond Fund*")]), facts)["fund_name"] == "Alpine Euro Bond Fund"
    small = published(paper((740, [(50, "Alpine Cash Trust")]), isin, *TEXT))
    assert "fund_name" not in small


def test_a_title_between_lines_on_the_paper() -> None:
    """Of centred lines of one size, those that only say what the paper is and of which day are passed over."""
    lines = [
        (790, [(250, "*RAPPORT ANNUEL*")]), (770, [(222, "*Alpine Euro Leaders*")]), (750, [(220, "*Au 31 décembre 2025*")]),
        (300, [(50, "Alpine Euro Leaders est un fonds.")]),
    ]  # fmt: skip
    values = published(paper(*lines, language="fr", sizes={790: 14, 770: 14, 750: 14}))
    assert values == {"fund_name": "Alpine Euro Leaders", "as_of_date": "2025-12-31"}


def test_the_name_of_the_firm_is_no_title() -> None:
    """The largest words are passed over when they are the name in the firm's web address."""
    lines = [(790, [(50, "*Alpine*")]), (300, [(50, "Alpine is a firm.")]), (280, [(50, "More at www.alpine.example")])]
    assert "fund_name" not in published(paper(*lines, sizes={790: 18}))
    assert published(paper(*lines[:2], sizes={790: 18}))["fund_name"] == "Alpine"


def test_the_currency_in_the_name_of_the_class() -> None:
    """One code in the name of the share class is its currency; two are none, and a label is the better witness."""
    assert published(paper((700, [(50, "Share class:"), (200, "*C (acc) - USD*")])))["currency"] == "USD"
    assert "currency" not in published(paper((700, [(50, "Share class:"), (200, "*C USD (hedged EUR)*")])))
    labelled = (680, [(50, "Share class currency"), (200, "*EUR*")])
    assert published(paper((700, [(50, "Share class:"), (200, "*C (acc) - USD*")]), labelled))["currency"] == "EUR"


@pytest.mark.parametrize("line", ["Factsheet | 31 January 2024", "31 January 2024", "Monthly report - 31 January 2024"])
def test_a_day_that_stands_alone_at_the_top(line: str) -> None:
    """A line at the top that holds a day and words for the paper is the day of the figures."""
    assert published(paper((780, [(50, line)]), *TEXT)) == {"as_of_date": "2024-01-31"}


def test_a_day_with_words_for_the_paper_needs_no_space_around_it() -> None:
    """ "31 January 2024 Monthly factsheet" is the day of the figures below any line; a day alone there is not."""
    line: tuple[float, list[tuple[float, str]]] = (788, [(50, "Some words of the firm")])
    assert published(paper(line, (778, [(50, "31 January 2024 Monthly factsheet")]), *TEXT)) == {"as_of_date": "2024-01-31"}
    assert published(paper(line, (778, [(50, "31 January 2024")]), *TEXT)) == {}


@pytest.mark.parametrize(
    "line", ["Launched 31 January 2024", "Next report 31 January 2024", "Published by the firm on 31 January 2024"]
)
def test_a_day_with_other_words_is_not_the_day_of_the_figures(line: str) -> None:
    """A day that the words beside it, or a label above it, make another one is left; so is one further down."""
    assert "as_of_date" not in published(paper((780, [(50, line)]), *TEXT))
    assert "as_of_date" not in published(paper((788, [(50, "Launch date")]), (776, [(50, "*31 January 2024*")]), *TEXT))
    for label in ("Year end", "Next dealing day", "Index launch date"):
        assert published(paper((780, [(50, label), (200, "31 January 2024")]), *TEXT)) == {}
        assert published(paper((788, [(50, label)]), (776, [(50, "*31 January 2024*")]), *TEXT)) == {}
    assert published(paper((400, [(50, "31 January 2024")]), *TEXT)) == {}


def test_other_data_has_another_day() -> None:
    """ "All other data as at" is not the day of the performance."""
    line = "Performance as at: 31-Oct-2026. All other data as at 07-Nov-2026."
    assert published(paper((780, [(50, line)]))) == {"as_of_date": "2026-10-31"}


@pytest.mark.parametrize(
    ("sentence", "language"),
    [
        ("The Fund is in category 4 as it invests in shares.", "en"),
        ("We have classified this product as 4 out of 7, which is a medium risk class.", "en"),
        ("The sub-fund is ranked at 4 because of its past volatility.", "en"),
        ("Wir haben dieses Produkt auf einer Skala von 1 bis 7 in die Risikoklasse 4 eingestuft.", "de"),
        ("Der Fonds ist in die Kategorie 4 eingestuft, weil er schwankt.", "de"),
        ("Nous avons classé ce produit dans la classe de risque 4 sur 7.", "fr"),
        ("Le fonds est classé dans la catégorie 4.", "fr"),
    ],
)
def test_the_risk_class_in_its_sentence(sentence: str, language: str) -> None:
    """The sentences of KIID and KID that state the risk class are read."""
    assert published(paper((600, [(50, sentence)]), language=language)) == {"sri": "4"}


@pytest.mark.parametrize(
    "sentence",
    [
        "The fund is rated 4 stars by an agency.",
        "The fund is ranked 4 of 57 in its sector.",
        "The fund is ranked 4th in its sector.",
        "The fund is rated 4/5 by an agency.",
        "The fund is in category 4.5 of the provider.",
        "Even a fund in category 1 is not free of risk.",
        "We have classified this product as 4 out of 10, which is a medium risk class.",
        "The risk class of the fund rose from 4 to 5.",
    ],
)
def test_other_ranks_are_no_risk_class(sentence: str) -> None:
    """Stars, ranks in a sector and other scales are no risk indicator."""
    assert published(paper((600, [(50, sentence)]))) == {}


def test_the_currency_in_its_sentence() -> None:
    """ "The base currency is denominated in sterling" names a currency; a sentence on something else does not."""
    assert published(paper((600, [(50, "The Fund's base currency is denominated in sterling (British pounds).")]))) == {
        "currency": "GBP", "base_currency": "GBP"
    }
    found = published(paper((600, [(50, "The reference currency of the fund is EUR.")])))
    assert found == {"currency": "EUR", "base_currency": "EUR"}
    assert published(paper((600, [(50, "The currency risk of the fund is hedged into sterling.")]))) == {}


def test_the_first_point_of_a_list_is_the_objective() -> None:
    """Under a heading with a list, the paragraph is its first point, up to the next bullet."""
    document = paper(
        (700, [(50, "*Objectives and investment policy*")]), (688, [(48, "•"), (56, "The fund seeks to keep its")]),
        (679, [(56, "capital, before charges.")]), (670, [(48, "•"), (56, "It may hold deposits.")]),
    )  # fmt: skip
    assert published(document) == {"fund_strategy": "The fund seeks to keep its capital, before charges."}


def test_the_name_on_a_product_label() -> None:
    """The line over the prescribed sentence of an Indian product label is the scheme; of two schemes there is none."""
    label = [
        (600, [(100, "*Halden Flexicap Fund*")]),
        (590, [(34.8, "*This product is suitable for investors who are seeking:*")]),
    ]
    assert published(paper(*label)) == {"fund_name": "Halden Flexicap Fund"}
    other = [
        (300, [(100, "*Marlowe Bond Fund*")]),
        (290, [(28.8, "*This product is suitable for investors who are seeking:*")]),
    ]
    assert published(paper(*label, *other)) == {}
    assert published(paper((600, [(100, "Important notes")]), label[1])) == {}


def test_a_title_that_names_a_fund() -> None:
    """The largest words of a page need no repetition when they say that they are a fund; a heading does not."""
    assert published(paper((790, [(50, "*Alpine Euro Bond Fund*")]), *TEXT, sizes=SIZES)) == {
        "fund_name": "Alpine Euro Bond Fund"
    }
    for title in ("*Fund overview and performance*", "*The Fund*", "*Markets in October*", "*Alpine Fund commentary*"):
        assert published(paper((790, [(50, title)]), *TEXT, sizes=SIZES)) == {}


def test_the_line_of_the_class_below_the_title() -> None:
    """The line below the title that is the name of a class is read up to a bar, with its currency; other lines are not."""
    title = (790, [(50, "*Alpine Euro Bond Fund*")])
    values = published(paper(title, (778, [(50, "A Accumulation USD | Data as at 31.10.2026")]), *TEXT, sizes=SIZES))
    assert values == {
        "fund_name": "Alpine Euro Bond Fund", "share_class": "A Accumulation USD", "currency": "USD", "as_of_date": "2026-10-31",
    }  # fmt: skip
    for line in ("A fund for income", "Global bonds EUR", "Equity income", "In USD"):
        assert set(published(paper(title, (778, [(50, line)]), *TEXT, sizes=SIZES))) == {"fund_name"}


def test_the_day_of_all_data_wins() -> None:
    """Of several days the one of all data is taken, wherever it stands; two of those are none."""
    holdings = (400, [(50, "Holdings as at 30 September 2026")])
    ratings = (300, [(50, "Ratings as at 15 November 2026")])
    everything = (60, [(50, "All data as at 31 October 2026")])
    assert published(paper(holdings, ratings, everything)) == {"as_of_date": "2026-10-31"}
    assert published(paper(holdings, ratings)) == {}
    assert published(paper(ratings, everything, (40, [(50, "All data as at 30 June 2026")]))) == {}


@pytest.mark.parametrize(
    "title",
    ["Key Investor Information", "Wesentliche Anlegerinformationen", "Informations clés pour l'investisseur", "Basisinformationsblatt"],
)  # fmt: skip
def test_the_name_of_a_document_that_law_prescribes_is_no_name(title: str) -> None:
    """The title of a KIID or KID is repeated in its text, and still names no fund."""
    again = (600, [(50, f"{title} is what the law calls this document.")])
    assert "fund_name" not in published(paper((790, [(50, f"*{title}*")]), again, *TEXT, sizes=SIZES))


@pytest.mark.parametrize(
    ("printed", "name"),
    [
        ("Halden Invest S.A. 4, rue du Port, 6790 Remich", "Halden Invest S.A."),
        ("Halden Invest GmbH, Am Hafen 4, 20457 Hamburg", "Halden Invest GmbH"),
        ("Halden Invest mbH (part of the Halden group)", "Halden Invest mbH"),
        ("Halden Invest (Luxembourg) S.A.", "Halden Invest (Luxembourg) S.A."),
        ("Halden Invest GmbH & Co. KG", "Halden Invest GmbH & Co. KG"),
        ("Halden 1820 Partners", "Halden 1820 Partners"),
    ],
)
def test_the_name_of_a_company_ends_with_its_legal_form(printed: str, name: str) -> None:
    """An address or one bracket behind the legal form is no part of the name, beside its label and behind it."""
    beside = paper((700, [(50, "Management company"), (200, f"*{printed}*")]))
    assert published(beside)["management_company"] == name
    assert published(paper((700, [(50, f"Management company: {printed}")])))["management_company"] == name


def test_only_a_company_loses_its_address() -> None:
    """A benchmark keeps what stands behind the words that could be a legal form."""
    printed = "Calder SE 40 Index"
    assert published(paper((700, [(50, "Benchmark"), (200, f"*{printed}*")])))["benchmark"] == printed


def test_the_class_before_its_ticker_has_no_colon() -> None:
    """ "Class I: HALDX" below the title names the class "Class I"."""
    title = (790, [(50, "*Alpine Euro Bond Fund*")])
    line = (778, [(50, "Class I:"), (120, "HALDX")])
    assert published(paper(title, line, *TEXT, sizes=SIZES))["share_class"] == "Class I"
