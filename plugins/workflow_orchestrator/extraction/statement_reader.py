"""Reads the fields of a schema out of statements: which row is theirs, in which column, and in which unit.

A row is a field's when its label is one of the field's own, in a table that one of the field's `sections` titles. Its column is of the
period that ends on the day of the document, of the same period a year before, or what is printed as the change; between two columns that
say the same nobody decides. The lines that add up to a field count only if they do: lines of another table, or one that was misread, do
not give the printed total.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import date
from decimal import Decimal
from functools import cached_property

from workflow_orchestrator.documents.model import around
from workflow_orchestrator.errors import FigureError
from workflow_orchestrator.extraction.fold import fold, fold_label, has_words, without_brackets
from workflow_orchestrator.extraction.layout import DocumentLayout, Mark, Row
from workflow_orchestrator.extraction.quotes import SEPARATOR, Reader, value_of
from workflow_orchestrator.extraction.standing import Place, compact
from workflow_orchestrator.extraction.statement_heads import Heads, is_current, is_year_before
from workflow_orchestrator.extraction.statements import Column, Item, Statement, find_statements
from workflow_orchestrator.extraction.table_units import (
    RowKind,
    is_of_shares,
    is_per_share,
    names_scale,
    row_scale,
    unit_scale,
)
from workflow_orchestrator.extraction.vocabulary import Vocabulary
from workflow_orchestrator.fields import FieldSpec
from workflow_orchestrator.values import NUMERIC_KINDS, Box, Evidence, Kind, Origin, Value

_ELLIPSIS = ("…", "...")
_LOSS = re.compile(r"\b(?:loss|losses|verlust\w*|\w*fehlbetrag\w*|perte)\b")
_GAIN = re.compile(r"\b(?:income|earnings|profit|gains?|ergebnis\w*|gewinn\w*|überschuss|bénéfice|résultat)\b")
_ROW_KINDS: tuple[RowKind, ...] = ("amount", "per_share", "shares")
_MOST_LINES = 30

Spot = tuple[int, int, int, int]


class StatementTables:
    """The statements of one document, and what they say of the fields of a schema."""

    def __init__(self, layout: DocumentLayout, words: Vocabulary, reader: Reader, as_of: date | None = None) -> None:
        self._layout, self._words, self._reader = layout, words, reader
        self._heads = Heads(words.columns, layout.document.language)
        self.statements = find_statements(layout, self._heads) if words.columns else ()
        self.as_of = self._last_day() or as_of

    # What they say

    def found(self) -> tuple[Value, ...]:
        """Every figure that is a field's, wherever it is printed."""
        if self.as_of is None:
            return ()
        found: list[Value] = []
        for statement in self.statements:
            for item in statement.items:
                for spec in self._fields_of(statement, item):
                    found += self._of_row(statement, item, spec)
        shortest = self._shortest(found)
        for statement in self.statements:
            for spec in self._words.columns:
                if spec.keyed == "name":
                    found += self._lines(statement, spec, shortest)
        return tuple(found)

    def unit_words(self, place: Place, spec: FieldSpec) -> tuple[str, ...]:
        """The words of the table in which a place stands that say its currency and scale; none outside of statements."""
        for statement, item in self._at(place):
            return self._unit(statement, item, spec) or ()
        return ()

    def ref_of(self, place: Place) -> str:
        """The reference whose value stands at a place of a statement; empty for none."""
        return self._refs.get(spot_of(place.page.number, place.box), "")

    def is_line(self, place: Place, spec: FieldSpec, name: str) -> bool:
        """Whether a figure stands in the row of a name, in a table of the field's, and in a column of the field's period.

        Nothing is said of whether the lines add up: a model may point to lines that do not, and a rule finds that.
        """
        if spec.keyed != "name" or self.as_of is None:
            return False
        for statement, item in self._at(place):
            columns = [column for column, mark in item.figures if set(mark.words) & set(place.words)]
            own = any(_is(column, spec.column, self.as_of) and column.head.period for column in columns)
            sections = self._words.sections(spec.name)
            texts = (*statement.titles, fold_label(item.section))
            if own and compact(name) == compact(item.label) and any(has_words(t, s) for t in texts for s in sections):
                return True
        return False

    @cached_property
    def _refs(self) -> dict[Spot, str]:
        return {spot_of(v.evidence.page, v.evidence.box): v.ref for v in self.found() if v.evidence.box}

    def names(self, place: Place, words: str) -> bool:
        """Whether words of the table in which a place stands, such as the section of its row or its unit, are these."""
        return compact(words).rstrip(":") in self._named(place)

    def _named(self, place: Place) -> frozenset[str]:
        names: set[str] = set()
        for statement, item in self._at(place):
            heads = [column.head.text for column, mark in item.figures if set(mark.words) & set(place.words)]
            words = [item.label, item.section, *item.names, *heads, *statement.titles]
            words += [part for kind in _ROW_KINDS for part in self._parts(statement, item, kind) or ()]
            words += [part for spec in self._words.columns for part in self._unit(statement, item, spec) or ()]
            names |= {compact(text).rstrip(":") for text in words if text}
        return frozenset(names)

    def _at(self, place: Place) -> Iterator[tuple[Statement, Item]]:
        for statement in self.statements:
            for item in statement.items:
                if item.page.number == place.page.number and any(set(m.words) & set(place.words) for _, m in item.figures):
                    yield statement, item

    # Rows

    def _fields_of(self, statement: Statement, item: Item) -> list[FieldSpec]:
        """The fields whose row it is: those that name it exactly, else those that name how it begins."""
        titled = [s for s in self._words.columns if s.keyed == "period" and self._is_titled(statement, s)]
        exact = [spec for spec in titled if _names_exactly(spec, item)]
        return exact or [spec for spec in titled if _names_beginning(spec, item)]

    def names_of(self, statement: Statement, item: Item) -> tuple[str, ...]:
        """The names of the fields whose row it may be, without asking in which column, period and unit its figures stand."""
        texts = (*statement.titles, fold_label(item.section))
        listed = (s for s in self._words.columns if s.keyed == "name")
        lines = [s for s in listed if any(has_words(text, section) for text in texts for section in self._words.sections(s.name))]
        return tuple(spec.name for spec in (*self._fields_of(statement, item), *lines))

    def is_titled(self, statement: Statement, row: Row) -> bool:
        """Whether titles of a statement are some that fields stand under, and a row over them is none."""
        known = {section for spec in self._words.columns for section in self._words.sections(spec.name)}
        own = fold(" ".join(word.text for word in row.words))
        under = [title for title in statement.titles if title != own]
        return not any(has_words(own, s) for s in known) and any(has_words(title, s) for s in known for title in under)

    def rank_of(self, value: Value) -> int:
        """How good a witness the label of a row is: the first of a field's labels is the best."""
        spec = self._words.fields[value.field]
        texts = [fold_label(part) for part in value.evidence.label.split(SEPARATOR)]
        names = {form for text in (*texts[:2], SEPARATOR.join(texts[:2])) for form in (text, without_brackets(text))}
        return next((n for n, label in enumerate(_labels(spec)) if label in names), len(spec.all_labels()))

    def _is_titled(self, statement: Statement, spec: FieldSpec) -> bool:
        sections = self._words.sections(spec.name)
        return not sections or any(has_words(title, section) for section in sections for title in statement.titles)

    def _of_row(self, statement: Statement, item: Item, spec: FieldSpec) -> Iterator[Value]:
        for key in spec.keys:
            column = self._column(statement, spec.column, key)
            mark = item.figure(column) if column else None
            if column and mark and not mark.nil:
                yield from self._take(statement, item, column, mark, spec, key)

    def _column(self, statement: Statement, wanted: str, period: str) -> Column | None:
        """The only column of a period that is current, prior, the change, or an end of a range."""
        fitting = [
            column
            for column in statement.columns
            if column.head.period == period and self.as_of and _is(column, wanted, self.as_of)
        ]
        return fitting[0] if len(fitting) == 1 else None

    def _take(
        self, statement: Statement, item: Item, column: Column, mark: Mark, spec: FieldSpec, key: str
    ) -> Iterator[Value]:
        unit = self._unit(statement, item, spec)
        if spec.kind is Kind.MONEY and is_per_share(f"{item.section} {item.label}") and not _is_per_share_field(spec):
            return  # "Net income" under "Earnings per share" is of one share
        if unit is None or (spec.kind is Kind.PERCENT and not _says_per_cent(mark, column, item.row)):
            return
        row = SEPARATOR.join(filter(None, (_section_of(item, spec), item.label)))
        label = SEPARATOR.join(filter(None, (row, column.head.text, *unit)))
        evidence = Evidence(item.page.number, mark.text, label, around(mark.words))
        with suppress(FigureError):
            value = value_of(spec, key, evidence, self._reader, Origin.OFFLINE)
            if not (_is_loss(item.label) and isinstance(value.value, Decimal) and value.value > 0):
                yield value

    # Units

    def _unit(self, statement: Statement, item: Item, spec: FieldSpec) -> tuple[str, ...] | None:
        """The printed words of currency and scale for a row; `None` where they are needed and nothing says them."""
        if spec.unit_words and spec.kind in (Kind.INTEGER, Kind.RATIO):
            return self._of_unit(statement, item, spec)
        if spec.kind not in (Kind.MONEY, Kind.INTEGER):
            return ()
        kind: RowKind = "amount"
        if spec.kind is Kind.INTEGER:
            if statement.unit is None and not _is_of_shares_field(spec):
                return self._as_printed(statement, item)
            kind = "shares"
        elif is_per_share(f"{item.section} {item.label}") or _is_per_share_field(spec):
            kind = "per_share"
        return self._parts(statement, item, kind)

    def _of_unit(self, statement: Statement, item: Item, spec: FieldSpec) -> tuple[str, ...] | None:
        """The scale of a count whose unit its row, its section or a title prints; of them, the nearest word counts."""
        units = [word for words in spec.unit_words.values() for word in words]
        for text in (item.label, item.section, *statement.titles):
            scale = unit_scale(text, units)
            if scale is not None:
                return scale or (self._parts(statement, item, "shares") if statement.unit is not None else ())
        return None

    def _as_printed(self, statement: Statement, item: Item) -> tuple[str, ...] | None:
        """The scale of a count in a table without a unit: that of its row, or none where nothing over it names one."""
        own = row_scale(item.label) or row_scale(item.section)
        if own:
            return (own[0],)
        return None if any(names_scale(text) for text in (item.label, item.section, *statement.titles)) else ()

    def _parts(self, statement: Statement, item: Item, kind: RowKind) -> tuple[str, ...] | None:
        unit = statement.unit
        if kind == "shares":
            own = row_scale(item.label) or row_scale(item.section)
            if own:
                return (own[0],)
            if unit is None or unit.shares is None:
                return None
            return (unit.shares_words,) if unit.shares else ()
        currency = () if unit is not None and unit.currency else (statement.sign,) if statement.sign else ()
        if kind == "per_share":
            return (unit.currency,) if unit is not None and unit.currency else currency
        return None if unit is None else (*currency, unit.words)

    # Lines that add up

    def _lines(self, statement: Statement, spec: FieldSpec, period: str) -> list[Value]:
        """The lines of a table that add up to a field's row, from a heading or another field's row on."""
        column = self._column(statement, spec.column, period)
        total, first = self._words.fields[spec.adds_to], self._words.fields.get(spec.adds_from)
        if column is None:
            return []
        for end, item in enumerate(statement.items):
            start = self._start(statement, spec, total, first, end) if _names(total, item) and item.figure(column) else None
            if start is None:
                continue
            taken = self._lines_between(statement, spec, column, statement.items[start + bool(first) : end])
            wanted = self._exact(statement, item, column, total)
            base = self._exact(statement, statement.items[start], column, first) if first else Decimal(0)
            if taken and wanted is not None and base is not None and _adds_up(base, taken, wanted):
                return taken
        return []

    def _start(self, statement: Statement, spec: FieldSpec, total: FieldSpec, first: FieldSpec | None, end: int) -> int | None:
        """Where the lines before a total begin: at the row of the first figure, or under a heading of the field."""
        if first:
            return next((n for n in range(end - 1, -1, -1) if _names(first, statement.items[n])), None)
        sections = self._words.sections(spec.name)
        headed = [n for n in range(end) if any(has_words(fold_label(statement.items[n].section), s) for s in sections)]
        if headed:
            return headed[0]
        if any(has_words(title, section) for section in sections for title in statement.titles):
            return next((n + 1 for n in range(end - 1, -1, -1) if _names(total, statement.items[n])), 0)
        return None

    def _lines_between(self, statement: Statement, spec: FieldSpec, column: Column, items: Sequence[Item]) -> list[Value]:
        if not 1 <= len(items) <= _MOST_LINES:
            return []
        taken: list[Value] = []
        for item in items:
            mark = item.figure(column)
            if mark is None or not item.label or "." in item.label[-1:]:
                return []
            if mark.nil:
                continue
            found = list(self._take(statement, item, column, mark, spec, _name(item)))
            if not found:
                return []
            taken += found
        return taken if len({value.key for value in taken}) == len(taken) else []

    def _exact(self, statement: Statement, item: Item, column: Column, spec: FieldSpec | None) -> Decimal | None:
        mark = item.figure(column)
        if mark is None or mark.nil or spec is None:
            return None
        found = [one for key in list(spec.keys)[:1] for one in self._take(statement, item, column, mark, spec, key)]
        value = found[0].value if found else None
        return value if isinstance(value, Decimal) else None

    def _shortest(self, found: Iterable[Value]) -> str:
        """The first of the periods, in the order of the schema, of which the statements have a current column."""
        seen = {value.key for value in found}
        keys = dict.fromkeys(key for spec in self._words.columns for key in spec.keys)
        return next((key for key in keys if key in seen), "")

    def _last_day(self) -> date | None:
        """The last day in the heads of periods: that of the document."""
        days = [
            column.head.day for statement in self.statements for column in statement.columns if column.head.period and column.head.day
        ]
        return max(days, default=None)


def spot_of(page: int, box: Box) -> Spot:
    """A place on a page, coarse enough that two readings of it are one."""
    return page, round(box.left), round(box.right), round(box.bottom)


# Names


def _names(spec: FieldSpec, item: Item) -> bool:
    return _names_exactly(spec, item) or _names_beginning(spec, item)


def _labels(spec: FieldSpec) -> Iterator[str]:
    for label in spec.all_labels():
        yield SEPARATOR.join(fold_label(part) for part in label.split(SEPARATOR))


def _names_exactly(spec: FieldSpec, item: Item) -> bool:
    names = {form for name in item.names for form in (name, without_brackets(name))}
    return any(
        label in names or (SEPARATOR in label and any(_under(label, name) for name in names)) for label in _labels(spec)
    )


def _under(label: str, name: str) -> bool:
    """Whether a row stands under a section that begins as the label says: "per share · diluted"."""
    section, _, row = label.rpartition(SEPARATOR)
    own, _, last = name.rpartition(SEPARATOR)
    return bool(own) and last == row and (own == section or own.startswith(section + " "))


def _names_beginning(spec: FieldSpec, item: Item) -> bool:
    return any(
        name.startswith(label.rstrip(".… ") + " ")
        for label in (fold(label) for label in spec.all_labels())
        if label.endswith(_ELLIPSIS)
        for name in item.names
    )


def _section_of(item: Item, spec: FieldSpec) -> str:
    """The section of a row, where only both name the field."""
    own = {fold_label(item.label), without_brackets(fold_label(item.label))}
    return item.section if item.section and not own & set(_labels(spec)) and spec.keyed == "period" else ""


def _is_per_share_field(spec: FieldSpec) -> bool:
    return any(is_per_share(label) for label in (*spec.all_labels(), *spec.title.values()))


def _is_of_shares_field(spec: FieldSpec) -> bool:
    return any(is_of_shares(label) for label in (*spec.all_labels(), *spec.title.values()))


def _name(item: Item) -> str:
    return item.label.replace(".", "").strip() if "." in item.label else item.label


def _is_loss(label: str) -> bool:
    """Whether a row is of nothing but a loss: then a figure without a sign is one, and only a person says so."""
    folded = fold(label)
    return bool(_LOSS.search(folded)) and not _GAIN.search(folded)


def _says_per_cent(mark: Mark, column: Column, row: Row) -> bool:
    behind = next((word.text for word in row.words if word.box.left >= mark.box.right - 0.5), "")
    return "%" in mark.text or "bp" in mark.text or "%" in column.head.text or behind == "%"


def _is(column: Column, wanted: str, as_of: date) -> bool:
    head = column.head
    if wanted in ("change", "low", "high"):
        return head.side == wanted
    if head.side:
        return False
    return is_current(head, as_of) if wanted == "current" else is_year_before(head, as_of)


def _adds_up(base: Decimal, lines: Sequence[Value], total: Decimal) -> bool:
    """Whether lines give a total but for the rounding of their printed digits."""
    figures = [value.value for value in lines if value.kind in NUMERIC_KINDS and isinstance(value.value, Decimal)]
    unit = max((Decimal(1).scaleb(value.scale - value.decimals) for value in lines), default=Decimal(0))
    return abs(base + sum(figures, Decimal(0)) - total) <= unit * (len(lines) + 1) / 2
