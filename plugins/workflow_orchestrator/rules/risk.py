"""Checks over risk figures: scales, the Sharpe ratio against return and volatility, drawdown and volatility against months.

A sheet often prints a Sharpe ratio, a volatility or a drawdown without saying over which window. Then a figure is held against every
window that the sheet could mean, and only what fits none of them is a finding.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from workflow_orchestrator.rules.findings import NotApplicable, Verdict
from workflow_orchestrator.rules.grid import no_window, window
from workflow_orchestrator.rules.interval import HUNDRED, Interval, deepest_fall, standard_deviation
from workflow_orchestrator.rules.registry import (
    Basis,
    DecimalParameter,
    FieldParameter,
    NumberParameter,
    Occasion,
    check,
)
from workflow_orchestrator.rules.words import percents, shown
from workflow_orchestrator.values import Kind, Value

_PERCENT = FieldParameter((Kind.PERCENT,))
_SRI = FieldParameter((Kind.INTEGER,))
_MONTHS = FieldParameter((Kind.PERCENT,), ("month",), says="monthly returns")
_AS_OF = FieldParameter((Kind.DATE,), says="the date of the figures")
_LAUNCH = FieldParameter((Kind.DATE,), required=False, says="the launch date")

# Regulation (EU) 2017/653 (PRIIPs), annex II, has seven classes; these bands are the reading that its words carry.
_RISK_BANDS = {"Low": (1, 2), "Medium": (3, 4, 5), "High": (6, 7)}
# The same annex, part 1: upper ends of the VaR-equivalent volatility of the classes 1 to 6, in per cent.
_CLASS_ENDS = tuple(map(Decimal, ("0.5", "5", "12", "20", "30", "80")))
# The SRRI of the older UCITS documents has narrower classes (CESR/10-673, box 1).
_SRRI_ENDS = tuple(map(Decimal, ("0.5", "2", "5", "10", "15", "25")))


@check(
    "sri_in_scale",
    "error",
    Basis(("FX-13",), "SRI ∈ {1, …, steps}"),
    sri=_SRI,
    steps=NumberParameter(7, 2, 10, "how many steps the scale has: 7 (PRIIPs, UCITS), 10 (UK CCI)"),
)
def sri_in_scale(occasion: Occasion) -> Iterator[Verdict]:
    """The risk indicator is a whole step of its scale."""
    sri, steps = occasion.one("sri"), occasion.whole("steps")
    if sri is None:
        return
    yield occasion.judged(
        sri.value in range(1, steps + 1),
        (sri.ref,),
        f"the SRI is printed as {shown(sri)}, and its scale has the steps 1 to {steps}",
        computed=f"1 to {steps}",
        printed=sri,
    )


@check(
    "risk_level_fits_sri",
    "warning",
    Basis(("FX-13",), "{1, 2} Low, {3, 4, 5} Medium, {6, 7} High"),
    level=FieldParameter((Kind.CHOICE,)),
    sri=_SRI,
)
def risk_level_fits_sri(occasion: Occasion) -> Iterator[Verdict]:
    """The risk level in words fits the SRI: 1 and 2 are Low, 3 to 5 Medium, 6 and 7 High."""
    level, sri = occasion.one("level"), occasion.one("sri")
    if level is None or sri is None:
        return
    band = _RISK_BANDS.get(str(level.value))
    # Another scale than 1 to 7 (the UK's has ten steps) has no agreed words, and then there is nothing to compare.
    if band is None or sri.value not in range(1, 8):
        yield NotApplicable("only Low, Medium and High, and the scale 1 to 7, have words in common", (level.ref, sri.ref))
        return
    expected = next(word for word, classes in _RISK_BANDS.items() if sri.value in classes)
    yield occasion.judged(
        sri.value in band,
        (level.ref, sri.ref),
        f"the risk level is printed as {shown(level)!r}, and an SRI of {sri.value} reads {expected}",
        computed=expected,
        printed=level,
    )


@check(
    "sri_fits_volatility",
    "warning",
    Basis(("FX-13",), "|SRI − class of the volatility| ≤ 1; classes end at 0.5, 5, 12, 20, 30 and 80 %"),
    sri=_SRI,
    volatility=_PERCENT,
)
def sri_fits_volatility(occasion: Occasion) -> Iterator[Verdict]:
    """The SRI is at most one class from that of the volatility (Regulation (EU) 2017/653, annex II).

    An indicator whose label does not say SRI may be the older SRRI, whose classes end at 0.5, 2, 5, 10, 15 and 25 % (CESR/10-673).
    """
    sri, volatility = occasion.one("sri"), occasion.one("volatility")
    if sri is None or volatility is None:
        return
    # Credit risk can lift the SRI, and the window differs: hence one class of play. Other scales have other bands.
    if sri.value not in range(1, 8):
        yield NotApplicable("the bands are those of the scale 1 to 7", (sri.ref, volatility.ref))
        return
    printed, number = Interval.printed(volatility), Decimal(str(sri.value))
    bands = [(_class_of(printed.low, ends), _class_of(printed.high, ends)) for ends in _scales_of(sri)]
    lowest, highest = bands[0]
    expected = str(lowest) if lowest == highest else f"{lowest} or {highest}"
    yield occasion.judged(
        any(low - 1 <= number <= high + 1 for low, high in bands),
        (sri.ref, volatility.ref),
        f"the SRI is printed as {shown(sri)}, and a volatility of {shown(volatility)} is class {expected}",
        computed=expected,
        printed=sri,
    )


def _scales_of(sri: Value) -> tuple[tuple[Decimal, ...], ...]:
    """The ends of the classes of the scales that an indicator can be of, by the words beside it."""
    said = f"{sri.evidence.label} {sri.evidence.quote}".upper()
    if "SRRI" in said:
        return (_SRRI_ENDS,)
    return (_CLASS_ENDS,) if "SRI" in said or "SUMMARY" in said else (_CLASS_ENDS, _SRRI_ENDS)


def _class_of(volatility: Decimal, ends: tuple[Decimal, ...]) -> int:
    return 1 + sum(volatility >= end for end in ends)


_ANY = ("", "period")
_WINDOWED = FieldParameter((Kind.PERCENT,), _ANY)
_SHARPE = FieldParameter((Kind.RATIO,), _ANY)
_ANNUAL = FieldParameter((Kind.PERCENT,), _ANY, says="annualised returns")
_ONE_YEAR = FieldParameter((Kind.PERCENT,), ("period",), required=False, says="for the return over 1y, which is both")


@check(
    "sharpe_implies_risk_free",
    "needs_person",
    Basis(("FX-11",), "r = R − S · σ, up to R + σ² / 2 − S · σ for the arithmetic mean; lowest ≤ r ≤ highest"),
    sharpe=_SHARPE,
    volatility=_WINDOWED,
    annualised=_ANNUAL,
    cumulative=_ONE_YEAR,
    lowest=DecimalParameter(Decimal(-1), Decimal(-10), Decimal(100), "the lowest rate that cash can have had"),
    highest=DecimalParameter(Decimal(8), Decimal(-10), Decimal(100), "the highest rate that cash can have had"),
)
def sharpe_implies_risk_free(occasion: Occasion) -> Iterator[Verdict]:
    """The risk-free rate that return, volatility and Sharpe ratio imply is one that cash can have had.

    The Sharpe ratio is (return - rate) / volatility (Sharpe 1994), so the rate is return - ratio * volatility. Providers take
    the geometric or the arithmetic mean return, which is higher by about half the variance; the band holds both.
    """
    cash = Interval(occasion.limit("lowest"), occasion.limit("highest"))
    volatilities = occasion.keyed("volatility")
    for sharpe, returns in _of_one_window(occasion):
        volatility = volatilities.get(sharpe.key) or volatilities.get("")
        if volatility is None:
            continue
        bands = [_risk_free(Interval.printed(sharpe), Interval.printed(volatility), one) for one in returns.values()]
        if not bands:
            yield NotApplicable("no return a year of its window is printed", (sharpe.ref, volatility.ref))
            continue
        nearest = min(bands, key=lambda band: max(cash.low - band.high, band.low - cash.high))
        yield occasion.judged(
            nearest.low <= cash.high and cash.low <= nearest.high,
            (sharpe.ref, volatility.ref),
            f"a Sharpe ratio of {shown(sharpe)} with a volatility of {shown(volatility)} and the printed returns "
            f"({', '.join(returns)}) means that cash earned {percents(nearest)} a year, which it did not",
            computed=nearest,
            printed=sharpe,
        )


def _risk_free(sharpe: Interval, volatility: Interval, annual: Interval) -> Interval:
    geometric = annual - sharpe * volatility
    half_variance = volatility * volatility / Interval.exactly(2 * HUNDRED)
    return Interval(geometric.low, (geometric + half_variance).high)


def _of_one_window(occasion: Occasion) -> Iterator[tuple[Value, dict[str, Interval]]]:
    """Each Sharpe ratio with the annual returns that can be of its window, by period; all of them where it names none."""
    returns = _annual_returns(occasion)
    for key, sharpe in occasion.keyed("sharpe").items():
        yield sharpe, {period: one for period, one in returns.items() if key in ("", period)}


def _annual_returns(occasion: Occasion) -> dict[str, Interval]:
    """Returns a year by period; those over one year are annual whatever they are called, shorter ones never."""
    given = {**occasion.keyed("annualised")}
    one_year = occasion.keyed("cumulative").get("1y")
    if one_year is not None:
        given.setdefault("1y", one_year)
    return {key: Interval.printed(value) for key, value in given.items() if not key.endswith("m")}


@check(
    "sharpe_has_the_sign_of_return",
    "needs_person",
    Basis(("FX-12",), "not (every R < −1 % and S > 0)"),
    sharpe=_SHARPE,
    annualised=_ANNUAL,
    cumulative=_ONE_YEAR,
)
def sharpe_has_the_sign_of_return(occasion: Occasion) -> Iterator[Verdict]:
    """A fund that lost more than 1 % a year has no positive Sharpe ratio; the reverse can be, below the rate of cash."""
    for sharpe, returns in _of_one_window(occasion):
        if not returns:
            yield NotApplicable("no return a year of its window is printed", (sharpe.ref,))
            continue
        best = max(returns.values(), key=lambda one: one.high)
        yield occasion.judged(
            Interval.printed(sharpe).low <= 0 or best.high >= -1,
            (sharpe.ref,),
            f"the Sharpe ratio is printed as {shown(sharpe)}, and every annual return of the sheet ({', '.join(returns)}) is a loss, "
            f"the smallest of {-best.high:.2f} %",
            computed=best,
            printed=sharpe,
        )


@check(
    "drawdown_covers_months",
    "needs_person",
    Basis(("FX-14",), "|drawdown| ≥ deepest fall of Π (1 + mᵢ) from a peak"),
    drawdown=_PERCENT,
    months=_MONTHS,
    as_of=_AS_OF,
    launch=_LAUNCH,
    over=NumberParameter(12, 0, 600, "months that the drawdown's window holds at least; 0: all since the launch"),
)
def drawdown_covers_months(occasion: Occasion) -> Iterator[Verdict]:
    """The maximum drawdown is at least as deep as the deepest fall along the monthly returns; between them lie the days."""
    drawdown, over = occasion.one("drawdown"), occasion.whole("over")
    if drawdown is None or not occasion.keyed("months"):
        return
    months = window(occasion, over)
    if not months:
        yield no_window(occasion, over, drawdown)
        return
    computed = deepest_fall([Interval.printed(month) for month in months])
    # A drawdown is printed with and without its sign; how deep it is says the same.
    yield occasion.judged(
        abs(Interval.printed(drawdown)).high > -computed.high or not computed.high,
        (drawdown.ref,),
        f"the maximum drawdown is printed as {shown(drawdown)}, and the months to {months[-1].key} alone fell by "
        f"{-computed.high:.3f} % to {-computed.low:.3f} %",
        computed=computed,
        printed=drawdown,
    )


_USUAL_WINDOWS = (12, 36, 60, 120, 0)


@check(
    "volatility_fits_months",
    "warning",
    Basis(("FX-16",), "σ = √12 · standard deviation of mᵢ, ± percent"),
    volatility=_PERCENT,
    months=_MONTHS,
    as_of=_AS_OF,
    launch=_LAUNCH,
    over=NumberParameter(0, 0, 600, "the months that it is over; 0: any of the usual windows"),
    percent=DecimalParameter(Decimal(10), Decimal(0), Decimal(100), "how much the frequency of the data may explain"),
)
def volatility_fits_months(occasion: Occasion) -> Iterator[Verdict]:
    """The volatility is about that of the monthly returns, annualised by the square root of twelve.

    Windows of less than a year are left alone.
    """
    printed, over = occasion.one("volatility"), occasion.whole("over")
    if printed is None or not occasion.keyed("months"):
        return
    # Without the grid of the window that is meant, nothing can be said: the longest of all has to be there.
    if not window(occasion, over):
        yield no_window(occasion, over, printed)
        return
    spreads = _spreads(occasion, (over,) if over else _USUAL_WINDOWS)
    if not spreads:
        yield NotApplicable("fewer than twelve months are printed", (printed.ref,))
        return
    wanted, part = Interval.printed(printed), occasion.limit("percent") / HUNDRED
    fitting = [count for count, spread in spreads.items() if spread.widened(spread.high * part).fits(wanted)]
    nearest = next(iter(fitting), min(spreads, key=lambda count: abs(spreads[count].low - wanted.low)))
    yield occasion.judged(
        bool(fitting),
        (printed.ref,),
        f"the volatility is printed as {shown(printed)}, and that of the last {nearest} months is {percents(spreads[nearest])} a year",
        computed=spreads[nearest],
        printed=printed,
    )


def _spreads(occasion: Occasion, counts: tuple[int, ...]) -> dict[int, Interval]:
    """The volatility a year of the last months, for each window of at least a year that the grid has."""
    return {
        len(months): standard_deviation([Interval.printed(month) for month in months]).scaled(Decimal(12).sqrt())
        for count in counts
        if len(months := window(occasion, count)) >= 12
    }
