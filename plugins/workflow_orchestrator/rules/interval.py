"""Interval arithmetic over printed digits: what a rounded figure can have been before it was rounded.

A figure printed as `1.93` was between 1.925 and 1.935. A formula over printed figures gives an interval too, and it
fits a printed result when the two intervals share more than an end. No tolerance is chosen anywhere: the printed
digits decide.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext

from workflow_orchestrator.values import NUMERIC_KINDS, Value

# Enough for 120 factors of printed figures without a rounding that could be seen.
_CONTEXT = Context(prec=60, rounding=ROUND_HALF_EVEN)

HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True)
class Interval:
    """All numbers from `low` to `high`."""

    low: Decimal
    high: Decimal

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise ValueError(f"an interval runs upward, not from {self.low} to {self.high}")

    @classmethod
    def exactly(cls, number: Decimal | int) -> Interval:
        """The interval of one number."""
        return cls(Decimal(number), Decimal(number))

    @classmethod
    def printed(cls, value: Value) -> Interval:
        """What a printed figure can stand for: half a unit of its last printed digit to each side.

        Raises:
            ValueError: the value is not a number.
        """
        number = value.value
        if value.kind not in NUMERIC_KINDS or not isinstance(number, Decimal):
            raise ValueError(f"{value.ref} is {value.kind}, not a number")
        half = Decimal(5).scaleb(value.scale - value.decimals - 1)
        with localcontext(_CONTEXT):
            return cls(number - half, number + half)

    def __add__(self, other: Interval) -> Interval:
        with localcontext(_CONTEXT):
            return Interval(self.low + other.low, self.high + other.high)

    def __sub__(self, other: Interval) -> Interval:
        with localcontext(_CONTEXT):
            return Interval(self.low - other.high, self.high - other.low)

    def __mul__(self, other: Interval) -> Interval:
        with localcontext(_CONTEXT):
            products = [a * b for a in (self.low, self.high) for b in (other.low, other.high)]
        return Interval(min(products), max(products))

    def fits(self, other: Interval) -> bool:
        """Whether both can be the same number. Intervals that only touch do not fit: 1.93 is not 1.94."""
        if self.low == self.high or other.low == other.high:
            return self.low <= other.high and other.low <= self.high
        return self.low < other.high and other.low < self.high


def growth(percent: Interval) -> Interval:
    """The factor by which a return in per cent multiplies: +1.93 % is 1.0193.

    It is never negative: a fund cannot lose more than everything.
    """
    with localcontext(_CONTEXT):
        low, high = (max(Decimal(0), 1 + end / HUNDRED) for end in (percent.low, percent.high))
    return Interval(low, high)


def as_percent(factor: Interval) -> Interval:
    """The return in per cent that a factor means: 1.0193 is +1.93 %."""
    with localcontext(_CONTEXT):
        return Interval((factor.low - 1) * HUNDRED, (factor.high - 1) * HUNDRED)


def compound(percents: Iterable[Interval]) -> Interval:
    """The return in per cent over consecutive periods with these returns."""
    factor = Interval.exactly(1)
    for percent in percents:
        factor *= growth(percent)
    return as_percent(factor)


def over_years(annual: Interval, years: Interval) -> Interval:
    """The cumulative return in per cent after some years at an annualised return in per cent."""
    factor = growth(annual)
    with localcontext(_CONTEXT):
        ends = [
            base**exponent if base > 0 else Decimal(0)
            for base in (factor.low, factor.high)
            for exponent in (years.low, years.high)
        ]
    return as_percent(Interval(min(ends), max(ends)))
