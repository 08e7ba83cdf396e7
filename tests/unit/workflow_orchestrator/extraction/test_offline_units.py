"""Currencies and scales that stand beside a figure: in its label, in brackets behind it, in words."""

from __future__ import annotations

import pytest
from paper_sample import paper, published

from workflow_orchestrator.extraction.units import Unit, currency_in, unit_of_label, without_unit


@pytest.mark.parametrize(
    ("label", "currency", "scale"),
    [
        ("Fund size (£m)", "GBP", 6),
        ("Net assets of fund (M)", "", 6),
        ("Fondsvolumen in Mio. EUR", "EUR", 6),
        ("AUM (USD bn)", "USD", 9),
        ("Fund size (EURm)", "EUR", 6),
        ("Actif net (en millions d'euros)", "EUR", 6),
        ("Actif net (M€)", "EUR", 6),
        ("NAV (EUR)", "EUR", 0),
        ("Fund size ($m)", "$", 6),
        ("Fund size (gross)", "", 0),
        ("Volatility (3 years, p.a.)", "", 0),
        ("Return in %", "", 0),
        ("Fund size (EUR) (USD)", "", 0),
    ],
)
def test_the_unit_of_a_label(label: str, currency: str, scale: int) -> None:
    """A label names a currency, a scale, both, or nothing; two units are none."""
    assert unit_of_label(label) == Unit(currency, scale)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("EUR", "EUR"), ("Euro (EUR)", "EUR"), ("USD - US dollar", "USD"), ("US-Dollar", "USD"), ("(GBP)", "GBP"),
        ("sterling (British pounds)", "GBP"), ("EUR / USD", ""), ("Euro (USD)", ""), ("VALEUR : DKK", ""), ("dollar", ""),
        ("Growth", ""), ("XYZ", ""),
    ],
)  # fmt: skip
def test_a_currency_in_words(text: str, code: str) -> None:
    """Codes, names and both are one currency; two currencies, and names of several, are none."""
    assert currency_in(text) == code


def test_only_a_unit_is_cut_off_a_label() -> None:
    """ "in Mio. EUR" is a unit, "in Europe" is a part of the name."""
    assert without_unit("fondsvolumen in mio. eur") == "fondsvolumen"
    assert without_unit("investments in europe") == "investments in europe"


@pytest.mark.parametrize(
    ("label", "figure", "value"),
    [
        ("Fund size (£m)", "1,234.5", "1234500000"),
        ("Fund size (Million)", "USD 212.34", "212340000"),
        ("AUM (EURm)", "EUR 90.9m", "90900000"),
        ("Assets under management (AUM) :", "1,234.56 ( million EUR )", "1234560000"),
    ],
)
def test_an_amount_takes_its_unit_from_around_it(label: str, figure: str, value: str) -> None:
    """Currency and scale may stand in the label, in brackets behind the figure, or in both when they agree."""
    assert published(paper((700, [(50, label), (300, figure)]))) == {"fund_size": value}


@pytest.mark.parametrize(
    ("label", "figure"),
    [
        ("Fund size (£m)", "£1.2bn"),
        ("Fund size (m)", "1,234.5"),
        ("Fund size", "1,234.5"),
        ("Fund size (gross)", "1,234.5"),
    ],
    ids=["two scales", "no currency", "nothing", "another bracket"],
)
def test_an_amount_without_a_certain_unit_is_left_out(label: str, figure: str) -> None:
    """Scales that disagree, and a currency that nothing near the figure names, end the reading."""
    document = paper((700, [(50, label), (300, figure)]), (600, [(50, "Currency"), (300, "GBP")]))
    assert published(document) == {"currency": "GBP"}


def test_a_price_per_unit_is_in_the_only_currency() -> None:
    """A price per unit without a currency is in the document's only one, and in none of two."""
    lines = [(700, [(50, "NAV per unit"), (300, "105.03")]), (680, [(50, "Base currency"), (300, "USD")])]
    assert published(paper(*lines)) == {"nav": "105.03", "currency": "USD", "base_currency": "USD"}
    assert "nav" not in published(paper(*lines, (600, [(50, "Hedged into EUR")])))
    assert "nav" not in published(paper((700, [(50, "Net assets"), (300, "105.03")]), lines[1]))


def test_a_date_and_words_behind_a_label_are_no_part_of_the_figure() -> None:
    """ "(OCF) per year: 1.89% (30.04.26)" is 1.89 %; without the colon it is left out."""
    assert published(paper((700, [(50, "Ongoing charges figure (OCF) per year: 1.89% (30.04.26)")]))) == {
        "ongoing_charges": "1.89"
    }
    assert published(paper((700, [(50, "Ongoing charges figure (OCF) up to 2 years: 1.89% of 3%")]))) == {}
