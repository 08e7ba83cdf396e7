"""Interval arithmetic over printed digits."""

from __future__ import annotations

import statistics
from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rules_sample import value

from workflow_orchestrator.rules.interval import (
    Interval,
    change_in_percent,
    compound,
    deepest_fall,
    growth,
    over_years,
    standard_deviation,
    total,
)


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


_MONTHS = st.lists(st.decimals(min_value=-40, max_value=60, places=4), min_size=2, max_size=36)


def _printed(number: Decimal, places: int) -> Interval:
    return Interval.printed(value("ytd", str(number.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN))))


@given(_MONTHS, st.integers(min_value=0, max_value=2))
def test_the_true_standard_deviation_lies_within_what_the_printing_gives(months: list[Decimal], places: int) -> None:
    """However the figures were before printing, the deviation of the true ones is never outside."""
    computed = standard_deviation([_printed(month, places) for month in months])
    true = statistics.stdev(months)
    assert computed.low - Decimal("1e-12") <= true <= computed.high + Decimal("1e-12")


@given(_MONTHS, st.integers(min_value=0, max_value=2))
def test_the_true_drawdown_lies_within_what_the_printing_gives(months: list[Decimal], places: int) -> None:
    """Peak to trough by definition, over every pair of months, against the running form on printed digits."""
    true = Decimal(0)
    for start in range(len(months)):
        factor = Decimal(1)
        for month in months[start:]:
            factor *= 1 + month / 100
            true = min(true, (factor - 1) * 100)
    computed = deepest_fall([_printed(month, places) for month in months])
    assert computed.low - Decimal("1e-12") <= true <= computed.high + Decimal("1e-12")


@given(
    st.decimals(min_value=-9_999, max_value=9_999, places=3),
    st.decimals(min_value=-9_999, max_value=9_999, places=3),
)
def test_the_true_change_lies_within_what_the_printing_gives(before: Decimal, now: Decimal) -> None:
    """A change in per cent of two printed figures holds that of the true ones, from a loss too; from zero there is none."""
    one, other = _printed(before, 1), _printed(now, 1)
    if one.low <= 0 <= one.high:
        with pytest.raises(ZeroDivisionError):
            change_in_percent(one, other)
        return
    computed, true = change_in_percent(one, other), (now - before) / abs(before) * 100
    assert computed.low - Decimal("1e-12") <= true <= computed.high + Decimal("1e-12")


def test_a_quotient_has_no_bound_where_the_divisor_can_be_zero() -> None:
    """Otherwise the order of the ends follows the signs."""
    assert Interval(Decimal(-6), Decimal(3)) / Interval(Decimal(-3), Decimal(-1)) == Interval(Decimal(-3), Decimal(6))
    with pytest.raises(ZeroDivisionError, match="can be zero"):
        Interval.exactly(1) / Interval(Decimal(-1), Decimal(1))


def test_sums_sizes_and_play_of_intervals() -> None:
    """Each part adds its half unit; a size is never below zero; play is never negative."""
    parts = [Interval.printed(value("ytd", text)) for text in ("10.1", "-0.4")]
    assert total(parts) == Interval(Decimal("9.60"), Decimal("9.80"))
    assert abs(Interval(Decimal(-3), Decimal(1))) == Interval(Decimal(0), Decimal(3))
    assert abs(Interval(Decimal(-3), Decimal(-1))) == Interval(Decimal(1), Decimal(3))
    with pytest.raises(ValueError, match="0 or more"):
        parts[0].widened(Decimal(-1))
    with pytest.raises(ValueError, match="needs two samples"):
        standard_deviation(parts[:1])
