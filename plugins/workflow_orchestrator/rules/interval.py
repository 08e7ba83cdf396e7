"""Interval arithmetic over printed digits: what a rounded figure can have been before it was rounded.

A figure printed as `1.93` was between 1.925 and 1.935. A formula over printed figures gives an interval too, and it
fits a printed result when the two intervals share more than an end. No tolerance is chosen anywhere: the printed
digits decide.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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

    def __truediv__(self, other: Interval) -> Interval:
        """The quotient.

        Raises:
            ZeroDivisionError: the divisor can be zero, so that the quotient has no bound.
        """
        if other.low <= 0 <= other.high:
            raise ZeroDivisionError(f"{other.low} to {other.high} can be zero")
        with localcontext(_CONTEXT):
            quotients = [a / b for a in (self.low, self.high) for b in (other.low, other.high)]
        return Interval(min(quotients), max(quotients))

    def __abs__(self) -> Interval:
        if self.low >= 0:
            return self
        if self.high <= 0:
            return Interval(-self.high, -self.low)
        return Interval(Decimal(0), max(-self.low, self.high))

    def widened(self, by: Decimal) -> Interval:
        """The interval with so much more to each side.

        Raises:
            ValueError: `by` is negative.
        """
        if by < 0:
            raise ValueError(f"an interval is widened by 0 or more, not by {by}")
        with localcontext(_CONTEXT):
            return Interval(self.low - by, self.high + by)

    def scaled(self, factor: Decimal | int) -> Interval:
        """The interval times an exact number."""
        return self * Interval.exactly(factor)

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


def per_year(cumulative: Interval, years: int) -> Interval:
    """The annualised return in per cent that gives a cumulative one in so many whole years.

    Raises:
        ValueError: there are no years.
    """
    if years < 1:
        raise ValueError(f"a return is annualised over one year or more, not over {years}")
    factor = growth(cumulative)
    with localcontext(_CONTEXT):
        ends = [end ** (1 / Decimal(years)) if end > 0 else Decimal(0) for end in (factor.low, factor.high)]
    return as_percent(Interval(*ends))


def total(parts: Iterable[Interval]) -> Interval:
    """The sum; each part adds its own half unit to each side."""
    result = Interval.exactly(0)
    for part in parts:
        result += part
    return result


def change_in_percent(before: Interval, now: Interval) -> Interval:
    """By how many per cent of the earlier figure's size a figure changed: (now - before) / |before|.

    Both run over their own ends at once: for a base above zero the change grows with `now` and shrinks with `before`.

    Raises:
        ZeroDivisionError: the earlier figure can be zero.
    """
    base = abs(before)
    if base.low <= 0:
        raise ZeroDivisionError(f"{before.low} to {before.high} can be zero")
    with localcontext(_CONTEXT):
        ends = [(b - a) / abs(a) * HUNDRED for a in (before.low, before.high) for b in (now.low, now.high)]
    return Interval(min(ends), max(ends))


def standard_deviation(samples: Sequence[Interval]) -> Interval:
    """The sample standard deviation (divisor n - 1) of figures that are known to their printed digits only.

    Centred samples obey the triangle inequality, so rounding errors of at most u each move the deviation by at most
    u * sqrt(n / (n - 1)).

    Raises:
        ValueError: fewer than two samples.
    """
    count = len(samples)
    if count < 2:
        raise ValueError(f"a standard deviation needs two samples, not {count}")
    with localcontext(_CONTEXT):
        middles = [(sample.low + sample.high) / 2 for sample in samples]
        mean = sum(middles, Decimal(0)) / count
        deviation = (sum(((middle - mean) ** 2 for middle in middles), Decimal(0)) / (count - 1)).sqrt()
        play = max((sample.high - sample.low) / 2 for sample in samples) * (Decimal(count) / (count - 1)).sqrt()
        return Interval(max(deviation - play, Decimal(0)), deviation + play)


def deepest_fall(percents: Sequence[Interval]) -> Interval:
    """The maximum drawdown in per cent along consecutive returns, 0 or below: the deepest fall from a peak to a later low.

    The ends are the deepest fall along the lowest and along the highest returns that the printed digits allow.
    """

    def along(returns: Iterable[Decimal]) -> Decimal:
        depth = level = Decimal(1)
        for percent in returns:
            # `level` is the value now, as a part of the highest value so far.
            level = min(Decimal(1), level * max(Decimal(0), 1 + percent / HUNDRED))
            depth = min(depth, level)
        return (depth - 1) * HUNDRED

    with localcontext(_CONTEXT):
        return Interval(along(one.low for one in percents), along(one.high for one in percents))
