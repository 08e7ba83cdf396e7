"""Checks over what is counted in the monthly grid: the best month, the worst, and the share of gains."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from workflow_orchestrator.rules.findings import Verdict
from workflow_orchestrator.rules.grid import WINDOW, no_window, window
from workflow_orchestrator.rules.interval import HUNDRED, Interval
from workflow_orchestrator.rules.registry import Basis, FieldParameter, Occasion, check
from workflow_orchestrator.rules.words import shown
from workflow_orchestrator.values import Kind

_MONTHS = FieldParameter((Kind.PERCENT,), ("month",), says="monthly returns")
_PERCENT = FieldParameter((Kind.PERCENT,))
_AS_OF = FieldParameter((Kind.DATE,), says="the date of the figures")
_LAUNCH = FieldParameter((Kind.DATE,), required=False, says="the launch date")


@check(
    "best_month_is_of_grid",
    "needs_person",
    Basis(("FX-15",), "best = max mᵢ"),
    best=_PERCENT,
    months=_MONTHS,
    as_of=_AS_OF,
    launch=_LAUNCH,
    over=WINDOW,
)
def best_month_is_of_grid(occasion: Occasion) -> Iterator[Verdict]:
    """The best month is the highest figure of the monthly grid; a grid with a gap is left alone."""
    yield from _extreme(occasion, "best", "highest")


@check(
    "worst_month_is_of_grid",
    "needs_person",
    Basis(("FX-15",), "worst = min mᵢ"),
    worst=_PERCENT,
    months=_MONTHS,
    as_of=_AS_OF,
    launch=_LAUNCH,
    over=WINDOW,
)
def worst_month_is_of_grid(occasion: Occasion) -> Iterator[Verdict]:
    """The worst month is the lowest figure of the monthly grid; a grid with a gap is left alone."""
    yield from _extreme(occasion, "worst", "lowest")


def _extreme(occasion: Occasion, parameter: str, says: str) -> Iterator[Verdict]:
    printed, over = occasion.one(parameter), occasion.whole("over")
    if printed is None or not occasion.keyed("months"):
        return
    months = window(occasion, over)
    if not months:
        yield no_window(occasion, over, printed)
        return
    outer = max if says == "highest" else min
    figures = [Interval.printed(month) for month in months]
    computed = Interval(outer(figure.low for figure in figures), outer(figure.high for figure in figures))
    month = outer(months, key=lambda one: one.value)
    yield occasion.judged(
        computed.fits(Interval.printed(printed)),
        (printed.ref, month.ref),
        f"{occasion.title(printed.ref)} is printed as {shown(printed)}, and the {says} of the {len(months)} months is "
        f"{shown(month)} ({month.key})",
        computed=computed,
        printed=printed,
    )


@check(
    "positive_months_are_of_grid",
    "needs_person",
    Basis(("FX-15",), "share = 100 · number of mᵢ > 0 / number of months"),
    positive=_PERCENT,
    months=_MONTHS,
    as_of=_AS_OF,
    launch=_LAUNCH,
    over=WINDOW,
)
def positive_months_are_of_grid(occasion: Occasion) -> Iterator[Verdict]:
    """The share of months with a gain is that of the monthly grid; a month printed as zero may be either."""
    printed, over = occasion.one("positive"), occasion.whole("over")
    if printed is None or not occasion.keyed("months"):
        return
    months = window(occasion, over)
    if not months:
        yield no_window(occasion, over, printed)
        return
    figures = [Interval.printed(month) for month in months]
    gains, no_losses = (sum(end > 0 for end in ends) for ends in zip(*((f.low, f.high) for f in figures), strict=True))
    computed = Interval.exactly(HUNDRED) * Interval(Decimal(gains), Decimal(no_losses)) / Interval.exactly(len(months))
    yield occasion.judged(
        computed.fits(Interval.printed(printed)),
        (printed.ref,),
        f"{occasion.title(printed.ref)} is printed as {shown(printed)}, and {gains} of the {len(months)} months of the grid are gains",
        computed=computed,
        printed=printed,
    )
