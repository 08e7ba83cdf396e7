"""Checks over dates: the day of the figures against today, the launch and the end of a month."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from workflow_orchestrator.rules.findings import NotApplicable, Verdict
from workflow_orchestrator.rules.grid import month_end
from workflow_orchestrator.rules.registry import (
    Basis,
    FieldParameter,
    FieldsParameter,
    NumberParameter,
    Occasion,
    check,
)
from workflow_orchestrator.values import Kind

_DATE = FieldParameter((Kind.DATE,))


@check(
    "as_of_not_stale",
    "warning",
    Basis(("FX-10",), "today − as-of date ≤ so many days"),
    as_of=_DATE,
    max_age_days=NumberParameter(45, 1, 3_650, "older figures are stale"),
)
def as_of_not_stale(occasion: Occasion) -> Iterator[Verdict]:
    """The figures are not older than so many days."""
    as_of, limit = occasion.day("as_of"), occasion.whole("max_age_days")
    value = occasion.one("as_of")
    if as_of is None or value is None:
        return
    age = occasion.today - as_of
    yield occasion.judged(
        age <= timedelta(days=limit),
        (value.ref,),
        f"the figures are of {as_of} and {age.days} days old, more than {limit}",
        computed=f"{age.days} days",
        printed=value,
    )


@check("launch_before_as_of", "error", Basis(("FX-10",), "launch ≤ as-of date"), launch=_DATE, as_of=_DATE)
def launch_before_as_of(occasion: Occasion) -> Iterator[Verdict]:
    """The fund was launched on or before the date of its figures."""
    launch, as_of, value = occasion.day("launch"), occasion.day("as_of"), occasion.one("launch")
    if launch is None or as_of is None or value is None:
        return
    yield occasion.judged(
        launch <= as_of,
        (value.ref, occasion.fields["as_of"]),
        f"the launch date {launch} is after the as-of date {as_of}",
        computed=f"at most {as_of}",
        printed=value,
    )


@check(
    "as_of_at_month_end",
    "needs_person",
    Basis(("FX-03",), "|as-of date − end of a month| ≤ so many days"),
    as_of=_DATE,
    days=NumberParameter(5, 0, 15, "how far from the end of a month the day may be"),
    monthly=FieldsParameter("fields that only a monthly sheet prints; one without any is left alone", at_least=0),
)
def as_of_at_month_end(occasion: Occasion) -> Iterator[Verdict]:
    """The figures of a monthly sheet are of the end of a month; weekends and holidays move it by some days.

    A key information document is of any day: `monthly` names the fields that tell a monthly sheet from it.
    """
    as_of, value, monthly = occasion.day("as_of"), occasion.one("as_of"), occasion.lists["monthly"]
    if as_of is None or value is None:
        return
    if monthly and not any(occasion.values.of(name) for name in monthly):
        yield NotApplicable("it prints no monthly figures", (value.ref,))
        return
    away = min((abs(as_of - end) for end in _month_ends(as_of)), default=timedelta(0))
    yield occasion.judged(
        away <= timedelta(days=occasion.whole("days")),
        (value.ref,),
        f"the figures are of {as_of}, {away.days} days from the nearest end of a month",
        computed=f"{away.days} days",
        printed=value,
    )


def _month_ends(day: date) -> Iterator[date]:
    """The ends of a day's month and of the month before."""
    yield month_end(day)
    if day > date.min.replace(day=31):
        yield day.replace(day=1) - timedelta(days=1)
