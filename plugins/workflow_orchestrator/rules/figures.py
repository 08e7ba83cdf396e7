"""Checks over figures of any kind of document: one figure printed twice, parts and their total."""

from __future__ import annotations

from collections.abc import Iterator

from workflow_orchestrator.fields import KEYED
from workflow_orchestrator.rules.findings import Finding
from workflow_orchestrator.rules.interval import Interval, total
from workflow_orchestrator.rules.registry import FieldParameter, FieldsParameter, Occasion, check
from workflow_orchestrator.rules.words import like, shown
from workflow_orchestrator.values import NUMERIC_KINDS, Kind, Value

_NUMERIC = tuple(sorted(NUMERIC_KINDS))
_ADDABLE = (Kind.MONEY, Kind.PERCENT, Kind.INTEGER)
_ONE_OR_MORE = ("", *KEYED)


@check(
    "figure_agrees",
    "error",
    one=FieldParameter(_NUMERIC, _ONE_OR_MORE),
    other=FieldParameter(_NUMERIC, _ONE_OR_MORE),
)
def figure_agrees(occasion: Occasion) -> Iterator[Finding]:
    """A figure that is printed in two places, such as table and prose, is one at the precision and scale of both."""
    for one, other in occasion.matched("one", "other"):
        if one.unit == other.unit and Interval.printed(one).fits(Interval.printed(other)):
            continue
        yield occasion.finding(
            (one.ref, other.ref),
            f"{occasion.title(one.ref)} is printed as {shown(one)} on page {one.evidence.page}, and as {shown(other)} on page "
            f"{other.evidence.page}; both are the same figure",
            computed=Interval.printed(other),
            printed=one,
        )


@check(
    "parts_sum_to_total",
    "error",
    parts=FieldParameter(_ADDABLE, KEYED),
    total=FieldParameter(_ADDABLE),
    others=FieldsParameter("single fields that belong to the sum too: corporate, eliminations", at_least=0),
)
def parts_sum_to_total(occasion: Occasion) -> Iterator[Finding]:
    """Parts, such as segments or quarters, add up to the printed total."""
    parts, printed = list(occasion.keyed("parts").values()), occasion.one("total")
    if not parts or printed is None:
        return
    parts += [value for name in occasion.lists["others"] for value in occasion.values.of(name)]
    if any(part.unit != printed.unit or part.kind is not printed.kind for part in parts):
        return
    computed = total(map(Interval.printed, parts))
    if not computed.fits(Interval.printed(printed)):
        yield occasion.finding(
            (printed.ref, *(part.ref for part in parts)),
            f"{occasion.title(printed.ref)} is printed as {shown(printed)}, and its {len(parts)} parts add up to "
            f"{like(computed, printed)}",
            computed=computed,
            printed=printed,
        )


def one_unit(*values: Value) -> bool:
    """Whether amounts are in one currency: only then can they be added and compared."""
    return len({value.unit for value in values}) == 1
