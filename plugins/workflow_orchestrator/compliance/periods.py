"""Performance periods: which figures may be shown to whom, and which are left out before anything is written.

    complete    every one of the preceding complete years is there     → all figures may be shown
    spans       twelve-month spans are there, but not year by year     → shown, and a person decides
    incomplete  no complete set                                        → figures under twelve months are left out
    young       the fund has existed for less than twelve months       → no performance figure at all
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import Any

from workflow_orchestrator.compliance.model import Pack, Rule, Withheld
from workflow_orchestrator.values import Value, ValueSet


class Standing(StrEnum):
    """How complete the performance of a document is."""

    COMPLETE = "complete"
    SPANS = "spans"
    INCOMPLETE = "incomplete"
    YOUNG = "young"


def matching(values: ValueSet, ref: str) -> tuple[Value, ...]:
    """The values of `field` or `field.key`; a field with keys stands for all of them."""
    exact = values.get(ref)
    return (exact,) if exact is not None else values.of(ref)


def withheld(
    packs: Sequence[Pack], *, values: ValueSet, language: str, jurisdictions: Sequence[str], audience: str
) -> tuple[Withheld, ...]:
    """The performance figures that the period rules keep out of a video for these places and this audience."""
    found: dict[str, Withheld] = {}
    for pack in packs:
        for rule in pack.rules:
            if rule.check["kind"] != "complete_periods":
                continue
            if not rule.concerns(language=language, jurisdictions=tuple(jurisdictions), audience=audience):
                continue
            for item in _withheld_by(rule, values):
                found.setdefault(item.ref, item)
    return tuple(found.values())


def publishable(
    packs: Sequence[Pack], *, values: ValueSet, language: str, jurisdictions: Sequence[str], audience: str
) -> ValueSet:
    """The values without those that are withheld: what a script is to be written from."""
    out = withheld(packs, values=values, language=language, jurisdictions=jurisdictions, audience=audience)
    refs = {item.ref for item in out}
    return ValueSet(value for value in values.values() if value.ref not in refs)


def _withheld_by(rule: Rule, values: ValueSet) -> list[Withheld]:
    standing, reason = standing_of(values, rule.check)
    names = {
        Standing.YOUNG: rule.check["figures"], Standing.INCOMPLETE: rule.check["short"],
    }.get(standing, ())
    return [Withheld(value.ref, rule.id, reason) for name in names for value in matching(values, name)]


def standing_of(values: ValueSet, check: Mapping[str, Any]) -> tuple[Standing, str]:
    """How complete the performance is, and the reason in words."""
    as_of, launch = _day(values, "as_of_date"), _day(values, "launch_date")
    if as_of is None:
        return Standing.INCOMPLETE, "the document has no reference date, so its periods cannot be placed"
    if launch is not None and _months(launch, as_of) < 12:
        return Standing.YOUNG, f"the fund was launched on {launch}, less than twelve months before {as_of}"
    gaps: list[list[str]] = []
    for field in check["years"]:
        have = {value.key for value in matching(values, field)}
        to = sorted(key for key in have if "-" in key)
        years = _spans_needed(to, as_of, launch, check["how_many"]) if to else _years_needed(as_of, launch, check["how_many"])
        missing = [year for year in years if year not in have]
        if years and not missing:
            return Standing.COMPLETE, f"complete years {'to the end of ' if to else ''}{years[0]} to {years[-1]}"
        gaps += [missing] if have or not gaps else []
    missing = min(gaps, key=len, default=[])
    if _spans_all(values, check["spans"], as_of, launch, check["how_many"]):
        return Standing.SPANS, "twelve-month spans are shown as one figure each, not year by year"
    gap = f"the complete years {', '.join(missing)} are missing" if missing else "there is no twelve-month figure"
    return Standing.INCOMPLETE, gap


def _spans_needed(ends: Sequence[str], as_of: date, launch: date | None, how_many: int) -> list[str]:
    """The months with which the preceding spans of twelve months end, by the last one; none where that is a year old.

    Article 44(4)(b) of Regulation (EU) 2017/565 and COBS 4.6.2R ask for complete twelve-month periods, not for calendar years.
    """
    before = [key for key in ends if key <= f"{as_of:%Y-%m}"]
    if not before or before[-1] <= f"{as_of.year - 1:04d}-{as_of.month:02d}":
        return []
    last, month = int(before[-1][:4]), before[-1][4:]
    spans = [f"{last - back:04d}{month}" for back in range(how_many - 1, -1, -1)]
    # The first one counts only if the fund existed when it began, with the end of the same month a year before.
    return [key for key in spans if launch is None or f"{launch:%Y-%m}" <= f"{int(key[:4]) - 1:04d}{month}"]


def _years_needed(as_of: date, launch: date | None, how_many: int) -> list[str]:
    last = as_of.year if as_of.month == 12 else as_of.year - 1
    first = last - how_many + 1
    if launch is not None:
        # The first year counts only if the fund existed from its first trading days on.
        first_whole = launch.year if (launch.month, launch.day) <= (1, 3) else launch.year + 1
        first = max(first, first_whole)
    return [str(year) for year in range(first, last + 1)]


def _spans_all(values: ValueSet, spans: Sequence[str], as_of: date, launch: date | None, how_many: int) -> bool:
    def has(key: str) -> bool:
        return any(f"{field}.{key}" in values for field in spans)

    one_year, whole_life = has("1y"), has("since_inception")
    if launch is not None and _months(launch, as_of) < 12 * how_many:
        return whole_life or (one_year and _months(launch, as_of) < 24)
    return one_year and has(f"{how_many}y")


def _day(values: ValueSet, ref: str) -> date | None:
    value = values.get(ref)
    return value.value if value is not None and isinstance(value.value, date) else None


def _months(start: date, end: date) -> int:
    """Complete months between two days."""
    months = (end.year - start.year) * 12 + end.month - start.month
    return months - 1 if end.day < start.day and not _is_month_end(end) else months


def _is_month_end(day: date) -> bool:
    return day.month != date.fromordinal(day.toordinal() + 1).month
