"""Checks over returns: months compound to longer periods, one figure printed twice is one, annualised fits cumulative.

The rules are GIPS arithmetic: returns over consecutive periods multiply; a figure for less than a year is not
annualised (GIPS 2020, provision 2.A.12). All comparisons are between intervals of printed digits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from workflow_orchestrator.rules.findings import Finding
from workflow_orchestrator.rules.interval import Interval, compound, over_years
from workflow_orchestrator.rules.registry import FieldParameter, Occasion, check
from workflow_orchestrator.values import Kind, Value

_MONTHS_ASKED = 12

_MONTHS = FieldParameter((Kind.PERCENT,), ("month",), says="monthly returns")
_PERCENT = FieldParameter((Kind.PERCENT,))
_PERIODS = FieldParameter((Kind.PERCENT,), ("period",))
_YEARS = FieldParameter((Kind.PERCENT,), ("year",))
_AS_OF = FieldParameter((Kind.DATE,), says="the date of the figures")
_LAUNCH = FieldParameter((Kind.DATE,), required=False, says="the launch date")


def _month_key(year: int, month: int) -> str:
    return f"{year:04d}-{month:02d}"


def _back(as_of: date, count: int) -> list[str]:
    """The keys of the last `count` months up to the month of a day, oldest first."""
    last = as_of.year * 12 + as_of.month - 1
    return [_month_key(index // 12, index % 12 + 1) for index in range(last - count + 1, last + 1)]


def _compared(occasion: Occasion, months: list[Value], result: Value, says: str) -> Iterator[Finding]:
    computed = compound(Interval.printed(month) for month in months)
    if not computed.fits(Interval.printed(result)):
        # Nobody looks through ten years of months in a form; over a year, the result is what is asked for.
        suspects = months if len(months) <= _MONTHS_ASKED else []
        yield occasion.finding(
            (result.ref, *(month.ref for month in suspects)),
            f"{says} is printed as {result.evidence.quote}, and the months compound to {_words(computed)}",
            computed=computed,
            printed=result,
        )


def _words(computed: Interval) -> str:
    return f"between {computed.low:.3f} % and {computed.high:.3f} %"


@check("months_compound_to_ytd", "error", months=_MONTHS, ytd=_PERCENT, as_of=_AS_OF, launch=_LAUNCH)
def months_compound_to_ytd(occasion: Occasion) -> Iterator[Finding]:
    """The months of the year so far compound to the YTD figure.

    Applies when the grid has every month from January (or the month after the launch's, or the launch's own) to the
    month of the as-of date.
    """
    as_of, ytd, grid = occasion.day("as_of"), occasion.one("ytd"), occasion.keyed("months")
    if as_of is None or ytd is None:
        return
    keys = _back(as_of, as_of.month)
    launch = occasion.day("launch")
    if launch is not None and launch.year == as_of.year:
        keys = [key for key in keys if key >= _month_key(launch.year, launch.month)]
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
        count = _months_of(key)
        if key == "since_inception" and launch is not None and launch <= as_of:
            count = (as_of.year - launch.year) * 12 + as_of.month - launch.month + 1
        keys = _back(as_of, count) if count else []
        if keys and all(month in grid for month in keys):
            yield from _compared(occasion, [grid[month] for month in keys], result, f"the return over {key}")


def _months_of(period: str) -> int:
    """How many months a period such as `6m` or `3y` has; 0 for one without a fixed length."""
    match = re.fullmatch("([1-9][0-9]?)([my])", period)
    return 0 if match is None else int(match.group(1)) * (12 if match.group(2) == "y" else 1)


@check("month_equals_grid", "error", month=_PERCENT, months=_MONTHS, as_of=_AS_OF)
def month_equals_grid(occasion: Occasion) -> Iterator[Finding]:
    """The month's return is the last one in the monthly grid, at the precision that both print."""
    month, grid, as_of = occasion.one("month"), occasion.keyed("months"), occasion.day("as_of")
    if month is None or not grid:
        return
    last = grid.get(_month_key(as_of.year, as_of.month)) if as_of is not None else grid[max(grid)]
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
                f"{annual.evidence.quote} a year over {key} gives {_words(computed)}, and the cumulative "
                f"return is printed as {total.evidence.quote}",
                computed=computed,
                printed=total,
            )


def _years_of(occasion: Occasion, period: str) -> Interval | None:
    months = _months_of(period)
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
        months = _months_of(key)
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
        if as_of is not None and key > _month_key(as_of.year, as_of.month):
            yield occasion.finding(
                (value.ref,),
                f"{value.ref} ({value.evidence.quote}) is later than the as-of date {as_of}",
                printed=value,
            )
        elif launch is not None and key < _month_key(launch.year, launch.month):
            yield occasion.finding(
                (value.ref,),
                f"{value.ref} ({value.evidence.quote}) is earlier than the launch on {launch}",
                printed=value,
            )
