"""Checks over holdings and allocations: what adds up to a printed total, and what cannot be more than the whole fund."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from workflow_orchestrator.rules.findings import Verdict
from workflow_orchestrator.rules.interval import HUNDRED, Interval, total
from workflow_orchestrator.rules.registry import Basis, DecimalParameter, FieldParameter, Occasion, check
from workflow_orchestrator.rules.words import listed, percents, shown
from workflow_orchestrator.values import Kind

_HOLDINGS = FieldParameter((Kind.PERCENT,), ("name",), says="weights by name")


@check(
    "holdings_sum_to_total",
    "needs_person",
    Basis(("FX-08",), "total = Σ wᵢ"),
    holdings=_HOLDINGS,
    total=FieldParameter((Kind.PERCENT,)),
)
def holdings_sum_to_total(occasion: Occasion) -> Iterator[Verdict]:
    """The weights of the largest holdings add up to the printed total.

    A person looks and does not only correct, because a holding that was not read makes the sum too small.
    """
    holdings, printed = list(occasion.keyed("holdings").values()), occasion.one("total")
    if not holdings or printed is None:
        return
    computed = total(map(Interval.printed, holdings))
    yield occasion.judged(
        computed.fits(Interval.printed(printed)),
        (printed.ref, *(holding.ref for holding in holdings)),
        f"the total of the holdings is printed as {shown(printed)}, and the {len(holdings)} weights add up to {percents(computed)}",
        computed=computed,
        printed=printed,
    )


@check("holdings_within_hundred", "warning", Basis(("FX-08",), "Σ wᵢ ≤ 100 %"), holdings=_HOLDINGS)
def holdings_within_hundred(occasion: Occasion) -> Iterator[Verdict]:
    """The weights of the holdings do not add up to more than the whole fund; a leveraged fund's may."""
    holdings = list(occasion.keyed("holdings").values())
    if not holdings:
        return
    computed = total(map(Interval.printed, holdings))
    yield occasion.judged(
        computed.low <= HUNDRED,
        tuple(holding.ref for holding in holdings),
        f"the weights of the holdings add up to at least {computed.low:.2f} %, more than the whole fund",
        computed=computed,
        printed=listed(holdings),
    )


@check(
    "holdings_within_number",
    "error",
    Basis((), "number of holdings ≥ holdings that are listed"),
    holdings=_HOLDINGS,
    number=FieldParameter((Kind.INTEGER,)),
)
def holdings_within_number(occasion: Occasion) -> Iterator[Verdict]:
    """The fund has at least as many positions as holdings are listed."""
    holdings, number = occasion.keyed("holdings"), occasion.one("number")
    if not holdings or number is None:
        return
    yield occasion.judged(
        Interval.printed(number).high >= len(holdings),
        (number.ref, *(holding.ref for holding in holdings.values())),
        f"{occasion.title(number.ref)} is printed as {shown(number)}, and {len(holdings)} holdings are listed",
        computed=f"at least {len(holdings)}",
        printed=number,
    )


@check(
    "allocation_sums_to_hundred",
    "needs_person",
    Basis(("FX-09",), "|Σ wᵢ − 100 %| ≤ points"),
    allocation=_HOLDINGS,
    points=DecimalParameter(Decimal(1), Decimal(0), Decimal(50), "how far from 100 % the sum may be"),
)
def allocation_sums_to_hundred(occasion: Occasion) -> Iterator[Verdict]:
    """A split by country, sector or rating adds up to the whole fund, give or take what is left unsaid."""
    parts = list(occasion.keyed("allocation").values())
    if not parts:
        return
    computed = total(map(Interval.printed, parts))
    yield occasion.judged(
        computed.widened(occasion.limit("points")).fits(Interval.exactly(HUNDRED)),
        tuple(part.ref for part in parts),
        f"the {len(parts)} parts of {occasion.title(parts[0].field)} add up to {percents(computed)}, not to 100 %",
        computed=computed,
        printed=listed(parts),
    )
