"""Checks over returns: months compound to longer periods, one figure printed twice is one, annualised fits cumulative.

The rules are GIPS arithmetic: returns over consecutive periods multiply; a figure for less than a year is not
annualised (GIPS 2020, provision 2.A.12). All comparisons are between intervals of printed digits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from workflow_orchestrator.rules.findings import Finding
from workflow_orchestrator.rules.grid import WINDOW, last_months, month_key, months_between, window
from workflow_orchestrator.rules.interval import HUNDRED, Interval, as_percent, compound, growth, over_years
from workflow_orchestrator.rules.registry import FieldParameter, Occasion, check
from workflow_orchestrator.rules.words import percents
from workflow_orchestrator.values import Kind, Value

_MONTHS_ASKED = 12

_MONTHS = FieldParameter((Kind.PERCENT,), ("month",), says="monthly returns")
_PERCENT = FieldParameter((Kind.PERCENT,))
_PERIODS = FieldParameter((Kind.PERCENT,), ("period",))
_YEARS = FieldParameter((Kind.PERCENT,), ("year",))
_AS_OF = FieldParameter((Kind.DATE,), says="the date of the figures")
_LAUNCH = FieldParameter((Kind.DATE,), required=False, says="the launch date")


def _compared(occasion: Occasion, months: list[Value], result: Value, says: str) -> Iterator[Finding]:
    computed = compound(Interval.printed(month) for month in months)
    if not computed.fits(Interval.printed(result)):
        # Nobody looks through ten years of months in a form; over a year, the result is what is asked for.
        suspects = months if len(months) <= _MONTHS_ASKED else []
        yield occasion.finding(
            (result.ref, *(month.ref for month in suspects)),
            f"{says} is printed as {result.evidence.quote}, and the months compound to {percents(computed)}",
            computed=computed,
            printed=result,
        )


@check("months_compound_to_ytd", "error", months=_MONTHS, ytd=_PERCENT, as_of=_AS_OF, launch=_LAUNCH)
def months_compound_to_ytd(occasion: Occasion) -> Iterator[Finding]:
    """The months of the year so far compound to the YTD figure.

    Applies when the grid has every month from January (or the month after the launch's, or the launch's own) to the
    month of the as-of date.
    """
    as_of, ytd, grid = occasion.day("as_of"), occasion.one("ytd"), occasion.keyed("months")
    if as_of is None or ytd is None:
        return
    keys = last_months(as_of, as_of.month)
    launch = occasion.day("launch")
    if launch is not None and launch.year == as_of.year:
        keys = [key for key in keys if key >= month_key(launch)]
    if keys and all(key in grid for key in keys):
        yield from _compared(occasion, [grid[key] for key in keys], ytd, "the YTD return")


@check("months_compound_to_year", "error", months=_MONTHS, years=_YEARS, launch=_LAUNCH)
def months_compound_to_year(occasion: Occasion) -> Iterator[Finding]:
    """The twelve months of a year compound to the figure of the calendar year; a year with a gap is left alone.

    The year of the launch begins with the month of the launch.
    """
    grid, launch = occasion.keyed("months"), occasion.day("launch")
    for year, result in occasion.keyed("years").items():
        first = launch.month if launch is not None and year == f"{launch.year:04d}" else 1
        keys = [f"{year}-{month:02d}" for month in range(first, 13)]
        if all(key in grid for key in keys):
            yield from _compared(occasion, [grid[key] for key in keys], result, f"the return of {year}")


@check("months_compound_to_periods", "error", months=_MONTHS, periods=_PERIODS, as_of=_AS_OF, launch=_LAUNCH)
def months_compound_to_periods(occasion: Occasion) -> Iterator[Finding]:
    """The last 3, 6, 12, … months compound to the cumulative figure of that period; a gap is left alone.

    `since_inception` is all months from the month of the launch.
    """
    as_of, launch, grid = occasion.day("as_of"), occasion.day("launch"), occasion.keyed("months")
    if as_of is None:
        return
    for key, result in occasion.keyed("periods").items():
        count = months_of(key)
        if key == "since_inception" and launch is not None and launch <= as_of:
            count = months_between(launch, as_of) + 1
        keys = last_months(as_of, count) if count else []
        if keys and all(month in grid for month in keys):
            yield from _compared(occasion, [grid[month] for month in keys], result, f"the return over {key}")


def months_of(period: str) -> int:
    """How many months a period such as `6m` or `3y` has; 0 for one without a fixed length."""
    match = re.fullmatch("([1-9][0-9]?)([my])", period)
    return 0 if match is None else int(match.group(1)) * (12 if match.group(2) == "y" else 1)


@check(
    "months_compound_to_annualised", "error", months=_MONTHS, annualised=_PERIODS, as_of=_AS_OF, launch=_LAUNCH
)
def months_compound_to_annualised(occasion: Occasion) -> Iterator[Finding]:
    """The last 36, 60, … months compound to the annualised figure over its years; a gap is left alone."""
    for key, annual in occasion.keyed("annualised").items():
        count = months_of(key)
        months = window(occasion, count) if count >= _MONTHS_ASKED and count % 12 == 0 else []
        if not months:
            continue
        cumulative = compound(Interval.printed(month) for month in months)
        given = over_years(Interval.printed(annual), Interval.exactly(count // 12))
        if not given.fits(cumulative):
            yield occasion.finding(
                (annual.ref,),
                f"{annual.evidence.quote} a year over {key} gives {percents(given)}, and the months compound to "
                f"{percents(cumulative)}",
                computed=cumulative,
                printed=annual,
            )


@check("month_equals_grid", "error", month=_PERCENT, months=_MONTHS, as_of=_AS_OF)
def month_equals_grid(occasion: Occasion) -> Iterator[Finding]:
    """The month's return is the last one in the monthly grid, at the precision that both print."""
    month, grid, as_of = occasion.one("month"), occasion.keyed("months"), occasion.day("as_of")
    if month is None or not grid:
        return
    last = grid.get(month_key(as_of)) if as_of is not None else grid[max(grid)]
    if last is not None:
        yield from _same(occasion, month, last)


@check("ytd_equals_grid", "error", ytd=_PERCENT, years=_YEARS, as_of=_AS_OF)
def ytd_equals_grid(occasion: Occasion) -> Iterator[Finding]:
    """The YTD figure is the running year's figure in the table of years, at the precision that both print."""
    ytd, as_of = occasion.one("ytd"), occasion.day("as_of")
    year = occasion.keyed("years").get(str(as_of.year)) if as_of is not None else None
    if ytd is not None and year is not None:
        yield from _same(occasion, ytd, year)


def _same(occasion: Occasion, one: Value, other: Value) -> Iterator[Finding]:
    if not Interval.printed(one).fits(Interval.printed(other)):
        yield occasion.finding(
            (one.ref, other.ref),
            f"{one.ref} is printed as {one.evidence.quote} on page {one.evidence.page}, and {other.ref} as "
            f"{other.evidence.quote} on page {other.evidence.page}; both are the same figure",
            computed=other.evidence.quote,
            printed=one,
        )


@check(
    "annualised_fits_cumulative",
    "error",
    annualised=_PERIODS,
    cumulative=_PERIODS,
    launch=_LAUNCH,
    as_of=FieldParameter((Kind.DATE,), required=False),
)
def annualised_fits_cumulative(occasion: Occasion) -> Iterator[Finding]:
    """The annualised figure of a period, over its years, gives the cumulative figure of the same period.

    For `since_inception` the years run from the launch to the as-of date. Providers count them by days or by months,
    from the launch or from the first price, so one month of play is left to each side.
    """
    cumulative = occasion.keyed("cumulative")
    for key, annual in occasion.keyed("annualised").items():
        total = cumulative.get(key)
        years = _years_of(occasion, key)
        if total is None or years is None:
            continue
        computed = over_years(Interval.printed(annual), years)
        if not computed.fits(Interval.printed(total)):
            yield occasion.finding(
                (annual.ref, total.ref),
                f"{annual.evidence.quote} a year over {key} gives {percents(computed)}, and the cumulative "
                f"return is printed as {total.evidence.quote}",
                computed=computed,
                printed=total,
            )


def _years_of(occasion: Occasion, period: str) -> Interval | None:
    months = months_of(period)
    if months >= 12 and months % 12 == 0:
        return Interval.exactly(months // 12)
    launch, as_of = occasion.day("launch"), occasion.day("as_of")
    if period != "since_inception" or launch is None or as_of is None or as_of <= launch:
        return None
    days = (as_of - launch).days
    low, high = Interval.exactly(max(days - 31, 0)), Interval.exactly(days + 31)
    return Interval(low.low / 366, high.high / 365)


@check(
    "not_annualised_under_a_year",
    "error",
    annualised=_PERIODS,
    launch=_LAUNCH,
    as_of=FieldParameter((Kind.DATE,), required=False),
)
def not_annualised_under_a_year(occasion: Occasion) -> Iterator[Finding]:
    """No figure for less than a year is annualised: GIPS 2020, provision 2.A.12."""
    launch, as_of = occasion.day("launch"), occasion.day("as_of")
    for key, value in occasion.keyed("annualised").items():
        months = months_of(key)
        young = key == "since_inception" and launch is not None and as_of is not None and as_of < _year_after(launch)
        if 0 < months < 12 or young:
            yield occasion.finding(
                (value.ref,),
                f"{value.ref} ({value.evidence.quote}) is annualised over less than a year",
                printed=value,
            )


def _year_after(day: date) -> date:
    return date(day.year + 1, 3, 1) if (day.month, day.day) == (2, 29) else day.replace(year=day.year + 1)


@check("months_within_life", "error", months=_MONTHS, as_of=_AS_OF, launch=_LAUNCH)
def months_within_life(occasion: Occasion) -> Iterator[Finding]:
    """The monthly grid has no figure after the month of the as-of date and none before the month of the launch."""
    as_of, launch, grid = occasion.day("as_of"), occasion.day("launch"), occasion.keyed("months")
    for key, value in sorted(grid.items()):
        if as_of is not None and key > month_key(as_of):
            yield occasion.finding(
                (value.ref,),
                f"{value.ref} ({value.evidence.quote}) is later than the as-of date {as_of}",
                printed=value,
            )
        elif launch is not None and key < month_key(launch):
            yield occasion.finding(
                (value.ref,),
                f"{value.ref} ({value.evidence.quote}) is earlier than the launch on {launch}",
                printed=value,
            )


@check("best_month_is_of_grid", "needs_person", best=_PERCENT, months=_MONTHS, as_of=_AS_OF, launch=_LAUNCH, over=WINDOW)
def best_month_is_of_grid(occasion: Occasion) -> Iterator[Finding]:
    """The best month is the highest figure of the monthly grid; a grid with a gap is left alone."""
    yield from _extreme(occasion, "best", "highest")


@check(
    "worst_month_is_of_grid", "needs_person", worst=_PERCENT, months=_MONTHS, as_of=_AS_OF, launch=_LAUNCH, over=WINDOW
)
def worst_month_is_of_grid(occasion: Occasion) -> Iterator[Finding]:
    """The worst month is the lowest figure of the monthly grid; a grid with a gap is left alone."""
    yield from _extreme(occasion, "worst", "lowest")


def _extreme(occasion: Occasion, parameter: str, says: str) -> Iterator[Finding]:
    printed, months = occasion.one(parameter), window(occasion, occasion.whole("over"))
    if printed is None or not months:
        return
    outer = max if says == "highest" else min
    figures = [Interval.printed(month) for month in months]
    computed = Interval(outer(figure.low for figure in figures), outer(figure.high for figure in figures))
    if not computed.fits(Interval.printed(printed)):
        month = outer(months, key=lambda one: one.value)
        yield occasion.finding(
            (printed.ref, month.ref),
            f"{occasion.title(printed.ref)} is printed as {printed.evidence.quote}, and the {says} of the {len(months)} "
            f"months is {month.evidence.quote} ({month.key})",
            computed=computed,
            printed=printed,
        )


@check(
    "positive_months_are_of_grid",
    "needs_person",
    positive=_PERCENT,
    months=_MONTHS,
    as_of=_AS_OF,
    launch=_LAUNCH,
    over=WINDOW,
)
def positive_months_are_of_grid(occasion: Occasion) -> Iterator[Finding]:
    """The share of months with a gain is that of the monthly grid; a month printed as zero may be either."""
    printed, months = occasion.one("positive"), window(occasion, occasion.whole("over"))
    if printed is None or not months:
        return
    figures = [Interval.printed(month) for month in months]
    gains, no_losses = (sum(end > 0 for end in ends) for ends in zip(*((f.low, f.high) for f in figures), strict=True))
    computed = Interval.exactly(HUNDRED) * Interval(Decimal(gains), Decimal(no_losses)) / Interval.exactly(len(months))
    if not computed.fits(Interval.printed(printed)):
        yield occasion.finding(
            (printed.ref,),
            f"{occasion.title(printed.ref)} is printed as {printed.evidence.quote}, and {gains} of the {len(months)} months "
            f"of the grid are gains",
            computed=computed,
            printed=printed,
        )


_COMPARED = FieldParameter((Kind.PERCENT,), ("", "period", "year"))


@check("excess_is_difference", "needs_person", fund=_COMPARED, benchmark=_COMPARED, excess=_COMPARED)
def excess_is_difference(occasion: Occasion) -> Iterator[Finding]:
    """The excess return is fund less benchmark, or the fund's growth over the benchmark's: both forms are in use."""
    for fund, benchmark, excess in occasion.matched("fund", "benchmark", "excess"):
        one, other, printed = (Interval.printed(value) for value in (fund, benchmark, excess))
        forms = [one - other]
        if growth(other).low > 0:
            forms.append(as_percent(growth(one) / growth(other)))
        if any(form.fits(printed) for form in forms):
            continue
        yield occasion.finding(
            (excess.ref, fund.ref, benchmark.ref),
            f"{occasion.title(excess.ref)} is printed as {excess.evidence.quote}; {fund.evidence.quote} of the fund less "
            f"{benchmark.evidence.quote} of the benchmark is {percents(forms[0])}",
            computed=forms[0],
            printed=excess,
        )
