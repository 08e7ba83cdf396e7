"""Checks over returns of whole periods: annualised and cumulative, years and the periods that they make, and the life of the fund.

A figure for less than a year is not annualised (GIPS 2020, provision 2.A.12).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta

from workflow_orchestrator.rules.findings import NotApplicable, Verdict
from workflow_orchestrator.rules.grid import (
    ends_a_month,
    month_end,
    month_key,
    months_before,
    months_between,
    months_of,
)
from workflow_orchestrator.rules.interval import Interval, as_percent, compound, growth, over_years, per_year
from workflow_orchestrator.rules.registry import Basis, FieldParameter, NumberParameter, Occasion, check
from workflow_orchestrator.rules.returns import same_figure
from workflow_orchestrator.rules.words import percents, shown
from workflow_orchestrator.values import Kind, Value

_MONTHS = FieldParameter((Kind.PERCENT,), ("month",), says="monthly returns")
_PERCENT = FieldParameter((Kind.PERCENT,))
_PERIODS = FieldParameter((Kind.PERCENT,), ("period",))
_YEARS = FieldParameter((Kind.PERCENT,), ("year",))
_WHOLE_YEARS = FieldParameter((Kind.PERCENT,), ("year", "year_to"), says="calendar years, or twelve months each")
_AS_OF = FieldParameter((Kind.DATE,), says="the date of the figures")
_DAY = FieldParameter((Kind.DATE,), required=False, says="the date of the figures")
_LAUNCH = FieldParameter((Kind.DATE,), required=False, says="the launch date")
_INCEPTION = "since_inception"


@check(
    "annualised_fits_cumulative",
    "error",
    Basis(("FX-04",), "annualised = (1 + cumulative) ^ (1 / n) − 1, over n years"),
    annualised=_PERIODS,
    cumulative=_PERIODS,
    launch=_LAUNCH,
    as_of=_DAY,
)
def annualised_fits_cumulative(occasion: Occasion) -> Iterator[Verdict]:
    """The annualised figure of a period, over its years, gives the cumulative figure of the same period.

    For `since_inception` the years run from the launch to the as-of date. Providers count them by days or by months,
    from the launch or from the first price, so one month of play is left to each side.
    """
    cumulative = occasion.keyed("cumulative")
    if why := occasion.unmatched("annualised", "cumulative"):
        yield why
    for key, annual in occasion.keyed("annualised").items():
        total, years = cumulative.get(key), _years_of(occasion, key)
        if total is None:
            continue
        if years is None:
            yield NotApplicable("it is not over a known number of whole years", (annual.ref, total.ref))
            continue
        computed = over_years(Interval.printed(annual), years)
        yield occasion.judged(
            computed.fits(Interval.printed(total)),
            (annual.ref, total.ref),
            f"{occasion.title(annual.ref)}: {shown(annual)} a year gives {percents(computed)}, and the cumulative return is printed "
            f"as {shown(total)}",
            computed=computed,
            printed=total,
        )


def _years_of(occasion: Occasion, period: str) -> Interval | None:
    months = months_of(period)
    if months >= 12 and months % 12 == 0:
        return Interval.exactly(months // 12)
    launch, as_of = occasion.day("launch"), occasion.day("as_of")
    if period != _INCEPTION or launch is None or as_of is None or as_of <= launch:
        return None
    days = (as_of - launch).days
    low, high = Interval.exactly(max(days - 31, 0)), Interval.exactly(days + 31)
    return Interval(low.low / 366, high.high / 365)


@check(
    "not_annualised_under_a_year",
    "error",
    Basis(("FX-05",), "an annualised figure is over twelve months or more"),
    annualised=_PERIODS,
    launch=_LAUNCH,
    as_of=_DAY,
)
def not_annualised_under_a_year(occasion: Occasion) -> Iterator[Verdict]:
    """No figure for less than a year is annualised: GIPS 2020, provision 2.A.12.

    The last business day of a month stands for its end: from 31 October to 30 October of the next year is a year.
    """
    launch, as_of = occasion.day("launch"), occasion.day("as_of")
    for key, value in occasion.keyed("annualised").items():
        months = months_of(key)
        young = key == _INCEPTION and launch is not None and as_of is not None and _end(as_of) < _year_after(launch)
        if not months and (key != _INCEPTION or launch is None or as_of is None):
            yield NotApplicable("nobody knows how long it is: launch and as-of date are not both printed", (value.ref,))
            continue
        yield occasion.judged(
            months >= 12 or (not months and not young),
            (value.ref,),
            f"{occasion.title(value.ref)} ({shown(value)}) is annualised over less than a year",
            computed=f"{months} months" if months else f"{launch} to {as_of}",
            printed=value,
        )


def _end(as_of: date) -> date:
    return month_end(as_of) if ends_a_month(as_of) else as_of


def _year_after(day: date) -> date:
    return date(day.year + 1, 3, 1) if (day.month, day.day) == (2, 29) else day.replace(year=day.year + 1)


@check(
    "ytd_equals_period",
    "error",
    Basis(("FX-02",), "YTD = 1 month in January, 3 months in March, 6 months in June, 1 year in December"),
    ytd=_PERCENT,
    periods=_PERIODS,
    as_of=_AS_OF,
    month=FieldParameter((Kind.PERCENT,), required=False, says="the return of the month, for January"),
    launch=_LAUNCH,
)
def ytd_equals_period(occasion: Occasion) -> Iterator[Verdict]:
    """Where a printed period is the year so far, it is the YTD figure: three months at the end of March, a year at that of December.

    So is the figure since inception of a fund that was launched within the year.
    """
    ytd, as_of, launch = occasion.one("ytd"), occasion.day("as_of"), occasion.day("launch")
    if ytd is None or as_of is None:
        return
    if not ends_a_month(as_of):
        yield NotApplicable(f"the figures are of {as_of}, within a month", (ytd.ref,))
        return
    launched = launch is not None and launch.year == as_of.year and launch <= as_of
    wanted = _INCEPTION if launched else f"{as_of.month}m" if as_of.month < 12 else "1y"
    same = occasion.keyed("periods").get(wanted)
    if same is None and as_of.month == 1 and not launched:
        same = occasion.one("month")
    if same is None:
        yield NotApplicable(f"no period is printed that is the year to {as_of}", (ytd.ref,))
    else:
        yield same_figure(occasion, ytd, same)


@check(
    "years_compound_to_periods",
    "error",
    Basis(("FX-01", "FX-04"), "period = Π (1 + yⱼ) − 1, annualised = (Π (1 + yⱼ)) ^ (1 / n) − 1, over n years"),
    years=_WHOLE_YEARS,
    as_of=_AS_OF,
    periods=FieldParameter((Kind.PERCENT,), ("period",), required=False, says="cumulative"),
    annualised=FieldParameter((Kind.PERCENT,), ("period",), required=False),
)
def years_compound_to_periods(occasion: Occasion) -> Iterator[Verdict]:
    """At the end of December the last calendar years compound to the figures over as many years, cumulative or annualised.

    So do twelve months each that end with the month of the figures.
    """
    as_of, years = occasion.day("as_of"), occasion.keyed("years")
    if as_of is None or not years:
        return
    calendar = all("-" not in key for key in years)
    last = next((key for key in years if key == f"{as_of:%Y-%m}"), "")
    if not ends_a_month(as_of) or (as_of.month != 12 if calendar else not last):
        ends = "calendar years end in December" if calendar else f"the last twelve months end with {max(years)}"
        yield NotApplicable(f"the figures are of {as_of}, and {ends}", (occasion.fields["years"],))
        return
    month = "" if calendar else last[4:]
    for parameter in ("periods", "annualised"):
        for key, result in occasion.keyed(parameter).items():
            count, rest = divmod(months_of(key), 12)
            wanted = [f"{as_of.year - back:04d}{month}" for back in range(count)]
            if not count or rest or not all(year in years for year in wanted):
                continue
            computed = compound(Interval.printed(years[year]) for year in wanted)
            if parameter == "annualised":
                computed = per_year(computed, count)
            yield occasion.judged(
                computed.fits(Interval.printed(result)),
                (result.ref, *(years[year].ref for year in wanted)),
                f"{occasion.title(result.ref)} is printed as {shown(result)}, and the years {wanted[-1]} to {wanted[0]} compound to "
                f"{percents(computed)}",
                computed=computed,
                printed=result,
            )


@check(
    "months_within_life",
    "error",
    Basis(("FX-03",), "month of the launch ≤ month ≤ month of the as-of date"),
    months=_MONTHS,
    as_of=_AS_OF,
    launch=_LAUNCH,
)
def months_within_life(occasion: Occasion) -> Iterator[Verdict]:
    """The monthly grid has no figure after the month of the as-of date and none before the month of the launch."""
    yield from _within_life(occasion, "months", month_key)


@check(
    "years_within_life",
    "error",
    Basis(("FX-03",), "year of the launch ≤ year ≤ year of the as-of date"),
    years=_YEARS,
    as_of=_AS_OF,
    launch=_LAUNCH,
)
def years_within_life(occasion: Occasion) -> Iterator[Verdict]:
    """The table of years has no figure after the year of the as-of date and none before the year of the launch."""
    yield from _within_life(occasion, "years", lambda day: f"{day.year:04d}")


def _within_life(occasion: Occasion, parameter: str, key_of: Callable[[date], str]) -> Iterator[Verdict]:
    as_of, launch, table = occasion.day("as_of"), occasion.day("launch"), occasion.keyed(parameter)
    if not table or (as_of is None and launch is None):
        return
    bounds = f"{key_of(launch) if launch else '…'} to {key_of(as_of) if as_of else '…'}"
    outside = False
    for key, value in sorted(table.items()):
        late = as_of is not None and key > key_of(as_of)
        if late or (launch is not None and key < key_of(launch)):
            outside = True
            why = f"is later than the as-of date {as_of}" if late else f"is earlier than the launch on {launch}"
            yield occasion.finding(
                (value.ref,), f"{occasion.title(value.ref)} ({shown(value)}) {why}", computed=bounds, printed=value
            )
    if not outside:
        yield occasion.held(tuple(value.ref for value in table.values()), computed=bounds, printed=f"{min(table)} to {max(table)}")


@check(
    "periods_within_life",
    "needs_person",
    Basis(("FX-03",), "length of the period ≤ as-of date − launch"),
    periods=_PERIODS,
    as_of=_AS_OF,
    launch=FieldParameter((Kind.DATE,), says="the launch date"),
    days=NumberParameter(31, 0, 366, "what counting from the end of a month may explain"),
)
def periods_within_life(occasion: Occasion) -> Iterator[Verdict]:
    """No figure is over a longer period than the fund has lived.

    Where a younger share class shows the figures of an older one, that is simulated past performance, and a person knows it.
    """
    as_of, launch = occasion.day("as_of"), occasion.day("launch")
    if as_of is None or launch is None:
        return
    for key, value in occasion.keyed("periods").items():
        months = months_of(key)
        if not months:
            continue
        first = months_before(_end(as_of), months)
        lived = months_between(launch, as_of)
        yield occasion.judged(
            launch <= first + timedelta(days=occasion.whole("days")),
            (value.ref, occasion.fields["launch"]),
            f"{occasion.title(value.ref)} ({shown(value)}) begins on {first}, and the launch was on {launch}",
            computed=f"{lived} months",
            printed=value,
        )


_COMPARED = FieldParameter((Kind.PERCENT,), ("", "period", "year"))


@check(
    "excess_is_difference",
    "needs_person",
    Basis(("FX-17",), "excess = fund − benchmark, or (1 + fund) / (1 + benchmark) − 1"),
    fund=_COMPARED,
    benchmark=_COMPARED,
    excess=_COMPARED,
)
def excess_is_difference(occasion: Occasion) -> Iterator[Verdict]:
    """The excess return is fund less benchmark, or the fund's growth over the benchmark's: both forms are in use."""
    if why := occasion.unmatched("fund", "benchmark", "excess"):
        yield why
    for fund, benchmark, excess in occasion.matched("fund", "benchmark", "excess"):
        forms = _differences(fund, benchmark)
        fitting = [form for form in forms if form.fits(Interval.printed(excess))]
        yield occasion.judged(
            bool(fitting),
            (excess.ref, fund.ref, benchmark.ref),
            f"{occasion.title(excess.ref)} is printed as {shown(excess)}; {shown(fund)} of the fund less {shown(benchmark)} of the "
            f"benchmark is {percents(forms[0])}",
            computed=(fitting or forms)[0],
            printed=excess,
        )


def _differences(fund: Value, benchmark: Value) -> list[Interval]:
    one, other = Interval.printed(fund), Interval.printed(benchmark)
    forms = [one - other]
    if growth(other).low > 0:
        forms.append(as_percent(growth(one) / growth(other)))
    return forms
