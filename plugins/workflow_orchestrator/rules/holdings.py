"""Checks over holdings and allocations: what adds up to a printed total, and what cannot be more than the whole fund."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from workflow_orchestrator.rules.findings import Finding
from workflow_orchestrator.rules.interval import HUNDRED, Interval, total
from workflow_orchestrator.rules.registry import DecimalParameter, FieldParameter, Occasion, check
from workflow_orchestrator.rules.words import percents
from workflow_orchestrator.values import Kind

_HOLDINGS = FieldParameter((Kind.PERCENT,), ("name",), says="weights by name")


@check("holdings_sum_to_total", "needs_person", holdings=_HOLDINGS, total=FieldParameter((Kind.PERCENT,)))
def holdings_sum_to_total(occasion: Occasion) -> Iterator[Finding]:
    """The weights of the largest holdings add up to the printed total."""
    holdings, printed = list(occasion.keyed("holdings").values()), occasion.one("total")
    if not holdings or printed is None:
        return
    computed = total(map(Interval.printed, holdings))
    if not computed.fits(Interval.printed(printed)):
        yield occasion.finding(
            (printed.ref, *(holding.ref for holding in holdings)),
            f"the total of the holdings is printed as {printed.evidence.quote}, and the {len(holdings)} weights add up "
            f"to {percents(computed)}",
            computed=computed,
            printed=printed,
        )


@check("holdings_within_hundred", "warning", holdings=_HOLDINGS)
def holdings_within_hundred(occasion: Occasion) -> Iterator[Finding]:
    """The weights of the holdings do not add up to more than the whole fund; a leveraged fund's may."""
    holdings = list(occasion.keyed("holdings").values())
    computed = total(map(Interval.printed, holdings))
    if computed.low > HUNDRED:
        yield occasion.finding(
            tuple(holding.ref for holding in holdings),
            f"the weights of the holdings add up to at least {computed.low:.2f} %, more than the whole fund",
            computed=computed,
        )


@check("holdings_within_number", "error", holdings=_HOLDINGS, number=FieldParameter((Kind.INTEGER,)))
def holdings_within_number(occasion: Occasion) -> Iterator[Finding]:
    """The fund has at least as many positions as holdings are listed."""
    holdings, number = occasion.keyed("holdings"), occasion.one("number")
    if number is not None and Interval.printed(number).high < len(holdings):
        yield occasion.finding(
            (number.ref, *(holding.ref for holding in holdings.values())),
            f"{occasion.title(number.ref)} is printed as {number.evidence.quote}, and {len(holdings)} holdings are listed",
            computed=f"at least {len(holdings)}",
            printed=number,
        )


@check(
    "allocation_sums_to_hundred",
    "needs_person",
    allocation=_HOLDINGS,
    points=DecimalParameter(Decimal(1), Decimal(0), Decimal(50), "how far from 100 % the sum may be"),
)
def allocation_sums_to_hundred(occasion: Occasion) -> Iterator[Finding]:
    """A split by country, sector or rating adds up to the whole fund, give or take what is left unsaid."""
    parts = list(occasion.keyed("allocation").values())
    if not parts:
        return
    computed = total(map(Interval.printed, parts))
    if not computed.widened(occasion.limit("points")).fits(Interval.exactly(HUNDRED)):
        yield occasion.finding(
            tuple(part.ref for part in parts),
            f"the {len(parts)} parts of {occasion.title(parts[0].field)} add up to {percents(computed)}, not to 100 %",
            computed=computed,
        )
