"""Turns one fund's facts and months into printed figures, each remembered with the value that it stands for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from samples.printing import House, plain
from samples.series import PERIOD_MONTHS, Month, Recipe, Series, draw, rounded

# The vocabulary of the truth files, in their order. What a sheet does not print of it is `absent`.
FIELDS = (
    "fund_name", "share_class", "isin", "wkn", "sedol", "cusip", "valor", "ticker", "as_of_date", "launch_date",
    "currency", "base_currency", "hedged", "distribution_policy", "management_company", "fund_manager", "custodian",
    "domicile", "legal_form", "category", "sfdr_article", "benchmark", "fund_strategy", "commentary", "nav",
    "fund_size", "class_size", "number_of_holdings", "ongoing_charges", "management_fee", "transaction_costs",
    "entry_fee", "exit_fee", "performance_fee", "monthly_performance", "ytd_performance", "benchmark_month",
    "benchmark_ytd", "excess_month", "excess_ytd", "performance_data", "benchmark_performance", "excess_performance",
    "performance_annualised", "benchmark_annualised", "excess_annualised", "calendar_years", "benchmark_years",
    "excess_years", "twelve_months", "benchmark_twelve_months", "monthly_returns", "sharpe_ratio", "volatility",
    "tracking_error", "information_ratio", "beta",
    "alpha", "correlation", "value_at_risk", "max_drawdown", "duration", "yield_to_maturity", "maturity",
    "average_rating", "dividend_yield", "risk_level", "sri", "risk_scale", "cci_risk", "holding_period", "net_gross",
    "top_holdings", "top_holdings_total", "disclaimers", "allocation_sector", "allocation_country",
    "allocation_currency", "allocation_rating", "allocation_maturity", "allocation_assets",
)  # fmt: skip
RISK_LEVELS = ("Low", "Medium", "High")

_BESIDE = {
    "monthly_performance": "month", "ytd_performance": "ytd", "performance_data": "performance",
    "performance_annualised": "annualised", "calendar_years": "years", "twelve_months": "twelve_months",
}  # fmt: skip
_MILLION = Decimal(1_000_000)


@dataclass(frozen=True)
class Printed:
    """A value as the truth states it, and the words that the page shows for it."""

    value: str
    quote: str

    def __post_init__(self) -> None:
        if not self.quote.strip():
            raise ValueError(f"the value {self.value!r} would be printed as nothing")


@dataclass(frozen=True)
class Fund:
    """The facts of one invented fund, as its sheet file gives them. `isin` comes without its check digit."""

    fund_name: str
    share_class: str
    isin: str
    launch: date
    as_of: date
    currency: str
    management_company: str
    benchmark: str
    launch_nav: Decimal
    nav_text: str
    fund_size: Decimal
    fund_size_text: str
    ongoing_charges: Decimal
    risk_level: str
    risk_word: str
    sri: int
    sri_text: str
    risk_window: str
    risk_free: Decimal
    fund_strategy: str = ""

    def __post_init__(self) -> None:
        if len(self.isin) != 11:
            raise ValueError(f"{self.fund_name}: an ISIN without its check digit has 11 characters: {self.isin!r}")
        if self.launch >= self.as_of:
            raise ValueError(f"{self.fund_name}: launched {self.launch}, after the figures of {self.as_of}")
        if self.risk_level not in RISK_LEVELS:
            raise ValueError(f"{self.fund_name}: no risk level {self.risk_level!r}; known: {', '.join(RISK_LEVELS)}")
        if not 1 <= self.sri <= 7:
            raise ValueError(f"{self.fund_name}: the summary risk indicator runs from 1 to 7, not {self.sri}")
        if self.risk_window not in PERIOD_MONTHS:
            raise ValueError(f"{self.fund_name}: no such period as risk_window {self.risk_window!r}")
        if "  " in self.fund_strategy or self.fund_strategy != self.fund_strategy.strip():
            raise ValueError(f"{self.fund_name}: write fund_strategy as one line with single spaces")

    @property
    def first(self) -> Month:
        """The month of launch, the first that has a return."""
        return self.launch.year, self.launch.month

    @property
    def last(self) -> Month:
        """The month of the figures, the last that has a return."""
        return self.as_of.year, self.as_of.month


@dataclass(frozen=True)
class Figures:
    """Everything a sheet may print of a fund: `printed` belongs in the truth, `extras` are there to be mistaken."""

    fund: Fund
    house: House
    series: Series
    benchmark: Series
    printed: Mapping[str, Printed] = field(init=False)
    extras: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "printed", self._facts() | self._risk() | self._returns())
        object.__setattr__(self, "extras", self._extras())

    @classmethod
    def of(cls, fund: Fund, house: House, recipe: Recipe) -> Figures:
        """The figures of `fund` with the months that `recipe` draws."""
        series, benchmark = draw(recipe)
        return cls(fund, house, series, benchmark)

    def calendar_year(self, year: int) -> Printed | None:
        """A whole calendar year of the fund; None when it has none."""
        return self._cell(self.series.calendar_year(year))

    def month(self, month: Month) -> Printed | None:
        """One month of the fund; None before launch and after the date of the figures."""
        return self._cell(self.series.months.get(month))

    def _cell(self, value: Decimal | None) -> Printed | None:
        return None if value is None else Printed(plain(value), self.house.cell(value))

    def _facts(self) -> dict[str, Printed]:
        from stdnum import isin

        fund, house = self.fund, self.house
        code = fund.isin + isin.calc_check_digit(fund.isin)
        nav = self.nav()
        facts = {
            "fund_name": Printed(fund.fund_name, fund.fund_name),
            "share_class": Printed(fund.share_class, fund.share_class),
            "isin": Printed(code, code),
            "as_of_date": Printed(fund.as_of.isoformat(), house.day(fund.as_of)),
            "launch_date": Printed(fund.launch.isoformat(), house.day(fund.launch)),
            "currency": Printed(fund.currency, fund.currency),
            "management_company": Printed(fund.management_company, fund.management_company),
            "benchmark": Printed(fund.benchmark, fund.benchmark),
            "nav": Printed(plain(nav), fund.nav_text.format(n=house.number(nav))),
            "fund_size": Printed(
                plain((fund.fund_size * _MILLION).quantize(Decimal(1))),
                fund.fund_size_text.format(n=house.number(fund.fund_size)),
            ),
            "ongoing_charges": Printed(plain(fund.ongoing_charges), house.percentage(fund.ongoing_charges)),
            "risk_level": Printed(fund.risk_level, fund.risk_word),
            "sri": Printed(str(fund.sri), fund.sri_text),
        }
        if fund.fund_strategy:
            facts["fund_strategy"] = Printed(fund.fund_strategy, fund.fund_strategy)
        return facts

    def nav(self) -> Decimal:
        """The launch price grown by the printed months: the price agrees with the performance."""
        level = self.series.growth(len(self.series.months))[-1]
        return rounded(self.fund.launch_nav * level / 100, 2)

    def _risk(self) -> dict[str, Printed]:
        window = self.fund.risk_window
        figures = {
            "volatility": (self.series.volatility(PERIOD_MONTHS[window]), self.house.percentage),
            "sharpe_ratio": (self.series.sharpe(window, self.fund.risk_free), self.house.number),
            "max_drawdown": (self.series.max_drawdown(), self.house.percentage),
            "tracking_error": (self.series.tracking_error(self.benchmark, PERIOD_MONTHS[window]), self.house.percentage),
        }
        return {name: Printed(plain(v), show(v)) for name, (v, show) in figures.items() if v is not None}

    def _returns(self) -> dict[str, Printed]:
        found: dict[str, Printed | None] = {}
        for key in (*PERIOD_MONTHS, "ytd", "since_inception"):
            found[period_ref(key)] = self._cell(self.series.period(key))
        for key in ("3y", "5y", "10y", "since_inception"):
            long_enough = key != "since_inception" or len(self.series.months) >= 12
            rate = self.series.annualised(key) if long_enough else None
            found[period_ref(f"{key}_pa")] = self._cell(rate)
        return {ref: printed for ref, printed in found.items() if printed is not None}

    def _extras(self) -> dict[str, str]:
        house, window = self.house, PERIOD_MONTHS[self.fund.risk_window]
        recent = self.series.trailing(min(window, len(self.series.months))) or []
        positive = Decimal(sum(value > 0 for value in recent)) * 100 / len(recent)
        texts = {
            "risk_free": house.percentage(self.fund.risk_free),
            "best_month": house.percentage(max(recent)),
            "worst_month": house.percentage(min(recent)),
            "positive_months": house.percentage(rounded(positive, 1)),
        }
        optional = {
            "bench_volatility": (self.benchmark.volatility(window), house.percentage),
            "bench_sharpe": (self.benchmark.sharpe(self.fund.risk_window, self.fund.risk_free), house.number),
            "bench_drawdown": (self.benchmark.max_drawdown(), house.percentage),
        }
        return texts | {name: show(value) for name, (value, show) in optional.items() if value is not None}


def period_ref(key: str) -> str:
    """The truth's name for a column key: `1m`, `ytd`, `5y` cumulative, `5y_pa` annualised."""
    if key == "1m":
        return "monthly_performance"
    if key == "ytd":
        return "ytd_performance"
    if key.endswith("_pa"):
        return f"performance_annualised.{key.removesuffix('_pa')}"
    return f"performance_data.{key}"


def beside_ref(ref: str, who: str) -> str:
    """The truth's name for the same figure of the benchmark, or for the difference to it."""
    name, dot, key = ref.partition(".")
    prefix = {"benchmark": "benchmark", "difference": "excess"}[who]
    return f"{prefix}_{_BESIDE[name]}{dot}{key}"
