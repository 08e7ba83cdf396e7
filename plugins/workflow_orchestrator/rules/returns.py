"""Checks over the monthly grid: months compound to longer periods, and one figure printed twice is one.

Returns over consecutive periods multiply. All comparisons are between intervals of printed digits.
"""

from __future__ import annotations

from collections.abc import Iterator

from workflow_orchestrator.rules.findings import Finding, Held, NotApplicable, Verdict
from workflow_orchestrator.rules.grid import (
    ends_a_month,
    gap,
    last_months,
    month_key,
    months_between,
    months_of,
    window_keys,
)
from workflow_orchestrator.rules.interval import Interval, compound, per_year
from workflow_orchestrator.rules.registry import Basis, FieldParameter, Occasion, check
from workflow_orchestrator.rules.words import percents, shown
from workflow_orchestrator.values import Kind, Value

_MONTHS_ASKED = 12

_MONTHS = FieldParameter((Kind.PERCENT,), ("month",), says="monthly returns")
_PERCENT = FieldParameter((Kind.PERCENT,))
_PERIODS = FieldParameter((Kind.PERCENT,), ("period",))
_YEARS = FieldParameter((Kind.PERCENT,), ("year",))
_AS_OF = FieldParameter((Kind.DATE,), says="the date of the figures")
_LAUNCH = FieldParameter((Kind.DATE,), required=False, says="the launch date")


def _compared(occasion: Occasion, months: list[Value], result: Value) -> Finding | Held:
    computed = compound(Interval.printed(month) for month in months)
    # Nobody looks through ten years of months in a form; over a year, the result is what is asked for.
    suspects = months if len(months) <= _MONTHS_ASKED else []
    return occasion.judged(
        computed.fits(Interval.printed(result)),
        (result.ref, *(month.ref for month in suspects)),
        f"{occasion.title(result.ref)} is printed as {shown(result)}, and the {len(months)} months compound to "
        f"{percents(computed)}",
        computed=computed,
        printed=result,
    )


def _made_of(occasion: Occasion, keys: list[str], result: Value) -> Verdict:
    grid = occasion.keyed("months")
    if not keys:
        return NotApplicable("no month lies between the launch and the as-of date", (result.ref,))
    if not all(key in grid for key in keys):
        return gap(grid, keys, result) if grid else NotApplicable("no monthly returns are printed", (result.ref,))
    return _compared(occasion, [grid[key] for key in keys], result)


@check(
    "months_compound_to_ytd",
    "error",
    Basis(("FX-01",), "YTD = Π (1 + mᵢ) − 1, over the months of the year so far"),
    months=_MONTHS,
    ytd=_PERCENT,
    as_of=_AS_OF,
    launch=_LAUNCH,
)
def months_compound_to_ytd(occasion: Occasion) -> Iterator[Verdict]:
    """The months of the year so far compound to the YTD figure.

    Applies when the grid has every month from January, or from that of a launch within the year, to the month of the as-of date.
    """
    as_of, ytd, launch = occasion.day("as_of"), occasion.one("ytd"), occasion.day("launch")
    if as_of is None or ytd is None:
        return
    keys = last_months(as_of, as_of.month)
    if launch is not None and launch.year == as_of.year:
        keys = [key for key in keys if key >= month_key(launch)]
    yield _made_of(occasion, keys, ytd)


@check(
    "months_compound_to_year",
    "error",
    Basis(("FX-01", "FX-02"), "year = Π (1 + mᵢ) − 1, over its twelve months"),
    months=_MONTHS,
    years=_YEARS,
    as_of=FieldParameter((Kind.DATE,), required=False, says="the date of the figures, which ends the running year"),
    launch=_LAUNCH,
)
def months_compound_to_year(occasion: Occasion) -> Iterator[Verdict]:
    """The twelve months of a year compound to the figure of the calendar year; a year with a gap is left alone.

    The year of the launch begins with the month of the launch, and the running year ends with the month of the as-of date.
    """
    as_of, launch = occasion.day("as_of"), occasion.day("launch")
    for year, result in occasion.keyed("years").items():
        first = launch.month if launch is not None and year == f"{launch.year:04d}" else 1
        last = as_of.month if as_of is not None and year == f"{as_of.year:04d}" else 12
        yield _made_of(occasion, [f"{year}-{month:02d}" for month in range(first, last + 1)], result)


@check(
    "months_compound_to_periods",
    "error",
    Basis(("FX-01",), "period = Π (1 + mᵢ) − 1, over its last months"),
    months=_MONTHS,
    periods=_PERIODS,
    as_of=_AS_OF,
    launch=_LAUNCH,
)
def months_compound_to_periods(occasion: Occasion) -> Iterator[Verdict]:
    """The last 3, 6, 12, … months compound to the cumulative figure of that period; a gap is left alone.

    `since_inception` is all months from the month of the launch. Figures of the middle of a month are over other months.
    """
    as_of, launch = occasion.day("as_of"), occasion.day("launch")
    if as_of is None:
        return
    for key, result in occasion.keyed("periods").items():
        count = months_of(key)
        if key == "since_inception" and launch is not None and launch <= as_of:
            count = months_between(launch, as_of) + 1
        if not count:
            yield NotApplicable("it has no fixed length, and no launch date before its end is printed", (result.ref,))
        elif key != "since_inception" and not ends_a_month(as_of):
            yield NotApplicable(f"the figures are of {as_of}, within a month", (result.ref,))
        else:
            yield _made_of(occasion, last_months(as_of, count), result)


@check(
    "months_compound_to_annualised",
    "error",
    Basis(("FX-01", "FX-04"), "annualised = (Π (1 + mᵢ)) ^ (1 / n) − 1, over 12 · n months"),
    months=_MONTHS,
    annualised=_PERIODS,
    as_of=_AS_OF,
    launch=_LAUNCH,
)
def months_compound_to_annualised(occasion: Occasion) -> Iterator[Verdict]:
    """The last 36, 60, … months compound to the annualised figure over its years; a gap is left alone."""
    as_of, grid = occasion.day("as_of"), occasion.keyed("months")
    if as_of is None or not grid:
        return
    for key, annual in occasion.keyed("annualised").items():
        count = months_of(key)
        if count < _MONTHS_ASKED or count % 12:
            yield NotApplicable("it is not over whole years", (annual.ref,))
            continue
        keys = window_keys(occasion, count)
        if not ends_a_month(as_of):
            yield NotApplicable(f"the figures are of {as_of}, within a month", (annual.ref,))
        elif not all(month in grid for month in keys):
            yield gap(grid, keys, annual)
        else:
            yield _annualised(occasion, [grid[month] for month in keys], annual)


def _annualised(occasion: Occasion, months: list[Value], annual: Value) -> Finding | Held:
    years = len(months) // 12
    computed = per_year(compound(Interval.printed(month) for month in months), years)
    return occasion.judged(
        computed.fits(Interval.printed(annual)),
        (annual.ref,),
        f"{occasion.title(annual.ref)} is printed as {shown(annual)} a year, and the {len(months)} months compound to "
        f"{percents(computed)} a year",
        computed=computed,
        printed=annual,
    )


@check(
    "month_equals_grid",
    "error",
    Basis(("FX-02",), "month = last month of the grid, at the coarser precision of both"),
    month=_PERCENT,
    months=_MONTHS,
    as_of=_AS_OF,
)
def month_equals_grid(occasion: Occasion) -> Iterator[Verdict]:
    """The month's return is the last one in the monthly grid, at the precision that both print."""
    month, grid, as_of = occasion.one("month"), occasion.keyed("months"), occasion.day("as_of")
    if month is None or not grid:
        return
    key = month_key(as_of) if as_of is not None else max(grid)
    last = grid.get(key)
    yield gap(grid, [key], month) if last is None else same_figure(occasion, month, last)


@check(
    "ytd_equals_grid",
    "error",
    Basis(("FX-02",), "YTD = total of the running year, at the coarser precision of both"),
    ytd=_PERCENT,
    years=_YEARS,
    as_of=_AS_OF,
)
def ytd_equals_grid(occasion: Occasion) -> Iterator[Verdict]:
    """The YTD figure is the running year's figure in the table of years, at the precision that both print."""
    ytd, as_of, years = occasion.one("ytd"), occasion.day("as_of"), occasion.keyed("years")
    if ytd is None or as_of is None or not years:
        return
    year = years.get(f"{as_of.year:04d}")
    if year is None:
        yield NotApplicable(f"the table of years does not have {as_of.year}", (ytd.ref,))
    else:
        yield same_figure(occasion, ytd, year)


def same_figure(occasion: Occasion, one: Value, other: Value) -> Finding | Held:
    """Whether two printings of one figure can be the same number."""
    return occasion.judged(
        Interval.printed(one).fits(Interval.printed(other)),
        (one.ref, other.ref),
        f"{occasion.title(one.ref)} is printed as {shown(one)} on page {one.evidence.page}, and {occasion.title(other.ref)} as "
        f"{shown(other)} on page {other.evidence.page}; both are the same figure",
        computed=Interval.printed(other),
        printed=one,
    )
