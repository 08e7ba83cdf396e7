"""Reads tables of returns: periods, calendar years and the grid of months; only the fund's own row of each.

Whose row it is, the row's label must say. What a figure over more than a year is, cumulative or per annum, the head, the
row, the group over the heads or the nearest title must say. Where they do not, the figure is left out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from workflow_orchestrator.documents.model import around
from workflow_orchestrator.errors import FigureError
from workflow_orchestrator.extraction.counterparts import Counterparts
from workflow_orchestrator.extraction.fold import fold, fold_label, without_brackets
from workflow_orchestrator.extraction.layout import Mark, PageLayout, Row
from workflow_orchestrator.extraction.notes import (
    is_of_plan,
    is_of_returns,
    is_of_savings,
    is_of_whole_years,
    is_rolling,
    says_annualised,
)
from workflow_orchestrator.extraction.quotes import Reader, value_of
from workflow_orchestrator.extraction.reading import Findings
from workflow_orchestrator.extraction.spans import month_of, says_twelve_months_to, span_of
from workflow_orchestrator.extraction.tables import Head, Line, Table, find_tables
from workflow_orchestrator.extraction.units import CURRENCIES
from workflow_orchestrator.extraction.vocabulary import Target, Vocabulary, months_of
from workflow_orchestrator.values import Evidence, Kind, Origin

_YEAR = re.compile(r"(?:19|20)\d\d")
_PER_CENT = re.compile(r"%|per ?cent|prozent|pour cent|p\.c\.")
_IN_PER_CENT = re.compile(r"\((?:in )?%[^()]*\)$|\bin (?:%|per cent|prozent)$|\ben (?:%|pour cent)$")  # what ends a title
_LEGEND_REACH = 60.0  # points to the left of the first column in which the numbers of a legend may stand
_NOTE_REACH = 90.0  # points between a table and the line that says what it shows
SEPARATOR = " · "  # between the label of a row and the head of a column

# The rows of an ETF that is dealt at an exchange; those of an investment trust ("NAV", "Share price") say nothing of the kind.
_AT_NAV = frozenset(
    {"nav", "net asset value", "at nav", "nav return", "nav returns", "fund nav", "nav (%)", "etf nav", "fund at nav"}
)
_AT_MARKET = frozenset(
    {"market price", "at market price", "market", "market value", "fund market price", "market price return", "mkt price"}
)
_SEVERAL = "several"  # bases
_LONG = 9  # letters: a word that is in no other one by chance

Periods = tuple[Target, ...]


class ReturnsReader:
    """Reads the tables of returns of one page."""

    def __init__(
        self, page: PageLayout, words: Vocabulary, reader: Reader, names: frozenset[str], found: Findings
    ) -> None:
        self._page, self._words, self._reader, self._names, self._found = page, words, reader, names, found
        self._known: dict[str, Periods | None] = {}
        self._counterparts = Counterparts(words, found, page.page.shown)
        self._annualised: bool | None = None  # over a year, by a note of the page; None: not looked for

    def read(self) -> None:
        for table in find_tables(self._page, self._period, section=self._is_basis):
            named = any(target.key for head in table.heads for target in head.meaning)
            if named and is_of_returns((*table.stub, *table.titles), self._names):
                self._periods(table)
        for years in find_tables(self._page, year_of):
            self._years(years)
        for spans in find_tables(self._page, span_of) if self._words.keyed("year_to") else ():
            self._spans(spans)
        for months in find_tables(self._page, month_of) if self._words.keyed("year_to") else ():
            if says_twelve_months_to((*months.stub, *months.titles[:1])):
                self._spans(months)

    # Periods

    def _period(self, text: str) -> Periods | None:
        if text not in self._known:
            self._known[text] = self._named_period(text)
        return self._known[text]

    def _named_period(self, text: str) -> Periods | None:
        targets = self._words.period(text)
        if targets:
            return targets
        bare = fold_label(text)
        # "3 years p.a.", "Depuis création ann.", "Annualised 3 years": the period with the words of its basis.
        for spec in self._words.keyed("period"):
            for section in self._words.sections(spec.name):
                if bare.endswith(" " + section):
                    return self._words.period(bare[: -len(section)]) or None
                if bare.startswith(section + " "):
                    return self._words.period(bare[len(section) :]) or None
        return None

    def _periods(self, table: Table[Periods]) -> None:
        for series, line in self._lines_by_series(table):
            for head, mark in line.cells:
                if not mark.nil:
                    self._take_period(table, line, head, mark, series)

    def _take_period(
        self, table: Table[Periods], line: Line[Periods], head: Head[Periods], mark: Mark, series: str
    ) -> None:
        section = line.section or self._before_section(table)
        contexts = (head.text, line.label_text, section, table.group_of(head), *table.stub, *table.titles)
        target = self._decide(head, contexts)
        if target is None:
            if not series:
                self._undecided(head, mark)
            return
        label = SEPARATOR.join(filter(None, (line.label_text, head.text)))
        self._take(target.field, target.key, mark, label, contexts, series)

    def _lines_by_series(self, table: Table[Any]) -> list[tuple[str, Line[Any]]]:
        """The lines of the document's own series, and those of the series that stand beside it."""
        own = self._own_lines(table)
        if not own or not self._words.beside:
            return [("", line) for line in own]
        rows = [line.row for line in own]
        others = (
            (line.label_text, (self._basis(fold(line.label_text)), self._basis(fold(line.section))), line)
            for line in table.lines
            if line.row not in rows
        )
        return [*(("", line) for line in own), *self._counterparts.among(others)]

    def _undecided(self, head: Head[Periods], mark: Mark) -> None:
        self._found.reject(
            f"{head.meaning[0].field}.{head.meaning[0].key}",
            mark.text,
            self._page.number,
            f"{head.text!r}: nothing says whether it is cumulative or per annum",
        )

    def _decide(self, head: Head[Periods], contexts: Sequence[str]) -> Target | None:
        """The one field that a period is of; the nearest words on its basis decide where several fields know it."""
        basis = next(filter(None, map(self._basis_or_several, map(fold, contexts))), "")
        if len(head.meaning) > 1:
            basis = basis or self._by_note(contexts)
            return next((target for target in head.meaning if target.field == basis), None)
        target = head.meaning[0]
        if not target.key or basis in ("", target.field):
            return target
        # Over exactly one year the yearly rate and the return are the same number; under it, there is no yearly rate.
        return target if months_of(target.key) == 12 else None

    def _by_note(self, contexts: Sequence[str]) -> str:
        """The field of annualised returns, when a note of the page says it and no word near the table says otherwise."""
        if any(self._words.in_section(spec.name, fold(text)) for text in contexts for spec in self._words.keyed("period")):
            return ""
        if self._annualised is None:
            self._annualised = says_annualised(self._page)
        fields = [spec.name for spec in self._words.keyed("period") if self._words.in_section(spec.name, "p.a.")]
        return fields[0] if self._annualised and len(fields) == 1 else ""

    def _basis_or_several(self, folded: str) -> str:
        """As `_basis`; `_SEVERAL` where the text names more than one, so that what stands further off decides nothing.

        Words may be printed without the space between them: "CUMULATIVE & ANNUALISEDPERFORMANCE".
        """
        named = {
            spec.name
            for spec in self._words.keyed("period")
            if self._words.in_section(spec.name, folded)
            or any(len(word) >= _LONG and " " not in word and word in folded for word in self._words.sections(spec.name))
        }
        return _SEVERAL if len(named) > 1 else self._basis(folded)

    def _is_basis(self, text: str) -> bool:
        """Whether a row within a table is nothing but the basis of the rows below it: "p.a.", "Annualised (%)"."""
        bare = without_brackets(fold_label(text)).replace("%", "").strip(" .,")
        words = (section for spec in self._words.keyed("period") for section in self._words.sections(spec.name))
        return bool(bare) and any(bare == section.strip(" .,") for section in words)

    def _before_section(self, table: Table[Periods]) -> str:
        """A section word of the basis of the rows before the first section: the other of the two that a title names."""
        given = {self._basis(fold(line.section)) for line in table.lines if line.section}
        named = next((both for title in table.titles if len(both := self._bases(title)) == 2), set[str]())
        other = named - given
        if len(given) != 1 or len(other) != 1:
            return ""
        return next(iter(self._words.sections(other.pop())), "")

    def _bases(self, folded: str) -> set[str]:
        return {spec.name for spec in self._words.keyed("period") if self._words.in_section(spec.name, folded)}

    def _basis(self, folded: str) -> str:
        """The period field whose section words are in the text; empty when none is or several are."""
        fields = [spec.name for spec in self._words.keyed("period") if self._words.in_section(spec.name, folded)]
        return fields[0] if len(fields) == 1 else ""

    # Years

    def _years(self, table: Table[str]) -> None:
        specs = [
            spec
            for spec in self._words.keyed("year")
            if any(self._words.in_section(spec.name, fold(title)) for title in (*table.stub, *table.titles[:2]))
            or (not table.titles and self._is_named(table) and self._says_near(spec.name, table))
        ]
        titles = (*table.stub, *table.titles)
        if len(specs) != 1 or not _pure(table) or any(map(is_rolling, titles)) or not is_of_returns(titles, self._names):
            return
        if not any(map(is_of_whole_years, titles)) and any(map(is_rolling, self._near(table))):
            return
        self._take_lines(table, specs[0].name)

    def _spans(self, table: Table[str]) -> None:
        """Twelve months each: the heads say so themselves, or the words in front of them."""
        titles, ends = (*table.stub, *table.titles), [head.meaning for head in table.heads]
        in_order = ends in (sorted(set(ends)), sorted(set(ends), reverse=True))
        if in_order and is_of_returns(titles, self._names):
            for spec in self._words.keyed("year_to"):
                self._take_lines(table, spec.name)

    def _take_lines(self, table: Table[str], field: str) -> None:
        for series, line in self._lines_by_series(table):
            for head, mark in line.cells:
                if not mark.nil:
                    label = SEPARATOR.join(filter(None, (line.label_text, head.text)))
                    contexts = (line.label_text, *table.stub, *table.titles)
                    self._take(field, head.meaning, mark, label, contexts, series)

    def _is_named(self, table: Table[str]) -> bool:
        """Whether a row of a table is full and says that it is the document's own: no axis of a chart."""
        return any(
            len(line.cells) == len(table.heads) and self._words.series(line.label_text, self._names) == "own"
            for line in table.lines
        )

    def _says_near(self, field: str, table: Table[str]) -> bool:
        """Whether a line over or under a table without a title says what its years are: "for each full calendar year"."""
        texts = self._near(table)
        return any(self._words.in_section(field, text) for text in texts) and not any(map(is_rolling, texts))

    def _near(self, table: Table[str]) -> list[str]:
        """The folded cells over and under a table, within the reach of a note."""
        left, right = table.heads[0].box.left, table.heads[-1].box.right
        left = min([left, *(cell.box.left for line in table.lines for cell in line.label)])
        return [
            cell.folded
            for row in self._page.rows
            if abs(row.box.bottom - table.row.box.bottom) <= _NOTE_REACH
            for cell in row.cells
            if cell.box.left < right and cell.box.right > left
        ]

    # Both

    def _own_lines(self, table: Table[Periods] | Table[str]) -> list[Line[Any]]:
        """The lines of the document's own series: one, or one per basis where the labels say it."""
        own: list[Line[Any]] = []
        others = 0
        legend = self._legend(table)
        lines: Sequence[Line[Any]] = table.lines
        if any(is_of_savings(fold(line.label_text)) for line in lines):
            return []
        for number, line in enumerate(lines):
            label = legend[number] if legend else self._resolved(line, table)
            whose = "other" if is_of_plan(fold(label)) else self._words.series(label, self._names)
            if whose == "own" and self._words.says_nothing(label) and self._is_of_other(*table.stub, *table.titles):
                whose = "other"
            if whose == "unknown" and self._is_own_among(label, number, table):
                whose = "own"
            if whose == "own" or (whose == "none" and len(table.lines) == 1 and not self._titled_other(table)):
                own.append(replace(line, label=()) if legend else line)  # what stands beside it is of another column
            else:
                others += 1
        bases = Counter(self._basis(fold(line.label_text)) or self._basis(fold(line.section)) for line in own)
        if any(count > 1 for count in bases.values()):
            for line in own:
                for _, mark in line.cells:
                    self._found.reject(
                        self._name(table),
                        mark.text,
                        self._page.number,
                        f"{len(own)} rows could be the fund's: {', '.join(repr(item.label_text) for item in own)}",
                    )
            return []
        return own

    @staticmethod
    def _name(table: Table[Periods] | Table[str]) -> str:
        meaning = table.heads[0].meaning
        return meaning if isinstance(meaning, str) else meaning[0].field

    def _resolved(self, line: Line[Any], table: Table[Periods] | Table[str]) -> str:
        """The label of a line; a key number ("1") stands for the words behind the same number in a legend above."""
        label: str = line.label_text.strip()
        if not (label.isdigit() and len(label) == 1):
            return label
        left = line.label[0].box.left
        for row in self._page.above(table.row, 40):
            for index, word in enumerate(row.words[:-1]):
                near = row.words[index + 1].box.left - word.box.right < 1.5 * row.height
                if word.text == label and abs(word.box.left - left) < 6 and near:
                    return " ".join(later.text for later in row.words[index + 1 :])
        return label

    def _is_own_among(self, label: str, number: int, table: Table[Periods] | Table[str]) -> bool:
        """Whether a row that names no series is the fund's by the rows beside it.

        "NAV" over "Market price" is the return of a unit of an ETF; "EUR" over "BM in EUR" is the fund's in its currency.
        """
        lines: Sequence[Line[Any]] = table.lines
        others = [fold_label(line.label_text) for place, line in enumerate(lines) if place != number]
        if fold_label(label) in _AT_NAV:
            return any(other in _AT_MARKET for other in others)
        code = label.strip()
        return (
            code in CURRENCIES
            and bool(others)
            and all(self._is_index_in(other, code) for other in others)
        )

    def _is_index_in(self, folded: str, code: str) -> bool:
        """Whether the label of a row is a word for the benchmark and the currency: "BM in EUR", "Index EUR"."""
        words = folded.split()
        rest = " ".join(word for word in words if word not in ("in", "en", code.casefold()))
        return code.casefold() in words and rest in self._words.other

    def _is_of_other(self, *titles: str) -> bool:
        """Whether the nearest title names another series, so that "Return" below it is the return of that one."""
        return bool(titles) and self._words.series(titles[0], self._names) == "other"

    def _titled_other(self, table: Table[Periods] | Table[str]) -> bool:
        """Whether the nearest title names another series, or one that is not known: "Benchmark performance"."""
        return any(self._words.names_another(title, self._names) for title in (*table.stub, *table.titles)[:1])

    def _legend(self, table: Table[Periods] | Table[str]) -> tuple[str, ...]:
        """The series of rows without labels, by a numbered legend above the table: "1 Fund", "2 Benchmark".

        Such rows begin with coloured boxes. Only a legend with exactly one number per row, in order, will do.
        """
        left, right = table.heads[0].box.left - _LEGEND_REACH, table.heads[-1].box.right
        entries: list[tuple[float, str]] = []
        for row in self._page.above(table.row, 40):
            for index, word in enumerate(row.words[:-1]):
                near = row.words[index + 1].box.left - word.box.right < 1.5 * row.height
                if left <= word.box.left <= right and re.fullmatch(r"[1-9]", word.text) and near:
                    entries.append((word.box.left, _legend_text(row, index)))
        edge = entries[0][0] if entries else 0.0
        column = [text for place, text in reversed(entries) if abs(place - edge) <= 6]
        numbers = [text.partition(" ")[0] for text in column]
        if len(column) < 2 or numbers != [str(number) for number in range(1, len(table.lines) + 1)]:
            return ()
        if any(cell.box.right > edge - 5 for line in table.lines for cell in line.label):
            return ()
        return tuple(text.partition(" ")[2] for text in column)

    def _take(
        self, field: str, key: str, mark: Mark, label: str, contexts: Sequence[str], series: str = ""
    ) -> None:
        """Takes a figure for a field, or for the one beside it that is of another series, where the schema has it."""
        spec = self._words.beside.get((field, series)) if series else self._words.fields[field]
        if spec is None:
            return
        field = spec.name
        evidence = Evidence(self._page.number, mark.text, label, around(mark.words))
        try:
            value = value_of(spec, key, evidence, self._reader, Origin.OFFLINE)
        except FigureError as error:
            self._found.reject(f"{field}.{key}" if key else field, mark.text, self._page.number, error.message)
            return
        own = self._found.first(f"{spec.beside}.{key}" if key else spec.beside) if series else None
        beside = own is not None and own.evidence.page == self._page.number  # what stands beside a figure is in its unit
        if spec.kind is Kind.PERCENT and not beside and not self._says_per_cent(mark, contexts):
            self._found.reject(value.ref, mark.text, self._page.number, "nothing near says that it is per cent")
            return
        self._found.add(value)

    def _says_rate(self, text: str) -> bool:
        """Whether words say that figures are per annum, which only a rate can be."""
        folded = fold(text)
        return any(
            self._words.in_section(spec.name, folded)
            for spec in self._words.keyed("period")
            if self._words.in_section(spec.name, "p.a.")
        )

    def _says_per_cent(self, mark: Mark, contexts: Sequence[str]) -> bool:
        if any(_PER_CENT.search(fold(text)) or self._says_rate(text) for text in (mark.text, *contexts)):
            return True
        # The title of the section may stand further up, above another table of the same section.
        box = mark.box
        return any(
            _IN_PER_CENT.search(fold(cell.text)) or (_PER_CENT.search(fold(cell.text)) and len(cell.words) <= 8)
            for row in self._page.rows
            for cell in row.cells
            if 0 < cell.box.bottom - box.top < 160 and cell.box.left <= box.right
        )


def _legend_text(row: Row, index: int) -> str:
    """The number at `index` of a row and the words behind it, up to a gap."""
    words = [row.words[index]]
    for word in row.words[index + 1 :]:
        if word.box.left - words[-1].box.right > 1.5 * row.height:
            break
        words.append(word)
    return " ".join(word.text for word in words)


def year_of(text: str) -> str | None:
    """The year that the text is, and nothing else."""
    return text if _YEAR.fullmatch(text) else None


def _pure(table: Table[str]) -> bool:
    """Whether the years stand alone, in order, once each: not "Sep 2021 - Sep 2022", not an axis."""
    years = [int(head.meaning) for head in table.heads]
    first, last = table.heads[0].box.left, table.heads[-1].box.right
    between = [word for word in table.row.words if first <= word.box.left <= last]
    return len(between) == len(years) and years in (sorted(set(years)), sorted(set(years), reverse=True))
