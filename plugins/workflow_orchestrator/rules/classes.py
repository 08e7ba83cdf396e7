"""Checks over the share class: its currency in its name, its size in the fund's, its price times its units."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from workflow_orchestrator.rules.currencies import CURRENCIES
from workflow_orchestrator.rules.findings import Finding
from workflow_orchestrator.rules.interval import HUNDRED, Interval
from workflow_orchestrator.rules.registry import DecimalParameter, FieldParameter, Occasion, check
from workflow_orchestrator.rules.words import like
from workflow_orchestrator.values import Kind

_MONEY = FieldParameter((Kind.MONEY,))
_PERCENT = DecimalParameter(Decimal("0.5"), Decimal(0), Decimal(50), "what days and rounding may explain, in per cent")


@check(
    "class_names_its_currency",
    "needs_person",
    share_class=FieldParameter((Kind.TEXT,)),
    currency=FieldParameter((Kind.CURRENCY,)),
)
def class_names_its_currency(occasion: Occasion) -> Iterator[Finding]:
    """A share class whose name holds a currency code is priced in that currency; one without says nothing."""
    share_class, currency = occasion.one("share_class"), occasion.one("currency")
    if share_class is None or currency is None:
        return
    # Capital letters only, and whole words: `Euro` and `Usdan` are no codes.
    named = [
        word for word in re.findall(r"(?<![A-Za-z])[A-Z]{3}(?![A-Za-z])", str(share_class.value)) if word in CURRENCIES
    ]
    if named and str(currency.value) not in named:
        yield occasion.finding(
            (share_class.ref, currency.ref),
            f"the share class is named {share_class.evidence.quote!r}, and its currency is printed as "
            f"{currency.evidence.quote}",
            computed=", ".join(named),
            printed=currency,
        )


@check("class_within_fund", "warning", class_size=_MONEY, fund_size=_MONEY, percent=_PERCENT)
def class_within_fund(occasion: Occasion) -> Iterator[Finding]:
    """The share class is not larger than the fund; amounts in two currencies are left alone."""
    share_class, fund = occasion.one("class_size"), occasion.one("fund_size")
    if share_class is None or fund is None or share_class.unit != fund.unit:
        return
    most = Interval.printed(fund).scaled(1 + occasion.limit("percent") / HUNDRED)
    if Interval.printed(share_class).low > most.high:
        yield occasion.finding(
            (share_class.ref, fund.ref),
            f"the share class is printed with {share_class.evidence.quote}, more than the whole fund with "
            f"{fund.evidence.quote}",
            computed=most,
            printed=share_class,
        )


@check(
    "price_times_units_fits_class",
    "warning",
    price=_MONEY,
    units=FieldParameter((Kind.INTEGER,)),
    class_size=_MONEY,
    percent=_PERCENT,
)
def price_times_units_fits_class(occasion: Occasion) -> Iterator[Finding]:
    """The price of a unit times the number of units is about the size of the share class."""
    price, units, size = occasion.one("price"), occasion.one("units"), occasion.one("class_size")
    if price is None or units is None or size is None or price.unit != size.unit:
        return
    computed = Interval.printed(price) * Interval.printed(units)
    if not computed.widened(computed.high * occasion.limit("percent") / HUNDRED).fits(Interval.printed(size)):
        yield occasion.finding(
            (size.ref, price.ref, units.ref),
            f"the share class is printed with {size.evidence.quote}, and {price.evidence.quote} times "
            f"{units.evidence.quote} units is {like(computed, size)}",
            computed=computed,
            printed=size,
        )
