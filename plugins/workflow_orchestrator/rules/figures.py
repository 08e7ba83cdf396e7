"""Checks over figures of any kind of document: one figure printed twice, parts and their total."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from workflow_orchestrator.fields import KEYED
from workflow_orchestrator.rules.findings import NotApplicable, Verdict
from workflow_orchestrator.rules.interval import Interval, total
from workflow_orchestrator.rules.registry import Basis, FieldParameter, FieldsParameter, Occasion, check
from workflow_orchestrator.rules.words import like, shown
from workflow_orchestrator.values import NUMERIC_KINDS, Kind, Value

_NUMERIC = tuple(sorted(NUMERIC_KINDS))
_ADDABLE = (Kind.MONEY, Kind.PERCENT, Kind.INTEGER)
_ONE_OR_MORE = ("", *KEYED)
_SCALES = (3, 6, 9)


@check(
    "figure_agrees",
    "error",
    Basis(("ER-09",), "one = other, at the coarser precision of both"),
    one=FieldParameter(_NUMERIC, _ONE_OR_MORE),
    other=FieldParameter(_NUMERIC, _ONE_OR_MORE),
)
def figure_agrees(occasion: Occasion) -> Iterator[Verdict]:
    """A figure that is printed in two places, such as table and prose, is one at the precision and scale of both."""
    if why := occasion.unmatched("one", "other"):
        whole = occasion.one("one") if "" in occasion.keyed("one") or "" in occasion.keyed("other") else None
        printed = occasion.one("other")
        if whole is None or printed is None:
            yield why
        else:  # what prose says without a period is of the first one
            yield _agreement(occasion, whole, printed)
    for one, other in occasion.matched("one", "other"):
        yield _agreement(occasion, one, other)


def _agreement(occasion: Occasion, one: Value, other: Value) -> Verdict:
    return occasion.judged(
        one.unit == other.unit and Interval.printed(one).fits(Interval.printed(other)),
        (one.ref, other.ref),
        f"{occasion.title(one.ref)} is printed as {shown(one)} on page {one.evidence.page}, and as {shown(other)} on page "
        f"{other.evidence.page}; both are the same figure{_apart(one, other)}",
        computed=Interval.printed(other),
        printed=one,
    )


def _apart(one: Value, other: Value) -> str:
    """The usual reasons: another currency, or the scale of one of them was not read."""
    if one.unit != other.unit:
        return f", in {one.unit or 'no unit'} and in {other.unit or 'no unit'}"
    first, second = Interval.printed(one), Interval.printed(other)
    for scale in _SCALES:
        factor = Decimal(10) ** scale
        if first.scaled(factor).fits(second) or second.scaled(factor).fits(first):
            return f", apart by a factor of {factor:,}"
    return ""


@check(
    "parts_sum_to_total",
    "error",
    Basis(("ER-05", "ER-08"), "total = Σ parts + Σ others"),
    parts=FieldParameter(_ADDABLE, KEYED),
    total=FieldParameter(_ADDABLE, ("", "period"), says="of a field by period, its first period"),
    others=FieldsParameter("single fields that belong to the sum too: corporate, eliminations", at_least=0),
)
def parts_sum_to_total(occasion: Occasion) -> Iterator[Verdict]:
    """Parts, such as segments or the quarters of a year, add up to the printed total; a part printed as a dash is none."""
    parts, printed = list(occasion.keyed("parts").values()), occasion.one("total")
    if not parts or printed is None:
        return
    parts += [value for name in occasion.lists["others"] for value in occasion.values.of(name)]
    if any(part.unit != printed.unit or part.kind is not printed.kind for part in parts):
        yield two_units(printed, *parts)
        return
    computed = total(map(Interval.printed, parts))
    yield occasion.judged(
        computed.fits(Interval.printed(printed)),
        (printed.ref, *(part.ref for part in parts)),
        f"{occasion.title(printed.ref)} is printed as {shown(printed)}, and its {len(parts)} parts add up to "
        f"{like(computed, printed)}",
        computed=computed,
        printed=printed,
    )


@check(
    "not_more_than",
    "warning",
    Basis((), "part ≤ whole"),
    part=FieldParameter(tuple(sorted(NUMERIC_KINDS))),
    whole=FieldParameter(tuple(sorted(NUMERIC_KINDS))),
)
def not_more_than(occasion: Occasion) -> Iterator[Verdict]:
    """A figure that is a part of another one is not more: a fee of the costs, a duration of the time to maturity."""
    part, whole = occasion.one("part"), occasion.one("whole")
    if part is None or whole is None:
        return
    if part.kind is not whole.kind or not one_unit(part, whole):
        yield two_units(part, whole)
        return
    most = Interval.printed(whole)
    yield occasion.judged(
        Interval.printed(part).low <= most.high,
        (part.ref, whole.ref),
        f"{occasion.title(part.ref)} is printed as {shown(part)}, more than {occasion.title(whole.ref)} with {shown(whole)}",
        computed=most,
        printed=part,
    )


def one_unit(*values: Value) -> bool:
    """Whether amounts are in one currency: only then can they be added and compared."""
    return len({value.unit for value in values}) == 1


def two_units(*values: Value) -> NotApplicable:
    """That amounts are in several currencies, or not all amounts."""
    units = ", ".join(sorted({value.unit or value.kind.value for value in values}))
    return NotApplicable(f"the figures are not of one unit: {units}", tuple(value.ref for value in values))
