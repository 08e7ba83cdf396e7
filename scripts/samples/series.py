"""Invents monthly returns and derives every other figure of a factsheet from them.

The months are drawn once, rounded to the digits that the sheet prints, and only then compounded. So a printed year is
what its printed months compound to, and a reader who recomputes the sheet finds it closed:

    draws ─ round ─▶ months ─▶ year to date · periods · calendar years · volatility · Sharpe ratio · drawdown
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext

Month = tuple[int, int]

HUNDRED = Decimal(100)
PERIOD_MONTHS: Mapping[str, int] = {"1m": 1, "3m": 3, "6m": 6, "1y": 12, "3y": 36, "5y": 60, "10y": 120}

_MATH = Context(prec=40, rounding=ROUND_HALF_UP)
# What an invented world market did in the months that readers remember; all other months are drawn.
_SHOCKS: Mapping[Month, Decimal] = {
    (2018, 12): Decimal("-6.8"), (2020, 2): Decimal("-7.4"), (2020, 3): Decimal("-11.9"),
    (2020, 4): Decimal("8.8"), (2020, 11): Decimal("9.6"), (2022, 4): Decimal("-5.6"),
    (2022, 6): Decimal("-7.1"), (2022, 9): Decimal("-7.6"), (2023, 11): Decimal("6.9"),
}  # fmt: skip


def rounded(value: Decimal, places: int) -> Decimal:
    """`value` with exactly `places` decimals, halves away from zero as statements print them."""
    return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP, context=_MATH) + 0  # never -0.00


def months_between(first: Month, last: Month) -> Iterator[Month]:
    """Every month from `first` to `last`, both included."""
    year, month = first
    while (year, month) <= last:
        yield year, month
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)


@dataclass(frozen=True)
class Recipe:
    """How the months of a fund and of its benchmark are drawn.

    `drift` and `noise` are per cent a month, `beta` is the share of the market's move. `pinned` replaces the drawn
    month of the fund, so that a sheet can show a chosen sign in its latest months.
    """

    seed: str
    first: Month
    last: Month
    places: int
    drift: Decimal
    beta: Decimal
    noise: Decimal
    bench_drift: Decimal
    pinned: Mapping[Month, Decimal]

    def __post_init__(self) -> None:
        if self.first > self.last:
            raise ValueError(f"{self.seed}: the first month {self.first} is after the last {self.last}")
        if self.places not in (1, 2):
            raise ValueError(f"{self.seed}: months are printed with 1 or 2 decimals, not {self.places}")
        for month in self.pinned:
            if not self.first <= month <= self.last:
                raise ValueError(f"{self.seed}: the pinned month {month} is outside the life of the fund")


class Series:
    """Monthly returns in per cent, in order, at printed precision, and what follows from them."""

    def __init__(self, months: Mapping[Month, Decimal], places: int) -> None:
        self.months = dict(sorted(months.items()))
        self.places = places
        self.first, self.last = min(self.months), max(self.months)
        if list(self.months) != list(months_between(self.first, self.last)):
            raise ValueError("a month is missing between the first and the last")

    def span(self, first: Month, last: Month) -> Decimal | None:
        """The compound return from `first` to `last`, unrounded; None when a month of it has no return."""
        if first < self.first or last > self.last:
            return None
        return compound([self.months[month] for month in months_between(first, last)])

    def trailing(self, count: int, until: Month | None = None) -> list[Decimal] | None:
        """The last `count` months up to `until`, or None when the history is shorter."""
        kept = [value for month, value in self.months.items() if month <= (until or self.last)]
        return kept[-count:] if len(kept) >= count else None

    def period(self, key: str, until: Month | None = None) -> Decimal | None:
        """The cumulative return of a period key, rounded, or None when the history is too short."""
        if key == "ytd":
            value = self.span(max((self.last[0], 1), self.first), self.last)
        elif key == "since_inception":
            value = self.span(self.first, self.last)
        else:
            window = self.trailing(PERIOD_MONTHS[key], until)
            value = None if window is None else compound(window)
        return None if value is None else rounded(value, self.places)

    def annualised(self, key: str) -> Decimal | None:
        """The yearly rate that compounds to the printed cumulative return; None for short histories.

        Raises:
            ValueError: the period is shorter than a year, which no sheet may annualise (GIPS 2020 2.A.12).
        """
        count = len(self.months) if key == "since_inception" else PERIOD_MONTHS[key]
        if count < 12:
            raise ValueError(f"{key} covers {count} months: a return under one year is not annualised")
        total = self.period(key)
        if total is None:
            return None
        with localcontext(_MATH):
            rate = (1 + total / HUNDRED) ** (Decimal(12) / Decimal(count)) - 1
        return rounded(rate * HUNDRED, self.places)

    def calendar_year(self, year: int) -> Decimal | None:
        """A whole calendar year, rounded; None for the year of launch and the year under way."""
        value = self.span((year, 1), (year, 12))
        return None if value is None else rounded(value, self.places)

    def grid_total(self, year: int) -> Decimal | None:
        """The last cell of a grid row: the compound return of the months that the row shows."""
        value = self.span(max((year, 1), self.first), min((year, 12), self.last))
        return None if value is None else rounded(value, self.places)

    def volatility(self, count: int) -> Decimal | None:
        """Standard deviation of `count` months times √12, per cent a year, two decimals."""
        window = self.trailing(count)
        return None if window is None else rounded(_deviation(window) * Decimal(12).sqrt(_MATH), 2)

    def sharpe(self, key: str, risk_free: Decimal) -> Decimal | None:
        """(annualised return − risk-free rate) / volatility over the same window, two decimals."""
        rate, risk = self.annualised(key), self.volatility(PERIOD_MONTHS[key])
        return None if rate is None or risk is None else rounded((rate - risk_free) / risk, 2)

    def growth(self, count: int) -> list[Decimal]:
        """The value of 100 invested `count` months ago, at the start and after each month."""
        level, path = HUNDRED, [HUNDRED]
        for value in list(self.months.values())[-count:]:
            level = level * (1 + value / HUNDRED)
            path.append(level)
        return path

    def max_drawdown(self) -> Decimal:
        """The deepest fall from a month-end high since launch, zero or negative, at printed precision."""
        worst, high = Decimal(0), Decimal(0)
        for level in self.growth(len(self.months)):
            high = max(high, level)
            worst = min(worst, level / high - 1)
        return rounded(worst * HUNDRED, self.places)

    def tracking_error(self, other: Series, count: int) -> Decimal | None:
        """Yearly standard deviation of the monthly differences to `other`, two decimals."""
        ours, theirs = self.trailing(count), other.trailing(count)
        if ours is None or theirs is None:
            return None
        return rounded(_deviation([a - b for a, b in zip(ours, theirs, strict=True)]) * Decimal(12).sqrt(_MATH), 2)


def compound(returns: Sequence[Decimal]) -> Decimal:
    """Per cent returns chained: Π(1 + r/100) − 1, in per cent, unrounded."""
    with localcontext(_MATH):
        level = Decimal(1)
        for value in returns:
            level *= 1 + value / HUNDRED
        return (level - 1) * HUNDRED


def draw(recipe: Recipe) -> tuple[Series, Series]:
    """The fund and its benchmark. The same recipe gives the same months on every machine and Python version."""
    market = _market(recipe)
    noise = _normals(f"fund/{recipe.seed}")
    fund: dict[Month, Decimal] = {}
    bench: dict[Month, Decimal] = {}
    for month, move in market.items():
        own = recipe.drift + recipe.beta * move + recipe.noise * next(noise)
        fund[month] = rounded(recipe.pinned.get(month, own), recipe.places)
        bench[month] = rounded(recipe.bench_drift + recipe.beta * move, recipe.places)
    return Series(fund, recipe.places), Series(bench, recipe.places)


def _market(recipe: Recipe) -> dict[Month, Decimal]:
    # Drawn from one fixed start, so that all funds of one month live in the same market.
    draws = _normals("market 7")
    moves = {
        month: _SHOCKS[month] if month in _SHOCKS else Decimal("0.75") + Decimal("3.2") * next(draws)
        for month in months_between((2010, 1), recipe.last)
    }
    return {month: move for month, move in moves.items() if month >= recipe.first}


def _normals(seed: str) -> Iterator[Decimal]:
    # `Random.random` is the only draw that Python promises to keep; twelve of them less six are near enough to normal.
    source = random.Random(seed)
    while True:
        yield Decimal(sum(int(source.random() * 1_000_000) for _ in range(12)) - 6_000_000) / 1_000_000


def _deviation(values: Sequence[Decimal]) -> Decimal:
    with localcontext(_MATH):
        mean = sum(values, Decimal(0)) / len(values)
        return (sum(((value - mean) ** 2 for value in values), Decimal(0)) / (len(values) - 1)).sqrt()
