"""Printed figures and dates are read in one way or not at all."""

from __future__ import annotations

import csv
import os
import pickle
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workflow_orchestrator.errors import FigureError
from workflow_orchestrator.figures import Figure, Styles, decimal_mark_of, read_date, read_figure

SHARED = Path(os.environ.get("GENAI_PLATFORM_SHARED", Path(__file__).resolve().parents[4] / "shared")) / "data"

# printed, the document's decimal mark, value, unit, scale, decimals
READABLE = [
    ("1.23%", None, "1.23", "%", 0, 2),
    ("+1.23 %", None, "1.23", "%", 0, 2),
    ("-0.45%", None, "-0.45", "%", 0, 2),
    ("−0.45%", None, "-0.45", "%", 0, 2),
    ("–0.45%", None, "-0.45", "%", 0, 2),
    ("(0.45%)", None, "-0.45", "%", 0, 2),
    ("(0.45)%", None, "-0.45", "%", 0, 2),
    ("( 0.45 )", None, "-0.45", "", 0, 2),
    ("0.45-", None, "-0.45", "", 0, 2),
    ("- 11.17", ".", "-11.17", "", 0, 2),
    ("0,75\u00a0%", None, "0.75", "%", 0, 2),
    ("+0,41\u202f%", ",", "0.41", "%", 0, 2),
    ("1.234,56", ",", "1234.56", "", 0, 2),
    ("1.234,56", None, "1234.56", "", 0, 2),
    ("1 234,56", ",", "1234.56", "", 0, 2),
    ("154\u202f236,07", ",", "154236.07", "", 0, 2),
    ("1'234.56", ".", "1234.56", "", 0, 2),
    ("1’234.56", None, "1234.56", "", 0, 2),
    ("1,234.56", None, "1234.56", "", 0, 2),
    ("1,234,567", None, "1234567", "", 0, 0),
    ("1.234.567", None, "1234567", "", 0, 0),
    ("3,71,207", None, "371207", "", 0, 0),
    ("0.123", None, "0.123", "", 0, 3),
    ("0,123", None, "0.123", "", 0, 3),
    ("1,234", ".", "1234", "", 0, 0),
    ("1,234", ",", "1.234", "", 0, 3),
    ("10.20", ".", "10.20", "", 0, 2),
    ("EUR 90.95 mn", None, "90950000", "EUR", 6, 2),
    ("EUR 412.6 million", ".", "412600000", "EUR", 6, 1),
    ("€1.2bn", None, "1200000000", "EUR", 9, 1),
    ("₹23,686.45 Crores", ".", "236864500000", "INR", 7, 2),
    ("₹ 18.5 lakh", ".", "1850000", "INR", 5, 1),
    ("£331m", None, "331000000", "GBP", 6, 0),
    ("$22.62", ".", "22.62", "$", 0, 2),
    ("US$ 5.5m", ".", "5500000", "USD", 6, 1),
    ("517,51 Mio. EUR", ",", "517510000", "EUR", 6, 2),
    ("1.284,7 Mio. EUR", ",", "1284700000", "EUR", 6, 1),
    ("236,4 M EUR", ",", "236400000", "EUR", 6, 1),
    ("2,3 Mrd. €", ",", "2300000000", "EUR", 9, 1),
    ("1,2 milliards €", ",", "1200000000", "EUR", 9, 1),
    ("CHF 1’412.3 Mio.", ".", "1412300000", "CHF", 6, 1),
    ("$94.9 billion", None, "94900000000", "$", 9, 1),
    ("$ (664)", None, "-664", "$", 0, 0),
    ("35 bps", None, "35", "bps", 0, 0),
    ("+1.2 pp", None, "1.2", "pp", 0, 1),
    ("12.3x", None, "12.3", "x", 0, 1),
    ("0.25% p.a.", None, "0.25", "%", 0, 2),
    ("1,25 % p.a.", ",", "1.25", "%", 0, 2),
    ("5.0 per cent", ".", "5.0", "%", 0, 1),
    ("‑0.45%", None, "-0.45", "%", 0, 2),
    ("‐0.45%", None, "-0.45", "%", 0, 2),
    ("0,45−", ",", "-0.45", "", 0, 2),
    ("€ -5.2m", ".", "-5200000", "EUR", 6, 1),
    ("+EUR 5", None, "5", "EUR", 0, 0),
    ("1 234,567", ",", "1234.567", "", 0, 3),
    ("0.00", ".", "0.00", "", 0, 2),
]

REFUSED = [
    ("1,234", None, "can be 1234 or 1.234"),
    ("1.234", None, "decimal mark must be known"),
    ("mn EUR 90.95", None, "not a currency"),
    ("426.6p", ".", "'p'"),
    ("₹23,686.45 Arab", ".", "'Arab'"),
    ("0,75", ".", "the document's is '.'"),
    ("1.93", ",", "the document's is ','"),
    ("1,2 Billion EUR", ",", "'Billion'"),
    ("1 of 7", None, "more than one figure"),
    ("12-13", None, "more than one figure"),
    ("1.2.3", None, "not grouped"),
    ("12 34", None, "not grouped"),
    ("--1", None, "more than one sign"),
    ("(-1)", None, "sign inside brackets"),
    ("-(0.45)", None, "more than one sign"),
    ("+(0.45)", None, "more than one sign"),
    ("$ -(664)", None, "more than one sign"),
    ("-€-5", None, "more than one sign"),
    ("+€-5", None, "more than one sign"),
    ("12–", None, "'–'"),
    ("1.234.567", ".", "parts thousands here"),
    ("1,234,567.8", ",", "the document's is ','"),
    ("1 234,567", None, "decimal mark must be known"),
    ("1 234.567", None, "decimal mark must be known"),
    ("01.05", None, "begins with a zero"),
    ("007", None, "begins with a zero"),
    ("0,123,456", None, "begins with a zero"),
    ("0 123.45", ".", "begins with a zero"),
    ("11.1711.17", ".", "parts thousands here"),
    ("11.1711.17", None, "not grouped"),
    ("1.12%1.12%", ".", "more than one figure"),
    ("٤٥٫٠٠%", None, "no figure"),
    ("4٥.00%", None, "more than one figure"),
    ("４５.００%", None, "no figure"),
    ("4\u200d5.00%", None, "more than one figure"),
    ("5²", None, "'²'"),
    ("5½", None, "'½'"),
    ("1e5", None, "more than one figure"),
    ("p.a.", None, "no figure"),
    ("", None, "empty"),
    ("High", None, "no figure"),
]


@pytest.mark.parametrize(("printed", "mark", "value", "unit", "scale", "decimals"), READABLE)
def test_figures_that_are_certain(
    printed: str, mark: str | None, value: str, unit: str, scale: int, decimals: int
) -> None:
    """Each printed form is read with its unit, its scale and its printed digits."""
    figure = read_figure(printed, mark)  # type: ignore[arg-type]
    assert figure is not None
    assert (str(figure.value), figure.unit, figure.scale, figure.decimals) == (value, unit, scale, decimals)


@pytest.mark.parametrize(("printed", "mark", "reason"), REFUSED)
def test_figures_that_are_not_certain(printed: str, mark: str | None, reason: str) -> None:
    """What has two readings, an unknown word or no figure is refused, and the message says why."""
    with pytest.raises(FigureError) as caught:
        read_figure(printed, mark)  # type: ignore[arg-type]
    assert reason in caught.value.message
    assert pickle.loads(pickle.dumps(caught.value)).message == caught.value.message


@pytest.mark.parametrize("printed", ["n/a", "–", "—", "-", "NM", "n.a.", "k.A.", "n. v.", "N/A", "..."])
def test_printed_nils(printed: str) -> None:
    """A printed nil is no figure and no zero."""
    assert read_figure(printed) is None


THOUSANDS = {".": ("", ",", " ", "'", "’", "\u202f", "\u00a0"), ",": ("", ".", " ", "'", "\u2009", "\u202f")}
SIGNS = ("-{}", "−{}", "–{}", "- {}", "({})", "( {} )")
UNITS = {
    "{}%": ("%", 0), "{} %": ("%", 0), "{}\u00a0%": ("%", 0), "{} bps": ("bps", 0), "{} pp": ("pp", 0), "{}x": ("x", 0),
    "{}% p.a.": ("%", 0), "EUR {}": ("EUR", 0), "{} CHF": ("CHF", 0), "€{}": ("EUR", 0), "US$ {}": ("USD", 0),
    "{} k": ("", 3), "EUR {} m": ("EUR", 6), "{} Mio. EUR": ("EUR", 6), "£{}m": ("GBP", 6), "{} millions": ("", 6),
    "{} Mrd. €": ("EUR", 9), "€{}bn": ("EUR", 9), "{} milliards €": ("EUR", 9), "{}": ("", 0),
}  # fmt: skip


def printing(digits: int, decimals: int, mark: str, thousands: str) -> str:
    """A whole number of units of the last decimal, as a page prints it."""
    shown = f"{Decimal(digits).scaleb(-decimals):,.{decimals}f}"
    return shown.replace(",", "T").replace(".", mark).replace("T", thousands)


@given(
    digits=st.integers(0, 10**13),
    decimals=st.integers(0, 6),
    custom=st.sampled_from([(mark, thousands) for mark, marks in THOUSANDS.items() for thousands in marks]),
    sign=st.sampled_from(("", "+", *SIGNS)),
    unit=st.sampled_from(list(UNITS)),
)
def test_what_is_printed_is_read_back(
    digits: int, decimals: int, custom: tuple[str, str], sign: str, unit: str
) -> None:
    """Any figure in any custom, with any sign, unit and scale word, is read back: value, unit, scale, printed decimals."""
    mark, thousands = custom
    bare = printing(digits, decimals, mark, thousands)
    text = unit.format(sign.format(bare) if "{" in sign else sign + bare)
    figure = read_figure(text, mark)  # type: ignore[arg-type]
    assert figure is not None
    code, scale = UNITS[unit]
    wanted = Decimal(digits).scaleb(scale - decimals) * (-1 if sign in SIGNS else 1)
    assert (figure.value, figure.unit, figure.scale, figure.decimals) == (wanted, code, scale, decimals), text


@given(
    digits=st.integers(0, 10**13),
    decimals=st.integers(0, 6),
    custom=st.sampled_from([(mark, thousands) for mark, marks in THOUSANDS.items() for thousands in marks]),
)
def test_without_a_document_a_figure_is_read_right_or_refused(
    digits: int, decimals: int, custom: tuple[str, str]
) -> None:
    """Where no document decides, what was printed is read, or nothing: never another number."""
    printed = printing(digits, decimals, *custom)
    try:
        figure = read_figure(printed)
    except FigureError as error:
        assert "can be" in error.message and decimals in (0, 3), printed
        return
    assert figure is not None
    assert (figure.value, figure.decimals) == (Decimal(digits).scaleb(-decimals), decimals), printed


@given(
    first=st.tuples(st.integers(0, 10**8), st.integers(1, 4)),
    second=st.tuples(st.integers(0, 10**8), st.integers(1, 4)),
    custom=st.sampled_from([(mark, thousands) for mark, marks in THOUSANDS.items() for thousands in marks]),
    between=st.sampled_from(["", "%", " % ", "-", "−", "–", "/"]),
)
def test_two_figures_run_together_are_none(
    first: tuple[int, int], second: tuple[int, int], custom: tuple[str, str], between: str
) -> None:
    """Two figures with decimals that stand without a gap, as a reader leaves a fake bold or two columns, are refused."""
    glued = printing(*first, *custom) + between + printing(*second, *custom)
    with pytest.raises(FigureError):
        read_figure(glued, custom[0])  # type: ignore[arg-type]


PIECES = [*"0123456789", *"0123456789", *".,'’ -−–()+%€$x", "\u00a0", " EUR ", " Mio.", "m", "bn", " bps", "٤", "²", "\u200b", "/"]


@settings(max_examples=400)
@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_a_reading_keeps_every_printed_digit_and_sign(text: str) -> None:
    """What is read has exactly the digits that are printed, in their order, one sign at most, and one reading."""
    try:
        figure = read_figure(text)
    except FigureError:
        return
    if figure is None:
        assert not any(char.isdigit() for char in text)
        return
    shown = [char for char in text if char.isdigit()]
    unscaled = figure.value.scaleb(-figure.scale)
    assert f"{abs(unscaled):.{figure.decimals}f}".replace(".", "") == "".join(shown), text
    minus = sum(char in "-−–(" for char in text)
    assert minus + text.count("+") <= 1 and (figure.value < 0) == (minus == 1 and figure.value != 0), text
    for mark in (".", ","):
        try:
            again = read_figure(text, mark)  # type: ignore[arg-type]
        except FigureError:
            continue
        assert again is not None and (again.value, again.decimals) == (figure.value, figure.decimals), text


@given(st.text(max_size=24))
def test_any_text_ends_in_a_figure_a_nil_or_an_error(text: str) -> None:
    """No text makes the reader fail in another way."""
    try:
        figure = read_figure(text)
    except FigureError:
        return
    assert figure is None or isinstance(figure.value, Decimal)


def test_a_figure_cannot_contradict_itself() -> None:
    """The value must have the decimals that it says were printed."""
    with pytest.raises(ValueError, match="decimals"):
        Figure(Decimal("1.234"), "%", 0, 2, "1.23")


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("1.93 10.13 288.69 412.6 million 31.10.2026 2.35%", "."),
        ("1,93 % 10,13 % Stand 31.10.2026 1.284,7 Mio. 0,85 %", ","),
        ("1'234.56 12.40% 0.98%", "."),
        ("1,93 % 10.13 % 5,4 8.8", None),
        ("1,234 2,345 31.10.2026", None),
        ("", None),
        ("1.1 2.2 3.3 4.4 5.5 6.6 7.7 8.8 9.9 1.0 siehe Art. 8,1", "."),
        ("1.1 2.2 3.3 4.4 5.5 6.6 7.7 8.8 9.9 1.0 NAV 1.234,56", None),
    ],
)
def test_the_decimal_mark_of_a_document(text: str, mark: str | None) -> None:
    """The document's figures decide; dates and thousands do not count, and a mixed document decides nothing."""
    assert decimal_mark_of(text) == mark


@pytest.mark.parametrize(
    ("text", "mixed"),
    [
        ("1.234,56 and 1,234.56", ("1,234.56", "1.234,56")),
        ("1,93 % 10.13 % 5,4 8.8", ("10.13", "1,93")),
        ("1,1 2,2 3,3 4,4 5,5 6,6 7,7 8,8 9,9 2,0 % Treasury 2.5 % 2032", ("2.5", "2,0")),
        ("1.1% 2.2 3.3 4.4 5.5 6.6 7.7 8.8 9.9 1.0 siehe Art. 8,1", None),
        ("1,93 % 10,13 % Stand 31.10.2026 1.284,7 Mio. 08.2026", None),
        ("1'234.56 12.40% 1,234", None),
        ("", None),
    ],
)
def test_two_customs_in_one_text_are_seen(text: str, mixed: tuple[str, str] | None) -> None:
    """A text with figures of both customs gives one of each; dates, laws and thousands make no second custom."""
    assert Styles.of(text).mixed == mixed


@pytest.mark.parametrize(
    ("text", "language", "day"),
    [
        ("31 October 2026", "en", date(2026, 10, 31)),
        ("October 31, 2026", "en", date(2026, 10, 31)),
        ("14 Dec 2021", "en", date(2021, 12, 14)),
        ("31January 2024", "en", date(2024, 1, 31)),
        ("31.10.2026", "de", date(2026, 10, 31)),
        ("30. JUNI 2026", "de", date(2026, 6, 30)),
        ("31 octobre 2026", "fr", date(2026, 10, 31)),
        ("1er janvier 2026", "fr", date(2026, 1, 1)),
        ("2026-10-31", "en", date(2026, 10, 31)),
        ("31/10/2026", "en", date(2026, 10, 31)),
        ("10/31/2026", "en", date(2026, 10, 31)),
        ("03/04/2026", "fr", date(2026, 4, 3)),
        ("03/04/2026", "uk", date(2026, 4, 3)),
        ("03/04/2026", "en", None),
        ("31/02/2026", "en", None),
        ("Oct-26", "en", None),
        ("October 2026", "en", None),
        ("31.10.", "de", None),
        ("2018/2019", "en", None),
    ],
)
def test_dates(text: str, language: str, day: date | None) -> None:
    """A date is one certain day or nothing."""
    assert read_date(text, language) == day


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="the development documents are not beside the checkout")
def test_collected_vectors() -> None:
    """Every collected number string is read, or refused, as its table says."""
    with (SHARED / "number_format_vectors.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) > 40
    for row in rows:
        try:
            figure = read_figure(row["text"], row["decimal_hint"] or None)  # type: ignore[arg-type]
            got = ("NULL", "") if figure is None else (str(figure.value), figure.unit)
        except FigureError:
            got = ("ERR", "")
        wanted = row["expected_value"].replace("REJECT", "ERR")
        unit = "" if wanted in ("ERR", "NULL") else row["expected_unit"].replace("USD?", "$")
        assert got == (wanted, unit), row
