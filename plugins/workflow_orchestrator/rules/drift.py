"""Checks against the release before: what moved further than a month explains, what was restated, what is gone.

They are asked only where `rules.yaml` says how an earlier release of the same is found, and there is one of an earlier day.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

from workflow_orchestrator.rules.findings import Finding, Held, NotApplicable, Verdict
from workflow_orchestrator.rules.grid import ends_a_month, month_key, months_between
from workflow_orchestrator.rules.interval import Interval, change_in_percent, compound
from workflow_orchestrator.rules.previous import Release
from workflow_orchestrator.rules.registry import (
    Basis,
    DecimalParameter,
    FieldParameter,
    FieldsParameter,
    NumberParameter,
    Occasion,
    drift_check,
)
from workflow_orchestrator.rules.words import percents, shown
from workflow_orchestrator.values import Kind, Value

_DATE = FieldParameter((Kind.DATE,))
_PERCENT = FieldParameter((Kind.PERCENT,))
_MOST_NAMED = 5
"""Values that a sentence names."""
_MOST_ASKED = 12
"""Values that a finding asks a person about: nobody looks through ten years of months in a form."""


def _then(previous: Release) -> str:
    return f"the release of {previous.as_of}"


@drift_check(
    "as_of_advances",
    "needs_person",
    Basis(("FX-19",), "month of the as-of date = month of the release before + months"),
    as_of=_DATE,
    months=NumberParameter(1, 1, 12, "by how many months"),
)
def as_of_advances(occasion: Occasion) -> Iterator[Verdict]:
    """The figures are one month later than those of the release before."""
    as_of, value, previous = occasion.day("as_of"), occasion.one("as_of"), occasion.previous
    if as_of is None or value is None or previous is None:
        return
    months, wanted = months_between(previous.as_of, as_of), occasion.whole("months")
    yield occasion.judged(
        months == wanted,
        (value.ref,),
        f"the figures are of {as_of}, {months} months after those of {_then(previous)}, and not {wanted}",
        computed=str(previous.as_of),
        printed=value,
    )


@drift_check(
    "moves_within_points",
    "needs_person",
    Basis(("FX-20",), "|now − before| ≤ points"),
    value=FieldParameter((Kind.PERCENT,), ("", "period", "name")),
    points=DecimalParameter(Decimal("0.2"), Decimal(0), Decimal(1_000), "the most percentage points it may move by"),
)
def moves_within_points(occasion: Occasion) -> Iterator[Verdict]:
    """A figure in per cent, such as the ongoing charges, moved by at most so many percentage points since the release before."""
    limit = occasion.limit("points")
    for before, now in _pairs(occasion):
        moved = Interval.printed(now) - Interval.printed(before)
        by = percents(moved).replace(" %", " points")
        yield _moved(occasion, before, now, abs(moved).low <= limit, f"{by}, more than {limit} percentage points")


@drift_check(
    "moves_within_percent",
    "needs_person",
    Basis(("FX-20",), "|now − before| / |before| ≤ percent"),
    value=FieldParameter((Kind.MONEY, Kind.INTEGER, Kind.RATIO), ("", "period", "name")),
    percent=DecimalParameter(Decimal(30), Decimal(0), Decimal(10_000), "the most per cent it may change by"),
)
def moves_within_percent(occasion: Occasion) -> Iterator[Verdict]:
    """An amount, such as the size of the fund, changed by at most so many per cent since the release before.

    Amounts in two currencies are left alone.
    """
    limit = occasion.limit("percent")
    for before, now in _pairs(occasion):
        base = Interval.printed(before)
        if now.unit != before.unit or base.low <= 0 <= base.high:
            yield NotApplicable(f"{shown(before)} is in another currency, or can be zero", (now.ref,))
            continue
        changed = change_in_percent(base, Interval.printed(now))
        yield _moved(occasion, before, now, abs(changed).low <= limit, f"{percents(changed)}, more than {limit} %")


def _pairs(occasion: Occasion) -> Iterator[tuple[Value, Value]]:
    """The values of the field before and now, by key."""
    before = occasion.before("value")
    yield from ((before[key], now) for key, now in occasion.keyed("value").items() if key in before)


def _moved(occasion: Occasion, before: Value, now: Value, fits: bool, by: str) -> Finding | Held:
    return occasion.judged(
        fits,
        (now.ref,),
        f"{occasion.title(now.ref)} is printed as {shown(now)}, and {_then(_previous(occasion))} printed {shown(before)}: it changed by "
        f"{by}",
        computed=_printed_then(occasion, before),
        printed=now,
    )


def _previous(occasion: Occasion) -> Release:
    if occasion.previous is None:
        raise AssertionError("a check of drift is asked with a release before")
    return occasion.previous


def _printed_then(occasion: Occasion, before: Value) -> str:
    return f"{shown(before)} ({_previous(occasion).as_of})"


@drift_check(
    "same_as_before",
    "needs_person",
    Basis(("FX-20", "ER-11"), "now = before"),
    value=FieldParameter((Kind.TEXT, Kind.CURRENCY, Kind.ISIN, Kind.CHOICE, Kind.DATE, Kind.INTEGER)),
)
def same_as_before(occasion: Occasion) -> Iterator[Verdict]:
    """What rarely changes, such as benchmark, manager or SRI, is what the release before printed; case and points apart."""
    for before, now in _pairs(occasion):
        yield occasion.judged(
            _letters(before) == _letters(now),
            (now.ref,),
            f"{occasion.title(now.ref)} is printed as {shown(now)!r}, and {_then(_previous(occasion))} printed {shown(before)!r}",
            computed=_printed_then(occasion, before),
            printed=now,
        )


def _letters(value: Value) -> str:
    if value.kind is Kind.TEXT:
        return "".join(filter(str.isalnum, str(value.value).casefold()))
    return str(value.value)


@drift_check(
    "unit_as_before",
    "error",
    Basis(("ER-11",), "currency now = currency before"),
    value=FieldParameter((Kind.MONEY,), ("", "period", "name")),
)
def unit_as_before(occasion: Occasion) -> Iterator[Verdict]:
    """An amount, such as a guided figure, is in the currency in which the release before gave it."""
    for before, now in _pairs(occasion):
        yield occasion.judged(
            now.unit == before.unit,
            (now.ref,),
            f"{occasion.title(now.ref)} is in {now.unit} ({shown(now)}), and {_then(_previous(occasion))} gave it in {before.unit} "
            f"({shown(before)})",
            computed=_printed_then(occasion, before),
            printed=now,
        )


@drift_check(
    "past_is_not_restated",
    "needs_person",
    Basis(("ER-08",), "now = before, at the coarser precision of both"),
    past=FieldParameter((Kind.PERCENT, Kind.MONEY), ("month", "year")),
)
def past_is_not_restated(occasion: Occasion) -> Iterator[Verdict]:
    """Figures of months and years that were over already are what the release before printed for them."""
    previous = _previous(occasion)
    over = _over_by(previous.as_of)
    changed: list[tuple[Value, Value]] = []
    same: list[tuple[Value, Value]] = []
    for key, before in occasion.before("past").items():
        now = occasion.keyed("past").get(key)
        if now is None or key >= over[: len(key)] or now.unit != before.unit:
            continue
        (same if Interval.printed(before).fits(Interval.printed(now)) else changed).append((before, now))
    if same and not changed:
        yield occasion.held(
            tuple(now.ref for _, now in same), computed=f"{len(same)} figures ({previous.as_of})", printed=same[-1][1]
        )
    if changed:
        named = "; ".join(f"{now.key}: {shown(now)}, before {shown(before)}" for before, now in changed[:_MOST_NAMED])
        more = f" and {len(changed) - _MOST_NAMED} more" if len(changed) > _MOST_NAMED else ""
        field = changed[0][1].field
        count = "one past figure differs" if len(changed) == 1 else f"{len(changed)} past figures differ"
        yield occasion.finding(
            tuple(now.ref for _, now in changed[:_MOST_ASKED]),
            f"{occasion.title(field)}: {count} from {_then(previous)} ({named}{more})",
            computed=f"{shown(changed[0][0])} ({previous.as_of})",
            printed=changed[0][1],
        )


def _over_by(as_of: date) -> str:
    """The key of the first month that was not over when figures of this day were printed; its year was not over either."""
    # Figures of the last days of a month are that month's final ones (weekends, holidays).
    return month_key(as_of + timedelta(days=5))


@drift_check(
    "ytd_continues",
    "needs_person",
    Basis(("FX-01",), "YTD = (1 + YTD before) · (1 + month) − 1"),
    ytd=_PERCENT,
    month=_PERCENT,
    as_of=_DATE,
)
def ytd_continues(occasion: Occasion) -> Iterator[Verdict]:
    """The YTD figure is that of the release one month before, compounded with the month; a new year begins anew."""
    ytd, month, as_of, previous = occasion.one("ytd"), occasion.one("month"), occasion.day("as_of"), occasion.previous
    before = occasion.before("ytd").get("")
    if ytd is None or month is None or as_of is None or previous is None or before is None:
        return
    if months_between(previous.as_of, as_of) != 1 or not ends_a_month(previous.as_of):
        yield NotApplicable(f"{_then(previous)} is not of the end of the month before", (ytd.ref,))
        return
    if as_of.year != previous.as_of.year:
        yield NotApplicable("a new year began", (ytd.ref,))
        return
    computed = compound((Interval.printed(before), Interval.printed(month)))
    yield occasion.judged(
        computed.fits(Interval.printed(ytd)),
        (ytd.ref, month.ref),
        f"{occasion.title(ytd.ref)} is printed as {shown(ytd)}; {shown(before)} of {_then(previous)} and a month of {shown(month)} "
        f"make {percents(computed)}",
        computed=computed,
        printed=ytd,
    )


@drift_check(
    "nothing_is_gone",
    "warning",
    Basis(("FX-19",), "what had a value has one, and as many"),
    fields=FieldsParameter("the fields to look at"),
)
def nothing_is_gone(occasion: Occasion) -> Iterator[Verdict]:
    """What the release before had is still there: each field, each of its periods, and as many rows of names.

    Sheets of whole families have gone out with sections missing; what is not there breaks no other rule.
    """
    previous = _previous(occasion)
    for name in occasion.lists["fields"]:
        before = previous.values.of(name)
        now = {value.key for value in occasion.values.of(name)}
        if not before:
            continue
        missing = _missing(name, before, now, occasion.schema[name].keyed)
        yield occasion.judged(
            not missing,
            missing or (name,),
            f"{_said(occasion, name, before, missing, len(now))} in {_then(previous)}",
            computed=f"{len(before)} values ({previous.as_of})",
            printed=f"{len(now)} values",
        )


def _missing(name: str, before: tuple[Value, ...], now: set[str], keyed: str) -> tuple[str, ...]:
    if not now:
        return (name,)
    if keyed == "period":
        return tuple(value.ref for value in before if value.key not in now)
    # Names come and go, and years and months move on; that fewer are printed is what can be seen.
    return (name,) if len(now) < len(before) else ()


def _said(occasion: Occasion, name: str, before: tuple[Value, ...], missing: tuple[str, ...], now: int) -> str:
    if not now:
        return f"{occasion.title(name)}: not found, and there"
    if missing == (name,):
        return f"{occasion.title(name)}: {now} values, and {len(before)}"
    return f"{'; '.join(map(occasion.title, missing))}: not found, and there"


@drift_check("pages_as_before", "warning", Basis(("FX-19",), "pages now = pages before"), as_of=_DATE)
def pages_as_before(occasion: Occasion) -> Iterator[Verdict]:
    """The document has as many pages as the release before."""
    value, previous = occasion.one("as_of"), _previous(occasion)
    if value is None or not occasion.pages:
        return
    yield occasion.judged(
        occasion.pages == previous.pages,
        (value.ref,),
        f"the document has {_pages(occasion.pages)}, and that of {_then(previous)} had {previous.pages}",
        computed=f"{_pages(previous.pages)} ({previous.as_of})",
        printed=_pages(occasion.pages),
    )


def _pages(count: int) -> str:
    return "one page" if count == 1 else f"{count} pages"
