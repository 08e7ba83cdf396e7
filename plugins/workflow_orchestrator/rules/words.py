"""Intervals in words, for the people who read a finding."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from workflow_orchestrator.rules.interval import Interval
from workflow_orchestrator.values import Kind, Value

_MOST_SHOWN = 12

_SCALES = {3: " thousand", 6: " million", 9: " billion", 12: " trillion"}


def percents(interval: Interval) -> str:
    """`between 5.101 % and 5.212 %`: one digit more than factsheets print."""
    return f"between {interval.low:.3f} % and {interval.high:.3f} %"


def like(interval: Interval, value: Value) -> str:
    """An interval in the unit and scale in which a value is printed, with one digit more than it prints."""
    places = value.decimals + 1
    if value.kind is Kind.PERCENT:
        unit = " %"
    elif value.scale in _SCALES:
        unit = _SCALES[value.scale]
    else:
        unit = ""
    scale = value.scale if value.scale in _SCALES else 0
    low, high = (f"{_rounded(end.scaleb(-scale), places):,}{unit}" for end in (interval.low, interval.high))
    return f"about {low}" if low == high else f"between {low} and {high}"


def span(interval: Interval, value: Value | None) -> str:
    """An interval beside a printed figure: its unit and scale, and two digits more, which is enough to see why it does not fit."""
    scale = value.scale if value is not None and value.scale in _SCALES else 0
    places = 4 if value is None or (scale == 0 and value.kind is not Kind.MONEY) else value.decimals + 2
    low, high = (f"{_rounded(end.scaleb(-scale), places):,}" for end in (interval.low, interval.high))
    return f"{low if low == high else f'{low} to {high}'}{_SCALES.get(scale, '')}"


def listed(values: Sequence[Value]) -> str:
    """The printed words of several figures as a sum; of many, the first ones."""
    words = [shown(value) for value in values[:_MOST_SHOWN]]
    return " + ".join([*words, "…"] if len(values) > _MOST_SHOWN else words)


def _rounded(number: Decimal, places: int) -> Decimal:
    return number.quantize(Decimal(1).scaleb(-places))


def shown(value: Value) -> str:
    """The printed words, on one line."""
    return " ".join(value.evidence.quote.split())
