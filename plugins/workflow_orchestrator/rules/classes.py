"""Checks over the share class: its currency in its name and its price, its size in the fund's, its price times its units."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from workflow_orchestrator.rules.currencies import CURRENCIES, MINOR
from workflow_orchestrator.rules.figures import two_units
from workflow_orchestrator.rules.findings import NotApplicable, Verdict
from workflow_orchestrator.rules.interval import HUNDRED, Interval
from workflow_orchestrator.rules.registry import Basis, DecimalParameter, FieldParameter, Occasion, check
from workflow_orchestrator.rules.words import like, shown
from workflow_orchestrator.values import Kind

_MONEY = FieldParameter((Kind.MONEY,))
_PERCENT = DecimalParameter(Decimal("0.5"), Decimal(0), Decimal(50), "what days and rounding may explain, in per cent")
# Codes that names print as words: ALL CAP, TOP 50.
_WORDS = frozenset({"ALL", "BAM", "COP", "CUP", "GEL", "MAD", "MOP", "PEN", "RON", "SOS", "TOP", "TRY"})


@check(
    "class_names_its_currency",
    "needs_person",
    Basis(("FX-06",), "currency ∈ codes in the name of the share class"),
    share_class=FieldParameter((Kind.TEXT,)),
    currency=FieldParameter((Kind.CURRENCY,)),
)
def class_names_its_currency(occasion: Occasion) -> Iterator[Verdict]:
    """A share class whose name holds a currency code is priced in that currency; one without says nothing."""
    share_class, currency = occasion.one("share_class"), occasion.one("currency")
    if share_class is None or currency is None:
        return
    # Capital letters only, and whole words: `Euro` and `Usdan` are no codes.
    words = re.findall(r"(?<![A-Za-z])[A-Z]{3}(?![A-Za-z])", str(share_class.value))
    named = [word for word in words if word in CURRENCIES and (word not in _WORDS or word == currency.value)]
    if not named:
        yield NotApplicable("the name of the share class holds no currency code", (share_class.ref, currency.ref))
        return
    yield occasion.judged(
        str(currency.value) in named,
        (share_class.ref, currency.ref),
        f"the share class is named {shown(share_class)!r}, and its currency is printed as {shown(currency)}",
        computed=", ".join(named),
        printed=currency,
    )


@check(
    "amount_is_in_currency",
    "needs_person",
    Basis(("FX-07",), "currency of the amount = currency of the share class"),
    amount=_MONEY,
    currency=FieldParameter((Kind.CURRENCY,)),
)
def amount_is_in_currency(occasion: Occasion) -> Iterator[Verdict]:
    """An amount, such as the price of a unit, is in the currency of the share class; pence are pounds."""
    amount, currency = occasion.one("amount"), occasion.one("currency")
    if amount is None or currency is None:
        return
    yield occasion.judged(
        MINOR.get(amount.unit, amount.unit) == currency.value,
        (amount.ref, currency.ref),
        f"{occasion.title(amount.ref)} is printed as {shown(amount)}, in {amount.unit}, and the currency as {shown(currency)}",
        computed=str(currency.value),
        printed=amount,
    )


@check(
    "class_within_fund",
    "warning",
    Basis(("FX-18",), "assets of the class ≤ assets of the fund · (1 + percent)"),
    class_size=_MONEY,
    fund_size=_MONEY,
    percent=_PERCENT,
)
def class_within_fund(occasion: Occasion) -> Iterator[Verdict]:
    """The share class is not larger than the fund; amounts in two currencies are left alone."""
    share_class, fund = occasion.one("class_size"), occasion.one("fund_size")
    if share_class is None or fund is None:
        return
    if share_class.unit != fund.unit:
        yield two_units(share_class, fund)
        return
    most = Interval.printed(fund).scaled(1 + occasion.limit("percent") / HUNDRED)
    yield occasion.judged(
        Interval.printed(share_class).low <= most.high,
        (share_class.ref, fund.ref),
        f"the share class is printed with {shown(share_class)}, more than the whole fund with {shown(fund)}",
        computed=most,
        printed=share_class,
    )


@check(
    "price_times_units_fits_class",
    "warning",
    Basis(("FX-18",), "assets of the class = price · units, ± percent"),
    price=_MONEY,
    units=FieldParameter((Kind.INTEGER,)),
    class_size=_MONEY,
    percent=_PERCENT,
)
def price_times_units_fits_class(occasion: Occasion) -> Iterator[Verdict]:
    """The price of a unit times the number of units is about the size of the share class."""
    price, units, size = occasion.one("price"), occasion.one("units"), occasion.one("class_size")
    if price is None or units is None or size is None:
        return
    if price.unit != size.unit:
        yield two_units(price, size)
        return
    computed = Interval.printed(price) * Interval.printed(units)
    yield occasion.judged(
        computed.widened(abs(computed).high * occasion.limit("percent") / HUNDRED).fits(Interval.printed(size)),
        (size.ref, price.ref, units.ref),
        f"the share class is printed with {shown(size)}, and {shown(price)} times {shown(units)} units is {like(computed, size)}",
        computed=computed,
        printed=size,
    )
