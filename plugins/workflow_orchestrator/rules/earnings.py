"""Checks over the figures of a company: growth, margins, earnings per share, reconciliations, guidance.

Amounts in two currencies are left alone. `KEYED` fields are compared key by key, so that one rule covers a table.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from workflow_orchestrator.fields import KEYED
from workflow_orchestrator.rules.figures import one_unit
from workflow_orchestrator.rules.findings import Finding
from workflow_orchestrator.rules.interval import HUNDRED, Interval, change_in_percent, total
from workflow_orchestrator.rules.registry import DecimalParameter, FieldParameter, Occasion, check
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


@check("change_is_growth", "error", current=_FIGURE, prior=_FIGURE, change=_PERCENT)
def change_is_growth(occasion: Occasion) -> Iterator[Finding]:
    """A printed change in per cent is (current - prior) / prior; from or to a loss it is left alone."""
    for current, prior, change in occasion.matched("current", "prior", "change"):
        if not one_unit(current, prior) or not _can_grow(current, prior):
            continue
        computed = change_in_percent(Interval.printed(prior), Interval.printed(current))
        if not computed.fits(Interval.printed(change)):
            yield occasion.finding(
                (change.ref, current.ref, prior.ref),
                f"{occasion.title(change.ref)} is printed as {shown(change)}, and from {shown(prior)} to {shown(current)} it is "
                f"{percents(computed)}",
                computed=computed,
                printed=change,
            )


@check("growth_has_a_base", "needs_person", current=_FIGURE, prior=_FIGURE, change=_PERCENT)
def growth_has_a_base(occasion: Occasion) -> Iterator[Finding]:
    """A change in per cent from or to a loss means nothing: it is said as printed or not at all, never computed."""
    for current, prior, change in occasion.matched("current", "prior", "change"):
        if not _can_grow(current, prior):
            yield occasion.finding(
                (change.ref, current.ref, prior.ref),
                f"{occasion.title(change.ref)} is printed as {shown(change)}, from {shown(prior)} to {shown(current)}: with a loss "
                f"on either side a growth rate says nothing",
                printed=change,
            )


@check(
    "eps_is_income_per_share",
    "needs_person",
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
def eps_is_income_per_share(occasion: Occasion) -> Iterator[Finding]:
    """Earnings per share are the income of the common shareholders over the weighted number of their shares (IAS 33, ASC 260).

    Companies with two classes of shares or participating securities take a part of the income out: 1 % of the figure covers it.
    """
    preferred = occasion.keyed("preferred")
    for eps, income, shares in occasion.matched("eps", "income", "shares"):
        count = Interval.printed(shares)
        if count.low <= 0 or not one_unit(eps, income):
            continue
        left = Interval.printed(income)
        if eps.key in preferred:
            left -= abs(Interval.printed(preferred[eps.key]))
        computed, printed = left / count, Interval.printed(eps)
        if not computed.widened(abs(printed).high * occasion.limit("percent") / HUNDRED).fits(printed):
            yield occasion.finding(
                (eps.ref, income.ref, shares.ref),
                f"{occasion.title(eps.ref)} is printed as {shown(eps)}, and {shown(income)} over {shown(shares)} shares is "
                f"{like(computed, eps)}",
                computed=computed,
                printed=eps,
            )


@check("loss_is_not_diluted", "warning", income=_MONEY, basic=_SHARES, diluted=_SHARES)
def loss_is_not_diluted(occasion: Occasion) -> Iterator[Finding]:
    """With a loss the diluted shares are the basic ones: options would make the loss per share smaller (ASC 260-10-45)."""
    for income, basic, diluted in occasion.matched("income", "basic", "diluted"):
        one, other = Interval.printed(basic), Interval.printed(diluted)
        if Interval.printed(income).high < 0 and not one.fits(other):
            yield occasion.finding(
                (diluted.ref, basic.ref, income.ref),
                f"{occasion.title(diluted.ref)} is printed as {shown(diluted)} beside {shown(basic)} basic shares, with a loss of "
                f"{shown(income)}",
                computed=one,
                printed=diluted,
            )


@check("gross_profit_is_revenue_less_cost", "error", gross=_MONEY, revenue=_MONEY, cost=_MONEY)
def gross_profit_is_revenue_less_cost(occasion: Occasion) -> Iterator[Finding]:
    """Gross profit is revenue less the cost of it, whether the cost is printed in brackets or not."""
    yield from _less(occasion, "gross", "revenue", "cost")


@check("free_cash_flow_is_cash_less_capex", "error", free=_MONEY, operating=_MONEY, capex=_MONEY)
def free_cash_flow_is_cash_less_capex(occasion: Occasion) -> Iterator[Finding]:
    """Free cash flow is cash from operations less capital expenditure, whether that is printed in brackets or not.

    It is no GAAP measure: a company that defines it otherwise needs another rule.
    """
    yield from _less(occasion, "free", "operating", "capex")


def _less(occasion: Occasion, result: str, whole: str, part: str) -> Iterator[Finding]:
    for printed, one, less in occasion.matched(result, whole, part):
        if not one_unit(printed, one, less):
            continue
        computed = Interval.printed(one) - abs(Interval.printed(less))
        if not computed.fits(Interval.printed(printed)):
            yield occasion.finding(
                (printed.ref, one.ref, less.ref),
                f"{occasion.title(printed.ref)} is printed as {shown(printed)}, and {shown(one)} less {shown(less)} is "
                f"{like(computed, printed)}",
                computed=computed,
                printed=printed,
            )


@check("margin_is_profit_over_revenue", "error", margin=_PERCENT, profit=_MONEY, revenue=_MONEY)
def margin_is_profit_over_revenue(occasion: Occasion) -> Iterator[Finding]:
    """A margin is the profit over the revenue."""
    for margin, profit, revenue in occasion.matched("margin", "profit", "revenue"):
        base = Interval.printed(revenue)
        if base.low <= 0 or not one_unit(profit, revenue):
            continue
        computed = (Interval.printed(profit) / base).scaled(HUNDRED)
        if not computed.fits(Interval.printed(margin)):
            yield occasion.finding(
                (margin.ref, profit.ref, revenue.ref),
                f"{occasion.title(margin.ref)} is printed as {shown(margin)}, and {shown(profit)} of {shown(revenue)} is "
                f"{like(computed, margin)}",
                computed=computed,
                printed=margin,
            )


@check("margin_change_is_in_points", "error", change=_PERCENT, margin=_PERCENT, prior=_PERCENT)
def margin_change_is_in_points(occasion: Occasion) -> Iterator[Finding]:
    """The change of a margin is the difference in percentage points (100 basis points each), never a per cent of a per cent."""
    for change, margin, prior in occasion.matched("change", "margin", "prior"):
        computed = Interval.printed(margin) - Interval.printed(prior)
        if computed.fits(Interval.printed(change)):
            continue
        relative = ""
        base = Interval.printed(prior)
        if base.low > 0 and change_in_percent(base, Interval.printed(margin)).fits(Interval.printed(change)):
            relative = "; it is printed as a per cent of a per cent"
        yield occasion.finding(
            (change.ref, margin.ref, prior.ref),
            f"{occasion.title(change.ref)} is printed as {shown(change)}, and from {shown(prior)} to {shown(margin)} are "
            f"{like(computed, change).replace(' %', ' points')}{relative}",
            computed=computed,
            printed=change,
        )


@check(
    "adjustments_reconcile",
    "error",
    adjusted=FieldParameter((Kind.MONEY,)),
    reported=FieldParameter((Kind.MONEY,)),
    adjustments=FieldParameter((Kind.MONEY,), ("name",), says="the lines of the reconciliation"),
)
def adjustments_reconcile(occasion: Occasion) -> Iterator[Finding]:
    """A non-GAAP figure is the GAAP figure with every adjustment of its reconciliation (Regulation G, 17 CFR 244.100)."""
    adjusted, reported = occasion.one("adjusted"), occasion.one("reported")
    lines = list(occasion.keyed("adjustments").values())
    if adjusted is None or reported is None or not lines or not one_unit(adjusted, reported, *lines):
        return
    computed = total(map(Interval.printed, (reported, *lines)))
    if not computed.fits(Interval.printed(adjusted)):
        yield occasion.finding(
            (adjusted.ref, reported.ref, *(line.ref for line in lines)),
            f"{occasion.title(adjusted.ref)} is printed as {shown(adjusted)}, and {shown(reported)} with its {len(lines)} adjustments "
            f"is {like(computed, adjusted)}",
            computed=computed,
            printed=adjusted,
        )


_GUIDED = FieldParameter((Kind.MONEY, Kind.PERCENT, Kind.RATIO), _ANY)


@check("guidance_runs_upward", "error", low=_GUIDED, high=_GUIDED)
def guidance_runs_upward(occasion: Occasion) -> Iterator[Finding]:
    """A guided range runs from the lower figure to the higher one, both in one unit."""
    for low, high in occasion.matched("low", "high"):
        # The printed ends themselves: a range from a figure to the same figure is one.
        if low.unit == high.unit and low.kind is high.kind and Decimal(str(low.value)) <= Decimal(str(high.value)):
            continue
        why = "is not below its upper end" if one_unit(low, high) else "is in another unit than its upper end"
        yield occasion.finding(
            (low.ref, high.ref),
            f"{occasion.title(low.ref)} is printed as {shown(low)}, which {why}, {shown(high)}",
            computed=shown(high),
            printed=low,
        )
