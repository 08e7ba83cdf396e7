"""Interval arithmetic over printed digits."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rules_sample import value

from workflow_orchestrator.rules.interval import Interval, compound, growth, over_years


@pytest.mark.parametrize(
    ("ref", "printed", "scale", "low", "high"),
    [
        ("ytd", "1.93", 0, "1.925", "1.935"),
        ("ytd", "-0.4", 0, "-0.45", "-0.35"),
        ("ytd", "12", 0, "11.5", "12.5"),
        ("size", "412.6", 6, "412550000", "412650000"),
        ("sri", "4", 0, "3.5", "4.5"),
    ],
)
def test_a_printed_figure_stands_for_half_a_unit_of_its_last_digit(
    ref: str, printed: str, scale: int, low: str, high: str
) -> None:
    """The printed digits and the scale decide how wide it is, and nothing else."""
    assert Interval.printed(value(ref, printed, scale=scale)) == Interval(Decimal(low), Decimal(high))


def test_what_is_not_a_number_has_no_interval() -> None:
    """A date or a word is refused by name."""
    with pytest.raises(ValueError, match="name is text"):
        Interval.printed(value("name", "Fund"))


@pytest.mark.parametrize(
    ("one", "other", "fits"),
    [
        ("1.93", "1.93", True),
        ("1.93", "1.94", False),
        ("1.9", "1.93", True),
        ("1.9", "1.95", True),
        ("1.9", "2.0", False),
        ("1.9", "1.96", False),
        ("-0.45", "0.45", False),
    ],
)
def test_two_printings_of_one_figure_fit_at_their_common_precision(one: str, other: str, fits: bool) -> None:
    """Neighbours that only touch are two figures, and a coarser printing takes the finer ones that round to it."""
    first, second = Interval.printed(value("ytd", one)), Interval.printed(value("month", other))
    assert first.fits(second) is fits
    assert second.fits(first) is fits


def test_an_interval_runs_upward() -> None:
    """Ends in the wrong order are refused."""
    with pytest.raises(ValueError, match="runs upward"):
        Interval(Decimal(2), Decimal(1))


def test_products_of_intervals_across_zero_hold_every_product() -> None:
    """A negative factor turns the order of the ends."""
    assert Interval(Decimal(-1), Decimal(2)) * Interval(Decimal(-3), Decimal(1)) == Interval(Decimal(-6), Decimal(3))


@given(
    st.lists(st.decimals(min_value=-40, max_value=60, places=6), min_size=1, max_size=24),
    st.integers(min_value=0, max_value=3),
)
def test_true_returns_always_lie_within_what_their_printing_gives(returns: list[Decimal], places: int) -> None:
    """However the figures were before printing, their compound return is never outside: no true sheet is refused."""
    unit = Decimal(1).scaleb(-places)
    printed = [
        Interval.printed(value("ytd", str(number.quantize(unit, rounding=ROUND_HALF_EVEN)))) for number in returns
    ]
    factor = Decimal(1)
    for number in returns:
        factor *= 1 + number / 100
    true = (factor - 1) * 100
    computed = compound(printed)
    slack = Decimal("1e-18") * abs(factor)  # the test's own arithmetic has 28 digits
    assert computed.low - slack <= true <= computed.high + slack


@given(st.decimals(min_value=-60, max_value=80, places=2), st.sampled_from([3, 5, 10]))
def test_annualised_and_cumulative_of_one_return_fit(annual: Decimal, years: int) -> None:
    """Over whole years the printed annualised figure always holds the true cumulative return."""
    true = ((1 + annual / 100) ** years - 1) * 100
    computed = over_years(Interval.printed(value("ytd", str(annual))), Interval.exactly(years))
    assert computed.low <= true <= computed.high


def test_a_fund_does_not_lose_more_than_everything() -> None:
    """A factor is never negative, so that no even power of it turns a loss into a gain."""
    assert growth(Interval(Decimal(-140), Decimal(-120))) == Interval(Decimal(0), Decimal(0))
