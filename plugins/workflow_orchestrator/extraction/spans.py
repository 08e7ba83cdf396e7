"""Reads spans of twelve months, as they stand over columns or in front of rows: discrete annual performance.

    Sep 2024 - Sep 2025        30.09.2024 – 30.09.2025        01/10/2024 - 30/09/2025        12 months to end of | Sep 2025

A span is told by its last month, "2025-09". One of any other length, or one that does not begin and end with a month, is none.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Sequence

from workflow_orchestrator.extraction.fold import fold
from workflow_orchestrator.figures import MONTH_NAMES

_BETWEEN = re.compile(r"(?<=[\d.])\s*[-–—]\s*(?=[^\W_])|\s+(?:to|bis|au|à)\s+")
_FROM = re.compile(r"^(?:from|vom|von|du|de)\s+")
_MONTH_YEAR = re.compile(r"(?P<name>[^\W\d_]+)\.?[ -](?P<year>(?:19|20)\d\d)")
_NUMBER_YEAR = re.compile(r"(?P<month>\d{1,2})[./](?P<year>(?:19|20)\d\d)")
_NAMED_DAY = re.compile(r"(?P<day>\d{1,2})\.? (?P<name>[^\W\d_]+)\.? (?P<year>(?:19|20)\d\d)")
_DAY = re.compile(r"(?P<first>\d{1,2})(?P<mark>[./-])(?P<second>\d{1,2})(?P=mark)(?P<year>(?:19|20)?\d\d)")
_TO = re.compile(
    r"\b(?:12|twelve)[- ]months?(?: periods?)? (?:to|ended|ending)\b|\b(?:12|zwölf)[- ]?monate? (?:bis|zum)\b|"
    r"\b(?:12|douze) mois (?:à|au|jusqu)"
)

End = tuple[int, int, int]  # year, month, day; day 0 where only the month is printed


def span_of(text: str) -> str | None:
    """The last month of the twelve months that the text is, and nothing else: "Sep 2024 - Sep 2025" → "2025-09"."""
    parts = _BETWEEN.split(_FROM.sub("", fold(text)))
    if len(parts) != 2:
        return None
    start, end = _end_of(parts[0]), _end_of(parts[1])
    return f"{end[0]:04d}-{end[1]:02d}" if start and end and _is_a_year(start, end) else None


def month_of(text: str) -> str | None:
    """The month that the text is, and nothing else: "Sep 2025" → "2025-09"."""
    end = _end_of(fold(text))
    return f"{end[0]:04d}-{end[1]:02d}" if end and not end[2] else None


def says_twelve_months_to(texts: Sequence[str]) -> bool:
    """Whether folded words say that the months beside or below them are the last ones of twelve: "12 months to end of"."""
    return any(_TO.search(text) for text in texts)


def _is_a_year(start: End, end: End) -> bool:
    """From month to month of the next year; with days, from the end of that month or from the day behind it to the end of a month."""
    if bool(start[2]) != bool(end[2]):
        return False
    if not end[2]:
        return start[:2] == (end[0] - 1, end[1])
    if end[2] != monthrange(end[0], end[1])[1]:
        return False
    behind = (end[0] - 1, end[1] + 1, 1) if end[1] < 12 else (end[0], 1, 1)
    return start == behind or start == (end[0] - 1, end[1], monthrange(end[0] - 1, end[1])[1])


def _end_of(text: str) -> End | None:
    shown = text.strip(" .,")
    for pattern in (_MONTH_YEAR, _NUMBER_YEAR, _NAMED_DAY, _DAY):
        match = pattern.fullmatch(shown)
        if match is not None:
            break
    else:
        return None
    found = match.groupdict()
    if "first" in found:
        return _numeric(int(found["first"]), int(found["second"]), found["year"], found["mark"])
    month = MONTH_NAMES.get(found["name"], 0) if "name" in found else int(found["month"])
    day = int(found.get("day") or 0)
    return (int(found["year"]), month, day) if 1 <= month <= 12 and day <= 31 else None


def _numeric(first: int, second: int, year: str, mark: str) -> End | None:
    """The ends of months tell days from months, but for the first of a month written with slashes."""
    if mark == "." or first > 12 or first == second:
        day, month = first, second
    elif second > 12:
        month, day = first, second
    else:
        return None
    number = int(year) if len(year) == 4 else 2000 + int(year)
    return (number, month, day) if 1 <= month <= 12 and 1 <= day <= 31 else None
