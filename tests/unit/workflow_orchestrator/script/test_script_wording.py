"""Written and spoken forms of a value."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from script_material import fields, percent, plain

from workflow_orchestrator.errors import ScriptError
from workflow_orchestrator.script import Wording, shown, spoken
from workflow_orchestrator.script.wording import is_signed
from workflow_orchestrator.values import Evidence, Kind, Origin, Value

ONES = {
    "en": "zero one two three four five six seven eight nine",
    "de": "null eins zwei drei vier fünf sechs sieben acht neun",
    "fr": "zéro un deux trois quatre cinq six sept huit neuf",
}
POINT = {"en": "point", "de": "Komma", "fr": "virgule"}
MARK = {"en": ".", "de": ",", "fr": ","}


def money(amount: str, scale: int, decimals: int, unit: str = "EUR", field: str = "fund_size") -> Value:
    return Value(field, Kind.MONEY, Decimal(amount), Evidence(1, amount), Origin.OFFLINE, unit=unit, decimals=decimals, scale=scale)


@pytest.mark.parametrize(
    ("figure", "language", "written", "said"),
    [
        ("1.93", "en", "+1.93%", "plus one point nine three per cent"),
        ("-0.45", "en", "−0.45%", "minus zero point four five per cent"),
        ("0.00", "en", "0.00%", "zero point zero zero per cent"),
        ("12.40", "en", "+12.40%", "plus twelve point four zero per cent"),
        ("1234.5", "en", "+1,234.5%", "plus one thousand two hundred and thirty-four point five per cent"),
        ("1.93", "de", "+1,93\u00a0%", "plus eins Komma neun drei Prozent"),
        ("-0.45", "de", "−0,45\u00a0%", "minus null Komma vier fünf Prozent"),
        ("1", "de", "+1\u00a0%", "plus ein Prozent"),
        ("21.07", "de", "+21,07\u00a0%", "plus einundzwanzig Komma null sieben Prozent"),
        ("1.93", "fr", "+1,93\u00a0%", "plus un virgule neuf trois pour cent"),
        ("-71.20", "fr", "−71,20\u00a0%", "moins soixante et onze virgule deux zéro pour cent"),
    ],
)
def test_percent(figure: str, language: str, written: str, said: str) -> None:
    """A return keeps its printed places, its sign and the marks of the language."""
    value = percent("monthly_performance", figure)
    assert shown(value, language, signed=True) == written
    assert spoken(value, language, signed=True) == said


@pytest.mark.parametrize(
    ("value", "language", "written", "said"),
    [
        (money("412600000", 6, 1), "en", "€412.6\u00a0million", "four hundred and twelve point six million euros"),
        (money("412600000", 6, 1), "de", "412,6\u00a0Mio.\u00a0€", "vierhundertzwölf Komma sechs Millionen Euro"),
        (money("412600000", 6, 1), "fr", "412,6\u00a0M€", "quatre cent douze virgule six millions d'euros"),
        (money("1000000", 6, 0), "de", "1\u00a0Mio.\u00a0€", "eine Million Euro"),
        (money("1200000000", 9, 1, "USD"), "fr", "1,2\u00a0Md\u00a0USD", "un virgule deux milliard de dollars américains"),
        (money("1200000000", 9, 1, "USD"), "en", "US$1.2\u00a0billion", "one point two billion US dollars"),
        (money("331000000", 6, 0, "GBP"), "en", "£331\u00a0million", "three hundred and thirty-one million pounds sterling"),
        (money("123.45", 0, 2, "CHF", "nav"), "en", "CHF\u00a0123.45",
         "one hundred and twenty-three point four five Swiss francs"),
        (money("1393.78", 0, 2, "EUR", "nav"), "fr", "1\u00a0393,78\u00a0€",
         "mille trois cent quatre-vingt-treize virgule sept huit euros"),
        (money("1", 0, 0, "EUR", "nav"), "en", "€1", "one euro"),
        (money("4126000000", 7, 1, "INR"), "en", "INR\u00a04,126,000,000",
         "four billion one hundred and twenty-six million Indian rupees"),
        (money("5.10", 0, 2, "BRL", "nav"), "en", "BRL\u00a05.10", "five point one zero B R L"),
    ],
)
def test_money(value: Value, language: str, written: str, said: str) -> None:
    """An amount keeps the printed scale and names one currency only."""
    assert shown(value, language) == written
    assert spoken(value, language) == said


@pytest.mark.parametrize(
    ("day", "language", "written", "said"),
    [
        (date(2026, 10, 31), "en", "31 October 2026", "the thirty-first of October twenty twenty-six"),
        (date(2026, 10, 31), "de", "31. Oktober 2026", "einunddreißigsten Oktober zweitausendsechsundzwanzig"),
        (date(2016, 3, 1), "fr", "1er mars 2016", "premier mars deux mille seize"),
        (date(2013, 6, 3), "de", "3. Juni 2013", "dritten Juni zweitausenddreizehn"),
    ],
)
def test_dates(day: date, language: str, written: str, said: str) -> None:
    """A date is said as people say it, in German after a preposition."""
    value = plain("as_of_date", day)
    assert (shown(value, language), spoken(value, language)) == (written, said)


def test_forms() -> None:
    """Scale, period, year, month, page and letters are forms of the same value; a form that does not fit is refused."""
    wording = Wording(fields(), "en")
    sri = plain("sri", Decimal(4), page=2)
    assert wording.write(sri, "scale").shown == "4 out of 7"
    assert wording.write(sri, "scale").spoken == "four out of seven"
    assert wording.write(sri, "page").spoken == "two"
    assert wording.write(percent("performance_data.1y", "5.84"), "key").spoken == "one year"
    assert Wording(fields(), "de").write(percent("performance_data.1y", "5.84"), "key").spoken == "ein Jahr"
    assert wording.write(percent("calendar_years.2025", "5.84"), "key").spoken == "twenty twenty-five"
    assert wording.write(percent("monthly_returns.2026-10", "5.84"), "key").shown == "October 2026"
    assert wording.write(percent("twelve_months.2026-09", "5.84"), "key").spoken == "September twenty twenty-six"
    assert wording.label(percent("twelve_months.2026-09", "5.84")) == "to Sep 2026"
    assert wording.write(plain("isin", "LU9904127735"), "spelled").spoken.startswith("L U nine nine zero")
    with pytest.raises(ScriptError, match="sri has no form 'month'"):
        wording.write(sri, "month")


def test_choice_has_the_title_of_the_language() -> None:
    """A stored choice is shown in the language of the video."""
    value = plain("risk_level", "Medium")
    titles = {choice.value: choice.title for choice in fields()["risk_level"].choices}
    assert Wording(fields(), "de").shown(value) == titles["Medium"]["de"]
    assert Wording(fields(), "fr").spoken(value) == titles["Medium"]["fr"]


def test_plus_stands_only_where_it_means_something() -> None:
    """Returns carry a plus; charges, volatilities, weights and drawdowns do not."""
    signed = {name for name, spec in fields().items() if is_signed(spec)}
    assert {"monthly_performance", "ytd_performance", "performance_data", "calendar_years"} <= signed
    assert not {"ongoing_charges", "volatility", "top_holdings", "max_drawdown", "sharpe_ratio"} & signed
    assert Wording(fields(), "en").shown(percent("volatility", "12.31")) == "12.31%"


def test_a_figure_finer_than_printed_is_refused() -> None:
    """A value with more digits than the document printed is never rounded into a figure."""
    value = Value("volatility", Kind.PERCENT, Decimal("1.935"), Evidence(1, "1.93"), Origin.OFFLINE, decimals=2)
    with pytest.raises(ScriptError, match=r"volatility is 1\.935"):
        shown(value, "en")


@settings(max_examples=150, deadline=None)
@given(
    number=st.decimals(min_value=-999, max_value=9_999_999, allow_nan=False, allow_infinity=False, places=None),
    places=st.integers(0, 6), language=st.sampled_from(["en", "de", "fr"]),
)
def test_any_percentage_keeps_its_digits(number: Decimal, places: int, language: str) -> None:
    """Whatever the figure: the digits on screen are the printed ones, and each place is said as one digit."""
    figure = number.quantize(Decimal(1).scaleb(-places))
    text = f"{abs(figure):.{places}f}"
    value = Value("ytd_performance", Kind.PERCENT, figure, Evidence(1, text), Origin.OFFLINE, decimals=places)
    written, said = shown(value, language, signed=True), spoken(value, language, signed=True)
    assert [c for c in written if c.isdigit()] == [c for c in text if c.isdigit()]
    assert written.startswith("−") == figure.is_signed()
    assert written.startswith("+") == (figure > 0)
    if places:
        assert written.count(MARK[language]) >= 1
        digits = ONES[language].split()
        expected = " ".join(digits[int(c)] for c in text.partition(".")[2])
        assert said.partition(f" {POINT[language]} ")[2].startswith(f"{expected} ")
    else:
        assert f" {POINT[language]} " not in said
