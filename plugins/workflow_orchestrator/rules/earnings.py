"""Checks over the figures of a company: growth, margins, earnings per share, reconciliations, guidance.

Amounts in two currencies are left alone. `KEYED` fields are compared key by key, so that one rule covers a table.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from workflow_orchestrator.fields import KEYED
from workflow_orchestrator.rules.figures import one_unit, two_units
from workflow_orchestrator.rules.findings import NotApplicable, Verdict
from workflow_orchestrator.rules.interval import HUNDRED, Interval, change_in_percent, total
from workflow_orchestrator.rules.registry import Basis, DecimalParameter, FieldParameter, Occasion, check
from workflow_orchestrator.rules.words import like, percents, shown
from workflow_orchestrator.values import Kind, Value

_ANY = ("", *KEYED)
_MONEY = FieldParameter((Kind.MONEY,), _ANY)
_FIGURE = FieldParameter((Kind.MONEY, Kind.RATIO, Kind.INTEGER), _ANY)
_PERCENT = FieldParameter((Kind.PERCENT,), _ANY)
_SHARES = FieldParameter((Kind.INTEGER,), _ANY)


def _can_grow(current: Value, prior: Value) -> bool:
    """Whether a growth rate means anything: from above zero to zero or more."""
    return Interval.printed(prior).low > 0 and Interval.printed(current).high > 0


@check(
    "change_is_growth",
    "error",
    Basis(("ER-01",), "change = (current − prior) / |prior|"),
    current=_FIGURE,
    prior=_FIGURE,
    change=_PERCENT,
)
def change_is_growth(occasion: Occasion) -> Iterator[Verdict]:
    """A printed change in per cent is (current - prior) / prior; from or to a loss it is left alone."""
    if why := occasion.unmatched("current", "prior", "change"):
        yield why
    for current, prior, change in occasion.matched("current", "prior", "change"):
        refs = (change.ref, current.ref, prior.ref)
        if not one_unit(current, prior):
            yield two_units(current, prior)
            continue
        if not _can_grow(current, prior):
            yield NotApplicable("from or to a loss there is no growth rate", refs)
            continue
        computed = change_in_percent(Interval.printed(prior), Interval.printed(current))
        yield occasion.judged(
            computed.fits(Interval.printed(change)),
            refs,
            f"{occasion.title(change.ref)} is printed as {shown(change)}, and from {shown(prior)} to {shown(current)} it is "
            f"{percents(computed)}",
            computed=computed,
            printed=change,
        )


@check(
    "growth_has_a_base",
    "needs_person",
    Basis(("ER-02",), "prior > 0 and current ≥ 0"),
    current=_FIGURE,
    prior=_FIGURE,
    change=_PERCENT,
)
def growth_has_a_base(occasion: Occasion) -> Iterator[Verdict]:
    """A change in per cent from or to a loss means nothing: it is said as printed or not at all, never computed."""
    if why := occasion.unmatched("current", "prior", "change"):
        yield why
    for current, prior, change in occasion.matched("current", "prior", "change"):
        yield occasion.judged(
            _can_grow(current, prior),
            (change.ref, current.ref, prior.ref),
            f"{occasion.title(change.ref)} is printed as {shown(change)}, from {shown(prior)} to {shown(current)}: with a loss on either "
            f"side a growth rate says nothing",
            computed=f"from {shown(prior)} to {shown(current)}",
            printed=change,
        )


@check(
    "eps_is_income_per_share",
    "needs_person",
    Basis(("ER-03",), "EPS = (income − preferred dividends) / shares, ± percent of EPS"),
    eps=_MONEY,
    income=_MONEY,
    shares=_SHARES,
    preferred=FieldParameter(
        (Kind.MONEY,), _ANY, required=False, says="preferred dividends, which are not the shareholders'"
    ),
    percent=DecimalParameter(
        Decimal(1), Decimal(0), Decimal(50), "what two classes of shares may explain, of the figure"
    ),
)
def eps_is_income_per_share(occasion: Occasion) -> Iterator[Verdict]:
    """Earnings per share are the income of the common shareholders over the weighted number of their shares (IAS 33, ASC 260).

    Companies with two classes of shares or participating securities take a part of the income out: 1 % of the figure covers it. A
    second rule with `percent: 5` and `severity: error` stops what no class of shares explains.
    """
    preferred = occasion.keyed("preferred")
    if why := occasion.unmatched("eps", "income", "shares"):
        yield why
    for eps, income, shares in occasion.matched("eps", "income", "shares"):
        count, left = Interval.printed(shares), Interval.printed(income)
        refs = (eps.ref, income.ref, shares.ref)
        if not one_unit(eps, income):
            yield two_units(eps, income)
            continue
        if count.low <= 0:
            yield NotApplicable("there is no number of shares to divide by", refs)
            continue
        if eps.key in preferred:
            left -= abs(Interval.printed(preferred[eps.key]))
        computed, printed = left / count, Interval.printed(eps)
        yield occasion.judged(
            computed.widened(abs(printed).high * occasion.limit("percent") / HUNDRED).fits(printed),
            refs,
            f"{occasion.title(eps.ref)} is printed as {shown(eps)}, and {shown(income)} over {shown(shares)} shares is "
            f"{like(computed, eps)}",
            computed=computed,
            printed=eps,
        )


@check(
    "loss_is_not_diluted",
    "warning",
    Basis(("ER-04",), "income < 0: diluted shares = basic shares"),
    income=_MONEY,
    basic=_SHARES,
    diluted=_SHARES,
)
def loss_is_not_diluted(occasion: Occasion) -> Iterator[Verdict]:
    """With a loss the diluted shares are the basic ones: options would make the loss per share smaller (ASC 260-10-45)."""
    if why := occasion.unmatched("income", "basic", "diluted"):
        yield why
    for income, basic, diluted in occasion.matched("income", "basic", "diluted"):
        one, other = Interval.printed(basic), Interval.printed(diluted)
        if Interval.printed(income).high >= 0:
            yield NotApplicable("there is no loss", (income.ref,))
            continue
        yield occasion.judged(
            one.fits(other),
            (diluted.ref, basic.ref, income.ref),
            f"{occasion.title(diluted.ref)} is printed as {shown(diluted)} beside {shown(basic)} basic shares, with a loss of "
            f"{shown(income)}",
            computed=one,
            printed=diluted,
        )


@check(
    "gross_profit_is_revenue_less_cost",
    "error",
    Basis(("ER-06",), "gross profit = revenue − |cost|"),
    gross=_MONEY,
    revenue=_MONEY,
    cost=_MONEY,
)
def gross_profit_is_revenue_less_cost(occasion: Occasion) -> Iterator[Verdict]:
    """Gross profit is revenue less the cost of it, whether the cost is printed in brackets or not."""
    yield from _less(occasion, "gross", "revenue", "cost")


@check(
    "free_cash_flow_is_cash_less_capex",
    "error",
    Basis((), "free cash flow = cash from operations − |capital expenditure|"),
    free=_MONEY,
    operating=_MONEY,
    capex=_MONEY,
)
def free_cash_flow_is_cash_less_capex(occasion: Occasion) -> Iterator[Verdict]:
    """Free cash flow is cash from operations less capital expenditure, whether that is printed in brackets or not.

    It is no GAAP measure: a company that defines it otherwise needs another rule.
    """
    yield from _less(occasion, "free", "operating", "capex")


def _less(occasion: Occasion, result: str, whole: str, part: str) -> Iterator[Verdict]:
    if why := occasion.unmatched(result, whole, part):
        yield why
    for printed, one, less in occasion.matched(result, whole, part):
        if not one_unit(printed, one, less):
            yield two_units(printed, one, less)
            continue
        computed = Interval.printed(one) - abs(Interval.printed(less))
        yield occasion.judged(
            computed.fits(Interval.printed(printed)),
            (printed.ref, one.ref, less.ref),
            f"{occasion.title(printed.ref)} is printed as {shown(printed)}, and {shown(one)} less {shown(less)} is "
            f"{like(computed, printed)}",
            computed=computed,
            printed=printed,
        )


@check(
    "margin_is_profit_over_revenue",
    "error",
    Basis(("ER-06",), "margin = profit / revenue"),
    margin=_PERCENT,
    profit=_MONEY,
    revenue=_MONEY,
)
def margin_is_profit_over_revenue(occasion: Occasion) -> Iterator[Verdict]:
    """A margin is the profit over the revenue; that of a loss is negative."""
    if why := occasion.unmatched("margin", "profit", "revenue"):
        yield why
    for margin, profit, revenue in occasion.matched("margin", "profit", "revenue"):
        base, refs = Interval.printed(revenue), (margin.ref, profit.ref, revenue.ref)
        if not one_unit(profit, revenue):
            yield two_units(profit, revenue)
            continue
        if base.low <= 0:
            yield NotApplicable("there is no revenue to divide by", refs)
            continue
        computed = (Interval.printed(profit) / base).scaled(HUNDRED)
        yield occasion.judged(
            computed.fits(Interval.printed(margin)),
            refs,
            f"{occasion.title(margin.ref)} is printed as {shown(margin)}, and {shown(profit)} of {shown(revenue)} is "
            f"{like(computed, margin)}",
            computed=computed,
            printed=margin,
        )


@check(
    "margin_change_is_in_points",
    "error",
    Basis(("ER-10",), "change in points = margin − prior margin; 100 basis points are one"),
    change=_PERCENT,
    margin=_PERCENT,
    prior=_PERCENT,
)
def margin_change_is_in_points(occasion: Occasion) -> Iterator[Verdict]:
    """The change of a margin is the difference in percentage points (100 basis points each), never a per cent of a per cent."""
    if why := occasion.unmatched("change", "margin", "prior"):
        yield why
    for change, margin, prior in occasion.matched("change", "margin", "prior"):
        computed = Interval.printed(margin) - Interval.printed(prior)
        relative = ""
        base = Interval.printed(prior)
        if base.low > 0 and change_in_percent(base, Interval.printed(margin)).fits(Interval.printed(change)):
            relative = "; it is printed as a per cent of a per cent"
        yield occasion.judged(
            computed.fits(Interval.printed(change)),
            (change.ref, margin.ref, prior.ref),
            f"{occasion.title(change.ref)} is printed as {shown(change)}, and from {shown(prior)} to {shown(margin)} are "
            f"{like(computed, change).replace(' %', ' points')}{relative}",
            computed=computed,
            printed=change,
        )


@check(
    "adjustments_reconcile",
    "error",
    Basis(("ER-07",), "non-GAAP = GAAP + Σ adjustments"),
    adjusted=FieldParameter((Kind.MONEY,), ("", "period"), says="of a field by period, the first one that both have"),
    reported=FieldParameter((Kind.MONEY,), ("", "period")),
    adjustments=FieldParameter((Kind.MONEY,), ("name",), says="the lines of the reconciliation"),
)
def adjustments_reconcile(occasion: Occasion) -> Iterator[Verdict]:
    """A non-GAAP figure is the GAAP figure with every adjustment of its reconciliation (Regulation G, 17 CFR 244.100)."""
    pairs = {value.key: (value, reported) for value, reported in occasion.matched("adjusted", "reported")}
    order = list(occasion.schema[occasion.fields["adjusted"]].keys) or [""]
    lines = list(occasion.keyed("adjustments").values())
    if not pairs or not lines:
        return
    adjusted, reported = next(pairs[key] for key in order if key in pairs)
    if not one_unit(adjusted, reported, *lines):
        yield two_units(adjusted, reported, *lines)
        return
    computed = total(map(Interval.printed, (reported, *lines)))
    yield occasion.judged(
        computed.fits(Interval.printed(adjusted)),
        (adjusted.ref, reported.ref, *(line.ref for line in lines)),
        f"{occasion.title(adjusted.ref)} is printed as {shown(adjusted)}, and {shown(reported)} with its {len(lines)} adjustments is "
        f"{like(computed, adjusted)}",
        computed=computed,
        printed=adjusted,
    )


_GUIDED = FieldParameter((Kind.MONEY, Kind.PERCENT, Kind.RATIO), _ANY)


@check(
    "guidance_runs_upward",
    "error",
    Basis(("ER-11",), "low ≤ high, in one unit"),
    low=_GUIDED,
    high=_GUIDED,
)
def guidance_runs_upward(occasion: Occasion) -> Iterator[Verdict]:
    """A guided range runs from the lower figure to the higher one, both in one unit."""
    if why := occasion.unmatched("low", "high"):
        yield why
    for low, high in occasion.matched("low", "high"):
        alike = one_unit(low, high) and low.kind is high.kind
        why_not = "is not below its upper end" if alike else "is in another unit than its upper end"
        # The printed ends themselves: a range from a figure to the same figure is one.
        yield occasion.judged(
            alike and Decimal(str(low.value)) <= Decimal(str(high.value)),
            (low.ref, high.ref),
            f"{occasion.title(low.ref)} is printed as {shown(low)}, which {why_not}, {shown(high)}",
            computed=f"at most {shown(high)}",
            printed=low,
        )
