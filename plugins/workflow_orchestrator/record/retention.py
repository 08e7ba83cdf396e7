"""How old a run is, and until when the record of what was released must be kept.

A release is kept five years: the longest that the rules behind GEN-REC-01 ask for (17 CFR 275.204-2(e)(3)(i) five years for advisers,
FINRA Rule 2210(b)(4)(A) with 17 CFR 240.17a-4(b) three, Directive 2014/65/EU Art. 16(7) five).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from workflow_orchestrator.record.reading import parsed_manifest

KEPT_YEARS = 5
_AGE = re.compile(r"([1-9][0-9]{0,4})(d|y)")


@dataclass(frozen=True, slots=True)
class Held:
    """A run, by the key of its folder, that was released on a day and must be kept until another."""

    root: str
    released: date
    until: date


def day_before(age: str, today: date) -> date:
    """The day that lies `400d` or `5y` before today.

    Raises:
        ValueError: it is no such age, or reaches further back than dates do.
    """
    match = _AGE.fullmatch(age.strip())
    if match is None:
        raise ValueError(f"{age!r} is not an age; write a number of days or years such as 400d or 5y")
    number = int(match[1])
    try:
        return today - timedelta(days=number) if match[2] == "d" else _in_years(today, -number)
    except (ValueError, OverflowError):
        raise ValueError(f"{age} before {today} is no day") from None


def held(files: Mapping[str, bytes], root: str, today: date) -> Held | None:
    """The run if it, or an item of a map in it, was released by a person and the record is too young to go."""
    days = [day for key in _below(files, root, "approval.json") if (day := _released(json.loads(files[key])))]
    if not days:
        return None
    released = max(days)
    until = _in_years(released, KEPT_YEARS)
    return Held(root, released, until) if until > today else None


def last_day(files: Mapping[str, bytes], root: str) -> date | None:
    """The last day on which anything happened in a run; `None` where nothing says so."""
    days = [_day(parsed_manifest(files[key], key)["run"].get("finished")) for key in _below(files, root, "manifest.json")]
    days += [_day(json.loads(files[key]).get("at")) for key in _below(files, root, "approval.json")]
    for key in files:
        if key.startswith(f"{root}/") and "/steps/" in key and key.endswith(".json"):
            days += [_day(attempt.get("started")) for attempt in json.loads(files[key])["attempts"]]
    known = [day for day in days if day is not None]
    return max(known) if known else None


def _below(files: Mapping[str, bytes], root: str, name: str) -> Iterator[str]:
    return (key for key in files if key.startswith(f"{root}/") and key.endswith(f"/{name}"))


def _released(approval: Mapping[str, Any]) -> date | None:
    """The day of a person's release. What the demo profile released by itself is no publication, and a rejection is none either."""
    if approval.get("decision", "approved") != "approved" or approval.get("mode") == "auto":
        return None
    return _day(approval.get("at"))


def _day(text: Any) -> date | None:
    if not isinstance(text, str):
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at.astimezone(UTC).date() if at.tzinfo else at.date()


def _in_years(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)  # 29 February
