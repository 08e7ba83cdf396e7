"""Checks of a company's figures against the release before: the quarter that is added to the year, the column of the year before.

Fiscal years of 52 or 53 weeks end some days before or after the end of a month, so a day counts as of the month a week before it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise

from workflow_orchestrator.fields import KEYED
from workflow_orchestrator.rules.figures import one_unit, two_units
from workflow_orchestrator.rules.findings import NotApplicable, Verdict
from workflow_orchestrator.rules.grid import months_between
from workflow_orchestrator.rules.interval import Interval
from workflow_orchestrator.rules.registry import Basis, FieldParameter, NumberParameter, Occasion, drift_check
from workflow_orchestrator.rules.words import like, shown
from workflow_orchestrator.values import Kind

_ANY = ("", *KEYED)
_DATE = FieldParameter((Kind.DATE,), says="the end of the fiscal period")
_FIGURE = FieldParameter((Kind.MONEY, Kind.INTEGER, Kind.RATIO, Kind.PERCENT), _ANY)
_QUARTER = 3
_PERIODS = ("3m", "6m", "9m", "1y")  # from the beginning of the fiscal year, each a quarter longer
_YEAR = 12


def _fiscal_month(day: date) -> date:
    return day - timedelta(days=7)


@drift_check(
    "ytd_adds_quarter",
    "needs_person",
    Basis(("ER-08",), "YTD = YTD before + quarter; in the first quarter, YTD = quarter"),
    ytd=FieldParameter((Kind.MONEY,), _ANY),
    quarter=FieldParameter((Kind.MONEY,), _ANY),
    as_of=_DATE,
    year_end=NumberParameter(12, 1, 12, "the month in which the fiscal year ends"),
)
def ytd_adds_quarter(occasion: Occasion) -> Iterator[Verdict]:
    """An amount of the year so far is that of the release a quarter before with the quarter; a new year begins anew.

    A person looks, because companies restate. Earnings per share do not add up: the number of shares changes.
    """
    as_of, previous = occasion.day("as_of"), occasion.previous
    if as_of is None or previous is None:
        return
    before = occasion.before("ytd")
    first = (_fiscal_month(as_of).month - occasion.whole("year_end")) % _YEAR == _QUARTER
    if not first and months_between(_fiscal_month(previous.as_of), _fiscal_month(as_of)) != _QUARTER:
        yield NotApplicable(f"the release of {previous.as_of} is not of the quarter before")
        return
    for ytd, quarter in occasion.matched("ytd", "quarter"):
        parts = [quarter] if first else [quarter, *(before[key] for key in (ytd.key,) if key in before)]
        if not first and len(parts) == 1:
            yield NotApplicable(f"the release of {previous.as_of} did not print it", (ytd.ref,))
            continue
        if not one_unit(ytd, *parts):
            yield two_units(ytd, *parts)
            continue
        computed = sum((Interval.printed(part) for part in parts[1:]), Interval.printed(quarter))
        then = "the first of the year" if first else f"{shown(parts[1])} of the release of {previous.as_of}"
        yield occasion.judged(
            computed.fits(Interval.printed(ytd)),
            (ytd.ref, quarter.ref),
            f"{occasion.title(ytd.ref)} is printed as {shown(ytd)}, and a quarter of {shown(quarter)}, {then}, makes "
            f"{like(computed, ytd)}",
            computed=computed,
            printed=ytd,
        )


@drift_check(
    "period_adds_quarter",
    "needs_person",
    Basis(("ER-08",), "6m = 3m before + 3m; 9m = 6m before + 3m; 1y = 9m before + 3m"),
    figure=FieldParameter((Kind.MONEY,), ("period",), says="an amount of the quarter and of the months since the year began"),
    as_of=_DATE,
)
def period_adds_quarter(occasion: Occasion) -> Iterator[Verdict]:
    """The amount of six or nine months, or of the year, is that of the release a quarter before with the quarter of this one.

    A person looks, because companies restate. A fourth quarter that is not printed leaves the year alone.
    """
    as_of, previous = occasion.day("as_of"), occasion.previous
    if as_of is None or previous is None:
        return
    if months_between(_fiscal_month(previous.as_of), _fiscal_month(as_of)) != _QUARTER:
        yield NotApplicable(f"the release of {previous.as_of} is not of the quarter before")
        return
    now, before = occasion.keyed("figure"), occasion.before("figure")
    quarter = now.get(_PERIODS[0])
    for shorter, longer in pairwise(_PERIODS):
        total, then = now.get(longer), before.get(shorter)
        if total is None:
            continue
        if quarter is None or then is None:
            missing = "the quarter is not printed" if quarter is None else f"the release of {previous.as_of} did not print it"
            yield NotApplicable(missing, (total.ref,))
            continue
        if not one_unit(total, then, quarter):
            yield two_units(total, then, quarter)
            continue
        computed = Interval.printed(then) + Interval.printed(quarter)
        yield occasion.judged(
            computed.fits(Interval.printed(total)),
            (total.ref, quarter.ref),
            f"{occasion.title(total.ref)} is printed as {shown(total)}, and {shown(then)} of the release of {previous.as_of} with a "
            f"quarter of {shown(quarter)} makes {like(computed, total)}",
            computed=computed,
            printed=total,
        )


@drift_check(
    "prior_is_as_released",
    "needs_person",
    Basis(("ER-08",), "prior now = current of a year before, at the coarser precision of both"),
    prior=_FIGURE,
    current=_FIGURE,
    as_of=_DATE,
)
def prior_is_as_released(occasion: Occasion) -> Iterator[Verdict]:
    """The column of the year before prints what the release of that year printed; a person looks, because companies restate."""
    as_of, previous = occasion.day("as_of"), occasion.previous
    if as_of is None or previous is None:
        return
    if months_between(_fiscal_month(previous.as_of), _fiscal_month(as_of)) != _YEAR:
        yield NotApplicable(f"the release of {previous.as_of} is not of a year before")
        return
    released = occasion.before("current")
    for key, prior in occasion.keyed("prior").items():
        then = released.get(key)
        if then is None:
            yield NotApplicable(f"the release of {previous.as_of} did not print it", (prior.ref,))
            continue
        yield occasion.judged(
            prior.unit == then.unit and Interval.printed(then).fits(Interval.printed(prior)),
            (prior.ref,),
            f"{occasion.title(prior.ref)} is printed as {shown(prior)}, and the release of {previous.as_of} printed {shown(then)}",
            computed=f"{shown(then)} ({previous.as_of})",
            printed=prior,
        )
