"""Checks over dates: the day of the figures against today, the launch and the end of a month."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, timedelta

from workflow_orchestrator.rules.findings import Finding
from workflow_orchestrator.rules.registry import FieldParameter, NumberParameter, Occasion, check
from workflow_orchestrator.values import Kind

_DATE = FieldParameter((Kind.DATE,))


@check(
    "as_of_not_stale",
    "warning",
    as_of=_DATE,
    max_age_days=NumberParameter(45, 1, 3_650, "older figures are stale"),
)
def as_of_not_stale(occasion: Occasion) -> Iterator[Finding]:
    """The figures are not older than so many days."""
    as_of, limit = occasion.day("as_of"), occasion.whole("max_age_days")
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
    "as_of_at_month_end",
    "needs_person",
    as_of=_DATE,
    days=NumberParameter(5, 0, 15, "how far from the end of a month the day may be"),
)
def as_of_at_month_end(occasion: Occasion) -> Iterator[Finding]:
    """The figures of a monthly sheet are of the end of a month; weekends and holidays move it by some days."""
    as_of, value = occasion.day("as_of"), occasion.one("as_of")
    if as_of is None or value is None:
        return
    away = min((abs(as_of - end) for end in _month_ends(as_of)), default=timedelta(0))
    if away > timedelta(days=occasion.whole("days")):
        yield occasion.finding(
            (value.ref,),
            f"the figures are of {as_of}, {away.days} days from the nearest end of a month",
            computed=f"{away.days} days",
            printed=value,
        )


def _month_ends(day: date) -> Iterator[date]:
    """The ends of a day's month and of the month before."""
    yield day.replace(day=monthrange(day.year, day.month)[1])
    if day > date.min.replace(day=31):
        yield day.replace(day=1) - timedelta(days=1)
