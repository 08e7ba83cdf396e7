"""Intervals in words, for the people who read a finding."""

from __future__ import annotations

from decimal import Decimal

from workflow_orchestrator.rules.interval import Interval
from workflow_orchestrator.values import Kind, Value

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
    return f"between {low} and {high}"


def _rounded(number: Decimal, places: int) -> Decimal:
    return number.quantize(Decimal(1).scaleb(-places))


def shown(value: Value) -> str:
    """The printed words, on one line."""
    return " ".join(value.evidence.quote.split())
