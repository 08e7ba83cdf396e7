"""Checks over facts other than returns: holdings, dates, risk."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from workflow_orchestrator.rules.findings import Finding
from workflow_orchestrator.rules.interval import HUNDRED, Interval
from workflow_orchestrator.rules.registry import FieldParameter, NumberParameter, Occasion, check
from workflow_orchestrator.values import Kind, Value

_DATE = FieldParameter((Kind.DATE,))
_HOLDINGS = FieldParameter((Kind.PERCENT,), ("name",), says="weights by name")

# Regulation (EU) 2017/653 (PRIIPs), annex II, has seven classes; these bands are the reading that its words carry.
_RISK_BANDS = {"Low": (1, 2), "Medium": (3, 4, 5), "High": (6, 7)}


def _sum(holdings: list[Value]) -> Interval:
    total = Interval.exactly(0)
    for holding in holdings:
        total += Interval.printed(holding)
    return total


@check("holdings_sum_to_total", "needs_person", holdings=_HOLDINGS, total=FieldParameter((Kind.PERCENT,)))
def holdings_sum_to_total(occasion: Occasion) -> Iterator[Finding]:
    """The weights of the largest holdings add up to the printed total."""
    holdings, total = list(occasion.keyed("holdings").values()), occasion.one("total")
    if not holdings or total is None:
        return
    computed = _sum(holdings)
    if not computed.fits(Interval.printed(total)):
        yield occasion.finding(
            (total.ref, *(holding.ref for holding in holdings)),
            f"the total of the holdings is printed as {total.evidence.quote}, and the {len(holdings)} weights add up "
            f"to between {computed.low:.3f} % and {computed.high:.3f} %",
            computed=computed,
            printed=total,
        )


@check("holdings_within_hundred", "warning", holdings=_HOLDINGS)
def holdings_within_hundred(occasion: Occasion) -> Iterator[Finding]:
    """The weights of the holdings do not add up to more than the whole fund; a leveraged fund's may."""
    holdings = list(occasion.keyed("holdings").values())
    computed = _sum(holdings)
    if computed.low > HUNDRED:
        yield occasion.finding(
            tuple(holding.ref for holding in holdings),
            f"the weights of the holdings add up to at least {computed.low:.2f} %, more than the whole fund",
            computed=computed,
        )


@check(
    "as_of_not_stale",
    "warning",
    as_of=_DATE,
    max_age_days=NumberParameter(45, 1, 3_650, "older figures are stale"),
)
def as_of_not_stale(occasion: Occasion) -> Iterator[Finding]:
    """The figures are not older than so many days."""
    as_of, limit = occasion.day("as_of"), occasion.numbers["max_age_days"]
    value = occasion.one("as_of")
    if as_of is None or value is None:
        return
    age = occasion.today - as_of
    if age > timedelta(days=limit):
        yield occasion.finding(
            (value.ref,),
            f"the figures are of {as_of} and {age.days} days old, more than {limit}",
            computed=f"{age.days} days",
            printed=value,
        )


@check("launch_before_as_of", "error", launch=_DATE, as_of=_DATE)
def launch_before_as_of(occasion: Occasion) -> Iterator[Finding]:
    """The fund was launched on or before the date of its figures."""
    launch, as_of, value = occasion.day("launch"), occasion.day("as_of"), occasion.one("launch")
    if launch is not None and as_of is not None and value is not None and launch > as_of:
        yield occasion.finding(
            (value.ref, occasion.fields["as_of"]),
            f"the launch date {launch} is after the as-of date {as_of}",
            computed=str(as_of),
            printed=value,
        )


@check(
    "risk_level_fits_sri",
    "warning",
    level=FieldParameter((Kind.CHOICE,)),
    sri=FieldParameter((Kind.INTEGER,)),
)
def risk_level_fits_sri(occasion: Occasion) -> Iterator[Finding]:
    """The risk level in words fits the SRI: 1 and 2 are Low, 3 to 5 Medium, 6 and 7 High."""
    level, sri = occasion.one("level"), occasion.one("sri")
    if level is None or sri is None:
        return
    band = _RISK_BANDS.get(str(level.value))
    # Another scale than 1 to 7 (the UK's has ten steps) has no agreed words, and then there is nothing to compare.
    if band is None or sri.value not in range(1, 8) or sri.value in band:
        return
    expected = next(word for word, classes in _RISK_BANDS.items() if sri.value in classes)
    yield occasion.finding(
        (level.ref, sri.ref),
        f"the risk level is printed as {level.evidence.quote!r}, and an SRI of {sri.value} reads {expected}",
        computed=expected,
        printed=level,
    )
