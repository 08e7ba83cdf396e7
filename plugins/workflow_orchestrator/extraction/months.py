"""Reads the grid of monthly returns: years down, months across, a total at the end of each row.

The total of a whole year is the calendar year; that of the running year is the year to date, and only then when the head
or the date of the figures says so; that of the year of launch is neither.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from typing import Any

from workflow_orchestrator.documents.model import around
from workflow_orchestrator.errors import FigureError
from workflow_orchestrator.extraction.fold import fold
from workflow_orchestrator.extraction.layout import Mark, PageLayout
from workflow_orchestrator.extraction.quotes import Reader, value_of
from workflow_orchestrator.extraction.reading import Findings
from workflow_orchestrator.extraction.tables import Head, Line, Table, find_tables
from workflow_orchestrator.extraction.vocabulary import Vocabulary
from workflow_orchestrator.fields import FieldSpec
from workflow_orchestrator.figures import MONTH_NAMES
from workflow_orchestrator.values import Evidence, Kind, Origin

_YEAR = re.compile(r"(?:19|20)\d\d")
_PER_CENT = re.compile(r"%|per ?cent|prozent|pour cent|p\.c\.")
_MONTH_YEAR = re.compile(
    r"(?:(?P<number>\d{1,2})[/.-]|(?P<name>[^\W\d_]{3,9}\.?)[ '/-]{1,2})(?P<year>(?:19|20)\d\d|\d\d)"
)
_LEAST_MONTHS = 3
_TOTAL = 13  # stands for the total column beside the months 1 to 12


class MonthsReader:
    """Reads the monthly grids of one page."""

    def __init__(
        self,
        page: PageLayout,
        words: Vocabulary,
        reader: Reader,
        names: frozenset[str],
        as_of: date | None,
        found: Findings,
    ) -> None:
        self._page, self._words, self._reader = page, words, reader
        self._names, self._as_of, self._found = names, as_of, found
        self._total_labels = {label for spec in words.keyed("year") for label in _folded(spec.all_labels())} | {
            label for label, targets in words.periods.items() if any(not target.key for target in targets)
        }

    def read(self) -> None:
        for spec in self._words.keyed("month"):
            for table in find_tables(self._page, self._meaning, least=6):
                if self._is_grid(table, spec.name):
                    self._read_grid(table, spec.name)
            self._read_rows(spec)

    def _meaning(self, text: str) -> int | None:
        folded = fold(text).rstrip(".")
        return MONTH_NAMES.get(folded) or (_TOTAL if folded in self._total_labels else None)

    def _read_rows(self, spec: FieldSpec) -> None:
        """Tables with a month and its year over each column: "11/25  12/25  01/26", one row for each series."""
        for table in find_tables(self._page, month_of, least=_LEAST_MONTHS):
            months = [head.meaning for head in table.heads]
            if not self._is_titled(table, spec.name) or any(b != _next_month(a) for a, b in pairwise(months)):
                continue
            own = [line for line in table.lines if self._words.series(line.label_text, self._names) == "own"]
            own = own or [line for line in table.lines if not line.label and len(table.lines) == 1]
            stated = (*table.titles, *(mark.text for line in own for _, mark in line.cells))
            if len(own) != 1 or not any(_PER_CENT.search(fold(text)) for text in stated):
                continue
            for head, mark in own[0].cells:
                late = self._as_of is not None and head.meaning > f"{self._as_of.year}-{self._as_of.month:02}"
                if not mark.nil and not late:
                    self._take(spec.name, head.meaning, own[0], head, mark)

    def _is_titled(self, table: Table[Any], field: str) -> bool:
        """Whether the words over a table say that it is of months, and do not name another series."""
        titled = any(self._words.in_section(field, title) for title in table.titles)
        return titled and not any(self._words.series(title, self._names) == "other" for title in table.titles[:1])

    def _is_grid(self, table: Table[int], field: str) -> bool:
        months = [head.meaning for head in table.heads if head.meaning != _TOTAL]
        return self._is_titled(table, field) and len(months) >= 6 and months == sorted(set(months))

    def _read_grid(self, table: Table[int], field: str) -> None:
        lines = [(year, line) for line in table.lines if (year := self._year(line))]
        counts = Counter(year for year, _ in lines)
        for year, line in lines:
            if counts[year] > 1:
                self._refuse(field, line, f"{counts[year]} rows of the grid are of {year}")
            else:
                self._read_year(table, field, year, line)

    def _year(self, line: Line[int]) -> int | None:
        """The year of a row of the document's own series: "2025", or "2025 Fund"."""
        if not line.label:
            return None
        first, _, rest = line.label_text.partition(" ")
        if not _YEAR.fullmatch(first):
            return None
        return int(first) if not rest or self._words.series(rest, self._names) == "own" else None

    def _read_year(self, table: Table[int], field: str, year: int, line: Line[int]) -> None:
        per_cent = any(_PER_CENT.search(fold(text)) for text in (*table.titles, *(mark.text for _, mark in line.cells)))
        if not per_cent:
            self._refuse(field, line, "nothing near says that it is per cent")
            return
        given: list[int] = []
        for head, mark in line.cells:
            if mark.nil or head.meaning == _TOTAL:
                continue
            if self._as_of and (year, head.meaning) > (self._as_of.year, self._as_of.month):
                self._found.reject(
                    f"{field}.{year}-{head.meaning:02}",
                    mark.text,
                    self._page.number,
                    "lies after the date of the figures",
                )
                continue
            given.append(head.meaning)
            self._take(field, f"{year}-{head.meaning:02}", line, head, mark)
        for head, mark in line.cells:
            if head.meaning == _TOTAL and not mark.nil:
                self._take_total(year, given, line, head, mark)

    def _take_total(self, year: int, given: Sequence[int], line: Line[int], head: Head[int], mark: Mark) -> None:
        if len(given) == 12:
            for spec in self._words.keyed("year"):
                self._take(spec.name, str(year), line, head, mark)
        as_of = self._as_of
        running = as_of is not None and year == as_of.year and list(given) == list(range(1, as_of.month + 1))
        if running:
            for target in self._to_date(head):
                self._take(target, "", line, head, mark)

    def _to_date(self, head: Head[int]) -> tuple[str, ...]:
        """The single-valued fields that a total of the running year is of: those the head names, or the only one."""
        named = [target.field for target in self._words.period(head.text) if not target.key]
        if named:
            return tuple(named)
        # "Year" over a row that ends with the month of the figures is the year to date.
        return tuple(
            dict.fromkeys(
                target.field for targets in (self._words.period("ytd"),) for target in targets if not target.key
            )
        )

    def _take(self, field: str, key: str, line: Line[Any], head: Head[Any], mark: Mark) -> None:
        spec = self._words.fields[field]
        label = f"{line.label_text} · {head.text}"
        evidence = Evidence(self._page.number, mark.text, label, around(mark.words))
        try:
            value = value_of(spec, key, evidence, self._reader, Origin.OFFLINE)
        except FigureError as error:
            self._found.reject(f"{field}.{key}" if key else field, mark.text, self._page.number, error.message)
            return
        if spec.kind is Kind.PERCENT:
            self._found.add(value)

    def _refuse(self, field: str, line: Line[int], reason: str) -> None:
        for _, mark in line.cells:
            self._found.reject(field, mark.text, self._page.number, reason)


def month_of(text: str) -> str | None:
    """The month that words are, as "2025-11": "11/25", "11/2025", "Nov 25", "Nov. 2025", "nov-25"."""
    match = _MONTH_YEAR.fullmatch(fold(text))
    if not match:
        return None
    number = MONTH_NAMES.get(match["name"].rstrip(".")) if match["name"] else int(match["number"])
    year = int(match["year"]) + (2000 if len(match["year"]) == 2 else 0)
    return f"{year}-{number:02}" if number and 1 <= number <= 12 else None


def _next_month(key: str) -> str:
    year, _, month = key.partition("-")
    return f"{int(year) + 1}-01" if month == "12" else f"{year}-{int(month) + 1:02}"


def _folded(labels: Sequence[str]) -> list[str]:
    return [fold(label).rstrip(".") for label in labels]
